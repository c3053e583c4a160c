"""API keys: only a hash is kept, and the beginning, by which people tell their keys apart."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Table, Text

from storage.schema import Int64, metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("seq", Int64, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("person_id", Text, nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True, comment="SHA-256 of the whole key, hexadecimal"),
    Column("scopes", Text, nullable=False, comment="JSON list"),
    Column("made_ms", Int64, nullable=False, comment="wall clock, ms since 1970"),
    Column("expires_ms", Int64, nullable=True),
    Column("used_ms", Int64, nullable=True),
    Column("revoked_ms", Int64, nullable=True),
    CheckConstraint("role IN ('client', 'expert', 'operator')", name="role"),
    sqlite_strict=True,
)
