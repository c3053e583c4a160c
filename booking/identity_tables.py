"""The tables of signing in: people's addresses, codes under way, and browsers that are logged in.

Moments are ISO 8601 in UTC to the millisecond, so that their texts compare as they do. Neither a code nor a
cookie stands here, only their hashes.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table, Text

from storage.schema import Int64, metadata

addresses = Table(
    "addresses",
    metadata,
    Column("person_id", Text, ForeignKey("people.id"), primary_key=True),
    Column("address", Text, nullable=False, index=True),
    Column("added_at", Text, nullable=False),
    sqlite_strict=True,
)

sign_in_codes = Table(
    "sign_in_codes",
    metadata,
    Column("ticket", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("code_hash", Text, nullable=False),
    Column("tries_left", Int64, nullable=False),
    Column("expires_at", Text, nullable=False, index=True),
    CheckConstraint("tries_left >= 0", name="tries"),
    sqlite_strict=True,
)

logins = Table(
    "logins",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("person_id", Text, ForeignKey("people.id"), nullable=False, index=True),
    Column("device", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    sqlite_strict=True,
)
