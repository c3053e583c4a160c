"""Whole calls at the desk, seeded: people, media, money and the ledger do as they please.

The truth is kept beside the desk, by what really happened: money may have run only while both sides' media
was really alive and nobody had paused. A gap that media itself healed before it was judged counts as alive,
as the engine's rule says; a gap that was judged, or that a reload ended, does not. At any step the server may
die: what a restart would bill then is compared with the truth as well.
"""

from __future__ import annotations

import copy
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from rig.desk import DeskWorld, Line
from rig.ledger_faults import FaultyLedger

from metering.memory import MemoryLedger
from metering.meter import MeterOptions
from signaling.errors import Refused
from signaling.heartbeat import Heart
from signaling.messages import AcceptMessage, DeclineMessage, EndedMessage, GiftMessage, LeaveMessage
from signaling.options import SignalingOptions

LIVES = 400
JUDGED_MS = 2_500
WILD = ["pause", "die", "heal", "heal", "reload", "drop", "fund", "ledger", "guest", "go", "gift"]
CALM = ["pause", "wait", "wait", "wait", "wait", "ledger", "fund", "gift"]
OPTIONS = SignalingOptions(meter=MeterOptions(soft_landing_ms=6_000))
reached: Counter[str] = Counter()


@dataclass
class Side:
    """Payer or host as they really are."""

    role: str
    line: Line | None = None
    peer: str | None = None
    died_ms: int | None = None
    judged: bool = False
    paused: bool = False
    alive: list[list[int]] = field(default_factory=list)
    pauses: list[list[int]] = field(default_factory=list)

    def live(self, now_ms: int) -> None:
        self.alive.append([now_ms, 1 << 60])

    def die(self, now_ms: int) -> None:
        self.alive[-1][1] = now_ms

    def is_alive(self) -> bool:
        return bool(self.alive) and self.alive[-1][1] == 1 << 60


class Life:
    """One call from ringing to receipt."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.world = DeskWorld(OPTIONS)
        self.ledger = FaultyLedger(self.world.money, self.world.clock)
        self.heart: Heart
        self.sides = {"payer": Side("payer"), "host": Side("host")}
        self.funds_minor = self.chance.choice([12, 30, 90, 10_000])
        self.faulty = self.chance.random() < 0.3
        self.calm = self.chance.random() < 0.4
        self.pages: list[Line] = []
        self.stale = 0
        self.frozen: dict[str, int] = {}

    @property
    def now_ms(self) -> int:
        return self.world.clock.now_ms()

    async def run(self) -> None:
        world = await self.world.open(self.funds_minor, self.ledger)
        alive = world.media.last_alive_ms
        world.media.last_alive_ms = lambda peer: self.frozen.get(peer, alive(peer))  # type: ignore[method-assign]
        self.heart = world.heart()
        self.pages.append(world.page())
        rung = await world.ring()
        assert not isinstance(rung, Refused)
        await self.come("payer")
        if self.chance.random() < 0.1:
            reached["declined"] += 1
            world.desk.page_said("host", self.pages[0], DeclineMessage("call"))
            return
        await self.passes(self.chance.randrange(5_000))
        world.desk.page_said("host", self.pages[0], AcceptMessage("call"))
        await world.passes(0)
        await self.come("host")
        for _ in range(self.chance.randrange(4, 30)):
            if self.over():
                break
            await self.step()
            for _ in range(2):
                await self.passes(self.chance.choice([0, 30, 200, 500, 1_500, 5_000]))
                if self.chance.random() < 0.3:
                    await self.crash()
                if self.chance.random() < 0.5:
                    await self.world.money.beat(self.heart.compose(self.now_ms))
        reached["died" if self.over() else "left"] += 1
        await self.leave()

    def over(self) -> bool:
        return self.world.desk.view("call").state == "ended"  # type: ignore[union-attr]

    # -- what people do ------------------------------------------------------------------------------------

    async def come(self, role: str) -> None:
        """Connect, or come again with a new peer connection, which ends the old one."""
        side = self.sides[role]
        given = self.world.desk.join_token("call", role)
        if isinstance(given, Refused):
            return
        side.line = await self.world.use(given[0])
        if side.is_alive():
            side.die(self.now_ms)
        # The old peer's media was delivered up to its last packet, whatever came of the gap.
        side.peer = await self.world.offer("call", side.line)
        side.died_ms, side.judged = None, False
        await self.passes(self.chance.randrange(800))
        if self.chance.random() < 0.9 and side.peer in self.world.media.peer_ids:
            self.world.media.connect(side.peer)
            await self.world.passes(0)
            side.live(self.now_ms)

    async def step(self) -> None:
        role = self.chance.choice(["payer", "host"])
        side = self.sides[role]
        do = self.chance.choice(CALM if self.calm else WILD)
        there = side.peer in self.world.media.peer_ids
        match do:
            case "pause" if side.line is not None and not side.line.closed:
                await self.pause(side)
            case "die" if side.is_alive():
                side.die(self.now_ms)
                side.died_ms = self.frozen[str(side.peer)] = self.now_ms
            case "heal" if side.died_ms is not None and there:
                await self.heal(side)
            case "reload":
                await self.come(role)
            case "drop" if side.line is not None:
                await self.world.drop("call", side.line, clean=self.chance.random() < 0.5)
                side.line = None
            case "fund" if self.funds_minor < 10_000:
                await self.world.fund("payer", self.chance.randrange(1, 20))
                self.world.desk.funds_arrived("payer")
            case "ledger" if self.faulty:
                self.trouble()
            case "gift" if side is self.sides["host"] and side.line is not None and not side.line.closed:
                self.world.desk.said("call", side.line, GiftMessage(self.chance.randrange(1, 5_000)))
                await self.world.passes(0)
            case "guest":
                given = self.world.desk.guest_token("call", f"g{self.chance.randrange(6)}", "Guest")
                if not isinstance(given, Refused):
                    await self.world.use(given[0])
            case "go" if side.judged and there:
                self.world.media.go(str(side.peer))
            case _:
                return
        reached[do] += 1

    def trouble(self) -> None:
        """The ledger breaks in one way, or works again."""
        self.ledger.heal()
        if self.chance.random() < 0.7:
            operation = self.chance.choice(["extend", "record"])
            self.ledger.faults = {operation: self.chance.choice(["unavailable", "silent", "lost_answer"])}
            self.ledger.delays_ms = {"extend": self.chance.choice([0, 400, 1_900])}

    async def pause(self, side: Side) -> None:
        assert side.line is not None
        if any(one.died_ms is not None and not one.judged for one in self.sides.values()):
            self.stale += 1
        if side.paused:
            side.pauses[-1][1] = self.now_ms
            await self.world.resume("call", side.line)
        else:
            side.pauses.append([self.now_ms, 1 << 60])
            await self.world.pause("call", side.line)
        side.paused = not side.paused

    async def passes(self, ms: int) -> None:
        """Time passes, and the engine judges each silence when it is 2.5 s old."""
        until_ms = self.now_ms + ms
        while True:
            silent = [one for one in self.sides.values() if one.died_ms is not None and not one.judged]
            next_side = min(silent, key=lambda one: one.died_ms or 0, default=None)
            if next_side is None or (next_side.died_ms or 0) + JUDGED_MS > until_ms:
                await self.world.passes(until_ms - self.now_ms)
                return
            died_ms = next_side.died_ms or 0
            await self.world.passes(max(0, died_ms + JUDGED_MS - self.now_ms))
            next_side.judged = True
            if next_side.peer in self.world.media.peer_ids:
                self.world.media.interrupt(str(next_side.peer), died_ms)
                await self.world.passes(0)

    async def heal(self, side: Side) -> None:
        """Packets flow again on the same peer."""
        peer = str(side.peer)
        self.frozen.pop(peer, None)
        if side.judged:
            self.world.media.connect(peer)
            await self.world.passes(0)
            side.live(self.now_ms)
        else:
            reached["blip"] += 1
            side.alive[-1][1] = 1 << 60
        side.died_ms, side.judged = None, False

    async def crash(self) -> None:
        """What is durable now bills no more than was delivered, but for proof that is fresh."""
        ledger = MemoryLedger(copy.deepcopy(self.world.money.books))
        await ledger.take_over("node")
        for account in await ledger.recover("2026-01-01T01:00:00Z"):
            delivered_ms = self.delivered_ms(self.now_ms)
            most_ms = delivered_ms + OPTIONS.fresh_proof_ms
            assert account.used_ms <= most_ms, f"crash: {account.used_ms} ms of {delivered_ms} ms"
            assert await ledger.reconcile() == []
            reached["crash"] += account.used_ms > 0

    async def leave(self) -> None:
        for side in self.sides.values():
            if side.line is not None and not side.line.closed:
                self.world.desk.said("call", side.line, LeaveMessage())
                break
        else:
            await self.world.desk.end("call", "operator")
        self.ledger.heal()
        await self.world.passes(40_000)

    # -- the truth -----------------------------------------------------------------------------------------

    def delivered_ms(self, ended_ms: int) -> int:
        """How long both were alive and nobody had paused, by every instant at which that changed."""
        payer, host = self.sides["payer"], self.sides["host"]
        marks = {m for side in (payer, host) for span in (*side.alive, *side.pauses) for m in span}
        edges = sorted({min(mark, ended_ms) for mark in marks})
        total = 0
        for start, end in itertools.pairwise(edges):
            alive = all(any(a <= start < b for a, b in side.alive) for side in (payer, host))
            paused = any(a <= start < b for side in (payer, host) for a, b in side.pauses)
            total += (end - start) * (alive and not paused)
        return total


async def live(seed: int) -> None:
    life = Life(seed)
    await life.run()
    world = life.world
    await world.passes(120_000)
    account = await world.account()
    funds_minor = sum(amount for _, amount, _ in world.money.books.top_ups.values())
    since = datetime.fromisoformat(account.ended_at) - datetime.fromisoformat("2026-01-01T00:00:00Z")
    delivered_ms = life.delivered_ms(1_000_000 + round(since.total_seconds() * 1000))
    assert account.state == "settled"
    assert account.used_ms <= delivered_ms, f"{account.used_ms} ms billed, {delivered_ms} ms delivered"
    assert account.charge_minor <= min(funds_minor, world.tariff.charge(delivered_ms))
    balance = await world.money.balance("payer")
    assert (balance.available_minor, balance.held_minor) == (funds_minor - account.charge_minor, 0)
    for side in life.sides.values():
        if side.line is not None:
            assert len(side.line.all(EndedMessage)) <= 1
            assert side.line.closed
    if not life.faulty and life.funds_minor == 10_000 and account.reason in {"payer_left", "host_left"}:
        reached["exact"] += 1
        # What goes unbilled: proof that was stale when somebody paused or left, and the first grant's wait.
        assert delivered_ms - account.used_ms <= 4_000 * (life.stale + 1)
    reached["used"] += account.used_ms > 0
    reached["corrected"] += len(account.events) > 2
    reached[f"end:{account.reason}"] += 1
    await world.clean()
    await world.supervisor.close()


@pytest.mark.parametrize("block", range(8))
async def test_lives(block: int) -> None:
    for seed in range(block * LIVES // 8, (block + 1) * LIVES // 8):
        try:
            await live(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error


def test_the_lives_reached_what_they_are_about() -> None:
    if reached["left"] + reached["died"] + reached["declined"] < LIVES:
        pytest.skip("only part of the lives were lived")
    assert reached["used"] > LIVES // 2
    assert reached["exact"] > LIVES // 20
    for what in (
        "pause",
        "die",
        "heal",
        "blip",
        "reload",
        "drop",
        "fund",
        "ledger",
        "go",
        "gift",
        "crash",
        "declined",
    ):
        assert reached[what] > 10, (what, reached)
    for reason in ("payer_left", "funds", "payer_gone", "host_gone", "room_empty", "ledger_silent"):
        assert reached[f"end:{reason}"] > 0, str(sorted(reached.items()))
