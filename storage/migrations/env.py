"""Alembic runs this. The connection comes from `storage.migrations.migrate`, never from a file."""

from __future__ import annotations

from alembic import context
from sqlalchemy.engine import Connection

connection: Connection = context.config.attributes["connection"]
# One transaction around all revisions: an upgrade that is killed leaves the database as it was.
context.configure(connection=connection, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
