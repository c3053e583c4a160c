"""A client's own area over HTTP: history, statement, export, and a profile that is deleted for good."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from rig.house import House, Reply, open_house
from rig.past import Past, fund, move_entries, talked

from storage.worker import Transaction

OURS = {"X-Talktime-Csrf": "1"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house
        assert await house.services.ledger.reconcile() == []


async def statement(house: House, query: str = "", login: str = "") -> dict[str, Any]:
    reply = await house.ask("GET", f"wallet/statement{query}", login or house.sam)
    assert reply.status == 200, reply.text
    body = dict(reply.body)
    moved = sum(each["amount_minor"] for each in body["entries"])
    assert body["opening_minor"] + moved == body["closing_minor"]
    return body


def rows_of(reply: Reply) -> list[dict[str, str]]:
    assert reply.status == 200, reply.text
    assert reply.text.startswith("\ufeff")
    assert reply.text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(reply.text.removeprefix("\ufeff"), newline="")))


# -- history -----------------------------------------------------------------------------------------------


async def test_my_calls_come_page_by_page_each_once(house: House) -> None:
    made = [await talked(house, 0) for _ in range(60)]
    await talked(house, 0, Past(payer="kim"))
    seen: list[str] = []
    query = ""
    for size in (50, 10):
        page = (await house.ask("GET", f"calls{query}", house.sam)).body
        assert len(page["calls"]) == size
        seen += [each["id"] for each in page["calls"]]
        query = f"?before={page['next']}"
    assert page["next"] is None
    assert seen == made[::-1]


async def test_calls_are_found_by_name_and_by_the_beginning_of_their_id(house: House) -> None:
    mine = await talked(house, 0, Past(host_name="Zoë 100%"))
    await talked(house, 0)
    for words in ("zoë", "100%25", mine[:8]):
        found = (await house.ask("GET", f"calls?words={words}", house.sam)).body["calls"]
        assert [each["id"] for each in found] == [mine], words
    for words in ("nobody", "%25", "_"):
        found = (await house.ask("GET", f"calls?words={words}", house.sam)).body["calls"]
        assert len(found) == (words == "%25"), "what people type is no pattern"
    assert (await house.ask("GET", f"calls?words={mine[:8]}", house.kim)).body["calls"] == []


async def test_a_cursor_that_is_none_is_refused(house: House) -> None:
    for before in ("x", "-1", "1.5", "9" * 16, "\u0661"):
        refused = await house.ask("GET", f"calls?before={before}", house.sam)
        assert (refused.status, refused.code) == (422, "request.invalid"), before


# -- statement ---------------------------------------------------------------------------------------------


async def test_a_statement_has_every_entry_with_the_balance_after_it(house: House) -> None:
    before = (await statement(house))["closing_minor"]
    await fund(house, 1_000)
    call_id = await talked(house, 333)
    body = await statement(house)
    assert [(each["kind"], each["amount_minor"]) for each in body["entries"][-2:]] == [
        ("top_up", 1_000), ("call", -333),
    ]  # fmt: skip
    last = body["entries"][-1]
    assert (last["call"], last["note"], last["balance_minor"]) == (call_id, "Ada", before + 667)
    wallet = (await house.ask("GET", "wallet", house.sam)).body
    assert body["closing_minor"] == wallet["available_minor"] + wallet["held_minor"]


async def test_what_is_on_hold_is_still_mine(house: House) -> None:
    before = (await statement(house))["closing_minor"]
    talk = await house.talk()
    assert (await house.ask("GET", "wallet", house.sam)).body["held_minor"] > 0
    during = await statement(house)
    assert (during["closing_minor"], during["entries"][-1]["kind"]) == (before, "top_up")
    await talk.hang_up()


async def test_days_are_those_of_the_zone(house: House) -> None:
    call_id = await talked(house, 100)
    await move_entries(house, call_id, "2026-03-29T22:30:00.000Z")
    london = await statement(house, "?start=2026-03-29&end=2026-03-29&zone=Europe/London")
    berlin = await statement(house, "?start=2026-03-30&end=2026-03-30&zone=Europe/Berlin")
    utc = await statement(house, "?start=2026-03-30&end=2026-03-30")
    assert [len(each["entries"]) for each in (london, berlin, utc)] == [1, 1, 0]
    assert london["opening_minor"] == utc["opening_minor"] + 100
    assert berlin["zone"] == "Europe/Berlin"
    await move_entries(house, call_id, "2026-03-30T00:00:00.000Z")
    before = await statement(house, "?start=2026-03-29&end=2026-03-29")
    midnight = await statement(house, "?start=2026-03-30&end=2026-03-30")
    assert [len(each["entries"]) for each in (before, midnight)] == [0, 1], "a day begins at its midnight"
    assert midnight["opening_minor"] == before["closing_minor"] == midnight["closing_minor"] + 100


NO_SPANS = (
    "start=2026-02-30", "end=tomorrow", "zone=Mars/Olympus", "zone=../../etc/passwd", "zone=%00",
    "start=2026-05-02&end=2026-05-01", "start=2001-01-01&end=2026-01-01", "start=0001-01-01",
    "end=9999-12-31", "start=20260101T00",
)  # fmt: skip


async def test_a_span_that_is_none_is_refused(house: House) -> None:
    for query in NO_SPANS:
        for path, login in (
            ("wallet/statement", house.sam), ("wallet/statement.csv", house.sam),
            ("console/earnings", house.ada), ("console/calls.csv", house.ada),
        ):  # fmt: skip
            refused = await house.ask("GET", f"{path}?{query}", login)
            assert (refused.status, refused.code) == (422, "request.invalid"), query


async def test_the_statement_as_a_file_says_the_same(house: House) -> None:
    await talked(house, 333, Past(host_name='=HYPERLINK("http://evil.example","Ada"),\nInc.'))
    body = await statement(house)
    reply = await house.ask("GET", "wallet/statement.csv", house.sam)
    assert reply.headers["Content-Type"].startswith("text/csv")
    assert reply.headers["Content-Disposition"].startswith('attachment; filename="statement-20')
    opening, *rows, closing = rows_of(reply)
    assert (opening["kind"], closing["kind"]) == ("opening", "closing")
    assert [row["amount"] for row in rows] == [f"{e['amount_minor'] / 100:.2f}" for e in body["entries"]]
    assert closing["balance"] == f"{body['closing_minor'] / 100:.2f}"
    assert rows[-1]["amount"] == "-3.33", "a number stays a number"
    assert rows[-1]["note"] == '\'=HYPERLINK("http://evil.example","Ada"),\nInc.', "a text stays a text"


async def test_a_statement_that_is_too_long_is_refused_whole(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.api.areas.MAX_ENTRIES", 3)
    for _ in range(2):
        await talked(house, 10)
    assert len((await statement(house))["entries"]) == 3
    await talked(house, 10)
    for path in ("wallet/statement", "wallet/statement.csv"):
        refused = await house.ask("GET", path, house.sam)
        assert (refused.status, refused.code) == (422, "statement.long")


# -- my data -----------------------------------------------------------------------------------------------


async def exported(house: House, login: str) -> dict[str, Any]:
    reply = await house.ask("GET", "me/export", login)
    assert reply.status == 200
    assert reply.headers["Content-Disposition"].startswith("attachment;")
    return dict(json.loads(reply.text)["tables"])


async def test_the_export_has_what_is_mine_and_nothing_else(house: House) -> None:
    mine, theirs = await talked(house, 40), await talked(house, 50, Past("kim", payer_name="Kim"))
    await house.services.browser_logins.open("sam", "", "Firefox")
    tables = await exported(house, house.sam)
    assert [each["id"] for each in tables["metered_calls"]] == [mine]
    assert len(tables["logins"]) == 1
    assert tables["people"][0]["name"] == "Sam"
    text = json.dumps(tables)
    assert theirs not in text
    assert "Kim" not in text
    assert "token_hash" not in text
    moved = {each["id"] for each in tables["transfers"]}
    assert {f"settle:{mine}:host", f"settle:{mine}:platform"} <= moved


async def test_what_an_expert_notes_is_in_the_experts_export_and_not_in_the_clients(house: House) -> None:
    await talked(house, 40)
    await house.ask("POST", "console/clients/sam/note", house.ada, {"text": "Talks about boats."})
    await house.ask("POST", "console/clients/sam/block", house.ada)
    expert, client = await exported(house, house.ada), await exported(house, house.sam)
    assert "boats" in json.dumps(expert)
    assert [each["client_id"] for each in expert["client_blocks"]] == ["sam"]
    assert "boats" not in json.dumps(client)
    assert "block" not in json.dumps(client).replace("client_blocks", "")


async def test_a_clients_balances_are_not_in_the_experts_export(house: House) -> None:
    await fund(house, 7_531)
    talk = await house.talk()
    await talk.hang_up()
    (mine,) = (await exported(house, house.sam))["metered_calls"]
    assert mine["balance_before_minor"] >= 7_531, "the client sees them"
    (theirs,) = (await exported(house, house.ada))["metered_calls"]
    assert theirs["id"] == mine["id"]
    assert not [name for name in theirs if "balance" in name or "topped_up" in name or "held" in name]
    assert {"charge_minor", "host_share_minor", "used_ms"} <= theirs.keys()


async def delete(house: House, login: str = "", **order: Any) -> Reply:
    return await house.ask("POST", "me/delete", login or house.sam, {"name": "Sam", **order})


async def test_a_profile_with_money_is_kept_unless_the_money_is_given_up(house: House) -> None:
    left_minor = (await house.ask("GET", "wallet", house.sam)).body["available_minor"]
    refused = await delete(house)
    assert (refused.status, refused.code) == (409, "profile.money")
    wrong = await delete(house, name="Kim", money="give_up")
    assert (wrong.status, wrong.code) == (422, "profile.name")
    assert (await house.ask("GET", "me", house.sam)).status == 200, "nothing changed"
    done = await delete(house, money="give_up")
    assert (done.status, done.body["given_up_minor"]) == (200, left_minor)
    card = (await house.ask("GET", "operator/people/sam", house.ola)).body["person"]
    assert (card["name"], card["available_minor"], card["held_minor"]) == ("Former client", 0, 0)
    assert card["deleted_at"]
    lines = (await house.ask("GET", "operator/audit?about=sam", house.ola)).body["lines"]
    assert lines[0]["action"] == "person.deleted"
    assert str(left_minor) in lines[0]["detail"]


async def test_a_profile_is_kept_while_a_call_runs(house: House) -> None:
    talk = await house.talk()
    refused = await delete(house, money="give_up")
    assert (refused.status, refused.code) == (409, "profile.call_open")
    await talk.hang_up()
    assert (await delete(house, money="give_up")).status == 200


async def test_nothing_opens_for_whoever_was_deleted(house: House) -> None:
    cookie = await house.services.browser_logins.open("sam", "", "test")
    other = await house.services.browser_logins.open("sam", "", "phone")
    done = await house.ask(
        "POST", "me/delete", body={"name": "Sam", "money": "give_up"},
        headers=OURS | {"Cookie": f"talktime={cookie}"},
    )  # fmt: skip
    assert done.status == 200
    assert 'talktime=""' in done.headers["Set-Cookie"]
    for path in ("me", "wallet", "calls", "me/export"):
        assert (await house.ask("GET", path, house.sam)).code == "auth.deleted"
    for each in (cookie, other):
        gone = await house.ask("GET", "me", headers={"Cookie": f"talktime={each}"})
        assert gone.code == "auth.expired"
    assert (await delete(house)).code == "auth.deleted", "a second time as well"
    adjusted = await house.ask(
        "POST", "operator/people/sam/adjustments", house.ola,
        {"id": "a" * 20, "amount_minor": 100, "currency": "USD", "reason": "by mistake"},
    )  # fmt: skip
    assert adjusted.code == "wallet.unknown"


async def test_the_deletion_outlives_the_server(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert (await delete(house, money="give_up")).status == 200
    async with open_house(tmp_path) as house:
        assert (await house.ask("GET", "me", house.sam)).code == "auth.deleted"
        assert await house.services.ledger.reconcile() == []


async def test_nothing_personal_is_left_but_what_the_books_need(house: House) -> None:
    call_id = await talked(house, 40, Past(offer="Proofs"))
    services = house.services
    address = "INSERT INTO addresses VALUES ('sam', 'sam@private.example', '')"

    def job(transaction: Transaction) -> None:
        transaction.connection.exec_driver_sql(address)

    await services.database.write(job)
    await house.ask("POST", "console/clients/sam/note", house.ada, {"text": "Talks about boats."})
    talk = await house.talk(house.kim)
    waiting = await house.ask("POST", "experts/ada/line", house.sam, {"wish": "my secret wish"})
    assert waiting.status == 201
    await talk.hang_up()
    await house.ask("POST", "wallet/cap", house.sam, {"cap_minor": 1_234})
    assert (await delete(house, money="give_up")).status == 200

    def dump(transaction: Transaction) -> str:
        raw = transaction.connection.connection.driver_connection
        assert raw is not None
        return "\n".join(raw.iterdump())

    stored = await services.database.read(dump)
    for private in ("private.example", "secret wish", "boats", "1234"):
        assert private not in stored, private
    receipt = await house.ask("GET", f"calls/{call_id}/receipt", house.ada)
    assert receipt.status == 200, "the expert's copy of the receipt stays"
    line = (await house.ask("GET", "calls?words=" + call_id, house.ada)).body["calls"][0]
    assert line["with_name"] == "Former client"
    call = (await house.ask("GET", f"calls/{call_id}", house.ada)).body["call"]
    assert call["payer_name"] == "Former client"
    card = (await house.ask("GET", "console/clients", house.ada)).body["clients"][1]
    assert (card["name"], card["note"]) == ("Former client", "")
    assert (await house.ask("POST", "console/clients/sam/block", house.ada)).code == "client.unknown"


async def test_whoever_waits_in_a_line_leaves_it_by_deleting(house: House) -> None:
    talk = await house.talk(house.kim)
    assert (await house.ask("POST", "experts/ada/line", house.sam, {})).status == 201
    assert (await delete(house, money="give_up")).status == 200
    assert (await house.ask("GET", "experts/ada")).body["live"]["line"] == 0
    await talk.hang_up()


async def test_a_profile_is_kept_while_a_dispute_waits_and_its_words_go_with_it(house: House) -> None:
    await fund(house, 1_000)
    call_id = await talked(house, 480)
    tip = {"id": "t" * 20, "amount_minor": 100}
    assert (await house.ask("POST", f"calls/{call_id}/tips", house.sam, tip)).status == 201
    rated = {"stars": 2, "text": "Knows too much about boats."}
    assert (await house.ask("POST", f"calls/{call_id}/rating", house.sam, rated)).status == 200
    reason = {"reason": "I heard nothing at all."}
    assert (await house.ask("POST", f"calls/{call_id}/dispute", house.sam, reason)).status < 300
    waits = await delete(house, money="give_up")
    assert (waits.status, waits.code) == (409, "profile.dispute_open")
    back = {"refund_minor": 80, "answer": "A part of it."}
    decided = await house.ask("POST", f"disputes/{call_id}/decision", house.ola, back)
    assert decided.status < 300, decided.text
    kinds = [
        (each["kind"], each["amount_minor"], each["note"]) for each in (await statement(house))["entries"]
    ]
    assert kinds[-3:] == [("call", -480, "Ada"), ("tip", -100, "Ada"), ("call_refund", 80, "Ada")]
    earnings = (await house.ask("GET", "console/earnings", house.ada)).body
    assert (earnings["total_minor"], earnings["calls"]) == (384 + 80 - 64, 1)
    assert (await delete(house, money="give_up")).status == 200
    text = (await house.ask("GET", "me/export", house.ada)).text
    assert "boats" not in text
    for login in (house.ada, house.ola):
        (line,) = (await house.ask("GET", "disputes", login)).body["disputes"]
        assert (line["call"], line["payer_name"]) == (call_id, "Former client")
    (line,) = (await house.ask("GET", "operator/people/ada/calls", house.ola)).body["calls"]
    assert line["with_name"] == "Former client"
    # Nobody could ever spend it.
    for login in (house.ada, house.ola):
        more = {"id": "r" * 20, "amount_minor": 100, "reason": "Once more."}
        refused = await house.ask("POST", f"calls/{call_id}/refunds", login, more)
        assert (refused.status, refused.code) == (404, "wallet.unknown")
