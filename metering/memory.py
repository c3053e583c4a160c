"""The ledger in memory: the readable reference of what `metering.ledger.Ledger` promises.

It ships for tests, simulations and trials; nothing survives the process. `Books` are what a database would
hold: two ledgers on the same books are two processes on the same data, and the older one is fenced.

Money is where the transfers put it. `Books.post` is the only place that moves any: it refuses to take an
account below its floor, so no caller can.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Literal

from .accounts import (
    Transfer,
    available_of,
    check_amount,
    check_credit,
    earnings_of,
    held_of,
    processor_of,
    revenue_of,
)  # fmt: skip
from .audit import audit_call
from .chain import genesis, link
from .errors import Fenced, IdReused, LedgerUnavailable, Refused, UnknownCall, UnknownWallet
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
from .price import Price
from .progress import Progress, closing_event, fresh_events, proven_use


@dataclass(slots=True)
class WalletEntry:
    """A wallet's own facts; its money is in the accounts."""

    currency: str
    topped_up_minor: int = 0


@dataclass(slots=True)
class CallEntry:
    """A metered call as it stands."""

    terms: CallTerms
    node_id: str
    epoch: int
    progress: Progress
    chain_head: str
    balance_before_minor: int
    topped_up_before_minor: int
    state: Literal["open", "settled"] = "open"
    events: list[MeterEvent] = field(default_factory=list)
    held_minor: int = 0
    charge_minor: int = 0
    host_share_minor: int = 0
    reason: str = ""
    ended_at: str = ""
    balance_after_minor: int = 0
    topped_up_minor: int = 0


@dataclass(slots=True)
class Books:
    """Everything a database would hold."""

    transfers: dict[str, Transfer] = field(default_factory=dict)
    balances: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    wallets: dict[str, WalletEntry] = field(default_factory=dict)
    top_ups: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    calls: dict[str, CallEntry] = field(default_factory=dict)
    open_calls: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    epochs: dict[str, int] = field(default_factory=dict)
    beats: dict[tuple[str, int], Heartbeat] = field(default_factory=dict)

    def post(self, transfer: Transfer) -> None:
        """Move money. The id must be new, the amount positive, and the source able to give it."""
        if transfer.amount_minor <= 0 or transfer.id in self.transfers:
            raise AssertionError(f"not a new, positive transfer: {transfer}")
        left = self.balances[transfer.source] - transfer.amount_minor
        if left < 0 and not transfer.source.startswith("processor:"):
            raise AssertionError(f"{transfer.source} would fall below its floor: {transfer}")
        self.transfers[transfer.id] = transfer
        self.balances[transfer.source] = left
        self.balances[transfer.target] += transfer.amount_minor


class MemoryLedger:
    """See `metering.ledger.Ledger`."""

    def __init__(self, books: Books | None = None) -> None:
        self.books = books if books is not None else Books()
        self._node_id = ""
        self._epoch = 0
        self._closed = False

    # -- processes ------------------------------------------------------------------------------------------

    async def take_over(self, node_id: str) -> int:
        """See `Ledger`."""
        self._check_open()
        self._node_id = node_id
        self._epoch = self.books.epochs[node_id] = self.books.epochs.get(node_id, 0) + 1
        return self._epoch

    async def beat(self, heartbeat: Heartbeat) -> None:
        """See `Ledger`."""
        self._check_owner()
        self.books.beats[self._node_id, self._epoch] = heartbeat

    async def recover(self, now_at: str) -> list[CallAccount]:
        """See `Ledger`."""
        self._check_owner()
        orphans = [
            call for call in self.books.calls.values()
            if call.state == "open" and call.node_id == self._node_id and call.epoch < self._epoch
        ]  # fmt: skip
        settled = []
        for call in orphans:
            call_id = call.terms.call_id
            heartbeat = self.books.beats.get((call.node_id, call.epoch))
            used_ms = proven_use(call.progress, call_id, heartbeat)
            stopped = closing_event(call.progress, used_ms)
            ended_at = stopped.at if stopped else now_at
            settled.append(self._settle(call, Settlement(call_id, used_ms, "recovered", ended_at)))
        return settled

    async def close(self) -> None:
        """See `Ledger`."""
        self._closed = True

    # -- wallets --------------------------------------------------------------------------------------------

    async def open_wallet(self, wallet_id: str, currency: str) -> None:
        """See `Ledger`."""
        self._check_current()
        wallet = self.books.wallets.setdefault(wallet_id, WalletEntry(currency))
        if wallet.currency != currency:
            raise IdReused(f"wallet {wallet_id} exists in {wallet.currency}")

    async def balance(self, wallet_id: str) -> Balance:
        """See `Ledger`."""
        self._check_open()
        return self._balance(wallet_id)

    async def top_up(self, wallet_id: str, payment_id: str, amount_minor: int, source: str) -> Balance:
        """See `Ledger`."""
        check_amount(amount_minor, least=1)
        self._check_current()
        wallet = self._wallet(wallet_id)
        fingerprint = (wallet_id, amount_minor, source)
        if self.books.top_ups.get(payment_id, fingerprint) != fingerprint:
            raise IdReused(f"payment {payment_id} came before with another wallet, amount or source")
        if payment_id not in self.books.top_ups:
            check_credit(wallet.topped_up_minor, amount_minor)
            self.books.post(
                Transfer(
                    f"topup:{payment_id}",
                    processor_of(source, wallet.currency),
                    available_of(wallet_id),
                    amount_minor,
                    wallet.currency,
                )
            )
            self.books.top_ups[payment_id] = fingerprint
            wallet.topped_up_minor += amount_minor
        return self._balance(wallet_id)

    # -- calls ----------------------------------------------------------------------------------------------

    async def open_call(self, terms: CallTerms) -> Refused | None:
        """See `Ledger`."""
        self._check_owner()
        call = self.books.calls.get(terms.call_id)
        if call is not None:
            if call.terms != terms:
                raise IdReused(f"call {terms.call_id} was opened with other terms")
            return Refused("call.settled") if call.state == "settled" else None
        wallet = self._wallet(terms.wallet_id)
        if wallet.currency != terms.tariff.currency:
            return Refused("wallet.currency")
        self.books.calls[terms.call_id] = CallEntry(
            terms=terms,
            node_id=self._node_id,
            epoch=self._epoch,
            progress=Progress(),
            chain_head=genesis(terms),
            balance_before_minor=self._worth(terms.wallet_id),
            topped_up_before_minor=wallet.topped_up_minor,
        )
        self.books.open_calls[terms.wallet_id].add(terms.call_id)
        return None

    async def extend(self, call_id: str, to_minor: int) -> Grant | Refused:
        """See `Ledger`."""
        check_amount(to_minor)
        self._check_owner()
        call = self._call(call_id)
        if call.state == "settled":
            return Refused("call.settled")
        wallet_id = call.terms.wallet_id
        available = self.books.balances[available_of(wallet_id)]
        amount = min(to_minor - call.held_minor, available)
        if amount > 0:
            call.held_minor += amount
            hold_id = f"hold:{call_id}:{call.held_minor}"
            self._post(call, hold_id, available_of(wallet_id), held_of(wallet_id), amount)
            available -= amount
        return Grant(call.held_minor, available, call.held_minor < to_minor, self._open_calls(wallet_id))

    async def record(self, call_id: str, events: Sequence[MeterEvent]) -> Refused | None:
        """See `Ledger`."""
        self._check_owner()
        call = self._call(call_id)
        if call.state == "settled":
            return Refused("call.settled")
        progress, known = call.progress, list(call.events)
        for event in fresh_events(call.events, events):
            progress = progress.after(event, lambda: known)
            known.append(event)
        self._append(call, known[len(call.events) :], progress)
        return None

    async def settle(self, settlement: Settlement) -> CallAccount:
        """See `Ledger`."""
        self._check_owner()
        return self._settle(self._call(settlement.call_id), settlement)

    async def call(self, call_id: str) -> CallAccount:
        """See `Ledger`."""
        self._check_open()
        return self._account(self._call(call_id))

    async def calls_of_wallet(self, wallet_id: str, limit: int = 50) -> list[CallAccount]:
        """See `Ledger`."""
        self._check_open()
        mine = [call for call in self.books.calls.values() if call.terms.wallet_id == wallet_id]
        return [self._account(call) for call in mine[::-1][:limit]]

    async def calls_of_host(self, host_id: str, limit: int = 50) -> list[CallAccount]:
        """See `Ledger`."""
        self._check_open()
        mine = [call for call in self.books.calls.values() if call.terms.host_id == host_id]
        return [self._account(call) for call in mine[::-1][:limit]]

    async def recent_calls(self, limit: int = 50) -> list[CallAccount]:
        """See `Ledger`."""
        self._check_open()
        return [self._account(call) for call in list(self.books.calls.values())[::-1][:limit]]

    # -- one call's money -----------------------------------------------------------------------------------

    def _settle(self, call: CallEntry, settlement: Settlement) -> CallAccount:
        if call.state == "settled":
            return self._account(call)
        call_id, wallet_id, tariff = call.terms.call_id, call.terms.wallet_id, call.terms.tariff
        stopped = closing_event(call.progress, settlement.used_ms)
        if stopped is not None:
            self._append(call, [stopped], Progress.of(stopped))
        due_minor = Price.of(tariff, call.events).charge(call.progress.used_ms)
        call.charge_minor = min(due_minor, call.held_minor)
        call.host_share_minor = tariff.host_share(call.charge_minor)
        held, earnings = held_of(wallet_id), earnings_of(call.terms.host_id, tariff.currency)
        platform_minor = call.charge_minor - call.host_share_minor
        self._post(call, f"settle:{call_id}:host", held, earnings, call.host_share_minor)
        self._post(call, f"settle:{call_id}:platform", held, revenue_of(tariff.currency), platform_minor)
        released_minor = call.held_minor - call.charge_minor
        self._post(call, f"release:{call_id}", held, available_of(wallet_id), released_minor)
        call.state, call.held_minor = "settled", 0
        self.books.open_calls[wallet_id].discard(call_id)
        call.reason, call.ended_at = settlement.reason, settlement.ended_at
        call.balance_after_minor = self._worth(wallet_id)
        call.topped_up_minor = self._wallet(wallet_id).topped_up_minor - call.topped_up_before_minor
        return self._account(call)

    def _post(self, call: CallEntry, transfer_id: str, source: str, target: str, amount_minor: int) -> None:
        """Post a transfer of the call; nothing is a transfer of zero."""
        if amount_minor:
            terms = call.terms
            self.books.post(
                Transfer(transfer_id, source, target, amount_minor, terms.tariff.currency, terms.call_id)
            )

    def _append(self, call: CallEntry, events: Sequence[MeterEvent], progress: Progress) -> None:
        call.events.extend(events)
        call.chain_head = reduce(link, events, call.chain_head)
        call.progress = progress

    # -- reading --------------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise LedgerUnavailable("the ledger is closed")

    def _check_current(self) -> None:
        self._check_open()
        if self._epoch and self._epoch != self.books.epochs[self._node_id]:
            raise Fenced(f"node {self._node_id} is in epoch {self.books.epochs[self._node_id]}")

    def _check_owner(self) -> None:
        self._check_current()
        if not self._epoch:
            raise Fenced("this ledger has not taken over a node")

    def _wallet(self, wallet_id: str) -> WalletEntry:
        try:
            return self.books.wallets[wallet_id]
        except KeyError:
            raise UnknownWallet(wallet_id) from None

    def _call(self, call_id: str) -> CallEntry:
        try:
            return self.books.calls[call_id]
        except KeyError:
            raise UnknownCall(call_id) from None

    def _worth(self, wallet_id: str) -> int:
        balances = self.books.balances
        return balances[available_of(wallet_id)] + balances[held_of(wallet_id)]

    def _open_calls(self, wallet_id: str) -> int:
        return len(self.books.open_calls[wallet_id])

    def _balance(self, wallet_id: str) -> Balance:
        wallet = self._wallet(wallet_id)
        balances = self.books.balances
        return Balance(
            wallet_id,
            wallet.currency,
            balances[available_of(wallet_id)],
            balances[held_of(wallet_id)],
            self._open_calls(wallet_id),
        )

    def _account(self, call: CallEntry) -> CallAccount:
        return CallAccount(
            terms=call.terms,
            state=call.state,
            events=tuple(call.events),
            chain_head=call.chain_head,
            held_minor=call.held_minor,
            used_ms=call.progress.used_ms,
            charge_minor=call.charge_minor,
            host_share_minor=call.host_share_minor,
            reason=call.reason,
            ended_at=call.ended_at,
            balance_before_minor=call.balance_before_minor,
            balance_after_minor=call.balance_after_minor,
            topped_up_minor=call.topped_up_minor,
        )

    # -- checking -------------------------------------------------------------------------------------------

    async def reconcile(self) -> list[Breach]:
        """See `Ledger`."""
        self._check_open()
        return [*self._audit_accounts(), *self._audit_wallets(), *self._audit_calls()]

    def _audit_accounts(self) -> Iterator[Breach]:
        sums: defaultdict[str, int] = defaultdict(int)
        for transfer in self.books.transfers.values():
            sums[transfer.source] -= transfer.amount_minor
            sums[transfer.target] += transfer.amount_minor
        for account in sums.keys() | self.books.balances.keys():
            balance = self.books.balances[account]
            if balance != sums[account]:
                yield Breach("account.sum", f"{account}: {balance}, its transfers give {sums[account]}")
            if balance < 0 and not account.startswith("processor:"):
                yield Breach("account.floor", f"{account}: {balance}")

    def _audit_wallets(self) -> Iterator[Breach]:
        for wallet_id, wallet in self.books.wallets.items():
            mine = [call for call in self.books.calls.values() if call.terms.wallet_id == wallet_id]
            open_minor = sum(call.held_minor for call in mine if call.state == "open")
            held_minor = self.books.balances[held_of(wallet_id)]
            if held_minor != open_minor:
                yield Breach("wallet.held", f"{wallet_id}: {held_minor} held, its open calls {open_minor}")
            paid_minor = sum(amount for owner, amount, _ in self.books.top_ups.values() if owner == wallet_id)
            if wallet.topped_up_minor != paid_minor:
                yield Breach("wallet.topped_up", f"{wallet_id}: {wallet.topped_up_minor}, paid {paid_minor}")

    def _audit_calls(self) -> Iterator[Breach]:
        moved: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        for transfer in self.books.transfers.values():
            if transfer.call_id:
                moved[transfer.call_id][transfer.id.partition(":")[0]] += transfer.amount_minor
        for call_id, call in self.books.calls.items():
            granted_minor, captured_minor = moved[call_id]["hold"], moved[call_id]["settle"]
            yield from audit_call(self._account(call), granted_minor)
            if call.held_minor != granted_minor - captured_minor - moved[call_id]["release"]:
                yield Breach("call.held", f"{call_id}: {call.held_minor} held, its transfers differ")
            if call.charge_minor != captured_minor:
                yield Breach("call.captured", f"{call_id}: {call.charge_minor}, captured {captured_minor}")
