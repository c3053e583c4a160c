"""The ledger's audit for the operator's page: one full check in a while, however often it is asked."""

from __future__ import annotations

import asyncio

from metering.ledger import Ledger
from signaling.clock import Clock

FRESH_MS = 30_000
MAX_LISTED = 50


class Audit:
    """`reconcile` reads everything there is, so its outcome is kept for a while."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock
        self._breaches: list[str] = []
        self._at_ms: int | None = None
        self._one_at_a_time = asyncio.Lock()

    async def breaches(self) -> list[str]:
        """Broken invariants, as they were at most 30 s ago. Empty when all is well."""
        async with self._one_at_a_time:
            now_ms = self._clock.now_ms()
            if self._at_ms is None or now_ms - self._at_ms >= FRESH_MS:
                found = await self._ledger.reconcile()
                self._breaches = [f"{each.invariant}: {each.detail}" for each in found[:MAX_LISTED]]
                self._at_ms = now_ms
            return self._breaches
