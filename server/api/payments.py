"""Paying in: payments, the kept card, the automatic rule; and for the operator payments and refunds."""

from __future__ import annotations

from metering.payment_store import Paid
from metering.payments import AutoTopUp, Order, Refund
from server.api.route import Ask, Route
from server.api.wallet import wallet_of
from server.auth import CLIENT, OPERATOR
from server.errors import Problem
from server.payment_resources import (
    AutoTopUpView,
    ConfirmPayment,
    CreatePayment,
    CreateRefund,
    KeptCard,
    OperatorPayment,
    OperatorPayments,
    Payment,
    RefundView,
    SetAutoTopUp,
    WalletPayments,
)
from server.payments import Payments

BASE = "/api/v1"
MAX_LISTED = 20


async def get_payments(ask: Ask) -> WalletPayments:
    """Everything about paying in: how, with which card, by which rule, and what is under way."""
    services, wallet_id = ask.services, ask.who.person_id
    wallet = wallet_of(ask, await services.ledger.balance(wallet_id))
    payments = services.payments
    if payments is None or _is_out_of_reach(ask, payments):
        return WalletPayments(mode="none", wallet=wallet, payments=[])
    store = payments.store
    payer, rule = await store.payer(wallet_id), await store.auto(wallet_id)
    card = payer.card if payer is not None else None
    return WalletPayments(
        mode=payments.processor.mode,
        wallet=wallet,
        payments=[_payment(order) for order in await store.orders(wallet_id, MAX_LISTED)],
        card=KeptCard(card.brand, card.last4, card.exp_month, card.exp_year) if card is not None else None,
        auto=await _rule(payments, rule) if rule is not None else None,
    )


async def create_payment(ask: Ask) -> Payment:
    """Pay in: on the processor's page, or with the kept card at once. A retry is the same payment."""
    payments, order = _payments(ask), ask.body_as(CreatePayment)
    wallet_id = ask.who.person_id
    balance = await ask.services.ledger.balance(wallet_id)
    if order.currency != balance.currency:
        raise Problem("topup.currency", f"The wallet is in {balance.currency}.")
    # The payment's id carries the wallet's, so that no one can use up another person's ids.
    opened = await payments.top_up(
        wallet_id, f"{wallet_id}:{order.id}", order.amount_minor, order.currency, order.how, order.back
    )
    return _payment(opened)


async def get_payment(ask: Ask) -> Payment:
    """One payment of mine. While it is under way, the processor is asked."""
    return _payment(await _payments(ask).refreshed(await _mine(ask)))


async def confirm_payment(ask: Ask) -> Payment:
    """The bank wants to see me: `url` is its page. Nothing happens unless the payment waits for that."""
    return _payment(await _payments(ask).confirm(await _mine(ask), ask.body_as(ConfirmPayment).back))


async def cancel_payment(ask: Ask) -> Payment:
    """Let go of a payment that waits for me. One that was paid meanwhile stays paid."""
    return _payment(await _payments(ask).cancel(await _mine(ask)))


async def forget_card(ask: Ask) -> WalletPayments:
    """Keep my card no longer; the automatic rule goes with it."""
    await _payments(ask).forget_card(ask.who.person_id)
    return await get_payments(ask)


async def set_auto_top_up(ask: Ask) -> WalletPayments:
    """Set the rule, or switch it off. It needs a kept card, and a cap that allows one top-up at least."""
    payments, wanted = _payments(ask), ask.body_as(SetAutoTopUp)
    wallet_id = ask.who.person_id
    if wanted.cap_minor < wanted.amount_minor:
        raise Problem("request.invalid", "cap_minor must not be less than amount_minor.")
    payer = await payments.store.payer(wallet_id)
    if wanted.on and (payer is None or payer.card is None):
        raise Problem("payment.no_card")
    rule = AutoTopUp(wallet_id, wanted.on, wanted.threshold_minor, wanted.amount_minor, wanted.cap_minor)
    await payments.store.set_auto(rule, payments.now_at())
    payments.rule_changed(wallet_id)
    return await get_payments(ask)


# -- the operator --------------------------------------------------------------------------------------------


async def list_payments(ask: Ask) -> OperatorPayments:
    """Payments of everybody, or of one `person`, the newest first, with what can still be refunded."""
    payments = ask.services.payments
    if payments is None:
        return OperatorPayments(mode="none", payments=[], next="")
    before, wallet_id = ask.query.get("before", ""), ask.query.get("person", "")
    paid = await payments.store.paid(MAX_LISTED + 1, before=before, wallet_id=wallet_id)
    shown = paid[:MAX_LISTED]
    cursor = shown[-1].order.id if len(paid) > len(shown) else ""
    return OperatorPayments(payments.processor.mode, [_paid(each) for each in shown], cursor)


async def create_refund(ask: Ask) -> RefundView:
    """Give a part of a payment back to the card it came from: never more than the wallet has available."""
    payments, wish = _payments(ask), ask.body_as(CreateRefund)
    order = await payments.store.order(wish.payment)
    if order is None or not order.intent_id:
        raise Problem("payment.unknown")
    made = await payments.give_back(wish.id, order, wish.amount_minor, ask.who.person_id, wish.reason)
    return _refund(made)


# -- what it looks like --------------------------------------------------------------------------------------


def _payments(ask: Ask) -> Payments:
    payments = ask.services.payments
    if payments is None or _is_out_of_reach(ask, payments):
        raise Problem("payment.off")
    return payments


def _is_out_of_reach(ask: Ask, payments: Payments) -> bool:
    """Test money is for people at this machine, also when a tunnel leads here from elsewhere."""
    return payments.processor.mode == "sandbox" and not ask.visitor.is_here


async def _mine(ask: Ask) -> Order:
    """My payment in the path; for everybody else it does not exist."""
    order = await _payments(ask).store.order(f"{ask.who.person_id}:{ask.path['payment_id']}")
    if order is None or order.wallet_id != ask.who.person_id:
        raise Problem("payment.unknown")
    return order


def _payment(order: Order, *, whole_id: bool = False) -> Payment:
    return Payment(
        id=order.id if whole_id else order.id.removeprefix(f"{order.wallet_id}:"),
        kind=order.kind,
        amount_minor=order.amount_minor,
        currency=order.currency,
        state=order.state,
        created_at=order.created_at,
        url=order.url,
        reason=order.reason,
    )


async def _rule(payments: Payments, rule: AutoTopUp) -> AutoTopUpView:
    spent_minor = await payments.store.auto_spent(rule.wallet_id, payments.now_at()[:7])
    return AutoTopUpView(
        rule.on, rule.threshold_minor, rule.amount_minor, rule.cap_minor, spent_minor, rule.stopped
    )


def _refund(refund: Refund) -> RefundView:
    return RefundView(refund.id, refund.amount_minor, refund.currency, refund.state)


def _paid(paid: Paid) -> OperatorPayment:
    return OperatorPayment(
        payment=_payment(paid.order, whole_id=True),
        person_id=paid.order.wallet_id,
        received_minor=paid.received_minor,
        left_minor=paid.left_minor,
        refunds=[_refund(each) for each in paid.refunds],
    )


_ASKING: tuple[str, ...] = ("payment.off", "payment.unanswered", "payment.refused", "metering.unavailable")
_ONE = f"{BASE}/wallet/payments/{{payment_id}}"

ROUTES: tuple[Route, ...] = (
    Route(
        "GET", f"{BASE}/wallet/payments", get_payments, "How I pay in", WalletPayments, CLIENT,
        codes=("metering.unknown_wallet", "metering.unavailable"),
    ),
    Route(
        "POST", f"{BASE}/wallet/payments", create_payment, "Pay in", Payment, CLIENT,
        body=CreatePayment, status=201,
        codes=(
            *_ASKING, "payment.no_card", "topup.currency", "metering.id_reused", "metering.unknown_wallet",
        ),
    ),
    Route(
        "GET", _ONE, get_payment, "One payment", Payment, CLIENT,
        codes=("payment.off", "payment.unknown", "metering.unavailable"),
    ),
    Route(
        "POST", f"{_ONE}/confirm", confirm_payment, "Confirm a payment at the bank", Payment, CLIENT,
        body=ConfirmPayment, codes=(*_ASKING, "payment.unknown"),
    ),
    Route(
        "POST", f"{_ONE}/cancel", cancel_payment, "Let go of a payment", Payment, CLIENT,
        codes=(*_ASKING, "payment.unknown"),
    ),
    Route(
        "POST", f"{BASE}/wallet/card/forget", forget_card, "Forget my card", WalletPayments, CLIENT,
        codes=("payment.off", "metering.unavailable"),
    ),
    Route(
        "POST", f"{BASE}/wallet/auto-top-up", set_auto_top_up, "Set the automatic top-up",
        WalletPayments, CLIENT, body=SetAutoTopUp,
        codes=("payment.off", "payment.no_card", "metering.unknown_wallet", "metering.unavailable"),
    ),
    Route(
        "GET", f"{BASE}/operator/payments", list_payments, "Payments of everybody",
        OperatorPayments, OPERATOR, query=("before", "person"), codes=("metering.unavailable",),
        scope="payments:read",
    ),
    Route(
        "POST", f"{BASE}/operator/refunds", create_refund, "Refund a payment", RefundView, OPERATOR,
        body=CreateRefund, status=201,
        codes=(
            "payment.off", "payment.unknown", "refund.too_much", "metering.id_reused", "metering.unavailable",
        ),
    ),
)  # fmt: skip
