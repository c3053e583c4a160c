"""The way of one call's facts to the ledger: in order, until they are there.

Meter events are written one after the other, the settlement last. What fails is tried again, with growing
waits, for ever: nothing may be dropped here without losing money or order. Only three things stop it: the
ledger refuses (the call is settled), this process was fenced, or the supervisor closes; then recovery
settles the call from what is durable.

`unwritten_stop_ms` is what the heartbeat must know: beyond it the ledger still takes the meter to be running,
and running for money.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import structlog

from metering.errors import Fenced, LedgerUnavailable, MeteringError
from metering.facts import Gift, MeterEvent, Settlement, Stopped

from .clock import iso_at
from .events import BooksOverflowed, Event, Settled
from .ports import MoneyPorts
from .supervisor import within

log = structlog.get_logger("signaling.books")
T = TypeVar("T")


class Books:
    """See the module. `post` puts an event into the call's inbox."""

    def __init__(self, call_id: str, ports: MoneyPorts, post: Callable[[Event], object]) -> None:
        self._call_id, self._ports, self._post = call_id, ports, post
        self._events: deque[MeterEvent] = deque()
        self._settlement: Settlement | None = None
        self._writing = False

    def record(self, event: MeterEvent) -> None:
        """Have `event` written; its wall-clock moment is filled in from its instant."""
        if len(self._events) == self._ports.options.records_limit:
            # Posted once: the call ends, and its last events still find room.
            self._post(BooksOverflowed())
        self._events.append(replace(event, at=iso_at(self._ports.clock, event.at_ms)))
        self._write()

    def settle(self, settlement: Settlement) -> None:
        """Have the call settled after everything recorded; answered by `Settled`."""
        self._settlement = settlement
        self._write()

    def unwritten_stop_ms(self) -> int | None:
        """The earliest end or gift that is not durable yet (a later one may correct it), or None."""
        if not self._events:
            return None
        bounding = (event.at_ms for event in self._events if isinstance(event, Stopped | Gift))
        return min(bounding, default=None)

    def _write(self) -> None:
        if not self._writing:
            self._writing = True
            self._ports.supervisor.spawn(f"books:{self._call_id}", self._run())

    async def _run(self) -> None:
        try:
            while self._events:
                await self._record(list(self._events))
            if self._settlement is not None:
                await self._settle(self._settlement)
        except Fenced:
            log.warning("fenced", call=self._call_id)
            self._ports.on_fenced()
            self._post(Settled(None))
        except MeteringError as error:
            # The ledger contradicts the meter: a fault of ours. Money stays where it is until recovery.
            self._ports.metrics.count("task_crashes", task="books")
            log.exception("books_refused", call=self._call_id, code=error.code)
            self._post(Settled(None))
        finally:
            self._writing = False

    async def _record(self, batch: list[MeterEvent]) -> None:
        refused = await self._insist("record", lambda: self._ports.ledger.record(self._call_id, batch))
        if refused is not None:
            log.error("record_refused", call=self._call_id, code=refused.code)
        for _ in batch:
            self._events.popleft()

    async def _settle(self, settlement: Settlement) -> None:
        self._post(Settled(await self._insist("settle", lambda: self._ports.ledger.settle(settlement))))

    async def _insist(self, operation: str, attempt: Callable[[], Coroutine[Any, Any, T]]) -> T:
        wait_ms = self._ports.options.retry_first_ms
        while True:
            try:
                return await within(self._ports.clock, self._ports.options.grant_timeout_ms, attempt())
            except (LedgerUnavailable, TimeoutError):
                self._ports.metrics.count("ledger_retries", operation=operation)
                log.warning("ledger_silent", call=self._call_id, operation=operation, again_in_ms=wait_ms)
            await self._ports.clock.sleep(wait_ms / 1000)
            wait_ms = min(2 * wait_ms, self._ports.options.retry_max_ms)
