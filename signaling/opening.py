"""Opening a call's money before it rings: does the wallet suffice, and the call's account at the ledger.

A call whose opening got no answer may be open or not. Nobody will talk in it, so it is settled at nothing in
the background until the ledger confirms that, or that there is no such call.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from metering.errors import Fenced, IdReused, MeteringError, UnknownCall, UnknownWallet
from metering.errors import Refused as LedgerRefused
from metering.facts import CallTerms, Settlement

from .clock import iso
from .errors import Refused
from .ports import MoneyPorts
from .supervisor import within

log = structlog.get_logger("signaling.opening")
T = TypeVar("T")

_LEDGER_CODES = {"wallet.currency": "wallet.currency", "call.settled": "call.ended"}


class Opening:
    """See the module."""

    def __init__(self, ports: MoneyPorts) -> None:
        self._ports = ports

    async def open(self, terms: CallTerms, cap_minor: int | None = None) -> int | Refused:
        """Open the call's account. Returns the wallet's available balance in minor units.

        Refusals: wallet.unknown, wallet.currency, wallet.insufficient, cap.too_low, call.exists, call.ended,
        server.stopping, server.unavailable.
        """
        ledger, asked = self._ports.ledger, False
        try:
            balance = await self._ask(ledger.balance(terms.wallet_id))
            if balance.currency != terms.tariff.currency:
                return Refused.of("wallet.currency")
            if terms.tariff.affordable(balance.available_minor) < self._ports.options.min_talk_ms:
                return Refused.of("wallet.insufficient")
            if cap_minor is not None and terms.tariff.affordable(cap_minor) < self._ports.options.min_talk_ms:
                return Refused.of("cap.too_low")
            asked = True
            refused = await self._ask(ledger.open_call(terms))
        except (MeteringError, TimeoutError) as error:
            return self._failed(terms.call_id, error, asked=asked)
        if isinstance(refused, LedgerRefused):
            return Refused.of(_LEDGER_CODES.get(refused.code, "server.unavailable"))
        return balance.available_minor

    def _failed(self, call_id: str, error: Exception, *, asked: bool) -> Refused:
        match error:
            case UnknownWallet():
                return Refused.of("wallet.unknown")
            case IdReused():
                return Refused.of("call.exists")
            case Fenced():
                self._ports.on_fenced()
                return Refused.of("server.stopping")
            case _:
                pass
        log.warning("call_not_opened", call=call_id, error=type(error).__name__)
        if asked:
            self._ports.supervisor.spawn(f"undo:{call_id}", self._undo(call_id))
        return Refused.of("server.unavailable")

    async def _undo(self, call_id: str) -> None:
        options, wait_ms = self._ports.options, self._ports.options.retry_first_ms
        while True:
            await self._ports.clock.sleep(wait_ms / 1000)
            wait_ms = min(2 * wait_ms, options.retry_max_ms)
            settlement = Settlement(call_id, 0, "cancelled", iso(self._ports.clock.wall()))
            try:
                await self._ask(self._ports.ledger.settle(settlement))
            except (UnknownCall, Fenced):
                return
            except (MeteringError, TimeoutError):
                self._ports.metrics.count("ledger_retries", operation="undo")
            else:
                return

    async def _ask(self, request: Coroutine[Any, Any, T]) -> T:
        return await within(self._ports.clock, self._ports.options.grant_timeout_ms, request)
