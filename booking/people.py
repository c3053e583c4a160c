"""People: who can be called, who can call, who watches over the house.

A person's id names its wallet (clients) or its earnings (experts) in the ledger and never changes. A `Rate`
is what an expert asks; the server copies it into each call as a tariff, so that a later change moves no old
call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Role = Literal["client", "expert", "operator"]

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def is_slug(text: str) -> bool:
    """Whether this can be an expert's name in addresses."""
    return _SLUG.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Rate:
    """A price by time: `price_minor` of `currency` (ISO 4217 minor units) per `per_ms` milliseconds."""

    currency: str
    price_minor: int
    per_ms: int = 60_000
    increment_ms: int = 1
    minimum_ms: int = 0
    free_ms: int = 0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z]{3}", self.currency):
            raise ValueError("currency is a three-letter ISO 4217 code")
        if self.price_minor < 0 or self.per_ms <= 0 or self.increment_ms <= 0:
            raise ValueError("price_minor >= 0, per_ms > 0, increment_ms > 0")
        if self.minimum_ms < 0 or self.free_ms < 0:
            raise ValueError("minimum_ms >= 0, free_ms >= 0")


@dataclass(frozen=True, slots=True)
class Person:
    """A profile. `slug`, `headline` and `rate` belong to experts, `currency` is the wallet's of a client."""

    id: str
    role: Role
    name: str
    currency: str
    slug: str = ""
    headline: str = ""
    rate: Rate | None = None

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError("a person's id is 1 to 64 letters, digits, _ . : -")
        if not 1 <= len(self.name.strip()) <= 60 or not self.name.isprintable():
            raise ValueError("a name is 1 to 60 printable characters")
        if len(self.headline) > 200:
            raise ValueError("a headline is at most 200 characters")
        if self.role == "expert":
            if self.rate is None or not is_slug(self.slug):
                raise ValueError("an expert has a rate and a slug of a-z, 0-9 and -")
            if self.rate.currency != self.currency:
                raise ValueError("an expert's rate is in the expert's currency")
        elif self.slug or self.rate is not None:
            raise ValueError("only experts have a slug and a rate")


ADA = Person(
    id="ada",
    role="expert",
    name="Ada",
    currency="USD",
    slug="ada",
    headline="Engines, numbers and the notes between them. Bring a problem, leave with a plan.",
    rate=Rate(currency="USD", price_minor=240, per_ms=60_000, increment_ms=1),
)
SAM = Person(id="sam", role="client", name="Sam", currency="USD")
OLA = Person(id="ola", role="operator", name="Ola", currency="USD")

DEMO_PEOPLE = (ADA, SAM, OLA)
DEMO_BALANCE_MINOR = 500
