"""Gifts of time in a call, and pauses with a word about why."""

from __future__ import annotations

from rig.desk import DeskWorld

from metering.facts import Gift, Stopped
from metering.usage import intervals
from signaling.messages import ErrorMessage, GiftMessage, MeterMessage, PauseMessage


async def test_the_host_gives_time_and_both_see_it() -> None:
    world = await DeskWorld().open(1_000)
    talk = await world.talking()
    await world.passes(10_000)
    charged = talk.meter.charge_minor
    await world.say("call", talk.host, GiftMessage(60_000))
    for line in (talk.payer, talk.host):
        meter = line.last(MeterMessage).meter
        assert (meter.why, meter.gift_left_ms) == ("gift", 60_000)
    await world.passes(30_000)
    await world.hang_up("call", talk.payer)
    assert talk.ended.used_ms == 40_000
    assert talk.ended.charge_minor == world.tariff.charge(10_000) >= charged
    gifts = [event for event in (await world.account()).events if isinstance(event, Gift)]
    assert [(gift.used_ms, gift.gift_ms) for gift in gifts] == [(10_000, 60_000)]
    await world.clean()


async def test_only_the_host_gives_and_only_in_an_open_call() -> None:
    world = await DeskWorld().open(1_000)
    talk = await world.talking()
    guest = await world.join("call", "gus", "guest")
    for line in (talk.payer, guest):
        await world.say("call", line, GiftMessage(60_000))
        assert line.last(ErrorMessage).code == "role.forbidden"
    assert talk.meter.gift_left_ms == 0


async def test_gifts_come_to_an_end() -> None:
    world = await DeskWorld().open(1_000)
    talk = await world.talking()
    for _ in range(world.options.max_gifts):
        await world.say("call", talk.host, GiftMessage(1_000))
    await world.say("call", talk.host, GiftMessage(1_000))
    assert talk.host.last(ErrorMessage).code == "gift.limit"
    assert talk.meter.gift_left_ms == world.options.max_gifts * 1_000


async def test_a_gift_in_the_soft_landing_goes_on() -> None:
    world = await DeskWorld().open(12)
    talk = await world.talking()
    await world.passes(14_000)
    assert talk.meter.state == "exhausted"
    await world.say("call", talk.host, GiftMessage(30_000))
    assert (talk.meter.state, talk.meter.why) == ("running", "gift")
    assert not world.media.held("call")


async def test_a_pause_says_why_on_both_pages_and_in_the_books() -> None:
    world = await DeskWorld().open(1_000)
    talk = await world.talking()
    await world.passes(5_000)
    await world.say("call", talk.host, PauseMessage("The doorbell"))
    assert talk.meter.pause_note == "The doorbell"
    assert talk.host.last(MeterMessage).meter.pause_note == "The doorbell"
    await world.say("call", talk.payer, PauseMessage())
    assert (talk.meter.why, talk.meter.pause_note) == ("both_paused", "The doorbell")
    await world.resume("call", talk.host)
    assert (talk.meter.why, talk.meter.pause_note) == ("payer_paused", "")
    await world.hang_up("call", talk.payer)
    stops = [event for event in (await world.account()).events if isinstance(event, Stopped)]
    assert [(stop.reason, stop.note) for stop in stops] == [("host_paused", "The doorbell")]


async def test_the_word_about_a_pause_may_come_after_it() -> None:
    world = await DeskWorld().open(1_000)
    talk = await world.talking()
    await world.passes(5_000)
    await world.pause("call", talk.payer)
    await world.passes(2_000)
    await world.say("call", talk.payer, PauseMessage("One moment"))
    assert talk.host.last(MeterMessage).meter.pause_note == "One moment"
    await world.resume("call", talk.payer)
    await world.passes(1_000)
    await world.hang_up("call", talk.payer)
    account = await world.account()
    assert [(each.end_reason, each.end_note) for each in intervals(account.events)] == [
        ("payer_paused", "One moment"),
        ("payer_left", ""),
    ]
    assert account.used_ms == 6_000
    await world.clean()


async def test_pauses_without_end_are_refused_for_a_while() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    for _ in range(world.options.pauses_at_once):
        await world.pause("call", talk.payer)
        await world.resume("call", talk.payer)
    events = len((await world.account()).events)
    await world.pause("call", talk.payer)
    assert talk.payer.last(ErrorMessage).code == "rate.limited"
    assert (talk.meter.state, len((await world.account()).events)) == ("running", events)
    await world.pause("call", talk.host)
    assert talk.meter.state == "paused", "each side has its own"
    await world.resume("call", talk.host)
    await world.passes(1_000)
    await world.pause("call", talk.payer)
    assert talk.meter.state == "paused"
