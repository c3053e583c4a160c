"""What happens in the lines is written behind, in order: nobody in a line waits for the disk but to join it.

A write that fails is tried again, and everything behind it waits, so that the order stays. What a crash cuts
off is forgiving: a place whose end was lost is called once more after the restart, and nobody answers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from booking.line import Place, PlaceEnd
from storage.errors import DatabaseClosed, StorageError

from .clock import Clock
from .supervisor import Supervisor, within

log = structlog.get_logger("signaling.line_records")

RETRY_MS = 1_000
WRITE_MS = 10_000
MAX_WAITING = 10_000
Write = Callable[[], Awaitable[None]]


class LineBooks(Protocol):
    """Where the places are kept (booking.office_store)."""

    async def waiting(self) -> list[Place]:
        """Every place that has not ended, in the order of the lines."""

    async def find(self, place_id: str) -> tuple[Place, PlaceEnd | None] | None:
        """A place and why it ended."""

    async def put(self, place: Place) -> None:
        """Durable on return."""

    async def end(self, place_id: str, why: PlaceEnd, at_ms: int) -> None:
        """Durable on return."""


class LineRecords:
    """See the module."""

    def __init__(self, clock: Clock, supervisor: Supervisor) -> None:
        self._clock, self._supervisor = clock, supervisor
        self._writes: deque[Write] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, write: Write) -> None:
        """Write it when everything before is written."""
        if len(self._writes) >= MAX_WAITING:
            log.error("line_records_full")
            return
        self._writes.append(write)
        if self._task is None:
            self._task = self._supervisor.spawn("line_records", self._drain())

    async def close(self, ms: int) -> None:
        """Wait until everything is written, but no longer than `ms`."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=ms / 1000)

    async def _drain(self) -> None:
        try:
            while self._writes:
                try:
                    await self._written(self._writes[0])
                except DatabaseClosed:
                    return
                except (StorageError, TimeoutError) as error:
                    log.warning("line_record_failed", error=type(error).__name__)
                    await self._clock.sleep(RETRY_MS / 1000)
                else:
                    self._writes.popleft()
        finally:
            self._task = None

    async def _written(self, write: Write) -> None:
        async def once() -> None:
            await write()

        await within(self._clock, WRITE_MS, once())
