"""The ledger in SQL: see `metering.ledger.Ledger`, and `metering.tables` for what the database itself keeps.

Every method is one job of the database's writer (or of a reader), that is one transaction: all of it is
durable when the answer comes, or none of it ever was. SQLAlchemy Core throughout, but for the statements that
run every second of every call (extend, record, beat), which are raw.

What is decided in Python (how much can be held, what is charged) is decided inside the writing transaction,
where nobody else writes; the CHECKs and triggers of the tables would stop it if it were ever decided wrongly.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from storage.database import Database
from storage.errors import StorageError
from storage.worker import Transaction

from .accounts import available_of, check_amount, earnings_of, held_of, revenue_of
from .bookkeeping import (
    ChainEnd,
    append_events,
    balance_of,
    credit,
    ensure_account,
    events_from,
    known_call,
    progress_of,
    purse,
    resume_event,
    settle,
    wallet_row,
)  # fmt: skip
from .chain import genesis
from .errors import Fenced, IdReused, LedgerUnavailable, Refused, UnknownCall
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
from .news import TopUpSucceeded, call_metered, call_ringing, topped_up
from .progress import Progress, closing_event, fresh_events, proven_use
from .reconciliation import breaches
from .rows import account_of, accounts_of, call_row, events_of, tariff_text, terms_of
from .tables import heartbeats, metered_calls, nodes, top_ups, wallets

T = TypeVar("T")

_RECOVERED_AT_ONCE = 256

_EXTENDED_CALL = """
    SELECT c.seq, c.state, c.held_minor, c.wallet_id, a.balance_minor, a.currency,
           (SELECT count(*) FROM metered_calls o WHERE o.wallet_id = c.wallet_id AND o.state = 'open'),
           (SELECT epoch FROM nodes WHERE id = ?)
    FROM metered_calls c JOIN accounts a ON a.id = 'wallet:' || c.wallet_id || ':available'
    WHERE c.id = ?
"""
_POST = """
    INSERT INTO transfers (id, source, target, amount_minor, currency, call_id) VALUES (?, ?, ?, ?, ?, ?)
"""
_RAISE_HOLD = "UPDATE metered_calls SET held_minor = ? WHERE seq = ?"
_CALL_CHAIN = "SELECT state, events, chain_head FROM metered_calls WHERE id = ?"
_EPOCH = "SELECT epoch FROM nodes WHERE id = ?"
_BEAT = """
    INSERT INTO heartbeats (node_id, epoch, safe_at_ms, exceptions) VALUES (?, ?, ?, ?)
    ON CONFLICT (node_id, epoch)
    DO UPDATE SET safe_at_ms = excluded.safe_at_ms, exceptions = excluded.exceptions
"""


class SqlLedger:
    """A ledger on an open, migrated database, which it does not close. One a process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._node_id = ""
        self._epoch = 0
        self._closed = False

    async def _write(self, job: Callable[[Transaction], T]) -> T:
        return await self._ask(self._database.write, job)

    async def _read(self, job: Callable[[Connection], T]) -> T:
        return await self._ask(self._database.read, lambda transaction: job(transaction.connection))

    async def _ask(self, run: Callable[..., Any], job: Callable[..., T]) -> T:
        if self._closed:
            raise LedgerUnavailable("the ledger is closed")
        try:
            answer: T = await run(job)
        except (StorageError, SQLAlchemyError, sqlite3.Error) as error:
            raise LedgerUnavailable(str(error)) from error
        return answer

    def _check_epoch(self, raw: sqlite3.Connection, *, owner: bool = True) -> None:
        """Raise `Fenced` when another process took over; and, for what only an owner may, when none did."""
        if not self._epoch:
            if owner:
                raise Fenced("this ledger has not taken over a node")
            return
        (epoch,) = raw.execute(_EPOCH, (self._node_id,)).fetchone()
        if epoch != self._epoch:
            raise Fenced(f"node {self._node_id} is in epoch {epoch}, not {self._epoch}")

    # -- processes ------------------------------------------------------------------------------------------

    async def take_over(self, node_id: str) -> int:
        """See `Ledger`."""

        def job(transaction: Transaction) -> int:
            bumped = insert(nodes).values(id=node_id, epoch=1)
            bumped = bumped.on_conflict_do_update(index_elements=["id"], set_={"epoch": nodes.c.epoch + 1})
            epoch: int = transaction.connection.execute(bumped.returning(nodes.c.epoch)).scalar_one()
            return epoch

        epoch = await self._write(job)
        self._node_id, self._epoch = node_id, epoch
        return epoch

    async def beat(self, heartbeat: Heartbeat) -> None:
        """See `Ledger`."""
        exceptions = msgspec.json.encode(heartbeat.exceptions).decode()

        def job(transaction: Transaction) -> None:
            self._check_epoch(transaction.raw)
            row = (self._node_id, self._epoch, heartbeat.safe_at_ms, exceptions)
            transaction.raw.execute(_BEAT, row)

        await self._write(job)

    async def recover(self, now_at: str) -> list[CallAccount]:
        """See `Ledger`. A call that cannot be settled raises at the end, and keeps no other from it."""
        orphans = await self._write(self._find_orphans)
        settled: list[CallAccount] = []
        failures: list[BaseException] = []
        for start in range(0, len(orphans), _RECOVERED_AT_ONCE):
            some = orphans[start : start + _RECOVERED_AT_ONCE]
            jobs = [self._write(partial(self._recover_call, call_id, now_at)) for call_id in some]
            for outcome in await asyncio.gather(*jobs, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    failures.append(outcome)
                else:
                    settled.append(outcome)
        if failures:
            raise failures[0]
        await self._write(self._forget_heartbeats)
        return settled

    def _find_orphans(self, transaction: Transaction) -> list[str]:
        self._check_epoch(transaction.raw)
        wanted = select(metered_calls.c.id).where(
            metered_calls.c.state == "open",
            metered_calls.c.node_id == self._node_id,
            metered_calls.c.epoch < self._epoch,
        )
        return list(transaction.connection.execute(wanted.order_by(metered_calls.c.seq)).scalars())

    def _recover_call(self, call_id: str, now_at: str, transaction: Transaction) -> CallAccount:
        self._check_epoch(transaction.raw)
        connection = transaction.connection
        row = known_call(connection, call_id)
        beat = connection.execute(
            select(heartbeats).where(heartbeats.c.node_id == row.node_id, heartbeats.c.epoch == row.epoch)
        ).one_or_none()
        heartbeat = None
        if beat is not None:
            exceptions = msgspec.json.decode(beat.exceptions, type=dict[str, int])
            heartbeat = Heartbeat(beat.safe_at_ms, exceptions)
        progress = progress_of(transaction.raw, row)
        used_ms = proven_use(progress, call_id, heartbeat)
        stopped = closing_event(progress, used_ms)
        ended_at = stopped.at if stopped else now_at
        return settle(transaction, Settlement(call_id, used_ms, "recovered", ended_at))

    def _forget_heartbeats(self, transaction: Transaction) -> None:
        """Drop those of older epochs: their calls are settled."""
        self._check_epoch(transaction.raw)
        old = heartbeats.delete().where(
            heartbeats.c.node_id == self._node_id, heartbeats.c.epoch < self._epoch
        )
        transaction.connection.execute(old)

    async def close(self) -> None:
        """See `Ledger`. The database stays open: it belongs to whoever opened it."""
        if not self._closed:
            last = self._write(lambda _: None)
            try:
                await last
            finally:
                self._closed = True

    # -- wallets --------------------------------------------------------------------------------------------

    async def open_wallet(self, wallet_id: str, currency: str) -> None:
        """See `Ledger`."""

        def job(transaction: Transaction) -> None:
            self._check_epoch(transaction.raw, owner=False)
            connection = transaction.connection
            connection.execute(
                insert(wallets).on_conflict_do_nothing(), {"id": wallet_id, "currency": currency}
            )
            present = wallet_row(connection, wallet_id).currency
            if present != currency:
                raise IdReused(f"wallet {wallet_id} exists in {present}")
            ensure_account(connection, available_of(wallet_id), currency)
            ensure_account(connection, held_of(wallet_id), currency)

        await self._write(job)

    async def balance(self, wallet_id: str) -> Balance:
        """See `Ledger`."""
        return await self._read(lambda connection: balance_of(connection, wallet_id))

    async def top_up(self, wallet_id: str, payment_id: str, amount_minor: int, source: str) -> Balance:
        """See `Ledger`."""
        check_amount(amount_minor, least=1)

        def job(transaction: Transaction) -> Balance:
            self._check_epoch(transaction.raw, owner=False)
            connection = transaction.connection
            wallet = wallet_row(connection, wallet_id)
            known = connection.execute(
                select(top_ups.c.wallet_id, top_ups.c.amount_minor, top_ups.c.source).where(
                    top_ups.c.payment_id == payment_id
                )
            ).one_or_none()
            if known is None:
                credit(connection, wallet, payment_id, amount_minor, source)
                topped_up(
                    transaction,
                    TopUpSucceeded(wallet_id, payment_id, source, amount_minor, wallet.currency),
                )
            elif tuple(known) != (wallet_id, amount_minor, source):
                raise IdReused(f"payment {payment_id} came before with another wallet, amount or source")
            return balance_of(connection, wallet_id)

        return await self._write(job)

    # -- calls ----------------------------------------------------------------------------------------------

    async def open_call(self, terms: CallTerms) -> Refused | None:
        """See `Ledger`."""

        def job(transaction: Transaction) -> Refused | None:
            self._check_epoch(transaction.raw)
            connection = transaction.connection
            row = call_row(connection, terms.call_id)
            if row is not None:
                if terms_of(row) != terms:
                    raise IdReused(f"call {terms.call_id} was opened with other terms")
                return Refused("call.settled") if row.state == "settled" else None
            wallet = wallet_row(connection, terms.wallet_id)
            if wallet.currency != terms.tariff.currency:
                return Refused("wallet.currency")
            self._insert_call(connection, terms, wallet.topped_up_minor)
            call_ringing(transaction, terms)
            return None

        return await self._write(job)

    def _insert_call(self, connection: Connection, terms: CallTerms, topped_up_before_minor: int) -> None:
        currency = terms.tariff.currency
        ensure_account(connection, earnings_of(terms.host_id, currency), currency)
        ensure_account(connection, revenue_of(currency), currency)
        connection.execute(
            metered_calls.insert(),
            {
                "id": terms.call_id,
                "wallet_id": terms.wallet_id,
                "host_id": terms.host_id,
                "payer_name": terms.payer_name,
                "host_name": terms.host_name,
                "tariff": tariff_text(terms.tariff),
                "opened_at": terms.opened_at,
                "media": terms.media,
                "node_id": self._node_id,
                "epoch": self._epoch,
                "chain_head": genesis(terms),
                "balance_before_minor": sum(purse(connection, terms.wallet_id)),
                "topped_up_before_minor": topped_up_before_minor,
            },
        )

    async def extend(self, call_id: str, to_minor: int) -> Grant | Refused:
        """See `Ledger`. The hot path: three short statements, the third moving both balances by trigger."""
        check_amount(to_minor)

        def job(transaction: Transaction) -> Grant | Refused:
            raw = transaction.raw
            row = raw.execute(_EXTENDED_CALL, (self._node_id, call_id)).fetchone()
            if row is None:
                self._check_epoch(raw)
                raise UnknownCall(call_id)
            seq, state, held_minor, wallet_id, available_minor, currency, open_calls, epoch = row
            if epoch != self._epoch:
                self._check_epoch(raw)
            if state == "settled":
                return Refused("call.settled")
            amount_minor = min(to_minor - held_minor, available_minor)
            if amount_minor > 0:
                held_minor += amount_minor
                available_minor -= amount_minor
                raw.execute(_RAISE_HOLD, (held_minor, seq))
                hold_id = f"hold:{call_id}:{held_minor}"
                purse = f"wallet:{wallet_id}:available", f"wallet:{wallet_id}:held"
                raw.execute(_POST, (hold_id, *purse, amount_minor, currency, call_id))
            return Grant(held_minor, available_minor, held_minor < to_minor, open_calls)

        return await self._write(job)

    async def record(self, call_id: str, events: Sequence[MeterEvent]) -> Refused | None:
        """See `Ledger`."""
        offered = tuple(events)

        def job(transaction: Transaction) -> Refused | None:
            raw = transaction.raw
            self._check_epoch(raw)
            row = raw.execute(_CALL_CHAIN, (call_id,)).fetchone()
            if row is None:
                raise UnknownCall(call_id)
            state, count, head = row
            if state == "settled":
                return Refused("call.settled")
            known = events_from(raw, call_id, count - max(1, len(offered)))
            fresh = fresh_events(known, offered)
            before = resume_event(raw, call_id)
            progress = Progress.of(before)
            for index, event in enumerate(fresh):
                progress = progress.after(event, partial(_earlier, raw, call_id, fresh[:index]))
            if fresh:
                append_events(raw, ChainEnd(call_id, count, head), fresh, progress.used_ms)
                terms = terms_of(known_call(transaction.connection, call_id))
                call_metered(transaction, terms, before, count, fresh)
            return None

        return await self._write(job)

    async def settle(self, settlement: Settlement) -> CallAccount:
        """See `Ledger`."""

        def job(transaction: Transaction) -> CallAccount:
            self._check_epoch(transaction.raw)
            return settle(transaction, settlement)

        return await self._write(job)

    # -- reading --------------------------------------------------------------------------------------------

    async def call(self, call_id: str) -> CallAccount:
        """See `Ledger`."""

        def job(connection: Connection) -> CallAccount:
            row = known_call(connection, call_id)
            return account_of(row, events_of(connection, [call_id]).get(call_id, ()))

        return await self._read(job)

    async def calls_of_wallet(self, wallet_id: str, limit: int = 50) -> list[CallAccount]:
        """See `Ledger`."""
        return await self._newest(select(metered_calls).where(metered_calls.c.wallet_id == wallet_id), limit)

    async def calls_of_host(self, host_id: str, limit: int = 50) -> list[CallAccount]:
        """See `Ledger`."""
        return await self._newest(select(metered_calls).where(metered_calls.c.host_id == host_id), limit)

    async def recent_calls(self, limit: int = 50) -> list[CallAccount]:
        """See `Ledger`."""
        return await self._newest(select(metered_calls), limit)

    async def _newest(self, wanted: Select[Any], limit: int) -> list[CallAccount]:
        newest = wanted.order_by(metered_calls.c.seq.desc()).limit(max(0, limit))
        return await self._read(lambda connection: accounts_of(connection, newest))

    async def reconcile(self) -> list[Breach]:
        """See `Ledger`. On one snapshot; the writer goes on meanwhile."""
        return await self._read(breaches)


def _earlier(raw: sqlite3.Connection, call_id: str, unsaved: Sequence[MeterEvent]) -> list[MeterEvent]:
    return [*events_from(raw, call_id, 0), *unsaved]
