"""Profiles, photos and offers of experts. Whoever was an expert before gets an empty profile and one offer.

Revision: 0009, after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "profiles",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("bio", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "languages", sa.Text(), server_default="[]", nullable=False, comment="JSON: list of codes"
        ),
        sa.Column(
            "specialities", sa.Text(), server_default="[]", nullable=False, comment="JSON: list of words"
        ),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("made_at", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_profiles_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_profiles")),
        sqlite_strict=True,
    )
    op.create_table(
        "photos",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["profiles.person_id"], name=op.f("fk_photos_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
        sa.UniqueConstraint("person_id", name=op.f("uq_photos_person_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "offers",
        sa.Column("seq", int64, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("price_minor", int64, nullable=False),
        sa.Column("per_ms", int64, nullable=False),
        sa.Column("increment_ms", int64, nullable=False),
        sa.Column("minimum_ms", int64, nullable=False),
        sa.Column("free_ms", int64, nullable=False),
        sa.Column("is_default", int64, server_default="0", nullable=False),
        sa.CheckConstraint("media IN ('video', 'voice')", name=op.f("ck_offers_media")),
        sa.CheckConstraint(
            "price_minor >= 0 AND per_ms > 0 AND increment_ms > 0", name=op.f("ck_offers_price")
        ),
        sa.CheckConstraint("minimum_ms >= 0 AND free_ms >= 0", name=op.f("ck_offers_durations")),
        sa.CheckConstraint("is_default IN (0, 1)", name=op.f("ck_offers_is_default")),
        sa.ForeignKeyConstraint(["person_id"], ["profiles.person_id"], name=op.f("fk_offers_person_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_offers")),
        sa.UniqueConstraint("id", name=op.f("uq_offers_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_offers_person", "offers", ["person_id", "seq"], unique=False)
    op.create_index(
        "ix_offers_default",
        "offers",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("is_default = 1"),
        postgresql_where=sa.text("is_default = 1"),
    )
    op.execute("INSERT INTO profiles (person_id) SELECT id FROM people WHERE role = 'expert'")
    op.execute(
        "INSERT INTO offers (id, person_id, title, media, price_minor, per_ms, increment_ms, minimum_ms,"
        " free_ms, is_default)"
        " SELECT lower(hex(randomblob(8))), id, 'Call', 'video', price_minor, per_ms, increment_ms,"
        " minimum_ms, free_ms, 1 FROM people WHERE role = 'expert'"
    )


def downgrade() -> None:
    """There is no way back: restore the copy that was made before the upgrade."""
    raise NotImplementedError("restore the copy that was made before the upgrade")
