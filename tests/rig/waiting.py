"""Waiting for something to become true, with a generous limit."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable


async def until(holds: Callable[[], object], what: str = "", timeout_s: float = 15.0) -> None:
    """Wait until `holds()` is true; fails with `what` when it never is."""
    try:
        async with asyncio.timeout(timeout_s):
            while not holds():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {timeout_s} s: {what or 'what was waited for'}") from None


class Pulse:
    """How long the event loop was away at most: on a busy machine, packets are read as much later."""

    BEAT_S = 0.005
    KEPT = 2_000

    def __init__(self) -> None:
        self._gaps: deque[tuple[float, float]] = deque(maxlen=self.KEPT)
        self._last_ms = time.monotonic() * 1000
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Beat on the running loop."""
        now_ms = time.monotonic() * 1000
        self._gaps.append((now_ms, now_ms - self._last_ms))
        self._last_ms = now_ms
        self._timer = asyncio.get_running_loop().call_later(self.BEAT_S, self.start)

    def stop(self) -> None:
        """Beat no more."""
        if self._timer is not None:
            self._timer.cancel()

    def longest_gap_ms(self, from_ms: float, to_ms: float) -> float:
        """The longest time between two beats that ended in that span."""
        return max((gap for at, gap in self._gaps if from_ms <= at <= to_ms), default=0.0)
