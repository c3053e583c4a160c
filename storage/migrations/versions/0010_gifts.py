"""Gifts of time and notes about pauses among the meter events.

Revision: 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # SQLite cannot change a CHECK: the table is made anew, with the triggers that keep it immutable.
    op.rename_table("meter_events", "meter_events_before")
    op.create_table(
        "meter_events",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("seq", int64, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at_ms", int64, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("used_ms", int64, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("gift_ms", int64, server_default="0", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("kind IN ('began', 'stopped', 'gift')", name=op.f("ck_meter_events_kind")),
        sa.CheckConstraint("used_ms >= 0", name=op.f("ck_meter_events_not_negative")),
        sa.CheckConstraint(
            "(kind = 'gift') = (gift_ms > 0) AND gift_ms >= 0", name=op.f("ck_meter_events_gift")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["metered_calls.id"], name=op.f("fk_meter_events_call_id")),
        sa.PrimaryKeyConstraint("call_id", "seq", name=op.f("pk_meter_events")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO meter_events (call_id, seq, kind, at_ms, at, used_ms, reason) "
        "SELECT call_id, seq, kind, at_ms, at, used_ms, reason FROM meter_events_before"
    )
    op.drop_table("meter_events_before")
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER meter_events_{verb.lower()} BEFORE {verb} ON meter_events BEGIN "
            "SELECT RAISE(ABORT, 'meter_events are immutable'); END"
        )


def downgrade() -> None:
    """There is no way back: restore the copy that was made before the upgrade."""
    raise NotImplementedError("restore the copy that was made before the upgrade")
