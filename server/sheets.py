"""CSV files that a spreadsheet opens as what they are: text stays text, money is an exact decimal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from unicodedata import category

from babel.numbers import get_currency_precision

# What a spreadsheet would run as a formula (OWASP, CSV injection), also behind spaces and in full width.
_SIGNS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_BREAKS = ("\t", "\r", "\n")

Cell = str | Decimal | int


def sheet(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A file with one line a row (RFC 4180, with a mark that says UTF-8)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([cell if isinstance(cell, int) else _cell(cell) for cell in row] for row in rows)
    return "\ufeff" + text.getvalue()


def amount(minor: int, currency: str) -> Decimal:
    """Minor units as an exact decimal: `amount(-1234, "USD") == Decimal("-12.34")`."""
    return Decimal(minor).scaleb(-get_currency_precision(currency))


def minutes(ms: int) -> Decimal:
    """A length of time in minutes, to the millisecond's third of a hundred: six places."""
    return (Decimal(ms) / 60_000).quantize(Decimal("0.000001"))


def _cell(cell: str | Decimal) -> str:
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return f"'{cell}" if cell.startswith(_BREAKS) or _first(cell) in _SIGNS else cell


def _first(cell: str) -> str | None:
    """The first character that is seen: neither a space nor a control or format character."""
    return next((each for each in cell if not each.isspace() and category(each)[0] != "C"), None)
