"""Test money and real money never meet in one set of books: else what is none would be earned and spent.

The sandbox and the test mode of a processor are the one kind, its live mode is the other. A server that would
take the other kind than its database has does not start, so that nobody has to tell them apart later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from metering.payment_moves import REAL_SOURCES, TEST_SOURCES
from server.errors import StartError
from server.payments import Payments


def checked_books(payments: Payments) -> Callable[[object], Awaitable[None]]:
    """What is done before the start; it raises `StartError` payment.mixed."""

    async def check(_app: object) -> None:
        is_live = payments.processor.mode == "live"
        account = await payments.store.filled_from(TEST_SOURCES if is_live else REAL_SOURCES)
        if account:
            there, here = ("test money", "real") if is_live else ("real money", "test")
            text = f"the books have {there} ({account}), and payments would be {here}: use another folder"
            raise StartError("payment.mixed", text)

    return check
