"""Sites with the widget: their origins, their own users, and the sign-ins that were used.

Revision: 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sites",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False, comment="sealed with the server's key"),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_sites_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sqlite_strict=True,
    )
    op.create_index("ix_sites_owner_id", "sites", ["owner_id"])
    op.create_table(
        "site_origins",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("position", int64, nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_site_origins_site_id")),
        sa.PrimaryKeyConstraint("site_id", "origin", name=op.f("pk_site_origins")),
        sqlite_strict=True,
    )
    op.create_index("ix_site_origins_origin", "site_origins", ["origin"])
    op.create_table(
        "site_users",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column(
            "mail", sa.Text(), server_default="", nullable=False, comment="as the site says; not verified by us"
        ),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_site_users_person_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_site_users_site_id")),
        sa.PrimaryKeyConstraint("site_id", "external_id", name=op.f("pk_site_users")),
        sa.UniqueConstraint("person_id", name=op.f("uq_site_users_person_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "site_sign_ins",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("expires_s", int64, nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_site_sign_ins_site_id")),
        sa.PrimaryKeyConstraint("site_id", "token_id", name=op.f("pk_site_sign_ins")),
        sqlite_strict=True,
    )
    op.create_index("ix_site_sign_ins_expires_s", "site_sign_ins", ["expires_s"])


def downgrade() -> None:
    """There is no way back: restore the copy that was made before the upgrade."""
    raise NotImplementedError("restore the copy that was made before the upgrade")
