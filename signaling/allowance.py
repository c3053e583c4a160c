"""How much a connection may say: a token bucket, in integers."""

from __future__ import annotations

from typing import Literal

Verdict = Literal["pass", "refuse", "refuse_silently", "disconnect"]


class Allowance:
    """`per_second` messages on average, `burst` at once; `patience` more that are refused, then it ends."""

    __slots__ = ("_burst", "_level", "_patience", "_per_second", "_refused", "_then_ms", "_told_ms")

    def __init__(self, now_ms: int, per_second: int = 20, burst: int = 60, patience: int = 100) -> None:
        self._per_second, self._burst, self._patience = per_second, burst, patience
        self._level = burst * 1000
        self._refused = 0
        self._then_ms = now_ms
        self._told_ms = now_ms - 1000

    def take(self, now_ms: int) -> Verdict:
        """Judge one message. At most one refusal a second is worth an answer; too many end the connection."""
        passed_ms = max(0, now_ms - self._then_ms)
        self._then_ms = now_ms
        self._level = min(self._burst * 1000, self._level + passed_ms * self._per_second)
        if self._level >= 1000:
            self._level -= 1000
            if self._level >= self._burst * 500:
                self._refused = 0
            return "pass"
        self._refused += 1
        if self._refused > self._patience:
            return "disconnect"
        if now_ms - self._told_ms < 1000:
            return "refuse_silently"
        self._told_ms = now_ms
        return "refuse"
