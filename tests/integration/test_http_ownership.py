"""Everything that is Sam's or Ada's, asked for by its real id by another client and by another expert.

Beside the table of roles (test_http_access): the role is right here, and the person is not. A route with an
id in its path fails here until it is said whose it is and what a good body would be.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from rig.house import House, Reply, open_house
from rig.past import talked

from server.api.route import Route
from server.api.table import ROUTES

ID = "x" * 20
BODIES: dict[str, dict[str, Any]] = {
    "create_guest": {"name": "Zoe"},
    "change_origins": {"origins": ["https://evil.example"]},
    "give_tip": {"id": ID, "amount_minor": 1},
    "rate_call": {"stars": 1},
    "open_dispute": {"reason": "I heard nothing at all."},
    "answer_dispute": {"text": "I did."},
    "refund_call": {"id": ID, "amount_minor": 1},
    "confirm_payment": {"back": "/wallet"},
    "change_offer": {"terms": {"title": "Mine", "media": "voice", "price_minor": 1}, "is_default": True},
    "write_note": {"text": "Mine."},
}  # fmt: skip
EVERYBODYS = {"join_line"}
"""The path names an expert, and any client may."""
NO_HARM = {"withdraw_offer"}
"""What is not among one's own is gone already: answered as done, and nothing is."""
OTHERS = {"client": "kim", "expert": "grace"}
OWNERS = {"client": "sam", "expert": "ada"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, webhook_targets="any") as house:
        yield house
        assert await house.services.ledger.reconcile() == []


def guarded() -> list[Route]:
    """Routes for clients or experts with an id in the path."""
    return [
        route
        for route in ROUTES
        if "{" in route.path and route.roles & set(OTHERS) and route.name not in EVERYBODYS
    ]


async def made(house: House, method: str, path: str, login: str, body: Any = None) -> Any:
    reply = await house.ask(method, path, login, body)
    assert reply.status < 300, reply.text
    return reply.body


async def things(house: House) -> dict[str, list[str]]:
    """One of everything that has an id, by the parameter's name."""
    over = await talked(house, 400)
    talk = await house.talk()
    await house.talk(house.kim, "grace")
    place = await made(house, "POST", "experts/grace/line", house.sam, {"wish": "Boats."})
    wish = {"id": secrets.token_hex(12), "amount_minor": 1_000, "currency": "USD", "how": "checkout"}
    payment = await made(house, "POST", "wallet/payments", house.sam, wish)
    key = await made(house, "POST", "keys", house.ada, {"name": "Mine", "scopes": ["calls:read"]})
    # Nobody listens there: what is sent fails and waits.
    hook = await made(house, "POST", "webhooks", house.ada, {"url": "http://127.0.0.1:9/"})
    endpoint = hook["endpoint"]["id"]
    delivery = await made(house, "POST", f"webhooks/{endpoint}/test", house.ada)
    site = {"id": secrets.token_hex(12), "name": "Mine", "origins": ["https://example.org"]}
    await made(house, "POST", "sites", house.ada, site)
    profile = await made(house, "GET", "profile", house.ada)
    logins = house.services.browser_logins
    for person in OWNERS.values():
        await logins.open(person, "", "test")
    opened = [each.id for person in OWNERS.values() for each in await logins.of(person)]
    return {
        "call_id": [over, talk.call_id],
        "place_id": [place["place"]["id"]],
        "payment_id": [payment["id"]],
        "key_id": [key["key"]["id"]],
        "endpoint_id": [endpoint],
        "delivery_id": [delivery["id"]],
        "site_id": [site["id"]],
        "offer_id": [profile["offers"][0]["id"]],
        "login_id": opened,
        "client_id": ["sam"],
        "file_id": [ID],
    }


async def send(house: House, route: Route, path: str, login: str) -> Reply:
    if route.upload is not None:
        typed = {"Content-Type": route.upload.types[0]}
        return await house.ask(
            route.method, f"{path}?id={ID}&name=a.txt", login, headers=typed, data=b"Hello"
        )
    assert (route.body is not None) == (route.name in BODIES), f"{route.name}: say what a good body is"
    return await house.ask(route.method, path, login, BODIES.get(route.name))


def paths(route: Route, there: dict[str, list[str]]) -> list[str]:
    """The route's path with each of the real ids."""
    (*others, last) = re.findall(r"\{(\w+)\}", route.path)[::-1]
    path = route.path
    for name in others:
        path = path.replace(f"{{{name}}}", there[name][0])
    return [path.replace(f"{{{last}}}", each) for each in there[last]]


async def test_another_client_and_another_expert_are_told_that_it_does_not_exist(house: House) -> None:
    there = await things(house)
    offers = (await house.ask("GET", "profile", house.ada)).body["offers"]
    logins = {"client": house.kim, "expert": house.grace}
    asked = 0
    for route in guarded():
        for role in sorted(route.roles & set(OTHERS)):
            for path in paths(route, there):
                reply = await send(house, route, path, logins[role])
                if route.name in NO_HARM and reply.status == 200:
                    continue
                assert reply.status == 404, (route.name, role, reply.text)
                assert reply.code.endswith(".unknown"), (route.name, role, reply.code)
                asked += 1
    assert asked > 50
    # It was all there, and still is as it was.
    for path, login in (
        ("calls/{call_id}", house.sam), ("calls/{call_id}", house.ada), ("line/{place_id}", house.sam),
        ("wallet/payments/{payment_id}", house.sam), ("webhooks/{endpoint_id}/deliveries", house.ada),
        ("webhook-deliveries/{delivery_id}", house.ada), ("console/calls/{call_id}/client", house.ada),
    ):  # fmt: skip
        name = re.findall(r"\{(\w+)\}", path)[0]
        for each in there[name]:
            assert (await house.ask("GET", path.replace(f"{{{name}}}", each), login)).status == 200, path
    for call_id in there["call_id"]:
        after = (await house.ask("GET", f"calls/{call_id}/after", house.ada)).body
        assert (after["tips"], after["refunds"], after["dispute"], after["rating"]) == ([], [], None, None)
    assert house.services.desk.view(there["call_id"][1]).state == "open"
    (key,) = (await house.ask("GET", "keys", house.ada)).body["keys"]
    assert key["state"] == "active"
    assert (await house.ask("GET", "profile", house.ada)).body["offers"] == offers


async def test_nobodys_list_has_what_is_somebody_elses(house: House) -> None:
    there = await things(house)
    del there["client_id"], there["file_id"]
    theirs = [each for ids in there.values() for each in ids]
    listed: set[str] = set()
    for route in ROUTES:
        if route.method != "GET" or "{" in route.path or not route.roles & set(OTHERS):
            continue
        for role, other in (("client", house.kim), ("expert", house.grace)):
            if role not in route.roles:
                continue
            text = (await house.ask("GET", route.path, other)).text
            assert not [each for each in theirs if each in text], (route.name, role)
            own = (await house.ask("GET", route.path, house.sam if role == "client" else house.ada)).text
            listed |= {each for each in theirs if each in own}
    # Their own people do see them there: the ids are what is listed.
    assert {there["call_id"][0], there["place_id"][0], there["key_id"][0], there["site_id"][0]} <= listed
