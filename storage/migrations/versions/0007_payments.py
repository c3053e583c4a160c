"""Payments: orders, payers, automatic top-ups, events, withdrawals, refunds, clawbacks.

Revision: 0007, after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TRIGGERS = tuple(
    f"""
    CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} BEGIN
        SELECT RAISE(ABORT, '{table} are immutable');
    END
    """
    for table in ("processor_events", "withdrawals")
    for verb in ("UPDATE", "DELETE")
)


def upgrade() -> None:
    op.create_table(
        "processor_events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("created_s", int64, nullable=False),
        sa.Column("received_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processor_events")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "auto_top_ups",
        sa.Column("wallet_id", sa.Text(), nullable=False),
        sa.Column("is_on", int64, nullable=False),
        sa.Column("threshold_minor", int64, nullable=False),
        sa.Column("amount_minor", int64, nullable=False),
        sa.Column("cap_minor", int64, nullable=False),
        sa.Column("stopped", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("is_on IN (0, 1)", name=op.f("ck_auto_top_ups_is_on")),
        sa.CheckConstraint(
            "threshold_minor > 0 AND amount_minor > 0 AND cap_minor >= amount_minor",
            name=op.f("ck_auto_top_ups_sense"),
        ),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_auto_top_ups_wallet_id")),
        sa.PrimaryKeyConstraint("wallet_id", name=op.f("pk_auto_top_ups")),
        sqlite_strict=True,
    )
    op.create_table(
        "clawbacks",
        sa.Column(
            "id",
            sa.Text(),
            nullable=False,
            comment="the processor's: a dispute, or a refund made there by hand",
        ),
        sa.Column("intent_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", int64, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("taken", int64, server_default="0", nullable=False),
        sa.Column("returned", int64, server_default="0", nullable=False),
        sa.Column("wallet_id", sa.Text(), nullable=True),
        sa.Column(
            "wallet_minor", int64, nullable=True, comment="taken from the wallet; NULL: nothing was posted"
        ),
        sa.Column("owed_minor", int64, nullable=True, comment="what the wallet could not give"),
        sa.Column("undone", int64, server_default="0", nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_clawbacks_positive")),
        sa.CheckConstraint(
            "wallet_minor IS NULL OR (wallet_minor >= 0 AND owed_minor >= 0 AND wallet_minor + owed_minor = amount_minor)",
            name=op.f("ck_clawbacks_split"),
        ),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_clawbacks_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clawbacks")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_clawbacks_intent_id"), "clawbacks", ["intent_id"], unique=False)
    op.create_table(
        "payers",
        sa.Column("wallet_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("method_id", sa.Text(), server_default="", nullable=False),
        sa.Column("brand", sa.Text(), server_default="", nullable=False),
        sa.Column("last4", sa.Text(), server_default="", nullable=False),
        sa.Column("exp_month", int64, server_default="0", nullable=False),
        sa.Column("exp_year", int64, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_payers_wallet_id")),
        sa.PrimaryKeyConstraint("wallet_id", "source", name=op.f("pk_payers")),
        sqlite_strict=True,
    )
    op.create_table(
        "payment_orders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("wallet_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", int64, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="the processor's name"),
        sa.Column("key", sa.Text(), nullable=False, comment="idempotency key"),
        sa.Column("request", sa.Text(), nullable=False, comment="JSON, as sent"),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("intent_id", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), server_default="", nullable=False),
        sa.Column("method_id", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('checkout', 'card', 'auto')", name=op.f("ck_payment_orders_kind")),
        sa.CheckConstraint(
            "state IN ('asked', 'open', 'action', 'processing', 'succeeded', 'failed', 'canceled')",
            name=op.f("ck_payment_orders_state"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payment_orders_positive")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_payment_orders_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_orders")),
        sa.UniqueConstraint("intent_id", name=op.f("uq_payment_orders_intent_id")),
        sa.UniqueConstraint("key", name=op.f("uq_payment_orders_key")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_payment_orders_auto_in_flight",
        "payment_orders",
        ["wallet_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'auto' AND state IN ('asked', 'open', 'action', 'processing')"),
    )
    op.create_index(
        "ix_payment_orders_unfinished",
        "payment_orders",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('asked', 'open', 'action', 'processing')"),
    )
    op.create_index("ix_payment_orders_wallet", "payment_orders", ["wallet_id", "created_at"], unique=False)
    op.create_table(
        "refunds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("intent_id", sa.Text(), nullable=False),
        sa.Column("wallet_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", int64, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("processor_id", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('asked', 'pending', 'succeeded', 'failed')", name=op.f("ck_refunds_state")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_positive")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_refunds_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("key", name=op.f("uq_refunds_key")),
        sa.UniqueConstraint("processor_id", name=op.f("uq_refunds_processor_id")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_refunds_intent_id"), "refunds", ["intent_id"], unique=False)
    op.create_index(op.f("ix_refunds_wallet_id"), "refunds", ["wallet_id"], unique=False)
    op.create_table(
        "withdrawals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("wallet_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", int64, nullable=False),
        sa.Column("target", sa.Text(), nullable=False, comment="of processor:{target}:{currency}"),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_withdrawals_positive")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_withdrawals_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawals")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_withdrawals_wallet_id"), "withdrawals", ["wallet_id"], unique=False)
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    """There is no way back: restore the copy that was made before the upgrade."""
    raise NotImplementedError("restore the copy that was made before the upgrade")
