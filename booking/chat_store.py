"""Messages and files of calls in the database. The files' bytes lie in a folder (server.file_shelf)."""

from __future__ import annotations

from typing import Any, Literal, cast

from sqlalchemy import Select, and_, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection, Row

from booking.chat import ChatEntry, FileFacts, FileKind, NewEntry, Side
from booking.chat_tables import call_chat, call_files
from storage.database import Database
from storage.worker import Transaction

SWEPT = 200
"""How many rows a sweep takes at once, so that the writer is free for others in between."""


class ChatStore:
    """What was written in calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, new: NewEntry) -> ChatEntry | None:
        """Append a message; durable on return. One with the same call, sender and id is returned as it is.

        None: the file does not exist, or the other side sent it.
        """

        def job(transaction: Transaction) -> ChatEntry | None:
            mine = (call_chat.c.call_id == new.call_id, call_chat.c.sender == new.sender)
            before = transaction.connection.execute(_lines().where(*mine, call_chat.c.id == new.id)).first()
            if before is not None:
                return _entry(before)
            file = _file_row(transaction, new.call_id, new.file_id, new.sender) if new.file_id else None
            if new.file_id and file is None:
                return None
            newest = select(func.coalesce(func.max(call_chat.c.seq), 0)).where(
                call_chat.c.call_id == new.call_id
            )
            seq = int(transaction.connection.execute(newest).scalar_one()) + 1
            transaction.connection.execute(
                insert(call_chat).values(
                    call_id=new.call_id, seq=seq, id=new.id, sender=new.sender, text=new.text, at=new.at,
                    file_id=new.file_id,
                )
            )  # fmt: skip
            return ChatEntry(seq, new.id, new.sender, new.text, new.at, file)

        return await self._database.write(job)

    async def page(self, call_id: str, before: int | None, limit: int) -> list[ChatEntry]:
        """The newest messages of a call that are older than number `before`, the oldest first."""
        wanted = _lines().where(call_chat.c.call_id == call_id).order_by(call_chat.c.seq.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(call_chat.c.seq < before)

        def job(transaction: Transaction) -> list[ChatEntry]:
            return [_entry(row) for row in transaction.connection.execute(wanted)][::-1]

        return await self._database.read(job)

    async def forget(self, before: str) -> bool:
        """Delete messages of before this moment (ISO 8601), some of them. Whether there may be more."""
        keys = select(call_chat.c.call_id, call_chat.c.seq).where(call_chat.c.at < before).limit(SWEPT)

        def job(transaction: Transaction) -> bool:
            rows = transaction.connection.execute(keys).all()
            for row in rows:
                gone = and_(call_chat.c.call_id == row.call_id, call_chat.c.seq == row.seq)
                transaction.connection.execute(delete(call_chat).where(gone))
            return len(rows) == SWEPT

        return await self._database.write(job)


class FileStore:
    """What is known of the files of calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(
        self, call_id: str, sender: Side, file: FileFacts, at: str, most_bytes: int, most_files: int
    ) -> FileFacts | Literal["exists", "quota"]:
        """Note a file before its bytes are stored; the same one again is no mistake.

        `exists`: its id means other bytes already; `quota`: the call has as much as it may have.
        """

        def job(transaction: Transaction) -> FileFacts | Literal["exists", "quota"]:
            before = _file_row(transaction, call_id, file.id, None)
            if before is not None:
                mine = _file_row(transaction, call_id, file.id, sender)
                return before if mine is not None and before.digest == file.digest else "exists"
            sums = select(func.count(), func.coalesce(func.sum(call_files.c.size), 0))
            count, size = transaction.connection.execute(sums.where(call_files.c.call_id == call_id)).one()
            if count >= most_files or size + file.size > most_bytes:
                return "quota"
            transaction.connection.execute(
                insert(call_files).values(
                    call_id=call_id, id=file.id, sender=sender, name=file.name, kind=file.kind,
                    size=file.size, digest=file.digest, width=file.width, height=file.height, at=at,
                )
            )  # fmt: skip
            return file

        return await self._database.write(job)

    async def get(self, call_id: str, file_id: str) -> FileFacts | None:
        """A file of a call."""
        return await self._database.read(lambda transaction: _file_row(transaction, call_id, file_id, None))

    async def old(self, before: str) -> list[tuple[str, FileFacts]]:
        """Files of before this moment, with their calls; some of them."""
        wanted = select(call_files).where(call_files.c.at < before).limit(SWEPT)

        def job(transaction: Transaction) -> list[tuple[str, FileFacts]]:
            return [(row.call_id, _file(row)) for row in transaction.connection.execute(wanted)]

        return await self._database.read(job)

    async def forget(self, call_id: str, file_id: str) -> None:
        """Delete what is known of a file, after its bytes."""
        gone = delete(call_files).where(call_files.c.call_id == call_id, call_files.c.id == file_id)

        def job(transaction: Transaction) -> None:
            transaction.connection.execute(gone)

        await self._database.write(job)


def forget_chat(connection: Connection, calls: Select[Any], sender: Side) -> None:
    """Delete what one side wrote in these calls. Its files count as old: the next sweep deletes them."""
    said = and_(call_chat.c.call_id.in_(calls), call_chat.c.sender == sender)
    connection.execute(delete(call_chat).where(said))
    sent = and_(call_files.c.call_id.in_(calls), call_files.c.sender == sender)
    connection.execute(update(call_files).where(sent).values(name="", at=""))


def _lines() -> Select[Any]:
    """Messages with what is known of their files."""
    same = and_(call_files.c.call_id == call_chat.c.call_id, call_files.c.id == call_chat.c.file_id)
    file = (
        call_files.c[name].label(f"file_{name}")
        for name in ("name", "kind", "size", "digest", "width", "height")
    )
    return select(call_chat, *file).outerjoin(call_files, same)


def _entry(row: Row[Any]) -> ChatEntry:
    file = None
    if row.file_id and row.file_kind:
        kind = cast("FileKind", row.file_kind)
        file = FileFacts(
            row.file_id, row.file_name, kind, row.file_size, row.file_digest, row.file_width, row.file_height
        )
    return ChatEntry(row.seq, row.id, row.sender, row.text, row.at, file)


def _file_row(transaction: Transaction, call_id: str, file_id: str, sender: Side | None) -> FileFacts | None:
    wanted = select(call_files).where(call_files.c.call_id == call_id, call_files.c.id == file_id)
    if sender is not None:
        wanted = wanted.where(call_files.c.sender == sender)
    row = transaction.connection.execute(wanted).first()
    return None if row is None else _file(row)


def _file(row: Row[Any]) -> FileFacts:
    return FileFacts(row.id, row.name, row.kind, row.size, row.digest, row.width, row.height)
