"""Tables beside the ledger: when each entry of an account was made, and adjustments by the operator.

`account_entries` is filled by a trigger (in the migrations) with every transfer that is not between the two
sides of one wallet, so that no one who posts can forget it. It is the index from an account to its entries.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table, Text

from storage.schema import Int64, metadata

account_entries = Table(
    "account_entries",
    metadata,
    Column("account", Text, primary_key=True),
    Column("seq", Int64, ForeignKey("transfers.seq"), primary_key=True),
    Column("at", Text, nullable=False, comment="ISO 8601 UTC, to the millisecond"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

adjustments = Table(
    "adjustments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("wallet_id", Text, ForeignKey("wallets.id"), nullable=False, index=True),
    Column("amount_minor", Int64, nullable=False, comment="into the wallet; below zero: out of it"),
    Column("currency", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Text, nullable=False),
    CheckConstraint("amount_minor <> 0", name="something"),
    sqlite_strict=True,
)
