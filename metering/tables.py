"""The ledger's tables. Money in minor units, durations in milliseconds, moments in ISO 8601 UTC.

What the database itself keeps, whoever writes to it:
* no account with a floor goes below it (CHECK);
* money moves only by inserting a transfer: a trigger moves both balances with it;
* a transfer is positive, between two different accounts of one currency, and is never changed or deleted;
  neither are top-ups and meter events (triggers);
* amounts are whole numbers (strict tables), ids are unique.

The triggers stand in the migrations; the tables here and there are compared by a test.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Table,
    Text,
    UniqueConstraint,
)

from storage.schema import Int64, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("floor_minor", Int64, comment="NULL: may go below zero without limit"),
    Column("balance_minor", Int64, nullable=False, server_default="0"),
    CheckConstraint("floor_minor IS NULL OR balance_minor >= floor_minor", name="floor"),
    UniqueConstraint("id", "currency"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

transfers = Table(
    "transfers",
    metadata,
    Column("seq", Int64, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("currency", Text, nullable=False),
    Column("call_id", Text, nullable=False, server_default=""),
    CheckConstraint("amount_minor > 0", name="positive"),
    CheckConstraint("source <> target", name="two_accounts"),
    ForeignKeyConstraint(["source", "currency"], ["accounts.id", "accounts.currency"]),
    ForeignKeyConstraint(["target", "currency"], ["accounts.id", "accounts.currency"]),
    sqlite_strict=True,
)

wallets = Table(
    "wallets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("topped_up_minor", Int64, nullable=False, server_default="0"),
    CheckConstraint("topped_up_minor >= 0", name="topped_up"),
    sqlite_strict=True,
)

top_ups = Table(
    "top_ups",
    metadata,
    Column("payment_id", Text, primary_key=True),
    Column("wallet_id", Text, ForeignKey("wallets.id"), nullable=False, index=True),
    Column("amount_minor", Int64, nullable=False),
    Column("source", Text, nullable=False),
    CheckConstraint("amount_minor > 0", name="positive"),
    sqlite_strict=True,
)

nodes = Table(
    "nodes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("epoch", Int64, nullable=False),
    sqlite_strict=True,
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("node_id", Text, ForeignKey("nodes.id"), primary_key=True),
    Column("epoch", Int64, primary_key=True),
    Column("safe_at_ms", Int64, nullable=False),
    Column("exceptions", Text, nullable=False, comment="JSON: call id -> ms"),
    sqlite_strict=True,
)

metered_calls = Table(
    "metered_calls",
    metadata,
    Column("seq", Int64, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("wallet_id", Text, ForeignKey("wallets.id"), nullable=False),
    Column("host_id", Text, nullable=False),
    Column("payer_name", Text, nullable=False),
    Column("host_name", Text, nullable=False),
    Column("tariff", Text, nullable=False, comment="JSON of metering.tariff.Tariff"),
    Column("opened_at", Text, nullable=False),
    Column("node_id", Text, ForeignKey("nodes.id"), nullable=False),
    Column("epoch", Int64, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("held_minor", Int64, nullable=False, server_default="0"),
    Column("used_ms", Int64, nullable=False, server_default="0"),
    Column("events", Int64, nullable=False, server_default="0", comment="how many meter events there are"),
    Column("chain_head", Text, nullable=False),
    Column("balance_before_minor", Int64, nullable=False),
    Column("topped_up_before_minor", Int64, nullable=False),
    Column("charge_minor", Int64, nullable=False, server_default="0"),
    Column("host_share_minor", Int64, nullable=False, server_default="0"),
    Column("balance_after_minor", Int64, nullable=False, server_default="0"),
    Column("topped_up_minor", Int64, nullable=False, server_default="0"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("ended_at", Text, nullable=False, server_default=""),
    Column("media", Text, nullable=False, server_default="video"),
    CheckConstraint("state IN ('open', 'settled')", name="state"),
    CheckConstraint("held_minor >= 0 AND (state = 'open' OR held_minor = 0)", name="held"),
    CheckConstraint("used_ms >= 0 AND charge_minor >= 0", name="not_negative"),
    CheckConstraint("host_share_minor BETWEEN 0 AND charge_minor", name="share"),
    Index("ix_metered_calls_wallet", "wallet_id", "seq"),
    Index("ix_metered_calls_host", "host_id", "seq"),
    sqlite_strict=True,
)
Index(
    "ix_metered_calls_open",
    metered_calls.c.wallet_id,
    sqlite_where=metered_calls.c.state == "open",
    postgresql_where=metered_calls.c.state == "open",
)

meter_events = Table(
    "meter_events",
    metadata,
    Column("call_id", Text, ForeignKey("metered_calls.id"), primary_key=True),
    Column("seq", Int64, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at_ms", Int64, nullable=False),
    Column("at", Text, nullable=False),
    Column("used_ms", Int64, nullable=False),
    Column("reason", Text, nullable=False),
    Column("gift_ms", Int64, nullable=False, server_default="0"),
    Column("note", Text, nullable=False, server_default=""),
    CheckConstraint("kind IN ('began', 'stopped', 'gift')", name="kind"),
    CheckConstraint("used_ms >= 0", name="not_negative"),
    CheckConstraint("(kind = 'gift') = (gift_ms > 0) AND gift_ms >= 0", name="gift"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
