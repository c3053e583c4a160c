"""A call's inbox: facts in the order and with the instant of their arrival."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator

from .clock import Clock
from .events import Event, Said


class Inbox:
    """Many put, one takes. Nothing here waits but `wait`.

    Only what clients say is bounded (`limit`); everything else is bounded by what causes it: one grant in
    flight, one alarm, one negotiation a participant.
    """

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock, self._limit = clock, limit
        self._events: deque[tuple[int, Event]] = deque()
        self._wake = asyncio.Event()

    def put(self, event: Event) -> bool:
        """Take an event in, stamped now. False when the inbox is full of what clients said."""
        if isinstance(event, Said) and len(self._events) >= self._limit:
            return False
        self._events.append((self._clock.now_ms(), event))
        self._wake.set()
        return True

    def first_ms(self) -> int | None:
        """When the oldest event came that still lies here."""
        return self._events[0][0] if self._events else None

    async def wait(self) -> None:
        """Until there is something."""
        await self._wake.wait()
        self._wake.clear()

    def take(self) -> Iterator[tuple[int, Event]]:
        """Take out everything, and what is put in meanwhile: (instant in ms, event)."""
        while self._events:
            yield self._events.popleft()
