"""API keys, webhook endpoints, deliveries and attempts.

Revision: 0008, after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("seq", int64, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False, comment="SHA-256 of the whole key, hexadecimal"),
        sa.Column("scopes", sa.Text(), nullable=False, comment="JSON list"),
        sa.Column("made_ms", int64, nullable=False, comment="wall clock, ms since 1970"),
        sa.Column("expires_ms", int64, nullable=True),
        sa.Column("used_ms", int64, nullable=True),
        sa.Column("revoked_ms", int64, nullable=True),
        sa.CheckConstraint("role IN ('client', 'expert', 'operator')", name=op.f("ck_api_keys_role")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_keys_hash")),
        sa.UniqueConstraint("id", name=op.f("uq_api_keys_id")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_api_keys_person_id"), "api_keys", ["person_id"], unique=False)
    op.create_table(
        "webhook_endpoints",
        sa.Column("seq", int64, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False, comment="person id; * for the whole house"),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        sa.Column("events", sa.Text(), nullable=False, comment="JSON list of types; empty: all"),
        sa.Column(
            "secrets", sa.Text(), nullable=False, comment="JSON list of sealed secrets, the newest first"
        ),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False, comment="why it is disabled"),
        sa.Column(
            "failing_since_ms", int64, nullable=True, comment="wall clock: first failure since a success"
        ),
        sa.CheckConstraint(
            "state IN ('active', 'disabled', 'deleted')", name=op.f("ck_webhook_endpoints_state")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_webhook_endpoints")),
        sa.UniqueConstraint("id", name=op.f("uq_webhook_endpoints_id")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_webhook_endpoints_owner"), "webhook_endpoints", ["owner"], unique=False)
    op.create_table(
        "webhook_deliveries",
        sa.Column("seq", int64, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False, comment="the header webhook-id"),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="exactly what is sent"),
        sa.Column("made_ms", int64, nullable=False, comment="wall clock, ms since 1970"),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempts", int64, server_default="0", nullable=False),
        sa.Column("replays", int64, server_default="0", nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivered', 'dead', 'cancelled')", name=op.f("ck_webhook_deliveries_state")
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.id"], name=op.f("fk_webhook_deliveries_endpoint_id")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint(
            "endpoint_id", "event_id", name=op.f("uq_webhook_deliveries_endpoint_id_event_id")
        ),
        sa.UniqueConstraint("id", name=op.f("uq_webhook_deliveries_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_webhook_deliveries_age", "webhook_deliveries", ["made_ms"], unique=False)
    op.create_index("ix_webhook_deliveries_log", "webhook_deliveries", ["endpoint_id", "seq"], unique=False)
    op.create_table(
        "webhook_attempts",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("number", int64, nullable=False),
        sa.Column("at_ms", int64, nullable=False, comment="wall clock, ms since 1970"),
        sa.Column("status", int64, nullable=False, comment="0: no answer"),
        sa.Column("took_ms", int64, nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "excerpt", sa.Text(), server_default="", nullable=False, comment="the beginning of the answer"
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["webhook_deliveries.id"], name=op.f("fk_webhook_attempts_delivery_id")
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f("pk_webhook_attempts")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """There is no way back: restore the copy that was made before the upgrade."""
    raise NotImplementedError("restore the copy that was made before the upgrade")
