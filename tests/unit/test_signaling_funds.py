"""Money runs out: softly, for good, for two calls on one wallet."""

from __future__ import annotations

from rig.desk import DeskWorld, Talk

from metering.tariff import Tariff
from signaling.messages import (
    MeterMessage,
)


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


async def test_late_packets_give_no_money_back_with_which_nothing_can_be_bought() -> None:
    whole = (await exhausted())[1].meter.used_ms
    world = await DeskWorld().open(12)
    talk = await world.talking()
    await world.passes(whole - 200)
    thaw = world.freeze(talk.payer_peer)
    await world.passes(900)
    assert talk.meter.state == "running", "whether the media went on is not known yet"
    thaw()
    await world.passes(20)
    assert (talk.meter.state, talk.meter.used_ms) == ("exhausted", whole)
    assert world.media.held("call")
    await world.passes(61_000)
    assert (talk.ended.used_ms, talk.ended.charge_minor, talk.ended.balance_minor) == (whole, 12, 0)
    await world.clean()


async def test_the_end_of_the_money_does_not_wait_long_for_packets_that_may_never_come() -> None:
    whole = (await exhausted())[1].meter.used_ms
    world = await DeskWorld().open(12)
    talk = await world.talking()
    await world.passes(whole - 200)
    world.freeze(talk.host_peer)
    await world.passes(1_220)
    assert (talk.meter.state, talk.meter.used_ms) == ("exhausted", whole - 200)
    assert world.media.held("call")
    await world.passes(61_000)
    assert talk.ended.used_ms == whole - 200
    await world.clean()


async def test_a_crash_while_the_end_waits_for_its_proof_claims_no_more_than_the_money_buys() -> None:
    whole = (await exhausted())[1].meter.used_ms
    world = await DeskWorld().open(12)
    talk = await world.talking()
    began_ms = world.clock.now_ms()
    await world.passes(whole - 200)
    thaw = world.freeze(talk.payer_peer)
    await world.passes(215)
    thaw()
    assert dict(world.desk.claims(world.clock.now_ms())) == {"call": began_ms + whole}


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
