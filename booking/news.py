"""What booking announces: what callers say of experts, and who waits for them.

Each in the transaction that makes it true, as version 1 of its type; docs/webhooks.md describes them. A field
may be added to a version; none is renamed, removed or given another meaning.
"""

from __future__ import annotations

import msgspec

from storage.announcements import announce
from storage.worker import Transaction


class CallRated(msgspec.Struct, frozen=True):
    """`call.rated`: the payer gave one to five stars, or changed what was given."""

    call: str
    host: str
    payer: str
    stars: int
    text: str


class LineJoined(msgspec.Struct, frozen=True):
    """`line.joined`: a caller waits for the expert; the price is the one on joining. `wish`: what about."""

    place: str
    host: str
    payer: str
    payer_name: str
    media: str
    wish: str
    currency: str
    price_minor: int
    per_ms: int


class LineLeft(msgspec.Struct, frozen=True):
    """`line.left`: the place is no more. Reasons: served, left, missed, declined, expired, host_gone."""

    place: str
    host: str
    payer: str
    reason: str


def call_rated(transaction: Transaction, data: CallRated, at: str) -> None:
    """A rating was given or changed: told once for each moment at which it was."""
    announce(transaction, "call.rated", f"{data.call}:{at}", data, concerns=(data.host,), at=at)


def line_joined(transaction: Transaction, data: LineJoined, at: str) -> None:
    """A place was taken."""
    announce(transaction, "line.joined", data.place, data, concerns=(data.host,), at=at)


def line_left(transaction: Transaction, data: LineLeft, at: str) -> None:
    """A place ended. It ends once."""
    announce(transaction, "line.left", data.place, data, concerns=(data.host,), at=at)
