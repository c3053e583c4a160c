"""The schema's history, packaged with the code, and the way to the newest one.

`storage/migrations/versions` holds one file a revision. To add one, change the tables modules and run
`alembic.autogenerate` on a migrated file (see CONTRIBUTING.md); a test compares the two.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from storage.errors import DatabaseMissing, DatabaseNewer, DatabaseOutdated
from storage.location import DataLock, connect, file_of, make_engine


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _state(connection: Connection) -> tuple[str | None, str | None]:
    """The revision of the database (None: empty) and the code's newest. Raises `DatabaseNewer`."""
    scripts = ScriptDirectory.from_config(_config())
    present = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if present is not None and present not in known:
        raise DatabaseNewer(
            f"the database has revision {present}, which this version does not know: install a newer version"
        )
    return present, scripts.get_current_head()


def migrate(database_url: str) -> bool:
    """Bring the database to the code's schema; make file and folder if need be. True if there was work.

    All or nothing. Raises `DatabaseLocked` while a server runs on it, `DatabaseNewer`, `UnsupportedUrl`.
    """
    file = file_of(database_url)
    lock = DataLock(file)
    lock.acquire()
    try:
        # What people paid is nobody else's business; SQLite gives its log the same mode.
        file.touch(mode=0o600)
        with connect(make_engine(database_url, writes=True)) as connection:
            present, head = _state(connection)
            connection.rollback()
            if present == head:
                return False
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
            return True
    finally:
        lock.release()


def check(database_url: str) -> None:
    """Raise `DatabaseMissing`, `DatabaseOutdated` or `DatabaseNewer` unless the schema is the code's."""
    file = file_of(database_url)
    if not file.exists():
        raise DatabaseMissing(f"there is no database at {file}")
    with closing(connect(make_engine(database_url, writes=False))) as connection:
        present, head = _state(connection)
    if present != head:
        raise DatabaseOutdated(
            f"the database has revision {present}, the code {head}: run `talktime migrate`"
        )
