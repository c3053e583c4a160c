"""An account's entries with their moments: statements of wallets, and what a host earned.

A wallet has two accounts, and what moves between them (a hold, a release) is no entry. What was
paid for a call, or as a tip, is one entry, though it is two transfers: to the host and to the platform. Sums
are the ledger's own: opening + entries = closing, to the unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, case, func, select
from sqlalchemy.engine import Connection

from storage.database import Database
from storage.worker import Transaction

from .accounts import available_of, earnings_of, held_of
from .after_tables import call_refunds, tips
from .entry_tables import account_entries, adjustments
from .tables import metered_calls, transfers

SHARED = ("settle", "tip")
"""What is paid to the host and to the platform by a transfer each: `settle:{call}:…`, `tip:{id}:…`."""
LATER: dict[str, Table] = {"tip": tips, "back": call_refunds, "call_refund": call_refunds}
"""Which table knows the call of what comes beside its settlement: `tip:{id}:…`, `back:{id}:…`, …"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `amount_minor` into the account (or out of it, below zero), what the balance was then.

    `kind` is the first word of the transfers' id (`topup`, `settle`, `out` …), `about` the second; `note` the
    reason of an adjustment, or with whom the call was.
    """

    seq: int
    at: str
    kind: str
    about: str
    amount_minor: int
    balance_minor: int
    call_id: str
    note: str


@dataclass(frozen=True, slots=True)
class Statement:
    """The entries of a span of time, the oldest first. None when there are more than were asked for."""

    opening_minor: int
    closing_minor: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Earning:
    """An entry of a host's earnings. `kind` as in `Entry`; `call_id` of a tip or a refund: what it is for."""

    at: str
    kind: str
    amount_minor: int
    call_id: str


class EntryStore:
    """Reads what the trigger wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def statement(self, wallet_id: str, start: str, end: str, most: int) -> Statement | None:
        """A wallet from the moment `start` (ISO) on and before `end`. None: more than `most` entries."""
        names = (available_of(wallet_id), held_of(wallet_id))

        def job(transaction: Transaction) -> Statement | None:
            connection = transaction.connection
            opening = connection.execute(_sum(names).where(account_entries.c.at < start)).scalar_one()
            within = (account_entries.c.at >= start) & (account_entries.c.at < end)
            rows = connection.execute(_rows(names, within).limit(2 * most + 1)).all()
            entries = _balanced(opening, _grouped(rows, _calls_of(connection, rows)))
            if len(entries) > most or len(rows) > 2 * most:
                return None
            return Statement(
                opening, entries[-1].balance_minor if entries else opening, _noted(connection, entries)
            )

        return await self._database.read(job)

    async def earnings(self, host_id: str, currency: str, start: str, end: str) -> list[Earning]:
        """Each entry of a host's earnings from `start` on and before `end`, the oldest first."""
        names = (earnings_of(host_id, currency),)
        within = (account_entries.c.at >= start) & (account_entries.c.at < end)

        def job(transaction: Transaction) -> list[Earning]:
            rows = transaction.connection.execute(_rows(names, within)).all()
            calls = _calls_of(transaction.connection, rows)
            return [
                Earning(row.at, row.id.partition(":")[0], row.minor, row.call_id or calls.get(row.id, ""))
                for row in rows
            ]

        return await self._database.read(job)


def _signed(names: Sequence[str]) -> ColumnElement[int]:
    minor = transfers.c.amount_minor
    return case((transfers.c.target.in_(names), minor), else_=-minor)


def _sum(names: Sequence[str]) -> Any:
    joined = account_entries.join(transfers, transfers.c.seq == account_entries.c.seq)
    total = func.coalesce(func.sum(_signed(names)), 0)
    return select(total).select_from(joined).where(account_entries.c.account.in_(names))


def _rows(names: Sequence[str], within: ColumnElement[bool]) -> Any:
    return (
        select(account_entries.c.at, transfers, _signed(names).label("minor"))
        .join(transfers, transfers.c.seq == account_entries.c.seq)
        .where(account_entries.c.account.in_(names), within)
        .order_by(account_entries.c.at, transfers.c.seq)
    )


def _calls_of(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, str]:
    """The call of each transfer that is about one beside its settlement."""
    asked: dict[str, tuple[Table, str]] = {}
    for row in rows:
        kind, _, about = row.id.partition(":")
        if kind == "topup":
            kind, _, about = about.partition(":")
            if kind in LATER:
                asked[row.id] = (LATER[kind], about)
        elif kind in LATER:
            asked[row.id] = (LATER[kind], about.rpartition(":")[0])
    known: dict[tuple[Table, str], str] = {}
    for table in (tips, call_refunds):
        for some in _pages(sorted({each for about, each in asked.values() if about is table})):
            found = connection.execute(select(table.c.id, table.c.call_id).where(table.c.id.in_(some)))
            known.update({(table, row.id): row.call_id for row in found})
    return {each: known.get(about, "") for each, about in asked.items()}


def _grouped(rows: Iterable[Row[Any]], calls: dict[str, str]) -> list[Entry]:
    """One entry a call or a tip, though two transfers may have paid it."""
    entries: list[Entry] = []
    paid: dict[str, int] = {}
    for row in rows:
        kind, _, about = row.id.partition(":")
        if kind in SHARED:
            place = paid.setdefault(row.id.rpartition(":")[0], len(entries))
            if place < len(entries):
                entries[place] = replace(entries[place], amount_minor=entries[place].amount_minor + row.minor)
                continue
        entries.append(
            Entry(row.seq, row.at, kind, about, row.minor, 0, row.call_id or calls.get(row.id, ""), "")
        )
    return entries


def _balanced(opening_minor: int, entries: list[Entry]) -> list[Entry]:
    sums = accumulate((each.amount_minor for each in entries), initial=opening_minor)
    next(sums)
    return [replace(each, balance_minor=minor) for each, minor in zip(entries, sums, strict=True)]


def _noted(connection: Connection, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    calls = {each.call_id for each in entries if each.call_id}
    with_whom: dict[str, str] = {}
    for some in _pages(sorted(calls)):
        wanted = select(metered_calls.c.id, metered_calls.c.host_name).where(metered_calls.c.id.in_(some))
        with_whom.update(connection.execute(wanted).all())
    reasons: dict[str, str] = {}
    adjusted = sorted(each.about.removeprefix("adjust:") for each in entries if "adjust:" in each.about)
    for some in _pages(adjusted):
        told = select(adjustments.c.id, adjustments.c.reason).where(adjustments.c.id.in_(some))
        reasons.update(connection.execute(told).all())
    return tuple(
        replace(
            each,
            note=with_whom.get(each.call_id) or reasons.get(each.about.removeprefix("adjust:"), ""),
        )
        for each in entries
    )


def _pages(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + 500] for start in range(0, len(ids), 500))
