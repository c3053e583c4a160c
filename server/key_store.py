"""API keys in the database. Instants are wall-clock milliseconds since 1970; changes are audited."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from sqlalchemy import Row, Select, func, select, update

from server.auth import LoginRole
from server.key_tables import api_keys
from storage.audit_log import note
from storage.database import Database
from storage.worker import Transaction

_columns = api_keys.c


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: not the key itself, but its `hash` and how it begins."""

    id: str
    person_id: str
    role: LoginRole
    name: str
    prefix: str
    hash: str
    scopes: tuple[str, ...]
    made_ms: int
    expires_ms: int | None = None
    used_ms: int | None = None
    revoked_ms: int | None = None

    def is_over(self, now_ms: int) -> bool:
        """Whether it opens nothing any more."""
        return self.revoked_ms is not None or self.has_expired(now_ms)

    def has_expired(self, now_ms: int) -> bool:
        """Whether its time is up."""
        return self.expires_ms is not None and self.expires_ms <= now_ms


class KeyStore:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, key: ApiKey, at: str, limit: int) -> bool:
        """Keep a new key. False when the person has `limit` keys that are not over."""
        row = {
            "id": key.id, "person_id": key.person_id, "role": key.role, "name": key.name,
            "prefix": key.prefix, "hash": key.hash, "scopes": msgspec.json.encode(key.scopes).decode(),
            "made_ms": key.made_ms, "expires_ms": key.expires_ms,
        }  # fmt: skip
        open_ones = select(func.count()).where(
            _columns.person_id == key.person_id,
            _columns.revoked_ms.is_(None),
            _columns.expires_ms.is_(None) | (_columns.expires_ms > key.made_ms),
        )

        def job(transaction: Transaction) -> bool:
            if transaction.connection.execute(open_ones).scalar_one() >= limit:
                return False
            transaction.connection.execute(api_keys.insert(), row)
            detail = {"key": key.id, "scopes": " ".join(key.scopes)}
            note(transaction, at, key.person_id, "key.created", key.person_id, detail)
            return True

        return await self._database.write(job)

    async def of_person(self, person_id: str, limit: int) -> list[ApiKey]:
        """The person's newest keys, the newest first; also those that are over."""
        wanted = select(api_keys).where(_columns.person_id == person_id)
        return list(await self._find(wanted.order_by(_columns.seq.desc()).limit(limit)))

    async def by_hash(self, digest: str) -> ApiKey | None:
        """The key with this hash, whatever became of it."""
        found = await self._find(select(api_keys).where(_columns.hash == digest))
        return next(iter(found), None)

    async def revoke(self, person_id: str, key_id: str, now_ms: int, at: str) -> ApiKey | None:
        """Revoke a key of this person; the first time counts. None when there is no such key."""
        chosen = (_columns.id == key_id, _columns.person_id == person_id)
        statement = update(api_keys).where(*chosen, _columns.revoked_ms.is_(None)).values(revoked_ms=now_ms)

        def job(transaction: Transaction) -> ApiKey | None:
            if transaction.connection.execute(statement).rowcount:
                note(transaction, at, person_id, "key.revoked", person_id, {"key": key_id})
            row = transaction.connection.execute(select(api_keys).where(*chosen)).one_or_none()
            return None if row is None else _key(row)

        return await self._database.write(job)

    async def used(self, key_id: str, now_ms: int) -> None:
        """Note that the key was used."""
        statement = update(api_keys).where(_columns.id == key_id).values(used_ms=now_ms)
        await self._database.write(lambda transaction: transaction.connection.execute(statement).rowcount)

    async def _find(self, wanted: Select[Any]) -> Iterable[ApiKey]:
        return await self._database.read(
            lambda transaction: [_key(row) for row in transaction.connection.execute(wanted)]
        )


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id, person_id=row.person_id, role=cast("LoginRole", row.role), name=row.name,
        prefix=row.prefix, hash=row.hash, scopes=msgspec.json.decode(row.scopes, type=tuple[str, ...]),
        made_ms=row.made_ms, expires_ms=row.expires_ms, used_ms=row.used_ms, revoked_ms=row.revoked_ms,
    )  # fmt: skip
