"""Sites in the database. Every change is one transaction; a sign-in is used up together with its effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Row

from booking.people import Person
from booking.site_tables import site_origins, site_sign_ins, site_users, sites
from booking.sites import MAX_SITES, Site, SiteUser
from booking.store import add_person
from booking.tables import people
from storage.audit_log import note
from storage.database import Database
from storage.worker import Transaction

Added = Literal["added", "exists", "limit"]


class SiteStore:
    """Sites by id, owner and expert, and the people they vouch for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, site_id: str) -> Site | None:
        """The site, revoked or not, or None."""
        found = await self._read(select(sites).where(sites.c.id == site_id))
        return found[0] if found else None

    async def of_owner(self, owner_id: str) -> list[Site]:
        """The owner's sites that are not revoked, the oldest first."""
        mine = select(sites).where(sites.c.owner_id == owner_id, sites.c.revoked_at == "")
        return await self._read(mine.order_by(sites.c.created_at, sites.c.id))

    async def that_shows(self, expert_id: str, origin: str) -> Site | None:
        """The site by which pages of `origin` may show this expert: the expert's own, else the house's."""
        found = await self._read(
            select(sites)
            .join(people, people.c.id == sites.c.owner_id)
            .join(site_origins, site_origins.c.site_id == sites.c.id)
            .where(
                site_origins.c.origin == origin,
                sites.c.revoked_at == "",
                or_(sites.c.owner_id == expert_id, people.c.role == "operator"),
            )
            .order_by(sites.c.owner_id != expert_id, sites.c.created_at, sites.c.id)
            .limit(1)
        )
        return found[0] if found else None

    async def secret(self, site_id: str) -> str | None:
        """The sealed secret of a site that is not revoked."""
        statement = select(sites.c.secret).where(sites.c.id == site_id, sites.c.revoked_at == "")

        def job(transaction: Transaction) -> str | None:
            return transaction.connection.execute(statement).scalar_one_or_none()

        return await self._database.read(job)

    async def add(self, site: Site, sealed_secret: str) -> Added:
        """Add a site whose id is new, unless its owner has as many as one may have."""

        def job(transaction: Transaction) -> Added:
            connection = transaction.connection
            if connection.execute(select(sites.c.id).where(sites.c.id == site.id)).first() is not None:
                return "exists"
            mine = select(func.count()).where(sites.c.owner_id == site.owner_id, sites.c.revoked_at == "")
            if connection.execute(mine).scalar_one() >= MAX_SITES:
                return "limit"
            connection.execute(
                insert(sites).values(
                    id=site.id, owner_id=site.owner_id, name=site.name, secret=sealed_secret,
                    created_at=site.created_at,
                )
            )  # fmt: skip
            _put_origins(transaction, site.id, site.origins)
            detail = {"name": site.name, "origins": " ".join(site.origins)}
            note(transaction, site.created_at, site.owner_id, "site.added", site.id, detail)
            return "added"

        return await self._database.write(job)

    async def set_origins(self, site: Site, origins: Sequence[str], at: str) -> None:
        """Replace the origins."""

        def job(transaction: Transaction) -> None:
            transaction.connection.execute(delete(site_origins).where(site_origins.c.site_id == site.id))
            _put_origins(transaction, site.id, origins)
            note(transaction, at, site.owner_id, "site.origins", site.id, {"origins": " ".join(origins)})

        await self._database.write(job)

    async def set_secret(self, site: Site, sealed_secret: str, at: str) -> None:
        """Replace the secret: what the old one signed is refused from now on."""
        await self._change(site, at, "site.secret", secret=sealed_secret)

    async def revoke(self, site: Site, at: str) -> None:
        """Shut a site out for good. Its users keep their wallets."""
        await self._change(site, at, "site.revoked", revoked_at=at)

    async def add_guest(self, person: Person, site_id: str, at: str) -> None:
        """Add a client who came by a site without being vouched for."""

        def job(transaction: Transaction) -> None:
            add_person(transaction, person)
            detail = {"role": "client", "how": "widget", "site": site_id}
            note(transaction, at, person.id, "person.added", person.id, detail)

        await self._database.write(job)

    async def sign_in(
        self, user: SiteUser, token_id: str, expires_s: int, newcomer: Person, at: str, now_s: int
    ) -> Person | None:
        """The person behind a site's user, who becomes `newcomer` on the first time. None: the id was used.

        The id of the sign-in is used up in the same transaction, so that of two at once one is refused.
        """
        used = {"site_id": user.site_id, "token_id": token_id, "expires_s": expires_s}

        def job(transaction: Transaction) -> Person | None:
            connection = transaction.connection
            connection.execute(delete(site_sign_ins).where(site_sign_ins.c.expires_s < now_s))
            if connection.execute(insert(site_sign_ins).values(used).on_conflict_do_nothing()).rowcount == 0:
                return None
            person = _person_of(transaction, user)
            if person is None:
                person = newcomer
                add_person(transaction, person)
                detail = {"role": "client", "how": "vouched", "site": user.site_id}
                note(transaction, at, person.id, "person.added", person.id, detail)
            elif person.name != user.name:
                connection.execute(update(people).where(people.c.id == person.id).values(name=user.name))
                person = Person(person.id, "client", user.name, person.currency)
            seen = {"mail": user.mail, "seen_at": at}
            connection.execute(
                insert(site_users)
                .values(site_id=user.site_id, external_id=user.external_id, person_id=person.id, **seen)
                .on_conflict_do_update(index_elements=["site_id", "external_id"], set_=seen)
            )
            return person

        return await self._database.write(job)

    async def _change(self, site: Site, at: str, action: str, **values: str) -> None:
        statement = update(sites).where(sites.c.id == site.id).values(**values)

        def job(transaction: Transaction) -> None:
            transaction.connection.execute(statement)
            note(transaction, at, site.owner_id, action, site.id)

        await self._database.write(job)

    async def _read(self, statement: Select[Any]) -> list[Site]:
        def job(transaction: Transaction) -> list[Site]:
            found = transaction.connection.execute(statement)
            return [_site(transaction, row) for row in found.all()]

        return await self._database.read(job)


def _put_origins(transaction: Transaction, site_id: str, origins: Sequence[str]) -> None:
    rows = [
        {"site_id": site_id, "origin": origin, "position": position}
        for position, origin in enumerate(origins)
    ]
    if rows:
        transaction.connection.execute(insert(site_origins), rows)


def _person_of(transaction: Transaction, user: SiteUser) -> Person | None:
    row = transaction.connection.execute(
        select(people.c.id, people.c.name, people.c.currency)
        .join(site_users, site_users.c.person_id == people.c.id)
        .where(site_users.c.site_id == user.site_id, site_users.c.external_id == user.external_id)
    ).one_or_none()
    return None if row is None else Person(row.id, "client", row.name, row.currency)


def _site(transaction: Transaction, row: Row[Any]) -> Site:
    origins = transaction.connection.execute(
        select(site_origins.c.origin)
        .where(site_origins.c.site_id == row.id)
        .order_by(site_origins.c.position)
    )
    return Site(row.id, row.owner_id, row.name, tuple(origins.scalars()), row.created_at, row.revoked_at)
