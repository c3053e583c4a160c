"""What experts keep about their clients, which offer a call was made by, and whose profile was deleted."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, Text

from storage.schema import metadata

client_notes = Table(
    "client_notes",
    metadata,
    Column("expert_id", Text, ForeignKey("people.id"), primary_key=True),
    Column("client_id", Text, ForeignKey("people.id"), primary_key=True),
    Column("text", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    sqlite_strict=True,
)

client_blocks = Table(
    "client_blocks",
    metadata,
    Column("expert_id", Text, ForeignKey("people.id"), primary_key=True),
    Column("client_id", Text, ForeignKey("people.id"), primary_key=True),
    Column("since", Text, nullable=False),
    sqlite_strict=True,
)

call_offers = Table(
    "call_offers",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("offer_id", Text, nullable=False),
    Column("title", Text, nullable=False, comment="as it was then: offers can be renamed and withdrawn"),
    sqlite_strict=True,
)

deleted_people = Table(
    "deleted_people",
    metadata,
    Column("person_id", Text, ForeignKey("people.id"), primary_key=True),
    Column("at", Text, nullable=False),
    sqlite_strict=True,
)
