"""Browsers that are logged in. A login belongs to one person; its cookie is known by its hash only.

Functions on a `Transaction` are for jobs that do more in the same transaction; `LoginStore` is for the rest.
Every opening and every revoking leaves a line in the audit log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from sqlalchemy import ColumnElement, Update, delete, select, update

from booking.identity_tables import logins
from booking.people import Person, Role
from booking.store import add_person
from booking.tables import people
from storage.audit_log import note
from storage.database import Database
from storage.worker import Transaction

MAX_LOGINS = 50
"""Logins a person may have at once; the one that was seen longest ago makes room."""


@dataclass(frozen=True, slots=True)
class NewLogin:
    """A browser that logs in. Moments as ISO 8601 UTC; `token_hash` of what only its cookie has."""

    id: str
    token_hash: str
    person_id: str
    device: str
    opened_at: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class OpenLogin:
    """A login that is good, and whose it is. `prolonged`: just now, so its cookie has to be, too."""

    id: str
    person_id: str
    role: Role
    name: str
    device: str
    opened_at: str
    seen_at: str
    expires_at: str
    prolonged: bool = False


def open_login(transaction: Transaction, new: NewLogin, how: str, instead_of: str = "") -> None:
    """Open a login. `how` it was proven (`guest`, `code`, …) goes into the audit log.

    `instead_of` is the login that the same browser had until now, whosever it was; it ends.
    """
    connection = transaction.connection
    if instead_of:
        connection.execute(delete(logins).where(logins.c.id == instead_of))
    own = logins.c.person_id == new.person_id
    connection.execute(delete(logins).where(own, logins.c.expires_at <= new.opened_at))
    newest = select(logins.c.id).where(own).order_by(logins.c.seen_at.desc()).limit(MAX_LOGINS - 1)
    connection.execute(delete(logins).where(own, logins.c.id.not_in(newest)))
    connection.execute(
        logins.insert().values(
            id=new.id, token_hash=new.token_hash, person_id=new.person_id, device=new.device,
            opened_at=new.opened_at, seen_at=new.opened_at, expires_at=new.expires_at,
        )
    )  # fmt: skip
    detail = {"login": new.id, "how": how, "device": new.device}
    note(transaction, new.opened_at, new.person_id, "login.opened", new.person_id, detail)


class LoginStore:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, new: NewLogin, how: str) -> None:
        """Open a login for somebody who exists."""
        await self._database.write(lambda transaction: open_login(transaction, new, how))

    async def move_in(self, person: Person, new: NewLogin) -> None:
        """Make a person and the person's first login, both or neither."""

        def job(transaction: Transaction) -> None:
            add_person(transaction, person)
            detail = {"role": person.role, "how": "guest"}
            note(transaction, new.opened_at, person.id, "person.added", person.id, detail)
            open_login(transaction, new, "guest")

        await self._database.write(job)

    async def by_token(self, token_hash: str, now: str) -> OpenLogin | None:
        """The login of a cookie, or None when it is unknown, revoked, too old, or its person is gone."""
        found = await self._read(logins.c.token_hash == token_hash, now)
        return found[0] if found else None

    async def of(self, person_id: str, now: str) -> list[OpenLogin]:
        """A person's logins, the last seen first."""
        return await self._read(logins.c.person_id == person_id, now)

    async def seen(self, login_id: str, now: str, expires_at: str) -> None:
        """Note that a login was used, and until when it is good by that."""
        values = {"seen_at": now, "expires_at": expires_at}
        statement = update(logins).where(logins.c.id == login_id).values(values)
        await self._database.write(lambda transaction: _done(transaction, statement))

    async def revoke(self, person_id: str, login_id: str, now: str, actor: str) -> bool:
        """End one login of a person. False when the person has none of that id."""

        def job(transaction: Transaction) -> bool:
            mine = (logins.c.id == login_id) & (logins.c.person_id == person_id)
            if transaction.connection.execute(delete(logins).where(mine)).rowcount == 0:
                return False
            note(transaction, now, actor, "login.revoked", person_id, {"login": login_id})
            return True

        return await self._database.write(job)

    async def revoke_all(self, person_id: str, now: str, actor: str, but: str = "") -> int:
        """End every login of a person, but perhaps one. Returns how many there were."""

        def job(transaction: Transaction) -> int:
            mine = (logins.c.person_id == person_id) & (logins.c.id != but)
            count = transaction.connection.execute(delete(logins).where(mine)).rowcount
            if count:
                note(transaction, now, actor, "login.revoked_all", person_id, {"count": count})
            return count

        return await self._database.write(job)

    async def _read(self, which: ColumnElement[bool], now: str) -> list[OpenLogin]:
        statement = (
            select(logins, people.c.role, people.c.name)
            .join(people, people.c.id == logins.c.person_id)
            .where(which, logins.c.expires_at > now)
            .order_by(logins.c.seen_at.desc(), logins.c.id)
        )

        def job(transaction: Transaction) -> list[OpenLogin]:
            return [
                OpenLogin(
                    row.id, row.person_id, cast("Role", row.role), row.name, row.device, row.opened_at,
                    row.seen_at, row.expires_at,
                )
                for row in transaction.connection.execute(statement)
            ]  # fmt: skip

        return await self._database.read(job)


def _done(transaction: Transaction, statement: Update) -> None:
    transaction.connection.execute(statement)
