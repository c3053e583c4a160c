"""Endpoints that are told of events, what was sent to them, and every attempt to send it."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text, UniqueConstraint

from storage.schema import Int64, metadata

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("seq", Int64, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("owner", Text, nullable=False, index=True, comment="person id; * for the whole house"),
    Column("made_by", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("about", Text, nullable=False, server_default=""),
    Column("events", Text, nullable=False, comment="JSON list of types; empty: all"),
    Column("secrets", Text, nullable=False, comment="JSON list of sealed secrets, the newest first"),
    Column("state", Text, nullable=False, server_default="active"),
    Column("why", Text, nullable=False, server_default="", comment="why it is disabled"),
    Column("failing_since_ms", Int64, nullable=True, comment="wall clock: first failure since a success"),
    CheckConstraint("state IN ('active', 'disabled', 'deleted')", name="state"),
    sqlite_strict=True,
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("seq", Int64, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("endpoint_id", Text, ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("event_id", Text, nullable=False, comment="the header webhook-id"),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False, comment="exactly what is sent"),
    Column("made_ms", Int64, nullable=False, comment="wall clock, ms since 1970"),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("attempts", Int64, nullable=False, server_default="0"),
    Column("replays", Int64, nullable=False, server_default="0"),
    CheckConstraint("state IN ('waiting', 'delivered', 'dead', 'cancelled')", name="state"),
    UniqueConstraint("endpoint_id", "event_id"),
    sqlite_strict=True,
)
Index("ix_webhook_deliveries_log", webhook_deliveries.c.endpoint_id, webhook_deliveries.c.seq)
Index("ix_webhook_deliveries_age", webhook_deliveries.c.made_ms)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("delivery_id", Text, ForeignKey("webhook_deliveries.id"), primary_key=True),
    Column("number", Int64, primary_key=True),
    Column("at_ms", Int64, nullable=False, comment="wall clock, ms since 1970"),
    Column("status", Int64, nullable=False, comment="0: no answer"),
    Column("took_ms", Int64, nullable=False),
    Column("error", Text, nullable=False, server_default=""),
    Column("excerpt", Text, nullable=False, server_default="", comment="the beginning of the answer"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
