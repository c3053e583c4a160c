"""What is written and sent in calls.

Revision: 0013, after 0012.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "call_files",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False, comment="chosen by the sender"),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("size", int64, nullable=False, comment="bytes"),
        sa.Column(
            "digest",
            sa.Text(),
            nullable=False,
            comment="SHA-256 of the bytes, which lie in a folder",
        ),
        sa.Column("width", int64, nullable=False),
        sa.Column("height", int64, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.CheckConstraint("sender IN ('payer', 'host')", name=op.f("ck_call_files_sender")),
        sa.CheckConstraint("size > 0", name=op.f("ck_call_files_size")),
        sa.PrimaryKeyConstraint("call_id", "id", name=op.f("pk_call_files")),
        sqlite_strict=True,
    )
    op.create_index("ix_call_files_at", "call_files", ["at"], unique=False)
    op.create_table(
        "call_chat",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("seq", int64, nullable=False, comment="counts from 1 in each call"),
        sa.Column("id", sa.Text(), nullable=False, comment="chosen by the sender"),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column(
            "file_id", sa.Text(), server_default="", nullable=False, comment="of the same call, or empty"
        ),
        sa.CheckConstraint("sender IN ('payer', 'host')", name=op.f("ck_call_chat_sender")),
        sa.CheckConstraint("seq > 0", name=op.f("ck_call_chat_seq")),
        sa.PrimaryKeyConstraint("call_id", "seq", name=op.f("pk_call_chat")),
        sa.UniqueConstraint("call_id", "sender", "id", name=op.f("uq_call_chat_call_id_sender_id")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_call_chat_at", "call_chat", ["at"], unique=False)


def downgrade() -> None:
    """There is no way back: restore the copy that was made before the upgrade."""
    raise NotImplementedError("restore the copy that was made before the upgrade")
