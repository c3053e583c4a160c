"""What will happen to the calls on one wallet, drawn from a seed: a world's fate, fixed before it begins.

The draws are weighted towards trouble: facts that come late, close to one another and in the wrong order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Literal

from metering.facts import Party
from metering.meter import MeterOptions
from metering.tariff import Tariff

PARTIES: tuple[Party, Party] = ("payer", "host")
NOTICING_MS = (0, 120, 700, 2_500)  # how long a loss may go unnoticed


@dataclass(slots=True)
class Loss:
    """Media gone at `down_ms`, noticed at `noticed_ms`, back at `up_ms` (None: never), told at `told_ms`."""

    down_ms: int
    noticed_ms: int
    up_ms: int | None
    told_ms: int


@dataclass(slots=True)
class SideScript:
    """When one party's media comes, goes and comes back. `up_ms` None: it never comes."""

    up_ms: int | None
    told_ms: int
    losses: list[Loss] = field(default_factory=list)
    _spans: list[tuple[int, int, int]] | None = None

    def spans(self) -> list[tuple[int, int, int]]:
        """The truth: when media is delivered (begin, end), and when its coming is heard of."""
        if self._spans is None:
            self._spans = self._find_spans()
        return self._spans

    def _find_spans(self) -> list[tuple[int, int, int]]:
        if self.up_ms is None:
            return []
        found, start_ms, told_ms = [], self.up_ms, self.told_ms
        for loss in self.losses:
            found.append((start_ms, loss.down_ms, told_ms))
            if loss.up_ms is None:
                return found
            start_ms, told_ms = loss.up_ms, loss.told_ms
        return [*found, (start_ms, 10**12, told_ms)]

    def proof_ms(self, now_ms: int) -> int:
        """The last instant up to now at which media was delivered; 0 when there is none."""
        proof_ms = 0
        for start_ms, end_ms, _ in self.spans():
            if start_ms > now_ms:
                break
            proof_ms = min(now_ms, end_ms)
        return proof_ms


@dataclass(slots=True)
class CallScript:
    """One call: accepted at `start_ms`, hung up at `end_ms` unless it ends before."""

    start_ms: int
    end_ms: int
    ended_by: Party
    sides: dict[Party, SideScript]
    pauses: list[tuple[int, int, Party]]  # begin, end, who


@dataclass(slots=True)
class Temper:
    """How the ledger behaves: latency, share of requests that fail or whose answer is lost, outages."""

    name: Literal["quick", "slow", "flaky", "outage"]
    latency_ms: tuple[int, int]
    failing: float = 0.0
    losing: float = 0.0
    outages: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Script:
    """All of it. `proving`: how the meter learns how far delivery is proven (see `World.proven_ms`)."""

    tariff: Tariff
    options: MeterOptions
    funds_minor: int
    calls: list[CallScript]
    top_ups: list[tuple[int, int]]
    top_ups_after_exhaustion: list[tuple[int, int]]  # delay, amount: used up one by one
    temper: Temper
    proving: Literal["exact", "window", "unproven"]
    late_ms: int
    crash_ms: int | None
    crash_after_stop: bool
    zombie: bool
    cap_minor: int | None = None
    gifts: list[tuple[int, int, int]] = field(default_factory=list)  # instant, call, how long
    caps: list[tuple[int, int, int | None]] = field(default_factory=list)  # instant, call, the new cap
    raises: list[tuple[int, int | None]] = field(
        default_factory=list
    )  # delay after reaching it, how much more


def write(seed: int) -> Script:
    """The script of a seed."""
    rng = Random(seed)
    tariff = _tariff(rng)
    span_ms = rng.choice([3_000, 20_000, 90_000])
    count = rng.choices([1, 2, 3], [50, 35, 15])[0]
    funds_ms = rng.choice([0, 500, span_ms // 3, span_ms // 2, span_ms, 4 * span_ms])
    funds_minor = max(0, tariff.charge(funds_ms * count) + rng.choice([-1, 0, 0, 1, 3]))
    if rng.random() < 0.15:
        funds_minor = tariff.charge(tariff.free_ms + max(1, tariff.minimum_ms)) + rng.choice([-1, 0, 1])
    funds_minor = max(0, funds_minor)
    calls = [_call(rng, span_ms, tariff.affordable(funds_minor) // count) for _ in range(count)]
    crashing = rng.random() < 0.3
    first_ms, last_ms = min(c.start_ms for c in calls), max(c.end_ms for c in calls)
    small = max(1, tariff.charge(tariff.free_ms + 2_000) - tariff.charge(tariff.free_ms))
    amounts = [1, small, small, tariff.charge(span_ms) + 1, tariff.charge(10 * span_ms) + 1]
    script = Script(
        tariff=tariff,
        options=MeterOptions(
            warn_left_ms=rng.choice([2_000, 20_000, 60_000]),
            soft_landing_ms=rng.choice([1_500, 8_000, 60_000]),
        ),
        funds_minor=funds_minor,
        calls=calls,
        top_ups=[
            (rng.randint(first_ms, last_ms), rng.choice(amounts)) for _ in range(rng.choice([0, 0, 1, 3]))
        ],
        top_ups_after_exhaustion=[
            (rng.choice([0, 1, 40, 1_000, 1_010, 1_499, 1_500, 5_000]), rng.choice(amounts))
            for _ in range(rng.choice([0, 0, 1, 2, 3]))
        ],
        temper=_temper(rng, first_ms, last_ms),
        proving=rng.choices(["exact", "window", "unproven"], [50, 20, 30])[0],
        late_ms=rng.choice([0, 0, 0, 30, 400]),
        crash_ms=rng.randint(first_ms, last_ms) if crashing else None,
        crash_after_stop=rng.random() < 0.3,
        zombie=rng.random() < 0.3,
    )
    if rng.random() < 0.25:
        _cap(rng, script, span_ms)
    if rng.random() < 0.25:
        first_ms, last_ms = min(c.start_ms for c in calls), max(c.end_ms for c in calls)
        script.gifts = [
            (rng.randint(first_ms, last_ms), rng.randrange(count), rng.choice([1, 700, 5_000, span_ms]))
            for _ in range(rng.choice([1, 2, 4]))
        ]
    return script


def _cap(rng: Random, script: Script, span_ms: int) -> None:
    """The payer's own limit: from the beginning, changed meanwhile, raised when it is reached."""
    tariff = script.tariff
    some = [0, 1, *(tariff.charge(tariff.free_ms + part) for part in (700, span_ms // 5, span_ms // 2))]
    script.cap_minor = rng.choice([None, *some])
    first_ms, last_ms = min(c.start_ms for c in script.calls), max(c.end_ms for c in script.calls)
    for _ in range(rng.choice([0, 1, 3])):
        call = rng.randrange(len(script.calls))
        script.caps.append((rng.randint(first_ms, last_ms), call, rng.choice([None, *some])))
    script.raises = [
        (rng.choice([0, 1, 40, 1_000, 1_499]), rng.choice([None, 1, *some]))
        for _ in range(rng.choice([0, 2, 3]))
    ]


def _tariff(rng: Random) -> Tariff:
    return Tariff(
        "USD",
        rng.choice([0, 1, 59, 240, 240, 999, 12_000]),
        increment_ms=rng.choice([1, 1, 1, 1_000, 7_000]),
        minimum_ms=rng.choice([0, 0, 0, 5_000]),
        free_ms=rng.choice([0, 0, 0, 2_500]),
        host_share_bp=rng.choice([10_000, 8_000, 3_333]),
    )


def _call(rng: Random, span_ms: int, funds_ms: int) -> CallScript:
    start_ms = 1_000 + rng.choice([0, 0, rng.randint(0, 4_000)])
    end_ms = start_ms + rng.randint(200, span_ms)
    if rng.random() < 0.4:
        end_ms += funds_ms % (4 * span_ms) + rng.choice([0, 3_000, 70_000])
    sides = {party: _side(rng, start_ms, end_ms, funds_ms) for party in PARTIES}
    ended_by = rng.choice(PARTIES)
    if rng.random() < 0.2:
        _leave_silently(rng, sides[ended_by], end_ms)
    pauses = []
    for _ in range(rng.choices([0, 1, 2, 4], [45, 30, 15, 10])[0]):
        begin_ms = rng.randint(start_ms, end_ms)
        losses = [loss for side in sides.values() for loss in side.losses]
        if losses and rng.random() < 0.5:
            loss = rng.choice(losses)
            begin_ms = rng.randint(loss.down_ms, loss.noticed_ms)
        length_ms = rng.choice([1, 50, 400, 3_000, 10**7])
        pauses.append((begin_ms, begin_ms + length_ms, rng.choice(PARTIES)))
    return CallScript(start_ms, end_ms, ended_by, sides, pauses)


def _side(rng: Random, start_ms: int, end_ms: int, funds_ms: int) -> SideScript:
    if rng.random() < 0.03:
        return SideScript(None, 0)
    up_ms = start_ms + rng.choice([0, 10, rng.randint(0, 1_500)])
    side = SideScript(up_ms, up_ms + rng.choice([0, 1, 30, 500]))
    at_ms = side.told_ms
    for _ in range(rng.choices([0, 1, 2, 4], [50, 25, 15, 10])[0]):
        latest_ms = max(at_ms + 2, end_ms)
        down_ms = rng.randint(at_ms + 1, latest_ms)
        if rng.random() < 0.35:
            down_ms = max(at_ms + 1, up_ms + min(funds_ms, 10**7) - rng.randint(-100, 900))
        noticed_ms = down_ms + rng.choice(NOTICING_MS)
        up_again_ms = None if rng.random() < 0.15 else noticed_ms + rng.choice([0, 1, 600, 5_000])
        told_ms = (up_again_ms or 0) + rng.choice([0, 20, 500])
        side.losses.append(Loss(down_ms, noticed_ms, up_again_ms, told_ms))
        if up_again_ms is None:
            break
        at_ms = told_ms
    return side


def _leave_silently(rng: Random, side: SideScript, end_ms: int) -> None:
    """The media stops a little before the hang-up is heard of, as when a tab is closed."""
    down_ms = end_ms - rng.choice([5, 90, 130, 400])
    last_ms = side.losses[-1].told_ms if side.losses else side.told_ms
    if side.up_ms is not None and last_ms < down_ms and (not side.losses or side.losses[-1].up_ms):
        side.losses.append(Loss(down_ms, end_ms + 2_000, None, 0))


def _temper(rng: Random, first_ms: int, last_ms: int) -> Temper:
    name: Literal["quick", "slow", "flaky", "outage"]
    name = rng.choices(["quick", "slow", "flaky", "outage"], [55, 15, 15, 15])[0]  # type: ignore[assignment]
    match name:
        case "quick":
            return Temper(name, (1, 60))
        case "slow":
            return Temper(name, (100, 1_600))
        case "flaky":
            return Temper(name, (1, 200), failing=0.2, losing=0.25)
        case "outage":
            begin_ms = rng.randint(first_ms - 200, last_ms)
            return Temper(name, (1, 60), outages=[(begin_ms, begin_ms + rng.choice([800, 6_000, 90_000]))])
