"""How far a call has come, told from its meter events: the resume record, and what follows from it.

THEORY. `metering.usage` says what a sequence of events means; here is which sequences are taken at all. A
`Began` needs a stopped meter, repeats the usage so far and does not reach back behind the last event. A
`Stopped` names exactly the usage that the events have with it, a `Gift` the usage at its instant. Anything
else is refused whole (`EventsDisagree`), so a chain, once written, always adds up, and its last event that is
no gift alone says how much was used, and whether the meter runs, and since when. Only a correction (a
`Stopped` that is older than what it stops) needs the earlier events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .errors import EventsDisagree
from .facts import Began, EndReason, Gift, Heartbeat, MeterEvent, Stopped
from .usage import intervals, used_ms


@dataclass(frozen=True, slots=True)
class Progress:
    """`used_ms` of closed intervals; `running`: the event that began the open one; `last_ms`: last event."""

    used_ms: int = 0
    running: Began | None = None
    last_ms: int | None = None

    def after(self, event: MeterEvent, earlier: Callable[[], Sequence[MeterEvent]]) -> Progress:
        """The progress with one more event; `earlier` gives all before it. Raises `EventsDisagree`."""
        running: Began | None = None
        match event:
            case Began():
                if self.running is not None:
                    raise EventsDisagree(f"{event} while an interval runs")
                if self.last_ms is not None and event.at_ms < self.last_ms:
                    raise EventsDisagree(f"{event} reaches behind the last event at {self.last_ms} ms")
                due_ms, running = self.used_ms, event
            case Stopped():
                due_ms = self._used_at_stop(event, earlier)
            case Gift():
                due_ms = self.used_ms
                if self.running is not None:
                    due_ms += max(0, event.at_ms - self.running.at_ms)
        if event.used_ms != due_ms:
            raise EventsDisagree(f"{event}, but {due_ms} ms are used")
        if isinstance(event, Gift):
            if event.gift_ms <= 0:
                raise EventsDisagree(f"{event} gives nothing")
            return self
        return Progress(due_ms, running, event.at_ms)

    def _used_at_stop(self, event: Stopped, earlier: Callable[[], Sequence[MeterEvent]]) -> int:
        if self.running is not None and event.at_ms >= self.running.at_ms:
            return self.used_ms + event.at_ms - self.running.at_ms
        return used_ms(intervals([*earlier(), event]))

    @staticmethod
    def of(last: Began | Stopped | None) -> Progress:
        """The progress after `last`, the last event of a sound chain that is no gift (None: no event yet)."""
        match last:
            case None:
                return Progress()
            case Began():
                return Progress(last.used_ms, last, last.at_ms)
            case Stopped():
                return Progress(last.used_ms, None, last.at_ms)


def fresh_events(tail: Sequence[MeterEvent], events: Sequence[MeterEvent]) -> Sequence[MeterEvent]:
    """Those of `events` that are new: what repeats the end of the chain is a retry after a lost answer.

    `tail` is the end of what is stored, at least as long as `events` if there is as much.
    """
    known = next(
        (n for n in range(min(len(tail), len(events)), 0, -1) if list(tail[-n:]) == list(events[:n])), 0
    )
    return events[known:]


def closing_event(progress: Progress, used_ms: int, reason: EndReason = "recovered") -> Stopped | None:
    """The event that closes the open interval at a usage of `used_ms`; None when no interval is open.

    Raises `EventsDisagree` when less was used than is recorded.
    """
    if used_ms < progress.used_ms:
        raise EventsDisagree(f"{used_ms} ms used, but {progress.used_ms} ms are recorded")
    if progress.running is None:
        return None
    length_ms = used_ms - progress.used_ms
    began = progress.running
    return Stopped(began.at_ms + length_ms, later(began.at, length_ms), used_ms, reason)


def proven_use(progress: Progress, call_id: str, heartbeat: Heartbeat | None) -> int:
    """The usage up to the last proof of life. Without a heartbeat since it began, an interval counts zero."""
    if progress.running is None or heartbeat is None:
        return progress.used_ms
    safe_at_ms = min(heartbeat.safe_at_ms, heartbeat.exceptions.get(call_id, heartbeat.safe_at_ms))
    return progress.used_ms + max(0, safe_at_ms - progress.running.at_ms)


def later(moment: str, ms: int) -> str:
    """The ISO 8601 moment `ms` milliseconds later, in the same notation; unreadable ones stay as they are."""
    try:
        moved = datetime.fromisoformat(moment) + timedelta(milliseconds=ms)
    except (ValueError, OverflowError):
        return moment
    text = moved.isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z") if moment.endswith("Z") else text
