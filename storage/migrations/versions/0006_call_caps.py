"""The cap that a client's calls have by default.

Revision: 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "call_caps",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column(
            "cap_minor",
            int64,
            nullable=False,
            comment="the most a call may cost, in the wallet's currency",
        ),
        sa.CheckConstraint("cap_minor > 0", name=op.f("ck_call_caps_positive")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_call_caps_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_call_caps")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """There is no way back: restore the copy that was made before the upgrade."""
    raise NotImplementedError("restore the copy that was made before the upgrade")
