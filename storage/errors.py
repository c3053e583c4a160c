"""Errors of the storage package.

StorageError
├── UnsupportedUrl       storage.url          not a database address this version can open
├── DatabaseMissing      storage.missing      there is no such database, and it was to be read only
├── DatabaseUnreadable   storage.unreadable   the file cannot be opened, or is no database
├── DatabaseLocked       storage.locked       another server works on the same data
├── DatabaseOutdated     storage.outdated     the schema is older than this code: migrate first
├── DatabaseNewer        storage.newer        the schema is newer than this code
├── DatabaseOverloaded   storage.overloaded   too much is waiting to be written or read
├── DatabaseClosed       storage.closed       the handle was closed
└── CommitFailed         storage.failed       the database did not take it; nothing of the job is applied
"""

from __future__ import annotations


class StorageError(Exception):
    """Base of the tree; `code` is stable."""

    code = "storage.error"


class UnsupportedUrl(StorageError):
    """The address names no database that this version can open."""

    code = "storage.url"


class DatabaseMissing(StorageError):
    """There is no such database, and it was to be read only."""

    code = "storage.missing"


class DatabaseUnreadable(StorageError):
    """The file or its folder cannot be opened, or it is no database."""

    code = "storage.unreadable"


class DatabaseLocked(StorageError):
    """Another server works on the same data."""

    code = "storage.locked"


class DatabaseOutdated(StorageError):
    """The schema is older than this code."""

    code = "storage.outdated"


class DatabaseNewer(StorageError):
    """The schema is newer than this code."""

    code = "storage.newer"


class DatabaseOverloaded(StorageError):
    """The bounded queue is full."""

    code = "storage.overloaded"


class DatabaseClosed(StorageError):
    """The handle was closed before the job was taken."""

    code = "storage.closed"


class CommitFailed(StorageError):
    """The database did not take the batch (disk full, I/O error, busy); nothing of the job is applied."""

    code = "storage.failed"
