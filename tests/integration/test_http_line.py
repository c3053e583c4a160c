"""Office hours and the line over HTTP: who waits, whose turn it is, at what price, what a restart does."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rig.house import House, Wire, claims, open_house, until

from booking.availability import Availability
from booking.office_store import AvailabilityStore
from booking.people import Person
from signaling.clock import iso
from signaling.messages import AcceptMessage, DeclineMessage, LeaveMessage, PlaceMessage, PresenceMessage
from signaling.tokens import LineClaims


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path / "data") as house:
        yield house


async def join(house: House, login: str, host: str = "ada", **order: Any) -> dict[str, Any]:
    made = await house.ask("POST", f"experts/{host}/line", login, order)
    assert made.status == 201, made.text
    return dict(made.body["place"])


async def place(house: House, login: str, place_id: str) -> dict[str, Any]:
    return dict((await house.ask("GET", f"line/{place_id}", login)).body["place"])


def page(house: House, place_id: str, person: str) -> Wire:
    """A page of somebody who waits."""
    wire = Wire()
    claims = LineClaims(place_id, person, "test", 2**50, secrets.token_hex(6))
    assert house.services.office.page_joined(claims, wire) is None
    return wire


def newest(wire: Wire) -> Any:
    """The place as the page was told last."""
    return [message.place for message in wire.sent if isinstance(message, PlaceMessage)][-1]


def seen(ada: Wire) -> list[tuple[str, str]]:
    """The line as the expert's page was told last: names and states."""
    last = [message for message in ada.sent if isinstance(message, PresenceMessage)][-1]
    return [(each.name, each.state) for each in last.line]


async def ring(house: House, login: str, call_id: str) -> Any:
    return await house.ask("POST", "calls", login, {"id": call_id, "host": "ada"})


async def test_the_second_waits_and_is_called_when_the_first_is_done(house: House) -> None:
    talk = await house.talk(house.kim)
    ada = house.online()
    mine = await join(house, house.sam, wish="my  proof", media="voice")
    assert (mine["state"], mine["position"], mine["host"], mine["wish"]) == ("waiting", 1, "busy", "my proof")
    assert mine["wait_ms"] > 0
    assert seen(ada) == [("Sam", "waiting")]
    assert (await join(house, house.sam))["id"] == mine["id"], "a second tab has the same place"
    sam = page(house, mine["id"], "sam")
    badge = (await house.ask("GET", "experts/ada")).body["live"]
    assert (badge["state"], badge["line"]) == ("busy", 1)
    assert badge["wait_ms"] >= newest(sam).wait_ms

    await talk.hang_up()
    await until(lambda: newest(sam).state == "called", "it is Sam's turn")
    turn = newest(sam)
    assert 0 < turn.reserved_left_ms <= 120_000
    refused = await ring(house, house.kim, secrets.token_hex(12))
    assert refused.code == "host.busy", "nobody else can ring meanwhile"
    assert (await house.ask("GET", "experts/ada")).body["live"]["state"] == "busy"

    first, second = await ring(house, house.sam, turn.call), await ring(house, house.sam, turn.call)
    assert (first.status, second.status) == (201, 201), "two tabs make one call"
    assert newest(sam).state == "ringing"
    assert newest(sam).call == turn.call
    house.services.desk.page_said("ada", ada, AcceptMessage(turn.call))
    await until(lambda: newest(sam).state == "ended", "Sam is served")
    assert (newest(sam).why, sam.closed) == ("served", True)
    assert (await place(house, house.sam, mine["id"]))["why"] == "served"
    assert seen(ada) == []


async def test_both_press_at_once_and_one_rings(house: House) -> None:
    house.online()
    orders = [(house.sam, secrets.token_hex(12)), (house.kim, secrets.token_hex(12))]
    made = await asyncio.gather(*(ring(house, *order) for order in orders))
    assert sorted(each.status for each in made) == [201, 409]
    [refused] = [each for each in made if each.status == 409]
    assert refused.code == "host.busy"
    loser = house.sam if made[0].status == 409 else house.kim
    twice = await asyncio.gather(*(join(house, loser) for _ in range(3)))
    assert len({each["id"] for each in twice}) == 1, "three tabs are one place"
    assert (twice[0]["state"], twice[0]["position"]) == ("waiting", 1)


async def test_the_price_on_joining_stays(house: House) -> None:
    talk = await house.talk(house.kim)
    mine = await join(house, house.sam)
    locked = mine["tariff"]["price_minor"]
    sam = page(house, mine["id"], "sam")

    def dearer(transaction: Any) -> None:
        transaction.raw.execute("UPDATE people SET price_minor = ? WHERE id = 'ada'", (locked + 100,))

    await house.life.database.write(dearer)
    assert (await house.ask("GET", "experts/ada")).body["tariff"]["price_minor"] == locked + 100
    await talk.hang_up()
    await until(lambda: newest(sam).state == "called", "it is Sam's turn")
    made = await ring(house, house.sam, newest(sam).call)
    assert made.body["call"]["tariff"]["price_minor"] == locked
    account = await house.services.ledger.call(newest(sam).call)
    assert account.terms.tariff.price_minor == locked


async def test_a_promise_for_a_voice_call_is_none_for_video(house: House) -> None:
    """Else a place in the line would be a way to a video call at the price of the cheapest offer."""
    cheap = {"id": secrets.token_hex(12), "terms": {"title": "Voice", "media": "voice", "price_minor": 10}}
    offers = (await house.ask("POST", "profile/offers", house.ada, cheap)).body["offers"]
    talk = await house.talk(house.kim)
    mine = await join(house, house.sam, media="voice", offer=offers[1]["id"])
    assert mine["tariff"]["price_minor"] == 10
    sam = page(house, mine["id"], "sam")
    await talk.hang_up()
    await until(lambda: newest(sam).state == "called", "it is Sam's turn")
    order = {"id": newest(sam).call, "host": "ada", "media": "video"}
    refused = await house.ask("POST", "calls", house.sam, order | {"shown": mine["tariff"]})
    assert refused.code == "offer.changed"
    made = await house.ask("POST", "calls", house.sam, order)
    assert made.body["call"]["tariff"] == offers[0]["tariff"]


async def test_the_line_survives_a_restart(tmp_path: Path) -> None:
    async with open_house(tmp_path / "data") as house:
        await house.services.people.add(Person(id="lee", role="client", name="Lee", currency="USD"))
        lee, _ = house.services.logins.token("lee", "client")
        await house.talk(house.kim)
        sams, lees = await join(house, house.sam), await join(house, lee)
        gone = await join(house, house.kim, "grace") if house.online("grace") else {}
        await house.ask("POST", f"line/{gone['id']}/leave", house.kim)
        await house.ask("POST", "office", house.ada, {"auto_accept": True})
    async with open_house(tmp_path / "data") as house:
        lee, _ = house.services.logins.token("lee", "client")
        mine = (await house.ask("GET", "line", house.sam)).body["places"]
        assert [(each["id"], each["position"]) for each in mine] == [(sams["id"], 1)]
        assert (await place(house, lee, lees["id"]))["position"] == 2
        assert (await house.ask("GET", "line", house.kim)).body["places"] == []
        assert (await place(house, house.kim, gone["id"]))["why"] == "left"
        assert (await house.ask("GET", "office", house.ada)).body["office"]["auto_accept"] is True
        sam = page(house, sams["id"], "sam")
        assert newest(sam).host == "away"
        ada = house.online()
        await until(lambda: newest(sam).state == "called", "the first is called when the expert is back")
        assert seen(ada) == [("Sam", "called"), ("Lee", "waiting")]


async def test_who_leaves_and_joins_at_once_has_one_place_after_a_restart(tmp_path: Path) -> None:
    """The end of the old place may be written after the new place, or never."""
    async with open_house(tmp_path / "data") as house:
        await house.talk(house.kim)
        old = await join(house, house.sam)
        lines, office = house.services.office._stores.lines, house.services.office
        [place_before] = await lines.waiting()
        new = replace(place_before, id="new", number=place_before.number + 1)
        await lines.put(new)
        await lines.put(replace(new, missed=1))
        assert [(each.id, each.missed) for each in await lines.waiting()] == [("new", 1)]
        found = await lines.find(old["id"])
        assert found is not None
        assert found[1] == "left"
        office.leave(old["id"], "sam")
    async with open_house(tmp_path / "data") as house:
        [mine] = (await house.ask("GET", "line", house.sam)).body["places"]
        assert mine["id"] == "new"


async def test_a_turn_without_money_is_kept_for_a_top_up(house: House) -> None:
    await house.services.people.add(Person(id="poor", role="client", name="Poor", currency="USD"))
    await house.services.ledger.open_wallet("poor", "USD")
    poor, _ = house.services.logins.token("poor", "client")
    talk = await house.talk(house.kim)
    mine = await join(house, poor)
    wire = page(house, mine["id"], "poor")
    await talk.hang_up()
    await until(lambda: newest(wire).state == "called", "it is their turn")
    assert (await ring(house, poor, newest(wire).call)).code == "wallet.insufficient"
    assert newest(wire).state == "called", "the turn is kept"
    order = {"id": secrets.token_hex(10), "amount_minor": 1_000, "currency": "USD"}
    assert (await house.ask("POST", "wallet/top-ups", poor, order)).status == 201
    assert (await ring(house, poor, newest(wire).call)).status == 201


async def test_a_call_is_declined_or_passed_into_the_line(house: House) -> None:
    ada = house.online()
    call_id = await house.ring(house.kim)
    kims = Wire()
    house.services.desk.page_said("ada", ada, DeclineMessage(call_id, "in ten minutes", to_line=True))
    await until(lambda: seen(ada) == [("Kim", "waiting")], "Kim waits now")
    call = (await house.ask("GET", f"calls/{call_id}", house.kim)).body["call"]
    assert call["end_reason"] == "passed"
    [mine] = (await house.ask("GET", "line", house.kim)).body["places"]
    assert mine["state"] == "waiting", "not called again at once"
    assert 30_000 < mine["wait_ms"] <= 60_000, "and told so"
    # The next one comes first, and is declined for good.
    sams = await join(house, house.sam)
    sam = page(house, sams["id"], "sam")
    await until(lambda: newest(sam).state == "called", "it is Sam's turn")
    await ring(house, house.sam, newest(sam).call)
    house.services.desk.page_said("ada", ada, DeclineMessage(newest(sam).call, "sorry"))
    await until(lambda: newest(sam).state == "ended", "Sam is declined")
    assert newest(sam).why == "declined"
    assert kims.sent == []


async def test_office_hours_decide_who_can_ring(house: House) -> None:
    ada = house.online()
    paused = (await house.ask("POST", "office", house.ada, {"pause": "begin"})).body["office"]
    assert paused["state"] == "paused"
    live = (await house.ask("GET", "experts/ada")).body["live"]
    assert (live["state"], live["back_at"]) == ("paused", paused["back_at"])
    assert 0 < live["wait_ms"] <= 21 * 60_000
    assert (await ring(house, house.sam, secrets.token_hex(12))).code == "host.paused"
    mine = await join(house, house.sam)
    assert mine["host"] == "paused"
    sam = page(house, mine["id"], "sam")
    assert (await house.ask("POST", "office", house.ada, {"mode": "off"})).body["office"]["state"] == "closed"
    assert newest(sam).host == "away"
    assert (await ring(house, house.sam, secrets.token_hex(12))).code == "host.offline"
    assert (await house.ask("POST", "experts/ada/line", house.kim, {})).code == "host.offline"
    await house.ask("POST", "office", house.ada, {"mode": "open"})
    assert newest(sam).state == "called"
    assert [each.office.state for each in ada.sent if isinstance(each, PresenceMessage)][-1] == "open"


async def test_stop_after_this_call(house: House) -> None:
    talk = await house.talk(house.kim)
    mine = await join(house, house.sam)
    await house.ask("POST", "office", house.ada, {"stop_after_call": True})
    await talk.hang_up()
    await until(lambda: not house.services.desk.busy("ada"), "the call is settled")
    office = (await house.ask("GET", "office", house.ada)).body["office"]
    assert (office["mode"], office["state"], office["stop_after_call"]) == ("off", "closed", False)
    assert (await place(house, house.sam, mine["id"]))["state"] == "waiting"


async def test_weekly_hours_are_judged(house: House) -> None:
    week = [{"weekday": 0, "from_min": 540, "to_min": 1020}, {"weekday": 4, "from_min": 0, "to_min": 1440}]
    order = {"mode": "hours", "zone": "America/New_York", "openings": list(reversed(week))}
    kept = (await house.ask("POST", "office", house.ada, order)).body
    assert (kept["zone"], kept["openings"], kept["office"]["mode"]) == ("America/New_York", week, "hours")
    assert (await house.ask("POST", "office", house.ada, {"zone": "Moon/Base"})).code == "office.zone"
    twice = [{"weekday": 0, "from_min": 0, "to_min": 60}, {"weekday": 0, "from_min": 30, "to_min": 90}]
    assert (await house.ask("POST", "office", house.ada, {"openings": twice})).code == "office.hours"
    assert (await house.ask("GET", "office", house.ada)).body == kept, "what is no good changes nothing"


async def test_nobody_answers_so_the_line_waits(tmp_path: Path) -> None:
    async with open_house(tmp_path / "data", ring_s=1) as house:
        ada = house.online()
        await house.ask("POST", "office", house.ada, {"pause": "begin"})
        mine = await join(house, house.sam)
        sam = page(house, mine["id"], "sam")
        await house.ask("POST", "office", house.ada, {"pause": "end"})
        assert newest(sam).state == "called"
        caller = Wire()
        await ring(house, house.sam, newest(sam).call)

        assert house.services.desk.join(claims(newest(sam).call, "sam", "payer"), caller) is None
        await until(lambda: newest(sam).state == "waiting", "nobody answered")
        assert newest(sam).host in ("busy", "paused")
        await until(lambda: newest(sam).host == "paused", "the expert is asked no more")
        assert seen(ada) == [("Sam", "waiting")]


async def test_who_hangs_up_while_it_rings_is_stepped_over(house: House) -> None:
    ada = house.online()
    mine = await join(house, house.sam)
    sam = page(house, mine["id"], "sam")
    caller = Wire()
    await ring(house, house.sam, newest(sam).call)

    call_id = newest(sam).call
    assert house.services.desk.join(claims(call_id, "sam", "payer"), caller) is None
    house.services.desk.said(call_id, caller, LeaveMessage())
    await until(lambda: seen(ada) == [("Sam", "asleep")], "Sam is stepped over")
    assert newest(sam).asleep, "and Sam's page, which is open all the time, can tell it"
    kims = await join(house, house.kim)
    assert kims["state"] in ("called", "waiting")
    await until(lambda: ("Kim", "called") in seen(ada), "the next one is called")
    # What wallets hold is looked up in the background.
    waits = house.services.office.live
    await until(lambda: waits("ada").waits_ms == [0, 150_000], "as long as Kim can pay for, and not Sam too")
    again = page(house, mine["id"], "sam")
    assert (newest(again).asleep, newest(again).state) == (False, "waiting"), "Sam is there again"
    house.services.office.leave(mine["id"], "sam")
    assert sam.closed


# -- access ------------------------------------------------------------------------------------------------


async def test_a_place_is_its_clients_alone(house: House) -> None:
    house.online()
    await house.talk(house.sam)
    mine = await join(house, house.kim)
    for method, path in [("GET", ""), ("POST", "/leave"), ("POST", "/connect")]:
        asked = await house.ask(method, f"line/{mine['id']}{path}", house.sam)
        assert asked.code == "line.unknown", path
        assert (await house.ask(method, f"line/{mine['id']}{path}", house.ada)).code == "auth.forbidden"
        assert (await house.ask(method, f"line/{mine['id']}{path}")).code == "auth.missing"
    assert (await house.ask("GET", "line", house.sam)).body["places"] == []
    assert (await place(house, house.kim, mine["id"]))["state"] == "waiting"
    connected = await house.ask("POST", f"line/{mine['id']}/connect", house.kim)
    assert connected.status == 201
    left = await house.ask("POST", f"line/{mine['id']}/leave", house.kim)
    assert left.body["place"]["state"] == "ended"
    assert (await house.ask("POST", f"line/{mine['id']}/connect", house.kim)).code == "line.ended"
    stranger = LineClaims(mine["id"], "sam", "test", 2**50, secrets.token_hex(6))
    refused = house.services.office.page_joined(stranger, Wire())
    assert refused is not None
    assert refused.code == "line.unknown"


async def test_only_experts_have_an_office_and_only_clients_wait(house: House) -> None:
    for login, code in [("", "auth.missing"), (house.sam, "auth.forbidden"), (house.ola, "auth.forbidden")]:
        assert (await house.ask("GET", "office", login)).code == code
        assert (await house.ask("POST", "office", login, {"mode": "off"})).code == code
    for login, code in [("", "auth.missing"), (house.grace, "auth.forbidden"), (house.ola, "auth.forbidden")]:
        assert (await house.ask("POST", "experts/ada/line", login, {})).code == code
        assert (await house.ask("GET", "line", login)).code == code
    await house.ask("POST", "office", house.grace, {"mode": "off"})
    assert (await house.ask("GET", "office", house.ada)).body["office"]["mode"] == "open", (
        "each has their own"
    )
    assert (await house.ask("POST", "experts/nobody/line", house.sam, {})).code == "expert.unknown"


async def test_a_pause_is_kept_as_the_moment_that_was_told(house: House) -> None:
    until = datetime(2026, 11, 21, 9, 41, 38, 301_999, tzinfo=UTC)
    store = AvailabilityStore(house.life.database)
    await store.put("ada", Availability(paused_until=until))
    kept = (await store.all())["ada"].paused_until
    assert kept is not None
    assert iso(kept) == iso(until) == "2026-11-21T09:41:38.301Z"
