"""Office hours: when an expert takes calls, and who waits in the line.

Revision: 0004, after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "availability",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("openings", sa.Text(), nullable=False),
        sa.Column("paused_until_ms", int64, nullable=True),
        sa.Column("closed_until_ms", int64, nullable=True),
        sa.Column("stop_after_call", int64, nullable=False),
        sa.Column("auto_accept", int64, nullable=False),
        sa.CheckConstraint("mode IN ('off', 'open', 'hours')", name="ck_availability_mode"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_availability_person_id"),
        sa.PrimaryKeyConstraint("person_id", name="pk_availability"),
        sqlite_strict=True,
    )
    op.create_table(
        "line_places",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("host_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("price_minor", int64, nullable=False),
        sa.Column("per_ms", int64, nullable=False),
        sa.Column("increment_ms", int64, nullable=False),
        sa.Column("minimum_ms", int64, nullable=False),
        sa.Column("free_ms", int64, nullable=False),
        sa.Column("number", int64, nullable=False),
        sa.Column("joined_ms", int64, nullable=False),
        sa.Column("missed", int64, nullable=False),
        sa.Column("ended_ms", int64, nullable=True),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("(ended_ms IS NULL) = (why = '')", name="ck_line_places_end"),
        sa.ForeignKeyConstraint(["client_id"], ["people.id"], name="fk_line_places_client_id"),
        sa.ForeignKeyConstraint(["host_id"], ["people.id"], name="fk_line_places_host_id"),
        sa.PrimaryKeyConstraint("id", name="pk_line_places"),
        sqlite_strict=True,
    )
    op.create_index("ix_line_places_client", "line_places", ["client_id", "joined_ms"])
    op.create_index(
        "uq_line_places_waiting", "line_places", ["host_id", "client_id"], unique=True,
        sqlite_where=sa.text("ended_ms IS NULL"),
    )  # fmt: skip
