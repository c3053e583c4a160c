"""The operator's desk over HTTP: people, and adjustments that the books can carry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from rig.house import House, Reply, open_house
from rig.past import fund, talked

from metering.accounts import processor_of
from metering.payment_tables import payment_orders
from storage.worker import Transaction

OURS = {"X-Talktime-Csrf": "1"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house
        assert await house.services.ledger.reconcile() == []


async def adjust(house: House, number: int, amount_minor: int, who: str = "sam", **more: Any) -> Reply:
    order = {"id": f"adjust-{number:012}", "amount_minor": amount_minor, "currency": "USD"}
    path = f"operator/people/{who}/adjustments"
    return await house.ask("POST", path, house.ola, {**order, "reason": "The line was bad.", **more})


async def available(house: House) -> int:
    return int((await house.ask("GET", "wallet", house.sam)).body["available_minor"])


async def test_people_are_found_by_name_id_and_page(house: House) -> None:
    everybody = (await house.ask("GET", "operator/people", house.ola)).body["people"]
    assert {"sam", "kim", "ada", "grace", "ola"} <= {each["id"] for each in everybody}
    for query, ids in (
        ("words=SAM", ["sam"]), ("role=operator", ["ola"]), ("words=ada&role=client", []), ("words=%25", []),
    ):  # fmt: skip
        found = (await house.ask("GET", f"operator/people?{query}", house.ola)).body["people"]
        assert [each["id"] for each in found] == ids, query
    refused = await house.ask("GET", "operator/people?role=guest", house.ola)
    assert refused.code == "request.invalid"
    assert (await house.ask("GET", "operator/people/nobody", house.ola)).code == "person.unknown"


async def test_calls_and_logins_of_somebody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.api.house.MAX_LISTED", 1)
    await fund(house, 1_000)
    first, second = await talked(house, 100), await talked(house, 50)
    path = "operator/people/sam/calls"
    page = (await house.ask("GET", path, house.ola)).body
    assert [(each["id"], each["with_name"], each["amount_minor"]) for each in page["calls"]] == [
        (second, "Ada", 50)
    ]
    rest = (await house.ask("GET", f"{path}?before={page['next']}", house.ola)).body
    assert ([each["id"] for each in rest["calls"]], rest["next"]) == ([first], None)
    hers = (await house.ask("GET", "operator/people/ada/calls", house.ola)).body["calls"]
    assert [(each["with_name"], each["amount_minor"]) for each in hers] == [("Sam", 40)]
    assert (await house.ask("GET", "operator/people/grace/calls", house.ola)).body["calls"] == []
    assert (await house.ask("GET", f"{path}?before=x", house.ola)).code == "request.invalid"

    assert (await house.ask("GET", "operator/people/sam/logins", house.ola)).body["logins"] == []
    made = await house.ask("POST", "clients", body={"name": "Lou", "currency": "USD"}, headers=OURS)
    lou = made.body["id"]
    logins = (await house.ask("GET", f"operator/people/{lou}/logins", house.ola)).body["logins"]
    assert [each["current"] for each in logins] == [False]
    for what in ("calls", "logins"):
        assert (await house.ask("GET", f"operator/people/nobody/{what}", house.ola)).code == "person.unknown"


async def test_people_come_page_by_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = (await house.ask("GET", "operator/people", house.ola)).body["people"]
    monkeypatch.setattr("server.api.house.MAX_LISTED", 2)
    seen: list[dict[str, Any]] = []
    before = ""
    for _ in everybody:
        page = (await house.ask("GET", f"operator/people?before={before}", house.ola)).body
        seen += page["people"]
        before = page["next"]
        if not before:
            break
    assert seen == everybody


async def test_an_adjustment_moves_money_once_with_its_reason(house: House) -> None:
    start = await available(house)
    made = await adjust(house, 1, 500)
    again = await adjust(house, 1, 500)
    assert (made.status, again.status) == (201, 201)
    assert await available(house) == start + 500
    taken = await adjust(house, 2, -200, reason="Given by mistake.")
    assert taken.body["person"]["available_minor"] == start + 300
    assert [(each["amount_minor"], each["reason"], each["actor"]) for each in taken.body["adjustments"]] == [
        (-200, "Given by mistake.", "ola"), (500, "The line was bad.", "ola"),
    ]  # fmt: skip
    entries = (await house.ask("GET", "wallet/statement", house.sam)).body["entries"][-2:]
    assert [(each["kind"], each["note"], each["amount_minor"]) for each in entries] == [
        ("adjustment", "The line was bad.", 500), ("adjustment", "Given by mistake.", -200),
    ]  # fmt: skip
    lines = (await house.ask("GET", "operator/audit?action=wallet.adjusted", house.ola)).body["lines"]
    assert [(each["actor"], each["subject"]) for each in lines] == [("ola", "sam")] * 2
    assert "Given by mistake." in lines[0]["detail"]

    def job(transaction: Transaction) -> int:
        name = processor_of("house", "USD")
        found = transaction.connection.exec_driver_sql(
            "SELECT balance_minor FROM accounts WHERE id = ?", (name,)
        )
        return int(found.scalar_one())

    assert await house.services.database.read(job) == -300, "the house paid for it"


async def test_an_adjustment_that_does_not_fit_changes_nothing(house: House) -> None:
    start = await available(house)
    assert (await adjust(house, 1, 500)).status == 201
    for reply, code in (
        (await adjust(house, 1, 501), "metering.id_reused"),
        (await adjust(house, 1, 500, "kim"), "metering.id_reused"),
        (await adjust(house, 2, 500, currency="EUR"), "wallet.currency"),
        (await adjust(house, 3, 0), "metering.amount"),
        (await adjust(house, 4, 10**9), "request.invalid"),
        (await adjust(house, 5, 500, reason="  "), "request.invalid"),
        (await adjust(house, 6, 500, "ada"), "wallet.unknown"),
        (await adjust(house, 7, 500, "nobody"), "person.unknown"),
        (await adjust(house, 8, -(start + 501)), "wallet.insufficient"),
    ):
        assert reply.code == code
    assert await available(house) == start + 500


async def test_what_a_call_holds_cannot_be_taken(house: House) -> None:
    talk = await house.talk()
    wallet = (await house.ask("GET", "wallet", house.sam)).body
    assert wallet["held_minor"] > 0
    whole = wallet["available_minor"] + wallet["held_minor"]
    assert (await adjust(house, 1, -whole)).code == "wallet.insufficient"
    replies = await asyncio.gather(*(adjust(house, each, -whole // 2) for each in range(2, 7)))
    assert {each.status for each in replies} <= {201, 402}
    assert await available(house) >= 0
    await talk.hang_up()


async def test_money_that_is_given_reaches_the_call_that_runs(house: House) -> None:
    talk = await house.talk()
    assert (await adjust(house, 1, 5_000)).status == 201
    await talk.hang_up()
    receipt = (await house.ask("GET", f"calls/{talk.call_id}/receipt", house.sam)).body
    assert receipt["topped_up_minor"] == 5_000


PLANTED = {
    "another amount": ("adjustment.posted", "UPDATE adjustments SET amount_minor = 499"),
    "a reason lost": ("adjustment.posted", "DELETE FROM adjustments"),
    "an entry lost": ("entry.complete", "DELETE FROM account_entries WHERE account LIKE 'wallet:sam:%'"),
    "an entry too many": (
        "entry.complete",
        "INSERT INTO account_entries SELECT 'wallet:kim:available', max(seq), at FROM account_entries",
    ),
}


async def test_reconciliation_finds_what_is_wrong_beside_the_ledger(tmp_path: Path) -> None:
    for number, (what, (rule, order)) in enumerate(PLANTED.items()):
        async with open_house(tmp_path / str(number)) as house:
            assert (await adjust(house, 1, 500)).status == 201
            assert await house.services.ledger.reconcile() == []

            def job(transaction: Transaction, order: str = order) -> int:
                return transaction.connection.exec_driver_sql(order).rowcount

            assert await house.services.database.write(job) > 0, what
            found = {breach.invariant for breach in await house.services.ledger.reconcile()}
            assert found == {rule}, what


async def test_payments_come_page_by_page_and_by_person(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.api.payments.MAX_LISTED", 2)

    def job(transaction: Transaction) -> None:
        for number in range(5):
            made_at = f"2026-05-0{1 + number // 3}T10:00:00.000Z"
            order = {
                "id": f"payment:{number}", "wallet_id": "kim" if number == 2 else "sam", "kind": "card",
                "source": "sandbox", "amount_minor": 500, "currency": "USD", "state": "open",
                "created_at": made_at, "updated_at": made_at, "key": f"key-{number}", "request": "{}",
            }  # fmt: skip
            transaction.connection.execute(payment_orders.insert().values(**order))

    await house.services.database.write(job)

    async def pages(query: str) -> list[list[str]]:
        found, before = [], ""
        while not found or before:
            path = f"operator/payments?{query}&before={before}"
            page = (await house.ask("GET", path, house.ola)).body
            found.append([each["payment"]["id"].rpartition(":")[2] for each in page["payments"]])
            before = page["next"]
        return found

    assert await pages("") == [["4", "3"], ["2", "1"], ["0"]]
    assert await pages("person=sam") == [["4", "3"], ["1", "0"]]
    assert await pages("person=kim") == [["2"]]
    assert (await house.ask("GET", "operator/payments?before=nonsense", house.ola)).body["payments"] == []
