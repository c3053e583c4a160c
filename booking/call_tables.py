"""What people decide and say about their calls: tables. Who may write what is decided in `server.api`."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table, Text

from storage.schema import Int64, metadata

call_caps = Table(
    "call_caps",
    metadata,
    Column("person_id", Text, ForeignKey("people.id"), primary_key=True),
    Column("cap_minor", Int64, nullable=False, comment="the most a call may cost, in the wallet's currency"),
    CheckConstraint("cap_minor > 0", name="positive"),
    sqlite_strict=True,
)
