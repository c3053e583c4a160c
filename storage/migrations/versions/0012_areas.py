"""When each account's entries were made; adjustments; notes and blocks of clients; deleted people.

Entries that were posted before get the moment of what they belong to, as far as it is stored.

Revision: 0012, after 0011.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# What stays inside one wallet (holds and releases) is nobody's income or expense.
ENTRIES_OF_TRANSFER = """
    CREATE TRIGGER transfer_entries AFTER INSERT ON transfers
    WHEN NOT (NEW.source LIKE 'wallet:%' AND NEW.target LIKE 'wallet:%')
    BEGIN
        INSERT INTO account_entries (account, seq, at) VALUES
            (NEW.source, NEW.seq, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
            (NEW.target, NEW.seq, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
    END
"""

ENTRIES_SO_FAR = """
    WITH moments AS (
        SELECT t.seq, t.source, t.target, coalesce(
            (SELECT nullif(c.ended_at, '') FROM metered_calls c WHERE c.id = t.call_id),
            (SELECT o.updated_at FROM payment_orders o WHERE t.id = 'topup:' || o.intent_id),
            (SELECT min(c.opened_at) FROM metered_calls c
                WHERE t.target = 'wallet:' || c.wallet_id || '\\:available'),
            strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
        ) AS at
        FROM transfers t WHERE NOT (t.source LIKE 'wallet:%' AND t.target LIKE 'wallet:%')
    )
    INSERT INTO account_entries (account, seq, at)
    SELECT source, seq, at FROM moments UNION ALL SELECT target, seq, at FROM moments
"""


def _pair(name: str, *more: sa.Column[str]) -> None:
    op.create_table(
        name,
        sa.Column("expert_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        *more,
        sa.ForeignKeyConstraint(["expert_id"], ["people.id"], name=op.f(f"fk_{name}_expert_id")),
        sa.ForeignKeyConstraint(["client_id"], ["people.id"], name=op.f(f"fk_{name}_client_id")),
        sa.PrimaryKeyConstraint("expert_id", "client_id", name=op.f(f"pk_{name}")),
        sqlite_strict=True,
    )


def upgrade() -> None:
    op.create_table(
        "account_entries",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("seq", int64, nullable=False),
        sa.Column("at", sa.Text(), nullable=False, comment="ISO 8601 UTC, to the millisecond"),
        sa.ForeignKeyConstraint(["seq"], ["transfers.seq"], name=op.f("fk_account_entries_seq")),
        sa.PrimaryKeyConstraint("account", "seq", name=op.f("pk_account_entries")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "adjustments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("wallet_id", sa.Text(), nullable=False),
        sa.Column(
            "amount_minor", int64, nullable=False, comment="into the wallet; below zero: out of it"
        ),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_adjustments_something")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_adjustments_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjustments")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_adjustments_wallet_id"), "adjustments", ["wallet_id"], unique=False)
    _pair(
        "client_notes",
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
    )
    _pair("client_blocks", sa.Column("since", sa.Text(), nullable=False))
    op.create_table(
        "call_offers",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("offer_id", sa.Text(), nullable=False),
        sa.Column(
            "title",
            sa.Text(),
            nullable=False,
            comment="as it was then: offers can be renamed and withdrawn",
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_call_offers")),
        sqlite_strict=True,
    )
    op.create_table(
        "deleted_people",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_deleted_people_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_deleted_people")),
        sqlite_strict=True,
    )
    op.execute(ENTRIES_SO_FAR)
    op.execute(ENTRIES_OF_TRANSFER)


def downgrade() -> None:
    """There is no way back: restore the copy that was made before the upgrade."""
    raise NotImplementedError("restore the copy that was made before the upgrade")
