"""A ledger that measures: how long each operation took, and which failed. Knows nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TypeVar

from metering.errors import MeteringError, Refused
from metering.facts import (
    Balance,
    Breach,
    CallAccount,
    CallTerms,
    Grant,
    Heartbeat,
    MeterEvent,
    Settlement,
)  # fmt: skip
from metering.ledger import Ledger
from server.metrics import Metrics
from signaling.clock import Clock

T = TypeVar("T")


class MeasuredLedger:
    """See the module; every method is the inner ledger's."""

    def __init__(self, inner: Ledger, metrics: Metrics, clock: Clock) -> None:
        self._inner, self._metrics, self._clock = inner, metrics, clock
        self.wrote_ms: int | None = None
        """When a takeover or a heartbeat was last durable: the proof that the ledger takes writes."""

    async def _measured(self, operation: str, answer: Awaitable[T]) -> T:
        began_ms = self._clock.now_ms()
        try:
            return await answer
        except MeteringError as error:
            self._metrics.ledger_errors.labels(error.code).inc()
            raise
        finally:
            took_ms = self._clock.now_ms() - began_ms
            self._metrics.ledger_seconds.labels(operation).observe(took_ms / 1000)

    async def take_over(self, node_id: str) -> int:
        """See `Ledger`."""
        epoch = await self._measured("take_over", self._inner.take_over(node_id))
        self.wrote_ms = self._clock.now_ms()
        return epoch

    async def open_wallet(self, wallet_id: str, currency: str) -> None:
        """See `Ledger`."""
        await self._measured("open_wallet", self._inner.open_wallet(wallet_id, currency))

    async def balance(self, wallet_id: str) -> Balance:
        """See `Ledger`."""
        return await self._measured("balance", self._inner.balance(wallet_id))

    async def top_up(self, wallet_id: str, payment_id: str, amount_minor: int, source: str) -> Balance:
        """See `Ledger`."""
        return await self._measured("top_up", self._inner.top_up(wallet_id, payment_id, amount_minor, source))

    async def open_call(self, terms: CallTerms) -> Refused | None:
        """See `Ledger`."""
        return await self._measured("open_call", self._inner.open_call(terms))

    async def extend(self, call_id: str, to_minor: int) -> Grant | Refused:
        """See `Ledger`."""
        return await self._measured("extend", self._inner.extend(call_id, to_minor))

    async def record(self, call_id: str, events: Sequence[MeterEvent]) -> Refused | None:
        """See `Ledger`."""
        return await self._measured("record", self._inner.record(call_id, events))

    async def settle(self, settlement: Settlement) -> CallAccount:
        """See `Ledger`."""
        return await self._measured("settle", self._inner.settle(settlement))

    async def beat(self, heartbeat: Heartbeat) -> None:
        """See `Ledger`."""
        await self._measured("beat", self._inner.beat(heartbeat))
        self.wrote_ms = self._clock.now_ms()

    async def recover(self, now_at: str) -> list[CallAccount]:
        """See `Ledger`."""
        return await self._measured("recover", self._inner.recover(now_at))

    async def call(self, call_id: str) -> CallAccount:
        """See `Ledger`."""
        return await self._measured("call", self._inner.call(call_id))

    async def calls_of_wallet(self, wallet_id: str, limit: int = 50) -> list[CallAccount]:
        """See `Ledger`."""
        return await self._measured("calls_of_wallet", self._inner.calls_of_wallet(wallet_id, limit))

    async def calls_of_host(self, host_id: str, limit: int = 50) -> list[CallAccount]:
        """See `Ledger`."""
        return await self._measured("calls_of_host", self._inner.calls_of_host(host_id, limit))

    async def recent_calls(self, limit: int = 50) -> list[CallAccount]:
        """See `Ledger`."""
        return await self._measured("recent_calls", self._inner.recent_calls(limit))

    async def reconcile(self) -> list[Breach]:
        """See `Ledger`."""
        return await self._measured("reconcile", self._inner.reconcile())

    async def close(self) -> None:
        """See `Ledger`."""
        await self._inner.close()
