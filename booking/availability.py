"""Whether an expert takes calls: a switch or weekly hours, a pause, and "stop after this call".

Pure values; whether a page of the expert is connected, and whether a call goes on, is known elsewhere.

    mode     the expert is
    -----    ----------------------------------------------------------------
    off      closed
    open     open
    hours    open inside the weekly hours, but for the rest of one that was cut short (`closed_until`)
    any      paused until `paused_until`, where otherwise open
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from booking.hours import WeeklyHours

Mode = Literal["off", "open", "hours"]
OfficeState = Literal["open", "paused", "closed"]
PAUSE = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Availability:
    """See the module. An expert who never said anything is open while a page of theirs is."""

    mode: Mode = "open"
    hours: WeeklyHours = field(default_factory=WeeklyHours)
    paused_until: datetime | None = None
    closed_until: datetime | None = None
    stop_after_call: bool = False
    auto_accept: bool = False

    def state(self, moment: datetime) -> OfficeState:
        """What the expert wants to be at this instant."""
        if self.mode == "off" or self._cut_short(moment):
            return "closed"
        if self.mode == "hours" and not self.hours.is_open(moment):
            return "closed"
        return "paused" if self._paused(moment) else "open"

    def next_change(self, moment: datetime) -> datetime | None:
        """The first instant after `moment` at which `state` may be different by itself; None: never."""
        instants = [self.hours.next_change(moment)] if self.mode == "hours" else []
        instants += [until for until in (self.paused_until, self.closed_until) if until and until > moment]
        return min((instant for instant in instants if instant is not None), default=None)

    def back_at(self, moment: datetime) -> datetime | None:
        """When the expert is open again, as planned; None when nobody knows, or when it is open now."""
        if self.state(moment) == "open":
            return None
        step: datetime | None = moment
        # A pause may end after closing time, and a closing before the next opening: look at every change.
        for _ in range(8):
            step = self.next_change(step) if step else None
            if step is None or self.state(step) == "open":
                return step
        return None

    def switched(self, mode: Mode) -> Availability:
        """The switch was set: what was meant for the time before is over."""
        return replace(self, mode=mode, paused_until=None, closed_until=None, stop_after_call=False)

    def paused(self, moment: datetime, length: timedelta = PAUSE) -> Availability:
        """Pause from now on."""
        return replace(self, paused_until=moment + length)

    def resumed(self) -> Availability:
        """Back from the pause, early."""
        return replace(self, paused_until=None, closed_until=None)

    def after_call(self, moment: datetime) -> Availability:
        """A call ended: if it was to be the last one, close; by hours, until this opening is over."""
        if not self.stop_after_call:
            return self
        if self.mode != "hours":
            return replace(self, mode="off", stop_after_call=False)
        until = self.hours.next_change(moment) if self.hours.is_open(moment) else None
        return replace(self, closed_until=until, stop_after_call=False)

    def _paused(self, moment: datetime) -> bool:
        return self.paused_until is not None and moment < self.paused_until

    def _cut_short(self, moment: datetime) -> bool:
        return self.mode == "hours" and self.closed_until is not None and moment < self.closed_until
