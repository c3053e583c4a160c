"""The whole server inside the test's own process: HTTP on a free port, SQLite in a folder, simulated media.

A call is made over HTTP; its two ends then speak to the desk as the gateway would, so that a test of the API
needs no Socket.IO client.
"""

from __future__ import annotations

import asyncio
import functools
import io
import json
import re
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
from aiohttp.test_utils import TestServer
from jsonschema import Draft202012Validator

from booking.people import ADA, OLA, SAM
from server import demo, logs
from server.api.services import Services
from server.api.table import openapi
from server.app import LIFE, SERVICES, create_app
from server.config import Config
from server.life import Life
from signaling.messages import AcceptMessage, LeaveMessage, OfferMessage, PublishLine
from signaling.tokens import JoinClaims
from storage import migrations

PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read whole. `body` is the decoded JSON, None when it is none."""

    status: int
    body: Any
    headers: Mapping[str, str]
    text: str

    @property
    def code(self) -> str:
        """The problem's code."""
        assert self.headers["Content-Type"].startswith("application/problem+json"), self.text
        return str(self.body["code"])


@dataclass(slots=True)
class Wire:
    """One end of a connection, as the desk sees it; it keeps what it was sent."""

    id: str = field(default_factory=lambda: secrets.token_hex(6))
    sent: list[Any] = field(default_factory=list)
    closed: bool = False

    def send(self, message: Any) -> None:
        self.sent.append(message)

    def close(self) -> None:
        self.closed = True


class House:
    """See the module. `people` are the demo's: Ada the expert, Sam and Kim the clients, Ola the operator."""

    def __init__(
        self,
        config: Config,
        log: io.StringIO,
        http: aiohttp.ClientSession,
        url: str,
        services: Services,
        life: Life,
    ) -> None:
        self.config, self.log, self.http, self.url = config, log, http, url
        self.services, self.life = services, life
        logins = services.logins
        self.sam, _ = logins.token(SAM.id, "client")
        self.kim, _ = logins.token("kim", "client")
        self.ada, _ = logins.token(ADA.id, "expert")
        self.grace, _ = logins.token("grace", "expert")
        self.ola, _ = logins.token(OLA.id, "operator")

    async def ask(
        self, method: str, path: str, login: str = "", body: object = None,
        headers: dict[str, str] | None = None, data: bytes | None = None,
    ) -> Reply:  # fmt: skip
        """One request. `path` without a slash in front is below /api/v1."""
        url = f"{self.url}{path}" if path.startswith("/") else f"{self.url}/api/v1/{path}"
        sent = {**({"Authorization": f"Bearer {login}"} if login else {}), **(headers or {})}
        kwargs: dict[str, Any] = {"json": body} if body is not None else {"data": data and io.BytesIO(data)}
        async with self.http.request(method, url, headers=sent, **kwargs) as response:
            text = await response.text()
            is_json = "json" in response.headers.get("Content-Type", "")
            decoded = await response.json(content_type=None) if is_json else None
            assert_documented(method, urlsplit(url).path, response.status, decoded)
            return Reply(response.status, decoded, response.headers.copy(), text)

    def online(self, host_id: str = "ada") -> Wire:
        """Open the expert's page."""
        page = Wire()
        assert self.services.desk.page_joined(host_id, page) is None
        return page

    async def ring(self, login: str = "", host: str = "ada") -> str:
        """Call an expert over HTTP."""
        call_id = secrets.token_hex(12)
        made = await self.ask("POST", "calls", login or self.sam, {"id": call_id, "host": host})
        assert made.status == 201, made.text
        return call_id

    async def talk(self, login: str = "", host: str = "ada") -> Talk:
        """Call, take the call, connect both ends and wait until the meter runs."""
        desk = self.services.desk
        page = self.online(host)
        call_id = await self.ring(login, host)
        payer, taker = Wire(), Wire()
        person = self.services.logins.read(login or self.sam).person_id
        assert desk.join(claims(call_id, person, "payer"), payer) is None
        assert desk.page_said(host, page, AcceptMessage(call_id)) is None
        await until(lambda: desk.view(call_id).state == "open", "the call is taken")
        assert desk.join(claims(call_id, host, "host"), taker) is None
        for end in (payer, taker):
            desk.said(call_id, end, OfferMessage(1, "v=0\r\n", [PublishLine("0", "mic")], []))
        talk = Talk(self, call_id, payer, taker)
        await until(lambda: talk.meter_state() == "running", "the meter runs")
        return talk


@dataclass(slots=True)
class Talk:
    """A call that goes on."""

    house: House
    call_id: str
    payer: Wire
    host: Wire

    def meter_state(self) -> str:
        """The state of the meter, "" when the call is settled."""
        live = {each.call.id: each.meter_state for each in self.house.services.desk.live()}
        return live.get(self.call_id, "")

    async def hang_up(self) -> None:
        """The payer leaves; returns when the call is settled."""
        self.house.services.desk.said(self.call_id, self.payer, LeaveMessage())
        await until(lambda: self.meter_state() == "", "the call is settled")


def assert_documented(method: str, path: str, status: int, body: Any) -> None:
    """What the API answers fits what its document says: status and schema."""
    for pattern, operation in _operations():
        if operation["method"] == method and pattern.fullmatch(path):
            break
    else:
        return
    responses = operation["responses"]
    assert str(status) in responses, f"{method} {path} does not say that it may answer {status}: {body}"
    (content,) = responses[str(status)]["content"].values()
    if "$ref" in content["schema"]:
        name = content["schema"]["$ref"].rpartition("/")[2]
        errors = [f"{error.json_path}: {error.message}" for error in _validator(name).iter_errors(body)]
        assert errors == [], f"{method} {path} {status}"


@functools.cache
def _document() -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(openapi()))


@functools.cache
def _operations() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    return [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), {"method": method.upper(), **operation})
        for path, item in sorted(_document()["paths"].items())
        for method, operation in item.items()
    ]


@functools.cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": _document()["components"]}
    )


def claims(call_id: str, person: str, role: Any) -> JoinClaims:
    """What a join token of this person would say."""
    return JoinClaims(call_id, person, person.title(), role, "test", 2**50, secrets.token_hex(6))


async def until(true: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not true():  # noqa: ASYNC110 - whatever it is, it has no event of its own
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"waited in vain: {what}") from None


@asynccontextmanager
async def open_house(folder: Path, **settings: Any) -> AsyncIterator[House]:
    """Start a server in `folder`; its data is there on the next one too."""
    log = io.StringIO()
    logs.configure("debug", "json", log)
    config = Config(
        **{"data_folder": str(folder), "media": "simulated", "writes_per_minute": 10_000} | settings
    )
    _migrate(config)
    app = create_app(config)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    try:
        life, services = app[LIFE], app[SERVICES]
        assert server.port is not None
        life.port = server.port
        await demo.move_in(services.people, services.ledger, demo.people(2, 2, None), None)
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        # Cookies are kept as a browser would, for a numeric address too.
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=jar) as http:
            yield House(config, log, http, f"http://127.0.0.1:{server.port}", services, life)
    finally:
        await server.close()


def _migrate(config: Config) -> None:
    """An empty database is made once and copied: migrations have tests of their own."""
    target = config.data_path / "talktime.db"
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(_empty_database())


@functools.cache
def _empty_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        migrations.migrate(f"sqlite:///{path}")
        return path.read_bytes()
