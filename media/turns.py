"""What every peer has done to it once a period, a group of peers at a time.

Done for all at once, it would stop a full server for a tenth of a second each second; done for one at a
time, it would cost several times as much, because the processor has forgotten the code each time.
"""

from __future__ import annotations

GROUP = 16
"""So many peers, one after the other as they came, share a turn."""


class Turns:
    """`turns` groups of peers, of which each is due once in `period_ms`, one after the other."""

    __slots__ = ("_last_ms", "_period_ms", "turns")

    def __init__(self, period_ms: int, turns: int, now_ms: int) -> None:
        self.turns, self._period_ms = turns, period_ms
        self._last_ms = [now_ms - period_ms + (turn + 1) * period_ms // turns for turn in range(turns)]

    def due(self, now_ms: int) -> dict[int, int]:
        """The turns that are due now, each with the milliseconds since it was the last time."""
        due = {}
        for turn, last_ms in enumerate(self._last_ms):
            if now_ms - last_ms >= self._period_ms:
                due[turn] = now_ms - last_ms
                self._last_ms[turn] = now_ms
        return due
