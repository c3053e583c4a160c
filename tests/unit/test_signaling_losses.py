"""Lost and found: reloads, second tabs, lost media; what is billed is what was delivered."""

from __future__ import annotations

import pytest
from rig.desk import DeskWorld

from signaling.messages import (
    AnswerMessage,
    EndedMessage,
    GiftMessage,
    LeaveMessage,
    MeterMessage,
    SupersededMessage,
    WelcomeMessage,
)


def reasons(events: object) -> list[str]:
    assert isinstance(events, tuple)
    return [event.reason for event in events]


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


async def test_hang_up_before_a_loss_is_noticed_bills_to_the_last_proof_of_life() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(10_000)
    world.freeze(talk.host_peer)
    await world.passes(1_700)
    await world.hang_up("call", talk.payer)
    assert talk.ended.used_ms == 10_000
    assert (await world.account()).used_ms == 10_000


async def test_pause_before_a_loss_is_noticed_is_recorded_at_the_last_proof_of_life() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(10_000)
    world.freeze(talk.payer_peer)
    await world.passes(1_700)
    await world.pause("call", talk.host)
    assert (await world.account()).used_ms == 10_000


async def test_the_other_sides_end_before_a_loss_is_noticed_is_recorded_at_the_last_proof_of_life() -> None:
    for closes in ("reload", "goes"):
        world = await DeskWorld().open()
        talk = await world.talking()
        await world.passes(10_000)
        world.freeze(talk.host_peer)
        await world.passes(1_700)
        if closes == "reload":
            await world.offer("call", await world.join("call", "payer"))
        else:
            world.media.go(talk.payer_peer)
            await world.passes(0)
        assert (await world.account()).used_ms == 10_000, closes


async def test_money_that_comes_before_a_loss_is_noticed_records_no_more_than_was_delivered() -> None:
    for comes in ("top-up", "gift"):
        world = await DeskWorld().open(12)
        talk = await world.talking()
        await world.passes(12_800)
        world.freeze(talk.payer_peer)
        await world.passes(700)
        if comes == "top-up":
            await world.fund("payer", 5)
            world.desk.funds_arrived("payer")
            await world.passes(0)
        else:
            await world.say("call", talk.host, GiftMessage(60_000))
        assert (await world.account()).used_ms == 12_800, comes


async def test_proof_as_fresh_as_flowing_media_leaves_it_counts_as_now() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(10_000)
    world.freeze(talk.payer_peer)
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
    page, payer = await world.ringing()
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
