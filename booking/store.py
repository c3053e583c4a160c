"""People in the database. Reads see every write that was answered before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import Select, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Row

from booking.people import Person, Rate, Role
from booking.profile_rows import first_offer
from booking.tables import people
from storage.database import Database
from storage.worker import Transaction


def add_person(transaction: Transaction, person: Person) -> bool:
    """`PeopleStore.add` inside of another job."""
    added = insert_person(transaction, person)
    if added and person.rate is not None:
        first_offer(transaction, person.id, person.rate)
    return added


def insert_person(transaction: Transaction, person: Person) -> bool:
    """Insert a person whose id is new and nothing that belongs to it. True when it was."""
    statement = insert(people).values(**_columns(person)).on_conflict_do_nothing(index_elements=["id"])
    return transaction.connection.execute(statement).rowcount == 1


class PeopleStore:
    """People by id and by slug."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, person_id: str) -> Person | None:
        """The person, or None."""
        return await self._one(select(people).where(people.c.id == person_id))

    async def by_slug(self, slug: str) -> Person | None:
        """The expert whose page this is, or None."""
        return await self._one(select(people).where(people.c.slug == slug))

    async def all(self) -> list[Person]:
        """Everybody, by role and id."""
        rows = await self._rows(select(people).order_by(people.c.role, people.c.id))
        return [person_of_row(row) for row in rows]

    async def add(self, person: Person) -> bool:
        """Add a person whose id is new; one that exists stays as it is. True when added.

        A new expert gets an empty profile and one offer, at the person's rate. Raises SQLAlchemy's
        IntegrityError when another expert has the slug.
        """
        return await self._database.write(lambda transaction: add_person(transaction, person))

    async def _one(self, statement: Select[Any]) -> Person | None:
        rows = await self._rows(statement)
        return person_of_row(rows[0]) if rows else None

    async def _rows(self, statement: Select[Any]) -> list[Row[Any]]:
        def job(transaction: Transaction) -> list[Row[Any]]:
            return list(transaction.connection.execute(statement))

        return await self._database.read(job)


def _columns(person: Person) -> Mapping[str, str | int | None]:
    rate = person.rate
    return {
        "id": person.id,
        "role": person.role,
        "name": person.name,
        "currency": person.currency,
        "slug": person.slug or None,
        "headline": person.headline,
        "price_minor": rate.price_minor if rate else None,
        "per_ms": rate.per_ms if rate else None,
        "increment_ms": rate.increment_ms if rate else None,
        "minimum_ms": rate.minimum_ms if rate else None,
        "free_ms": rate.free_ms if rate else None,
    }


def person_of_row(row: Row[Any]) -> Person:
    """A row of `people` as a person."""
    rate = None
    if row.price_minor is not None:
        rate = Rate(
            currency=row.currency,
            price_minor=row.price_minor,
            per_ms=row.per_ms,
            increment_ms=row.increment_ms,
            minimum_ms=row.minimum_ms,
            free_ms=row.free_ms,
        )
    return Person(
        id=row.id,
        role=cast("Role", row.role),
        name=row.name,
        currency=row.currency,
        slug=row.slug or "",
        headline=row.headline,
        rate=rate,
    )
