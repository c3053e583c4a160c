"""`talktime operator add|remove|list`: who looks after this server. For a server that is stopped."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import delete, func, select

from booking.address_store import attach_address, profiles_of
from booking.identity_tables import addresses, logins
from booking.people import Person
from booking.store import add_person
from booking.tables import people
from server.codes import clean_address
from server.config import Config
from server.errors import Problem, StartError, UsageError
from server.key_tables import api_keys
from server.webhook_tables import webhook_endpoints
from signaling.clock import Clock, SystemClock, iso
from storage import migrations
from storage.audit_log import COMMAND_LINE, note
from storage.database import Database
from storage.errors import StorageError
from storage.worker import Transaction

T = TypeVar("T")


def add(config: Config, address: str, name: str, clock: Clock | None = None) -> int:
    """Make an operator who signs in with `address`. One that exists stays as it is."""
    address, now = _clean(address), iso((clock or SystemClock()).wall())
    try:
        person = Person(f"operator-{secrets.token_hex(8)}", "operator", name, "USD")
    except ValueError as error:
        raise UsageError(str(error)) from error

    def job(transaction: Transaction) -> bool:
        if _operators(transaction, address):
            return False
        add_person(transaction, person)
        note(transaction, now, COMMAND_LINE, "person.added", person.id, {"role": "operator", "how": "cli"})
        attach_address(transaction, person.id, address, now, COMMAND_LINE)
        return True

    added = _write(config, job)
    where = f"{config.public(config.port)}/sign-in"
    said = "may sign in now" if added else "was an operator already; the way in"
    sys.stdout.write(f"{address} {said}: {where}\n")
    return 0


def remove(config: Config, address: str, clock: Clock | None = None) -> int:
    """Take the operators of an address out of the house: profile, address, logins and keys, at once.

    Webhook endpoints are the house's and stay; those that they made are counted, for somebody to look at.
    """
    address, now = _clean(address), iso((clock or SystemClock()).wall())

    def job(transaction: Transaction) -> tuple[int, int]:
        gone = _operators(transaction, address)
        makers = webhook_endpoints.c.made_by.in_([person.id for person in gone])
        made = select(func.count()).where(makers, webhook_endpoints.c.state == "active")
        hooks = int(transaction.connection.execute(made).scalar_one())
        for person in gone:
            for table in (logins, addresses, api_keys):
                transaction.connection.execute(delete(table).where(table.c.person_id == person.id))
            transaction.connection.execute(delete(people).where(people.c.id == person.id))
            note(transaction, now, COMMAND_LINE, "person.removed", person.id, {"role": "operator"})
        return len(gone), hooks

    gone, hooks = _write(config, job)
    if gone == 0:
        raise UsageError(f"there is no operator with the address {address}")
    sys.stdout.write(f"{address} is no operator any more\n")
    if hooks:
        where = f"{config.public(config.port)}/integrations"
        sys.stdout.write(f"{hooks} webhook endpoints that they made are still told of everything: {where}\n")
    return 0


def show(config: Config) -> int:
    """Print every operator: name, and address where there is one."""

    def job(transaction: Transaction) -> list[str]:
        statement = (
            select(people.c.name, people.c.id, addresses.c.address)
            .outerjoin(addresses, addresses.c.person_id == people.c.id)
            .where(people.c.role == "operator")
            .order_by(people.c.name, people.c.id)
        )
        rows = transaction.connection.execute(statement)
        return [f"{row.name}\t{row.address or '(by link only)'}\t{row.id}\n" for row in rows]

    sys.stdout.writelines(_write(config, job))
    return 0


def _operators(transaction: Transaction, address: str) -> list[Person]:
    return [each for each in profiles_of(transaction, address) if each.role == "operator"]


def _clean(address: str) -> str:
    try:
        return clean_address(address)
    except Problem as problem:
        raise UsageError(f"{address!r} is not a mail address") from problem


def _write(config: Config, job: Callable[[Transaction], T]) -> T:
    async def run() -> T:
        database = Database.open(config.sql_url)
        try:
            return await database.write(job)
        finally:
            await database.close()

    try:
        migrations.migrate(config.sql_url)
        return asyncio.run(run())
    except StorageError as error:
        raise StartError(error.code, str(error) or error.code) from error
