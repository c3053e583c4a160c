"""Calls of one side, searched and paged; and a host's clients, as the calls tell them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, Table, func, or_, select

from storage.database import Database
from storage.worker import Transaction

from .after_tables import call_refunds, tips
from .facts import CallAccount
from .rows import accounts_of
from .tables import metered_calls

CallSide = Literal["payer", "host"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls: whose, what is in the other one's name or begins the id, and older than `before`.

    `start` and `end` bound the moment at which the call was opened (ISO; `end` not included; empty: open).
    """

    side: CallSide
    person_id: str
    words: str = ""
    before: int | None = None
    start: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class CallPage:
    """Calls, the newest first, and the cursor of the next page (None: there is none)."""

    calls: tuple[CallAccount, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Client:
    """What a host's calls with one payer come to; `last_seq` orders them and is the cursor of a page.

    `host_share_minor` with the host's part of tips, and without that of refunds.
    """

    wallet_id: str
    name: str
    calls: int
    used_ms: int
    host_share_minor: int
    last_at: str
    last_seq: int


@dataclass(frozen=True, slots=True)
class Afterwards:
    """The host's part of the tips for a call and of what was refunded of it, and the whole refund."""

    host_tips_minor: int
    host_refunded_minor: int
    refunded_minor: int


class CallHistory:
    """Reads on the ledger's calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: Wanted, limit: int) -> CallPage:
        """One page."""
        columns, found = metered_calls.c, _chosen(wanted)
        newest = select(metered_calls).where(found).order_by(columns.seq.desc()).limit(limit + 1)

        def job(transaction: Transaction) -> CallPage:
            connection = transaction.connection
            calls = accounts_of(connection, newest)
            if len(calls) <= limit:
                return CallPage(tuple(calls), None)
            last = select(columns.seq).where(columns.id == calls[limit - 1].terms.call_id)
            return CallPage(tuple(calls[:limit]), connection.execute(last).scalar_one())

        return await self._database.read(job)

    async def clients(self, host_id: str, words: str, before: int | None, limit: int) -> list[Client]:
        """Who called this host, the last one first; older than the cursor `before` (a `last_seq`)."""
        columns = metered_calls.c
        last = func.max(columns.seq).label("last_seq")
        grouped = _clients(columns.host_id == host_id, last)
        if words:
            grouped = grouped.having(func.max(_named("payer", words)) == 1)
        if before is not None:
            grouped = grouped.having(last < before)
        return await self._read(grouped.order_by(last.desc()).limit(limit))

    async def client(self, host_id: str, wallet_id: str) -> Client | None:
        """One of them, or None for somebody who never called this host."""
        columns = metered_calls.c
        mine = (columns.host_id == host_id) & (columns.wallet_id == wallet_id)
        found = await self._read(_clients(mine, func.max(columns.seq).label("last_seq")))
        return found[0] if found else None

    async def used_ms(self, call_ids: Sequence[str]) -> dict[str, int]:
        """The metered time of each of these calls."""
        columns = metered_calls.c

        def job(transaction: Transaction) -> dict[str, int]:
            found: dict[str, int] = {}
            for start in range(0, len(call_ids), 500):
                some = call_ids[start : start + 500]
                wanted = select(columns.id, columns.used_ms).where(columns.id.in_(some))
                found.update(transaction.connection.execute(wanted).all())
            return found

        return await self._database.read(job)

    async def afterwards(self, call_ids: Sequence[str]) -> dict[str, Afterwards]:
        """What came beside the settlement of each of these calls."""

        def job(transaction: Transaction) -> dict[str, Afterwards]:
            columns = (tips.c.host_minor, call_refunds.c.host_minor, call_refunds.c.amount_minor)
            sums: list[dict[str, int]] = [{} for _ in columns]
            for column, found in zip(columns, sums, strict=True):
                call_id = column.table.c.call_id
                total = select(call_id, func.sum(column)).group_by(call_id)
                for start in range(0, len(call_ids), 500):
                    some = call_id.in_(call_ids[start : start + 500])
                    found.update(transaction.connection.execute(total.where(some)).all())
            return {each: Afterwards(*(found.get(each, 0) for found in sums)) for each in call_ids}

        return await self._database.read(job)

    async def _read(self, statement: Select[Any]) -> list[Client]:
        def job(transaction: Transaction) -> list[Client]:
            return [
                Client(row.wallet_id, row.name, row.calls, row.used_ms, row.minor, row.last_at, row.last_seq)
                for row in transaction.connection.execute(statement)
            ]

        return await self._database.read(job)


def _clients(mine: ColumnElement[bool], last: ColumnElement[int]) -> Select[Any]:
    columns = metered_calls.c
    # SQLite takes bare columns from the row with the maximum: the name of the last call.
    return (
        select(
            columns.wallet_id,
            columns.payer_name.label("name"),
            columns.opened_at.label("last_at"),
            func.count().label("calls"),
            func.sum(columns.used_ms).label("used_ms"),
            func.sum(columns.host_share_minor + _sum_of(tips) - _sum_of(call_refunds)).label("minor"),
            last,
        )
        .where(mine)
        .group_by(columns.wallet_id)
    )


def _sum_of(table: Table) -> Any:
    """The host's part of the call's rows in `table`."""
    mine = select(func.coalesce(func.sum(table.c.host_minor), 0)).where(table.c.call_id == metered_calls.c.id)
    return mine.correlate(metered_calls).scalar_subquery()


def _chosen(wanted: Wanted) -> ColumnElement[bool]:
    columns = metered_calls.c
    own = columns.wallet_id if wanted.side == "payer" else columns.host_id
    found = own == wanted.person_id
    if wanted.words:
        other: CallSide = "host" if wanted.side == "payer" else "payer"
        found &= or_(_named(other, wanted.words), columns.id.startswith(wanted.words, autoescape=True))
    if wanted.before is not None:
        found &= columns.seq < wanted.before
    if wanted.start:
        found &= columns.opened_at >= wanted.start
    if wanted.end:
        found &= columns.opened_at < wanted.end
    return found


def _named(side: CallSide, words: str) -> ColumnElement[bool]:
    name = metered_calls.c.payer_name if side == "payer" else metered_calls.c.host_name
    return name.icontains(words, autoescape=True)
