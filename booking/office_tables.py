"""The tables of office hours: when an expert takes calls, and who waits. Rules are in `booking.availability`
and `booking.line`. Moments are Unix time in ms."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text

from storage.schema import Int64, metadata

availability = Table(
    "availability",
    metadata,
    Column("person_id", Text, ForeignKey("people.id"), primary_key=True),
    Column("mode", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("openings", Text, nullable=False),
    Column("paused_until_ms", Int64, nullable=True),
    Column("closed_until_ms", Int64, nullable=True),
    Column("stop_after_call", Int64, nullable=False),
    Column("auto_accept", Int64, nullable=False),
    CheckConstraint("mode IN ('off', 'open', 'hours')", name="mode"),
    sqlite_strict=True,
)

line_places = Table(
    "line_places",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host_id", Text, ForeignKey("people.id"), nullable=False),
    Column("client_id", Text, ForeignKey("people.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("media", Text, nullable=False),
    Column("wish", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("price_minor", Int64, nullable=False),
    Column("per_ms", Int64, nullable=False),
    Column("increment_ms", Int64, nullable=False),
    Column("minimum_ms", Int64, nullable=False),
    Column("free_ms", Int64, nullable=False),
    Column("number", Int64, nullable=False),
    Column("joined_ms", Int64, nullable=False),
    Column("missed", Int64, nullable=False),
    Column("ended_ms", Int64, nullable=True),
    Column("why", Text, nullable=False, server_default=""),
    CheckConstraint("(ended_ms IS NULL) = (why = '')", name="end"),
    sqlite_strict=True,
)

Index(
    "uq_line_places_waiting",
    line_places.c.host_id,
    line_places.c.client_id,
    unique=True,
    sqlite_where=line_places.c.ended_ms.is_(None),
)
Index("ix_line_places_client", line_places.c.client_id, line_places.c.joined_ms)
