"""The ledger's transfers, the names of its accounts, and the bounds of what may be posted."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import AmountOutOfRange

MAX_MINOR = 2**53 - 1
"""The largest amount and the most a wallet may ever be credited: what JSON carries exactly."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money moved from one account to another, once and for ever. `call_id` is "" outside of calls."""

    id: str
    source: str
    target: str
    amount_minor: int
    currency: str
    call_id: str = ""


def available_of(wallet_id: str) -> str:
    """What the wallet's owner can spend. Never below zero."""
    return f"wallet:{wallet_id}:available"


def held_of(wallet_id: str) -> str:
    """What is set aside for the wallet's open calls. Never below zero."""
    return f"wallet:{wallet_id}:held"


def earnings_of(host_id: str, currency: str) -> str:
    """What a host has earned in one currency."""
    return f"host:{host_id}:{currency}:earnings"


def revenue_of(currency: str) -> str:
    """What the platform has earned in one currency."""
    return f"platform:{currency}:revenue"


def processor_of(source: str, currency: str) -> str:
    """Where money comes in: the only kind of account that goes below zero."""
    return f"processor:{source}:{currency}"


def check_amount(amount_minor: int, least: int = 0) -> None:
    """Raise `AmountOutOfRange` unless `least <= amount_minor <= MAX_MINOR`."""
    if not least <= amount_minor <= MAX_MINOR:
        raise AmountOutOfRange(f"{amount_minor} is not within {least} and {MAX_MINOR} minor units")


def check_credit(credited_minor: int, amount_minor: int) -> None:
    """Raise `AmountOutOfRange` when a wallet credited so far with `credited_minor` cannot take more."""
    if credited_minor + amount_minor > MAX_MINOR:
        raise AmountOutOfRange(f"a wallet cannot be credited with more than {MAX_MINOR} minor units")
