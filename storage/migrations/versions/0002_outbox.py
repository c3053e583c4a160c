"""The outbox.

Revision: 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", int64, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column(
            "due_ms", int64, server_default="0", nullable=False, comment="leased: when the lease runs out"
        ),
        sa.Column("first_ms", int64, nullable=True, comment="when it was first tried"),
        sa.Column("attempts", int64, server_default="0", nullable=False),
        sa.Column("ended_ms", int64, nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'leased', 'done', 'dead')", name=op.f("ck_outbox_state")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_outbox_attempts")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_outbox_kind_key")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_outbox_due", "outbox", ["kind", "due_ms"], unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'leased')"),
    )  # fmt: skip
    op.create_index(
        "ix_outbox_ended", "outbox", ["ended_ms"], unique=False,
        sqlite_where=sa.text("state IN ('done', 'dead')"),
    )  # fmt: skip


def downgrade() -> None:
    """There is no way back: restore the copy that was made before the upgrade."""
    raise NotImplementedError("restore the copy that was made before the upgrade")
