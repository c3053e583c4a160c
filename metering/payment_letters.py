"""Letters about money that came in: in the outbox with the credit, written by server.payment_letters."""

from __future__ import annotations

import msgspec

from storage.outbox import put
from storage.worker import Transaction

from .payments import Kind

KIND = "payment.letter"


class PaymentLetter(msgspec.Struct, frozen=True):
    """A payment that was credited to a wallet; `kind` says who asked for it."""

    wallet: str
    payment: str
    kind: Kind
    amount_minor: int
    currency: str


def put_payment_letter(transaction: Transaction, letter: PaymentLetter) -> None:
    """Have it written, once for each payment."""
    put(transaction, KIND, letter.payment, letter)
