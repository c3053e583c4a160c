"""Every call's next instant in one heap, with one timer on the clock.

A call arms only its next deadline. Ten thousand calls are ten thousand entries in a heap and one timer, not
ten thousand timers and not a tick over all of them. An alarm that is set anew leaves its old entry behind;
the entry is recognised as stale when it comes up, and all stale ones are swept out when they outnumber the
living.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from .clock import Alarm, Clock


class DeadlineAlarm:
    """One owner's alarm: at most one instant at a time."""

    __slots__ = ("_alarms", "callback", "entry", "when_ms")

    def __init__(self, alarms: Alarms, callback: Callable[[], None]) -> None:
        self._alarms = alarms
        self.callback = callback
        self.when_ms: int | None = None
        self.entry = 0

    def set(self, when_ms: int | None) -> None:
        """Ring once at or after `when_ms` instead of whatever was set before; None: do not ring."""
        if when_ms != self.when_ms:
            self._alarms.move(self, when_ms)


class Alarms:
    """The heap."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, DeadlineAlarm]] = []
        self._entries = itertools.count(1)
        self._living = 0
        self._timer: Alarm | None = None
        self._timer_ms: int | None = None

    def __len__(self) -> int:
        """How many alarms are set."""
        return self._living

    def make(self, callback: Callable[[], None]) -> DeadlineAlarm:
        """An alarm that is not set yet. `callback` is called synchronously and must not block."""
        return DeadlineAlarm(self, callback)

    def move(self, alarm: DeadlineAlarm, when_ms: int | None) -> None:
        """Used by the alarm itself."""
        self._living += (when_ms is not None) - (alarm.when_ms is not None)
        alarm.when_ms = when_ms
        alarm.entry = next(self._entries)
        if when_ms is not None:
            heapq.heappush(self._heap, (when_ms, alarm.entry, alarm))
        if len(self._heap) > 64 and len(self._heap) > 2 * self._living:
            self._heap = [entry for entry in self._heap if entry[1] == entry[2].entry]
            heapq.heapify(self._heap)
        self._arm()

    def _arm(self) -> None:
        while self._heap and self._heap[0][1] != self._heap[0][2].entry:
            heapq.heappop(self._heap)
        first_ms = self._heap[0][0] if self._heap else None
        if first_ms == self._timer_ms:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_ms = first_ms
        self._timer = None if first_ms is None else self._clock.call_at(first_ms, self._ring)

    def _ring(self) -> None:
        self._timer = self._timer_ms = None
        now_ms = self._clock.now_ms()
        while self._heap and self._heap[0][0] <= now_ms:
            _, entry, alarm = heapq.heappop(self._heap)
            if entry == alarm.entry:
                self._living -= 1
                alarm.when_ms = None
                alarm.callback()
        self._arm()
