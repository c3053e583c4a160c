"""An expert's console over HTTP: earnings that equal the ledger, calls as a file, clients, notes, blocks."""

from __future__ import annotations

import csv
import io
import random
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from rig.house import House, open_house
from rig.past import Past, fund, move_entries, talked

from metering.accounts import earnings_of
from signaling.messages import AcceptMessage
from storage.worker import Transaction


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house
        assert await house.services.ledger.reconcile() == []


async def earned(house: House, query: str = "", login: str = "") -> dict[str, Any]:
    reply = await house.ask("GET", f"console/earnings{query}", login or house.ada)
    assert reply.status == 200, reply.text
    body = dict(reply.body)
    for each in ("days", "offers"):
        assert sum(part["earned_minor"] for part in body[each]) == body["total_minor"], each
    return body


async def account(house: House, name: str) -> int:
    def job(transaction: Transaction) -> int:
        found = transaction.connection.exec_driver_sql(
            "SELECT balance_minor FROM accounts WHERE id = ?", (name,)
        )
        return int(found.scalar() or 0)

    return await house.services.database.read(job)


async def clients(house: House, query: str = "", login: str = "") -> list[dict[str, Any]]:
    return list((await house.ask("GET", f"console/clients{query}", login or house.ada)).body["clients"])


# -- earnings ----------------------------------------------------------------------------------------------


async def test_earnings_by_day_and_by_offer_are_the_ledgers(house: House) -> None:
    await fund(house, 100_000)
    today = (await earned(house))["today"]
    for charge, offer in ((333, "Proofs"), (101, "Proofs"), (7, "Quick question"), (50, "")):
        await talked(house, charge, Past(offer=offer))
    old = await talked(house, 1_000, Past(offer="Proofs"))
    await move_entries(house, old, "2026-02-28T23:30:00.000Z")
    await talked(house, 900, Past(host="grace", host_name="Grace"))
    body = await earned(house)
    assert {each["title"]: (each["earned_minor"], each["calls"]) for each in body["offers"]} == {
        "Proofs": (346, 2), "": (40, 1), "Quick question": (5, 1),
    }  # fmt: skip
    days = {each["day"]: each for each in body["days"]}
    assert len(days) == 30
    assert days[today]["earned_minor"] == body["total_minor"] == 391
    assert (days[today]["calls"], days[today]["used_ms"]) == (4, 491 * 250)
    london = await earned(house, "?start=2026-02-01&end=2026-02-28")
    berlin = await earned(house, "?start=2026-03-01&end=2026-03-01&zone=Europe/Berlin")
    assert london["total_minor"] == berlin["total_minor"] == 800
    whole = await earned(house, "?start=2026-01-01&end=" + today)
    assert whole["total_minor"] == await account(house, earnings_of("ada", "USD")) == 1_191
    assert (await earned(house, login=house.grace))["total_minor"] == 720


async def test_calls_as_a_file_add_up_to_the_earnings_after_tips_and_refunds_too(house: House) -> None:
    await fund(house, 1_000)
    calls = [await talked(house, 250) for _ in range(3)]
    for call_id in calls[:2]:
        tip = {"id": secrets.token_hex(12), "amount_minor": 99}
        assert (await house.ask("POST", f"calls/{call_id}/tips", house.sam, tip)).status == 201
    for call_id in calls[1:]:
        back = {"id": secrets.token_hex(12), "amount_minor": 33}
        assert (await house.ask("POST", f"calls/{call_id}/refunds", house.ada, back)).status == 201
    reply = await house.ask("GET", "console/calls.csv", house.ada)
    rows = list(csv.DictReader(io.StringIO(reply.text.removeprefix("\ufeff"), newline="")))
    assert [(row["earned"], row["tips"], row["refunded"]) for row in reversed(rows)] == [
        ("2.00", "0.79", "0.00"), ("2.00", "0.79", "0.27"), ("2.00", "0.00", "0.27"),
    ]  # fmt: skip
    total = (await earned(house))["total_minor"]
    assert total == await account(house, earnings_of("ada", "USD")) == 600 + 2 * 79 - 2 * 27
    (card,) = await clients(house)
    assert (card["calls"], card["earned_minor"]) == (3, total)


async def test_calls_as_a_file_add_up_to_the_earnings(house: House) -> None:
    await talked(house, 333, Past(offer="Proofs, long", payer_name="@SUM(A1)"))
    await talked(house, 0)
    await talked(house, 100, Past(host="grace"))
    reply = await house.ask("GET", "console/calls.csv", house.ada)
    rows = list(csv.DictReader(io.StringIO(reply.text.removeprefix("\ufeff"), newline="")))
    assert [(row["client"], row["offer"], row["earned"]) for row in rows] == [
        ("Sam", "", "0.00"), ("'@SUM(A1)", "Proofs, long", "2.66"),
    ]  # fmt: skip
    assert rows[1]["minutes"] == "1.387500"
    found = await house.ask("GET", "console/calls.csv?words=@sum", house.ada)
    assert found.text.count("\r\n") == 2


# -- clients -----------------------------------------------------------------------------------------------


async def test_clients_are_listed_with_what_they_brought_and_found_by_name(house: House) -> None:
    await talked(house, 100)
    await talked(house, 50, Past("kim", payer_name="Kim Lee"))
    await talked(house, 200, Past(payer_name="Sam the Second"))
    listed = await clients(house)
    assert [(each["name"], each["calls"], each["earned_minor"]) for each in listed] == [
        ("Sam the Second", 2, 240), ("Kim Lee", 1, 40),
    ]  # fmt: skip
    assert [each["id"] for each in await clients(house, "?words=kim")] == ["kim"]
    assert await clients(house, login=house.grace) == []


async def test_clients_come_page_by_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.api.console.MAX_LISTED", 1)
    await talked(house, 0)
    await talked(house, 0, Past("kim", payer_name="Kim"))
    first = (await house.ask("GET", "console/clients", house.ada)).body
    second = (await house.ask("GET", f"console/clients?before={first['next']}", house.ada)).body
    assert [each["id"] for page in (first, second) for each in page["clients"]] == ["kim", "sam"]
    assert second["next"] is None


async def test_a_note_is_kept_for_the_expert_alone(house: House) -> None:
    call_id = await talked(house, 100)
    await talked(house, 100, Past(host="grace"))
    note = await house.ask("POST", "console/clients/sam/note", house.ada, {"text": " Likes boats. "})
    assert note.body["note"] == "Likes boats."
    caller = await house.ask("GET", f"console/calls/{call_id}/client", house.ada)
    assert caller.body == note.body
    assert [each["note"] for each in await clients(house, login=house.grace)] == [""]
    for path in ("calls", f"calls/{call_id}", f"calls/{call_id}/receipt", "me", "me/export", "wallet"):
        reply = await house.ask("GET", path, house.sam)
        assert reply.status == 200
        assert "boats" not in reply.text, path
    gone = await house.ask("POST", "console/clients/sam/note", house.ada, {"text": " "})
    assert gone.body["note"] == ""
    long = await house.ask("POST", "console/clients/sam/note", house.ada, {"text": "x" * 2_001})
    assert long.code == "request.invalid"


async def test_whoever_never_called_me_does_not_exist(house: House) -> None:
    call_id = await talked(house, 100, Past(host="grace"))
    for what, body in (("note", {"text": "x"}), ("block", None), ("unblock", None)):
        for client in ("sam", "nobody", "ola"):
            refused = await house.ask("POST", f"console/clients/{client}/{what}", house.ada, body)
            assert (refused.status, refused.code) == (404, "client.unknown"), (what, client)
    theirs = await house.ask("GET", f"console/calls/{call_id}/client", house.ada)
    absent = await house.ask("GET", "console/calls/nothing/client", house.ada)
    assert (theirs.status, theirs.code) == (404, "call.unknown")
    assert theirs.body == absent.body


# -- blocks ------------------------------------------------------------------------------------------------


async def test_a_blocked_client_neither_calls_nor_waits_and_is_told_politely(house: House) -> None:
    await talked(house, 10)
    blocked = await house.ask("POST", "console/clients/sam/block", house.ada)
    assert blocked.body["blocked_since"]
    assert (await house.ask("POST", "console/clients/sam/block", house.ada)).body == blocked.body
    ada = house.online()
    house.online("grace")
    call = {"id": secrets.token_hex(12), "host": "ada"}
    for path, body in (("calls", call), ("experts/ada/line", {})):
        refused = await house.ask("POST", path, house.sam, body)
        assert (refused.status, refused.code) == (403, "host.declines"), path
        assert "block" not in refused.text
    assert not any(isinstance(message, AcceptMessage) for message in ada.sent)
    assert (await house.ask("POST", "calls", house.sam, call | {"host": "grace"})).status == 201
    assert (await house.ask("POST", "calls", house.kim, {**call, "id": secrets.token_hex(12)})).status == 201
    listed = (await house.ask("GET", "console/blocked", house.ada)).body["clients"]
    assert [each["id"] for each in listed] == ["sam"]
    assert (await house.ask("GET", "console/blocked", house.grace)).body["clients"] == []
    free = await house.ask("POST", "console/clients/sam/unblock", house.ada)
    assert free.body["blocked_since"] == ""
    assert (await house.ask("POST", "experts/ada/line", house.sam, {})).status == 201
    lines = (await house.ask("GET", "operator/audit?about=sam&action=client.", house.ola)).body["lines"]
    assert [each["action"] for each in lines] == ["client.unblocked", "client.blocked"]


async def test_whoever_is_blocked_while_waiting_leaves_the_line(house: House) -> None:
    await talked(house, 10)
    talk = await house.talk(house.kim)
    place = (await house.ask("POST", "experts/ada/line", house.sam, {})).body["place"]
    await house.ask("POST", "console/clients/sam/block", house.ada)
    assert (await house.ask("GET", "experts/ada")).body["live"]["line"] == 0
    assert (await house.ask("GET", f"line/{place['id']}", house.sam)).body["place"]["state"] == "ended"
    await talk.hang_up()


async def test_a_call_that_runs_goes_on_when_its_client_is_blocked(house: House) -> None:
    talk = await house.talk()
    await house.ask("POST", "console/clients/sam/block", house.ada)
    assert talk.meter_state() == "running"
    await talk.hang_up()
    receipt = await house.ask("GET", f"calls/{talk.call_id}/receipt", house.sam)
    assert receipt.body["reason"] == "payer_left"


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_happens_the_records_of_both_sides_equal_the_ledger(house: House, seed: int) -> None:
    chance = random.Random(seed)
    await fund(house, 50_000)
    calls = [
        await talked(house, chance.choice([0, 1, 7, 333, 480]), Past(offer=chance.choice(["", "A", "B"])))
        for _ in range(8)
    ]
    for number in range(24):
        call_id, order_id = chance.choice(calls), f"order-{number:016}"
        minor = chance.randint(1, 200)
        match chance.choice(["tip", "refund", "adjust"]):
            case "tip":
                tip = {"id": order_id, "amount_minor": minor}
                await house.ask("POST", f"calls/{call_id}/tips", house.sam, tip)
            case "refund":
                refund = {"id": order_id, "amount_minor": minor, "reason": "It was bad."}
                who = chance.choice([house.ada, house.ola])
                await house.ask("POST", f"calls/{call_id}/refunds", who, refund)
            case _:
                change = {"id": order_id, "amount_minor": -minor, "currency": "USD", "reason": "By chance."}
                await house.ask("POST", "operator/people/sam/adjustments", house.ola, change)
    body = await earned(house)
    assert body["total_minor"] == await account(house, earnings_of("ada", "USD"))
    statement = (await house.ask("GET", "wallet/statement", house.sam)).body
    moved = sum(each["amount_minor"] for each in statement["entries"])
    kinds = {each["kind"] for each in statement["entries"]}
    assert kinds == {"top_up", "call", "tip", "call_refund", "adjustment"}
    assert statement["opening_minor"] + moved == statement["closing_minor"]
    wallet = (await house.ask("GET", "wallet", house.sam)).body
    assert statement["closing_minor"] == wallet["available_minor"] + wallet["held_minor"]
    named = [each["note"] for each in statement["entries"] if each["kind"] in {"call", "tip", "call_refund"}]
    assert set(named) == {"Ada"}
