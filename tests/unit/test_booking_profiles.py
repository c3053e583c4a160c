"""Profiles and offers: what they may say, and which addresses are proposed."""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path

import pytest

from booking.people import Rate, is_slug
from booking.profiles import CURRENCIES, Offer, Profile, slug_candidates
from server import wording
from server.errors import Problem
from server.photos import remade

WEB = Path(__file__).parents[2] / "web"
RATE = Rate("USD", 240)


@pytest.mark.parametrize(
    "changed",
    [
        {"bio": "two\nparagraphs, 日本語, ع, 👩‍🚀 and \u200d joiners"},
        {"languages": ("pt-BR", "zh-Hant", "gsw")},
        {"specialities": ("Ärger", "C++", "<b>")}, {"time_zone": "America/Argentina/Buenos_Aires"},
    ],
)  # fmt: skip
def test_what_people_say_is_kept(changed: dict[str, object]) -> None:
    assert Profile("ada", **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        {"bio": "bell \x07"}, {"bio": "\u202eevil"}, {"bio": "a\u2028b"}, {"bio": "\ud800"},
        {"specialities": ("two\nlines",)}, {"specialities": ("x",) * 2}, {"specialities": tuple("abcdefghi")},
        {"languages": ("EN",)}, {"languages": ("en_US",)}, {"time_zone": ""}, {"time_zone": "/etc/passwd"},
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Profile("ada", **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("offer_id", "title", "rate"),
    [
        ("short", "Call", RATE), ("a" * 8, " ", RATE), ("a" * 8, "x" * 61, RATE), ("a" * 8, "a\nb", RATE),
        ("a" * 8, "Call", Rate("USD", 10_000_001)), ("a" * 8, "Call", Rate("USD", 1, free_ms=3_600_001)),
    ],
)  # fmt: skip
def test_an_offer_has_bounds(offer_id: str, title: str, rate: Rate) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Offer(offer_id, title, "video", rate)


@pytest.mark.parametrize("slug", ["ada", "a", "a" * 40, "a-b-c"])
def test_addresses_that_are_proposed_are_addresses_and_differ(slug: str) -> None:
    proposed = list(islice(slug_candidates(slug), 50))
    assert len(set(proposed)) == 50
    assert slug not in proposed
    assert all(is_slug(each) for each in proposed)


# -- words and lists that the pages have, too ----------------------------------------------------------------


def test_the_pages_offer_currencies_and_languages_that_the_server_knows() -> None:
    fields = (WEB / "src/elements/offer-fields.ts").read_text()
    listed = re.search(r"CURRENCIES = \[(.*?)\]", fields, re.DOTALL)
    assert listed is not None
    assert tuple(re.findall(r'"([A-Z]{3})"', listed[1])) == CURRENCIES
    codes = re.search(r"LANGUAGES = \[(.*?)\]", (WEB / "src/core/languages.ts").read_text(), re.DOTALL)
    assert codes is not None
    languages = re.findall(r'"([^"]+)"', codes[1])
    assert len(languages) > 30
    for code in languages:
        Profile("ada", languages=(code,))
        assert wording.language(code) != code, f"{code} has a name"


def test_a_price_is_told_as_the_pages_tell_it() -> None:
    rate = Rate("EUR", 199, increment_ms=60_000, minimum_ms=180_000, free_ms=30_000)
    assert wording.price(rate) == "€1.99 a minute"
    assert wording.conditions(rate) == [
        "Each started 1 min is charged.", "The first 30 s are free.", "At least 3 min are charged.",
    ]  # fmt: skip
    assert (wording.price(Rate("JPY", 300)), wording.price(Rate("USD", 0))) == (
        "¥300 a minute",
        "Free of charge",
    )
    assert wording.conditions(Rate("USD", 1, increment_ms=1000)) == ["Charged by the second."]
    assert [wording.duration(ms) for ms in (999, 40_000, 440_000, 3_600_000, 3_840_000)] == [
        "0 s", "40 s", "7 min 20 s", "1 h", "1 h 4 min",
    ]  # fmt: skip
    vectors = json.loads((WEB / "test/tariff-vectors.json").read_text())["vectors"]
    assert {vector["tariff"]["currency"] for vector in vectors} <= set(CURRENCIES)


def test_bytes_that_only_begin_like_a_photo_are_none() -> None:
    for data in (b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n" + b"\xff" * 5000):
        with pytest.raises(Problem, match=r"photo\.unreadable"):
            remade(data)
