"""Everybody of the house with address and wallet, for the operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select

from booking.client_tables import deleted_people
from booking.identity_tables import addresses
from booking.people import Person
from booking.store import person_of_row
from booking.tables import people
from metering.accounts import available_of, held_of
from metering.tables import accounts
from storage.database import Database
from storage.worker import Transaction


@dataclass(frozen=True, slots=True)
class Listed:
    """A person, and what other tables know. Money is zero for whoever has no wallet."""

    person: Person
    address: str
    available_minor: int
    held_minor: int
    deleted_at: str


class Directory:
    """Reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, words: str, role: str, after: str, limit: int) -> list[Listed]:
        """People by id, after the id `after`."""
        wanted = _people().where(people.c.id > after).order_by(people.c.id).limit(limit)
        if role:
            wanted = wanted.where(people.c.role == role)
        if words:
            fields = (people.c.id, people.c.name, people.c.slug, addresses.c.address)
            wanted = wanted.where(or_(*(field.icontains(words, autoescape=True) for field in fields)))
        return await self._read(wanted)

    async def get(self, person_id: str) -> Listed | None:
        """One person, or None."""
        found = await self._read(_people().where(people.c.id == person_id))
        return found[0] if found else None

    async def _read(self, wanted: Select[Any]) -> list[Listed]:
        def job(transaction: Transaction) -> list[Listed]:
            rows = transaction.connection.execute(wanted).all()
            names = [name for row in rows for name in (available_of(row.id), held_of(row.id))]
            purses = select(accounts.c.id, accounts.c.balance_minor).where(accounts.c.id.in_(names))
            purse = dict(transaction.connection.execute(purses).all())
            return [
                Listed(
                    person_of_row(row),
                    row.address or "",
                    purse.get(available_of(row.id), 0),
                    purse.get(held_of(row.id), 0),
                    row.deleted_at or "",
                )
                for row in rows
            ]

        return await self._database.read(job)


def _people() -> Select[Any]:
    return (
        select(people, addresses.c.address, deleted_people.c.at.label("deleted_at"))
        .outerjoin(addresses, addresses.c.person_id == people.c.id)
        .outerjoin(deleted_people, deleted_people.c.person_id == people.c.id)
    )
