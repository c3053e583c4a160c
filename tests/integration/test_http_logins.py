"""Logins by cookie over HTTP: a guest starts, the cookie is one's login, and other sites cannot use it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rig.house import House, Reply, open_house

OURS = {"X-Talktime-Csrf": "1"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house


def forget(house: House) -> None:
    """Go on as a browser without cookies."""
    house.http.cookie_jar.clear()


async def start(house: House, name: str = "Lou", **headers: str) -> Reply:
    return await house.ask("POST", "clients", body={"name": name}, headers=OURS | headers)


async def test_a_guest_starts_with_a_name_and_has_a_wallet(house: House) -> None:
    made = await start(house)
    assert made.status == 201
    assert (made.body["role"], made.body["name"], made.body["address"]) == ("client", "Lou", "")
    assert (await house.ask("GET", "me")).body == made.body
    wallet = (await house.ask("GET", "wallet")).body
    assert (wallet["currency"], wallet["available_minor"]) == ("USD", 0)


async def test_the_cookie_is_for_the_server_alone(house: House) -> None:
    cookie = (await start(house)).headers["Set-Cookie"]
    assert cookie.startswith("talktime=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    value = cookie.partition("=")[2].partition(";")[0]
    database = house.config.data_path
    stored = b"".join(path.read_bytes() for path in database.glob("talktime.db*"))
    assert value.encode() not in stored, "only its hash is kept"
    assert value not in house.log.getvalue()


async def test_over_https_the_cookie_is_secure(tmp_path: Path) -> None:
    async with open_house(tmp_path, public_url="https://talk.example.com") as house:
        cookie = (await start(house, Origin="https://talk.example.com")).headers["Set-Cookie"]
    assert cookie.startswith("__Host-talktime=")
    assert "Secure" in cookie.split("; ")


async def test_starting_again_stays_the_same_person(house: House) -> None:
    first = await start(house)
    again = await start(house, "Somebody else")
    assert again.body == first.body


async def test_an_expert_does_not_start_as_a_guest(house: House) -> None:
    cookie = await house.services.browser_logins.open("ada", "", "test")
    refused = await start(house, Cookie=f"talktime={cookie}")
    assert (refused.status, refused.code) == (409, "login.other_role")


@pytest.mark.parametrize("name", ["", " ", " Lou", "x" * 61, "a\nb", "\u202eLou", 5, None])
async def test_a_guest_needs_a_name(house: House, name: object) -> None:
    refused = await house.ask("POST", "clients", body={"name": name}, headers=OURS)
    assert refused.code == "request.invalid"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Talktime-Csrf": ""},
        OURS | {"Origin": "https://evil.example"},
        OURS | {"Origin": "null"},
        OURS | {"Origin": "http://127.0.0.1:1"},
        OURS | {"Sec-Fetch-Site": "cross-site"},
        OURS | {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_other_sites_cannot_write_with_the_cookie(house: House, headers: dict[str, str]) -> None:
    await start(house)
    order = {"id": "x" * 20, "amount_minor": 500, "currency": "USD"}
    refused = await house.ask("POST", "wallet/top-ups", body=order, headers=headers)
    assert (refused.status, refused.code) == (403, "auth.cross_site")
    assert (await house.ask("GET", "wallet")).body["available_minor"] == 0
    forget(house)
    assert (await house.ask("POST", "clients", body={"name": "Lou"}, headers=headers)).status == 403


async def test_our_own_pages_write_with_the_cookie(house: House) -> None:
    await start(house)
    order = {"id": "x" * 20, "amount_minor": 500, "currency": "USD"}
    headers = OURS | {"Origin": house.url, "Sec-Fetch-Site": "same-origin"}
    assert (await house.ask("POST", "wallet/top-ups", body=order, headers=headers)).status == 201


async def test_only_the_public_address_is_ours_when_it_is_set(tmp_path: Path) -> None:
    async with open_house(tmp_path, public_url="https://talk.example.com") as house:
        assert (await start(house, Origin=house.url)).code == "auth.cross_site"
        assert (await start(house, Origin="https://talk.example.com:443")).status == 201


async def test_a_link_goes_before_the_cookie(house: House) -> None:
    await start(house)
    assert (await house.ask("GET", "me", house.sam)).body["id"] == "sam"


async def test_a_cookie_that_is_none_is_refused(house: House) -> None:
    for value in ("nonsense", "x" * 5_000, "a.b"):
        refused = await house.ask("GET", "me", headers={"Cookie": f"talktime={value}"})
        assert (refused.status, refused.code) == (401, "auth.expired")
    assert (await house.ask("GET", "me", headers={"Cookie": "talktime="})).code == "auth.missing"


async def test_guests_of_one_network_address_are_bounded(tmp_path: Path) -> None:
    async with open_house(tmp_path, starts_per_hour=3) as house:
        for _ in range(3):
            assert (await start(house)).status == 201
            forget(house)
        refused = await start(house)
        assert (refused.status, refused.code) == (429, "request.rate")
        assert 0 < int(refused.headers["Retry-After"]) <= 1200
        spoofed = await start(house, **{"X-Forwarded-For": "192.0.2.1"})
        assert spoofed.status == 429, "what a stranger writes about itself is not believed"


async def test_behind_a_proxy_the_address_before_it_counts(tmp_path: Path) -> None:
    async with open_house(tmp_path, starts_per_hour=1, proxies=1) as house:
        outcomes = []
        for forwarded in ("192.0.2.1", "192.0.2.2", "192.0.2.3, 192.0.2.1"):
            outcomes.append((await start(house, **{"X-Forwarded-For": forwarded})).status)
            forget(house)
        assert outcomes == [201, 201, 429]


async def test_what_an_operator_ends_and_who_is_invited_is_in_the_audit_log(house: House) -> None:
    talk = await house.talk()
    invited = await house.ask("POST", f"calls/{talk.call_id}/guests", house.ada, {"name": "Lou"})
    assert invited.status == 201
    for _ in range(2):
        assert (await house.ask("POST", f"operator/calls/{talk.call_id}/end", house.ola)).status == 200
    [invitation] = await house.services.audit_log.read(action="guest.invited")
    assert (invitation.actor, invitation.detail) == ("ada", {"call": talk.call_id})
    [ended] = await house.services.audit_log.read(about="sam", action="call.ended")
    assert (ended.actor, ended.detail) == ("ola", {"call": talk.call_id})


async def test_what_touches_access_is_in_the_audit_log(house: House) -> None:
    person = (await start(house)).body["id"]
    lines = await house.services.audit_log.read(about=person)
    assert [(line.actor, line.action) for line in lines] == [
        (person, "login.opened"),
        (person, "person.added"),
    ]
