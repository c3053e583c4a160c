"""What a call's meter events say was used: the intervals, and their sum.

Events come in the order in which they became known, and a fact may be older than its news. One rule reads
them: **`Stopped` says that nothing counts from its `at_ms` on.** So a second `Stopped` after the first is a
correction downwards: it shortens the interval that spans its instant and voids those that began at or after
it, whole earlier intervals included. Its `used_ms` is what remains. One at the very end of the last interval
adds its note. Nothing ever raises usage but time that passes between a `Began` and its `Stopped`. Intervals
of no length are not shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .facts import Began, Gift, Interval, MeterEvent, Stopped


def intervals(events: Iterable[MeterEvent]) -> tuple[Interval, ...]:
    """The metered intervals, in order, without overlap; the last has no end while the meter runs."""
    found: list[Interval] = []
    for event in events:
        match event:
            case Began():
                found.append(Interval(event.at_ms, event.reason, event.at))
            case Stopped():
                while found and found[-1].start_ms >= event.at_ms:
                    found.pop()
                if found and (found[-1].end_ms is None or found[-1].end_ms > event.at_ms):
                    found[-1] = replace(
                        found[-1],
                        end_ms=event.at_ms,
                        end_reason=event.reason,
                        end_at=event.at,
                        end_note=event.note,
                    )
                elif found and found[-1].end_ms == event.at_ms and event.note:
                    found[-1] = replace(found[-1], end_note=event.note)
            case Gift():
                pass
    return tuple(found)


def used_ms(found: Iterable[Interval]) -> int:
    """The sum of the closed intervals; a running one counts nothing yet."""
    return sum(each.end_ms - each.start_ms for each in found if each.end_ms is not None)
