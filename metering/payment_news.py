"""What one piece of news from a processor does to the books, inside one transaction.

Every function may be called any number of times with the same news, and with older news after newer ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection

from storage.audit_log import SYSTEM, Detail, note
from storage.worker import Transaction

from .bookkeeping import credit, wallet_row
from .errors import UnknownWallet
from .news import TopUpRefunded, TopUpSucceeded, top_up_refunded, topped_up
from .payment_letters import PaymentLetter, put_payment_letter
from .payment_moves import credited_wallet, finish_refund, post_clawbacks, undo_refund
from .payment_tables import auto_top_ups, clawbacks, payers, payment_orders, refunds
from .payments import CheckoutNews, DisputeNews, IntentNews, News, Order, RefundNews, after

_FIELDS = ("state", "intent_id", "session_id", "url", "reason", "method_id")


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of news: the wallet that they concern ("" for none), and whether money came into it."""

    wallet_id: str = ""
    credited_minor: int = 0
    order_id: str = ""


NOTHING = Applied()


def order_of(row: Row[Any]) -> Order:
    """A row of payment_orders."""
    return Order(
        id=row.id, wallet_id=row.wallet_id, kind=row.kind, amount_minor=row.amount_minor,
        currency=row.currency, key=row.key, request=row.request, created_at=row.created_at, state=row.state,
        intent_id=row.intent_id or "", session_id=row.session_id, url=row.url, reason=row.reason,
        method_id=row.method_id,
    )  # fmt: skip


def apply(transaction: Transaction, source: str, news: News, now_at: str) -> Applied:
    """Let news have their effect. Returns what others have to hear of."""
    match news:
        case IntentNews():
            return _apply_intent(transaction, source, news, now_at)
        case CheckoutNews():
            return _apply_checkout(transaction.connection, news, now_at)
        case RefundNews():
            return _apply_refund(transaction, source, news, now_at)
        case DisputeNews():
            facts = {"status": news.status, "taken": news.taken, "returned": news.returned}
            return _apply_clawback(transaction, source, news, facts, now_at)


def _apply_checkout(connection: Connection, news: CheckoutNews, now_at: str) -> Applied:
    row = _order_row(connection, news.order_id, "")
    if row is None:
        return NOTHING
    _save(connection, row, after(order_of(row), news), now_at)
    return Applied(row.wallet_id, order_id=row.id)


def _apply_intent(transaction: Transaction, source: str, news: IntentNews, now_at: str) -> Applied:
    connection = transaction.connection
    row = _order_row(connection, news.order_id, news.intent_id)
    wallet_id = row.wallet_id if row is not None else news.wallet_id
    try:
        wallet = wallet_row(connection, wallet_id)
    except UnknownWallet:
        # Somebody else's payment on the same account of the processor.
        return NOTHING
    credited_minor = 0
    if news.state == "succeeded" and credited_wallet(connection, news.intent_id) is None:
        if news.currency != wallet.currency or news.received_minor <= 0:
            # Not ours to guess: it stays as it is, and reconciliation tells of it.
            return Applied(wallet_id, order_id=row.id if row is not None else "")
        if row is None:
            row = _remember(connection, source, news, now_at)
        credit(connection, wallet, news.intent_id, news.received_minor, source)
        told = TopUpSucceeded(wallet.id, news.intent_id, source, news.received_minor, wallet.currency)
        topped_up(connection, told, now_at)
        credited_minor = news.received_minor
        letter = PaymentLetter(wallet.id, news.intent_id, row.kind, news.received_minor, wallet.currency)
        put_payment_letter(transaction, letter)
        what: Detail = {"payment": news.intent_id, "amount_minor": credited_minor, "currency": news.currency}
        note(transaction, now_at, SYSTEM, "topup.credited", wallet_id, what)
        post_clawbacks(transaction, news.intent_id, now_at)
    if row is None:
        return NOTHING
    order = order_of(row)
    changed = after(order, news)
    _save(connection, row, changed, now_at)
    if changed.state == "succeeded" and order.state != "succeeded":
        _keep_card(connection, source, wallet_id, news)
    if order.kind == "auto" and changed.state in {"failed", "canceled"} and changed.state != order.state:
        _stop_auto(connection, wallet_id, changed.reason)
    return Applied(wallet_id, credited_minor, row.id)


def _order_row(connection: Connection, order_id: str, intent_id: str) -> Row[Any] | None:
    found = None
    if order_id:
        found = connection.execute(
            select(payment_orders).where(payment_orders.c.id == order_id)
        ).one_or_none()
    if found is None and intent_id:
        found = connection.execute(
            select(payment_orders).where(payment_orders.c.intent_id == intent_id)
        ).one_or_none()
    return found


def _save(connection: Connection, row: Row[Any], order: Order, now_at: str) -> None:
    values = {name: value for name, value in asdict(order).items() if name in _FIELDS}
    values["intent_id"] = order.intent_id or None
    if any(getattr(row, name) != value for name, value in values.items()):
        connection.execute(
            update(payment_orders).where(payment_orders.c.id == row.id).values(**values, updated_at=now_at)
        )


def _remember(connection: Connection, source: str, news: IntentNews, now_at: str) -> Row[Any]:
    """An order that the books lost (an older copy was restored), from what the processor knows of it."""
    kind = news.kind if news.kind in {"checkout", "card", "auto"} else "checkout"
    order_id = news.order_id or news.intent_id
    connection.execute(
        payment_orders.insert(),
        {
            "id": order_id, "wallet_id": news.wallet_id, "kind": kind, "amount_minor": news.received_minor,
            "currency": news.currency, "source": source, "key": f"found:{news.intent_id}", "request": "{}",
            "state": "processing", "intent_id": news.intent_id, "created_at": now_at, "updated_at": now_at,
        },
    )  # fmt: skip
    return connection.execute(select(payment_orders).where(payment_orders.c.id == order_id)).one()


def _keep_card(connection: Connection, source: str, wallet_id: str, news: IntentNews) -> None:
    """The card that paid last is the kept one; what it is called is asked for later."""
    if not news.method_id or not news.customer_id:
        return
    fresh = insert(payers).values(
        wallet_id=wallet_id, source=source, customer_id=news.customer_id, method_id=news.method_id
    )
    blank = {"brand": "", "last4": "", "exp_month": 0, "exp_year": 0}
    connection.execute(
        fresh.on_conflict_do_update(
            index_elements=["wallet_id", "source"],
            set_={"customer_id": news.customer_id, "method_id": news.method_id, **blank},
            where=payers.c.method_id != news.method_id,
        )
    )


def _stop_auto(connection: Connection, wallet_id: str, reason: str) -> None:
    connection.execute(
        update(auto_top_ups).where(auto_top_ups.c.wallet_id == wallet_id).values(stopped=reason or "failed")
    )


# -- refunds and disputes ------------------------------------------------------------------------------------


def _apply_refund(transaction: Transaction, source: str, news: RefundNews, now_at: str) -> Applied:
    connection = transaction.connection
    row = connection.execute(select(refunds).where(refunds.c.id == news.refund_id)).one_or_none()
    if row is None:
        # Made at the processor, by hand: the money is gone, whatever the wallet has.
        facts = {"status": f"refund {news.state}", "taken": True, "returned": news.state == "failed"}
        return _apply_clawback(transaction, source, news, facts, now_at)
    if news.state == "failed" and row.state != "failed":
        undo_refund(connection, row)
    elif news.state == "succeeded" and row.state in {"asked", "pending"}:
        finish_refund(connection, row)
    elif not (news.state == "pending" and row.state == "asked"):
        return Applied(row.wallet_id)
    changed = update(refunds).where(refunds.c.id == row.id)
    connection.execute(changed.values(state=news.state, processor_id=news.processor_id or row.processor_id))
    what = {"refund": row.id, "amount_minor": row.amount_minor, "currency": row.currency}
    note(transaction, now_at, SYSTEM, f"refund.{news.state}", row.wallet_id, what)
    if news.state == "succeeded":
        told = TopUpRefunded(row.wallet_id, row.intent_id, row.id, row.amount_minor, row.currency)
        top_up_refunded(transaction, told, now_at)
    return Applied(row.wallet_id, row.amount_minor if news.state == "failed" else 0)


def _apply_clawback(
    transaction: Transaction,
    source: str,
    news: RefundNews | DisputeNews,
    facts: Mapping[str, Any],
    now_at: str,
) -> Applied:
    connection = transaction.connection
    fresh = insert(clawbacks).values(
        id=news.processor_id, intent_id=news.intent_id, amount_minor=news.amount_minor,
        currency=news.currency, source=source, status=facts["status"], taken=int(facts["taken"]),
        returned=int(facts["returned"]),
    )  # fmt: skip
    added = {
        "taken": clawbacks.c.taken.op("|")(int(facts["taken"])),
        "returned": clawbacks.c.returned.op("|")(int(facts["returned"])),
        "status": facts["status"],
    }
    connection.execute(fresh.on_conflict_do_update(index_elements=["id"], set_=added))
    back_minor = post_clawbacks(transaction, news.intent_id, now_at)
    return Applied(credited_wallet(connection, news.intent_id) or "", back_minor)
