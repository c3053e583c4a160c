"""Payments: what is asked of a processor, what it says, and how an order follows from that. Pure.

THEORY. An *order* is one intended top-up. It is stored before the processor is asked, with the request as it
will be sent and an idempotency key, so whoever got no answer (a lost packet, a restart) sends the very same
request again. What the processor says, in an answer, a webhook or a list, arrives late, repeatedly and in any
order. Therefore news are facts that only ever add: `after` moves an order forwards and never back, and money
is credited once by the processor's own id of the payment, whoever brings the news.

    asked ──→ open ──────→ processing ──→ succeeded        (no way out)
      │  └──→ action ──→      │   └─────→ failed, canceled (only money that came after all leads out)

`asked`: no answer yet. `open`: a checkout page waits for the person. `action`: the card's bank wants to see
the person. A checkout lets one try several cards, so a declined one is told but ends nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Literal, Protocol

Kind = Literal["checkout", "card", "auto"]
"""How an order is paid: on the processor's page, with the kept card by a tap, with the kept card by rule."""
State = Literal["asked", "open", "action", "processing", "succeeded", "failed", "canceled"]
IntentState = Literal["waiting", "declined", "action", "processing", "succeeded", "canceled"]
RefundState = Literal["asked", "pending", "succeeded", "failed"]

FINAL: frozenset[State] = frozenset({"succeeded", "failed", "canceled"})
IN_FLIGHT: frozenset[State] = frozenset({"asked", "open", "action", "processing"})
AUTHENTICATION = "authentication_required"
"""Why a bank refuses a card whose owner is not there: not retried, but confirmed by them."""


@dataclass(frozen=True, slots=True)
class Order:
    """One intended top-up. `request` is JSON, exactly as sent; `reason` is the processor's code."""

    id: str
    wallet_id: str
    kind: Kind
    amount_minor: int
    currency: str
    key: str
    request: str
    created_at: str
    state: State = "asked"
    intent_id: str = ""
    session_id: str = ""
    url: str = ""
    reason: str = ""
    method_id: str = ""


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that the operator gives back; reserved in the ledger before the processor is asked."""

    id: str
    intent_id: str
    wallet_id: str
    amount_minor: int
    currency: str
    key: str
    request: str
    created_at: str
    state: RefundState = "asked"


@dataclass(frozen=True, slots=True)
class Card:
    """A kept card, as people know it."""

    method_id: str
    brand: str = ""
    last4: str = ""
    exp_month: int = 0
    exp_year: int = 0


@dataclass(frozen=True, slots=True)
class Payer:
    """A wallet's owner at the processor. `card` is the kept one."""

    wallet_id: str
    customer_id: str
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class AutoTopUp:
    """The owner's rule: during a call, below `threshold_minor`, charge the kept card `amount_minor`.

    Never more than `cap_minor` in a calendar month (UTC). `stopped` is the reason why the rule rests until
    the owner sets it again, "" while it works.
    """

    wallet_id: str
    on: bool
    threshold_minor: int
    amount_minor: int
    cap_minor: int
    stopped: str = ""


# -- news ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IntentNews:
    """A payment at the processor. `received_minor` is what came in; ids are "" where they are not told."""

    intent_id: str
    state: IntentState
    currency: str
    received_minor: int = 0
    amount_minor: int = 0
    order_id: str = ""
    wallet_id: str = ""
    kind: str = ""
    customer_id: str = ""
    method_id: str = ""
    reason: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class CheckoutNews:
    """A checkout page: where it is, whether it waits, and which payment came out of it."""

    session_id: str
    order_id: str
    state: Literal["open", "complete", "expired"]
    url: str = ""
    intent_id: str = ""


@dataclass(frozen=True, slots=True)
class RefundNews:
    """A refund. `refund_id` is ours, "" when it was made elsewhere (by hand, at the processor)."""

    processor_id: str
    intent_id: str
    state: RefundState
    amount_minor: int
    currency: str
    refund_id: str = ""


@dataclass(frozen=True, slots=True)
class DisputeNews:
    """A payer contests a payment at the bank. `taken`: the money has left; `returned`: it came back."""

    processor_id: str
    intent_id: str
    amount_minor: int
    currency: str
    status: str
    taken: bool
    returned: bool


News = IntentNews | CheckoutNews | RefundNews | DisputeNews


def undone_refund(refund: Refund, why: str) -> RefundNews:
    """No such refund is at the processor: as news, so that the reserved money goes back to the wallet."""
    made_up = f"{why}:{refund.id}"
    return RefundNews(made_up, refund.intent_id, "failed", refund.amount_minor, refund.currency, refund.id)


@dataclass(frozen=True, slots=True)
class Event:
    """A verified webhook. `created_s` is by the processor's clock; `news` is None for what is not ours."""

    id: str
    type: str
    created_s: int
    news: News | None


# -- what follows --------------------------------------------------------------------------------------------


def after(order: Order, news: IntentNews | CheckoutNews) -> Order:
    """The order as the news leave it; the same when they are old."""
    match news:
        case CheckoutNews():
            return _after_checkout(order, news)
        case IntentNews():
            return _after_intent(order, news)


def _after_checkout(order: Order, news: CheckoutNews) -> Order:
    known = replace(order, session_id=news.session_id, intent_id=order.intent_id or news.intent_id)
    if order.state in FINAL:
        return known
    match news.state:
        case "open":
            return replace(known, state="open", url=news.url) if order.state in {"asked", "open"} else known
        case "complete":
            return replace(known, state="processing", url="")
        case "expired":
            return known if order.state == "processing" else replace(known, state="canceled", url="")


def _after_intent(order: Order, news: IntentNews) -> Order:
    known = replace(order, intent_id=news.intent_id, method_id=news.method_id or order.method_id)
    if news.state == "succeeded":
        return replace(known, state="succeeded", url="", reason="")
    if order.state in FINAL:
        return known
    match news.state:
        case "waiting":
            pass
        case "processing":
            known = replace(known, state="processing", url="")
        case "canceled":
            known = replace(known, state="canceled", url="", reason=news.reason or order.reason)
        case "action":
            # On the checkout page the person is where the bank wants them.
            if order.kind != "checkout" and order.state != "processing":
                known = replace(known, state="action", url=news.url or order.url, reason=AUTHENTICATION)
        case "declined":
            known = _declined(known, news.reason)
    return known


def _declined(order: Order, reason: str) -> Order:
    if order.kind == "checkout":
        return replace(order, state="open" if order.state == "asked" else order.state, reason=reason)
    if reason == AUTHENTICATION:
        # Older than a confirmation that is under way, or the beginning of one.
        return (
            order
            if order.state in {"action", "processing"}
            else replace(order, state="action", reason=reason)
        )
    return replace(order, state="failed", url="", reason=reason)


# -- the port ------------------------------------------------------------------------------------------------


class ProcessorError(Exception):
    """Base of what a processor's adapter raises."""


class ProcessorSilent(ProcessorError):
    """No answer, or one that says nothing of the outcome: ask again with the same key, or look."""


class ProcessorRefused(ProcessorError):
    """A definite no to the request itself; nothing happened. `code` is the processor's."""

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(text or code)
        self.code = code


class BadSignature(ProcessorError):
    """A webhook that the processor did not sign, or that cannot be read."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an order is to be: the ingredients of its request. URLs are absolute and our own."""

    order_id: str
    wallet_id: str
    kind: Kind
    amount_minor: int
    currency: str
    customer_id: str
    method_id: str
    return_url: str
    cancel_url: str


class PaymentProcessor(Protocol):
    """Someone who moves real money (or pretends to). Amounts in minor units of the ISO currency.

    Adapters: `metering.stripe_processor.StripeProcessor` and `metering.sandbox_processor.SandboxProcessor`.
    Everything that asks may raise `ProcessorSilent` and `ProcessorRefused`; with the same key and request it
    has effect once, however often it is asked. All of it answers within about ten seconds.
    """

    name: str
    """The ledger's name of the source: `processor:{name}:{currency}`."""
    mode: Literal["live", "test", "sandbox"]

    def takes(self, currency: str) -> bool:
        """Whether amounts of this currency mean the same here and there."""

    def order_request(self, wish: Wish) -> str:
        """The request of an order, as it is stored and sent."""

    def refund_request(self, refund_id: str, intent_id: str, amount_minor: int) -> str:
        """The request of a refund."""

    async def make_payer(self, wallet_id: str) -> str:
        """The customer id of a wallet's owner; the same for the same wallet while the processor remembers."""

    async def ask(self, order: Order) -> list[News]:
        """Send the order's request. A declined card is news, not an exception."""

    async def look(self, order: Order, payer: Payer | None) -> list[News]:
        """What became of an order, without changing anything; nothing when the processor knows none."""

    async def confirm(self, order: Order, return_url: str, key: str) -> list[News]:
        """The person is there: begin what the bank asks for. The news have the address to go to."""

    async def cancel(self, order: Order) -> list[News]:
        """Let nobody pay this any more. What was paid meanwhile comes as news."""

    async def refund(self, refund: Refund) -> list[News]:
        """Send the refund's request."""

    async def look_refund(self, refund: Refund) -> list[News]:
        """What became of a refund, without changing anything; nothing when the processor knows none."""

    async def card(self, method_id: str) -> Card:
        """A kept card as people know it."""

    async def forget_card(self, method_id: str) -> None:
        """Detach a kept card."""

    def read_event(self, raw: bytes, signature: str) -> Event:
        """A webhook's raw body, verified. Raises `BadSignature`."""

    def happened(self, since_s: int, until_s: int | None = None) -> AsyncIterator[News]:
        """Everything made between two instants (Unix seconds): payments, refunds, disputes."""

    async def close(self) -> None:
        """Let go of connections. Idempotent."""
