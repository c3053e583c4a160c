"""One simulated server process: its calls, its requests to the ledger, its death."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from simulation.script import CallScript

from metering.errors import Fenced
from metering.facts import (
    CallAccount,
    Grant,
    Heartbeat,
    MeterEvent,
    Party,
)
from metering.ledger import Ledger
from metering.meter import (
    CutOff,
    Meter,
    Settle,
)

if TYPE_CHECKING:
    from simulation.world import World

TIMEOUT_MS = 1_000
BEAT_MS, MARGIN_MS, WINDOW_MS = 250, 300, 100
DAY = datetime(2026, 1, 1, tzinfo=UTC)
WALLET, HOST, NODE = "wallet", "host", "node"


def iso(at_ms: int) -> str:
    return (DAY + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def finish_at_once(request: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that waits for nothing, as all of the memory ledger's are."""
    try:
        request.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("the memory ledger waited for something")


@dataclass(slots=True)
class Request:
    attempt: Callable[[Ledger], Coroutine[Any, Any, Any]]
    answered: Callable[[Any], None]  # with the result, or None for no answer
    done: bool = False


@dataclass(slots=True)
class SimCall:
    """One call in its actor, and what really happened to it."""

    id: str
    script: CallScript
    meter: Meter
    unwritten: deque[MeterEvent] = field(default_factory=deque)
    writing: bool = False
    patience_ms: int = 50
    asking: bool = False
    given_ms: int = 0  # time given away, in all
    cap_minor: int | None = None  # never below what was charged when it was set
    warnings: int = 0
    news: int = 0
    settle: Settle | None = None
    reason: str = ""
    alarm: int = 0
    account: CallAccount | None = None
    # the truth
    begun_ms: int = 0
    granted_ms: int | None = None
    closed_ms: int | None = None
    pauses: list[list[int]] = field(default_factory=list)
    holds: list[list[int]] = field(default_factory=list)
    paused: set[Party] = field(default_factory=set)
    late_ms: int = 0  # how long media went on in all after a grant had run out, until the meter noticed
    cut: CutOff | None = None
    crashed: bool = False
    last_ms: int = 0  # where the last interval began


class Node:
    """One process: a ledger of its own on the common books, and its queue of requests."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ledger = world.open_ledger()
        world.finish(self.ledger.take_over(NODE))
        self.calls: dict[str, SimCall] = {}
        self.queue: deque[Request] = deque()
        self.alive = True
        self._free_at_ms = 0

    def ask(self, attempt: Callable[[Ledger], Coroutine[Any, Any, Any]], answered: Any) -> None:
        """Put a request to the ledger; it takes effect after those before it."""
        world, temper = self.world, self.world.script.temper
        request = Request(attempt, answered)
        self.queue.append(request)
        at_ms = max(self._free_at_ms, world.now + world.rng.randint(*temper.latency_ms))
        for begin_ms, end_ms in temper.outages:
            if begin_ms <= at_ms < end_ms:
                at_ms = end_ms
        self._free_at_ms = at_ms
        world.at(at_ms, self._effect)
        if at_ms > world.now + TIMEOUT_MS:
            world.at(world.now + TIMEOUT_MS, lambda: self._answer(request, None))

    def _effect(self) -> None:
        """The oldest request takes effect now."""
        if not self.alive or not self.queue:
            return
        request, rng, temper = self.queue.popleft(), self.world.rng, self.world.script.temper
        if rng.random() < temper.failing:
            self._answer(request, None)
            return
        result = self.world.finish(request.attempt(self.ledger))
        self.world.check_floor()
        if rng.random() < temper.losing:
            self.world.reached["lost answers"] += 1
            result = None
        self._answer(request, result)

    def _answer(self, request: Request, result: Any) -> None:
        """Answer once. Some worlds hear late answers all the same, after the time-out was told."""
        if self.alive and (not request.done or (self.world.late_answers and isinstance(result, Grant))):
            self.world.reached["late answers"] += request.done
            request.done = True
            request.answered(result)

    def die(self) -> None:
        """Nothing of this process happens any more but what slipped to the disk just before."""
        for _ in range(self.world.rng.randint(0, len(self.queue))):
            self.world.finish(self.queue.popleft().attempt(self.ledger))
        self.alive = False

    def haunt(self) -> None:
        """The dead process wakes up and goes on writing: it must be refused."""
        for request in self.queue:
            try:
                self.world.finish(request.attempt(self.ledger))
            except Fenced:
                self.world.reached["fenced"] += 1
            else:
                raise AssertionError("a superseded process wrote to the ledger")

    def beat(self) -> None:
        """Store how far usage is proven, as signaling's heartbeat does."""
        safe_at_ms = self.world.now - MARGIN_MS
        claims = {call.id: self.world.claim_ms(call) for call in self.calls.values()}
        late = {name: claim for name, claim in claims.items() if claim < safe_at_ms}
        beat = Heartbeat(safe_at_ms, late)
        self.ask(lambda ledger: ledger.beat(beat), lambda _: None)
