"""Every route of the API, asked by everybody who must be refused: nobody, the wrong role, an ended login."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from rig.house import House, open_house

from server.api.route import Route
from server.api.table import ROUTES
from server.auth import LoginClaims
from signaling.clock import SystemClock
from storage.worker import Transaction

OURS = {"X-Talktime-Csrf": "1"}
GUARDED = [route for route in ROUTES if route.roles]
PUBLIC = {route.name for route in ROUTES if not route.roles}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house


def path_of(route: Route) -> str:
    return re.sub(r"\{\w+\}", "somebody-elses", route.path)


def bearers(house: House) -> dict[str, str]:
    guest, _ = house.services.logins.guest_token("guest:x", "no-such-call", "Zoe")
    return {"client": house.sam, "expert": house.ada, "operator": house.ola, "guest": guest}


def expired(house: House, role: str) -> str:
    """A link's token of a person, genuine but of yesterday."""
    people = {"client": "sam", "expert": "ada", "operator": "ola", "guest": "guest:x"}
    yesterday = int((SystemClock().wall() - timedelta(days=1)).timestamp())
    claims = LoginClaims(p=people[role], r=role, x=yesterday)  # type: ignore[arg-type]
    return house.services.logins._seal(claims)


def requests() -> Iterator[tuple[Route, str, str]]:
    for route in GUARDED:
        yield route, route.method, path_of(route)


async def test_there_are_routes_to_ask(house: House) -> None:
    assert len(GUARDED) > 25
    assert {"get_expert", "create_client", "sign_in"} <= PUBLIC


async def test_a_stranger_is_refused_everywhere(house: House) -> None:
    for route, method, path in requests():
        reply = await house.ask(method, path, headers=OURS)
        assert (reply.status, reply.code) == (401, "auth.missing"), route.name


async def test_a_token_that_is_none_is_refused_everywhere(house: House) -> None:
    for route, method, path in requests():
        for login in ("nonsense", house.sam[:-6] + "AAAAAA", f"{house.sam}.x"):
            reply = await house.ask(method, path, login)
            assert reply.code in {"auth.malformed", "auth.forged"}, route.name


async def test_an_expired_link_is_refused_everywhere(house: House) -> None:
    for route, method, path in requests():
        reply = await house.ask(method, path, expired(house, min(route.roles)))
        assert (reply.status, reply.code) == (401, "auth.expired"), route.name


async def test_a_revoked_login_is_refused_everywhere(house: House) -> None:
    logins = house.services.browser_logins
    people = {"client": "sam", "expert": "ada", "operator": "ola"}
    cookies = {role: await logins.open(person, "", "test") for role, person in people.items()}
    for role, person in people.items():
        one = {"Cookie": f"talktime={cookies[role]}"}
        assert (await house.ask("GET", "me", headers=one)).body["role"] == role, "it was good before"
        assert await logins.revoke_all(person, person) == 1
    for route, method, path in requests():
        for role in sorted(route.roles & set(people)):
            cookie = OURS | {"Cookie": f"talktime={cookies[role]}"}
            reply = await house.ask(method, path, headers=cookie)
            assert (reply.status, reply.code) == (401, "auth.expired"), route.name


async def test_who_was_taken_out_of_the_house_is_refused_everywhere(house: House) -> None:
    """As `talktime operator remove` does it: what is still around is a link, and a key without an end."""
    scopes = ["calls:read", "calls:write", "people:read", "audit:read", "payments:read", "webhooks:manage"]
    made = await house.ask("POST", "keys", house.ola, {"name": "A site", "scopes": scopes})
    key = made.body["secret"]
    assert (await house.ask("GET", "operator/people", key)).status == 200, "it was good before"

    def remove(transaction: Transaction) -> None:
        transaction.raw.execute("DELETE FROM logins WHERE person_id = 'ola'")
        transaction.raw.execute("DELETE FROM addresses WHERE person_id = 'ola'")
        transaction.raw.execute("DELETE FROM people WHERE id = 'ola'")

    await house.services.database.write(remove)
    asked = 0
    for route, method, path in requests():
        if "operator" not in route.roles:
            continue
        by_link = await house.ask(method, path, house.ola)
        assert (by_link.status, by_link.code) == (403, "auth.forbidden"), route.name
        if route.scope:
            by_key = await house.ask(method, path, key)
            assert (by_key.status, by_key.code) in {(403, "auth.forbidden"), (403, "auth.scope")}, route.name
            asked += by_key.code == "auth.forbidden"
    assert asked > 10


async def test_every_other_role_is_refused_everywhere(house: House) -> None:
    asked = 0
    for route, method, path in requests():
        for role, login in bearers(house).items():
            if role in route.roles:
                continue
            reply = await house.ask(method, path, login)
            assert (reply.status, reply.code) == (403, "auth.forbidden"), (route.name, role)
            asked += 1
    assert asked > 40


async def test_every_write_by_cookie_needs_our_own_page(house: House) -> None:
    logins = house.services.browser_logins
    people = {"client": "sam", "expert": "ada", "operator": "ola"}
    cookies = {role: await logins.open(person, "", "test") for role, person in people.items()}
    for route, method, path in requests():
        if not route.writes:
            continue
        for role in sorted(route.roles & set(people)):
            cookie = {"Cookie": f"talktime={cookies[role]}"}
            for headers in ({}, OURS | {"Origin": "https://evil.example"}):
                reply = await house.ask(method, path, headers=cookie | headers)
                assert (reply.status, reply.code) == (403, "auth.cross_site"), (route.name, role)


async def test_what_logs_in_or_out_needs_our_own_page(house: House) -> None:
    own = [route for route in ROUTES if route.own_page]
    assert {"create_client", "sign_in", "sign_out", "create_code"} <= {route.name for route in own}
    for route in own:
        assert (await house.ask(route.method, path_of(route))).code == "auth.cross_site", route.name
