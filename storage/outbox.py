"""The outbox: facts that shall leave the system, written in the same transaction as the fact itself.

THEORY. A parcel is a kind, a key and a payload. Whoever makes a fact puts the parcel in the very job that
writes the fact: both are durable or neither is. Afterwards a deliverer (server.deliverer) leases what is due,
tries, and writes down how it went. Its states, and who moves them:

    state     what happens                                  becomes
    --------  --------------------------------------------  -------
    waiting   its moment came and there is room: `lease`    leased
    leased    it was delivered: `done`                      done
    leased    it failed and may be tried again: `failed`    waiting
    leased    it failed for the last time: `bury`           dead
    leased    the process died: `reclaim`, or lease ran out leased again
    dead      somebody looked into it: `revive`             waiting

Delivery is *at least once*: a process that dies between the delivery and `done` delivers again, so receivers
tell repetitions by the key. There is no promise of order. A key is put once a kind: a second `put` changes
nothing for as long as the first is remembered (`KEEP_DONE_MS` after its delivery; the dead for ever).

Instants are wall-clock milliseconds since 1970: leases and waits outlive the process and the boot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import CheckConstraint, Column, Index, Table, Text, UniqueConstraint, text
from sqlalchemy.engine import Connection

from .database import Database
from .schema import Int64, metadata
from .worker import Transaction

KEEP_DONE_MS = 3 * 24 * 3_600_000
MAX_ERROR_CHARS = 500

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Int64, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("payload", Text, nullable=False, comment="JSON"),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("due_ms", Int64, nullable=False, server_default="0", comment="leased: when the lease runs out"),
    Column("first_ms", Int64, nullable=True, comment="when it was first tried"),
    Column("attempts", Int64, nullable=False, server_default="0"),
    Column("ended_ms", Int64, nullable=True),
    Column("error", Text, nullable=False, server_default=""),
    CheckConstraint("state IN ('waiting', 'leased', 'done', 'dead')", name="state"),
    CheckConstraint("attempts >= 0", name="attempts"),
    UniqueConstraint("kind", "key"),
    sqlite_strict=True,
)
Index("ix_outbox_due", outbox.c.kind, outbox.c.due_ms, sqlite_where=text("state IN ('waiting', 'leased')"))
Index("ix_outbox_ended", outbox.c.ended_ms, sqlite_where=text("state IN ('done', 'dead')"))

_PUT = "INSERT INTO outbox (kind, key, payload, due_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_NEXT_DUE = "SELECT kind, min(due_ms) FROM outbox WHERE state IN ('waiting', 'leased') GROUP BY kind"
_LEASE = """
    UPDATE outbox SET state = 'leased', attempts = attempts + 1, due_ms = ?, first_ms = coalesce(first_ms, ?)
    WHERE seq IN (
        SELECT seq FROM outbox WHERE kind = ? AND state IN ('waiting', 'leased') AND due_ms <= ?
        ORDER BY due_ms, seq LIMIT ?
    )
    RETURNING seq, kind, key, payload, attempts, first_ms, error
"""
# A lease that ran out and was taken again by another attempt is no longer the first one's to end.
_END = """
    UPDATE outbox SET state = ?, due_ms = ?, ended_ms = ?, error = ?
    WHERE seq = ? AND attempts = ? AND state = 'leased'
"""
_POSTPONE = """
    UPDATE outbox SET state = 'waiting', due_ms = ?, attempts = attempts - 1
    WHERE seq = ? AND attempts = ? AND state = 'leased'
"""
_RECLAIM = "UPDATE outbox SET state = 'waiting', due_ms = 0 WHERE state = 'leased'"
_REVIVE = """
    UPDATE outbox SET state = 'waiting', due_ms = 0, attempts = 0, first_ms = NULL, ended_ms = NULL
    WHERE kind = ? AND key = ? AND state = 'dead'
"""
_FORGET = "DELETE FROM outbox WHERE state = 'done' AND ended_ms < ?"
_FIGURES = "SELECT kind, state, count(*) FROM outbox WHERE state <> 'done' GROUP BY kind, state"


def put(transaction: Transaction | Connection, kind: str, key: str, payload: object, due_ms: int = 0) -> bool:
    """Put a parcel, inside the write job that makes the fact. `payload`: what msgspec encodes as JSON.

    False when the kind has a parcel of this key already; then nothing changes. `due_ms` is the wall-clock
    millisecond before which it is not delivered.
    """
    row = (kind, key, msgspec.json.encode(payload).decode(), due_ms)
    if isinstance(transaction, Transaction):
        return transaction.raw.execute(_PUT, row).rowcount == 1
    return transaction.exec_driver_sql(_PUT, row).rowcount == 1


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel on its way, for the `attempt`-th time (from 1), since `first_ms`.

    `payload` is JSON; `error` is what went wrong the last time.
    """

    seq: int
    kind: str
    key: str
    payload: str
    attempt: int
    first_ms: int
    error: str = ""


class Outbox:
    """What the deliverer asks of the database. Every method raises `StorageError` when it does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def changes(self) -> int:
        """A number that grows with every commit: as long as it stands still, nothing new was put."""
        return self._database.figures().commits

    async def next_due(self) -> dict[str, int]:
        """For each kind that has something to deliver, when the first of it is due."""
        return await self._database.read(
            lambda transaction: dict(transaction.raw.execute(_NEXT_DUE).fetchall())
        )

    async def lease(self, kind: str, now_ms: int, until_ms: int, limit: int) -> list[Parcel]:
        """Take up to `limit` due parcels; nobody else gets them before `until_ms`. The attempt counts now.

        So a parcel whose delivery kills the process is not tried for ever.
        """

        def job(transaction: Transaction) -> list[Parcel]:
            rows = transaction.raw.execute(_LEASE, (until_ms, now_ms, kind, now_ms, limit)).fetchall()
            return [Parcel(*row) for row in sorted(rows)]

        return await self._database.write(job)

    async def done(self, parcel: Parcel, now_ms: int) -> None:
        """It was delivered."""
        await self._end(parcel, "done", 0, now_ms, "")

    async def failed(self, parcel: Parcel, error: str, again_ms: int) -> None:
        """It was not, and is due again at `again_ms`."""
        await self._end(parcel, "waiting", again_ms, None, error)

    async def postpone(self, parcel: Parcel, again_ms: int) -> None:
        """It was not tried after all, and is due again at `again_ms`."""
        row = (again_ms, parcel.seq, parcel.attempt)
        await self._database.write(lambda transaction: transaction.raw.execute(_POSTPONE, row).rowcount)

    async def bury(self, parcel: Parcel, error: str, now_ms: int) -> None:
        """It never will be; it is kept, for somebody to look into it."""
        await self._end(parcel, "dead", 0, now_ms, error)

    async def _end(self, parcel: Parcel, state: str, due_ms: int, ended_ms: int | None, error: str) -> None:
        row = (state, due_ms, ended_ms, error[:MAX_ERROR_CHARS], parcel.seq, parcel.attempt)
        await self._database.write(lambda transaction: transaction.raw.execute(_END, row).rowcount)

    async def reclaim(self) -> int:
        """Make due at once what an earlier process had leased: it is gone, for it held the data's lock."""
        return await self._database.write(lambda transaction: transaction.raw.execute(_RECLAIM).rowcount)

    async def revive(self, kind: str, key: str) -> bool:
        """Try a dead parcel again from the beginning. False when there is no such dead one."""
        return await self._database.write(
            lambda transaction: transaction.raw.execute(_REVIVE, (kind, key)).rowcount == 1
        )

    async def forget(self, now_ms: int) -> int:
        """Drop what was delivered long ago."""
        before_ms = now_ms - KEEP_DONE_MS
        return await self._database.write(
            lambda transaction: transaction.raw.execute(_FORGET, (before_ms,)).rowcount
        )

    async def figures(self) -> Sequence[tuple[str, str, int]]:
        """How many parcels of which kind are in which state; what was delivered is not counted."""
        return await self._database.read(lambda transaction: transaction.raw.execute(_FIGURES).fetchall())
