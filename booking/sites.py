"""Sites: other people's websites on which an expert may be called, and the users those websites vouch for.

A site belongs to an expert (whom it may show) or to an operator (then it may show every expert of the house).
Its origins say where the widget may stand; its secret, which only the website's server knows, signs who of
its own users is there. Pure: no input and output.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

MAX_SITES = 20
MAX_ORIGINS = 20

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_EXTERNAL_ID = re.compile(r"[\x21-\x7e]{1,128}")
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Site:
    """A website that may show the widget. Moments are ISO 8601; `revoked_at` is empty while it may."""

    id: str
    owner_id: str
    name: str
    origins: tuple[str, ...]
    created_at: str
    revoked_at: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.strip()) <= 60 or not self.name.isprintable():
            raise ValueError("a site's name is 1 to 60 printable characters")
        if len(self.origins) > MAX_ORIGINS:
            raise ValueError(f"a site has at most {MAX_ORIGINS} origins")


@dataclass(frozen=True, slots=True)
class SiteUser:
    """Somebody a site vouches for: `external_id` is the site's own name for the person, never shown."""

    site_id: str
    external_id: str
    name: str
    mail: str = ""

    def __post_init__(self) -> None:
        if not _EXTERNAL_ID.fullmatch(self.external_id):
            raise ValueError("an external id is 1 to 128 visible ASCII characters")
        if not 1 <= len(self.name.strip()) <= 60 or not self.name.isprintable():
            raise ValueError("a name is 1 to 60 printable characters")
        if len(self.mail) > 254 or (self.mail and not re.fullmatch(r"[^@\s]+@[^@\s]+", self.mail)):
            raise ValueError("a mail address has one @ and at most 254 characters")


def origin_of(text: str) -> str:
    """The origin as browsers write it (RFC 6454, 6.2): lower case, no default port, no path.

    Raises `ValueError` for whatever is no origin of a page that may use a camera: anything but https, unless
    it is this machine's own. Nothing that it lets pass can end a directive of a Content-Security-Policy.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise ValueError(f"{text!r} is no address") from None
    host = _host(parts.hostname or "")
    if parts.scheme not in _PORTS or not host:
        raise ValueError(f"{text!r} is not like https://www.example.org")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{text!r} has more than a scheme, a name and a port")
    if parts.scheme == "http" and not _is_local(host):
        raise ValueError(f"{text!r} must begin with https://, or browsers give it no camera")
    return f"{parts.scheme}://{host}{'' if port in {None, _PORTS[parts.scheme]} else f':{port}'}"


def origins_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Each origin once, in the given order. Raises `ValueError`."""
    origins = tuple(dict.fromkeys(origin_of(text) for text in texts))
    if len(origins) > MAX_ORIGINS:
        raise ValueError(f"a site has at most {MAX_ORIGINS} origins")
    return origins


def _host(name: str) -> str:
    if ":" in name:
        try:
            return f"[{ipaddress.IPv6Address(name).compressed}]"
        except ValueError:
            return ""
    try:
        ascii_name = name.encode("idna").decode().lower()
    except UnicodeError:
        return ""
    return ascii_name if _HOST.fullmatch(ascii_name) else ""


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
