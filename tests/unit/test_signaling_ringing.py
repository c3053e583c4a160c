"""Before the answer: who hears a call ring, how it stops, and that none of it costs anything."""

from __future__ import annotations

import pytest
from rig.desk import DeskWorld

from signaling.messages import (
    AcceptedMessage,
    AcceptMessage,
    DeclineMessage,
    EndedMessage,
    LeaveMessage,
    PresenceMessage,
    RoomMessage,
    StoppedRingingMessage,
    WelcomeMessage,
)


async def test_decline_tells_the_caller_with_the_note() -> None:
    world = await DeskWorld().open()
    page, payer = await world.ringing()
    assert world.desk.page_said("host", page, DeclineMessage("call", "in an hour")) is None
    await world.passes(0)
    ended = payer.last(EndedMessage)
    assert (ended.reason, ended.note, ended.charge_minor) == ("declined", "in an hour", 0)
    assert page.last(StoppedRingingMessage).why == "declined"
    assert page.last(PresenceMessage).ringing == []
    assert not world.desk.busy("host")
    await world.clean()


async def test_caller_who_hangs_up_before_the_answer_pays_nothing() -> None:
    world = await DeskWorld().open()
    page, payer = await world.ringing()
    await world.passes(3_000)
    await world.hang_up("call", payer)
    assert payer.last(EndedMessage).reason == "cancelled"
    assert page.last(StoppedRingingMessage).why == "cancelled"
    assert (await world.account()).charge_minor == 0
    await world.clean()


async def test_caller_whose_page_closes_has_a_moment_to_come_back() -> None:
    world = await DeskWorld().open()
    page, payer = await world.ringing()
    await world.drop("call", payer)
    await world.passes(7_000)
    again = await world.join("call", "payer")
    await world.passes(20_000)
    assert page.all(StoppedRingingMessage) == []
    await world.drop("call", again)
    await world.passes(8_000)
    assert page.last(StoppedRingingMessage).why == "cancelled"
    await world.clean()


async def test_caller_who_never_comes_is_cancelled() -> None:
    world = await DeskWorld().open()
    page = world.page()
    await world.ring()
    await world.passes(8_000)
    assert page.last(StoppedRingingMessage).why == "cancelled"
    await world.clean()


async def test_no_answer_after_the_ring_time() -> None:
    world = await DeskWorld().open()
    page, payer = await world.ringing()
    await world.passes(44_999)
    assert payer.all(EndedMessage) == []
    await world.passes(1)
    assert payer.last(EndedMessage).reason == "no_answer"
    assert page.last(StoppedRingingMessage).why == "no_answer"
    await world.clean()


async def test_host_whose_pages_vanish_keeps_ringing_until_the_time_is_up() -> None:
    world = await DeskWorld().open()
    page, payer = await world.ringing()
    world.desk.page_dropped("host", page)
    await world.passes(2_000)
    assert world.desk.online("host")
    await world.passes(2_000)
    assert not world.desk.online("host")
    again = world.page()
    assert [call.id for call in again.last(PresenceMessage).ringing] == ["call"]
    assert again.last(PresenceMessage).ringing[0].ring_left_ms == 41_000
    world.desk.page_dropped("host", again)
    await world.passes(41_000)
    assert payer.last(EndedMessage).reason == "host_offline"
    await world.clean()


async def test_two_pages_ring_and_the_first_to_accept_stops_the_other() -> None:
    world = await DeskWorld().open()
    first, payer = await world.ringing()
    second = world.page()
    world.desk.page_said("host", first, AcceptMessage("call"))
    world.desk.page_said("host", second, AcceptMessage("call"))
    await world.passes(0)
    assert first.last(AcceptedMessage).call == "call"
    assert second.all(AcceptedMessage) == []
    assert second.codes() == ["call.taken"]
    assert second.last(StoppedRingingMessage).why == "accepted_elsewhere"
    assert second.last(PresenceMessage).open_call == "call"
    assert first.all(StoppedRingingMessage) == []
    host = await world.use(first.last(AcceptedMessage).token)
    assert host.last(WelcomeMessage).role == "host"
    assert payer.last(RoomMessage).call.state == "open"


@pytest.mark.parametrize("first", ["accept", "hang up"])
async def test_accepted_and_hung_up_at_the_same_instant(first: str) -> None:
    """Whoever was first is believed; the other hears what became of it, and nothing is paid."""
    world = await DeskWorld().open()
    page, payer = await world.ringing()
    presses = [
        lambda: world.desk.page_said("host", page, AcceptMessage("call")),
        lambda: world.desk.said("call", payer, LeaveMessage()),
    ]
    for press in presses if first == "accept" else reversed(presses):
        press()
    await world.passes(0)
    ended = payer.last(EndedMessage)
    if first == "accept":
        assert page.last(AcceptedMessage).call == "call"
        assert ended.reason == "payer_left"
    else:
        assert page.all(AcceptedMessage) == []
        assert page.codes() == ["call.ended"]
        assert ended.reason == "cancelled"
    assert (ended.charge_minor, page.last(PresenceMessage).open_call) == (0, None)
    assert not world.desk.busy("host")
    await world.clean()


async def test_one_page_accepts_while_the_other_declines() -> None:
    world = await DeskWorld().open()
    first, payer = await world.ringing()
    second = world.page()
    world.desk.page_said("host", first, AcceptMessage("call"))
    world.desk.page_said("host", second, DeclineMessage("call", "no"))
    await world.passes(0)
    assert first.last(AcceptedMessage).call == "call"
    assert payer.all(EndedMessage) == []
    assert payer.last(RoomMessage).call.state == "open"
    assert second.last(StoppedRingingMessage).why == "accepted_elsewhere"


async def test_setup_time_out_when_media_never_stands_on_both_sides() -> None:
    world = await DeskWorld().open()
    page, payer = await world.ringing()
    await world.up("call", payer)
    world.desk.page_said("host", page, AcceptMessage("call"))
    await world.passes(59_999)
    assert payer.all(EndedMessage) == []
    await world.passes(1)
    ended = payer.last(EndedMessage)
    assert (ended.reason, ended.used_ms, ended.charge_minor) == ("setup_timeout", 0, 0)
    await world.clean()
