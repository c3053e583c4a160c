"""Payments in SQL: orders, payers, rules, refunds. Each method is one transaction.

An order is stored before its processor is asked, and news have their whole effect in the transaction that
stores them: see `metering.payments` for why, `metering.payment_news` for what they do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Row, and_, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from storage.audit_log import Detail, note
from storage.database import Database
from storage.errors import StorageError
from storage.worker import Transaction

from .accounts import available_of
from .bookkeeping import purse, wallet_row
from .errors import IdReused, LedgerUnavailable, Refused
from .payment_moves import credited_wallet, filled_from, refunded_minor, reserve_refund
from .payment_news import NOTHING, Applied, apply, order_of
from .payment_tables import auto_top_ups, payers, payment_orders, processor_events, refunds
from .payments import IN_FLIGHT, AutoTopUp, Card, Event, News, Order, Payer, Refund
from .tables import accounts, metered_calls, top_ups

T = TypeVar("T")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment as the operator sees it. `left_minor` of it could still be refunded."""

    order: Order
    received_minor: int
    left_minor: int
    refunds: tuple[Refund, ...] = ()


class PaymentStore:
    """On an open, migrated database, which it does not close. `source` is the processor's name."""

    def __init__(self, database: Database, source: str) -> None:
        self._database, self.source = database, source

    async def _write(self, job: Callable[[Connection], T]) -> T:
        return await self._ask(self._database.write, lambda transaction: job(transaction.connection))

    async def _record(self, job: Callable[[Transaction], T]) -> T:
        return await self._ask(self._database.write, job)

    async def _read(self, job: Callable[[Connection], T]) -> T:
        return await self._ask(self._database.read, lambda transaction: job(transaction.connection))

    async def _ask(self, run: Callable[..., Any], job: Callable[[Transaction], T]) -> T:
        try:
            answer: T = await run(job)
        except (StorageError, SQLAlchemyError, sqlite3.Error) as error:
            raise LedgerUnavailable(str(error)) from error
        return answer

    # -- orders ---------------------------------------------------------------------------------------------

    async def open_order(self, order: Order) -> Order | Refused:
        """Store an order before it is asked for; the stored one when it is there already.

        Raises `IdReused` when its id came with another amount or way of paying. An automatic order is
        `Refused` with `payment.in_flight` (one at a time) or `payment.cap` (the month's is reached).
        """

        def job(connection: Connection) -> Order | Refused:
            known = _one(connection, order.id)
            if known is not None:
                same = (known.amount_minor, known.kind, known.currency) == (
                    order.amount_minor, order.kind, order.currency,
                )  # fmt: skip
                if not same:
                    raise IdReused(f"payment {order.id} was opened with other terms")
                return known
            wallet_row(connection, order.wallet_id)
            if order.kind == "auto" and (refused := _over_the_rule(connection, order)):
                return refused
            connection.execute(
                payment_orders.insert(),
                {
                    "id": order.id, "wallet_id": order.wallet_id, "kind": order.kind,
                    "amount_minor": order.amount_minor, "currency": order.currency, "source": self.source,
                    "key": order.key, "request": order.request, "method_id": order.method_id,
                    "created_at": order.created_at, "updated_at": order.created_at,
                },
            )  # fmt: skip
            return order

        return await self._write(job)

    async def filled_from(self, sources: frozenset[str]) -> str:
        """An account by which money of one of these sources is in the books; "" when there is none."""
        return await self._read(lambda connection: filled_from(connection, sources))

    async def order(self, order_id: str) -> Order | None:
        """One order."""
        return await self._read(lambda connection: _one(connection, order_id))

    async def orders(self, wallet_id: str, limit: int = 20) -> list[Order]:
        """A wallet's, the newest first."""
        wanted = select(payment_orders).where(payment_orders.c.wallet_id == wallet_id)
        newest = wanted.order_by(payment_orders.c.created_at.desc(), payment_orders.c.id).limit(limit)
        return await self._read(lambda connection: [order_of(row) for row in connection.execute(newest)])

    async def unfinished(self) -> list[Order]:
        """Orders of this processor whose end is not known yet, the oldest first."""
        wanted = (
            select(payment_orders)
            .where(payment_orders.c.state.in_(IN_FLIGHT), payment_orders.c.source == self.source)
            .order_by(payment_orders.c.created_at)
            .limit(_AT_ONCE)
        )
        return await self._read(lambda connection: [order_of(row) for row in connection.execute(wanted)])

    async def give_up(self, order_id: str, reason: str, now_at: str) -> None:
        """Fail an order that is still unanswered. Should its money come all the same, it is credited."""

        def job(connection: Connection) -> None:
            row = _one(connection, order_id)
            if row is None or row.state != "asked":
                return
            changed = update(payment_orders).where(payment_orders.c.id == order_id)
            connection.execute(changed.values(state="failed", reason=reason, updated_at=now_at))
            if row.kind == "auto":
                rule = update(auto_top_ups).where(auto_top_ups.c.wallet_id == row.wallet_id)
                connection.execute(rule.values(stopped=reason))

        await self._write(job)

    # -- news -----------------------------------------------------------------------------------------------

    async def learn(self, news: Iterable[News], now_at: str) -> list[Applied]:
        """Apply news that were asked for: all of them or, when it raises, none."""
        offered = list(news)
        return await self._record(
            lambda transaction: [apply(transaction, self.source, each, now_at) for each in offered]
        )

    async def receive(self, event: Event, now_at: str) -> Applied | None:
        """Store an event and apply its news, in one transaction. None when it was received before."""

        def job(transaction: Transaction) -> Applied | None:
            row = {
                "id": event.id, "source": self.source, "type": event.type, "created_s": event.created_s,
                "received_at": now_at,
            }  # fmt: skip
            fresh = insert(processor_events).values(row).on_conflict_do_nothing()
            stored = transaction.connection.execute(fresh)
            if not stored.rowcount:
                return None
            if event.news is None:
                return NOTHING
            return apply(transaction, self.source, event.news, now_at)

        return await self._record(job)

    # -- payers and cards -----------------------------------------------------------------------------------

    async def payer(self, wallet_id: str) -> Payer | None:
        """The wallet's owner at the processor."""
        wanted = select(payers).where(payers.c.wallet_id == wallet_id, payers.c.source == self.source)
        row = await self._read(lambda connection: connection.execute(wanted).one_or_none())
        return None if row is None else _payer_of(row)

    async def add_payer(self, wallet_id: str, customer_id: str) -> Payer:
        """Remember who the wallet's owner is there. The first one stays."""

        def job(connection: Connection) -> Payer:
            wallet_row(connection, wallet_id)
            row = {"wallet_id": wallet_id, "source": self.source, "customer_id": customer_id}
            connection.execute(insert(payers).values(row).on_conflict_do_nothing())
            wanted = select(payers).where(payers.c.wallet_id == wallet_id, payers.c.source == self.source)
            return _payer_of(connection.execute(wanted).one())

        return await self._write(job)

    async def name_card(self, wallet_id: str, card: Card) -> None:
        """What the kept card is called, unless another one is kept by now."""
        named = (
            update(payers)
            .where(
                payers.c.wallet_id == wallet_id,
                payers.c.source == self.source,
                payers.c.method_id == card.method_id,
            )
            .values(brand=card.brand, last4=card.last4, exp_month=card.exp_month, exp_year=card.exp_year)
        )
        await self._write(lambda connection: connection.execute(named).rowcount)

    async def nameless_cards(self) -> list[Payer]:
        """Payers with a card whose name was not asked for yet."""
        wanted = select(payers).where(
            payers.c.method_id != "", payers.c.brand == "", payers.c.source == self.source
        )
        return await self._read(
            lambda connection: [_payer_of(row) for row in connection.execute(wanted.limit(_AT_ONCE))]
        )

    async def forget_card(self, wallet_id: str, now_at: str) -> None:
        """Keep the card no longer, and with it switch off what charges it by rule."""

        def job(transaction: Transaction) -> None:
            connection = transaction.connection
            gone = update(payers).where(payers.c.wallet_id == wallet_id, payers.c.source == self.source)
            connection.execute(gone.values(method_id="", brand="", last4="", exp_month=0, exp_year=0))
            connection.execute(
                update(auto_top_ups).where(auto_top_ups.c.wallet_id == wallet_id).values(is_on=0, stopped="")
            )
            note(transaction, now_at, wallet_id, "card.forgotten", wallet_id)

        await self._record(job)

    # -- automatic top-ups ----------------------------------------------------------------------------------

    async def auto(self, wallet_id: str) -> AutoTopUp | None:
        """The wallet's rule."""
        wanted = select(auto_top_ups).where(auto_top_ups.c.wallet_id == wallet_id)
        row = await self._read(lambda connection: connection.execute(wanted).one_or_none())
        return None if row is None else _auto_of(row)

    async def currency(self, wallet_id: str) -> str:
        """The wallet's currency. Raises `UnknownWallet`."""
        return await self._read(lambda connection: str(wallet_row(connection, wallet_id).currency))

    async def set_auto(self, rule: AutoTopUp, now_at: str) -> None:
        """Replace the wallet's rule."""

        def job(transaction: Transaction) -> None:
            connection = transaction.connection
            wallet_row(connection, rule.wallet_id)
            values = {
                "is_on": int(rule.on), "threshold_minor": rule.threshold_minor,
                "amount_minor": rule.amount_minor, "cap_minor": rule.cap_minor, "stopped": rule.stopped,
            }  # fmt: skip
            fresh = insert(auto_top_ups).values(wallet_id=rule.wallet_id, **values)
            connection.execute(fresh.on_conflict_do_update(index_elements=["wallet_id"], set_=values))
            what: Detail = {"on": rule.on, "amount_minor": rule.amount_minor, "cap_minor": rule.cap_minor}
            note(transaction, now_at, rule.wallet_id, "autotopup.set", rule.wallet_id, what)

        await self._record(job)

    async def auto_due(self) -> list[tuple[AutoTopUp, Payer]]:
        """Rules whose moment is now: a call is open, too little is available, nothing is in flight."""
        in_flight = select(payment_orders.c.wallet_id).where(
            payment_orders.c.kind == "auto", payment_orders.c.state.in_(IN_FLIGHT)
        )
        talking = select(metered_calls.c.wallet_id).where(metered_calls.c.state == "open")
        wanted = (
            select(auto_top_ups, payers)
            .join(payers, payers.c.wallet_id == auto_top_ups.c.wallet_id)
            .join(accounts, accounts.c.id == "wallet:" + auto_top_ups.c.wallet_id + ":available")
            .where(
                auto_top_ups.c.is_on == 1,
                auto_top_ups.c.stopped == "",
                payers.c.source == self.source,
                payers.c.method_id != "",
                accounts.c.balance_minor < auto_top_ups.c.threshold_minor,
                auto_top_ups.c.wallet_id.in_(talking),
                auto_top_ups.c.wallet_id.not_in(in_flight),
            )
            .limit(_AT_ONCE)
        )
        return await self._read(
            lambda connection: [(_auto_of(row), _payer_of(row)) for row in connection.execute(wanted)]
        )

    async def auto_spent(self, wallet_id: str, month: str) -> int:
        """What the rule charged in a month (`2026-11`), with what is in flight."""
        return await self._read(lambda connection: _auto_spent(connection, wallet_id, month))

    async def stop_auto(self, wallet_id: str, reason: str) -> None:
        """Let the rule rest until its owner sets it again."""
        changed = update(auto_top_ups).where(auto_top_ups.c.wallet_id == wallet_id)
        await self._write(lambda connection: connection.execute(changed.values(stopped=reason)).rowcount)

    # -- refunds --------------------------------------------------------------------------------------------

    async def open_refund(self, refund: Refund, actor: str, reason: str) -> Refund | Refused:
        """Reserve money that goes back to the payer, before the processor is asked.

        `Refused`: `payment.unknown` (never credited), `refund.too_much` (more than is left of the payment, or
        than the wallet has available). Raises `IdReused` when the id came with other contents.
        """

        def job(transaction: Transaction) -> Refund | Refused:
            connection = transaction.connection
            row = connection.execute(select(refunds).where(refunds.c.id == refund.id)).one_or_none()
            if row is not None:
                if (row.intent_id, row.amount_minor) != (refund.intent_id, refund.amount_minor):
                    raise IdReused(f"refund {refund.id} came before with another payment or amount")
                return _refund_of(row)
            wallet_id = credited_wallet(connection, refund.intent_id)
            if wallet_id is None:
                return Refused("payment.unknown")
            wallet = wallet_row(connection, wallet_id)
            received = select(top_ups).where(top_ups.c.payment_id == refund.intent_id)
            top_up = connection.execute(received).one()
            if top_up.source != self.source:
                # Paid through another processor than the one that is there now.
                return Refused("payment.unknown")
            left = top_up.amount_minor - refunded_minor(connection, refund.intent_id)
            available_minor, _ = purse(connection, wallet_id)
            if refund.amount_minor > min(left, available_minor):
                return Refused("refund.too_much")
            connection.execute(
                refunds.insert(),
                {
                    "id": refund.id, "intent_id": refund.intent_id, "wallet_id": wallet_id,
                    "amount_minor": refund.amount_minor, "currency": wallet.currency, "source": self.source,
                    "key": refund.key, "request": refund.request, "actor": actor, "reason": reason,
                    "created_at": refund.created_at,
                },
            )  # fmt: skip
            reserve_refund(connection, refund.id, wallet, refund.amount_minor, self.source)
            what: Detail = {"refund": refund.id, "amount_minor": refund.amount_minor, "reason": reason}
            note(transaction, refund.created_at, actor, "refund.asked", wallet_id, what)
            return _refund_of(connection.execute(select(refunds).where(refunds.c.id == refund.id)).one())

        return await self._record(job)

    async def refund(self, refund_id: str) -> Refund | None:
        """One refund."""
        wanted = select(refunds).where(refunds.c.id == refund_id)
        row = await self._read(lambda connection: connection.execute(wanted).one_or_none())
        return None if row is None else _refund_of(row)

    async def unfinished_refunds(self) -> list[Refund]:
        """Refunds that the processor has not confirmed that it has them."""
        wanted = select(refunds).where(refunds.c.state == "asked", refunds.c.source == self.source)
        return await self._read(
            lambda connection: [_refund_of(row) for row in connection.execute(wanted.limit(_AT_ONCE))]
        )

    async def paid(self, limit: int = 50, *, before: str = "", wallet_id: str = "") -> list[Paid]:
        """The newest orders with what became of their money: of everybody, or of one wallet.

        `before` is the id of an order: only those that are older.
        """
        made, order_id = payment_orders.c.created_at, payment_orders.c.id
        newest = select(payment_orders).order_by(made.desc(), order_id.desc()).limit(limit)
        if wallet_id:
            newest = newest.where(payment_orders.c.wallet_id == wallet_id)
        if before:
            last = select(made).where(order_id == before).scalar_subquery()
            newest = newest.where(or_(made < last, and_(made == last, order_id < before)))

        def job(connection: Connection) -> list[Paid]:
            return [_paid_of(connection, order_of(row)) for row in connection.execute(newest).all()]

        return await self._read(job)


def _one(connection: Connection, order_id: str) -> Order | None:
    row = connection.execute(select(payment_orders).where(payment_orders.c.id == order_id)).one_or_none()
    return None if row is None else order_of(row)


def _auto_spent(connection: Connection, wallet_id: str, month: str) -> int:
    spent = select(func.coalesce(func.sum(payment_orders.c.amount_minor), 0)).where(
        payment_orders.c.wallet_id == wallet_id,
        payment_orders.c.kind == "auto",
        payment_orders.c.state.not_in(("failed", "canceled")),
        payment_orders.c.created_at.startswith(month, autoescape=True),
    )
    total: int = connection.execute(spent).scalar_one()
    return total


def _over_the_rule(connection: Connection, order: Order) -> Refused | None:
    busy = select(payment_orders.c.id).where(
        payment_orders.c.wallet_id == order.wallet_id,
        payment_orders.c.kind == "auto",
        payment_orders.c.state.in_(IN_FLIGHT),
    )
    if connection.execute(busy).first() is not None:
        return Refused("payment.in_flight")
    wanted = select(auto_top_ups).where(auto_top_ups.c.wallet_id == order.wallet_id)
    rule = connection.execute(wanted).one_or_none()
    if rule is None or not rule.is_on or rule.stopped:
        return Refused("payment.no_rule")
    spent_minor = _auto_spent(connection, order.wallet_id, order.created_at[:7])
    return Refused("payment.cap") if spent_minor + order.amount_minor > rule.cap_minor else None


def _payer_of(row: Row[Any]) -> Payer:
    card = Card(row.method_id, row.brand, row.last4, row.exp_month, row.exp_year) if row.method_id else None
    return Payer(row.wallet_id, row.customer_id, card)


def _auto_of(row: Row[Any]) -> AutoTopUp:
    return AutoTopUp(
        row.wallet_id, bool(row.is_on), row.threshold_minor, row.amount_minor, row.cap_minor, row.stopped
    )


def _refund_of(row: Row[Any]) -> Refund:
    return Refund(
        row.id,
        row.intent_id,
        row.wallet_id,
        row.amount_minor,
        row.currency,
        row.key,
        row.request,
        row.created_at,
        row.state,
    )


def _paid_of(connection: Connection, order: Order) -> Paid:
    received = select(top_ups.c.amount_minor).where(top_ups.c.payment_id == order.intent_id)
    received_minor = connection.execute(received).scalar_one_or_none() or 0
    made = connection.execute(select(refunds).where(refunds.c.intent_id == order.intent_id)).all()
    left_minor = 0
    if received_minor:
        left_minor = max(0, received_minor - refunded_minor(connection, order.intent_id))
        wallet = select(accounts.c.balance_minor).where(accounts.c.id == available_of(order.wallet_id))
        left_minor = min(left_minor, connection.execute(wallet).scalar_one())
    return Paid(order, received_minor, left_minor, tuple(_refund_of(row) for row in made))
