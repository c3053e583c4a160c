"""Sends one HTTP request to an address that a customer chose, without being led anywhere else.

THEORY. Whoever may name an address may name one inside the house (SSRF): a database, a metadata service, this
server itself. So: only http and https, no redirects, no proxy of the environment, no cookies; the name is
resolved here, every address it has must be a public one, and the connection goes to exactly these addresses.
The last gate stands where the socket is made: it sees the address that is really connected to, whichever way
it came there. The answer is read up to a bound, and the whole takes at most `TIMEOUT_S`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from signaling.clock import Clock

TIMEOUT_S = 10
EXCERPT_BYTES = 1_000
MAX_URL_CHARS = 500
MAX_RETRY_AFTER_S = 12 * 3_600
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What Python knows of the registries of special addresses differs from version to version.
_SPECIAL = tuple(
    ipaddress.ip_network(each)
    for each in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "2001::/23", "3fff::/20", "5f00::/16")
)


class ForbiddenAddress(OSError):
    """The address is not one of the public internet."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, whatever it is wrapped in."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    if any(ip in network for network in _SPECIAL):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


NOT_PUBLIC = "The address is not one of the public internet."


def url_problem(text: str, *, any_target: bool) -> str:
    """Why an address cannot be used, as a sentence; "" when it can. `any_target`: inside addresses may be.

    Names are resolved only when something is sent; what they lead to is checked then.
    """
    if len(text) > MAX_URL_CHARS or not text.isascii() or not text.isprintable() or " " in text:
        return f"An address has at most {MAX_URL_CHARS} characters, without spaces."
    try:
        url = URL(text)
        host, port = url.host or "", url.port
    except ValueError:
        host, port = "", None
    schemes = {"https", "http"} if any_target else {"https"}
    if not host or not port or url.scheme not in schemes:
        return "An address begins with https://."
    if url.user is not None or url.password is not None or url.fragment:
        return "An address has no user, password or fragment."
    if any_target:
        return ""
    # What only looks like an IP address (127.1) is none to Python and may be one to the system: not for us.
    looks_numeric = ":" in host or host.replace(".", "").isdigit()
    inside = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    return NOT_PUBLIC if inside or (looks_numeric and not is_public(host)) else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """How it went. `status` 0: no answer, and `error` says why. `excerpt`: the beginning of the answer."""

    status: int
    took_ms: int
    excerpt: str = ""
    error: str = ""
    retry_after_ms: int = 0

    @property
    def good(self) -> bool:
        """Whether the receiver took it."""
        return 200 <= self.status < 300


class _Guarded(AbstractResolver):
    """Resolves a name only if all its addresses may be connected to."""

    def __init__(self, may_connect: Callable[[str], bool]) -> None:
        self._inner, self._may_connect = ThreadedResolver(), may_connect

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not all(self._may_connect(each["host"]) for each in found):
            raise ForbiddenAddress(NOT_PUBLIC)
        return found

    async def close(self) -> None:
        await self._inner.close()


class Sender:
    """See the module. `any_target`: addresses inside the house are allowed, for development."""

    def __init__(self, clock: Clock, *, any_target: bool = False) -> None:
        self._clock, self.any_target = clock, any_target

    def _may_connect(self, address: str) -> bool:
        return self.any_target or is_public(address)

    def _socket(self, address: tuple[Any, ...]) -> socket.socket:
        """The last gate: makes the socket for an address that is about to be connected to."""
        family, kind, protocol, _, target = address
        if not self._may_connect(str(target[0])):
            raise ForbiddenAddress(NOT_PUBLIC)
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send once. Nothing is raised: whatever goes wrong is the answer."""
        began_ms = self._clock.now_ms()
        problem = url_problem(url, any_target=self.any_target)
        if problem:
            return Answer(0, 0, error=problem)
        try:
            status, excerpt, retry_after_ms = await self._exchange(url, headers, body)
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            return Answer(0, self._clock.now_ms() - began_ms, error=_in_words(error))
        why = "Redirects are not followed." if 300 <= status < 400 else ""
        return Answer(status, self._clock.now_ms() - began_ms, excerpt, why, retry_after_ms)

    async def _exchange(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str, int]:
        connector = aiohttp.TCPConnector(
            resolver=_Guarded(self._may_connect), use_dns_cache=False, force_close=True, limit=1,
            socket_factory=cast("Any", self._socket),
        )  # fmt: skip
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with (
            asyncio.timeout(TIMEOUT_S + 1),
            aiohttp.ClientSession(
                connector=connector, timeout=timeout, trust_env=False, auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            ) as session,
            session.post(URL(url), data=body, headers=headers, allow_redirects=False) as response,
        ):  # fmt: skip
            first = await response.content.read(EXCERPT_BYTES)
            return response.status, _readable(first), _retry_after_ms(response)


def _readable(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    return "".join(
        char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def _retry_after_ms(response: aiohttp.ClientResponse) -> int:
    text = response.headers.get("Retry-After", "")
    if response.status not in {429, 503} or not (text.isascii() and text.isdigit()):
        return 0
    return min(int(text[:9]), MAX_RETRY_AFTER_S) * 1000


_WORDS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((TimeoutError,), f"No answer within {TIMEOUT_S} s."),
    ((aiohttp.ClientConnectorDNSError,), "The name does not exist."),
    (
        (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError),
        "The certificate is not valid for this address.",
    ),
    ((aiohttp.ClientConnectorError,), "No connection."),
    (
        (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, ConnectionError),
        "The connection was closed before an answer came.",
    ),
)


def _in_words(error: BaseException) -> str:
    """What went wrong, for the customer: never more than the kind of failure."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ForbiddenAddress):
            return NOT_PUBLIC
        cause = cause.__cause__ or getattr(cause, "os_error", None)
    words = (text for kinds, text in _WORDS if isinstance(error, kinds))
    return next(words, "The answer was not HTTP.")
