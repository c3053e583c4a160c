"""Experts over HTTP: becoming one, changing one's page, offers and what calls do with them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rig.house import House, Reply, open_house

from server.auth import Logins
from server.keys import load_or_make
from signaling.tokens import TokenSigner

OURS = {"X-Talktime-Csrf": "1"}
OFFER: dict[str, Any] = {"title": "Video call", "media": "video", "price_minor": 240}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, starts_per_hour=1_000) as house:
        yield house


def order(slug: str = "emmy", **changed: object) -> dict[str, object]:
    return {
        "id": secrets.token_hex(12), "name": "Emmy Noether", "slug": slug, "currency": "EUR",
        "offer": OFFER, "headline": "Symmetry.", "bio": "Rings.\n\nIdeals.", "languages": ["de", "en"],
        "specialities": ["Algebra", "Invariants"], "time_zone": "Europe/Berlin",
    } | changed  # fmt: skip


async def become(house: House, body: dict[str, object] | None = None, **headers: str) -> Reply:
    return await house.ask("POST", "experts", body=body or order(), headers=OURS | headers)


def forget(house: House) -> None:
    """Go on as a browser without cookies."""
    house.http.cookie_jar.clear()


async def offer(house: House, **changed: object) -> Reply:
    """Ada adds an offer."""
    terms = OFFER | {"title": "Voice call", "media": "voice", "price_minor": 120} | changed
    return await house.ask("POST", "profile/offers", house.ada, {"id": secrets.token_hex(12), "terms": terms})


async def call(house: House, login: str = "", **changed: object) -> Reply:
    body = {"id": secrets.token_hex(12), "host": "ada"} | changed
    return await house.ask("POST", "calls", login or house.sam, body)


# -- becoming an expert ------------------------------------------------------------------------------------


async def test_nobody_becomes_an_expert_with_a_page_and_a_login(house: House) -> None:
    made = await become(house)
    assert made.status == 201, made.text
    assert made.body["url"].endswith("/e/emmy")
    me = (await house.ask("GET", "me")).body
    assert (me["role"], me["slug"], me["name"]) == ("expert", "emmy", "Emmy Noether")
    assert (await house.ask("GET", "profile")).body == made.body
    forget(house)
    face = (await house.ask("GET", "experts/emmy")).body
    assert (face["bio"], face["languages"]) == ("Rings.\n\nIdeals.", ["de", "en"])
    assert (face["specialities"], face["time_zone"]) == (["Algebra", "Invariants"], "Europe/Berlin")
    assert face["tariff"] == face["offers"][0]["tariff"]
    assert (face["tariff"]["currency"], face["tariff"]["price_minor"]) == ("EUR", 240)


async def test_the_making_is_in_the_audit_log_and_other_sites_cannot_do_it(house: House) -> None:
    bare = await house.ask("POST", "experts", body=order())
    assert (bare.status, bare.code) == (403, "auth.cross_site")
    await become(house)
    actions = [entry.action for entry in await house.services.audit_log.read()]
    assert {"person.added", "login.opened"} <= set(actions)


async def test_a_retry_is_the_same_expert_and_logs_in_again_for_a_while(house: House) -> None:
    body = order()
    first = await become(house, body)
    # The same browser, which has its cookie; and one whose answer got lost, which has none.
    assert (await become(house, body)).body == first.body
    forget(house)
    again = await become(house, body)
    assert (again.status, again.body) == (201, first.body)
    assert (await house.ask("GET", "me")).body["slug"] == "emmy"


async def test_the_id_is_no_login_for_ever(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    body = order()
    await become(house, body)
    forget(house)
    wall = house.services.clock.wall
    monkeypatch.setattr(type(house.services.clock), "wall", lambda _self: wall() + timedelta(minutes=11))
    refused = await become(house, body)
    assert (refused.status, refused.code) == (401, "auth.expired")
    assert (await house.ask("GET", "me")).code == "auth.missing"


async def test_an_address_is_taken_once_and_others_are_proposed(house: House) -> None:
    refused = await become(house, order("ada"))
    assert (refused.status, refused.code) == (409, "slug.taken")
    state = (await house.ask("GET", "slugs/ada")).body
    assert state["free"] is False
    assert len(state["suggestions"]) == 3
    for each in state["suggestions"]:
        assert (await house.ask("GET", f"slugs/{each}")).body == {
            "slug": each, "free": True, "suggestions": [],
        }  # fmt: skip
    assert (await become(house, order(state["suggestions"][0]))).status == 201
    assert (await house.ask("GET", "slugs/Not_an_address")).code == "request.invalid"


async def test_of_many_who_want_an_address_at_once_one_gets_it(house: House) -> None:
    replies = await asyncio.gather(*(become(house, order(name=f"Emmy {n}")) for n in range(5)))
    assert sorted(reply.status for reply in replies) == [201, 409, 409, 409, 409]


async def test_an_address_that_would_pass_for_the_house_is_taken(house: House) -> None:
    for slug in ("support", "admin", "talktime"):
        assert (await become(house, order(slug))).code == "slug.taken"


MISFITS: list[dict[str, object]] = [
    {"slug": "Emmy"}, {"slug": "-emmy"}, {"slug": "e" * 41}, {"slug": ""}, {"slug": "e/m"},
    {"name": ""}, {"name": " Emmy"}, {"name": "x" * 61}, {"name": "Em\nmy"}, {"name": "Em\u202emy"},
    {"headline": "x" * 201}, {"headline": "two\nlines"}, {"bio": "x" * 4001}, {"bio": "\u202eoops"},
    {"bio": "nul \x00"}, {"languages": ["German"]}, {"languages": ["de", "de"]},
    {"languages": ["de"] * 9}, {"specialities": ["x" * 41]}, {"specialities": [" "]},
    {"specialities": ["a\tb"]}, {"time_zone": "Mars/Olympus"}, {"time_zone": "../../etc/passwd"},
    {"currency": "XXX"}, {"currency": "usd"}, {"id": "short"}, {"extra": 1},
    {"offer": OFFER | {"price_minor": -1}}, {"offer": OFFER | {"price_minor": 2.5}},
    {"offer": OFFER | {"price_minor": 10_000_001}}, {"offer": OFFER | {"increment_ms": 0}},
    {"offer": OFFER | {"free_ms": 3_600_001}}, {"offer": OFFER | {"title": ""}},
    {"offer": OFFER | {"media": "smell"}}, {"offer": OFFER | {"per_ms": 1}},
]  # fmt: skip


async def test_what_does_not_fit_makes_nobody(house: House) -> None:
    for changed in MISFITS:
        refused = await become(house, order(**changed))
        assert (refused.status, refused.code) == (422, "request.invalid"), changed
    assert (await house.ask("GET", "experts/emmy")).code == "expert.unknown"


async def test_becoming_an_expert_is_limited_by_network_address(tmp_path: Path) -> None:
    async with open_house(tmp_path, starts_per_hour=2) as house:
        statuses = []
        for n in range(3):
            forget(house)
            statuses.append((await become(house, order(f"emmy-{n}"))).status)
    assert statuses == [201, 201, 429]


async def test_a_guest_with_a_wallet_does_not_lose_it_by_becoming_an_expert(house: House) -> None:
    await house.ask("POST", "clients", body={"name": "Lou"}, headers=OURS)
    before = (await house.ask("GET", "me")).body
    refused = await become(house)
    assert (refused.status, refused.code) == (409, "login.other_role")
    assert (await house.ask("GET", "me")).body == before
    # With an address there is a way back, and the expert is one more profile of it.
    await house.services.addresses.attach(before["id"], "lou@example.org", "2026-01-01T00:00:00.000Z", "test")
    assert (await become(house)).status == 201
    me = (await house.ask("GET", "me")).body
    assert (me["role"], me["address"]) == ("expert", "lou@example.org")


# -- changing one's page -----------------------------------------------------------------------------------

CHANGE = {
    "name": "Ada Lovelace", "headline": "Notes.", "bio": "A\r\nB", "languages": ["en"],
    "specialities": ["Engines"], "time_zone": "Europe/London",
}  # fmt: skip


async def test_a_page_is_changed_by_its_expert(house: House) -> None:
    changed = await house.ask("POST", "profile", house.ada, CHANGE)
    assert changed.status == 200
    assert changed.body | CHANGE | {"bio": "A\nB"} == changed.body
    assert (await house.ask("GET", "experts/ada")).body["name"] == "Ada Lovelace"
    assert (await house.ask("GET", "experts/grace")).body["name"] == "Grace"
    bad = await house.ask("POST", "profile", house.ada, CHANGE | {"time_zone": "Nowhere"})
    assert (bad.status, bad.code) == (422, "request.invalid")
    assert (await house.ask("GET", "profile", house.ada)).body == changed.body


async def test_nobody_else_changes_a_page(house: House) -> None:
    signer = TokenSigner(load_or_make(house.config.secret_path).token_key)
    expired, _ = Logins(signer, house.services.clock, -1).token("ada", "expert")
    mine = (await house.ask("GET", "profile", house.ada)).body
    offer_id = mine["offers"][0]["id"]
    change = {"terms": OFFER | {"price_minor": 1}}
    attempts: list[tuple[str, object]] = [
        ("profile", CHANGE),
        ("profile/photo/remove", None),
        ("profile/offers", {"id": secrets.token_hex(12), **change}),
        (f"profile/offers/{offer_id}", change),
        (f"profile/offers/{offer_id}/withdraw", None),
    ]
    for path, body in attempts:
        for login, code in (
            ("", "auth.missing"), (house.sam, "auth.forbidden"), (house.ola, "auth.forbidden"),
            (expired, "auth.expired"),
        ):  # fmt: skip
            assert (await house.ask("POST", path, login, body)).code == code, path
    # Another expert reaches their own page only, whatever id they name.
    refused = await house.ask("POST", f"profile/offers/{offer_id}", house.grace, change)
    assert (refused.status, refused.code) == (404, "offer.unknown")
    assert (await house.ask("POST", f"profile/offers/{offer_id}/withdraw", house.grace)).status == 200
    assert (await house.ask("GET", "profile", house.ada)).body == mine


# -- offers ------------------------------------------------------------------------------------------------


async def test_an_offer_is_added_once_per_id(house: House) -> None:
    body = {"id": secrets.token_hex(12), "terms": OFFER | {"title": "Deep dive", "price_minor": 600}}
    first = await house.ask("POST", "profile/offers", house.ada, body)
    again = await house.ask("POST", "profile/offers", house.ada, body)
    assert (first.status, again.body) == (201, first.body)
    assert [each["title"] for each in first.body["offers"]] == ["Call", "Deep dive"]
    other = await house.ask("POST", "profile/offers", house.grace, body)
    assert [each["title"] for each in other.body["offers"]] == ["Call", "Deep dive"]


async def test_the_default_offer_is_the_price_of_a_call_that_names_none(house: House) -> None:
    added = (await offer(house, title="Deep dive", media="video", price_minor=600)).body["offers"][1]
    made = await house.ask(
        "POST", f"profile/offers/{added['id']}", house.ada,
        {"terms": OFFER | {"title": "Deep dive", "price_minor": 700}, "is_default": True},
    )  # fmt: skip
    assert [(each["title"], each["is_default"]) for each in made.body["offers"]] == [
        ("Deep dive", True), ("Call", False),
    ]  # fmt: skip
    assert (await house.ask("GET", "experts/ada")).body["tariff"]["price_minor"] == 700
    house.online()
    assert (await call(house)).body["call"]["tariff"]["price_minor"] == 700


async def test_a_call_for_an_offer_copies_its_tariff_and_keeps_it(house: House) -> None:
    added = (await offer(house, increment_ms=60_000, minimum_ms=180_000, free_ms=30_000)).body["offers"][1]
    house.online()
    made = await call(house, offer=added["id"], media="voice")
    assert made.status == 201, made.text
    assert made.body["call"]["tariff"] == added["tariff"]
    call_id = made.body["call"]["id"]
    await house.ask("POST", f"profile/offers/{added['id']}", house.ada, {"terms": OFFER | {"price_minor": 1}})
    await house.ask("POST", f"profile/offers/{added['id']}/withdraw", house.ada)
    later = await house.ask("GET", f"calls/{call_id}", house.sam)
    assert later.body["call"]["tariff"] == added["tariff"]


async def test_an_offer_of_somebody_else_or_of_the_wrong_kind_is_refused(house: House) -> None:
    voice = (await offer(house)).body["offers"][1]
    foreign = (await house.ask("GET", "experts/grace")).body["offers"][0]
    house.online()
    for wanted, media, code in (
        (foreign["id"], "video", "offer.unknown"), ("nothing-here", "video", "offer.unknown"),
        (voice["id"], "video", "offer.media"),
    ):  # fmt: skip
        assert (await call(house, offer=wanted, media=media)).code == code
    assert (await house.ask("GET", "wallet", house.sam)).body["held_minor"] == 0


async def test_nobody_pays_a_price_that_they_did_not_see(house: House) -> None:
    """The expert asks for more between the moment at which the caller saw the price and the click."""
    added = (await offer(house)).body["offers"][1]
    shown, call_id = added["tariff"], secrets.token_hex(12)
    house.online()
    dearer = {"terms": OFFER | {"price_minor": 300}}
    changed = await house.ask("POST", f"profile/offers/{added['id']}", house.ada, dearer)
    order = {"id": call_id, "host": "ada", "media": "voice", "offer": added["id"], "shown": shown}
    refused = await house.ask("POST", "calls", house.sam, order)
    assert (refused.status, refused.code) == (409, "offer.changed")
    assert (await house.ask("GET", "experts/ada")).body["live"]["state"] == "available", "nothing rings"
    line = {"media": "voice", "offer": added["id"]}
    waits = await house.ask("POST", "experts/ada/line", house.sam, line | {"shown": shown})
    assert waits.code == "offer.changed", "nor is a price promised that was not seen"

    seen = order | {"shown": changed.body["offers"][1]["tariff"]}
    assert (await house.ask("POST", "calls", house.sam, seen)).body["call"]["tariff"]["price_minor"] == 300
    await house.ask("POST", f"profile/offers/{added['id']}", house.ada, {"terms": OFFER})
    again = await house.ask("POST", "calls", house.sam, seen)
    assert (again.status, again.body["call"]["id"]) == (201, call_id), "a retry is the call that was made"


async def test_without_offers_nobody_can_call(house: House) -> None:
    only = (await house.ask("GET", "profile", house.ada)).body["offers"][0]["id"]
    for _ in range(2):
        assert (await house.ask("POST", f"profile/offers/{only}/withdraw", house.ada)).body["offers"] == []
    house.online()
    refused = await call(house)
    assert (refused.status, refused.code) == (409, "offer.none")
    assert (await house.ask("GET", "experts/ada")).body["offers"] == []
    back = await offer(house, media="video", price_minor=90)
    assert [each["is_default"] for each in back.body["offers"]] == [True]
    assert (await call(house)).body["call"]["tariff"]["price_minor"] == 90


async def test_when_the_default_goes_the_next_one_is_it(house: House) -> None:
    await offer(house)
    profile = (await house.ask("GET", "profile", house.ada)).body
    left = await house.ask("POST", f"profile/offers/{profile['offers'][0]['id']}/withdraw", house.ada)
    assert [(each["title"], each["is_default"]) for each in left.body["offers"]] == [("Voice call", True)]
    assert (await house.ask("GET", "experts/ada")).body["tariff"]["price_minor"] == 120


async def test_every_change_of_a_price_is_in_the_audit_log(house: House) -> None:
    added = (await offer(house, price_minor=100)).body["offers"][1]["id"]
    path = f"profile/offers/{added}"
    await house.ask("POST", path, house.ada, {"terms": OFFER | {"price_minor": 100, "title": "Other words"}})
    for price_minor in (150, 150):
        await house.ask("POST", path, house.ada, {"terms": OFFER | {"price_minor": price_minor}})
    for _ in range(2):
        await house.ask("POST", f"{path}/withdraw", house.ada)
    log = await house.services.audit_log.read(about="ada", action="offer.")
    assert [(entry.action, entry.actor) for entry in reversed(log)] == [
        ("offer.added", "ada"), ("offer.changed", "ada"), ("offer.withdrawn", "ada"),
    ]  # fmt: skip
    assert "150" in str(log[1].detail)
    assert "100" in str(log[1].detail)


async def test_eight_offers_are_enough(house: House) -> None:
    replies = [await offer(house, title=f"Offer {n}") for n in range(8)]
    assert [reply.status for reply in replies] == [201] * 7 + [409]
    assert replies[-1].code == "offer.limit"
