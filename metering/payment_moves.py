"""How payments move money in the ledger: each function runs inside the transaction that stores its cause.

what happens, and its transfers (`processor` stands for `processor:{source}:{currency}`):

    a payment succeeded             topup:{intent}            processor → available
    the operator refunds: reserved  out:refund:{id}           available → processor of {source}-refunds
      … the processor did it        refunded:{id}             processor of {source}-refunds → processor
      … it could not: reversed      topup:refund_back:{id}    where it is → available
    a dispute, or a refund made by
    hand, took money away           out:clawback:{id}         available → processor
      … more than the wallet has    owed:{id}                 receivable:{wallet}:{currency} → processor
      … it came back: reversed      topup:clawback_back:{id}  processor → available
                                    owed_back:{id}            processor → receivable

What comes back to a wallet is a top-up like any other, and what leaves it is a withdrawal: so the wallet's
sums, and those of a call that ran meanwhile, add up without special cases. A wallet never goes below zero:
what it cannot give is a claim of the platform's on its owner, in an account of its own.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.engine import Connection

from storage.audit_log import SYSTEM, note
from storage.worker import Transaction

from .accounts import Transfer, available_of, processor_of
from .bookkeeping import credit, ensure_account, post, purse, wallet_row
from .news import TopUpTakenBack, top_up_taken_back
from .payment_tables import clawbacks, refunds, withdrawals
from .tables import accounts, top_ups

TEST_SOURCES = frozenset({"sandbox", "stripe-test"})
"""Sources of money that is none."""
REAL_SOURCES = frozenset({"stripe"})


def filled_from(connection: Connection, sources: frozenset[str]) -> str:
    """An account by which money of one of these sources is in the books; "" when there is none."""
    filled = select(accounts.c.id).where(accounts.c.id.like("processor:%"), accounts.c.balance_minor != 0)
    names = {source for each in sources for source in (each, in_refund(each))}
    found = (each for each in connection.execute(filled).scalars() if each.split(":")[1] in names)
    return next(found, "")


def receivable_of(wallet_id: str, currency: str) -> str:
    """What the owner of a wallet owes the platform: zero or less."""
    return f"receivable:{wallet_id}:{currency}"


def in_refund(source: str) -> str:
    """The name of the source that holds what is on its way back to payers."""
    return f"{source}-refunds"


def credited_wallet(connection: Connection, intent_id: str) -> str | None:
    """The wallet that a payment was credited to, None when it was not."""
    found: str | None = connection.execute(
        select(top_ups.c.wallet_id).where(top_ups.c.payment_id == intent_id)
    ).scalar_one_or_none()
    return found


def withdraw(
    connection: Connection, withdrawal_id: str, wallet: Row[Any], amount_minor: int, target: str
) -> None:
    """Take money out of a wallet that has it. The floor under the account refuses what it has not."""
    processor = processor_of(target, wallet.currency)
    ensure_account(connection, processor, wallet.currency, floor_minor=None)
    connection.execute(
        withdrawals.insert(),
        {"id": withdrawal_id, "wallet_id": wallet.id, "amount_minor": amount_minor, "target": target},
    )
    move = f"out:{withdrawal_id}"
    post(connection, Transfer(move, available_of(wallet.id), processor, amount_minor, wallet.currency))


# -- refunds by the operator ---------------------------------------------------------------------------------


def reserve_refund(
    connection: Connection, refund_id: str, wallet: Row[Any], amount_minor: int, source: str
) -> None:
    """Set money aside that goes back to the payer."""
    withdraw(connection, f"refund:{refund_id}", wallet, amount_minor, in_refund(source))


def finish_refund(connection: Connection, row: Row[Any]) -> None:
    """The processor has given the money back."""
    waiting, processor = (
        processor_of(in_refund(row.source), row.currency),
        processor_of(row.source, row.currency),
    )
    ensure_account(connection, processor, row.currency, floor_minor=None)
    post(connection, Transfer(f"refunded:{row.id}", waiting, processor, row.amount_minor, row.currency))


def undo_refund(connection: Connection, row: Row[Any]) -> None:
    """The processor could not: into the wallet again, from where the money is now."""
    source = row.source if row.state == "succeeded" else in_refund(row.source)
    credit(
        connection, wallet_row(connection, row.wallet_id), f"refund_back:{row.id}", row.amount_minor, source
    )


def refunded_minor(connection: Connection, intent_id: str) -> int:
    """What of a payment was given back or taken away already, or is about to be."""
    total = 0
    for row in connection.execute(select(refunds).where(refunds.c.intent_id == intent_id)):
        total += row.amount_minor if row.state != "failed" else 0
    for row in connection.execute(select(clawbacks).where(clawbacks.c.intent_id == intent_id)):
        total += row.amount_minor if row.taken and not row.returned else 0
    return total


# -- what others take away -----------------------------------------------------------------------------------


def post_clawbacks(transaction: Transaction, intent_id: str, now_at: str) -> int:
    """Post what is due of a payment's clawbacks: whatever the order in which their facts arrived.

    Nothing happens before the payment itself was credited; money that left and came back before anything was
    posted leaves no trace. Returns what came back to the wallet.
    """
    connection, back_minor = transaction.connection, 0
    wallet_id = credited_wallet(connection, intent_id)
    if wallet_id is None:
        return 0
    for row in connection.execute(select(clawbacks).where(clawbacks.c.intent_id == intent_id)).all():
        what = {"clawback": row.id, "amount_minor": row.amount_minor, "currency": row.currency}
        if row.wallet_minor is None and row.taken and not row.returned:
            owed_minor = _take(connection, row, wallet_id)
            told = TopUpTakenBack(wallet_id, intent_id, row.amount_minor, owed_minor, row.currency)
            top_up_taken_back(transaction, row.id, told, now_at)
            note(transaction, now_at, SYSTEM, "clawback.taken", wallet_id, what)
        elif row.wallet_minor is not None and row.returned and not row.undone:
            _give_back(connection, row)
            back_minor += row.wallet_minor
            note(transaction, now_at, SYSTEM, "clawback.returned", wallet_id, what)
    return back_minor


def _take(connection: Connection, row: Row[Any], wallet_id: str) -> int:
    """Returns what the wallet did not have: what its owner owes from now on."""
    wallet = wallet_row(connection, wallet_id)
    available_minor, _ = purse(connection, wallet_id)
    wallet_minor = min(row.amount_minor, available_minor)
    owed_minor: int = row.amount_minor - wallet_minor
    if wallet_minor:
        withdraw(connection, f"clawback:{row.id}", wallet, wallet_minor, row.source)
    if owed_minor:
        owed, processor = receivable_of(wallet_id, row.currency), processor_of(row.source, row.currency)
        ensure_account(connection, owed, row.currency, floor_minor=None)
        post(connection, Transfer(f"owed:{row.id}", owed, processor, owed_minor, row.currency))
    connection.execute(
        update(clawbacks)
        .where(clawbacks.c.id == row.id)
        .values(wallet_id=wallet_id, wallet_minor=wallet_minor, owed_minor=owed_minor)
    )
    return owed_minor


def _give_back(connection: Connection, row: Row[Any]) -> None:
    if row.wallet_minor:
        wallet = wallet_row(connection, row.wallet_id)
        credit(connection, wallet, f"clawback_back:{row.id}", row.wallet_minor, row.source)
    owed, processor = receivable_of(row.wallet_id, row.currency), processor_of(row.source, row.currency)
    post(connection, Transfer(f"owed_back:{row.id}", processor, owed, row.owed_minor, row.currency))
    connection.execute(update(clawbacks).where(clawbacks.c.id == row.id).values(undone=1))
