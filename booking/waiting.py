"""How long a wait will be: a prediction from past calls and from what those ahead can afford. Pure.

Nobody can talk for longer than their money lasts, and most talk about as long as people did before. A call
that goes on is expected to last as long as the past calls that were longer than it is now did from there on.
All times in ms; a funds_ms of None is money for ever, or not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

UNKNOWN_TALK_MS = 8 * 60_000
"""The first callers of an expert are expected to talk that long."""
HANDOVER_MS = 15_000
"""From one call's end to the next one's beginning."""
MIN_PAST_MS = 10_000
"""Shorter calls were no conversations."""


@dataclass(frozen=True, slots=True)
class Talk:
    """The call that goes on: how long it was metered, and for how long its payer can still pay."""

    used_ms: int
    left_ms: int | None


def talk_ms(past: Sequence[int], funds_ms: int | None) -> int:
    """How long somebody will talk who has not begun."""
    typical = _median([each for each in past if each >= MIN_PAST_MS], UNKNOWN_TALK_MS)
    return typical if funds_ms is None else min(typical, funds_ms)


def rest_ms(past: Sequence[int], talk: Talk) -> int:
    """How much longer the call that goes on will last."""
    longer = [each - talk.used_ms for each in past if each > talk.used_ms]
    expected = _median(longer, max(UNKNOWN_TALK_MS - talk.used_ms, UNKNOWN_TALK_MS // 4))
    return expected if talk.left_ms is None else min(expected, talk.left_ms)


def waits_ms(past: Sequence[int], talk: Talk | None, funds_ms: Sequence[int | None]) -> list[int]:
    """The wait of each in the line, in order, and last a newcomer's. Never shorter behind than ahead."""
    waits = [0 if talk is None else rest_ms(past, talk) + HANDOVER_MS]
    for each in funds_ms:
        waits.append(waits[-1] + talk_ms(past, each) + HANDOVER_MS)
    return waits


def _median(values: Sequence[int], otherwise: int) -> int:
    return median_low(values) if values else otherwise
