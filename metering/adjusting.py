"""Adjustments: the operator gives money to a wallet or takes some out, for a reason that is kept.

Double entry from the house's own account (`processor:house:{currency}`): what is given is a top-up like any
other, what is taken a withdrawal, so that every sum of the wallet and of a call that runs meanwhile adds up
without a special case. The floor under the wallet refuses what it has not. Once per id.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from storage.audit_log import note
from storage.database import Database
from storage.worker import Transaction

from .accounts import check_amount
from .bookkeeping import balance_of, credit, purse, wallet_row
from .entry_tables import adjustments
from .errors import IdReused
from .facts import Balance
from .payment_moves import withdraw

HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """`amount_minor` goes into the wallet, or out of it when below zero."""

    id: str
    wallet_id: str
    amount_minor: int
    currency: str
    reason: str
    actor: str
    at: str


class Adjustments:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self, wanted: Adjustment) -> Balance | None:
        """Post it, with its line in the audit log. None: the wallet has not that much to spend.

        Raises `UnknownWallet`, `AmountOutOfRange`, and `IdReused` when the id was used for something else.
        """
        check_amount(abs(wanted.amount_minor), 1)

        def job(transaction: Transaction) -> Balance | None:
            connection = transaction.connection
            wallet = wallet_row(connection, wanted.wallet_id)
            known = connection.execute(select(adjustments).where(adjustments.c.id == wanted.id)).one_or_none()
            if known is not None:
                same = (known.wallet_id, known.amount_minor) == (wanted.wallet_id, wanted.amount_minor)
                if not same:
                    raise IdReused(wanted.id)
                return balance_of(connection, wanted.wallet_id)
            available_minor, _ = purse(connection, wanted.wallet_id)
            if available_minor + wanted.amount_minor < 0:
                return None
            move = f"adjust:{wanted.id}"
            if wanted.amount_minor > 0:
                credit(connection, wallet, move, wanted.amount_minor, HOUSE)
            else:
                withdraw(connection, move, wallet, -wanted.amount_minor, HOUSE)
            row = {name: getattr(wanted, name) for name in Adjustment.__slots__}
            connection.execute(adjustments.insert().values(**row))
            detail: dict[str, str | int | bool] = {
                "id": wanted.id,
                "amount_minor": wanted.amount_minor,
                "reason": wanted.reason,
            }
            note(transaction, wanted.at, wanted.actor, "wallet.adjusted", wanted.wallet_id, detail)
            return balance_of(connection, wanted.wallet_id)

        return await self._database.write(job)

    async def of(self, wallet_id: str, limit: int) -> list[Adjustment]:
        """The newest adjustments of a wallet."""
        wanted = (
            select(adjustments)
            .where(adjustments.c.wallet_id == wallet_id)
            .order_by(adjustments.c.at.desc(), adjustments.c.id)
            .limit(limit)
        )

        def job(transaction: Transaction) -> list[Adjustment]:
            return [Adjustment(**row._mapping) for row in transaction.connection.execute(wanted)]

        return await self._database.read(job)
