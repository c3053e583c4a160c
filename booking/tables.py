"""The tables of booking. Nulls where a column belongs to experts only; the rules are in `booking.people`."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Table, Text

from storage.schema import Int64, metadata

people = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("slug", Text, nullable=True, unique=True),
    Column("headline", Text, nullable=False, server_default=""),
    Column("price_minor", Int64, nullable=True),
    Column("per_ms", Int64, nullable=True),
    Column("increment_ms", Int64, nullable=True),
    Column("minimum_ms", Int64, nullable=True),
    Column("free_ms", Int64, nullable=True),
    CheckConstraint("role IN ('client', 'expert', 'operator')", name="role"),
    CheckConstraint("(role = 'expert') = (slug IS NOT NULL)", name="expert_slug"),
    CheckConstraint("(role = 'expert') = (price_minor IS NOT NULL)", name="expert_rate"),
    sqlite_strict=True,
)
