"""What people decide and say about their calls: tables. Who may write what is decided in `server.api`."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text

from storage.schema import Int64, metadata

call_caps = Table(
    "call_caps",
    metadata,
    Column("person_id", Text, ForeignKey("people.id"), primary_key=True),
    Column("cap_minor", Int64, nullable=False, comment="the most a call may cost, in the wallet's currency"),
    CheckConstraint("cap_minor > 0", name="positive"),
    sqlite_strict=True,
)

ratings = Table(
    "ratings",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("expert_id", Text, ForeignKey("people.id"), nullable=False),
    Column("client_id", Text, ForeignKey("people.id"), nullable=False),
    Column("stars", Int64, nullable=False),
    Column("text", Text, nullable=False, server_default=""),
    Column("given_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
    Index("ix_ratings_expert", "expert_id", "given_at"),
    sqlite_strict=True,
)
