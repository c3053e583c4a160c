"""A ledger that can be slow, silent or broken, by operation, while the one behind it stays sound."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from metering.errors import Fenced, LedgerUnavailable
from metering.ledger import Ledger
from signaling.clock import Clock

Fault = Literal["unavailable", "silent", "lost_answer", "fenced"]


class FaultyLedger:
    """Passes everything on to `behind`, as `faults` and `delays_ms` (operation to fault or delay) say.

    `unavailable`: refuses at once. `silent`: never answers and does nothing. `lost_answer`: does it, then
    fails. `fenced`: another process took over. `asked` counts the attempts by operation.
    """

    def __init__(self, behind: Ledger, clock: Clock) -> None:
        self._behind, self._clock = behind, clock
        self.faults: dict[str, Fault] = {}
        self.delays_ms: dict[str, int] = {}
        self.asked: dict[str, int] = {}

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._behind, operation)

        async def call(*args: Any) -> Any:
            self.asked[operation] = self.asked.get(operation, 0) + 1
            fault = self.faults.get(operation)
            delay_ms = self.delays_ms.get(operation, 0)
            if delay_ms:
                await self._clock.sleep(delay_ms / 1000)
            match fault:
                case "unavailable":
                    raise LedgerUnavailable("the disk is gone")
                case "fenced":
                    raise Fenced("another process")
                case "silent":
                    await asyncio.get_running_loop().create_future()
                case "lost_answer":
                    await method(*args)
                    raise LedgerUnavailable("the answer was lost")
            return await method(*args)

        return call

    def break_all(self, fault: Fault) -> None:
        """Break every operation that a running call needs."""
        self.faults = dict.fromkeys(("extend", "record", "settle", "beat", "balance", "open_call"), fault)

    def heal(self) -> None:
        """Work again."""
        self.faults, self.delays_ms = {}, {}
