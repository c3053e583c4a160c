"""What Stripe's objects mean to us: pure translations of its JSON (API reference, version of the package).

Stripe writes currencies in small letters and amounts in the currency's smallest unit, which is ours (ISO
4217) but for a few currencies: those are not taken at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .payments import (
    AUTHENTICATION,
    Card,
    CheckoutNews,
    DisputeNews,
    Event,
    IntentNews,
    IntentState,
    News,
    RefundNews,
    RefundState,
)

ORDER = "talktime-order"
WALLET = "talktime-wallet"
KIND = "talktime-kind"
REFUND = "talktime-refund"

# docs.stripe.com/currencies: no decimals in one of the two worlds, and some in the other.
UNLIKE_ISO = frozenset({"ISK", "UGX", "MGA"})

_INTENTS: dict[str, IntentState] = {
    "requires_payment_method": "waiting",
    "requires_confirmation": "waiting",
    "requires_action": "action",
    "requires_capture": "processing",
    "processing": "processing",
    "succeeded": "succeeded",
    "canceled": "canceled",
}
_REFUNDS: dict[str, RefundState] = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "failed",
}


def of_event(event: Mapping[str, Any]) -> Event:
    """An event with a snapshot of its object. Raises KeyError and TypeError for what is none."""
    kind, about = str(event["type"]), event["data"]["object"]
    return Event(str(event["id"]), kind, int(event["created"]), of_object(about, kind))


def of_object(about: Mapping[str, Any], event_type: str = "") -> News | None:
    """What an object tells; None for kinds that do not concern us."""
    match about.get("object"):
        case "payment_intent":
            return of_intent(about)
        case "checkout.session" if about.get("mode") == "payment":
            return of_checkout(about)
        case "refund":
            return of_refund(about)
        case "dispute":
            return of_dispute(about, event_type)
        case _:
            return None


def of_intent(intent: Mapping[str, Any]) -> IntentNews:
    """A PaymentIntent, as a snapshot or fresh."""
    metadata = intent.get("metadata") or {}
    state = _INTENTS.get(str(intent["status"]), "waiting")
    failure = intent.get("last_payment_error") or {}
    reason = _reason(failure)
    method = _id(intent.get("payment_method")) or _id(failure.get("payment_method"))
    if intent["status"] == "requires_payment_method" and reason:
        state = "declined"
    action = intent.get("next_action") or {}
    return IntentNews(
        intent_id=str(intent["id"]),
        state=state,
        currency=str(intent["currency"]).upper(),
        received_minor=int(intent.get("amount_received") or 0),
        amount_minor=int(intent["amount"]),
        order_id=str(metadata.get(ORDER, "")),
        wallet_id=str(metadata.get(WALLET, "")),
        kind=str(metadata.get(KIND, "")),
        customer_id=_id(intent.get("customer")),
        method_id=method,
        reason=reason if state in {"declined", "action"} else str(intent.get("cancellation_reason") or ""),
        url=str((action.get("redirect_to_url") or {}).get("url") or ""),
    )


def _reason(failure: Mapping[str, Any]) -> str:
    """The most telling code of a failure, "" when there is none."""
    if AUTHENTICATION in {failure.get("code"), failure.get("decline_code")}:
        return AUTHENTICATION
    return str(failure.get("decline_code") or failure.get("code") or failure.get("type") or "")


def of_checkout(session: Mapping[str, Any]) -> CheckoutNews:
    """A Checkout Session. Its money is told by its PaymentIntent, never from here."""
    status = str(session.get("status") or "open")
    return CheckoutNews(
        session_id=str(session["id"]),
        order_id=str(session.get("client_reference_id") or (session.get("metadata") or {}).get(ORDER, "")),
        state="complete" if status == "complete" else "expired" if status == "expired" else "open",
        url=str(session.get("url") or ""),
        intent_id=_id(session.get("payment_intent")),
    )


def of_refund(refund: Mapping[str, Any]) -> RefundNews:
    """A Refund, ours by its metadata or made by hand."""
    return RefundNews(
        processor_id=str(refund["id"]),
        intent_id=_id(refund.get("payment_intent")),
        state=_REFUNDS.get(str(refund.get("status")), "pending"),
        amount_minor=int(refund["amount"]),
        currency=str(refund["currency"]).upper(),
        refund_id=str((refund.get("metadata") or {}).get(REFUND, "")),
    )


def of_dispute(dispute: Mapping[str, Any], event_type: str = "") -> DisputeNews:
    """A Dispute. An inquiry takes no money: only what left the balance, or came back to it, counts."""
    moved = [int(each.get("amount", 0)) for each in dispute.get("balance_transactions") or []]
    return DisputeNews(
        processor_id=str(dispute["id"]),
        intent_id=_id(dispute.get("payment_intent")),
        amount_minor=int(dispute["amount"]),
        currency=str(dispute["currency"]).upper(),
        status=str(dispute["status"]),
        taken=event_type == "charge.dispute.funds_withdrawn" or any(each < 0 for each in moved),
        returned=event_type == "charge.dispute.funds_reinstated" or any(each > 0 for each in moved),
    )


def of_card(method: Mapping[str, Any]) -> Card:
    """A PaymentMethod. What is no card keeps its type as its name."""
    card = method.get("card") or {}
    return Card(
        method_id=str(method["id"]),
        brand=str(card.get("display_brand") or card.get("brand") or method.get("type") or "card"),
        last4=str(card.get("last4") or ""),
        exp_month=int(card.get("exp_month") or 0),
        exp_year=int(card.get("exp_year") or 0),
    )


def _id(value: object) -> str:
    """The id of something that may be expanded, an id, or nothing."""
    if isinstance(value, Mapping):
        return str(value.get("id") or "")
    return str(value or "")
