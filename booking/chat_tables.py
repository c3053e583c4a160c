"""What is written and sent in calls: tables. Both forget after `chat_keep_days` (server.attachments)."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Table, Text, UniqueConstraint

from storage.schema import Int64, metadata

call_files = Table(
    "call_files",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("id", Text, primary_key=True, comment="chosen by the sender"),
    Column("sender", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("size", Int64, nullable=False, comment="bytes"),
    Column("digest", Text, nullable=False, comment="SHA-256 of the bytes, which lie in a folder"),
    Column("width", Int64, nullable=False),
    Column("height", Int64, nullable=False),
    Column("at", Text, nullable=False),
    CheckConstraint("sender IN ('payer', 'host')", name="sender"),
    CheckConstraint("size > 0", name="size"),
    Index("ix_call_files_at", "at"),
    sqlite_strict=True,
)
call_chat = Table(
    "call_chat",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("seq", Int64, primary_key=True, comment="counts from 1 in each call"),
    Column("id", Text, nullable=False, comment="chosen by the sender"),
    Column("sender", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("file_id", Text, nullable=False, server_default="", comment="of the same call, or empty"),
    UniqueConstraint("call_id", "sender", "id"),
    CheckConstraint("sender IN ('payer', 'host')", name="sender"),
    CheckConstraint("seq > 0", name="seq"),
    Index("ix_call_chat_at", "at"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
