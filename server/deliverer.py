"""Delivers what lies in the outbox: one supervised loop, and a courier for each kind of parcel.

THEORY. The loop looks whenever something was committed or falls due, leases what there is room for, and runs
a task a parcel. A courier answers with a value: `Delivered`, `Failed` (try again), `Hopeless` (do not) or
`Postponed` (no room for it now). What it raises is a failure as well, and logged as our mistake. Between two
attempts lies a wait that grows exponentially, with jitter, so that receivers who were down together are not
run over together. After `attempts` attempts, or `age_ms` after the first, the parcel is buried: kept, and
counted for the operator.

A lease lasts longer than an attempt may. A process that dies in an attempt leaves its lease behind; the next
start reclaims it at once. So everything is delivered at least once, and twice only around a crash.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from server import logs
from server.metrics import Metrics
from signaling.clock import Clock
from signaling.supervisor import Supervisor, within
from storage.errors import DatabaseClosed, StorageError
from storage.outbox import Outbox, Parcel

LOOK_MS = 200
SWEEP_MS = 3_600_000
MARGIN_MS = 30_000
"""What a lease lasts beyond the attempt's time-out: enough to write down how it went."""

_log = logs.logger("talktime.outbox")
_DATABASE_ERRORS = (StorageError, SQLAlchemyError, sqlite3.Error)


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and how long to try. The waits: `first_ms`, then `factor` times the one before, to `most_ms`.

    With the defaults: 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, 6 h and then every 12 h, for three days.
    """

    attempts: int = 12
    age_ms: int = 3 * 24 * 3_600_000
    first_ms: int = 5_000
    factor: int = 4
    most_ms: int = 12 * 3_600_000
    timeout_ms: int = 20_000
    at_once: int = 8

    def wait_ms(self, attempt: int, chance: random.Random) -> int:
        """How long to wait after the `attempt`-th failure: between half of the step and all of it."""
        step_ms: int = min(self.most_ms, self.first_ms * self.factor ** min(attempt - 1, 30))
        return step_ms - chance.randrange(step_ms // 2 + 1)

    def is_last(self, parcel: Parcel, now_ms: int) -> bool:
        """Whether there is no attempt after this one."""
        return parcel.attempt >= self.attempts or now_ms - parcel.first_ms >= self.age_ms


@dataclass(frozen=True, slots=True)
class Delivered:
    """It arrived."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not, but may. `again_ms`: the receiver asked to wait at least so long."""

    why: str
    again_ms: int = 0


@dataclass(frozen=True, slots=True)
class Hopeless:
    """It never will; trying again is of no use."""

    why: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """It was not tried: there is no room for it now. Does not count as an attempt."""

    ms: int


Outcome = Delivered | Failed | Hopeless | Postponed


class Courier(Protocol):
    """Delivers one kind of parcel."""

    @property
    def policy(self) -> Policy:
        """How often and how long to try."""

    async def deliver(self, parcel: Parcel, *, last: bool) -> Outcome:
        """Try once. The same parcel may come twice: see the module. `last`: a failure buries it."""


@dataclass(slots=True)
class _Round:
    """One kind's courier, and the parcels that are on their way."""

    courier: Courier
    under_way: int = 0
    due_ms: int | None = None


@dataclass(slots=True)
class Deliverer:
    """See the module."""

    outbox: Outbox
    clock: Clock
    supervisor: Supervisor
    metrics: Metrics
    chance: random.Random = field(default_factory=random.SystemRandom)
    _rounds: dict[str, _Round] = field(default_factory=dict)
    _changes: int = -1
    _look_ms: int = 0
    _sweep_ms: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def register(self, kind: str, courier: Courier) -> None:
        """Have parcels of `kind` delivered by `courier`. Without one they wait."""
        if kind in self._rounds:
            raise ValueError(f"{kind} has a courier already")
        self._rounds[kind] = _Round(courier)

    async def run(self) -> None:
        """Deliver until cancelled or the database is closed."""
        reclaimed = False
        while True:
            try:
                if not reclaimed:
                    await self.outbox.reclaim()
                    reclaimed = True
                await self._sweep()
                if self._should_look():
                    await self._look()
            except DatabaseClosed:
                return
            except _DATABASE_ERRORS as error:
                _log.warning("the outbox cannot be read", error=str(error))
                self._changes = -1
            await self._pause()

    def now_ms(self) -> int:
        """The wall clock, in milliseconds since 1970."""
        return round(self.clock.wall().timestamp() * 1000)

    async def _pause(self) -> None:
        self._wake.clear()
        try:
            await within(self.clock, LOOK_MS, self._woken())
        except TimeoutError:
            return

    async def _woken(self) -> None:
        await self._wake.wait()

    def _should_look(self) -> bool:
        changes, self._changes = self._changes, self.outbox.changes()
        return changes != self._changes or self.now_ms() >= self._look_ms

    async def _look(self) -> None:
        """Lease and start what is due and has room; remember when the next look is worth while."""
        now_ms = self.now_ms()
        due = await self.outbox.next_due()
        self._look_ms = now_ms + 60_000
        for kind, rounds in self._rounds.items():
            if kind not in due:
                continue
            room = rounds.courier.policy.at_once - rounds.under_way
            if due[kind] > now_ms:
                self._look_ms = min(self._look_ms, due[kind])
            elif room > 0:
                await self._start(kind, rounds, now_ms, room)

    async def _start(self, kind: str, rounds: _Round, now_ms: int, room: int) -> None:
        until_ms = now_ms + rounds.courier.policy.timeout_ms + MARGIN_MS
        parcels = await self.outbox.lease(kind, now_ms, until_ms, room)
        for parcel in parcels:
            rounds.under_way += 1
            self.supervisor.spawn(f"deliver:{kind}:{parcel.seq}", self._deliver(rounds, parcel))
        # The lease itself was a commit, so the next look comes soon and finds what is still due.
        self._changes = -1

    async def _deliver(self, rounds: _Round, parcel: Parcel) -> None:
        try:
            outcome = await self._attempt(rounds.courier, parcel)
            await self._write_down(rounds.courier.policy, parcel, outcome)
        except DatabaseClosed:
            return
        except _DATABASE_ERRORS as error:
            # The lease runs out and it is delivered again.
            _log.warning("how a delivery went could not be written", kind=parcel.kind, error=str(error))
        finally:
            rounds.under_way -= 1
            self._changes = -1
            self._wake.set()

    async def _attempt(self, courier: Courier, parcel: Parcel) -> Outcome:
        policy = courier.policy
        if parcel.attempt > policy.attempts:
            # Only a process that died in its last attempt leaves such a one behind.
            return Hopeless("the last attempt was not finished")
        last = policy.is_last(parcel, self.now_ms())
        try:
            return await within(self.clock, policy.timeout_ms, courier.deliver(parcel, last=last))
        except TimeoutError:
            return Failed(f"no answer within {policy.timeout_ms} ms")
        except _DATABASE_ERRORS as error:
            return Failed(f"the database does not answer: {error}")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is one failed attempt
            self.metrics.count("task_crashes", task="deliver")
            _log.exception("a delivery crashed", kind=parcel.kind, key=parcel.key)
            return Failed(f"{type(error).__name__}: {error}")

    async def _write_down(self, policy: Policy, parcel: Parcel, outcome: Outcome) -> None:
        now_ms = self.now_ms()
        match outcome:
            case Delivered():
                await self.outbox.done(parcel, now_ms)
                self._count(parcel, "delivered")
            case Postponed(wait_ms):
                await self.outbox.postpone(parcel, now_ms + wait_ms)
            case Failed(why, again_ms) if not policy.is_last(parcel, now_ms):
                wanted_ms = max(again_ms, policy.wait_ms(parcel.attempt, self.chance))
                await self.outbox.failed(parcel, why, now_ms + min(wanted_ms, policy.most_ms))
                self._count(parcel, "failed")
            case Failed(why) | Hopeless(why):
                await self.outbox.bury(parcel, why, now_ms)
                self._count(parcel, "buried")
                _log.warning("gave up a delivery", kind=parcel.kind, key=parcel.key, attempts=parcel.attempt,
                             why=why)  # fmt: skip

    def _count(self, parcel: Parcel, result: str) -> None:
        self.metrics.count("deliveries", kind=parcel.kind, result=result)

    async def _sweep(self) -> None:
        if self.clock.now_ms() >= self._sweep_ms:
            self._sweep_ms = self.clock.now_ms() + SWEEP_MS
            await self.outbox.forget(self.now_ms())
