"""When each host takes calls: in memory, to be looked up at any instant, durable, and awake when it changes.

What is changed counts from that instant, in memory; whoever changed it is answered when it is durable.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import structlog

from booking.availability import Availability, OfficeState

from .alarms import Alarms, DeadlineAlarm
from .clock import Clock, iso
from .messages import OfficeView
from .supervisor import Supervisor

log = structlog.get_logger("signaling.reach")

LOOK_AGAIN_MS = 3_600_000
"""A wall clock may be set; so nobody sleeps longer than this."""
Change = Callable[[Availability], Availability]


class AvailabilityRecords(Protocol):
    """Where availabilities are kept (booking.office_store)."""

    async def all(self) -> dict[str, Availability]:
        """Of everybody who ever said something, by id."""

    async def put(self, person_id: str, value: Availability) -> None:
        """Durable on return."""


class Reach:
    """See the module. `changed(host_id)` is called whenever a host's state may be different."""

    def __init__(
        self,
        clock: Clock,
        supervisor: Supervisor,
        records: AvailabilityRecords,
        changed: Callable[[str], None],
    ) -> None:
        self._clock, self._supervisor, self._records, self._changed = clock, supervisor, records, changed
        self._alarms = Alarms(clock)
        self._values: dict[str, Availability] = {}
        self._alarm_of: dict[str, DeadlineAlarm] = {}

    async def load(self) -> None:
        """Read what is kept; once, before anybody asks."""
        for host_id, value in (await self._records.all()).items():
            self._set(host_id, value)

    def of(self, host_id: str) -> Availability:
        """What the host said last."""
        return self._values.get(host_id) or Availability()

    def state(self, host_id: str) -> OfficeState:
        """What the host wants to be at this instant."""
        return self.of(host_id).state(self._clock.wall())

    def back_at(self, host_id: str) -> str:
        """When the host is open again (ISO 8601); empty while open, and when nobody knows."""
        moment = self.of(host_id).back_at(self._clock.wall())
        return "" if moment is None else iso(moment)

    def back_in_ms(self, host_id: str) -> int:
        """The same as a duration; 0 while open, and when nobody knows."""
        now = self._clock.wall()
        moment = self.of(host_id).back_at(now)
        return 0 if moment is None else max(0, (moment - now) // timedelta(milliseconds=1))

    def view(self, host_id: str) -> OfficeView:
        """The same as the host's pages see it."""
        value = self.of(host_id)
        return OfficeView(
            value.mode, self.state(host_id), self.back_at(host_id), value.stop_after_call, value.auto_accept
        )

    async def change(self, host_id: str, change: Change) -> Availability:
        """Change it now; durable on return. Raises what the records raise; then it holds until a restart."""
        value = self._set(host_id, change(self.of(host_id)))
        await self._records.put(host_id, value)
        return value

    def change_soon(self, host_id: str, change: Change) -> None:
        """The same without waiting, where nobody does."""
        value = self.of(host_id)
        if change(value) == value:
            return
        self._set(host_id, change(value))
        self._supervisor.spawn(f"reach:{host_id}", self._keep(host_id))

    async def _keep(self, host_id: str) -> None:
        # As it is when this comes to run: what the host changed meanwhile must not be undone on disk.
        await self._records.put(host_id, self.of(host_id))

    def _set(self, host_id: str, value: Availability) -> Availability:
        self._values[host_id] = value
        self._arm(host_id)
        self._changed(host_id)
        return value

    def _arm(self, host_id: str) -> None:
        alarm = self._alarm_of.get(host_id)
        if alarm is None:
            alarm = self._alarm_of[host_id] = self._alarms.make(lambda: self._rang(host_id))
        now = self._clock.wall()
        moment = self.of(host_id).next_change(now)
        if moment is None:
            alarm.set(None)
            return
        wait_ms = (moment - now) // timedelta(milliseconds=1) + 1
        alarm.set(self._clock.now_ms() + max(1, min(wait_ms, LOOK_AGAIN_MS)))

    def _rang(self, host_id: str) -> None:
        self._arm(host_id)
        self._changed(host_id)
