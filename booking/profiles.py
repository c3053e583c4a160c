"""What an expert shows to the world: a profile, and the offers that a caller can choose from.

The name, the headline and the slug stand in `booking.people`, for calls need them; here is the rest. An offer
is a kind of call with a price. One of an expert's offers is the default: it is `Person.rate`, and what a call
gets that names no offer. An expert without offers cannot be called.
"""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from booking.people import Person, Rate

OfferMedia = Literal["video", "voice"]

MAX_BIO = 4_000
MAX_HEADLINE = 200
MAX_LISTED = 8
MAX_WORD = 40
MAX_TITLE = 60
MAX_OFFERS = 8
MAX_PRICE_MINOR = 10_000_000
MAX_DURATION_MS = 3_600_000

CURRENCIES = ("USD", "EUR", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "CAD", "AUD", "JPY")
"""What a new expert can choose to be paid in."""

RESERVED_SLUGS = frozenset(
    {"admin", "administrator", "api", "billing", "help", "moderator", "official", "operator", "payments",
     "root", "security", "staff", "support", "system", "talktime"}
)  # fmt: skip
"""Names in an address that would pass for the house itself."""

_OFFER_ID = re.compile(r"[A-Za-z0-9_-]{8,40}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?")
# Characters that reverse the text around them, so that a page would say something else than it holds.
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Profile:
    """The part of a public face that no call needs. `photo_id` names a stored photo, "" for none."""

    person_id: str
    bio: str = ""
    languages: tuple[str, ...] = ()
    specialities: tuple[str, ...] = ()
    time_zone: str = "UTC"
    photo_id: str = ""

    def __post_init__(self) -> None:
        check_text("a bio", self.bio, MAX_BIO, lines=True)
        for name, listed in (("languages", self.languages), ("specialities", self.specialities)):
            if len(listed) > MAX_LISTED or len(set(listed)) != len(listed):
                raise ValueError(f"{name} are at most {MAX_LISTED}, each once")
        if any(not _LANGUAGE.fullmatch(each) for each in self.languages):
            raise ValueError("a language is a code like en, pt-BR or zh-Hant")
        for each in self.specialities:
            check_text("a speciality", each, MAX_WORD)
            if not each.strip():
                raise ValueError("a speciality says something")
        if self.time_zone not in time_zones():
            raise ValueError("a time zone is a name like Europe/Berlin")


@dataclass(frozen=True, slots=True)
class Offer:
    """A kind of call and its price. With `video` a caller may still keep the camera off; `voice` has none."""

    id: str
    title: str
    media: OfferMedia
    rate: Rate
    is_default: bool = False

    def __post_init__(self) -> None:
        if not _OFFER_ID.fullmatch(self.id):
            raise ValueError("an offer's id is 8 to 40 letters, digits, _ or -")
        check_text("a title", self.title, MAX_TITLE)
        if not self.title.strip():
            raise ValueError("an offer has a title")
        durations = (self.rate.increment_ms, self.rate.minimum_ms, self.rate.free_ms)
        if self.rate.price_minor > MAX_PRICE_MINOR or max(durations) > MAX_DURATION_MS:
            raise ValueError("a price or a duration is too large")


@dataclass(frozen=True, slots=True)
class Face:
    """Everything that the public sees of an expert. `offers`: the default first, then as they were added."""

    person: Person
    profile: Profile
    offers: tuple[Offer, ...]

    def offer(self, offer_id: str) -> Offer | None:
        """The offer with this id."""
        return next((each for each in self.offers if each.id == offer_id), None)

    @property
    def default(self) -> Offer | None:
        """What is called when nothing else is chosen; None when the expert has no offers."""
        return self.offers[0] if self.offers else None


def check_text(what: str, text: str, most: int, *, lines: bool = False) -> None:
    """Raise `ValueError` when a text is too long or has characters that are none."""
    if len(text) > most:
        raise ValueError(f"{what} has at most {most} characters")
    allowed = "\n" if lines else ""
    for letter in text:
        strange = unicodedata.category(letter) in {"Cc", "Cs", "Co"} or letter in _OVERRIDES
        if (strange or letter in "\u2028\u2029") and letter not in allowed:
            raise ValueError(f"{what} has a character that cannot be shown")


@cache
def time_zones() -> frozenset[str]:
    """Every time zone that this machine knows."""
    return frozenset(zoneinfo.available_timezones())


def slug_candidates(slug: str) -> Iterator[str]:
    """Addresses to propose when `slug` is taken: near ones first, then numbered ones, without end."""
    stem = slug[:30].strip("-") or "expert"
    yield f"ask-{stem}"
    yield f"{stem}-calls"
    yield f"talk-to-{stem}"
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1
