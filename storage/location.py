"""Where the data lies, and who may write it: the database's address, its file, and the lock beside it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from sqlalchemy import Engine, NullPool, create_engine, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from .errors import DatabaseLocked, DatabaseUnreadable, UnsupportedUrl

BUSY_TIMEOUT_MS = 5_000
WAL_KEPT_BYTES = 64 * 1024 * 1024


def file_of(database_url: str) -> Path:
    """The file of `sqlite:///relative/path.db` or `sqlite:////absolute/path.db`. Raises `UnsupportedUrl`."""
    try:
        url = make_url(database_url)
    except ArgumentError as error:
        raise UnsupportedUrl("the database address is not a URL like sqlite:///data/talktime.db") from error
    if url.get_backend_name() != "sqlite" or url.get_driver_name() != "pysqlite":
        raise UnsupportedUrl(f"{url.drivername} is not supported; use sqlite:///data/talktime.db")
    if not url.database or url.database == ":memory:" or url.query:
        raise UnsupportedUrl("the database address must name a file: sqlite:///data/talktime.db")
    return Path(url.database)


def make_engine(database_url: str, *, writes: bool) -> Engine:
    """Connections with our settings. A writing one takes the write lock when its transaction begins.

    They may be handed from thread to thread, but used by one at a time.
    """
    engine = create_engine(
        database_url,
        poolclass=NullPool,
        connect_args={"check_same_thread": False, "isolation_level": None, "cached_statements": 512},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA recursive_triggers = ON")
        cursor.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
        cursor.execute(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
        cursor.close()

    # The driver would begin a transaction only before the first statement that writes, and not at all before
    # DDL; we begin it ourselves, so that reads are one snapshot and migrations are all or nothing.
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def connect(engine: Engine) -> Connection:
    """A connection with our settings. Raises `DatabaseUnreadable`."""
    try:
        return engine.connect()
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise DatabaseUnreadable(f"cannot open {engine.url.database}: {cause}") from error


class DataLock:
    """One writer a database: a lock on a file beside it, which the kernel drops with the process."""

    def __init__(self, database_file: Path) -> None:
        self.path = database_file.with_name(database_file.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock at once. Raises `DatabaseLocked`, `DatabaseUnreadable`."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DatabaseUnreadable(f"cannot write in {self.path.parent}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise DatabaseLocked(
                f"process {owner or 'unknown'} already works on {self.path.with_suffix('')}; stop it first"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back. Idempotent."""
        # The file stays: if it were removed, two processes could each lock a file of their own.
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
