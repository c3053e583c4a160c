"""One-time codes on their way: proof that somebody reads the mail of an address.

THEORY. Asking for a code gives the asker a ticket; the code goes to the address. Both together prove it, so
that a code which somebody else asked for is of no use to anybody, and nobody's wrong guesses use up another's
code. A ticket allows a few guesses, lives for some minutes and serves once:

    state   what happens                            becomes
    ------  --------------------------------------  -------
    open    a wrong code, guesses left              open
    open    a wrong code, the last guess            gone
    open    the right code, and it was only looked  open
    open    the right code, and it was used         gone
    open    its time is up                          gone

Gone and never there are the same to whoever asks.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, select, update

from booking.address_store import attach_address, masked, profiles_of
from booking.identity_tables import sign_in_codes
from booking.login_store import NewLogin, open_login
from booking.people import Person
from booking.store import add_person
from storage.audit_log import ANYBODY, note
from storage.database import Database
from storage.worker import Transaction

TRIES = 5

Refusal = Literal["code.wrong", "code.expired"]


@dataclass(frozen=True, slots=True)
class Guess:
    """A code that was typed in. `code_hash` as it was made for this very ticket; `now` is ISO 8601 UTC."""

    ticket: str
    code_hash: str
    now: str


@dataclass(frozen=True, slots=True)
class Proven:
    """The code was right. `profiles`: everybody with this address."""

    address: str
    profiles: list[Person]


class CodeStore:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, ticket: str, address: str, code_hash: str, now: str, expires_at: str) -> None:
        """Keep a code that is about to be mailed, and forget those whose time is up."""

        def job(transaction: Transaction) -> None:
            connection = transaction.connection
            connection.execute(delete(sign_in_codes).where(sign_in_codes.c.expires_at <= now))
            row = {"ticket": ticket, "address": address, "code_hash": code_hash}
            connection.execute(sign_in_codes.insert().values(**row, tries_left=TRIES, expires_at=expires_at))

        await self._database.write(job)

    async def look(self, guess: Guess) -> Proven | Refusal:
        """Judge a guess and leave the ticket as it is when it was right."""
        return await self._database.write(lambda transaction: _judge(transaction, guess))

    async def sign_in(
        self, guess: Guess, login: NewLogin, newcomer: Person | None = None, instead_of: str = ""
    ) -> Proven | Refusal:
        """Use the code up and open `login`, for one of the address's people or for a `newcomer`.

        `instead_of`: the login that this browser had before; it ends. Raises `LookupError` when the login is
        for somebody else.
        """

        def job(transaction: Transaction) -> Proven | Refusal:
            proven = _judge(transaction, guess)
            if not isinstance(proven, Proven):
                return proven
            if newcomer is not None:
                add_person(transaction, newcomer)
                detail = {"role": newcomer.role, "how": "code"}
                note(transaction, guess.now, newcomer.id, "person.added", newcomer.id, detail)
                attach_address(transaction, newcomer.id, proven.address, guess.now, newcomer.id)
            elif all(profile.id != login.person_id for profile in proven.profiles):
                raise LookupError(f"{login.person_id} has another address")
            _use_up(transaction, guess)
            open_login(transaction, login, "code", instead_of)
            return proven

        return await self._database.write(job)

    async def attach(
        self, guess: Guess, person_id: str, changed: Callable[[Transaction, str], None]
    ) -> Proven | Refusal:
        """Use the code up and give its address to a person.

        `changed` is called with the address that was replaced, if there was one, in the same transaction.
        """

        def job(transaction: Transaction) -> Proven | Refusal:
            proven = _judge(transaction, guess)
            if not isinstance(proven, Proven):
                return proven
            _use_up(transaction, guess)
            before = attach_address(transaction, person_id, proven.address, guess.now, person_id)
            if before and before != proven.address:
                changed(transaction, before)
            return proven

        return await self._database.write(job)


def _judge(transaction: Transaction, guess: Guess) -> Proven | Refusal:
    """Whether the code is right. A wrong one costs a guess, so this must be committed and never raise."""
    connection = transaction.connection
    mine = sign_in_codes.c.ticket == guess.ticket
    row = connection.execute(select(sign_in_codes).where(mine)).one_or_none()
    if row is None or row.expires_at <= guess.now:
        return "code.expired"
    if hmac.compare_digest(row.code_hash, guess.code_hash):
        return Proven(row.address, profiles_of(transaction, row.address))
    if row.tries_left <= 1:
        connection.execute(delete(sign_in_codes).where(mine))
        note(transaction, guess.now, ANYBODY, "code.used_up", ANYBODY, {"address": masked(row.address)})
        return "code.expired"
    connection.execute(update(sign_in_codes).where(mine).values(tries_left=row.tries_left - 1))
    return "code.wrong"


def _use_up(transaction: Transaction, guess: Guess) -> None:
    transaction.connection.execute(delete(sign_in_codes).where(sign_in_codes.c.ticket == guess.ticket))
