"""The HTTP API's resources under /api/v1. The OpenAPI document and the TypeScript types come from here.

Money: integer minor units with a currency. Moments: ISO 8601 UTC. Errors: problem+json (RFC 9457) with the
stable `code`. Authentication: the login cookie (writes then need the header `X-Talktime-Csrf: 1`), or
`Authorization: Bearer <login token>` (from a person's link).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from metering.receipt import Receipt as Receipt  # noqa: PLC0414 - one of the API's own
from metering.receipt import ReceiptEvent as ReceiptEvent  # noqa: PLC0414 - one of the API's own
from metering.receipt import ReceiptInterval as ReceiptInterval  # noqa: PLC0414 - one of the API's own
from metering.receipt import ReceiptTariff as ReceiptTariff  # noqa: PLC0414 - one of the API's own
from signaling.messages import CallView, Id, TariffView

PersonRole = Literal["client", "expert", "operator", "guest"]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of request bodies: strict."""


CapMinor = Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]
"""The most that a call may cost, in minor units."""


def is_body(struct: type[msgspec.Struct]) -> bool:
    """Whether a struct is what a client sends (and not what the server answers)."""
    return issubclass(struct, Body) and struct is not Body


class CreateCall(Body, frozen=True):
    """POST /api/v1/calls. `id` is chosen by the client: a retry with the same id is the same call.

    `cap_minor`: the most the call may cost; null: what I set for all my calls. `no_cap`: not even that.
    `offer` is one of the expert's; empty: the default one. `shown`: the tariff that the caller saw. When the
    call would have another one, nothing rings.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{16,40}$")]
    host: Id
    media: Literal["video", "voice"] = "video"
    cap_minor: CapMinor | None = None
    no_cap: bool = False
    offer: Annotated[str, msgspec.Meta(max_length=40)] = ""
    shown: TariffView | None = None


class CreateTopUp(Body, frozen=True):
    """POST /api/v1/wallet/top-ups. `id` is chosen by the client: a retry credits once."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{16,40}$")]
    amount_minor: Annotated[int, msgspec.Meta(ge=50, le=1_000_000)]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]


class CreateGuest(Body, frozen=True):
    """POST /api/v1/calls/{id}/guests: invite one more person by the name they shall have in the room."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^\S(.*\S)?$")]


class Me(msgspec.Struct, frozen=True):
    """GET /api/v1/me: who the login says I am. `call` is for guests: the one they may join.

    `address` is the mail address one signs in with, empty while there is none.
    """

    id: str
    role: PersonRole
    name: str
    slug: str = ""
    call: str = ""
    address: str = ""


class Wallet(msgspec.Struct, frozen=True):
    """GET /api/v1/wallet."""

    currency: str
    available_minor: int
    held_minor: int
    test_money: bool


class Live(msgspec.Struct, frozen=True):
    """GET /api/v1/experts/{slug}/live, and `live` of an expert: whether one can call now.

    `busy` is in a call, or somebody in the line is being called; `line` people wait, and a newcomer would for
    about `wait_ms`, as far as can be told. `back_at`: the moment at which this ends as planned (a pause, the
    next opening); empty when nobody knows.
    """

    state: Literal["available", "busy", "paused", "away"]
    wait_ms: int
    line: int
    back_at: str = ""


class OfferView(msgspec.Struct, frozen=True):
    """An offer as everybody sees it. With `video` the caller's camera may stay off; `voice` has none."""

    id: str
    title: str
    media: Literal["video", "voice"]
    tariff: TariffView
    is_default: bool


class Expert(msgspec.Struct, frozen=True):
    """GET /api/v1/experts/{slug}: the public face. `online` while an expert's page is connected.

    `offers`: the default first; none when the expert takes no calls. `tariff` is the default's. `photo` is a
    path or empty; `languages` are codes (BCP 47), `time_zone` a name of the IANA's.
    """

    slug: str
    name: str
    headline: str
    tariff: TariffView
    online: bool
    busy: bool
    live: Live
    bio: str
    languages: list[str]
    specialities: list[str]
    time_zone: str
    photo: str
    offers: list[OfferView]


class JoinToken(msgspec.Struct, frozen=True):
    """POST /api/v1/calls/{id}/join and POST /api/v1/presence: for one Socket.IO connection, soon expiring."""

    token: str
    expires_at: str


class Call(msgspec.Struct, frozen=True):
    """GET /api/v1/calls/{id}, POST /api/v1/calls."""

    call: CallView
    used_ms: int
    charge_minor: int


class GuestLink(msgspec.Struct, frozen=True):
    """POST /api/v1/calls/{id}/guests: a link that lets one guest into this call, as long as it lasts.

    The login token in the link's fragment has the role `guest`: it can GET the call, join it, and no more.
    """

    url: str
    expires_at: str


class CallSummary(msgspec.Struct, frozen=True):
    """One line of GET /api/v1/calls. `with_id` is whom the call was with.

    `amount_minor` is the charge, or the host's share of it, `refunded_minor` what went back of it later.
    """

    id: str
    with_name: str
    opened_at: str
    ended_at: str
    reason: str
    used_ms: int
    amount_minor: int
    currency: str
    open: bool
    with_id: str = ""
    refunded_minor: int = 0


class CallList(msgspec.Struct, frozen=True):
    """GET /api/v1/calls: the person's own calls, the newest first.

    `next` is the cursor of the next page (the query's `before`), null on the last one.
    """

    calls: list[CallSummary]
    next: int | None = None


class LiveCall(msgspec.Struct, frozen=True):
    """A call that runs now, for the operator."""

    call: CallView
    meter_state: str
    meter_why: str
    used_ms: int
    charge_minor: int


class OperatorOverview(msgspec.Struct, frozen=True):
    """GET /api/v1/operator/overview."""

    live: list[LiveCall]
    recent: list[CallSummary]
    breaches: list[str]
    experts_online: int


class Problem(msgspec.Struct, frozen=True):
    """application/problem+json (RFC 9457). `code` is stable and listed in docs/protocol.md."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
