"""The heartbeat never claims an instant that turns out undelivered, however the server dies."""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from rig.desk import DeskWorld, Talk
from rig.ledger_faults import FaultyLedger

from metering.facts import Heartbeat
from metering.memory import MemoryLedger
from signaling.heartbeat import CALLS_A_TURN, Heart
from signaling.messages import PauseMessage


async def beating(world: DeskWorld) -> Heart:
    heart = world.heart()
    world.supervisor.spawn("heartbeat", heart.run())
    await world.passes(0)
    return heart


def beat_of(world: DeskWorld) -> Heartbeat:
    return world.money.books.beats["node", 1]


async def test_beats_on_the_quarter_second_a_little_behind_the_present() -> None:
    world = await DeskWorld().open()
    await beating(world)
    start_ms = world.clock.now_ms()
    await world.passes(1_100)
    assert beat_of(world) == Heartbeat(start_ms + 1_000 - 300, {})
    assert world.counts["beats", "written"] == 5


async def test_running_call_in_good_health_is_no_exception() -> None:
    world = await DeskWorld().open()
    await world.talking()
    await beating(world)
    await world.passes(5_000)
    assert beat_of(world).exceptions == {}


async def test_stale_proof_is_an_exception_before_anybody_judges_it() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    heart = await beating(world)
    await world.passes(5_000)
    died_ms = world.clock.now_ms()
    world.freeze(talk.host_peer)
    await world.passes(1_000)
    assert heart.compose(world.clock.now_ms()).exceptions == {"call": died_ms}
    assert beat_of(world).exceptions == {"call": died_ms}


async def test_an_end_that_is_not_durable_yet_bounds_the_claim() -> None:
    world = DeskWorld()
    ledger = FaultyLedger(world.money, world.clock)
    await world.open(10_000, ledger)
    talk = await world.talking()
    heart = await beating(world)
    await world.passes(3_000)
    ledger.faults = {"record": "silent"}
    paused_ms = world.clock.now_ms()
    await world.pause("call", talk.payer)
    await world.passes(2_000)
    await world.resume("call", talk.payer)
    await world.passes(2_000)
    assert heart.compose(world.clock.now_ms()).exceptions == {"call": paused_ms}
    ledger.heal()
    await world.passes(10_000)
    assert heart.compose(world.clock.now_ms()).exceptions == {}


async def test_what_lies_in_the_inbox_bounds_the_claim() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    heart = await beating(world)
    await world.passes(3_000)
    paused_ms = world.clock.now_ms()
    world.desk.said("call", talk.payer, PauseMessage())
    world.clock.crank(1_000)
    assert heart.compose(world.clock.now_ms()).exceptions == {"call": paused_ms}


async def test_an_exhaustion_that_a_late_timer_has_not_noticed_bounds_the_claim() -> None:
    world = await DeskWorld().open(12)
    await world.talking()
    heart = await beating(world)
    began_ms = world.clock.now_ms()
    await world.passes(11_000)
    world.clock._now_ms += 9_000  # the loop was stopped; no timer has rung yet
    beat = heart.compose(world.clock.now_ms())
    assert beat.exceptions["call"] <= began_ms + 13_000


async def test_settled_calls_are_claimed_no_more() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(1_000)
    world.freeze(talk.host_peer)
    await world.hang_up("call", talk.payer)
    await world.passes(1_000)
    assert list(world.desk.claims(world.clock.now_ms())) == []


async def test_a_beat_in_flight_is_not_overtaken_and_a_failed_one_not_the_last() -> None:
    world = DeskWorld()
    ledger = FaultyLedger(world.money, world.clock)
    await world.open(10_000, ledger)
    heart = Heart(world.clock, ledger, world.desk, lambda: None, world.options, world.counts)
    world.supervisor.spawn("heartbeat", heart.run())
    ledger.delays_ms = {"beat": 900}
    await world.passes(2_900)
    assert ledger.asked["beat"] == 3
    ledger.delays_ms = {}
    ledger.faults = {"beat": "unavailable"}
    await world.passes(2_000)
    assert world.counts["beats", "failed"] >= 4
    ledger.heal()
    await world.passes(500)
    assert beat_of(world).safe_at_ms > world.clock.now_ms() - 600


async def test_a_beat_for_many_calls_lets_others_run_and_is_no_other() -> None:
    world = await DeskWorld().open()
    turns = 0

    class Many:
        def claims(self, now_ms: int) -> Iterator[tuple[str, int]]:
            yield from ((f"call-{number}", now_ms - number) for number in range(1_000))

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    heart = Heart(world.clock, world.money, Many(), lambda: None, world.options, world.counts)
    beside = asyncio.create_task(others())
    beating = asyncio.create_task(heart.run())
    while not world.money.books.beats:  # noqa: ASYNC110 - turns of the loop are what is counted here
        await asyncio.sleep(0)
    assert turns >= 1_000 // CALLS_A_TURN
    assert beat_of(world) == heart.compose(world.clock.now_ms())
    assert len(beat_of(world).exceptions) == 1_000 - world.options.beat_margin_ms - 1
    beside.cancel()
    beating.cancel()


async def test_fenced_heart_stops_the_server() -> None:
    world = await DeskWorld().open()
    heart = await beating(world)
    assert world.fenced == 0
    await MemoryLedger(world.money.books).take_over("node")
    await world.passes(1_000)
    assert world.fenced == 1
    assert world.supervisor.names() == []
    assert heart is not None


async def test_media_that_returns_is_not_claimed_by_a_beat_from_before() -> None:
    """It counts from half a second back, while the other side is silent and nobody has noticed."""
    world = await DeskWorld().open()
    talk = await world.talking()
    await beating(world)
    await world.passes(5_000)
    died_ms = world.clock.now_ms()
    world.media.interrupt(talk.payer_peer, died_ms)
    world.freeze(talk.host_peer)
    await world.passes(1_100)
    beat = beat_of(world)
    world.media.connect(talk.payer_peer, world.clock.now_ms() - 500)
    await world.passes(0)
    began_ms = world.money.books.calls["call"].events[-1].at_ms
    assert began_ms < beat.safe_at_ms, "the beat must be younger than the interval for this to mean anything"
    assert beat_of(world) == beat
    assert await recovered_ms(world) == 5_000


# -- crash at any moment -----------------------------------------------------------------------------------


@dataclass
class Truth:
    """What was really delivered: when both were there, nobody had paused and nobody was silent."""

    world: DeskWorld
    obstacles: set[str] = field(default_factory=set)
    since_ms: int | None = None
    used_ms: int = 0

    def free(self) -> None:
        if self.since_ms is None and not self.obstacles:
            self.since_ms = self.world.clock.now_ms()

    def stop(self, why: str) -> None:
        self.obstacles.add(why)
        if self.since_ms is not None:
            self.used_ms += self.world.clock.now_ms() - self.since_ms
            self.since_ms = None

    def go_on(self, why: str) -> None:
        self.obstacles.discard(why)
        self.free()

    def now_ms(self) -> int:
        running = 0 if self.since_ms is None else self.world.clock.now_ms() - self.since_ms
        return self.used_ms + running


async def recovered_ms(world: DeskWorld) -> int:
    """What a restart would bill if the server died at this very moment."""
    ledger = MemoryLedger(copy.deepcopy(world.money.books))
    await ledger.take_over("node")
    (account,) = await ledger.recover("2026-01-01T01:00:00Z")
    assert await ledger.reconcile() == []
    assert account.charge_minor <= world.tariff.charge(account.used_ms)
    return account.used_ms


async def live(world: DeskWorld, talk: Talk, truth: Truth, chance: random.Random) -> tuple[int, int]:
    """One piece of a call's life, with a crash tried at a random instant of it. (recovered, true) usage."""
    match chance.randrange(5):
        case 0:
            truth.stop("pause")
            await world.pause("call", talk.payer)
            await world.passes(chance.randrange(900))
            truth.go_on("pause")
            await world.resume("call", talk.payer)
        case 1:
            # Media stops; the engine notices 2.5 s later and says since when.
            truth.stop("loss")
            world.freeze(talk.host_peer)
            died_ms = world.clock.now_ms()
            await world.passes(chance.randrange(2_500))
            if chance.random() < 0.5:
                return await recovered_ms(world), truth.now_ms()
            await world.passes(2_500 - (world.clock.now_ms() - died_ms))
            del world.media.last_alive_ms  # type: ignore[attr-defined]
            world.media.interrupt(talk.host_peer, died_ms)
            await world.passes(chance.randrange(1_000))
            truth.go_on("loss")
            world.media.connect(talk.host_peer)
            await world.passes(0)
        case _:
            pass
    await world.passes(chance.randrange(1_500))
    return await recovered_ms(world), truth.now_ms()


@pytest.mark.parametrize("seed", range(40))
async def test_crash_at_any_moment_bills_no_more_than_was_delivered(seed: int) -> None:
    chance = random.Random(seed)
    world = DeskWorld()
    ledger = FaultyLedger(world.money, world.clock)
    await world.open(100_000, ledger)
    talk = await world.talking()
    truth = Truth(world)
    truth.free()
    await beating(world)
    for _ in range(12):
        ledger.delays_ms = {"record": chance.choice([0, 0, 150, 700]), "extend": chance.choice([0, 300])}
        billed_ms, true_ms = await live(world, talk, truth, chance)
        assert billed_ms <= true_ms, f"seed {seed}: billed {billed_ms} ms, delivered {true_ms} ms"
        if "loss" in truth.obstacles:
            break
        # Not by billing nothing, either: what is lost is the margin, the beat and what is not durable yet.
        assert billed_ms >= true_ms - 3_500
    await world.supervisor.close()
    await asyncio.sleep(0)
