"""GET /wallet and POST /wallet/top-ups: the payer's money."""

from __future__ import annotations

from metering.facts import Balance
from server import resources
from server.api.route import Ask
from server.errors import Problem

TEST_MONEY = "sandbox"
"""The source of test money: its account is `processor:sandbox:{currency}`."""


async def get_wallet(ask: Ask) -> resources.Wallet:
    """What can be spent and what is on hold for live calls."""
    return wallet_of(ask, await ask.services.ledger.balance(ask.who.person_id))


async def create_top_up(ask: Ask) -> resources.Wallet:
    """Credit test money once per id, and tell the live calls of this wallet at once."""
    services, order = ask.services, ask.body_as(resources.CreateTopUp)
    if not _has_test_money(ask):
        raise Problem("topup.sandbox_refused")
    wallet_id = ask.who.person_id
    balance = await services.ledger.balance(wallet_id)
    if order.currency != balance.currency:
        raise Problem("topup.currency", f"The wallet is in {balance.currency}.")
    # The payment's id carries the wallet's, so that no one can use up another person's ids.
    balance = await services.ledger.top_up(
        wallet_id, f"{wallet_id}:{order.id}", order.amount_minor, TEST_MONEY
    )
    services.desk.funds_arrived(wallet_id)
    return wallet_of(ask, balance)


def _has_test_money(ask: Ask) -> bool:
    payments = ask.services.payments
    return payments is not None and payments.processor.mode == "sandbox" and ask.visitor.is_here


def wallet_of(ask: Ask, balance: Balance) -> resources.Wallet:
    """A balance as its owner sees it."""
    return resources.Wallet(
        currency=balance.currency,
        available_minor=balance.available_minor,
        held_minor=balance.held_minor,
        test_money=_has_test_money(ask),
    )
