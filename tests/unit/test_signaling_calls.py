"""Whole calls in milliseconds: what people do, what it costs, what everybody is told."""

from __future__ import annotations

import asyncio

import pytest
from rig.desk import DeskWorld, Line, Talk

from media.errors import MediaError
from metering.facts import Began, Stopped
from metering.tariff import Tariff
from signaling.errors import Refused
from signaling.messages import (
    AcceptedMessage,
    AcceptMessage,
    AnswerMessage,
    CallView,
    DeclineMessage,
    EndedMessage,
    ErrorMessage,
    LeaveMessage,
    MeterMessage,
    OfferMessage,
    PauseMessage,
    PresenceMessage,
    PublishLine,
    RoomMessage,
    StateMessage,
    StoppedRingingMessage,
    SubscribeLine,
    SupersededMessage,
    WelcomeMessage,
)
from signaling.options import SignalingOptions


async def ringing(world: DeskWorld) -> tuple[Line, Line]:
    """A call that rings: the host's page and the caller's connection."""
    page = world.page()
    assert isinstance(await world.ring(), CallView)
    return page, await world.join("call", "payer")


def reasons(events: object) -> list[str]:
    assert isinstance(events, tuple)
    return [event.reason for event in events]


# -- the ordinary way --------------------------------------------------------------------------------------


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
    page, payer = await ringing(world)
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


# -- before the answer -------------------------------------------------------------------------------------


async def test_decline_tells_the_caller_with_the_note() -> None:
    world = await DeskWorld().open()
    page, payer = await ringing(world)
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
    page, payer = await ringing(world)
    await world.passes(3_000)
    await world.hang_up("call", payer)
    assert payer.last(EndedMessage).reason == "cancelled"
    assert page.last(StoppedRingingMessage).why == "cancelled"
    assert (await world.account()).charge_minor == 0
    await world.clean()


async def test_caller_whose_page_closes_has_a_moment_to_come_back() -> None:
    world = await DeskWorld().open()
    page, payer = await ringing(world)
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
    page, payer = await ringing(world)
    await world.passes(44_999)
    assert payer.all(EndedMessage) == []
    await world.passes(1)
    assert payer.last(EndedMessage).reason == "no_answer"
    assert page.last(StoppedRingingMessage).why == "no_answer"
    await world.clean()


async def test_host_whose_pages_vanish_keeps_ringing_until_the_time_is_up() -> None:
    world = await DeskWorld().open()
    page, payer = await ringing(world)
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
    first, payer = await ringing(world)
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


async def test_setup_time_out_when_media_never_stands_on_both_sides() -> None:
    world = await DeskWorld().open()
    page, payer = await ringing(world)
    await world.up("call", payer)
    world.desk.page_said("host", page, AcceptMessage("call"))
    await world.passes(59_999)
    assert payer.all(EndedMessage) == []
    await world.passes(1)
    ended = payer.last(EndedMessage)
    assert (ended.reason, ended.used_ms, ended.charge_minor) == ("setup_timeout", 0, 0)
    await world.clean()


# -- lost and found ----------------------------------------------------------------------------------------


async def test_lost_media_stops_the_meter_at_the_last_proof_of_life() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(12_500)
    world.media.interrupt(talk.payer_peer, world.clock.now_ms() - 2_500)
    await world.passes(0)
    assert (talk.meter.state, talk.meter.why, talk.meter.used_ms) == ("reconnecting", "payer_lost", 10_000)
    await world.passes(4_000)
    world.media.connect(talk.payer_peer)
    await world.passes(5_000)
    await world.hang_up("call", talk.payer)
    assert talk.ended.used_ms == 15_000
    assert reasons((await world.account()).events) == ["media_up", "payer_lost", "reconnected", "payer_left"]


def freeze(world: DeskWorld, peer_id: str) -> None:
    """The peer's media stops now, and the engine has not noticed yet."""
    died_ms = world.clock.now_ms()
    alive = world.media.last_alive_ms
    world.media.last_alive_ms = lambda peer: died_ms if peer == peer_id else alive(peer)  # type: ignore[method-assign]


async def test_hang_up_before_a_loss_is_noticed_bills_to_the_last_proof_of_life() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(10_000)
    freeze(world, talk.host_peer)
    await world.passes(1_700)
    await world.hang_up("call", talk.payer)
    assert talk.ended.used_ms == 10_000
    assert (await world.account()).used_ms == 10_000


async def test_pause_before_a_loss_is_noticed_is_recorded_at_the_last_proof_of_life() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(10_000)
    freeze(world, talk.payer_peer)
    await world.passes(1_700)
    await world.pause("call", talk.host)
    assert (await world.account()).used_ms == 10_000


async def test_proof_as_fresh_as_flowing_media_leaves_it_counts_as_now() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(10_000)
    freeze(world, talk.payer_peer)
    await world.passes(20)
    await world.pause("call", talk.host)
    assert (await world.account()).used_ms == 10_020


@pytest.mark.parametrize(("gone", "reason"), [("payer", "payer_gone"), ("host", "host_gone")])
async def test_party_without_media_for_half_a_minute_is_gone(gone: str, reason: str) -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(10_000)
    world.media.go(talk.payer_peer if gone == "payer" else talk.host_peer)
    await world.passes(29_999)
    assert not talk.payer.closed
    await world.passes(1)
    assert (talk.ended.reason, talk.ended.used_ms) == (reason, 10_000)
    await world.clean()


async def test_room_in_which_nobody_is_left_is_empty() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(1_000)
    world.media.go(talk.payer_peer)
    await world.passes(10_000)
    world.media.go(talk.host_peer)
    await world.passes(20_000)
    assert (talk.ended.reason, talk.ended.used_ms) == ("room_empty", 1_000)


async def test_reload_resumes_the_call_and_pays_only_for_delivered_media() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(10_000)
    world.media.interrupt(talk.payer_peer)
    await world.drop("call", talk.payer)
    assert world.media.lost == [talk.payer_peer]
    await world.passes(1_500)
    again = await world.join("call", "payer")
    assert again.last(WelcomeMessage).you == talk.payer.last(WelcomeMessage).you
    peer = await world.up("call", again)
    assert peer != talk.payer_peer
    assert talk.payer_peer not in world.media.peer_ids
    await world.passes(5_000)
    await world.hang_up("call", again)
    assert again.last(EndedMessage).used_ms == 15_000


async def test_second_tab_supersedes_the_first_and_its_peer_at_the_last_proof() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(10_000)
    tab = await world.join("call", "payer")
    assert isinstance(talk.payer.got[-1], SupersededMessage)
    assert talk.payer.closed
    # The old peer lives on until the new tab offers: media did not stop, so neither does the meter.
    await world.passes(2_000)
    assert tab.last(WelcomeMessage).meter.state == "running"
    peer = await world.offer("call", tab)
    await world.passes(3_000)
    assert tab.last(MeterMessage).meter.why == "payer_lost"
    world.media.connect(peer)
    await world.passes(4_000)
    await world.hang_up("call", tab)
    assert tab.last(EndedMessage).used_ms == 16_000


async def test_messages_of_a_superseded_connection_are_ignored() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    tab = await world.join("call", "payer")
    await world.say("call", talk.payer, LeaveMessage())
    await world.drop("call", talk.payer)
    await world.passes(1_000)
    assert tab.all(EndedMessage) == []
    assert tab.last(WelcomeMessage).call.state == "open"
    assert world.media.lost == []


async def test_lost_socket_with_living_media_costs_nothing_and_stops_nothing() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.drop("call", talk.payer, clean=False)
    assert world.media.lost == []
    await world.passes(40_000)
    again = await world.join("call", "payer")
    assert again.last(WelcomeMessage).meter.state == "running"
    assert again.last(WelcomeMessage).meter.used_ms == 40_000


async def test_late_offer_of_the_same_connection_keeps_the_peer() -> None:
    world = await DeskWorld().open()
    page, payer = await ringing(world)
    peer = await world.offer("call", payer, 1, session="one")
    assert await world.offer("call", payer, 2, session="one") == peer
    assert [answer.n for answer in payer.all(AnswerMessage)] == [1, 2]
    assert await world.offer("call", payer, 3, session="two") != peer
    assert len(world.media.peer_ids) == 1
    assert page.codes() == []


async def test_both_hang_up_at_once_and_it_ends_once() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(7_000)
    world.desk.said("call", talk.host, LeaveMessage())
    world.desk.said("call", talk.payer, LeaveMessage())
    await world.passes(0)
    assert len(talk.payer.all(EndedMessage)) == len(talk.host.all(EndedMessage)) == 1
    assert (talk.ended.reason, talk.ended.used_ms) == ("host_left", 7_000)
    await world.clean()


# -- money runs out ----------------------------------------------------------------------------------------


async def exhausted(funds_minor: int = 12) -> tuple[DeskWorld, Talk]:
    world = await DeskWorld().open(funds_minor)
    talk = await world.talking()
    await world.passes(funds_minor * 1_000 + 2_000)
    return world, talk


async def test_funds_run_out_softly_and_a_top_up_goes_on() -> None:
    world, talk = await exhausted()
    assert (talk.meter.state, talk.meter.why) == ("exhausted", "funds")
    assert talk.meter.balance_minor == 0
    assert talk.meter.soft_left_ms is not None
    assert world.media.held("call")
    await world.passes(20_000)
    await world.fund("payer", 30)
    world.desk.funds_arrived("payer")
    await world.passes(0)
    assert talk.meter.state == "running"
    assert not world.media.held("call")
    await world.passes(10_000)
    await world.hang_up("call", talk.payer)
    assert abs(talk.ended.used_ms - 23_000) <= 1_000
    assert talk.ended.balance_minor == 42 - talk.ended.charge_minor
    await world.clean()


async def test_funds_run_out_for_good() -> None:
    world, talk = await exhausted()
    await world.passes(61_000)
    ended = talk.ended
    assert (ended.reason, ended.charge_minor, ended.balance_minor) == ("funds", 12, 0)
    assert ended.used_ms < 13_000
    await world.clean()


async def test_low_balance_is_told_before_the_end() -> None:
    world = await DeskWorld().open(90)
    talk = await world.talking()
    assert not talk.meter.low
    await world.passes(32_000)
    assert talk.meter.low
    assert talk.meter.left_ms <= 60_000
    assert not talk.host.last(MeterMessage).meter.low


async def test_two_calls_empty_one_wallet_and_never_more() -> None:
    world = await DeskWorld().open(60)
    one = await world.talking("one", host="ada")
    two = await world.talking("two", host="ben")
    await world.passes(200_000)
    charges = [talk.ended.charge_minor for talk in (one, two)]
    assert one.ended.reason == two.ended.reason == "funds"
    assert sum(charges) == 60
    assert min(charges) >= 20
    assert (await world.money.balance("payer")).available_minor == 0
    await world.clean()


async def test_a_settled_call_gives_its_hold_to_the_other_of_the_wallet() -> None:
    world = await DeskWorld().open(40)
    one = await world.talking("one", host="ada")
    two = await world.talking("two", host="ben")
    await world.passes(5_000)
    await world.hang_up("one", one.payer)
    await world.passes(29_500)
    assert two.meter.state == "running"
    await world.hang_up("two", two.payer)
    assert two.ended.used_ms == 34_500
    assert (await world.money.balance("payer")).held_minor == 0


async def test_a_free_call_runs_without_money() -> None:
    world = await DeskWorld(tariff=Tariff("USD", price_minor=0)).open(0)
    talk = await world.talking()
    assert talk.meter.why == "free"
    await world.passes(600_000)
    await world.hang_up("call", talk.payer)
    assert (talk.ended.used_ms, talk.ended.charge_minor) == (600_000, 0)
    await world.clean()


# -- what is refused ---------------------------------------------------------------------------------------


async def test_create_refuses() -> None:
    world = await DeskWorld().open()
    assert await world.ring() == Refused.of("host.offline")
    world.page()
    assert await world.ring(payer="host") == Refused.of("call.self")
    assert await world.ring(payer="nobody") == Refused.of("wallet.unknown")
    await world.fund("poor", 9)
    assert await world.ring(payer="poor") == Refused.of("wallet.insufficient")
    await world.money.open_wallet("euro", "EUR")
    await world.money.top_up("euro", "e1", 5_000, "test")
    assert await world.ring(payer="euro") == Refused.of("wallet.currency")
    assert not world.desk.busy("host")
    made = await world.ring()
    assert isinstance(made, CallView)
    assert await world.ring() == made
    assert await world.ring("another") == Refused.of("host.busy")
    world.page("other")
    assert await world.ring(host="other") == Refused.of("call.exists")


async def test_a_retry_while_the_first_is_under_way_gets_the_same_call() -> None:
    world = await DeskWorld().open()
    world.page()
    one, two = await asyncio.gather(world.ring(), world.ring())
    assert isinstance(one, CallView)
    assert one == two
    assert len(world.desk) == 1


async def test_an_ended_call_is_remembered_but_not_joined() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(3_000)
    await world.hang_up("call", talk.payer)
    view = world.desk.view("call")
    assert view is not None
    assert (view.state, view.end_reason) == ("ended", "payer_left")
    assert world.desk.figures("call") == (3_000, 3)
    assert world.desk.parties("call") == ("payer", "host")
    assert await world.ring() == view
    assert world.desk.join_token("call", "payer") == Refused.of("call.ended")
    assert world.desk.join_token("never", "payer") == Refused.of("call.unknown")


async def test_tokens_are_for_those_in_the_call() -> None:
    world = await DeskWorld().open()
    await ringing(world)
    assert world.desk.join_token("call", "stranger") == Refused.of("call.not_yours")
    assert world.desk.join_token("call", "payer", "host") == Refused.of("call.not_yours")
    assert world.desk.join_token("call", "host") == Refused.of("call.ringing")
    assert world.desk.guest_token("call", "payer", "P") == Refused.of("call.not_yours")


async def test_room_of_six_is_full() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    guests = [await world.join("call", f"g{i}", "guest") for i in range(4)]
    assert len(talk.room.participants) == 6
    assert world.desk.guest_token("call", "g5", "Five") == Refused.of("room.full")
    again = await world.join("call", "g0", "guest")
    assert guests[0].closed
    assert again.last(WelcomeMessage).you == guests[0].last(WelcomeMessage).you
    await world.hang_up("call", guests[3])
    assert len(talk.room.participants) == 5
    assert await world.join("call", "g5", "guest")


async def test_guest_sees_no_money_and_may_not_pause() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    guest = await world.join("call", "g", "guest")
    await world.passes(5_000)
    await world.pause("call", guest)
    assert guest.codes() == ["role.forbidden"]
    assert talk.meter.state == "running"
    await world.pause("call", talk.payer)
    for message in [*guest.all(MeterMessage), *guest.all(WelcomeMessage)]:
        meter = message.meter
        money = (meter.charge_minor, meter.balance_minor, meter.earned_minor, meter.tariff.price_minor)
        assert money == (0, None, None, 0)
    assert all(room.call.tariff.price_minor == 0 for room in guest.all(RoomMessage))
    await world.hang_up("call", talk.payer)
    ended = guest.last(EndedMessage)
    assert (ended.charge_minor, ended.balance_minor, ended.earned_minor, ended.receipt) == (0, None, None, "")


async def test_guest_who_vanishes_leaves_the_room_and_the_call_goes_on() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    guest = await world.join("call", "g", "guest")
    peer = await world.up("call", guest)
    await world.drop("call", guest)
    assert len(talk.room.participants) == 3
    world.media.go(peer)
    await world.passes(0)
    assert len(talk.room.participants) == 2
    assert peer not in world.media.peer_ids
    assert talk.meter.state == "running"


async def test_host_does_not_see_the_balance_nor_the_payer_the_earnings() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.pause("call", talk.payer)
    assert all(message.meter.balance_minor is None for message in talk.host.all(MeterMessage))
    assert all(message.meter.left_ms is None for message in talk.host.all(MeterMessage))
    assert all(message.meter.earned_minor is None for message in talk.payer.all(MeterMessage))


async def test_voice_call_takes_no_video() -> None:
    world = await DeskWorld().open()
    world.page()
    await world.ring(media="voice")
    payer = await world.join("call", "payer")
    await world.say("call", payer, OfferMessage(4, "v=0", [PublishLine("0", "camera")], []))
    refused = payer.last(ErrorMessage)
    assert (refused.code, refused.n) == ("call.voice_only", 4)
    await world.say("call", payer, OfferMessage(5, "v=0", [PublishLine("0", "mic")], []))
    assert payer.last(AnswerMessage).n == 5


async def test_offers_may_not_reach_into_other_rooms_nor_name_a_line_twice() -> None:
    world = await DeskWorld().open()
    _, payer = await ringing(world)
    stolen = SubscribeLine("1", "other-call-payer.mic")
    await world.say("call", payer, OfferMessage(1, "v=0", [PublishLine("0", "mic")], [stolen]))
    own = SubscribeLine("0", "call-host.mic")
    await world.say("call", payer, OfferMessage(2, "v=0", [PublishLine("0", "mic")], [own]))
    assert payer.codes() == ["role.forbidden", "message.malformed"]
    assert world.media.peer_ids == ()


async def test_bad_sdp_is_passed_on_with_the_number_of_the_offer() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.say("call", talk.payer, OfferMessage(9, "nonsense", [], []))
    assert (talk.payer.last(ErrorMessage).code, talk.payer.last(ErrorMessage).n) == ("media.bad_sdp", 9)
    assert talk.host.codes() == []


async def test_engine_without_a_place_is_told_as_such_and_the_call_goes_on() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()

    def refuse(*_: object) -> None:
        raise MediaError("media.full", "full")

    opens = world.media.open_peer
    world.media.open_peer = refuse  # type: ignore[method-assign]
    await world.passes(2_000)
    await world.say("call", talk.payer, OfferMessage(7, "v=0\r\no=- new 1 x\r\na=ice-ufrag:new\r\n", [], []))
    assert (talk.payer.last(ErrorMessage).code, talk.payer.last(ErrorMessage).n) == ("media.full", 7)
    assert (talk.meter.state, talk.meter.used_ms) == ("reconnecting", 2_000)
    world.media.open_peer = opens  # type: ignore[method-assign]
    await world.up("call", talk.payer)
    assert talk.meter.state == "running"


async def test_room_on_hold_stays_so_for_peers_that_come_later() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.pause("call", talk.host)
    for peer in (talk.payer_peer, talk.host_peer):
        world.media.go(peer)
    await world.passes(0)
    assert world.media.peer_ids == ()
    await world.up("call", talk.payer)
    await world.up("call", talk.host)
    assert world.media.held("call")
    await world.resume("call", talk.host)
    assert not world.media.held("call")
    assert talk.meter.state == "running"


async def test_pause_before_the_answer_is_refused() -> None:
    world = await DeskWorld().open()
    _, payer = await ringing(world)
    await world.say("call", payer, PauseMessage())
    assert payer.codes() == ["call.not_open"]


async def test_pages_answer_only_their_own_calls() -> None:
    world = await DeskWorld().open()
    _, payer = await ringing(world)
    thief = world.page("thief")
    assert world.desk.page_said("thief", thief, AcceptMessage("call")) == Refused.of("call.not_yours")
    assert world.desk.page_said("thief", thief, AcceptMessage("none")) == Refused.of("call.unknown")
    assert payer.last(RoomMessage).call.state == "ringing"


async def test_one_page_too_many_supersedes_the_oldest() -> None:
    world = await DeskWorld(SignalingOptions(max_pages=2)).open()
    pages = [world.page() for _ in range(3)]
    assert isinstance(pages[0].got[-1], SupersededMessage)
    assert [page.closed for page in pages] == [True, False, False]


# -- ends from outside -------------------------------------------------------------------------------------


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
