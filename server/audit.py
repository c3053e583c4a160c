"""The ledger's audit for the operator's page: one full check in a while, however often it is asked."""

from __future__ import annotations

import asyncio

from metering.ledger import Ledger
from signaling.clock import Clock

FRESH_MS = 30_000
REST_FACTOR = 20
"""A check that took a second is not repeated for twenty: it may use a twentieth of a core at most."""
MAX_LISTED = 50


class Audit:
    """`reconcile` reads everything there is, so its outcome is kept for a while."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock
        self._breaches: list[str] = []
        self._stale_ms: int | None = None
        self._one_at_a_time = asyncio.Lock()

    async def breaches(self) -> list[str]:
        """Broken invariants, as they were a while ago. Empty when all is well."""
        async with self._one_at_a_time:
            began_ms = self._clock.now_ms()
            if self._stale_ms is None or began_ms >= self._stale_ms:
                found = await self._ledger.reconcile()
                self._breaches = [f"{each.invariant}: {each.detail}" for each in found[:MAX_LISTED]]
                now_ms = self._clock.now_ms()
                self._stale_ms = now_ms + max(FRESH_MS, REST_FACTOR * (now_ms - began_ms))
            return self._breaches
