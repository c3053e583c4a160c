"""Where the bytes of sent files lie: a folder in the data folder, a place for each call.

Not in the database: its one writer serves the meters of all calls, and must not wait for megabytes. Each call
has a folder of its own, so that deleting one call's files can never take away another's, and nobody learns
from a quick upload that somebody else sent the same file.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
from pathlib import Path


class FileShelf:
    """Files by call and id. Blocks only threads; raises OSError when the disk does not take it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, call_id: str, file_id: str, data: bytes) -> None:
        """Durable on return. The same bytes again are no mistake."""
        await asyncio.to_thread(_write, self._place(call_id, file_id), data)

    async def get(self, call_id: str, file_id: str) -> bytes | None:
        """The bytes; None when they are gone."""
        return await asyncio.to_thread(_read, self._place(call_id, file_id))

    async def remove(self, call_id: str, file_id: str) -> None:
        """Delete the bytes, and the call's folder with the last of them. Idempotent."""
        await asyncio.to_thread(_remove, self._place(call_id, file_id))

    def _place(self, call_id: str, file_id: str) -> Path:
        # Ids are chosen by pages: as names of folders and files they could mean something.
        folder, name = (hashlib.sha256(each.encode()).hexdigest()[:40] for each in (call_id, file_id))
        return self._folder / folder[:2] / folder / name


def _write(place: Path, data: bytes) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Only whole files have a name that is looked for.
    fresh = place.with_name(f".{secrets.token_hex(8)}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(place)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _read(place: Path) -> bytes | None:
    try:
        return place.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _remove(place: Path) -> None:
    place.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        place.parent.rmdir()
