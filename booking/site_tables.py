"""The tables of sites. Origins and users go with their site; an id of a sign-in is kept until it expires."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint, Table, Text

from storage.schema import Int64, metadata

sites = Table(
    "sites",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner_id", Text, ForeignKey("people.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("secret", Text, nullable=False, comment="sealed with the server's key"),
    Column("created_at", Text, nullable=False),
    Column("revoked_at", Text, nullable=False, server_default=""),
    Index("ix_sites_owner_id", "owner_id"),
    sqlite_strict=True,
)

site_origins = Table(
    "site_origins",
    metadata,
    Column("site_id", Text, ForeignKey("sites.id"), nullable=False),
    Column("origin", Text, nullable=False),
    Column("position", Int64, nullable=False),
    PrimaryKeyConstraint("site_id", "origin"),
    Index("ix_site_origins_origin", "origin"),
    sqlite_strict=True,
)

site_users = Table(
    "site_users",
    metadata,
    Column("site_id", Text, ForeignKey("sites.id"), nullable=False),
    Column("external_id", Text, nullable=False),
    Column("person_id", Text, ForeignKey("people.id"), nullable=False, unique=True),
    Column("mail", Text, nullable=False, server_default="", comment="as the site says; not verified by us"),
    Column("seen_at", Text, nullable=False),
    PrimaryKeyConstraint("site_id", "external_id"),
    sqlite_strict=True,
)

site_sign_ins = Table(
    "site_sign_ins",
    metadata,
    Column("site_id", Text, ForeignKey("sites.id"), nullable=False),
    Column("token_id", Text, nullable=False),
    Column("expires_s", Int64, nullable=False),
    PrimaryKeyConstraint("site_id", "token_id"),
    Index("ix_site_sign_ins_expires_s", "expires_s"),
    sqlite_strict=True,
)
