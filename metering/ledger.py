"""The ledger port: double entry, holds, one settlement a call.

Adapters: `metering.memory.MemoryLedger` (the readable reference) and `metering.sql.SqlLedger`. Both pass
`tests/contract/test_ledger.py`. Accounts: `wallet:{id}:available`, `wallet:{id}:held` (both with a floor of
zero, kept by the database), `host:{id}:{currency}:earnings`, `platform:{currency}:revenue`,
`processor:{source}:{currency}` (where money comes in; the only one that goes below zero).

Invariants (what `reconcile` checks): per currency all balances sum to zero; every balance is the sum of its
transfers; held = sum of open holds, per wallet; available >= 0; charge <= hold; a settled call holds nothing;
host share + platform share = charge; charge = tariff.charge(used), at most the hold; sum of intervals = used;
the chain of meter events recomputes to its head.

Order: requests take effect in the order in which their coroutines were started.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .errors import Refused
from .facts import (
    Balance,
    Breach,
    CallAccount,
    CallTerms,
    Grant,
    Heartbeat,
    MeterEvent,
    Settlement,
)  # fmt: skip


class Ledger(Protocol):
    """See the module's docstring. Every method may raise `LedgerUnavailable`, and `Fenced` on writes.

    Before `take_over` only wallets can be written; the other writes raise `Fenced`.
    """

    async def take_over(self, node_id: str) -> int:
        """Start a new epoch for the node and fence its older processes. Returns the epoch. Once at start."""

    async def open_wallet(self, wallet_id: str, currency: str) -> None:
        """Make an empty wallet; a no-op when it exists with that currency, else `IdReused`."""

    async def balance(self, wallet_id: str) -> Balance:
        """Raises `UnknownWallet`."""

    async def top_up(self, wallet_id: str, payment_id: str, amount_minor: int, source: str) -> Balance:
        """Credit a payment, once by `payment_id` (transfer id `topup:{payment_id}`).

        Raises `UnknownWallet`, `AmountOutOfRange`, and `IdReused` when the id came before with another
        wallet, amount or source.
        """

    async def open_call(self, terms: CallTerms) -> Refused | None:
        """Open a metered call with an empty hold. A no-op when it is open with the same terms.

        `Refused("wallet.currency")` when the tariff is in another currency, `Refused("call.settled")` when
        the call is over. Raises `UnknownWallet`, and `IdReused` when it exists with other terms.
        """

    async def extend(self, call_id: str, to_minor: int) -> Grant | Refused:
        """Raise the call's hold to `to_minor`, or as near as the wallet's available balance allows.

        Never lowers a hold. A replay is a no-op. `Refused("call.settled")` after settlement.
        Raises `UnknownCall`, and `AmountOutOfRange` for a negative or an unrepresentable hold.
        """

    async def record(self, call_id: str, events: Sequence[MeterEvent]) -> Refused | None:
        """Append meter events to the call's hash chain; durable when it returns.

        Events that repeat the end of the chain are a retry and a no-op. `Refused("call.settled")` after
        settlement. Raises `UnknownCall`, and `EventsDisagree` (nothing is stored) when they do not add up.
        """

    async def settle(self, settlement: Settlement) -> CallAccount:
        """Close the call: capture min(charge(used), hold) to host and platform, release the rest.

        One transaction; a second settlement changes nothing and returns the first one's account.
        An interval that is still open is closed at `used_ms` with reason `recovered`. When none is open, what
        is recorded counts, even if `used_ms` is more. Raises `UnknownCall`, and `EventsDisagree` when
        `used_ms` is less than what is recorded.
        """

    async def beat(self, heartbeat: Heartbeat) -> None:
        """Store the node's heartbeat durably (its only one: the newer replaces the older)."""

    async def recover(self, now_at: str) -> list[CallAccount]:
        """Settle every call that an older epoch of this node left open, at its last proof of life.

        usage = used + (min(safe_at, exception) - began) for a running interval, never negative, by the last
        heartbeat of the epoch that opened the call. One transaction a call. Such a call ended where its
        running interval did, else at `now_at`.
        """

    async def call(self, call_id: str) -> CallAccount:
        """Raises `UnknownCall`."""

    async def calls_of_wallet(self, wallet_id: str, limit: int = 50) -> list[CallAccount]:
        """The newest first."""

    async def calls_of_host(self, host_id: str, limit: int = 50) -> list[CallAccount]:
        """The newest first."""

    async def recent_calls(self, limit: int = 50) -> list[CallAccount]:
        """Of everybody, the newest first."""

    async def reconcile(self) -> list[Breach]:
        """Check every invariant over everything. Empty when all is well."""

    async def close(self) -> None:
        """Finish what was asked for and refuse the rest with `LedgerUnavailable`."""
