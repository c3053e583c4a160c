"""The audit log: who did what to money or access, and when. Rows are appended and never change.

`note` writes in the transaction of the deed itself, so that there is no deed without its line and no line
without its deed. Actors and subjects are ids of people (`sam`), `system`, `cli` for the command line, or
`anybody` who did not say; actions are two words with a dot (`login.opened`). No secret and no whole mail
address belongs into a line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy import Column, Index, Table, Text, select

from storage.database import Database
from storage.schema import Int64, metadata
from storage.worker import Transaction

SYSTEM = "system"
COMMAND_LINE = "cli"
ANYBODY = "anybody"
MAX_READ = 200

Detail = Mapping[str, str | int | bool]

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", Int64, primary_key=True),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default="{}", comment="JSON object"),
    Index("ix_audit_log_subject", "subject", "seq"),
    Index("ix_audit_log_actor", "actor", "seq"),
    sqlite_strict=True,
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the log; `seq` grows with time, `at` is ISO 8601 UTC."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    detail: dict[str, str | int | bool]


def note(
    transaction: Transaction, at: str, actor: str, action: str, subject: str, detail: Detail | None = None
) -> None:
    """Append a line, durable together with whatever else the transaction writes."""
    text = msgspec.json.encode(dict(detail or {})).decode()
    line = {"at": at, "actor": actor, "action": action, "subject": subject, "detail": text}
    transaction.connection.execute(audit_log.insert().values(**line))


class AuditLog:
    """Reading, and appending what has no transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(
        self, at: str, actor: str, action: str, subject: str, detail: Detail | None = None
    ) -> None:
        """Append one line by itself."""
        await self._database.write(lambda transaction: note(transaction, at, actor, action, subject, detail))

    async def read(
        self, *, before: int | None = None, about: str = "", action: str = "", limit: int = MAX_READ
    ) -> list[AuditEntry]:
        """Newest first. `before`: older than this `seq`; `about`: actor or subject; `action`: its start."""
        wanted = select(audit_log).order_by(audit_log.c.seq.desc()).limit(min(limit, MAX_READ))
        if before is not None:
            wanted = wanted.where(audit_log.c.seq < before)
        if about:
            wanted = wanted.where((audit_log.c.actor == about) | (audit_log.c.subject == about))
        if action:
            wanted = wanted.where(audit_log.c.action.startswith(action, autoescape=True))

        def job(transaction: Transaction) -> list[AuditEntry]:
            return [
                AuditEntry(
                    row.seq, row.at, row.actor, row.action, row.subject,
                    msgspec.json.decode(row.detail, type=dict[str, str | int | bool]),
                )
                for row in transaction.connection.execute(wanted)
            ]  # fmt: skip

        return await self._database.read(job)
