"""What is told of the line, of ratings, tips, refunds and disputes: once, to whom it concerns, verifiably."""

from __future__ import annotations

import asyncio
import json
import secrets
from pathlib import Path
from typing import Any

from rig.house import House, open_house
from rig.receiver import Receiver
from standardwebhooks import Webhook

from metering.facts import Began, CallTerms, Settlement, Stopped
from metering.tariff import Tariff
from signaling.clock import iso

PATIENCE_S = 30.0
TARIFF = Tariff("USD", 240, host_share_bp=8_000)


async def past_call(house: House) -> str:
    """A settled call of Sam with Ada: a minute and a half for 360."""
    call_id, at, ledger = secrets.token_hex(12), iso(house.services.clock.wall()), house.services.ledger
    await ledger.open_call(CallTerms(call_id, "sam", "ada", "Sam", "Ada", TARIFF, at))
    await ledger.extend(call_id, 400)
    await ledger.record(call_id, [Began(0, at, 0, "media_up"), Stopped(90_000, at, 90_000, "payer_left")])
    await ledger.settle(Settlement(call_id, 90_000, "payer_left", at))
    return call_id


async def listen(house: House, receiver: Receiver, login: str, *events: str) -> tuple[str, str]:
    """An endpoint for these events: its path and its secret."""
    path = f"/ok/{secrets.token_hex(4)}"
    made = await house.ask("POST", "webhooks", login, {"url": receiver.url + path, "events": list(events)})
    assert made.status == 201, made.text
    return path, made.body["secret"]


async def heard(receiver: Receiver, path: str, count: int) -> list[dict[str, Any]]:
    """The messages that came there, as soon as there are so many."""
    async with asyncio.timeout(PATIENCE_S):
        while len(came := await asyncio.to_thread(receiver.seen, "", path)) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return came


def one(told: list[dict[str, Any]], event_type: str, secret: str) -> dict[str, Any]:
    """The data of the only event of this type, verified."""
    (message,) = [each for each in told if json.loads(each["body"])["type"] == event_type]
    event = Webhook(secret).verify(message["body"], message["headers"])
    assert event["version"] == 1
    return dict(event["data"])


async def test_what_follows_a_call_is_told_once(tmp_path: Path) -> None:
    with Receiver() as receiver:
        async with open_house(tmp_path, webhook_targets="any") as house:
            call_id = await past_call(house)
            mine = ("tip.given", "call.rated", "call.refunded", "dispute.opened", "dispute.answered",
                    "dispute.closed")  # fmt: skip
            ada, secret = await listen(house, receiver, house.ada, *mine)
            ola, _ = await listen(house, receiver, house.ola, *mine)
            grace, _ = await listen(house, receiver, house.grace)
            for what, body, login in (
                ("tips", {"id": secrets.token_hex(12), "amount_minor": 50}, house.sam),
                ("rating", {"stars": 2, "text": "Hm."}, house.sam),
                ("dispute", {"reason": "I heard nothing."}, house.sam),
                ("dispute/answer", {"text": "It was loud here."}, house.ada),
                ("refunds", {"id": secrets.token_hex(12), "amount_minor": 60, "reason": "Sorry."}, house.ada),
            ):
                for _ in range(2):
                    done = await house.ask("POST", f"calls/{call_id}/{what}", login, body)
                    assert done.status in {200, 201}, done.text
            decision = {"refund_minor": 100, "answer": "Half each."}
            for _ in range(2):
                done = await house.ask("POST", f"disputes/{call_id}/decision", house.ola, decision)
                assert done.status == 200, done.text
            told = await heard(receiver, ada, 7)
            assert len(await heard(receiver, ola, 7)) == 7, "the operator hears the same"
            assert len(receiver.seen(path=ada)) == 7, "and nothing twice"
            assert receiver.seen(path=grace) == []
    call = {"call": call_id, "host": "ada", "payer": "sam"}
    tip = one(told, "tip.given", secret)
    assert (tip["amount_minor"], tip["host_share_minor"], tip["call"]) == (50, 40, call_id)
    assert one(told, "call.rated", secret) == call | {"stars": 2, "text": "Hm."}
    assert one(told, "dispute.opened", secret) == call | {"reason": "I heard nothing."}
    assert one(told, "dispute.answered", secret) == call | {"answer": "It was loud here."}
    closed = one(told, "dispute.closed", secret)
    assert (closed["state"], closed["refunded_minor"], closed["decision"]) == ("refunded", 160, "Half each.")
    refunds = [json.loads(each["body"]) for each in told if '"call.refunded"' in each["body"]]
    sums = {(each["data"]["by"], each["data"]["amount_minor"]) for each in refunds}
    assert sums == {("host", 60), ("operator", 100)}
    # All refunds of a call together take from the host what the host had of them: 80 % of 160.
    assert sum(each["data"]["host_share_minor"] for each in refunds) == 128


async def test_a_changed_rating_is_told_again(tmp_path: Path) -> None:
    with Receiver() as receiver:
        async with open_house(tmp_path, webhook_targets="any") as house:
            call_id = await past_call(house)
            path, _ = await listen(house, receiver, house.ada, "call.rated")
            for stars in (1, 1, 5):
                await house.ask("POST", f"calls/{call_id}/rating", house.sam, {"stars": stars})
                await asyncio.sleep(0.005)
            told = await heard(receiver, path, 2)
            stars = {json.loads(each["body"])["data"]["stars"] for each in told}
            assert (stars, len(receiver.seen(path=path))) == ({1, 5}, 2)


async def test_who_waits_and_who_left_the_line_is_told(tmp_path: Path) -> None:
    with Receiver() as receiver:
        async with open_house(tmp_path, webhook_targets="any") as house:
            talk = await house.talk(house.kim)
            path, secret = await listen(house, receiver, house.ada, "line.joined", "line.left")
            order = {"wish": "my proof", "media": "voice"}
            places = [await house.ask("POST", "experts/ada/line", house.sam, order) for _ in range(2)]
            place = places[0].body["place"]["id"]
            assert places[1].body["place"]["id"] == place
            (joined,) = await heard(receiver, path, 1)
            left = await house.ask("POST", f"line/{place}/leave", house.sam)
            assert left.status == 200, left.text
            told = await heard(receiver, path, 2)
            await talk.hang_up()
    assert one([joined], "line.joined", secret)["wish"] == "my proof"
    assert one(told, "line.left", secret) == {
        "place": place, "host": "ada", "payer": "sam", "reason": "left",
    }  # fmt: skip
