"""The tables of profiles, photos and offers; the rules are in `booking.profiles`."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, Text, text

from storage.schema import Int64, metadata

profiles = Table(
    "profiles",
    metadata,
    Column("person_id", Text, ForeignKey("people.id"), primary_key=True),
    Column("bio", Text, nullable=False, server_default=""),
    Column("languages", Text, nullable=False, server_default="[]", comment="JSON: list of codes"),
    Column("specialities", Text, nullable=False, server_default="[]", comment="JSON: list of words"),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    Column("made_at", Text, nullable=False, server_default=""),
    sqlite_strict=True,
)

photos = Table(
    "photos",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person_id", Text, ForeignKey("profiles.person_id"), nullable=False, unique=True),
    Column("jpeg", LargeBinary, nullable=False),
    sqlite_strict=True,
)

offers = Table(
    "offers",
    metadata,
    Column("seq", Int64, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("person_id", Text, ForeignKey("profiles.person_id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("media", Text, nullable=False),
    Column("price_minor", Int64, nullable=False),
    Column("per_ms", Int64, nullable=False),
    Column("increment_ms", Int64, nullable=False),
    Column("minimum_ms", Int64, nullable=False),
    Column("free_ms", Int64, nullable=False),
    Column("is_default", Int64, nullable=False, server_default="0"),
    CheckConstraint("media IN ('video', 'voice')", name="media"),
    CheckConstraint("price_minor >= 0 AND per_ms > 0 AND increment_ms > 0", name="price"),
    CheckConstraint("minimum_ms >= 0 AND free_ms >= 0", name="durations"),
    CheckConstraint("is_default IN (0, 1)", name="is_default"),
    Index("ix_offers_person", "person_id", "seq"),
    Index(
        "ix_offers_default",
        "person_id",
        unique=True,
        sqlite_where=text("is_default = 1"),
        postgresql_where=text("is_default = 1"),
    ),
    sqlite_strict=True,
)
