"""Announcements: facts that may be told outside, put into the outbox in the transaction of the fact.

Whoever makes a fact says what happened, to what, whom it concerns and what there is to tell; who hears of it
is decided later, by whoever delivers (server.webhooks). Nothing here knows a type: `server.event_types` has
them all.
"""

from __future__ import annotations

import hashlib

import msgspec
from sqlalchemy.engine import Connection

from .outbox import put
from .worker import Transaction

KIND = "event"


class Announcement(msgspec.Struct, frozen=True):
    """A fact as it lies in the outbox.

    `type` in the past tense ("call.ended"); `subject` what it happened to; `concerns` the ids of the people
    who may hear of it beside the operator; `at` ISO 8601 UTC, empty: when it is first delivered.
    """

    type: str
    subject: str
    concerns: list[str]
    at: str
    data: msgspec.Raw

    @property
    def id(self) -> str:
        """The same for the same fact, however often it is told: what receivers tell repetitions by."""
        name = f"{self.type}:{self.subject}"
        return f"msg_{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def announce(
    transaction: Transaction | Connection, event_type: str, subject: str, data: msgspec.Struct,
    *, concerns: tuple[str, ...] = (), at: str = "",
) -> bool:  # fmt: skip
    """Tell a fact, inside the write job that makes it. A type and a subject are told once.

    False when it was told before; then nothing changes.
    """
    told = Announcement(event_type, subject, list(concerns), at, msgspec.Raw(msgspec.json.encode(data)))
    return put(transaction, KIND, f"{event_type}:{subject}", told)
