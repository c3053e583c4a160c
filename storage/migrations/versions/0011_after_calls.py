"""Tips, refunds of calls, disputes and ratings.

Revision: 0011, after 0010.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tips",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", int64, nullable=False),
        sa.Column("host_minor", int64, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "amount_minor > 0 AND host_minor BETWEEN 0 AND amount_minor", name=op.f("ck_tips_amounts")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["metered_calls.id"], name=op.f("fk_tips_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tips")),
        sqlite_strict=True,
    )
    op.create_index("ix_tips_call", "tips", ["call_id"], unique=False)
    op.create_table(
        "call_refunds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", int64, nullable=False),
        sa.Column("host_minor", int64, nullable=False, comment="the host's part"),
        sa.Column("clawed_minor", int64, nullable=False, comment="of that, out of the earnings"),
        sa.Column("platform_minor", int64, nullable=False, comment="out of the revenue"),
        sa.Column("by_side", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_call_refunds_amount")),
        sa.CheckConstraint("by_side IN ('host', 'operator')", name=op.f("ck_call_refunds_side")),
        sa.CheckConstraint(
            "host_minor BETWEEN 0 AND amount_minor AND clawed_minor BETWEEN 0 AND host_minor",
            name=op.f("ck_call_refunds_host"),
        ),
        sa.CheckConstraint(
            "platform_minor BETWEEN 0 AND amount_minor - host_minor", name=op.f("ck_call_refunds_platform")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["metered_calls.id"], name=op.f("fk_call_refunds_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_refunds")),
        sqlite_strict=True,
    )
    op.create_index("ix_call_refunds_call", "call_refunds", ["call_id"], unique=False)
    op.create_table(
        "disputes",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("host_answer", sa.Text(), server_default="", nullable=False),
        sa.Column("answered_at", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "decided_minor", int64, server_default="0", nullable=False, comment="what the decision refunded"
        ),
        sa.Column("decided_at", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_by", sa.Text(), server_default="", nullable=False),
        sa.Column("decision", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('open', 'refunded', 'declined')", name=op.f("ck_disputes_state")),
        sa.CheckConstraint("(state = 'open') = (decided_at = '')", name=op.f("ck_disputes_decided")),
        sa.CheckConstraint(
            "decided_minor >= 0 AND (decided_minor = 0 OR state = 'refunded')",
            name=op.f("ck_disputes_refund"),
        ),
        sa.ForeignKeyConstraint(["call_id"], ["metered_calls.id"], name=op.f("fk_disputes_call_id")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_disputes")),
        sqlite_strict=True,
    )
    op.create_index("ix_disputes_state", "disputes", ["state", "opened_at"], unique=False)
    op.create_table(
        "ratings",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("expert_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("stars", int64, nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("given_at", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_ratings_stars")),
        sa.ForeignKeyConstraint(["expert_id"], ["people.id"], name=op.f("fk_ratings_expert_id")),
        sa.ForeignKeyConstraint(["client_id"], ["people.id"], name=op.f("fk_ratings_client_id")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_ratings")),
        sqlite_strict=True,
    )
    op.create_index("ix_ratings_expert", "ratings", ["expert_id", "given_at"], unique=False)


def downgrade() -> None:
    """There is no way back: restore the copy that was made before the upgrade."""
    raise NotImplementedError("restore the copy that was made before the upgrade")
