"""Tables of payments: orders, payers, events, and what takes money out of a wallet again.

The ledger's own tables (`metering.tables`) hold the money; these say what it was for. What the database keeps
by itself: events and withdrawals are never changed or deleted (triggers in the migrations), a wallet has one
automatic order in flight at most, a payment belongs to one order.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text, text

from storage.schema import Int64, metadata

payment_orders = Table(
    "payment_orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("wallet_id", Text, ForeignKey("wallets.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("currency", Text, nullable=False),
    Column("source", Text, nullable=False, comment="the processor's name"),
    Column("key", Text, nullable=False, unique=True, comment="idempotency key"),
    Column("request", Text, nullable=False, comment="JSON, as sent"),
    Column("state", Text, nullable=False, server_default="asked"),
    Column("intent_id", Text, unique=True),
    Column("session_id", Text, nullable=False, server_default=""),
    Column("method_id", Text, nullable=False, server_default=""),
    Column("url", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    CheckConstraint("amount_minor > 0", name="positive"),
    CheckConstraint("kind IN ('checkout', 'card', 'auto')", name="kind"),
    CheckConstraint(
        "state IN ('asked', 'open', 'action', 'processing', 'succeeded', 'failed', 'canceled')", name="state"
    ),
    Index("ix_payment_orders_wallet", "wallet_id", "created_at"),
    sqlite_strict=True,
)
Index(
    "ix_payment_orders_unfinished",
    payment_orders.c.created_at,
    sqlite_where=text("state IN ('asked', 'open', 'action', 'processing')"),
)
Index(
    "ix_payment_orders_auto_in_flight",
    payment_orders.c.wallet_id,
    unique=True,
    sqlite_where=text("kind = 'auto' AND state IN ('asked', 'open', 'action', 'processing')"),
)

payers = Table(
    "payers",
    metadata,
    Column("wallet_id", Text, ForeignKey("wallets.id"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("method_id", Text, nullable=False, server_default=""),
    Column("brand", Text, nullable=False, server_default=""),
    Column("last4", Text, nullable=False, server_default=""),
    Column("exp_month", Int64, nullable=False, server_default="0"),
    Column("exp_year", Int64, nullable=False, server_default="0"),
    sqlite_strict=True,
)

auto_top_ups = Table(
    "auto_top_ups",
    metadata,
    Column("wallet_id", Text, ForeignKey("wallets.id"), primary_key=True),
    Column("is_on", Int64, nullable=False),
    Column("threshold_minor", Int64, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("cap_minor", Int64, nullable=False),
    Column("stopped", Text, nullable=False, server_default=""),
    CheckConstraint("is_on IN (0, 1)", name="is_on"),
    CheckConstraint("threshold_minor > 0 AND amount_minor > 0 AND cap_minor >= amount_minor", name="sense"),
    sqlite_strict=True,
)

processor_events = Table(
    "processor_events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("created_s", Int64, nullable=False),
    Column("received_at", Text, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("wallet_id", Text, ForeignKey("wallets.id"), nullable=False, index=True),
    Column("amount_minor", Int64, nullable=False),
    Column("target", Text, nullable=False, comment="of processor:{target}:{currency}"),
    CheckConstraint("amount_minor > 0", name="positive"),
    sqlite_strict=True,
)

refunds = Table(
    "refunds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("intent_id", Text, nullable=False, index=True),
    Column("wallet_id", Text, ForeignKey("wallets.id"), nullable=False, index=True),
    Column("amount_minor", Int64, nullable=False),
    Column("currency", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("request", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="asked"),
    Column("processor_id", Text, unique=True),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    CheckConstraint("amount_minor > 0", name="positive"),
    CheckConstraint("state IN ('asked', 'pending', 'succeeded', 'failed')", name="state"),
    sqlite_strict=True,
)

clawbacks = Table(
    "clawbacks",
    metadata,
    Column(
        "id", Text, primary_key=True, comment="the processor's: a dispute, or a refund made there by hand"
    ),
    Column("intent_id", Text, nullable=False, index=True),
    Column("amount_minor", Int64, nullable=False),
    Column("currency", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("taken", Int64, nullable=False, server_default="0"),
    Column("returned", Int64, nullable=False, server_default="0"),
    Column("wallet_id", Text, ForeignKey("wallets.id")),
    Column("wallet_minor", Int64, comment="taken from the wallet; NULL: nothing was posted"),
    Column("owed_minor", Int64, comment="what the wallet could not give"),
    Column("undone", Int64, nullable=False, server_default="0"),
    CheckConstraint("amount_minor > 0", name="positive"),
    CheckConstraint(
        "wallet_minor IS NULL OR (wallet_minor >= 0 AND owed_minor >= 0 "
        "AND wallet_minor + owed_minor = amount_minor)",
        name="split",
    ),
    sqlite_strict=True,
)
