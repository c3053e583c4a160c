"""Fetches callers who left the page when it is their turn: a mail, if they have an address.

Through the outbox, for a mail server may be slow and this process may die; a mail that would come when the
turn is over helps nobody, so it is given up then.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from booking.address_store import AddressStore, address_of
from booking.line import Place
from server.deliverer import Hopeless, Outcome, Policy
from server.life import Life
from server.mail import Mail, Mailer
from server.mail_courier import post
from signaling.clock import Clock, iso
from signaling.waiting_room import HostFace
from storage.database import Database
from storage.outbox import Parcel, put
from storage.worker import Transaction

KIND = "line.turn"
POLICY = Policy(attempts=4, age_ms=120_000, first_ms=3_000, factor=2)


class Turn(msgspec.Struct, frozen=True):
    """Whose turn it is, with whom, and until when (ISO 8601)."""

    client_id: str
    name: str
    host_name: str
    host_slug: str
    until: str


@dataclass(slots=True)
class LineCallBack:
    """Puts turns into the outbox. Implements `signaling.office.CallBack`."""

    database: Database

    async def call_back(self, place: Place, host: HostFace, until: datetime) -> bool:
        """See `CallBack`. False for who has no address. Raises `StorageError`."""
        turn = Turn(place.client_id, place.name, host.name, host.slug, iso(until))

        def job(transaction: Transaction) -> bool:
            if not address_of(transaction, place.client_id):
                return False
            put(transaction, KIND, secrets.token_urlsafe(12), turn)
            return True

        return await self.database.write(job)


@dataclass(slots=True)
class TurnCourier:
    """Delivers turns by mail."""

    clock: Clock
    addresses: AddressStore
    mailer: Mailer
    life: Life
    policy: Policy = field(default_factory=lambda: POLICY)

    async def deliver(self, parcel: Parcel, *, last: bool) -> Outcome:
        """See `Courier`."""
        del last
        turn = msgspec.json.decode(parcel.payload, type=Turn)
        if self.clock.wall() >= datetime.fromisoformat(turn.until):
            return Hopeless("the turn is over")
        address = await self.addresses.of(turn.client_id)
        if not address:
            return Hopeless("no address")
        return await post(self.mailer, mail_of(turn, address, self.life.public_url()))


def mail_of(turn: Turn, address: str, public_url: str) -> Mail:
    """What the caller reads."""
    text = (
        f"Hello {turn.name},\n\n"
        f"{turn.host_name} is free for you now. Your turn is kept for two minutes:\n\n"
        f"{public_url}/call/{turn.host_slug}\n\n"
        "If you miss it, the next one is called, and you keep your place for when you come back.\n"
    )
    return Mail(address, f"It is your turn: {turn.host_name} is free now", text)
