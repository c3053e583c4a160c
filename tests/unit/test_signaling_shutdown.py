"""Closing: who hears of it, in which order, and that nothing is left."""

from __future__ import annotations

import asyncio

from rig.desk import DeskWorld
from rig.ledger_faults import FaultyLedger

from signaling.errors import Refused
from signaling.messages import EndedMessage, MeterMessage, StoppingMessage


async def close(world: DeskWorld, ms: int = 100) -> None:
    closing = asyncio.ensure_future(world.desk.close())
    await world.passes(ms)
    await closing


async def test_shutdown_tells_settles_and_closes() -> None:
    world = await DeskWorld().open()
    talk = await world.talking("call", host="host")
    page = world.page("other")
    await world.ring("ringing", host="other")
    caller = await world.join("ringing", "payer")
    await world.passes(5_000)
    await close(world)
    kinds = [type(message) for message in talk.payer.got]
    assert kinds.index(StoppingMessage) < kinds.index(EndedMessage)
    assert (talk.ended.reason, talk.ended.used_ms, talk.ended.settled) == ("shutdown", 5_000, True)
    assert caller.last(EndedMessage).reason == "shutdown"
    assert page.all(StoppingMessage)
    assert page.last(StoppingMessage).retry_ms > 0
    await world.clean()


async def test_nothing_new_while_it_stops() -> None:
    world = await DeskWorld().open()
    page = world.page()
    await close(world)
    assert await world.ring() == Refused.of("server.stopping")
    assert world.desk.page_joined("host", page) == Refused.of("server.stopping")
    await close(world)


async def test_shutdown_does_not_wait_for_ever_and_recovery_settles_what_is_left() -> None:
    world = DeskWorld()
    ledger = FaultyLedger(world.money, world.clock)
    await world.open(10_000, ledger)
    talk = await world.talking()
    await world.passes(3_000)
    heart = world.heart()
    await world.money.beat(heart.compose(world.clock.now_ms()))
    ledger.break_all("silent")
    await close(world, 6_000)
    assert (talk.ended.reason, talk.ended.settled, talk.ended.used_ms) == ("shutdown", False, 3_000)
    await world.supervisor.close()
    assert len(world.supervisor) == 0
    await world.money.take_over("node")
    (account,) = await world.money.recover("2026-01-01T00:01:00Z")
    assert 2_600 <= account.used_ms <= 3_000
    assert await world.money.reconcile() == []


async def test_call_that_is_being_opened_when_the_shutdown_begins_is_settled_too() -> None:
    world = DeskWorld()
    ledger = FaultyLedger(world.money, world.clock)
    await world.open(10_000, ledger)
    world.page()
    ledger.delays_ms = {"open_call": 500}
    asked = asyncio.ensure_future(world.ring())
    await world.passes(100)
    closing = asyncio.ensure_future(world.desk.close())
    await world.passes(2_000)
    await asyncio.gather(asked, closing)
    assert (await world.account()).state == "settled"
    await world.clean()


async def test_fault_in_a_call_ends_that_call_only() -> None:
    world = await DeskWorld().open()
    one = await world.talking("one", host="ada")
    two = await world.talking("two", host="ben")
    await world.passes(4_000)

    def explode(_room: str) -> None:
        raise RuntimeError("a fault in the media engine")

    world.media.hold_room = explode  # type: ignore[method-assign]
    await world.pause("one", one.payer)
    assert (one.ended.reason, one.ended.used_ms) == ("shutdown", 4_000)
    assert world.counts["task_crashes", "call"] == 1
    await world.passes(2_000)
    await world.hang_up("two", two.payer)
    assert two.ended.used_ms == 6_000
    assert two.host.all(MeterMessage)
    await world.clean()


async def test_a_hundred_calls_leave_nothing_behind() -> None:
    world = await DeskWorld().open(100_000)
    for n in range(100):
        talk = await world.talking(f"call{n}")
        await world.passes(1_000)
        await world.hang_up(talk.call, talk.host)
        world.desk.page_dropped("host", talk.page)
    assert (await world.money.balance("payer")).available_minor == 100_000 - 100
    await world.passes(60_000)
    await world.clean()
    assert world.supervisor.names() == []
