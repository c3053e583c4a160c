"""The API's resources of a client's area, an expert's console and the operator's desk."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from server.resources import Body, PersonRole


class StatementEntry(msgspec.Struct, frozen=True):
    """One entry: `amount_minor` into the wallet, or out of it when below zero; the balance after it.

    `kind`: top_up, call, tip, refund, adjustment, chargeback, or another word of the ledger's. `note`: with
    whom the call was, or the reason of an adjustment.
    """

    at: str
    kind: str
    note: str
    call: str
    amount_minor: int
    balance_minor: int


class WalletStatement(msgspec.Struct, frozen=True):
    """GET /api/v1/wallet/statement: opening balance + entries = closing balance, what is on hold included."""

    currency: str
    start: str
    end: str
    zone: str
    opening_minor: int
    closing_minor: int
    entries: list[StatementEntry]


class DeleteMe(Body, frozen=True):
    """POST /api/v1/me/delete. `name` is my name as it stands, typed by me: nobody deletes by accident.

    `money`: what shall happen to what the wallet has. `keep`: nothing, I am refused while there is any;
    `give_up`: the house keeps it.
    """

    name: Annotated[str, msgspec.Meta(max_length=200)]
    money: Literal["keep", "give_up"] = "keep"


class Deleted(msgspec.Struct, frozen=True):
    """POST /api/v1/me/delete: the profile is gone and with it every login. `given_up_minor`: the house's."""

    given_up_minor: int
    currency: str


class DayEarnings(msgspec.Struct, frozen=True):
    """What one day brought; `calls` that ended and earned that day, and their metered time."""

    day: str
    earned_minor: int
    calls: int
    used_ms: int


class OfferEarnings(msgspec.Struct, frozen=True):
    """What one offer brought. `title` is empty for what belongs to no offer."""

    title: str
    earned_minor: int
    calls: int
    used_ms: int


class Earnings(msgspec.Struct, frozen=True):
    """GET /api/v1/console/earnings: from the ledger. The days and the offers each add up to the total.

    `today` is the day that it is now in the zone, one of `days` unless the span ends before it.
    """

    currency: str
    zone: str
    start: str
    end: str
    total_minor: int
    calls: int
    used_ms: int
    days: list[DayEarnings]
    offers: list[OfferEarnings]
    today: str


class ClientCard(msgspec.Struct, frozen=True):
    """Somebody who called me. `note` is mine alone. `blocked_since` is empty while I take their calls."""

    id: str
    name: str
    calls: int
    used_ms: int
    earned_minor: int
    currency: str
    last_at: str
    note: str
    blocked_since: str


class ClientList(msgspec.Struct, frozen=True):
    """GET /api/v1/console/clients. `next`: the cursor of the next page, null on the last one."""

    clients: list[ClientCard]
    next: int | None


class WriteNote(Body, frozen=True):
    """POST /api/v1/console/clients/{client_id}/note. An empty text takes the note away."""

    text: Annotated[str, msgspec.Meta(max_length=2_000)]


class PersonCard(msgspec.Struct, frozen=True):
    """Somebody of the house, for the operator. Money is of clients only; `deleted_at` empty: still here."""

    id: str
    role: PersonRole
    name: str
    slug: str
    address: str
    currency: str
    available_minor: int
    held_minor: int
    deleted_at: str


class PersonList(msgspec.Struct, frozen=True):
    """GET /api/v1/operator/people. `next`: the cursor of the next page, empty on the last one."""

    people: list[PersonCard]
    next: str


class AdjustmentView(msgspec.Struct, frozen=True):
    """An adjustment that was made."""

    id: str
    amount_minor: int
    reason: str
    actor: str
    at: str


class PersonDetail(msgspec.Struct, frozen=True):
    """GET /api/v1/operator/people/{person_id}: with the newest adjustments of the wallet."""

    person: PersonCard
    adjustments: list[AdjustmentView]


class Adjust(Body, frozen=True):
    """POST /api/v1/operator/people/{person_id}/adjustments. Chosen `id`: a retry posts once.

    `amount_minor` goes into the wallet, or out of it when below zero.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{16,40}$")]
    amount_minor: Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=200, pattern=r"^\S(.*\S)?$")]
