"""Money, durations and languages in words, for what the server itself writes for people: pages and mail.

The pages' own words are in web/src/strings; what both say is said alike, and a test compares the figures.
"""

from __future__ import annotations

from decimal import Decimal

from babel import Locale
from babel.core import UnknownLocaleError
from babel.numbers import format_currency, format_decimal, get_currency_precision

from booking.people import Rate

LOCALE = "en"


def money(minor: int, currency: str) -> str:
    """An amount in minor units: `money(240, "USD") == "$2.40"`."""
    amount = Decimal(minor).scaleb(-get_currency_precision(currency))
    # The currency's own digits, whatever the amount.
    return format_currency(amount, currency, locale=LOCALE)


def duration(ms: int) -> str:
    """A length of time: `40 s`, `2 min 5 s`, `1 h 4 min`. Rounds down."""
    seconds = ms // 1000
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    if seconds < 60:
        return f"{seconds} s"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def tenths(value: int) -> str:
    """A number of tenths: `tenths(47) == "4.7"`."""
    return str(format_decimal(Decimal(value).scaleb(-1), format="0.0", locale=LOCALE))


def price(rate: Rate) -> str:
    """`$2.40 a minute`."""
    if rate.price_minor == 0:
        return "Free of charge"
    per = "a minute" if rate.per_ms == 60_000 else f"per {duration(rate.per_ms)}"
    return f"{money(rate.price_minor, rate.currency)} {per}"


def conditions(rate: Rate) -> list[str]:
    """Whatever else one must know of a price, as sentences."""
    if rate.price_minor == 0:
        return []
    match rate.increment_ms:
        case 1:
            unit = "Charged to the millisecond."
        case 1000:
            unit = "Charged by the second."
        case increment_ms:
            unit = f"Each started {duration(increment_ms)} is charged."
    sentences = [unit]
    if rate.free_ms:
        sentences.append(f"The first {duration(rate.free_ms)} are free.")
    if rate.minimum_ms:
        sentences.append(f"At least {duration(rate.minimum_ms)} are charged.")
    return sentences


def language(code: str) -> str:
    """`German` for `de`; the code itself when nobody knows it."""
    try:
        name = Locale.parse(code, sep="-").get_display_name(LOCALE)
    except (ValueError, UnknownLocaleError):
        name = None
    return name or Locale(LOCALE).languages.get(code) or code
