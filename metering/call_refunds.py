"""Refunds of calls: a part of what was charged comes back, and whoever had it gives it.

THEORY. A refund reverses. What was charged comes back into the wallet as money that came in
(`topup:call_refund:{refund}`, from the clearing account `processor:call-refunds:{currency}`), and whoever had
it pays the clearing account, so that it stands at zero again:

    the host's part       share(charge - before) - share(charge - before - refund): what the host would not
                          have got, `before` being what was refunded already
      from the earnings   back:{refund}:host       as far as they reach
      the rest            back:{refund}:owed       a receivable: below zero, what the host owes the platform
    the platform's part   the rest of the refund
      from the revenue    back:{refund}:platform   as far as it reaches
      the rest            back:{refund}:loss       processor:losses:{currency}, the platform's own loss

So no earnings and no revenue go below zero, and the payer gets the whole refund whatever they are: what was
paid out to the host already is a claim of the platform's, to be taken off the next payout. All refunds of a
call together are at most its charge, and after them the host has what the host would have of the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, func, select
from sqlalchemy.engine import Connection

from storage.audit_log import note
from storage.worker import Transaction

from .accounts import Transfer, earnings_of, processor_of, revenue_of
from .after_letters import put_letter
from .after_news import CallRefunded, call_refunded
from .after_tables import call_refunds
from .bookkeeping import credit, ensure_account, post, wallet_row
from .errors import IdReused, Refused
from .rows import tariff_of
from .tables import accounts

CLEARING = "call-refunds"
LOSSES = "losses"

Giver = Literal["host", "operator"]


def receivable_of_host(host_id: str, currency: str) -> str:
    """What a host owes the platform after refunds: zero or less."""
    return f"receivable:host:{host_id}:{currency}"


@dataclass(frozen=True, slots=True)
class CallRefund:
    """A part of a charge that came back. `host_minor` of it was the host's part, `clawed_minor` of that came

    out of the earnings; `platform_minor` out of the revenue.
    """

    id: str
    call_id: str
    amount_minor: int
    host_minor: int
    clawed_minor: int
    platform_minor: int
    by_side: Giver
    by_id: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Who wants to give how much of a call back, and why. `id` is chosen before it is tried."""

    id: str
    amount_minor: int
    by_side: Giver
    by_id: str
    reason: str
    at: str


def give_back(
    transaction: Transaction, call: Row[Any], order: RefundOrder, *, tell: bool = True
) -> CallRefund | Refused:
    """Refund a part of the charge of the settled call in `call`, once by the order's id. `tell`: by mail.

    `Refused("refund.amount")`: more than is left of the charge; `Refused("refund.earnings")`: a host has less
    than the host's part of it, so only the operator can. Raises `IdReused` for another refund with this id.
    """
    connection = transaction.connection
    known = connection.execute(select(call_refunds).where(call_refunds.c.id == order.id)).one_or_none()
    if known is not None:
        if (known.call_id, known.amount_minor, known.by_id) != (call.id, order.amount_minor, order.by_id):
            raise IdReused(f"refund {order.id} came before for another call or amount")
        return CallRefund(*known)
    before_minor = refunded_minor(connection, call.id)
    if order.amount_minor > call.charge_minor - before_minor:
        return Refused("refund.amount")
    made = _divided(connection, call, order, before_minor)
    if order.by_side == "host" and made.clawed_minor < made.host_minor:
        return Refused("refund.earnings")
    connection.execute(call_refunds.insert(), _values(made))
    _post(connection, call, made)
    detail = {
        "amount_minor": made.amount_minor,
        "host": call.host_id,
        "host_minor": made.host_minor,
        "clawed_minor": made.clawed_minor,
        "platform_minor": made.platform_minor,
    }
    note(transaction, order.at, order.by_id, "call.refunded", call.id, detail)
    call_refunded(transaction, call, _told(call, made), order.at)
    if tell:
        put_letter(transaction, call.id, "refunded", "payer", order.id)
        if order.by_side == "operator":
            # Nobody else tells the host why there is less than there was.
            put_letter(transaction, call.id, "refunded", "host", order.id)
    return made


def _told(call: Row[Any], made: CallRefund) -> CallRefunded:
    currency = tariff_of(call.tariff).currency
    return CallRefunded(
        made.call_id, call.host_id, call.wallet_id, made.id, currency, made.amount_minor, made.host_minor,
        made.by_side, made.reason,
    )  # fmt: skip


def _divided(connection: Connection, call: Row[Any], order: RefundOrder, before_minor: int) -> CallRefund:
    tariff = tariff_of(call.tariff)
    kept_minor, wanted_minor = call.charge_minor - before_minor, order.amount_minor
    host_minor = tariff.host_share(kept_minor) - tariff.host_share(kept_minor - wanted_minor)
    earnings, revenue = earnings_of(call.host_id, tariff.currency), revenue_of(tariff.currency)
    return CallRefund(
        id=order.id,
        call_id=call.id,
        amount_minor=wanted_minor,
        host_minor=host_minor,
        clawed_minor=min(host_minor, _balance(connection, earnings)),
        platform_minor=min(wanted_minor - host_minor, _balance(connection, revenue)),
        by_side=order.by_side,
        by_id=order.by_id,
        reason=order.reason,
        at=order.at,
    )


def _post(connection: Connection, call: Row[Any], refund: CallRefund) -> None:
    currency = tariff_of(call.tariff).currency
    clearing = processor_of(CLEARING, currency)
    owed, losses = receivable_of_host(call.host_id, currency), processor_of(LOSSES, currency)
    for account in (clearing, owed, losses):
        ensure_account(connection, account, currency, floor_minor=None)
    lost_minor = refund.amount_minor - refund.host_minor - refund.platform_minor
    for name, source, minor in (
        ("host", earnings_of(call.host_id, currency), refund.clawed_minor),
        ("owed", owed, refund.host_minor - refund.clawed_minor),
        ("platform", revenue_of(currency), refund.platform_minor),
        ("loss", losses, lost_minor),
    ):
        post(connection, Transfer(f"back:{refund.id}:{name}", source, clearing, minor, currency))
    wallet = wallet_row(connection, call.wallet_id)
    credit(connection, wallet, f"call_refund:{refund.id}", refund.amount_minor, CLEARING)


def refunded_minor(connection: Connection, call_id: str) -> int:
    """What of a call was given back so far."""
    total = func.coalesce(func.sum(call_refunds.c.amount_minor), 0)
    return int(connection.execute(select(total).where(call_refunds.c.call_id == call_id)).scalar_one())


def refunds_of(connection: Connection, call_id: str) -> list[CallRefund]:
    """The call's refunds, the oldest first."""
    wanted = select(call_refunds).where(call_refunds.c.call_id == call_id)
    return [
        CallRefund(*row) for row in connection.execute(wanted.order_by(call_refunds.c.at, call_refunds.c.id))
    ]


def _balance(connection: Connection, account_id: str) -> int:
    wanted = select(func.coalesce(func.sum(accounts.c.balance_minor), 0)).where(accounts.c.id == account_id)
    return int(connection.execute(wanted).scalar_one())


def _values(refund: CallRefund) -> dict[str, str | int]:
    return {
        "id": refund.id, "call_id": refund.call_id, "amount_minor": refund.amount_minor,
        "host_minor": refund.host_minor, "clawed_minor": refund.clawed_minor,
        "platform_minor": refund.platform_minor, "by_side": refund.by_side, "by_id": refund.by_id,
        "reason": refund.reason, "at": refund.at,
    }  # fmt: skip
