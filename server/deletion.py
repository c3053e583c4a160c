"""Deleting a client: what is personal goes at once, what the books need stays, without a name beside it.

What goes: name, address, logins, cap, saved card and automatic top-ups, wishes in lines, words of ratings,
what was written and sent in calls (the files' bytes within the hour), name and words in news that were told
or wait to be, experts' notes and blocks, what websites know the person by. What stays: transfers, calls and
their signed receipts (with the name that both sides hold a copy of), disputes, payments, and the audit log.
A deleted profile's links and keys end: it is asked on every request.
"""

from __future__ import annotations

from typing import Literal

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.engine import Connection

from booking.call_tables import call_caps, ratings
from booking.chat_store import forget_chat
from booking.client_tables import client_blocks, client_notes, deleted_people
from booking.identity_tables import addresses, logins, sign_in_codes
from booking.office_tables import line_places
from booking.site_tables import site_users
from booking.tables import people
from metering.adjusting import HOUSE
from metering.after_tables import disputes
from metering.bookkeeping import purse, wallet_row
from metering.payment_moves import withdraw
from metering.payment_tables import auto_top_ups, payers, payment_orders
from metering.tables import metered_calls
from server.redaction import redact_news
from storage.audit_log import note
from storage.database import Database
from storage.worker import Transaction

FORMER = "Former client"
"""The name of whoever was deleted."""

Obstacle = Literal["profile.call_open", "profile.payment_open", "profile.dispute_open", "profile.money"]
UNFINISHED = ("asked", "open", "action", "processing")


class Deletions:
    """Who was deleted, kept in memory: every request asks. There is one server on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gone: set[str] | None = None

    async def has(self, person_id: str) -> bool:
        """Whether this person was deleted."""
        if self._gone is None:
            wanted = select(deleted_people.c.person_id)
            found = await self._database.read(
                lambda transaction: list(transaction.connection.execute(wanted).scalars())
            )
            self._gone = set(found)
        return person_id in self._gone

    async def delete(self, person_id: str, at: str, *, give_up: bool) -> int | Obstacle:
        """Delete a client and say what the house got (minor units), or what is in the way: nothing changed.

        `give_up`: what the wallet has becomes the house's. Else money is in the way.
        """

        def job(transaction: Transaction) -> int | Obstacle:
            connection = transaction.connection
            obstacle = _obstacle(connection, person_id)
            if obstacle is not None:
                return obstacle
            left_minor = sum(purse_of(connection, person_id))
            if left_minor and not give_up:
                return "profile.money"
            if left_minor:
                withdraw(
                    connection, f"given_up:{person_id}", wallet_row(connection, person_id), left_minor, HOUSE
                )
            _forget(connection, person_id, at)
            note(transaction, at, person_id, "person.deleted", person_id, {"given_up_minor": left_minor})
            return left_minor

        await self.has(person_id)
        outcome = await self._database.write(job)
        if isinstance(outcome, int) and self._gone is not None:
            self._gone.add(person_id)
        return outcome


def _obstacle(connection: Connection, person_id: str) -> Obstacle | None:
    calls, orders = metered_calls.c, payment_orders.c
    if connection.scalar(select(exists().where(calls.wallet_id == person_id, calls.state == "open"))):
        return "profile.call_open"
    under_way = exists().where(orders.wallet_id == person_id, orders.state.in_(UNFINISHED))
    if connection.scalar(select(under_way)):
        return "profile.payment_open"
    mine = select(calls.id).where(calls.wallet_id == person_id)
    waiting = exists().where(disputes.c.call_id.in_(mine), disputes.c.state == "open")
    return "profile.dispute_open" if connection.scalar(select(waiting)) else None


def purse_of(connection: Connection, person_id: str) -> tuple[int, int]:
    """What a wallet has to spend and on hold; nothing when there is none."""
    try:
        return purse(connection, person_id)
    except KeyError:
        return 0, 0


def _forget(connection: Connection, person_id: str, at: str) -> None:
    address = connection.scalar(select(addresses.c.address).where(addresses.c.person_id == person_id))
    for table in (addresses, logins, call_caps, site_users):
        connection.execute(delete(table).where(table.c.person_id == person_id))
    shared = select(func.count()).where(addresses.c.address == address)
    if address is not None and connection.scalar(shared) == 0:
        connection.execute(delete(sign_in_codes).where(sign_in_codes.c.address == address))
    said = update(ratings).where(ratings.c.client_id == person_id)
    connection.execute(said.values(text=""))
    forget_chat(connection, select(metered_calls.c.id).where(metered_calls.c.wallet_id == person_id), "payer")
    for book in (client_notes, client_blocks):
        connection.execute(delete(book).where(book.c.client_id == person_id))
    connection.execute(delete(auto_top_ups).where(auto_top_ups.c.wallet_id == person_id))
    # The customer's id stays: a refund of a payment long past may need it.
    card = {"method_id": "", "brand": "", "last4": "", "exp_month": 0, "exp_year": 0}
    connection.execute(update(payers).where(payers.c.wallet_id == person_id).values(**card))
    places = update(line_places).where(line_places.c.client_id == person_id)
    connection.execute(places.values(name=FORMER, wish=""))
    connection.execute(update(people).where(people.c.id == person_id).values(name=FORMER))
    redact_news(connection, person_id, FORMER)
    connection.execute(deleted_people.insert().values(person_id=person_id, at=at))
