"""How long a wait will be, from what the ledger knows: past calls of a host, and what is in wallets.

Looked up in the background and remembered for a while; until the answer is there, the prediction is made
without it. A prediction is for the eye and promises nothing, so a ledger that is silent changes nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import structlog

from booking.people import Rate
from booking.waiting import Talk, waits_ms
from metering.errors import MeteringError
from metering.ledger import Ledger
from metering.tariff import Tariff

from .clock import Clock
from .supervisor import Supervisor, within

log = structlog.get_logger("signaling.forecast")
V = TypeVar("V")

PAST_CALLS = 20
STALE_MS = 60_000
PATIENCE_MS = 5_000
MAX_REMEMBERED = 5_000
STEP_MS = 30_000
"""Waits are told in steps: what is not known to the second shall not look as if it were."""


class Forecast:
    """See the module. `told(host_id)` is called when a host's predictions may be different."""

    def __init__(
        self, clock: Clock, ledger: Ledger, supervisor: Supervisor, told: Callable[[str], None]
    ) -> None:
        self._clock, self._ledger, self._supervisor, self._told = clock, ledger, supervisor, told
        self._past: OrderedDict[str, tuple[int, list[int]]] = OrderedDict()
        self._funds: OrderedDict[str, int] = OrderedDict()
        self._asking: set[str] = set()

    def waits(self, host_id: str, talk: Talk | None, line: Sequence[tuple[str, Rate]]) -> list[int]:
        """The wait in ms of each (client id, rate) in the line, and last a newcomer's; rounded up."""
        _, past = self._past.get(host_id, (0, []))
        funds = [self._affords(client_id, rate) for client_id, rate in line]
        return [stepped(wait) for wait in waits_ms(past, talk, funds)]

    def look(self, host_id: str) -> None:
        """Somebody waits for this host, or may soon: know its past calls."""
        at_ms = self._past[host_id][0] if host_id in self._past else None
        if at_ms is None or self._clock.now_ms() - at_ms > STALE_MS:
            self._ask(f"past:{host_id}", host_id, self._look(host_id))

    def look_into(self, wallet_id: str, host_id: str) -> None:
        """Know what is in this wallet, whose owner waits for this host."""
        self._ask(f"funds:{wallet_id}:{host_id}", host_id, self._look_into(wallet_id))

    def _affords(self, wallet_id: str, rate: Rate) -> int | None:
        minor = self._funds.get(wallet_id)
        if minor is None or rate.price_minor == 0:
            return None
        return tariff_of(rate).affordable(minor)

    def _ask(self, name: str, host_id: str, look: Coroutine[Any, Any, None]) -> None:
        if name in self._asking:
            look.close()
            return
        self._asking.add(name)
        self._supervisor.spawn(f"forecast:{name}", self._asked(name, host_id, look))

    async def _asked(self, name: str, host_id: str, look: Coroutine[Any, Any, None]) -> None:
        try:
            await within(self._clock, PATIENCE_MS, look)
        except (MeteringError, TimeoutError) as error:
            log.info("no_forecast", error=type(error).__name__)
        else:
            self._told(host_id)
        finally:
            self._asking.discard(name)

    async def _look(self, host_id: str) -> None:
        accounts = await self._ledger.calls_of_host(host_id, PAST_CALLS)
        past = [account.used_ms for account in accounts if account.state == "settled"]
        _remember(self._past, host_id, (self._clock.now_ms(), past))

    async def _look_into(self, wallet_id: str) -> None:
        balance = await self._ledger.balance(wallet_id)
        _remember(self._funds, wallet_id, balance.available_minor)


def _remember(memory: OrderedDict[str, V], key: str, value: V) -> None:
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > MAX_REMEMBERED:
        memory.popitem(last=False)


def stepped(wait_ms: int) -> int:
    """A wait as it is told: rounded up to whole steps."""
    return max(0, -(-wait_ms // STEP_MS) * STEP_MS)


def tariff_of(rate: Rate) -> Tariff:
    """A rate as the tariff that a payer sees; whose share it is does not matter here."""
    return Tariff(
        currency=rate.currency, price_minor=rate.price_minor, per_ms=rate.per_ms,
        increment_ms=rate.increment_ms, minimum_ms=rate.minimum_ms, free_ms=rate.free_ms,
    )  # fmt: skip
