"""Payments while answers are lost, the processor errs and the server is killed: nothing twice or lost."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import threading
import time
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from rig.fake_stripe import KEY, WEBHOOK_SECRET, FakeStripe, fake_stripe
from rig.payment_shelf import NOON, Books, open_books
from rig.server import Server, login_of, wait_until

from metering import stripe_news
from metering.payments import FINAL
from metering.stripe_processor import StripeProcessor
from server.payments import Patience, Payments
from signaling.clock import SystemClock
from signaling.supervisor import Supervisor

TOP_UPS = 1_000
WALLETS = 20
AT_ONCE = 24
KILLED = 40
"""Top-ups that are asked for while the server is killed."""
FAULTS = {"lost_before": 0.05, "lost_after": 0.05, "error_before": 0.05, "error_after": 0.05}
QUICK = Patience(round_ms=20, first_ms=20, most_ms=200, pause_ms=2, answer_ms=4_000, at_once=AT_ONCE)


async def with_cards(books: Books, fake: FakeStripe, processor: StripeProcessor) -> None:
    """Wallets whose owners have a card that works, or (every fifth) one that is declined."""
    for number in range(WALLETS):
        wallet_id = f"w{number}"
        await books.ledger.open_wallet(wallet_id, "USD")
        customer = await processor.make_payer(wallet_id)
        await books.store.add_payer(wallet_id, customer)
        method = fake.do("card", card="good" if number % 5 else "poor", customer=customer)
        await books.keep_card(wallet_id, method["id"])


async def test_a_thousand_top_ups_with_lost_answers_and_errors() -> None:
    seed = int(os.environ.get("TEST_SEED", random.randrange(2**32)))
    print("TEST_SEED", seed)
    rng = random.Random(seed)
    with fake_stripe() as fake:
        processor = StripeProcessor(KEY, WEBHOOK_SECRET, fake.address, timeout_s=5)
        async with open_books() as books:
            await with_cards(books, fake, processor)
            fake.do("set", faults=FAULTS, seed=seed)
            clock, told = SystemClock(), list[str]()
            supervisor = Supervisor()
            payments = Payments(
                books.store, processor, clock, supervisor, lambda: "http://localhost", told.append, QUICK
            )
            life = supervisor.spawn("payments", payments.run())
            gate = asyncio.Semaphore(AT_ONCE)

            async def one(number: int) -> None:
                wallet_id = f"w{number % WALLETS}"
                order_id = f"{wallet_id}:{number:020d}"
                async with gate:
                    # The page insists: it asks again with the same id, answered or not.
                    for _ in range(rng.choice([1, 1, 2])):
                        await payments.top_up(wallet_id, order_id, 500 + number, "USD", "card", "/wallet")

            await asyncio.gather(*(one(number) for number in range(TOP_UPS)))
            async with asyncio.timeout(60):
                while await books.store.unfinished():  # noqa: ASYNC110 - it is stored, not told
                    await asyncio.sleep(0.05)

            charges = fake.do("charges")
            assert max(charges.values()) == 1, "nobody is charged twice"
            orders = [
                order
                for number in range(WALLETS)
                for order in await books.store.orders(f"w{number}", TOP_UPS)
            ]
            assert len(orders) == TOP_UPS
            assert {order.state for order in orders} == {"succeeded", "failed"}
            assert {order.id for order in orders if order.state == "succeeded"} == set(charges)
            assert {order.reason for order in orders if order.state == "failed"} == {"insufficient_funds"}
            paid = sum(order.amount_minor for order in orders if order.state == "succeeded")
            assert -await books.account("processor:stripe:USD") == paid, "nothing is lost"
            # All events come late, too: nothing more is credited.
            events = fake.do("events")
            rng.shuffle(events)
            await books.deliver(*events)
            assert -await books.account("processor:stripe:USD") == paid
            assert await books.ledger.reconcile() == []
            assert told
            life.cancel()
            await supervisor.close()
        await processor.close()


async def test_a_checkout_whose_answer_is_lost_is_found_again() -> None:
    with fake_stripe() as fake:
        processor = StripeProcessor(KEY, WEBHOOK_SECRET, fake.address, timeout_s=5)
        async with open_books() as books:
            await with_cards(books, fake, processor)
            supervisor = Supervisor()
            payments = Payments(
                books.store, processor, SystemClock(), supervisor, lambda: "http://localhost",
                lambda _: None, QUICK,
            )  # fmt: skip
            fake.do("set", faults={"error_after": 1.0})
            order = await payments.top_up("w1", "w1:lost", 900, "USD", "checkout", "/wallet")
            assert (order.state, order.url != "") == ("open", True), "its page was found in the list"
            fake.do("set", faults={"lost_before": 1.0})
            silent = await payments.top_up("w1", "w1:silent", 900, "USD", "checkout", "/wallet")
            assert silent.state == "asked"
            fake.do("set", faults={})
            again = await payments.top_up("w1", "w1:silent", 900, "USD", "checkout", "/wallet")
            assert again.state == "open"
            assert len({each["url"] for each in fake.do("things", kind="checkout.session")}) == 2
            await supervisor.close()
        await processor.close()


async def test_an_order_that_is_never_answered_is_given_up_and_late_money_still_counts() -> None:
    with fake_stripe() as fake:
        processor = StripeProcessor(KEY, WEBHOOK_SECRET, fake.address, timeout_s=5)
        async with open_books() as books:
            await with_cards(books, fake, processor)
            supervisor = Supervisor()
            hasty = Patience(round_ms=20, first_ms=10, most_ms=50, pause_ms=1, give_up_ms=100, tries=2)
            payments = Payments(
                books.store, processor, SystemClock(), supervisor, lambda: "http://localhost",
                lambda _: None, hasty,
            )  # fmt: skip
            fake.do("set", faults={"error_before": 1.0})
            order = await payments.top_up("w1", "w1:never", 900, "USD", "card", "/wallet")
            assert order.state == "asked"
            await asyncio.sleep(0.12)
            fake.do("set", faults={})
            async with asyncio.timeout(20):
                while order.state not in FINAL:
                    await payments.round()
                    await asyncio.sleep(0.02)
                    order = await books.store.order("w1:never") or order
            assert (order.state, order.reason) == ("failed", "no_answer")
            assert fake.do("charges") == {}, "and it is not asked for again"
            # As if the processor had had it all the time.
            payer = await books.store.payer("w1")
            assert payer is not None
            assert payer.card is not None
            late = stripe_news.IntentNews("pi_late", "succeeded", "USD", 900, 900, order.id, "w1", "card")
            await books.store.learn([late], NOON)
            assert (await books.store.order(order.id)).state == "succeeded"  # type: ignore[union-attr]
            assert await books.available("w1") == 900
            await supervisor.close()
        await processor.close()


async def test_a_key_that_is_refused_gives_no_refund_twice() -> None:
    """The refund was made and its answer lost; then the server's key is no good for a while."""
    with fake_stripe() as fake:
        good = StripeProcessor(KEY, WEBHOOK_SECRET, fake.address, timeout_s=5)
        bad = StripeProcessor("rk_test_revoked", WEBHOOK_SECRET, fake.address, timeout_s=5)
        async with open_books() as books:
            await with_cards(books, fake, good)
            supervisor = Supervisor()
            payments = Payments(
                books.store, good, SystemClock(), supervisor, lambda: "http://localhost", lambda _: None,
                QUICK,
            )  # fmt: skip
            paid = await payments.top_up("w1", "w1:paid", 1_000, "USD", "card", "/wallet")
            fake.do("set", faults={"lost_after": 1.0})
            refund = await payments.give_back("back", paid, 400, "ola", "too much")
            assert refund.state == "asked"
            fake.do("set", faults={})
            payments.processor = bad
            refund = await payments.give_back("back", paid, 400, "ola", "too much")
            assert refund.state == "asked", "nobody knows yet"
            assert await books.available("w1") == 600, "what went back to the card is not in the wallet too"
            payments.processor = good
            refund = await payments.give_back("back", paid, 400, "ola", "too much")
            assert refund.state == "succeeded"
            assert [each["amount"] for each in fake.do("things", kind="refund")] == [400]
            assert await books.available("w1") == 600
            assert await books.ledger.reconcile() == []
            await supervisor.close()
        await good.close()
        await bad.close()


@pytest.mark.parametrize(
    ("fault", "state", "left"), [("lost_before", "failed", 1_000), ("error_after", "succeeded", 600)]
)
async def test_a_refund_that_is_never_answered_ends_where_its_money_is(
    fault: str, state: str, left: int
) -> None:
    """Asked for until the key may be forgotten; then looked for, and what was reserved is free again."""
    with fake_stripe() as fake:
        processor = StripeProcessor(KEY, WEBHOOK_SECRET, fake.address, timeout_s=5)
        async with open_books() as books:
            await with_cards(books, fake, processor)
            supervisor = Supervisor()
            payments = Payments(
                books.store, processor, SystemClock(), supervisor, lambda: "http://localhost",
                lambda _: None, replace(QUICK, key_ms=3_000),
            )  # fmt: skip
            paid = await payments.top_up("w1", "w1:paid", 1_000, "USD", "card", "/wallet")
            fake.do("set", faults={fault: 1.0})
            refund = await payments.give_back("back", paid, 400, "ola", "too much")
            assert (refund.state, await books.available("w1")) == ("asked", 600)
            fake.do("set", faults={"lost_before": 1.0})
            await asyncio.sleep(3.1)
            await payments.give_back("back", paid, 400, "ola", "too much")
            assert await books.available("w1") == 600, "nobody could say"
            fake.do("set", faults={})
            refund = await payments.give_back("back", paid, 400, "ola", "too much")
            assert (refund.state, await books.available("w1")) == (state, left)
            assert len(fake.do("things", kind="refund")) == (1 if state == "succeeded" else 0)
            assert await books.ledger.reconcile() == []
            await supervisor.close()
        await processor.close()


def test_killed_in_the_middle_nothing_is_charged_twice_or_lost(tmp_path: Path) -> None:
    with (
        fake_stripe() as fake,
        Server(tmp_path / "server", writes_per_minute=10_000, **fake.settings()) as server,
    ):
        login = login_of(server.links["client"])
        start = server.wallet(login)["available_minor"]

        def order(amount_minor: int, how: str, order_id: str = "") -> Any:
            body = {
                "id": order_id or secrets.token_hex(12), "amount_minor": amount_minor, "currency": "USD",
                "how": how,
            }  # fmt: skip
            return server.api("POST", "/wallet/payments", login=login, body=body)

        session = order(1_000, "checkout").body["url"].rpartition("/")[2]
        fake.do("pay", session=session, card="good")
        wait_until(
            lambda: server.api("GET", "/wallet/payments", login=login).body["card"], "the card is kept"
        )
        fake.do("set", faults={"lost_after": 0.1, "error_after": 0.1}, seed=7)
        todo = [secrets.token_hex(12) for _ in range(KILLED)]

        def insist() -> None:
            while todo:
                order_id, answered = todo.pop(), False
                while not answered:
                    try:
                        answered = order(100, "card", order_id).status == 201
                    except (OSError, HTTPException):
                        time.sleep(0.1)

        pages = [threading.Thread(target=insist) for _ in range(4)]
        for page in pages:
            page.start()
        for left in (30, 12):
            wait_until(lambda left=left: len(todo) <= left, "some were asked for")
            server.restart()
        for page in pages:
            page.join(timeout=120)
        assert not any(page.is_alive() for page in pages), "every page got its answer"

        def finished() -> bool:
            listed = server.api("GET", "/operator/payments", login=login_of(server.links["operator"]))
            return all(each["payment"]["state"] in FINAL for each in listed.body["payments"])

        wait_until(finished, "every order has its end", timeout_s=90)
        charges = fake.do("charges")
        assert max(charges.values()) == 1
        assert len(charges) == KILLED + 1
        wait_until(
            lambda: server.wallet(login)["available_minor"] == start + 1_000 + KILLED * 100,
            "all money is there",
        )
        server.assert_reconciled()
        compared = server.cli("reconcile", "--stripe")
        assert compared.returncode == 0, compared.stdout + compared.stderr


def test_comparing_needs_a_key(tmp_path: Path) -> None:
    done = Server(tmp_path / "server").cli("reconcile", "--stripe")
    assert done.returncode == 2
    assert "TALKTIME_STRIPE_KEY" in done.stderr
