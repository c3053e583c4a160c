"""What is refused, with which code, and that the call goes on; what each role may see."""

from __future__ import annotations

import asyncio

from rig.desk import DeskWorld

from media.errors import MediaError
from signaling.errors import Refused
from signaling.messages import (
    AcceptMessage,
    AnswerMessage,
    CallView,
    EndedMessage,
    ErrorMessage,
    MeterMessage,
    OfferMessage,
    PauseMessage,
    PublishLine,
    RoomMessage,
    SubscribeLine,
    SupersededMessage,
    WelcomeMessage,
)
from signaling.options import SignalingOptions


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
    await world.ringing()
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
    _, payer = await world.ringing()
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
    _, payer = await world.ringing()
    await world.say("call", payer, PauseMessage())
    assert payer.codes() == ["call.not_open"]


async def test_pages_answer_only_their_own_calls() -> None:
    world = await DeskWorld().open()
    _, payer = await world.ringing()
    thief = world.page("thief")
    assert world.desk.page_said("thief", thief, AcceptMessage("call")) == Refused.of("call.not_yours")
    assert world.desk.page_said("thief", thief, AcceptMessage("none")) == Refused.of("call.unknown")
    assert payer.last(RoomMessage).call.state == "ringing"


async def test_one_page_too_many_supersedes_the_oldest() -> None:
    world = await DeskWorld(SignalingOptions(max_pages=2)).open()
    pages = [world.page() for _ in range(3)]
    assert isinstance(pages[0].got[-1], SupersededMessage)
    assert [page.closed for page in pages] == [True, False, False]
