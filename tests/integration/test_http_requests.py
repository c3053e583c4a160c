"""The shell around every request: logins, limits, ids, headers, and errors that are never a stack trace."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rig.house import House, open_house

from booking.people import ADA, Person
from metering.errors import LedgerUnavailable
from server.api.route import Route
from server.api.table import ROUTES
from server.auth import LoginClaims, Logins
from server.http import MAX_BODY_BYTES
from server.keys import load_or_make
from signaling.clock import HandClock
from signaling.tokens import TokenSigner

PRIVATE = [route for route in ROUTES if route.roles]
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house


def path_of(route: Route) -> str:
    return re.sub(r"\{\w+\}", "a" * 20, route.path.replace("{slug}", "ada"))


# -- logins ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", PRIVATE, ids=lambda route: route.name)
async def test_every_private_route_wants_a_login(house: House, route: Route) -> None:
    missing = await house.ask(route.method, path_of(route))
    forged = await house.ask(route.method, path_of(route), house.sam[:-4] + "AAAA")
    assert (missing.status, missing.code) == (401, "auth.missing")
    assert (forged.status, forged.code) == (401, "auth.forged")
    assert missing.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("route", PRIVATE, ids=lambda route: route.name)
async def test_every_private_route_refuses_the_roles_it_does_not_name(house: House, route: Route) -> None:
    logins = {"client": house.sam, "expert": house.ada, "operator": house.ola}
    logins["guest"], _ = house.services.logins.guest_token("guest:1", "b" * 20, "Zoe")
    others = [login for role, login in logins.items() if role not in route.roles]
    for login in others:
        refused = await house.ask(route.method, path_of(route), login, {} if route.body else None)
        assert (refused.status, refused.code) == (403, "auth.forbidden")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Basic c2FtOnNhbQ==", "auth.malformed"),
        ("Bearer", "auth.malformed"),
        ("Bearer ", "auth.malformed"),
        ("Bearer not-a-token", "auth.malformed"),
        ("Bearer a.b.c", "auth.malformed"),
        ("Bearer " + "a" * 3000 + ".b", "auth.malformed"),
        ("Bearer e30.e30", "auth.forged"),
    ],
)
async def test_a_header_that_is_no_login(house: House, header: str, code: str) -> None:
    refused = await house.ask("GET", "me", headers={"Authorization": header})
    assert (refused.status, refused.code) == (401, code)


async def test_a_login_expires(house: House) -> None:
    clock = HandClock(wall=datetime.now(UTC) - timedelta(days=31))
    signer = TokenSigner(_token_key(house))
    old, _ = Logins(signer, clock, 30).token("sam", "client")
    young, _ = Logins(signer, clock, 32).token("sam", "client")
    refused = await house.ask("GET", "me", old)
    assert (refused.status, refused.code) == (401, "auth.expired")
    assert (await house.ask("GET", "me", young)).status == 200


async def test_a_login_of_another_server_is_forged(house: House) -> None:
    foreign, _ = Logins(TokenSigner(b"x" * 32), house.services.clock, 30).token("sam", "client")
    assert (await house.ask("GET", "me", foreign)).code == "auth.forged"


async def test_claims_that_make_no_sense_are_malformed_even_when_signed(house: House) -> None:
    signer = TokenSigner(_token_key(house))
    claims = LoginClaims(p="sam", r="root", x=2**40)  # type: ignore[arg-type]
    assert (await house.ask("GET", "me", signer.seal("login", claims))).code == "auth.malformed"
    for_something_else = signer.seal("connect", LoginClaims(p="sam", r="client", x=2**40))
    assert (await house.ask("GET", "me", for_something_else)).code == "auth.forged"


async def test_a_login_without_its_profile_may_nothing(house: House) -> None:
    nobody, _ = house.services.logins.token("nobody", "client")
    promoted, _ = house.services.logins.token("sam", "operator")
    assert (await house.ask("GET", "me", nobody)).code == "auth.forbidden"
    assert (await house.ask("GET", "me", promoted)).code == "auth.forbidden"


async def test_me_says_who_i_am(house: House) -> None:
    me = (await house.ask("GET", "me", house.ada)).body
    assert me == {"id": "ada", "role": "expert", "name": "Ada", "slug": "ada", "call": "", "address": ""}


def _token_key(house: House) -> bytes:
    return load_or_make(house.config.secret_path).token_key


# -- bodies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code", "status"),
    [
        (b"", "request.malformed", 400),
        (b"{", "request.malformed", 400),
        (b"\xff\xfe", "request.malformed", 400),
        (b"[" * 10_000, "request.invalid", 422),
        (b'{"id": "\xff"}', "request.malformed", 400),
        (b"{}", "request.invalid", 422),
        (b"null", "request.invalid", 422),
        (b'{"id":"aaaaaaaaaaaaaaaaaaaa","host":"ada","media":"smell"}', "request.invalid", 422),
        (b'{"id":"aaaaaaaaaaaaaaaaaaaa","host":"","media":"voice"}', "request.invalid", 422),
        (b'{"id":"aaaaaaaaaaaaaaaaaaaa","host":"ada","price_minor":0}', "request.invalid", 422),
    ],
)
async def test_bad_bodies(house: House, data: bytes, code: str, status: int) -> None:
    refused = await house.ask("POST", "calls", house.sam, data=data, headers=JSON)
    assert (refused.status, refused.code) == (status, code)


async def test_a_body_must_be_json_and_small(house: House) -> None:
    form = await house.ask("POST", "calls", house.sam, data=b"id=1", headers={"Content-Type": "text/plain"})
    assert (form.status, form.code) == (415, "request.media_type")
    large = await house.ask("POST", "calls", house.sam, data=b" " * (MAX_BODY_BYTES + 1), headers=JSON)
    assert (large.status, large.code) == (413, "request.too_large")
    endless = await house.ask("POST", "calls", house.sam, data=b"x" * 3_000_000, headers=JSON)
    assert (endless.status, endless.code) == (413, "request.too_large")


async def test_a_body_that_does_not_come_is_given_up(tmp_path: Path) -> None:
    async with open_house(tmp_path, request_s=1) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.life.port)
        writer.write(
            b"POST /api/v1/calls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + house.sam.encode() + b"\r\nContent-Length: 100\r\n\r\n{"
        )
        answer = await asyncio.wait_for(reader.readuntil(b"}"), 20)
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 503")
    assert b'"code":"request.timeout"' in answer


async def test_a_ledger_that_does_not_answer_is_said_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_wallet_id: str) -> None:
        raise LedgerUnavailable

    monkeypatch.setattr(house.services.ledger, "balance", silent)
    refused = await house.ask("GET", "wallet", house.sam)
    assert (refused.status, refused.code) == (503, "metering.unavailable")


async def test_our_own_mistake_tells_nothing_and_is_logged(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_person_id: str) -> Person:
        raise RuntimeError("the inner workings")

    monkeypatch.setattr(type(house.services.people), "get", lambda _self, person_id: broken(person_id))
    failed = await house.ask("GET", "me", house.sam)
    assert (failed.status, failed.code) == (500, "server.error")
    assert "inner workings" not in failed.text
    lines = [json.loads(line) for line in house.log.getvalue().splitlines()]
    told = next(line for line in lines if line["level"] == "error")
    assert "the inner workings" in told["exception"]
    assert told["request_id"] == failed.headers["X-Request-Id"]


# -- paths and methods -------------------------------------------------------------------------------------


async def test_what_is_not_there(house: House) -> None:
    for path in ("/api/v1/nothing", "/nothing", "/assets/../server/app.py", "/api/v2/me"):
        refused = await house.ask("GET", path)
        assert (refused.status, refused.code) == (404, "request.not_found")
    method = await house.ask("DELETE", "me", house.sam)
    assert (method.status, method.code) == (405, "request.method")
    assert method.headers["Allow"] == "GET"
    odd = await house.ask("GET", "calls/" + "a" * 65, house.sam)
    assert odd.code == "request.not_found"


async def test_experts_have_a_public_face(house: House) -> None:
    face = await house.ask("GET", "experts/ada")
    assert face.status == 200
    tariff = {"currency": "USD", "price_minor": 240, "per_ms": 60_000, "increment_ms": 1, "minimum_ms": 0,
              "free_ms": 0}  # fmt: skip
    offers = face.body.pop("offers")
    assert face.body.pop("live")["state"] == "away"
    assert [(each["is_default"], each["media"], each["tariff"]) for each in offers] == [
        (True, "video", tariff)
    ]
    assert face.body == {
        "slug": "ada", "name": "Ada", "headline": ADA.headline, "online": False, "busy": False,
        "tariff": tariff, "bio": "", "languages": [], "specialities": [], "time_zone": "UTC", "photo": "",
    }  # fmt: skip
    house.online()
    assert (await house.ask("GET", "experts/ada")).body["online"] is True
    await house.ring()
    assert (await house.ask("GET", "experts/ada")).body["busy"] is True
    for slug in ("nobody", "sam", "ola"):
        assert (await house.ask("GET", f"experts/{slug}")).code == "expert.unknown"


async def test_presence_is_for_experts(house: House) -> None:
    made = await house.ask("POST", "presence", house.ada)
    assert made.status == 201
    assert made.body["token"].count(".") == 1
    assert (await house.ask("POST", "presence", house.sam)).code == "auth.forbidden"


# -- limits, ids, headers ----------------------------------------------------------------------------------


async def test_writes_are_limited_by_person(tmp_path: Path) -> None:
    async with open_house(tmp_path, writes_per_minute=3) as house:
        for _ in range(3):
            assert (await house.ask("POST", "presence", house.ada)).status == 201
        refused = await house.ask("POST", "presence", house.ada)
        other = await house.ask("POST", "presence", house.grace)
        reads = [await house.ask("GET", "me", house.ada) for _ in range(20)]
    assert (refused.status, refused.code) == (429, "request.rate")
    assert 1 <= int(refused.headers["Retry-After"]) <= 20
    assert other.status == 201
    assert {reply.status for reply in reads} == {200}


async def test_every_answer_has_an_id_and_strict_headers(house: House) -> None:
    given = secrets.token_hex(8)
    for path in ("/", "/api/v1/me", "/nothing", "/healthz"):
        reply = await house.ask("GET", path, headers={"X-Request-Id": given})
        assert reply.headers["X-Request-Id"] == given
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert (
            "camera=(self), microphone=(self), display-capture=(self)" in reply.headers["Permissions-Policy"]
        )
        policy = dict(part.split(" ", 1) for part in reply.headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["connect-src"] == f"'self' ws://localhost:{house.life.port}"
        assert "unsafe" not in reply.headers["Content-Security-Policy"]
        assert "Python" not in reply.headers["Server"]
    strange = await house.ask("GET", "/healthz", headers={"X-Request-Id": "<script>"})
    assert strange.headers["X-Request-Id"].isalnum()


async def test_answers_of_the_api_are_not_cached(house: House) -> None:
    for reply in (await house.ask("GET", "me", house.sam), await house.ask("GET", "me")):
        assert reply.headers["Cache-Control"] == "no-store"


async def test_a_problem_is_rfc_9457(house: House) -> None:
    refused = await house.ask("GET", "me")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert set(json.loads(refused.text)) == {"type", "title", "status", "code", "detail"}
    assert refused.body["status"] == refused.status
    assert refused.body["type"] == "urn:talktime:problem:auth.missing"
