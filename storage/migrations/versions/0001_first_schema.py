"""Accounts, transfers, wallets, top-ups, nodes, metered calls with their events, people.

Revision: 0001, the first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TRIGGERS = (
    """
    CREATE TRIGGER transfers_post AFTER INSERT ON transfers BEGIN
        UPDATE accounts SET balance_minor = balance_minor - NEW.amount_minor WHERE id = NEW.source;
        UPDATE accounts SET balance_minor = balance_minor + NEW.amount_minor WHERE id = NEW.target;
    END
    """,
    *(
        f"""
        CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} BEGIN
            SELECT RAISE(ABORT, '{table} are immutable');
        END
        """
        for table in ("transfers", "top_ups", "meter_events")
        for verb in ("UPDATE", "DELETE")
    ),
)


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("floor_minor", int64, nullable=True, comment="NULL: may go below zero without limit"),
        sa.Column("balance_minor", int64, server_default="0", nullable=False),
        sa.CheckConstraint(
            "floor_minor IS NULL OR balance_minor >= floor_minor", name=op.f("ck_accounts_floor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("id", "currency", name=op.f("uq_accounts_id_currency")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "nodes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("epoch", int64, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
        sqlite_strict=True,
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=True),
        sa.Column("headline", sa.Text(), server_default="", nullable=False),
        sa.Column("price_minor", int64, nullable=True),
        sa.Column("per_ms", int64, nullable=True),
        sa.Column("increment_ms", int64, nullable=True),
        sa.Column("minimum_ms", int64, nullable=True),
        sa.Column("free_ms", int64, nullable=True),
        sa.CheckConstraint(
            "(role = 'expert') = (price_minor IS NOT NULL)", name=op.f("ck_people_expert_rate")
        ),
        sa.CheckConstraint("(role = 'expert') = (slug IS NOT NULL)", name=op.f("ck_people_expert_slug")),
        sa.CheckConstraint("role IN ('client', 'expert', 'operator')", name=op.f("ck_people_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("slug", name=op.f("uq_people_slug")),
        sqlite_strict=True,
    )
    op.create_table(
        "wallets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("topped_up_minor", int64, server_default="0", nullable=False),
        sa.CheckConstraint("topped_up_minor >= 0", name=op.f("ck_wallets_topped_up")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallets")),
        sqlite_strict=True,
    )
    op.create_table(
        "heartbeats",
        sa.Column("node_id", sa.Text(), nullable=False),
        sa.Column("epoch", int64, nullable=False),
        sa.Column("safe_at_ms", int64, nullable=False),
        sa.Column("exceptions", sa.Text(), nullable=False, comment="JSON: call id -> ms"),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_heartbeats_node_id")),
        sa.PrimaryKeyConstraint("node_id", "epoch", name=op.f("pk_heartbeats")),
        sqlite_strict=True,
    )
    op.create_table(
        "metered_calls",
        sa.Column("seq", int64, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("wallet_id", sa.Text(), nullable=False),
        sa.Column("host_id", sa.Text(), nullable=False),
        sa.Column("payer_name", sa.Text(), nullable=False),
        sa.Column("host_name", sa.Text(), nullable=False),
        sa.Column("tariff", sa.Text(), nullable=False, comment="JSON of metering.tariff.Tariff"),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.Column("node_id", sa.Text(), nullable=False),
        sa.Column("epoch", int64, nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("held_minor", int64, server_default="0", nullable=False),
        sa.Column("used_ms", int64, server_default="0", nullable=False),
        sa.Column(
            "events", int64, server_default="0", nullable=False, comment="how many meter events there are"
        ),
        sa.Column("chain_head", sa.Text(), nullable=False),
        sa.Column("balance_before_minor", int64, nullable=False),
        sa.Column("topped_up_before_minor", int64, nullable=False),
        sa.Column("charge_minor", int64, server_default="0", nullable=False),
        sa.Column("host_share_minor", int64, server_default="0", nullable=False),
        sa.Column("balance_after_minor", int64, server_default="0", nullable=False),
        sa.Column("topped_up_minor", int64, server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_at", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "held_minor >= 0 AND (state = 'open' OR held_minor = 0)", name=op.f("ck_metered_calls_held")
        ),
        sa.CheckConstraint("state IN ('open', 'settled')", name=op.f("ck_metered_calls_state")),
        sa.CheckConstraint(
            "host_share_minor BETWEEN 0 AND charge_minor", name=op.f("ck_metered_calls_share")
        ),
        sa.CheckConstraint("used_ms >= 0 AND charge_minor >= 0", name=op.f("ck_metered_calls_not_negative")),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_metered_calls_node_id")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_metered_calls_wallet_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_metered_calls")),
        sa.UniqueConstraint("id", name=op.f("uq_metered_calls_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_metered_calls_host", "metered_calls", ["host_id", "seq"], unique=False)
    op.create_index(
        "ix_metered_calls_open",
        "metered_calls",
        ["wallet_id"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_metered_calls_wallet", "metered_calls", ["wallet_id", "seq"], unique=False)
    op.create_table(
        "top_ups",
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("wallet_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", int64, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_top_ups_positive")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_top_ups_wallet_id")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_top_ups")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_top_ups_wallet_id"), "top_ups", ["wallet_id"], unique=False)
    op.create_table(
        "transfers",
        sa.Column("seq", int64, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("amount_minor", int64, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_transfers_positive")),
        sa.CheckConstraint("source <> target", name=op.f("ck_transfers_two_accounts")),
        sa.ForeignKeyConstraint(
            ["source", "currency"], ["accounts.id", "accounts.currency"], name=op.f("fk_transfers_source")
        ),
        sa.ForeignKeyConstraint(
            ["target", "currency"], ["accounts.id", "accounts.currency"], name=op.f("fk_transfers_target")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_transfers")),
        sa.UniqueConstraint("id", name=op.f("uq_transfers_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "meter_events",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("seq", int64, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at_ms", int64, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("used_ms", int64, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('began', 'stopped')", name=op.f("ck_meter_events_kind")),
        sa.CheckConstraint("used_ms >= 0", name=op.f("ck_meter_events_not_negative")),
        sa.ForeignKeyConstraint(["call_id"], ["metered_calls.id"], name=op.f("fk_meter_events_call_id")),
        sa.PrimaryKeyConstraint("call_id", "seq", name=op.f("pk_meter_events")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    """There is no way back: restore the copy that was made before the upgrade."""
    raise NotImplementedError("restore the copy that was made before the upgrade")
