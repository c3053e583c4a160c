"""Whole calls in milliseconds: what people do, what it costs, what everybody is told."""

from __future__ import annotations

from rig.desk import DeskWorld

from metering.facts import Began, Stopped
from signaling.messages import (
    AcceptMessage,
    EndedMessage,
    MeterMessage,
    StateMessage,
    WelcomeMessage,
)


def reasons(events: object) -> list[str]:
    assert isinstance(events, tuple)
    return [event.reason for event in events]


async def test_happy_call_is_billed_for_the_time_both_were_there() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(20_000)
    await world.hang_up("call", talk.payer)
    ended = talk.ended
    assert (ended.reason, ended.used_ms, ended.charge_minor) == ("payer_left", 20_000, 20)
    assert (ended.balance_minor, ended.settled, ended.receipt) == (9_980, True, "/receipt/call")
    assert talk.host.last(EndedMessage).earned_minor == 20
    assert talk.host.last(EndedMessage).balance_minor is None
    assert talk.payer.closed
    assert talk.host.closed
    account = await world.account()
    assert reasons(account.events) == ["media_up", "payer_left"]
    assert all(event.at.endswith("Z") for event in account.events)
    await world.clean()


async def test_the_first_message_is_welcome_and_the_last_is_ended() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.hang_up("call", talk.host)
    for line, role in ((talk.payer, "payer"), (talk.host, "host")):
        assert isinstance(line.got[0], WelcomeMessage)
        assert line.got[0].role == role
        assert isinstance(line.got[-1], EndedMessage)
        assert line.got[-1].reason == "host_left"


async def test_ringing_and_connecting_cost_nothing() -> None:
    world = await DeskWorld().open()
    page, payer = await world.ringing()
    await world.up("call", payer)
    await world.passes(20_000)
    world.desk.page_said("host", page, AcceptMessage("call"))
    await world.passes(10_000)
    host = await world.join("call", "host")
    assert payer.last(MeterMessage).meter.why == "host_connecting"
    await world.up("call", host)
    await world.passes(5_000)
    await world.hang_up("call", host)
    assert payer.last(EndedMessage).used_ms == 5_000


async def test_pause_holds_media_and_money_until_both_took_theirs_back() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(10_000)
    await world.pause("call", talk.payer)
    assert world.media.held("call")
    assert (talk.meter.state, talk.meter.why) == ("paused", "payer_paused")
    await world.pause("call", talk.host)
    await world.passes(30_000)
    await world.resume("call", talk.payer)
    assert talk.meter.why == "host_paused"
    assert world.media.held("call")
    await world.resume("call", talk.host)
    assert talk.meter.state == "running"
    assert not world.media.held("call")
    await world.passes(5_000)
    await world.hang_up("call", talk.payer)
    assert talk.ended.used_ms == 15_000
    account = await world.account()
    assert reasons(account.events) == ["media_up", "payer_paused", "resumed", "payer_left"]


async def test_room_shows_who_is_here_and_what_they_publish() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    world.media.publish(talk.host_peer, ["mic", "camera"])
    await world.say("call", talk.host, StateMessage(mic=True, camera=True, screen=False))
    host = talk.room.participants[1]
    assert (host.role, host.presence, host.mic, host.camera) == ("host", "connected", True, True)
    assert [track.id for track in host.tracks] == ["call-host.mic", "call-host.camera"]
    world.media.interrupt(talk.host_peer)
    await world.passes(0)
    assert talk.room.participants[1].presence == "interrupted"


async def test_operator_ends_a_call_at_this_instant() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(8_000)
    assert [live.call.id for live in world.desk.live()] == ["call"]
    assert await world.desk.end("call", "operator")
    await world.passes(5_000)
    assert (talk.ended.reason, talk.ended.used_ms) == ("operator", 8_000)
    assert world.desk.live() == []
    assert not await world.desk.end("call", "operator")


async def test_events_record_each_interval_with_its_moments() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(1_500)
    await world.pause("call", talk.host)
    await world.passes(250)
    began, stopped = (await world.account()).events
    assert isinstance(began, Began)
    assert isinstance(stopped, Stopped)
    assert (began.at, stopped.at) == ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.500Z")
