"""Mail addresses. A person has one at most; several people (profiles) may share one.

Whoever can read the mail of an address may sign in as each of its profiles.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from booking.identity_tables import addresses
from booking.people import Person
from booking.store import person_of_row
from booking.tables import people
from storage.audit_log import note
from storage.database import Database
from storage.worker import Transaction

MAX_PROFILES = 20
"""Profiles of one address that can be chosen from; the oldest go first."""


def masked(address: str) -> str:
    """An address as it may stand in logs: `s…@example.org`."""
    local, _, domain = address.partition("@")
    return f"{local[:1]}…@{domain}"


def address_of(transaction: Transaction, person_id: str) -> str:
    """A person's address, or ""."""
    statement = select(addresses.c.address).where(addresses.c.person_id == person_id)
    found: str | None = transaction.connection.execute(statement).scalar_one_or_none()
    return found or ""


def attach_address(transaction: Transaction, person_id: str, address: str, at: str, actor: str) -> str:
    """Give a person an address, in place of an older one. Returns the older one, or "" ."""
    connection = transaction.connection
    before: str | None = connection.execute(
        select(addresses.c.address).where(addresses.c.person_id == person_id)
    ).scalar_one_or_none()
    if before == address:
        return address
    row = insert(addresses).values(person_id=person_id, address=address, added_at=at)
    connection.execute(
        row.on_conflict_do_update(index_elements=["person_id"], set_={"address": address, "added_at": at})
    )
    detail = {"address": masked(address), **({"before": masked(before)} if before else {})}
    note(transaction, at, actor, "address.changed" if before else "address.added", person_id, detail)
    return before or ""


def profiles_of(transaction: Transaction, address: str) -> list[Person]:
    """Everybody with this address, in the order in which they took it."""
    statement = (
        select(people)
        .join(addresses, addresses.c.person_id == people.c.id)
        .where(addresses.c.address == address)
        .order_by(addresses.c.added_at, people.c.id)
        .limit(MAX_PROFILES)
    )
    return [person_of_row(row) for row in transaction.connection.execute(statement)]


def operators_of(transaction: Transaction) -> list[tuple[Person, str]]:
    """Every operator with an address, and the address."""
    statement = (
        select(people, addresses.c.address)
        .join(addresses, addresses.c.person_id == people.c.id)
        .where(people.c.role == "operator")
        .order_by(people.c.id)
    )
    return [(person_of_row(row), row.address) for row in transaction.connection.execute(statement)]


class AddressStore:
    """Addresses by person."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, person_id: str) -> str:
        """A person's address, or ""."""
        return await self._database.read(lambda transaction: address_of(transaction, person_id))

    async def attach(self, person_id: str, address: str, at: str, actor: str) -> str:
        """See `attach_address`."""
        return await self._database.write(
            lambda transaction: attach_address(transaction, person_id, address, at, actor)
        )
