"""Time as an argument: one `Clock` is handed down from `server.app.create_app`.

Everything else that needs the time gets it from here, so that an hour of call runs in milliseconds in a test.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Alarm(Protocol):
    """A call that was scheduled and may be cancelled."""

    def cancel(self) -> None:
        """Do not call any more. Idempotent."""


class Clock(Protocol):
    """Monotonic milliseconds to count with, wall time to name moments with."""

    def now_ms(self) -> int:
        """Milliseconds of CLOCK_MONOTONIC; comparable between processes of one boot."""

    def wall(self) -> datetime:
        """The present moment in UTC, for people and records; never for durations."""

    def wall_at(self, at_ms: int) -> datetime:
        """The moment in UTC of a monotonic instant. Two of them are as far apart as their instants are."""

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Alarm:
        """Call `callback` at or after `when_ms`, never before."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class _LoopAlarm:
    """An alarm on the event loop that re-arms itself when the loop fires early (uvloop may, by 1 ms)."""

    __slots__ = ("_callback", "_clock", "_handle", "_when_ms")

    def __init__(self, clock: SystemClock, when_ms: int, callback: Callable[[], None]) -> None:
        self._clock, self._when_ms, self._callback = clock, when_ms, callback
        self._arm()

    def _arm(self) -> None:
        delay_s = max(0, self._when_ms - self._clock.now_ms()) / 1000
        self._handle = asyncio.get_running_loop().call_later(delay_s, self._fire)

    def _fire(self) -> None:
        if self._clock.now_ms() < self._when_ms:
            self._arm()
        else:
            self._callback()

    def cancel(self) -> None:
        self._handle.cancel()


# Wall time that moved by more than this was set anew; by less, the clocks were only not read at once.
_SET_NS = 5_000_000


class SystemClock:
    """The real one."""

    def __init__(self) -> None:
        self._ahead_ns = 0

    def now_ms(self) -> int:
        """See `Clock`."""
        return time.monotonic_ns() // 1_000_000  # noqa: TID251 - the one place that may

    def wall(self) -> datetime:
        """See `Clock`."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that may

    def wall_at(self, at_ms: int) -> datetime:
        """See `Clock`. Keeps how far the wall is ahead: read anew each time, a receipt would be a ms out."""
        for _ in range(2):
            # Whoever is interrupted between the two clocks reads again.
            ahead_ns = time.time_ns() - time.monotonic_ns()  # noqa: TID251 - the one place that may
            if abs(ahead_ns - self._ahead_ns) <= _SET_NS:
                break
        else:
            self._ahead_ns = ahead_ns
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms + self._ahead_ns // 1_000_000)

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Alarm:
        """See `Clock`."""
        return _LoopAlarm(self, when_ms, callback)

    async def sleep(self, seconds: float) -> None:
        """See `Clock`."""
        await asyncio.sleep(seconds)  # noqa: TID251 - the one place that may


class _HandAlarm:
    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class HandClock:
    """A clock that stands still until a test cranks it."""

    def __init__(self, start_ms: int = 1_000_000, wall: datetime | None = None) -> None:
        self._now_ms = start_ms
        self._start_ms = start_ms
        self._wall = wall or datetime(2026, 1, 1, tzinfo=UTC)
        self._heap: list[tuple[int, int, _HandAlarm]] = []
        self._order = itertools.count()

    def now_ms(self) -> int:
        """See `Clock`."""
        return self._now_ms

    def wall(self) -> datetime:
        """See `Clock`."""
        return self.wall_at(self._now_ms)

    def wall_at(self, at_ms: int) -> datetime:
        """See `Clock`."""
        return self._wall + timedelta(milliseconds=at_ms - self._start_ms)

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Alarm:
        """See `Clock`."""
        alarm = _HandAlarm(callback)
        heapq.heappush(self._heap, (when_ms, next(self._order), alarm))
        return alarm

    async def sleep(self, seconds: float) -> None:
        """See `Clock`. Returns when the clock was cranked far enough."""
        woken = asyncio.get_running_loop().create_future()
        self.call_at(
            self._now_ms + round(seconds * 1000),
            lambda: None if woken.done() else woken.set_result(None),
        )
        await woken

    def crank(self, ms: int) -> None:
        """Move on by `ms`, calling what falls due on the way, each at its own instant."""
        until = self._now_ms + ms
        while self._heap and self._heap[0][0] <= until:
            when, _, alarm = heapq.heappop(self._heap)
            self._now_ms = max(self._now_ms, when)
            callback, alarm.callback = alarm.callback, None
            if callback is not None:
                callback()
        self._now_ms = until

    async def drive(self, ms: int) -> None:
        """Move on by `ms` as `crank`, but let tasks run after every instant at which something rang.

        What a task does in answer to an alarm then happens at that alarm's instant, not at the end.
        """
        until = self._now_ms + ms
        await _drain()
        while self._heap and self._heap[0][0] <= until:
            self.crank(max(0, self._heap[0][0] - self._now_ms))
            await _drain()
        self.crank(until - self._now_ms)
        await _drain()


async def turn() -> None:
    """Let the others run: one turn of the loop, which takes no time of any clock."""
    await asyncio.sleep(0)  # noqa: TID251 - a turn of the loop takes no time


async def _drain() -> None:
    """Let every task run that can: a task may wake another, so a few dozen turns of the loop."""
    for _ in range(32):
        await turn()


def iso(moment: datetime) -> str:
    """A moment as it is written in records and on the wire: ISO 8601, UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_at(clock: Clock, at_ms: int) -> str:
    """The wall-clock moment of a monotonic instant, as `iso` writes it."""
    return iso(clock.wall_at(at_ms))
