"""The clock of synthetic media: one timer for all clients of a process."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable


class Pacer:
    """Calls streams when their packets are due: one timer for all clients of a process."""

    TICK_S = 0.001

    def __init__(self) -> None:
        self._due: list[tuple[int, int, Callable[[int], int]]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, due_ns: int, step: Callable[[int], int]) -> None:
        """Call `step(now_ns)` at `due_ns`; it returns the next due instant, 0 to be forgotten."""
        heapq.heappush(self._due, (due_ns, next(self._order), step))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.TICK_S, self._tick)

    def _tick(self) -> None:
        due, now_ns = self._due, time.monotonic_ns()
        while due and due[0][0] <= now_ns:
            _, order, step = due[0]
            next_ns = step(now_ns)
            if next_ns:
                heapq.heapreplace(due, (next_ns, order, step))
            else:
                heapq.heappop(due)
        running = asyncio.get_running_loop()
        self._timer = running.call_later(self.TICK_S, self._tick) if due else None
