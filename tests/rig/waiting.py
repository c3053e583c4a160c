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
    """How long the event loop was away: on a busy machine, packets are read as much later."""

    BEAT_S = 0.005
    LATE_MS = 10
    KEPT = 10_000

    def __init__(self) -> None:
        self._gaps: deque[tuple[float, float]] = deque(maxlen=self.KEPT)
        self._last_ms = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Beat on the running loop."""
        self._last_ms = time.monotonic() * 1000
        self._beat()

    def _beat(self) -> None:
        now_ms = time.monotonic() * 1000
        if now_ms - self._last_ms > self.LATE_MS:
            self._gaps.append((now_ms, now_ms - self._last_ms))
        self._last_ms = now_ms
        self._timer = asyncio.get_running_loop().call_later(self.BEAT_S, self._beat)

    def stop(self) -> None:
        """Beat no more."""
        if self._timer is not None:
            self._timer.cancel()

    def away_ms(self, from_ms: float, to_ms: float) -> float:
        """The sum of all gaps between beats in that span."""
        return sum(gap for at, gap in self._gaps if from_ms <= at <= to_ms)
