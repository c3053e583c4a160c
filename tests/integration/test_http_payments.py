"""Payments over HTTP, with a fake Stripe in a process of its own: paid, declined, confirmed, refunded."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe
from rig.fake_stripe import WEBHOOK_SECRET, FakeStripe, fake_stripe
from rig.house import House, Reply, open_house, until
from rig.paying import paying_house

from booking.people import SAM


@pytest.fixture(scope="module")
def stripe_process() -> Iterator[FakeStripe]:
    with fake_stripe() as fake:
        yield fake


@pytest.fixture
async def house(tmp_path: Path, stripe_process: FakeStripe) -> AsyncIterator[House]:
    async with paying_house(tmp_path, stripe_process) as house:
        yield house
        assert await asyncio.to_thread(stripe_process.do, "misshapen") == []


def wish(how: str = "checkout", amount_minor: int = 1_000, **more: Any) -> dict[str, Any]:
    return {"id": secrets.token_hex(12), "amount_minor": amount_minor, "currency": "USD", "how": how} | more


async def do(fake: FakeStripe, what: str, **order: Any) -> Any:
    """An order to the fake, which may call the house meanwhile."""
    return await asyncio.to_thread(lambda: fake.do(what, **order))


async def available(house: House, login: str = "") -> int:
    reply = await house.ask("GET", "wallet", login or house.sam)
    return int(reply.body["available_minor"])


async def came(house: House, minor: int, login: str = "") -> None:
    """Wait until the wallet has so much."""
    async with asyncio.timeout(20):
        while await available(house, login) != minor:  # noqa: ASYNC110 - it is told by another process
            await asyncio.sleep(0.02)


async def settled(house: House, payment_id: str, state: str) -> dict[str, Any]:
    """Wait until the payment is in this state."""
    async with asyncio.timeout(20):
        while True:
            reply = await house.ask("GET", f"wallet/payments/{payment_id}", house.sam)
            if reply.body["state"] == state:
                return dict(reply.body)
            await asyncio.sleep(0.02)


async def pay_in(
    house: House, fake: FakeStripe, card: str = "good", amount_minor: int = 1_000
) -> dict[str, Any]:
    """Sam pays on the processor's page, and the card is kept. The order as it was wished."""
    order = wish(amount_minor=amount_minor)
    before = await available(house)
    made = await house.ask("POST", "wallet/payments", house.sam, order)
    assert (made.status, made.body["state"]) == (201, "open"), made.text
    session = made.body["url"].rpartition("/")[2]
    intent = await do(fake, "pay", session=session, card=card)
    if intent["status"] == "requires_action":
        await do(fake, "authenticate", intent=intent["id"], agreed=True)
    await came(house, before + amount_minor)
    return order


async def post(house: House, event: Any, secret: str = WEBHOOK_SECRET, signature: str | None = None) -> Reply:
    body = event if isinstance(event, str) else json.dumps(event)
    signed = signature or stripe.WebhookSignature.generate_signature_header(body, secret)
    headers = {"Stripe-Signature": signed, "Content-Type": "application/json"}
    return await house.ask("POST", "/webhooks/stripe", headers=headers, data=body.encode())


# -- paying in -----------------------------------------------------------------------------------------------


async def test_a_checkout_credits_once_and_keeps_the_card(house: House, stripe_process: FakeStripe) -> None:
    order = await pay_in(house, stripe_process)
    again = await house.ask("POST", "wallet/payments", house.sam, order)
    assert (again.status, again.body["state"], again.body["url"]) == (201, "succeeded", "")
    assert await available(house) == 1_500
    assert (await house.ask("GET", f"wallet/payments/{order['id']}", house.sam)).body["state"] == "succeeded"

    await house.services.payments.round()  # type: ignore[union-attr]
    async with asyncio.timeout(20):
        card = {"brand": ""}
        while not card["brand"]:
            await asyncio.sleep(0.02)
            card = (await house.ask("GET", "wallet/payments", house.sam)).body["card"]
    assert (card["brand"], card["last4"]) == ("visa", "4242")


async def test_the_page_one_returns_to_credits_when_no_webhook_comes(
    house: House, stripe_process: FakeStripe
) -> None:
    await do(stripe_process, "set", webhook="")
    order = wish()
    made = await house.ask("POST", "wallet/payments", house.sam, order | {"back": "/call/ada?x=1"})
    session = (await do(stripe_process, "things", kind="checkout.session"))[-1]
    assert (
        session["success_url"]
        == f"{house.url.replace('127.0.0.1', 'localhost')}/call/ada?x=1&payment={order['id']}"
    )
    await do(stripe_process, "pay", session=made.body["url"].rpartition("/")[2], card="good")
    assert await available(house) == 500
    assert (await settled(house, order["id"], "succeeded"))["url"] == ""
    assert await available(house) == 1_500


async def test_one_tap_pays_with_the_kept_card(house: House, stripe_process: FakeStripe) -> None:
    no_card = await house.ask("POST", "wallet/payments", house.sam, wish("card"))
    assert (no_card.status, no_card.code) == (409, "payment.no_card")
    await pay_in(house, stripe_process)
    tapped = await house.ask("POST", "wallet/payments", house.sam, wish("card", 700))
    assert (tapped.status, tapped.body["state"], tapped.body["kind"]) == (201, "succeeded", "card")
    assert await available(house) == 2_200


async def test_a_declined_card_is_told_with_its_reason(house: House, stripe_process: FakeStripe) -> None:
    await pay_in(house, stripe_process, "later")
    declined = await house.ask("POST", "wallet/payments", house.sam, wish("card"))
    assert (declined.body["state"], declined.body["reason"]) == ("failed", "insufficient_funds")
    assert await available(house) == 1_500


async def test_a_declined_card_on_the_page_ends_nothing(house: House, stripe_process: FakeStripe) -> None:
    order = wish()
    made = await house.ask("POST", "wallet/payments", house.sam, order)
    session = made.body["url"].rpartition("/")[2]
    await do(stripe_process, "pay", session=session, card="poor")
    told = await house.ask("GET", f"wallet/payments/{order['id']}", house.sam)
    assert told.body["state"] == "open"
    await do(stripe_process, "pay", session=session, card="good")
    await settled(house, order["id"], "succeeded")
    assert await available(house) == 1_500


async def test_the_bank_is_asked_and_agrees(house: House, stripe_process: FakeStripe) -> None:
    await pay_in(house, stripe_process, "bank")
    order = wish("card")
    waiting = await house.ask("POST", "wallet/payments", house.sam, order)
    assert waiting.body["state"] == "action"
    assert "/acs/" in waiting.body["url"]
    confirmed = await house.ask(
        "POST", f"wallet/payments/{order['id']}/confirm", house.sam, {"back": "/wallet"}
    )
    assert confirmed.body["url"] == waiting.body["url"]
    await do(stripe_process, "authenticate", intent=waiting.body["url"].rpartition("/")[2], agreed=True)
    await settled(house, order["id"], "succeeded")
    assert await available(house) == 2_500


async def test_the_bank_is_asked_and_refuses(house: House, stripe_process: FakeStripe) -> None:
    await pay_in(house, stripe_process, "bank")
    order = wish("card")
    waiting = await house.ask("POST", "wallet/payments", house.sam, order)
    await do(stripe_process, "authenticate", intent=waiting.body["url"].rpartition("/")[2], agreed=False)
    told = await settled(house, order["id"], "failed")
    assert told["reason"] == "payment_intent_authentication_failure"
    assert await available(house) == 1_500


async def test_what_waits_can_be_let_go(house: House, stripe_process: FakeStripe) -> None:
    order = wish()
    await house.ask("POST", "wallet/payments", house.sam, order)
    gone = await house.ask("POST", f"wallet/payments/{order['id']}/cancel", house.sam)
    assert (gone.status, gone.body["state"]) == (200, "canceled")
    again = await house.ask("POST", f"wallet/payments/{order['id']}/cancel", house.sam)
    assert again.body["state"] == "canceled"


async def test_a_forgotten_card_is_gone_there_too(house: House, stripe_process: FakeStripe) -> None:
    await pay_in(house, stripe_process)
    gone = await house.ask("POST", "wallet/card/forget", house.sam)
    assert (gone.status, gone.body["card"]) == (200, None)
    assert (await house.ask("POST", "wallet/payments", house.sam, wish("card"))).code == "payment.no_card"
    methods = await do(stripe_process, "things", kind="payment_method")
    assert methods[-1]["customer"] is None


# -- automatic top-ups ---------------------------------------------------------------------------------------


RULE = {"on": True, "threshold_minor": 500, "amount_minor": 1_000, "cap_minor": 2_000}


async def test_a_rule_fills_the_wallet_during_a_call_only_up_to_its_cap(
    house: House, stripe_process: FakeStripe
) -> None:
    refused = await house.ask("POST", "wallet/auto-top-up", house.sam, RULE)
    assert refused.code == "payment.no_card"
    await pay_in(house, stripe_process)
    reply = await house.ask("POST", "wallet/auto-top-up", house.sam, RULE | {"threshold_minor": 1_000_000})
    assert reply.body["auto"]["on"] is True
    payments = house.services.payments
    assert payments is not None
    await payments.round()
    assert await available(house) == 1_500, "nobody talks: nothing is charged"
    talk = await house.talk()
    for _ in range(4):
        await payments.round()
        await until(lambda: not [name for name in payments._pursuits if "auto" in name], "the order is done")
    auto = (await house.ask("GET", "wallet/payments", house.sam)).body
    assert auto["auto"]["spent_minor"] == 2_000
    assert [each["kind"] for each in auto["payments"]].count("auto") == 2
    assert auto["wallet"]["available_minor"] + auto["wallet"]["held_minor"] == 3_500
    await talk.hang_up()


async def test_a_rule_that_the_bank_stops_is_confirmed_not_repeated(
    house: House, stripe_process: FakeStripe
) -> None:
    await pay_in(house, stripe_process, "bank")
    await house.ask("POST", "wallet/auto-top-up", house.sam, RULE | {"threshold_minor": 1_000_000})
    payments = house.services.payments
    assert payments is not None
    talk = await house.talk()
    for _ in range(3):
        await payments.round()
        await until(lambda: not [name for name in payments._pursuits if "auto" in name], "it was asked")
    listed = (await house.ask("GET", "wallet/payments", house.sam)).body["payments"]
    waiting = [each for each in listed if each["kind"] == "auto"]
    assert [each["state"] for each in waiting] == ["action"], "one, and it waits for the person"
    confirmed = await house.ask(
        "POST", f"wallet/payments/{waiting[0]['id']}/confirm", house.sam, {"back": "/call/ada"}
    )
    assert "/acs/" in confirmed.body["url"], confirmed.text
    await do(stripe_process, "authenticate", intent=confirmed.body["url"].rpartition("/")[2], agreed=True)
    await settled(house, waiting[0]["id"], "succeeded")
    await talk.hang_up()


async def test_a_rule_whose_card_is_declined_rests_until_it_is_set_again(
    house: House, stripe_process: FakeStripe
) -> None:
    await pay_in(house, stripe_process, "later")
    await house.ask("POST", "wallet/auto-top-up", house.sam, RULE | {"threshold_minor": 1_000_000})
    payments = house.services.payments
    assert payments is not None
    talk = await house.talk()
    for _ in range(3):
        await payments.round()
        await until(lambda: not [name for name in payments._pursuits if "auto" in name], "it was asked")
    told = (await house.ask("GET", "wallet/payments", house.sam)).body
    assert told["auto"]["stopped"] == "insufficient_funds"
    assert [each["kind"] for each in told["payments"]].count("auto") == 1
    await talk.hang_up()


# -- refunds and disputes ------------------------------------------------------------------------------------


async def test_the_operator_refunds_what_is_there_and_no_more(
    house: House, stripe_process: FakeStripe
) -> None:
    await pay_in(house, stripe_process)
    paid = (await house.ask("GET", "operator/payments", house.ola)).body["payments"][0]
    assert (paid["person_id"], paid["received_minor"], paid["left_minor"]) == (SAM.id, 1_000, 1_000)
    refund = {
        "id": secrets.token_hex(12), "payment": paid["payment"]["id"], "amount_minor": 400,
        "reason": "a courtesy",
    }  # fmt: skip
    done = await house.ask("POST", "operator/refunds", house.ola, refund)
    assert (done.status, done.body["state"]) == (201, "succeeded")
    assert (await house.ask("POST", "operator/refunds", house.ola, refund)).body == done.body
    assert await available(house) == 1_100
    more = refund | {"id": secrets.token_hex(12), "amount_minor": 601}
    assert (await house.ask("POST", "operator/refunds", house.ola, more)).code == "refund.too_much"
    other = await house.ask("POST", "operator/refunds", house.ola, refund | {"amount_minor": 401})
    assert other.code == "metering.id_reused"
    there = await do(stripe_process, "things", kind="refund")
    assert [each["amount"] for each in there if each["metadata"].get("talktime-refund") == refund["id"]] == [
        400
    ]


async def test_what_is_on_hold_cannot_be_refunded(house: House, stripe_process: FakeStripe) -> None:
    await pay_in(house, stripe_process)
    paid = (await house.ask("GET", "operator/payments", house.ola)).body["payments"][0]
    wallet = await house.services.ledger.balance(SAM.id)
    await house.services.ledger.top_up(SAM.id, "other", 1, "sandbox")
    talk = await house.talk()
    held = (await house.services.ledger.balance(SAM.id)).held_minor
    assert held > 0
    whole = wallet.available_minor
    wish_all = {
        "id": secrets.token_hex(12), "payment": paid["payment"]["id"], "amount_minor": whole, "reason": "all",
    }  # fmt: skip
    assert (await house.ask("POST", "operator/refunds", house.ola, wish_all)).code == "refund.too_much"
    await talk.hang_up()


async def test_a_lost_dispute_takes_what_is_there_and_the_rest_is_owed(
    house: House, stripe_process: FakeStripe
) -> None:
    await pay_in(house, stripe_process, amount_minor=2_000)
    intent = (await do(stripe_process, "things", kind="payment_intent"))[-1]["id"]
    refund = {"id": secrets.token_hex(12), "amount_minor": 1_000, "reason": "a courtesy"}
    paid = (await house.ask("GET", "operator/payments", house.ola)).body["payments"][0]
    await house.ask("POST", "operator/refunds", house.ola, refund | {"payment": paid["payment"]["id"]})
    await came(house, 1_500)
    dispute = await do(stripe_process, "dispute", intent=intent)
    await came(house, 0)
    assert await house.services.ledger.reconcile() == []
    await do(stripe_process, "win", dispute=dispute["id"])
    await came(house, 1_500)


# -- webhooks ------------------------------------------------------------------------------------------------


async def test_only_what_stripe_signed_is_heard(house: House, stripe_process: FakeStripe) -> None:
    await pay_in(house, stripe_process)
    paid = [
        each for each in await do(stripe_process, "events") if each["type"] == "payment_intent.succeeded"
    ][-1]
    forged = paid | {"id": "evt_forged"}
    forged["data"]["object"] |= {"id": "pi_forged", "amount_received": 99_999}
    for reply in (
        await post(house, forged, secret="whsec_other"),
        await post(house, forged, signature="t=1,v1=00"),
        await post(house, forged, signature="nonsense"),
        await post(house, "not json"),
        await post(house, {"id": "evt_1"}),
        await post(house, forged | {"livemode": True}),
    ):
        assert (reply.status, reply.code) == (400, "webhook.signature")
    old = stripe.WebhookSignature.generate_signature_header(json.dumps(forged), WEBHOOK_SECRET, 1_000_000_000)
    assert (await post(house, forged, signature=old)).status == 400
    assert (await post(house, "x" * 600_000)).code == "request.too_large"
    assert await available(house) == 1_500


async def test_a_payment_of_somebody_else_on_the_account_is_not_ours(
    house: House, stripe_process: FakeStripe
) -> None:
    await pay_in(house, stripe_process)
    events = await do(stripe_process, "events")
    event = next(each for each in reversed(events) if each["type"] == "payment_intent.succeeded")
    event["id"] = "evt_other"
    event["data"]["object"] |= {"id": "pi_other", "metadata": {"shop": "42"}}
    assert (await post(house, event)).status == 200
    assert await available(house) == 1_500


async def test_a_lost_order_of_ours_is_credited_all_the_same(
    house: House, stripe_process: FakeStripe
) -> None:
    await pay_in(house, stripe_process)
    events = await do(stripe_process, "events")
    event = next(each for each in reversed(events) if each["type"] == "payment_intent.succeeded")
    event["id"] = "evt_lost"
    event["data"]["object"] |= {"id": "pi_lost", "amount_received": 300}
    event["data"]["object"]["metadata"] |= {"talktime-order": f"{SAM.id}:lost"}
    assert (await post(house, event)).status == 200
    assert await available(house) == 1_800


# -- who may -------------------------------------------------------------------------------------------------


async def test_payments_are_their_owners_alone(house: House, stripe_process: FakeStripe) -> None:
    order = await pay_in(house, stripe_process)
    one = f"wallet/payments/{order['id']}"
    confirm = {"back": "/wallet"}
    refund = {"id": secrets.token_hex(12), "payment": "sam:x", "amount_minor": 1, "reason": "no reason"}
    mine: list[tuple[str, str, Any]] = [
        ("GET", "wallet/payments", None), ("POST", "wallet/payments", wish()), ("GET", one, None),
        ("POST", f"{one}/confirm", confirm), ("POST", f"{one}/cancel", None),
        ("POST", "wallet/card/forget", None),
        ("POST", "wallet/auto-top-up", RULE),
    ]  # fmt: skip
    operators: list[tuple[str, str, Any]] = [
        ("GET", "operator/payments", None), ("POST", "operator/refunds", refund),
    ]  # fmt: skip
    for method, path, body in mine + operators:
        assert (await house.ask(method, path, "", body)).code == "auth.missing"
        assert (await house.ask(method, path, "forged.token", body)).status == 401
        assert (await house.ask(method, path, house.ada, body)).code == "auth.forbidden"
    for method, path, body in mine:
        assert (await house.ask(method, path, house.ola, body)).code == "auth.forbidden"
    for method, path, body in operators:
        assert (await house.ask(method, path, house.sam, body)).code == "auth.forbidden"
    for method, path, body in [each for each in mine if one in each[1]]:
        assert (await house.ask(method, path, house.kim, body)).code == "payment.unknown"
    assert (await house.ask("POST", "wallet/top-ups", house.sam, {
        "id": secrets.token_hex(12), "amount_minor": 250, "currency": "USD",
    })).code == "topup.sandbox_refused"  # fmt: skip


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "wallet", "/\\evil", "/a b", "/" + "x" * 300]
)
async def test_one_comes_back_to_this_server_only(house: House, back: str) -> None:
    assert (await house.ask("POST", "wallet/payments", house.sam, wish(back=back))).code == "request.invalid"


async def test_secrets_stand_in_no_log(house: House, stripe_process: FakeStripe) -> None:
    await pay_in(house, stripe_process)
    text = house.log.getvalue()
    assert "request" in text
    assert "sk_test_fake" not in text
    assert WEBHOOK_SECRET not in text
    assert "sk_test_fake" not in repr(house.config)


# -- pages ---------------------------------------------------------------------------------------------------


async def test_banks_may_be_shown_in_a_frame_and_only_the_way_back_may_be_framed_itself(
    house: House, tmp_path: Path
) -> None:
    frames = f"frame-src 'self' https: {house.config.stripe_address};"
    for path, ancestors in (("/wallet", "'none'"), ("/call/ada", "'none'"), ("/paid", "'self'")):
        policy = (await house.ask("GET", path)).headers["Content-Security-Policy"]
        assert f"frame-ancestors {ancestors}" in policy
        assert (frames in policy) == (path != "/paid")
    async with open_house(tmp_path / "sandbox") as plain:
        policy = (await plain.ask("GET", "/wallet")).headers["Content-Security-Policy"]
        assert "frame-src 'none';" in policy


async def test_the_processor_is_asked_now_and_then_however_often_a_page_asks(
    house: House, stripe_process: FakeStripe
) -> None:
    order = wish()
    await house.ask("POST", "wallet/payments", house.sam, order)
    asked = await do(stripe_process, "requests")
    for _ in range(30):
        reply = await house.ask("GET", f"wallet/payments/{order['id']}", house.sam)
        assert reply.body["state"] == "open"
    assert await do(stripe_process, "requests") - asked < 10
