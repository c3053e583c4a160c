"""What we rely on at Stripe: one suite, for the fake and, with `TALKTIME_STRIPE_TEST_KEY`, for its test mode.

So the fake is held to what Stripe does as soon as somebody has a key; a live one is refused.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import stripe
from rig.fake_stripe import KEY, WEBHOOK_SECRET, FakeStripe, fake_stripe
from rig.payment_shelf import open_books

from metering.payments import (
    AUTHENTICATION,
    CheckoutNews,
    IntentNews,
    Kind,
    News,
    Order,
    Payer,
    ProcessorRefused,
    Refund,
    RefundNews,
    Wish,
)
from metering.stripe_processor import StripeProcessor
from server.payments import Payments
from signaling.clock import SystemClock, iso
from signaling.supervisor import Supervisor

TEST_KEY = os.environ.get("TALKTIME_STRIPE_TEST_KEY", "")
RETURN_URL = "https://talktime.example/paid"
GOOD, FAILS, ASKS = "pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"
"""Stripe's names of test cards: one that works, one that is declined later, one whose bank always asks."""


@dataclass(slots=True)
class Till:
    """A processor, and Stripe's own API to stand on the other side."""

    processor: StripeProcessor
    api: stripe.StripeClient
    since_s: int

    async def payer(self) -> Payer:
        """Somebody new."""
        wallet_id = f"w{secrets.token_hex(8)}"
        return Payer(wallet_id, await self.processor.make_payer(wallet_id))

    async def card(self, payer: Payer, name: str = GOOD) -> str:
        """Keep a test card for somebody."""
        kept = await self.api.v1.payment_methods.attach_async(name, {"customer": payer.customer_id})
        return str(kept.id)

    def order(self, payer: Payer, kind: Kind, method_id: str = "", amount_minor: int = 1_000) -> Order:
        """An order as the books would have it."""
        name = f"{payer.wallet_id}:{secrets.token_hex(8)}"
        wish = Wish(
            name, payer.wallet_id, kind, amount_minor, "USD", payer.customer_id, method_id, RETURN_URL,
            RETURN_URL,
        )  # fmt: skip
        request = self.processor.order_request(wish)
        return Order(
            name, payer.wallet_id, kind, amount_minor, "USD", f"key:{name}", request,
            iso(SystemClock().wall()), method_id=method_id,
        )  # fmt: skip

    async def events(self) -> list[dict[str, Any]]:
        """Everything that was told since the test began, the newest first."""
        listed = self.api.v1.events.list_async({"limit": 100, "created": {"gte": self.since_s}})
        return [event.to_dict() async for event in (await listed).auto_paging_iter()]


@pytest.fixture(scope="module")
def fake_process() -> Iterator[FakeStripe]:
    with fake_stripe() as fake:
        yield fake


@pytest.fixture(params=["fake", "test mode"] if TEST_KEY else ["fake"])
async def till(request: pytest.FixtureRequest, fake_process: FakeStripe) -> AsyncIterator[Till]:
    since_s = int(time.time())
    if request.param == "test mode":
        assert not TEST_KEY.startswith(("sk_live", "rk_live")), "tests never touch real money"
        processor = StripeProcessor(TEST_KEY, WEBHOOK_SECRET)
        http = stripe.AIOHTTPClient()
        yield Till(processor, stripe.StripeClient(TEST_KEY, http_client=http), since_s)
        await http.close_async()
        await processor.close()
        return
    processor, http = StripeProcessor(KEY, WEBHOOK_SECRET, fake_process.address), stripe.AIOHTTPClient()
    api = stripe.StripeClient(KEY, http_client=http, base_addresses={"api": fake_process.address})
    yield Till(processor, api, since_s)
    await http.close_async()
    await processor.close()
    assert fake_process.do("misshapen") == []


def intent(news: list[News]) -> IntentNews:
    found = [each for each in news if isinstance(each, IntentNews)]
    assert len(found) == 1, news
    return found[0]


def checkout(news: list[News]) -> CheckoutNews:
    assert isinstance(news[0], CheckoutNews), news
    return news[0]


def as_known(order: Order, news: IntentNews) -> Order:
    return Order(**{name: getattr(order, name) for name in Order.__slots__} | {"intent_id": news.intent_id})


async def test_the_same_wallet_is_the_same_customer(till: Till) -> None:
    wallet_id = f"w{secrets.token_hex(8)}"
    assert await till.processor.make_payer(wallet_id) == await till.processor.make_payer(wallet_id)


async def test_a_kept_card_pays_once_however_often_it_is_asked(till: Till) -> None:
    payer = await till.payer()
    order = till.order(payer, "card", await till.card(payer))
    first = intent(await till.processor.ask(order))
    assert (first.state, first.received_minor, first.currency) == ("succeeded", 1_000, "USD")
    assert (first.order_id, first.wallet_id, first.kind) == (order.id, payer.wallet_id, "card")
    assert (first.customer_id, first.method_id) == (payer.customer_id, order.method_id)
    assert intent(await till.processor.ask(order)) == first
    assert intent(await till.processor.look(as_known(order, first), payer)) == first
    assert intent(await till.processor.look(order, payer)) == first, "found without its id, too"
    shown = await till.processor.card(order.method_id)
    assert (shown.brand, shown.last4) == ("visa", "4242")


async def test_a_declined_card_is_news_with_a_reason(till: Till) -> None:
    payer = await till.payer()
    order = till.order(payer, "card", await till.card(payer, FAILS))
    declined = intent(await till.processor.ask(order))
    assert (declined.state, declined.received_minor) == ("declined", 0)
    assert declined.reason not in {"", AUTHENTICATION}
    assert intent(await till.processor.ask(order)).intent_id == declined.intent_id


async def test_a_bank_that_wants_to_see_the_payer_is_a_page_to_go_to(till: Till) -> None:
    payer = await till.payer()
    order = till.order(payer, "card", await till.card(payer, ASKS))
    asked = intent(await till.processor.ask(order))
    assert (asked.state, asked.url[:4]) == ("action", "http")


async def test_without_the_payer_the_bank_refuses_until_they_are_there(till: Till) -> None:
    payer = await till.payer()
    order = till.order(payer, "auto", await till.card(payer, ASKS))
    refused = intent(await till.processor.ask(order))
    assert (refused.state, refused.reason) == ("declined", AUTHENTICATION)
    known = as_known(order, refused)
    confirmed = intent(await till.processor.confirm(known, RETURN_URL, f"confirm:{order.id}"))
    assert (confirmed.state, confirmed.url[:4]) == ("action", "http")
    assert intent(await till.processor.cancel(known)).state == "canceled"
    assert intent(await till.processor.cancel(known)).state == "canceled"


async def test_a_checkout_waits_is_found_and_ends(till: Till) -> None:
    payer = await till.payer()
    order = till.order(payer, "checkout")
    opened = checkout(await till.processor.ask(order))
    assert (opened.state, opened.order_id, opened.url[:4]) == ("open", order.id, "http")
    assert checkout(await till.processor.ask(order)) == opened
    assert checkout(await till.processor.look(order, payer)) == opened
    known = Order(
        **{name: getattr(order, name) for name in Order.__slots__} | {"session_id": opened.session_id}
    )
    assert checkout(await till.processor.cancel(known)).state == "expired"
    assert checkout(await till.processor.cancel(known)).state == "expired"


async def test_a_refund_is_made_once_and_never_of_more_than_was_paid(till: Till) -> None:
    payer = await till.payer()
    order = till.order(payer, "card", await till.card(payer))
    paid = intent(await till.processor.ask(order))

    def wish(amount_minor: int) -> Refund:
        name = secrets.token_hex(12)
        request = till.processor.refund_request(name, paid.intent_id, amount_minor)
        return Refund(
            name,
            paid.intent_id,
            payer.wallet_id,
            amount_minor,
            "USD",
            f"key:{name}",
            request,
            order.created_at,
        )

    refund = wish(400)
    first = await till.processor.refund(refund)
    assert await till.processor.refund(refund) == first
    assert isinstance(first[0], RefundNews)
    assert (first[0].refund_id, first[0].amount_minor, first[0].intent_id) == (refund.id, 400, paid.intent_id)
    with pytest.raises(ProcessorRefused):
        await till.processor.refund(wish(601))


async def test_a_forgotten_card_pays_no_more(till: Till) -> None:
    payer = await till.payer()
    order = till.order(payer, "card", await till.card(payer))
    await till.processor.forget_card(order.method_id)
    await till.processor.forget_card(order.method_id)
    with pytest.raises(ProcessorRefused):
        await till.processor.ask(order)


async def test_what_is_not_taken_is_refused_and_not_silence(till: Till) -> None:
    payer = await till.payer()
    with pytest.raises(ProcessorRefused):
        await till.processor.ask(till.order(payer, "checkout", amount_minor=1))
    with pytest.raises(ProcessorRefused):
        await till.processor.ask(till.order(payer, "card", "pm_nobody"))


async def test_books_fed_by_answers_lists_and_events_agree(till: Till) -> None:
    """Top-ups at once, each asked for twice; then all events, in any order, any number of times."""
    rng = random.Random(7)
    async with open_books() as books:
        payer, supervisor = await till.payer(), Supervisor()
        await books.ledger.open_wallet(payer.wallet_id, "USD")
        await books.store.add_payer(payer.wallet_id, payer.customer_id)
        await books.keep_card(payer.wallet_id, await till.card(payer))
        payments = Payments(
            books.store, till.processor, SystemClock(), supervisor, lambda: "https://talktime.example",
            lambda _: None,
        )  # fmt: skip
        amounts = [rng.randrange(500, 900) for _ in range(8)]
        for amount_minor in amounts:
            order_id = f"{payer.wallet_id}:{secrets.token_hex(10)}"
            for _ in range(2):
                order = await payments.top_up(
                    payer.wallet_id, order_id, amount_minor, "USD", "card", "/wallet"
                )
                assert order.state == "succeeded"
        assert await books.available(payer.wallet_id) == sum(amounts)
        await payments.sweep()
        told = [event for event in await till.events() if ours(event, payer.wallet_id)]
        assert len([event for event in told if event["type"] == "payment_intent.succeeded"]) == len(amounts)
        again = [event for event in told for _ in range(rng.randint(1, 3))]
        rng.shuffle(again)
        for event in again:
            raw = json.dumps(event)
            signature = stripe.WebhookSignature.generate_signature_header(raw, WEBHOOK_SECRET)
            await payments.receive(raw.encode(), signature)
        assert await books.available(payer.wallet_id) == sum(amounts)
        assert await books.ledger.reconcile() == []
        await supervisor.close()


def ours(event: dict[str, Any], wallet_id: str) -> bool:
    return (event["data"]["object"].get("metadata") or {}).get("talktime-wallet") == wallet_id
