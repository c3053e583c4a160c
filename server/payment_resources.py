"""The HTTP API's resources of payments. Money: integer minor units with a currency."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from server.resources import Body, Wallet

Minor = Annotated[int, msgspec.Meta(ge=50, le=1_000_000)]
Path = Annotated[str, msgspec.Meta(pattern=r"^/(?!/)[A-Za-z0-9_.~/?=&%-]*$", max_length=200)]
NewId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{16,40}$")]
PaymentState = Literal["asked", "open", "action", "processing", "succeeded", "failed", "canceled"]
PaymentMode = Literal["live", "test", "sandbox", "none"]


class CreatePayment(Body, frozen=True):
    """POST /api/v1/wallet/payments. `id` is chosen by the client: a retry is the same payment.

    `checkout`: on the processor's page, and the card is kept. `card`: with the kept card, at once. `back` is
    the path of the page that the person comes back to.
    """

    id: NewId
    amount_minor: Minor
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
    how: Literal["checkout", "card"]
    back: Path = "/wallet"


class ConfirmPayment(Body, frozen=True):
    """POST /api/v1/wallet/payments/{payment_id}/confirm: the person is there."""

    back: Path = "/wallet"


class SetAutoTopUp(Body, frozen=True):
    """POST /api/v1/wallet/auto-top-up: during a call, below `threshold_minor`, charge the kept card."""

    on: bool
    threshold_minor: Minor
    amount_minor: Minor
    cap_minor: Minor


class Payment(msgspec.Struct, frozen=True):
    """One payment. `url`: where the person finishes it (the processor's page, or the bank's)."""

    id: str
    kind: Literal["checkout", "card", "auto"]
    amount_minor: int
    currency: str
    state: PaymentState
    created_at: str
    url: str = ""
    reason: str = ""


class KeptCard(msgspec.Struct, frozen=True):
    """The card that is kept. Its name may be unknown for a moment after it was used first."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int


class AutoTopUpView(msgspec.Struct, frozen=True):
    """The rule. `spent_minor`: charged by it this month (UTC). `stopped`: why it rests, "" while it works."""

    on: bool
    threshold_minor: int
    amount_minor: int
    cap_minor: int
    spent_minor: int
    stopped: str


class WalletPayments(msgspec.Struct, frozen=True):
    """GET /api/v1/wallet/payments: everything about paying in. `mode` none: this server takes no payments."""

    mode: PaymentMode
    wallet: Wallet
    payments: list[Payment]
    card: KeptCard | None = None
    auto: AutoTopUpView | None = None


class CreateRefund(Body, frozen=True):
    """POST /api/v1/operator/refunds: give a part of a payment back. A retry is the same one."""

    id: NewId
    payment: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]
    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=200)]


class RefundView(msgspec.Struct, frozen=True):
    """One refund."""

    id: str
    amount_minor: int
    currency: str
    state: Literal["asked", "pending", "succeeded", "failed"]


class OperatorPayment(msgspec.Struct, frozen=True):
    """A payment for the operator. `left_minor` of it can be refunded now."""

    payment: Payment
    person_id: str
    received_minor: int
    left_minor: int
    refunds: list[RefundView]


class OperatorPayments(msgspec.Struct, frozen=True):
    """GET /api/v1/operator/payments: the newest first. `next`: the next page's `before`, or empty."""

    mode: PaymentMode
    payments: list[OperatorPayment]
    next: str
