"""Calls over HTTP: who may make, see, join and receipt them, and who is told that they do not exist."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from rig.house import House, Wire, claims, open_house, until

from metering.receipt import verify_receipt
from signaling.errors import Refused
from signaling.messages import LeaveMessage


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house


def new_id() -> str:
    return secrets.token_hex(12)


async def test_a_call_rings_and_is_seen_by_its_two_people(house: House) -> None:
    page = house.online()
    call_id = new_id()

    made = await house.ask("POST", "calls", house.sam, {"id": call_id, "host": "ada", "media": "voice"})

    assert made.status == 201
    assert made.body["call"]["state"] == "ringing"
    assert made.body["call"]["media"] == "voice"
    assert made.body["call"]["tariff"]["price_minor"] == 240
    assert (made.body["used_ms"], made.body["charge_minor"]) == (0, 0)
    assert [incoming.id for incoming in page.sent[-1].ringing] == [call_id]
    for login in (house.sam, house.ada, house.ola):
        seen = await house.ask("GET", f"calls/{call_id}", login)
        assert seen.status == 200
        assert seen.body["call"]["id"] == call_id


async def test_a_retry_with_the_same_id_is_the_same_call(house: House) -> None:
    page = house.online()
    order = {"id": new_id(), "host": "ada"}

    first = await house.ask("POST", "calls", house.sam, order)
    second = await house.ask("POST", "calls", house.sam, order)

    assert (first.status, second.status) == (201, 201)
    assert first.body["call"] == second.body["call"]
    assert {call.id for message in page.sent for call in getattr(message, "ringing", [])} == {order["id"]}
    assert len(house.services.desk) == 1


async def test_an_id_that_was_used_for_another_call_is_refused(house: House) -> None:
    house.online("ada")
    house.online("grace")
    call_id = await house.ring()

    other_host = await house.ask("POST", "calls", house.sam, {"id": call_id, "host": "grace"})
    other_payer = await house.ask("POST", "calls", house.kim, {"id": call_id, "host": "ada"})

    other_media = await house.ask(
        "POST", "calls", house.sam, {"id": call_id, "host": "ada", "media": "voice"}
    )

    assert (other_media.status, other_media.code) == (409, "call.exists")
    assert (other_host.status, other_host.code) == (409, "call.exists")
    assert (other_payer.status, other_payer.code) == (409, "call.exists")


async def test_who_cannot_be_called_is_said_so(house: House) -> None:
    offline = await house.ask("POST", "calls", house.sam, {"id": new_id(), "host": "ada"})
    assert (offline.status, offline.code) == (409, "host.offline")

    unknown = await house.ask("POST", "calls", house.sam, {"id": new_id(), "host": "nobody"})
    assert (unknown.status, unknown.code) == (404, "expert.unknown")

    client = await house.ask("POST", "calls", house.sam, {"id": new_id(), "host": "kim"})
    assert (client.status, client.code) == (404, "expert.unknown")

    house.online()
    await house.ring(house.sam)
    busy = await house.ask("POST", "calls", house.kim, {"id": new_id(), "host": "ada"})
    assert (busy.status, busy.code) == (409, "host.busy")


async def test_an_empty_wallet_may_not_ring(tmp_path: Path) -> None:
    async with open_house(tmp_path, min_talk_s=600) as house:
        house.online()
        refused = await house.ask("POST", "calls", house.sam, {"id": new_id(), "host": "ada"})
        assert (refused.status, refused.code) == (402, "wallet.insufficient")


async def test_calls_at_once_are_bounded(tmp_path: Path) -> None:
    async with open_house(tmp_path, max_calls=1) as house:
        house.online("ada")
        house.online("grace")
        call_id = await house.ring(host="ada")
        refused = await house.ask("POST", "calls", house.sam, {"id": new_id(), "host": "grace"})
        assert (refused.status, refused.code) == (503, "call.limit")
        assert int(refused.headers["Retry-After"]) > 0
        again = await house.ask("POST", "calls", house.sam, {"id": call_id, "host": "ada"})
        assert again.status == 201, "the call that is there already is no further one"


async def test_only_clients_call(house: House) -> None:
    house.online()
    for login in (house.ada, house.ola):
        refused = await house.ask("POST", "calls", login, {"id": new_id(), "host": "ada"})
        assert (refused.status, refused.code) == (403, "auth.forbidden")


@pytest.mark.parametrize("path", ["", "/receipt", "/join", "/guests"])
async def test_to_a_stranger_the_call_does_not_exist(house: House, path: str) -> None:
    house.online()
    call_id = await house.ring()
    body = {"name": "Zoe"} if path == "/guests" else None
    method = "POST" if path in {"/join", "/guests"} else "GET"
    for login in (house.kim, house.grace):
        theirs = await house.ask(method, f"calls/{call_id}{path}", login, body)
        absent = await house.ask(method, f"calls/{new_id()}{path}", login, body)
        assert (theirs.status, theirs.code) == (404, "call.unknown")
        assert theirs.body == absent.body, "one cannot even tell that there is such a call"


async def test_a_join_token_is_for_ones_own_role(house: House) -> None:
    house.online()
    call_id = await house.ring()

    payer = await house.ask("POST", f"calls/{call_id}/join", house.sam)
    early = await house.ask("POST", f"calls/{call_id}/join", house.ada)
    operator = await house.ask("POST", f"calls/{call_id}/join", house.ola)

    assert payer.status == 201
    assert payer.body["expires_at"].endswith("Z")
    assert payer.body["token"].count(".") == 1
    assert (early.status, early.code) == (409, "call.ringing")
    assert (operator.status, operator.code) == (403, "auth.forbidden")


async def test_a_join_token_is_no_login(house: House) -> None:
    house.online()
    call_id = await house.ring()
    token = (await house.ask("POST", f"calls/{call_id}/join", house.sam)).body["token"]

    refused = await house.ask("GET", "me", token)

    assert (refused.status, refused.code) == (401, "auth.forged")


async def test_what_is_charged_is_seen_live_and_afterwards(house: House) -> None:
    talk = await house.talk()
    await until(lambda: house.services.desk.figures(talk.call_id)[1] >= 1, "the first minor unit is used up")
    live = await house.ask("GET", f"calls/{talk.call_id}", house.sam)
    assert live.body["call"]["state"] == "open"
    assert live.body["used_ms"] > 0

    await talk.hang_up()

    after = await house.ask("GET", f"calls/{talk.call_id}", house.sam)
    assert after.body["call"]["state"] == "ended"
    assert after.body["call"]["end_reason"] == "payer_left"
    assert after.body["used_ms"] >= live.body["used_ms"]
    assert after.body["charge_minor"] == after.body["used_ms"] * 240 // 60_000
    wallet = await house.ask("GET", "wallet", house.sam)
    assert wallet.body["available_minor"] == 500 - after.body["charge_minor"]
    assert wallet.body["held_minor"] == 0
    assert await house.services.ledger.reconcile() == []


async def test_the_list_shows_each_side_its_own_money(house: House) -> None:
    talk = await house.talk()
    await until(lambda: house.services.desk.figures(talk.call_id)[1] >= 2, "two minor units are used up")
    listed = (await house.ask("GET", "calls", house.sam)).body["calls"]
    assert [(each["id"], each["open"]) for each in listed] == [(talk.call_id, True)]
    await talk.hang_up()

    payers = (await house.ask("GET", "calls", house.sam)).body["calls"]
    hosts = (await house.ask("GET", "calls", house.ada)).body["calls"]

    assert [each["with_name"] for each in payers + hosts] == ["Ada", "Sam"]
    assert not payers[0]["open"]
    charge = payers[0]["amount_minor"]
    assert charge >= 2
    assert hosts[0]["amount_minor"] == charge * 8_000 // 10_000
    assert (await house.ask("GET", "calls", house.kim)).body == {"calls": [], "next": None}
    assert (await house.ask("GET", "calls", house.grace)).body == {"calls": [], "next": None}
    assert (await house.ask("GET", "calls", house.ola)).code == "auth.forbidden"


async def test_receipts_verify_and_tell_each_side_its_own(house: House) -> None:
    talk = await house.talk()
    early = await house.ask("GET", f"calls/{talk.call_id}/receipt", house.sam)
    assert (early.status, early.code) == (409, "call.not_ended")
    await until(lambda: house.services.desk.figures(talk.call_id)[1] >= 2, "two minor units are used up")
    await talk.hang_up()

    payers = await house.ask("GET", f"calls/{talk.call_id}/receipt", house.sam)
    hosts = await house.ask("GET", f"calls/{talk.call_id}/receipt", house.ada)

    key = house.services.receipts.public_key
    for reply in (payers, hosts):
        assert reply.status == 200
        assert verify_receipt(reply.text.encode(), key) == []
        assert sum(each["duration_ms"] for each in reply.body["intervals"]) == reply.body["used_ms"]
    assert (
        payers.body["balance_before_minor"] - payers.body["charge_minor"]
        == payers.body["balance_after_minor"]
    )
    assert payers.body["earned_minor"] is None
    assert hosts.body["balance_before_minor"] is None
    assert hosts.body["earned_minor"] == payers.body["charge_minor"] * 8_000 // 10_000
    again = await house.ask("GET", f"calls/{talk.call_id}/receipt", house.sam)
    assert again.text == payers.text


async def test_a_call_that_was_never_taken_costs_nothing_and_has_a_receipt(house: House) -> None:
    house.online()
    call_id = await house.ring()
    await house.services.desk.end(call_id, "cancelled")
    await until(lambda: len(house.services.desk) == 0, "the call is settled")

    receipt = await house.ask("GET", f"calls/{call_id}/receipt", house.sam)

    assert receipt.status == 200
    assert (receipt.body["charge_minor"], receipt.body["intervals"]) == (0, [])
    assert (await house.ask("GET", "wallet", house.sam)).body["available_minor"] == 500


async def test_a_guest_gets_into_one_call_and_sees_no_money(house: House) -> None:
    talk = await house.talk()
    made = await house.ask("POST", f"calls/{talk.call_id}/guests", house.ada, {"name": "Zoë Quinn"})
    assert made.status == 201
    page, _, token = made.body["url"].partition("#t=")
    assert page == f"http://localhost:{house.life.port}/call/ada"

    me = await house.ask("GET", "me", token)
    assert me.body == {
        "id": me.body["id"],
        "role": "guest",
        "name": "Zoë Quinn",
        "slug": "",
        "call": talk.call_id,
        "address": "",
    }
    call = await house.ask("GET", f"calls/{talk.call_id}", token)
    assert call.body["call"]["tariff"]["price_minor"] == 0
    assert call.body["charge_minor"] == 0
    assert (await house.ask("POST", f"calls/{talk.call_id}/join", token)).status == 201

    other = await house.talk(house.kim, "grace")
    assert (await house.ask("GET", f"calls/{other.call_id}", token)).code == "call.unknown"
    assert (await house.ask("POST", f"calls/{other.call_id}/join", token)).code == "call.unknown"
    for method, path in (("GET", "wallet"), ("GET", "calls"), ("GET", f"calls/{talk.call_id}/receipt")):
        assert (await house.ask(method, path, token)).code == "auth.forbidden"
    refused = await house.ask("POST", f"calls/{talk.call_id}/guests", token, {"name": "Zed"})
    assert refused.code == "auth.forbidden"

    await talk.hang_up()
    over = await house.ask("POST", f"calls/{talk.call_id}/join", token)
    assert (over.status, over.code) == (409, "call.ended")
    late = await house.ask("POST", f"calls/{talk.call_id}/guests", house.sam, {"name": "Zed"})
    assert (late.status, late.code) == (409, "call.ended")


@pytest.mark.parametrize("name", ["", " ", " Zoe", "x" * 41, 7, None, "\u202eeoZ", "\u200b"])
async def test_a_guest_needs_a_name(house: House, name: object) -> None:
    talk = await house.talk()
    refused = await house.ask("POST", f"calls/{talk.call_id}/guests", house.sam, {"name": name})
    assert (refused.status, refused.code) == (422, "request.invalid")


async def test_a_room_has_six_places(house: House) -> None:
    talk = await house.talk()
    desk = house.services.desk
    for number in range(4):
        made = await house.ask("POST", f"calls/{talk.call_id}/guests", house.sam, {"name": f"G{number}"})
        guest = house.services.logins.read(made.body["url"].partition("#t=")[2])
        assert desk.join(claims(talk.call_id, guest.person_id, "guest"), Wire()) is None
    await until(lambda: isinstance(desk.guest_token(talk.call_id, "guest:new", "New"), Refused), "all are in")

    full = await house.ask("POST", f"calls/{talk.call_id}/guests", house.sam, {"name": "Late"})

    assert (full.status, full.code) == (409, "room.full")


async def test_the_operator_sees_and_ends(house: House) -> None:
    talk = await house.talk()
    overview = (await house.ask("GET", "operator/overview", house.ola)).body
    assert [each["call"]["id"] for each in overview["live"]] == [talk.call_id]
    assert overview["live"][0]["meter_state"] == "running"
    assert overview["experts_online"] == 1
    assert overview["breaches"] == []
    assert overview["recent"] == []

    ended = await house.ask("POST", f"operator/calls/{talk.call_id}/end", house.ola)
    again = await house.ask("POST", f"operator/calls/{talk.call_id}/end", house.ola)

    assert ended.status == again.status == 200
    assert ended.body["call"]["state"] == "ended"
    assert again.body["call"]["end_reason"] == "operator"
    assert again.body["charge_minor"] == ended.body["charge_minor"]
    await until(lambda: len(house.services.desk) == 0, "the call is settled")
    recent = (await house.ask("GET", "operator/overview", house.ola)).body["recent"]
    assert [(each["id"], each["reason"]) for each in recent] == [(talk.call_id, "operator")]
    unknown = await house.ask("POST", f"operator/calls/{new_id()}/end", house.ola)
    assert (unknown.status, unknown.code) == (404, "call.unknown")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "operator/overview"), ("POST", "operator/calls/abc/end")]
)
async def test_only_operators_operate(house: House, method: str, path: str) -> None:
    for login in (house.sam, house.ada):
        refused = await house.ask(method, path, login)
        assert (refused.status, refused.code) == (403, "auth.forbidden")


async def test_what_is_known_of_a_call_outlives_the_process(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        talk = await house.talk()
        await until(lambda: house.services.desk.figures(talk.call_id)[1] >= 1, "a minor unit is used up")
        house.services.desk.said(talk.call_id, talk.host, LeaveMessage())
        await until(lambda: talk.meter_state() == "", "the call is settled")
        before = await house.ask("GET", f"calls/{talk.call_id}", house.sam)
        receipt = await house.ask("GET", f"calls/{talk.call_id}/receipt", house.sam)
        link = house.sam

    async with open_house(tmp_path) as house:
        after = await house.ask("GET", f"calls/{talk.call_id}", link)
        assert after.body == before.body
        assert (await house.ask("GET", f"calls/{talk.call_id}/receipt", link)).text == receipt.text
        wallet = (await house.ask("GET", "wallet", link)).body
        assert wallet["available_minor"] == 500 - before.body["charge_minor"], "the start money came once"


async def test_a_stop_settles_calls_and_tells_both_sides(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        talk = await house.talk()
        await house.life.stop_calls()
        refused = await house.ask("POST", "calls", house.sam, {"id": new_id(), "host": "ada"})
        assert (refused.status, refused.code) == (503, "server.stopping")
        assert (await house.ask("GET", "/readyz")).status == 503
        receipt = await house.ask("GET", f"calls/{talk.call_id}/receipt", house.sam)
        assert receipt.body["reason"] == "shutdown"
        for end in (talk.payer, talk.host):
            kinds = [message.__struct_config__.tag for message in end.sent]
            assert kinds.index("stopping") < kinds.index("ended") == len(kinds) - 1
            assert end.closed
        assert msgspec.to_builtins(talk.payer.sent[-1])["charge_minor"] == receipt.body["charge_minor"]
