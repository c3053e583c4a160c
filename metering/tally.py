"""The meter's own count of its intervals. `metering.usage` reads the same from the recorded events."""

from __future__ import annotations


class Tally:
    """Closed intervals and perhaps a running one, in order, without overlap. All in ms."""

    __slots__ = ("_before_ms", "_closed", "_floor_ms", "_start_ms")

    def __init__(self, floor_ms: int) -> None:
        self._closed: list[tuple[int, int]] = []
        self._before_ms = 0
        self._start_ms: int | None = None
        self._floor_ms = floor_ms

    @property
    def running(self) -> bool:
        """Whether an interval is open."""
        return self._start_ms is not None

    @property
    def before_ms(self) -> int:
        """The sum of the closed intervals."""
        return self._before_ms

    @property
    def start_ms(self) -> int | None:
        """The beginning of the open interval."""
        return self._start_ms

    def used_at(self, instant_ms: int) -> int:
        """The usage up to `instant_ms`, which is not before the last closed interval."""
        if self._start_ms is None:
            return self._before_ms
        return self._before_ms + max(0, instant_ms - self._start_ms)

    def instant_of(self, used_ms: int) -> int | None:
        """When the open interval brings usage to `used_ms` (in the past if it already has); None: never."""
        return None if self._start_ms is None else self._start_ms + used_ms - self._before_ms

    def begin(self, at_ms: int) -> int:
        """Open an interval at `at_ms`, but not before the last one ended. Returns where it begins."""
        self._start_ms = max(at_ms, self._floor_ms)
        return self._start_ms

    def stop(self, at_ms: int) -> int | None:
        """Let nothing count from `at_ms` on. Returns the instant to record, or None when nothing changed."""
        first_ms: int | None = None
        if self._start_ms is not None:
            first_ms = self._start_ms
            if at_ms > self._start_ms:
                self._closed.append((self._start_ms, at_ms))
                self._before_ms += at_ms - self._start_ms
            self._start_ms = None
        while self._closed and self._closed[-1][1] > at_ms:
            first_ms, end_ms = self._closed.pop()
            self._before_ms -= end_ms - first_ms
            if first_ms < at_ms:
                self._closed.append((first_ms, at_ms))
                self._before_ms += at_ms - first_ms
        if first_ms is None:
            return None
        self._floor_ms = max(at_ms, first_ms)
        return self._floor_ms
