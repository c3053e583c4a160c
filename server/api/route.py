"""A route of the API as one value, and what a handler is given.

A handler is a coroutine `(ask) -> struct`. Everything around it (login, roles, rate, size, time-out,
decoding, errors) is decided by the route's own fields, in server.http, so that no handler can forget it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeVar

import msgspec

from server.api.services import Services
from server.auth import Login, LoginRole

MAX_QUERY_CHARS = 200
Body = TypeVar("Body", bound=msgspec.Struct)
Method = Literal["GET", "POST"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from: network address, User-Agent, and the login cookie's value (or empty).

    `is_here`: it came to an address of this machine's own, and through no proxy or tunnel that says so.
    """

    address: str = ""
    agent: str = ""
    cookie: str = ""
    is_here: bool = False


@dataclass(slots=True)
class Reply:
    """What a handler wants done beside its answer: a login cookie set (or, when empty, taken away)."""

    cookie: str | None = None

    def log_in(self, cookie: str) -> None:
        """Set the login cookie on the answer."""
        self.cookie = cookie

    def log_out(self) -> None:
        """Take the login cookie away."""
        self.cookie = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, understood: who asks (None on public routes), the path's parameters, the decoded body.

    `query` has those of the route's query parameters that were given, `upload` the bytes of a file that was
    sent.
    """

    services: Services
    login: Login | None
    path: Mapping[str, str]
    body: msgspec.Struct | None
    query: Mapping[str, str] = field(default_factory=dict)
    visitor: Visitor = Visitor()
    reply: Reply = field(default_factory=Reply)
    upload: bytes = b""

    @property
    def who(self) -> Login:
        """The login of a route that demands one."""
        if self.login is None:
            raise RuntimeError("this route is public and has no login")
        return self.login

    def body_as(self, kind: type[Body]) -> Body:
        """The body, of the type that the route declares."""
        if not isinstance(self.body, kind):
            raise TypeError(f"the route declares no {kind.__name__} as its body")
        return self.body


Handler = Callable[[Ask], Awaitable[msgspec.Struct]]


class CsvFile(msgspec.Struct, frozen=True):
    """A file for a spreadsheet (RFC 4180)."""

    name: str
    text: str
    media_type: ClassVar[str] = "text/csv"


class JsonFile(msgspec.Struct, frozen=True):
    """A JSON document to keep."""

    name: str
    text: str
    media_type: ClassVar[str] = "application/json"


DOWNLOADS = (CsvFile, JsonFile)
"""Answers that are served as files: their text, under their name."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a body: what it may say it is, and how many bytes it may have.

    `check` may refuse before a byte of it is read; `limit`: fewer bytes than `max_bytes`, by the settings.
    """

    types: tuple[str, ...]
    max_bytes: int
    check: Callable[[Ask], Awaitable[None]] | None = None
    limit: Callable[[Services], int] | None = None

    def most(self, services: Services) -> int:
        """How many bytes it may have on this server."""
        return self.max_bytes if self.limit is None else min(self.max_bytes, self.limit(services))


class FileAnswer(msgspec.Struct, frozen=True):
    """An answer that is a file: its bytes, its type, and its Content-Disposition."""

    data: bytes
    kind: str
    disposition: str


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `roles` empty: public. `codes`: the refusals of its own, beside those of every route.

    `query`: names of optional query parameters, of at most 200 characters each. `own_page`: a public write
    that only our own pages may send, because it can log the browser in or out. `scope`: what lets an API key
    in (server.scopes); without one, none does. It takes a `body` of JSON, an `upload`, or nothing.
    `kept_here`: it is for people at this machine, not for pages of other websites.
    """

    method: Method
    path: str
    handler: Handler
    summary: str
    answer: type[msgspec.Struct]
    roles: frozenset[LoginRole] = frozenset()
    body: type[msgspec.Struct] | None = None
    status: int = 200
    codes: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    own_page: bool = False
    scope: str = ""
    upload: Upload | None = None
    kept_here: bool = False

    @property
    def any_origin(self) -> bool:
        """What anybody may read without a login, a page of any origin may too."""
        return not self.roles and not self.writes and not self.kept_here

    @property
    def name(self) -> str:
        """The operation's name in OpenAPI: the handler's."""
        return self.handler.__name__

    @property
    def writes(self) -> bool:
        """Whether it changes anything: such requests are limited per person."""
        return self.method != "GET"

    def all_codes(self) -> tuple[str, ...]:
        """Every code it can answer, own ones last."""
        codes = ["server.error", "server.stopping", "request.timeout"]
        if self.roles:
            codes += ["auth.missing", "auth.malformed", "auth.forged", "auth.expired", "auth.forbidden"]
            codes.append("auth.deleted")
            codes.append("auth.scope")
        if "{" in self.path:
            # A parameter that has not its form makes it another path.
            codes.append("request.not_found")
        if self.scope:
            codes += ["auth.key_unknown", "auth.key_revoked", "auth.key_expired", "request.rate"]
        if self.own_page or (self.roles and self.writes):
            codes.append("auth.cross_site")
        if self.query:
            codes.append("request.invalid")
        if self.body is not None:
            codes += ["request.media_type", "request.malformed", "request.invalid", "request.too_large"]
        if self.upload is not None:
            codes += ["request.media_type", "request.too_large"]
        if self.writes:
            codes.append("request.rate")
        return tuple(dict.fromkeys((*codes, *self.codes)))
