"""The API's resources about what people decide during and after a call."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from server.resources import Body, CapMinor


class CallCap(msgspec.Struct, frozen=True):
    """GET /api/v1/wallet/cap: `cap_minor` in the wallet's currency; null: my calls have no cap."""

    cap_minor: int | None
    currency: str


class SetCallCap(Body, frozen=True):
    """POST /api/v1/wallet/cap: the cap of my next calls. One that is open keeps what it has."""

    cap_minor: CapMinor | None


ChosenId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{16,40}$")]
"""An id that the client chose before it tried, so that a retry changes nothing."""


class GiveTip(Body, frozen=True):
    """POST /api/v1/calls/{call_id}/tips. `id` is chosen by the client: a retry gives once."""

    id: ChosenId
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Rate(Body, frozen=True):
    """POST /api/v1/calls/{call_id}/rating: 1 to 5 stars and a few words or none."""

    stars: Annotated[int, msgspec.Meta(ge=1, le=5)]
    text: Annotated[str, msgspec.Meta(max_length=1_000)] = ""


class OpenDispute(Body, frozen=True):
    """POST /api/v1/calls/{call_id}/dispute: what was wrong."""

    reason: Annotated[str, msgspec.Meta(min_length=10, max_length=2_000)]


class AnswerDispute(Body, frozen=True):
    """POST /api/v1/calls/{call_id}/dispute/answer: the expert's word on it, once."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class DecideDispute(Body, frozen=True):
    """POST /api/v1/disputes/{call_id}/decision: refund this much (0: nothing more), and why."""

    refund_minor: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
    answer: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class RefundCall(Body, frozen=True):
    """POST /api/v1/calls/{call_id}/refunds. `id` is chosen by who refunds: a retry refunds once."""

    id: ChosenId
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    reason: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class TipView(msgspec.Struct, frozen=True):
    """A tip; the host sees its own part of it as `amount_minor`."""

    amount_minor: int
    at: str


class CallRefundView(msgspec.Struct, frozen=True):
    """A part of the charge that came back to the payer's wallet, by whom and why.

    `host_minor`: the host's part of it, for the host and the operator (0 for the payer). `owed_minor`: of
    that, what the host had been paid out already and owes the platform now.
    """

    amount_minor: int
    by: Literal["host", "operator"]
    reason: str
    at: str
    host_minor: int
    owed_minor: int


class RatingView(msgspec.Struct, frozen=True):
    """A rating; it can be changed until `until`."""

    stars: int
    text: str
    given_at: str
    until: str


class DisputeView(msgspec.Struct, frozen=True):
    """A dispute: the payer's reason, the host's answer (empty: none), the decision (empty: none yet)."""

    state: Literal["open", "refunded", "declined"]
    opened_at: str
    reason: str
    host_answer: str
    answered_at: str
    decision: str
    decided_at: str


class AfterCall(msgspec.Struct, frozen=True):
    """GET /api/v1/calls/{call_id}/after: what was said and given after a call, and what still can be.

    `may_...` are the asker's: the payer may tip, rate and dispute (until `dispute_until`), the host may
    answer a dispute, host and operator may refund up to `refundable_minor`.
    """

    call: str
    side: Literal["payer", "host", "operator"]
    currency: str
    charge_minor: int
    refunded_minor: int
    refundable_minor: int
    tips: list[TipView]
    refunds: list[CallRefundView]
    rating: RatingView | None
    dispute: DisputeView | None
    may_rate: bool
    may_tip: bool
    may_dispute: bool
    may_answer: bool
    dispute_until: str


class DisputedCall(msgspec.Struct, frozen=True):
    """A line of GET /api/v1/disputes; a dispute's id is its call's."""

    call: str
    payer_name: str
    host_name: str
    ended_at: str
    used_ms: int
    currency: str
    charge_minor: int
    refunded_minor: int
    dispute: DisputeView


class DisputeList(msgspec.Struct, frozen=True):
    """GET /api/v1/disputes: those that wait first."""

    disputes: list[DisputedCall]


class Reputation(msgspec.Struct, frozen=True):
    """GET /api/v1/experts/{slug}/rating: `stars_tenths` is the average in tenths (47: 4.7), 0 without any."""

    count: int
    stars_tenths: int
