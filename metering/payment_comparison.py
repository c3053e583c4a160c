"""The books against the processor's own list: what came and was not booked, what was booked and never came.

Changes nothing, like all reconciliation; the running server books what it finds (`server.payments`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import select
from sqlalchemy.engine import Connection

from .facts import Breach
from .payment_tables import clawbacks, payment_orders, refunds
from .payments import CheckoutNews, DisputeNews, IntentNews, News, RefundNews
from .tables import top_ups, wallets


def differences(
    connection: Connection, source: str, news: Iterable[News], since_at: str, until_at: str
) -> Iterator[Breach]:
    """Where the books differ from `news`: everything of this processor between two moments (ISO 8601)."""
    seen: set[str] = set()
    for each in news:
        match each:
            case IntentNews():
                seen.add(each.intent_id)
                yield from _payment(connection, each)
            case RefundNews():
                yield from _refund(connection, each)
            case DisputeNews():
                yield from _dispute(connection, each)
            case CheckoutNews():
                pass  # its money is told by its payment
    booked = select(payment_orders.c.intent_id, payment_orders.c.wallet_id).where(
        payment_orders.c.source == source,
        payment_orders.c.state == "succeeded",
        payment_orders.c.created_at.between(since_at, until_at),
    )
    for row in connection.execute(booked):
        if row.intent_id not in seen:
            yield Breach("processor.unknown", f"{row.intent_id}: credited to {row.wallet_id}, and not there")


def _payment(connection: Connection, news: IntentNews) -> Iterator[Breach]:
    known = connection.execute(select(top_ups).where(top_ups.c.payment_id == news.intent_id)).one_or_none()
    ours = connection.execute(select(wallets.c.id).where(wallets.c.id == news.wallet_id)).first() is not None
    money = f"{news.received_minor} {news.currency}"
    if news.state == "succeeded" and known is None and ours:
        yield Breach("processor.uncredited", f"{news.intent_id}: {money} for {news.wallet_id} not credited")
    if known is not None and (news.state != "succeeded" or known.amount_minor != news.received_minor):
        yield Breach(
            "processor.amount", f"{news.intent_id}: {news.state} {money}, credited {known.amount_minor}"
        )


def _refund(connection: Connection, news: RefundNews) -> Iterator[Breach]:
    ours = connection.execute(select(refunds).where(refunds.c.id == news.refund_id)).one_or_none()
    if ours is not None:
        if news.state in {"succeeded", "failed"} and ours.state != news.state:
            yield Breach("processor.refund", f"{news.processor_id}: {news.state} there, {ours.state} here")
        return
    yield from _clawback(
        connection, news.processor_id, news.intent_id, taken=True, returned=news.state == "failed"
    )


def _dispute(connection: Connection, news: DisputeNews) -> Iterator[Breach]:
    yield from _clawback(
        connection, news.processor_id, news.intent_id, taken=news.taken, returned=news.returned
    )


def _clawback(
    connection: Connection, name: str, intent_id: str, *, taken: bool, returned: bool
) -> Iterator[Breach]:
    credited = connection.execute(select(top_ups).where(top_ups.c.payment_id == intent_id)).first()
    if credited is None:
        return
    row = connection.execute(select(clawbacks).where(clawbacks.c.id == name)).one_or_none()
    here = (bool(row.taken), bool(row.returned)) if row is not None else (False, False)
    if here != (taken, returned):
        text = f"{name}: taken {taken} and returned {returned} there, {here[0]} and {here[1]} here"
        yield Breach("processor.clawback", text)
