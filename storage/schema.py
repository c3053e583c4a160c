"""The one collection of table definitions. The packages that know the domain add their tables to it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Int64 = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number of 64 bits. SQLite's INTEGER has them already, and its strict tables know no BIGINT."""
