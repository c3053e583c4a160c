"""Thousands of events, each delivered one to five times in a random order: the books are exact."""

from __future__ import annotations

import os
import random

from rig.payment_shelf import Books, open_books
from rig.stripe_objects import misshapen
from rig.stripe_till import Wrong

EVENTS = 2_000


async def a_story(books: Books, rng: random.Random, number: int) -> None:
    """One order and what comes of it at the till: paid or not, refunded, contested, won."""
    wallet_id = f"w{number % 40}"
    if number < 40:
        await books.wallet(wallet_id)
    kind = "card" if number % 3 else "checkout"
    order = await books.order(f"{wallet_id}:{number}", wallet_id, kind, rng.randrange(500, 5_000))
    try:
        intent = books.pay(order, rng.choices(["good", "poor", "bank"], [8, 1, 1])[0])
    except Wrong:
        return
    if intent["status"] == "requires_action":
        books.till.authenticate(intent["id"], agreed=rng.random() < 0.7)
    if intent["status"] != "succeeded":
        return
    fate = rng.random()
    if fate < 0.15:
        refund = books.till.make_refund(
            {"payment_intent": intent["id"], "amount": "200"}, fails=rng.random() < 0.5
        )
        if refund["status"] == "pending":
            books.till.fail_refund(refund["id"])
    elif fate < 0.4:
        dispute = books.till.dispute(intent["id"], inquiry=rng.random() < 0.2)
        if dispute["balance_transactions"] and rng.random() < 0.5:
            books.till.win(dispute["id"])


def truth(books: Books) -> int:
    """What the till holds of everybody's money."""
    till = books.till
    paid = sum(each["amount_received"] for each in till.all("payment_intent").values())
    back = sum(each["amount"] for each in till.all("refund").values() if each["status"] == "succeeded")
    contested = sum(
        sum(moved["amount"] for moved in each["balance_transactions"])
        for each in till.all("dispute").values()
    )
    return paid - back + contested


async def announced_exactly(books: Books) -> None:
    """Each payment was told once, with its amount: what others know is what the books say."""
    told = await books.announced()
    credited = {each["payment"]: each["amount_minor"] for each in told["topup.succeeded"]}
    assert len(credited) == len(told["topup.succeeded"])
    paid = books.till.all("payment_intent").values()
    assert credited == {each["id"]: each["amount_received"] for each in paid if each["status"] == "succeeded"}
    taken = told["topup.taken_back"]
    assert taken
    assert all(each["payment"] in credited and each["owed_minor"] <= each["amount_minor"] for each in taken)


async def test_any_order_any_number_of_times() -> None:
    seed = int(os.environ.get("TEST_SEED", random.randrange(2**32)))
    print("TEST_SEED", seed)
    rng = random.Random(seed)
    async with open_books() as books:
        number = 0
        while len(books.events) < EVENTS:
            await a_story(books, rng, number)
            number += 1
        deliveries = [event for event in books.events for _ in range(rng.randint(1, 5))]
        rng.shuffle(deliveries)
        outcomes = await books.deliver(*deliveries)

        first = [outcome for outcome in outcomes if outcome is not None]
        assert len(first) == len(books.events), "each event counted once"
        assert await books.ledger.reconcile() == []
        assert -await books.account("processor:stripe:USD") == truth(books), "not a cent more or less"
        for intent in books.till.all("payment_intent").values():
            order = await books.store.order(intent["metadata"]["talktime-order"])
            assert order is not None
            assert (order.state == "succeeded") == (intent["status"] == "succeeded"), order
        await announced_exactly(books)
        reached = {kind for event in books.events for kind in [event["type"]]}
        assert reached >= {
            "payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.requires_action",
            "refund.created", "refund.failed", "charge.dispute.funds_withdrawn",
            "charge.dispute.funds_reinstated",
        }  # fmt: skip
        assert [line for event in books.events for line in misshapen("event", event)] == []


async def test_two_payments_of_one_order_are_both_money_of_the_payer() -> None:
    """It should not happen; if it does, nobody's money is swallowed."""
    async with open_books() as books:
        await books.wallet("w")
        order = await books.order("w:1", "w")
        for _ in range(2):
            books.pay(order)
        await books.deliver(*books.events, *reversed(books.events))
        assert await books.available("w") == 2 * order.amount_minor
        assert await books.ledger.reconcile() == []
