"""The login cookie and what guards it.

The cookie is HttpOnly (no script reads it), SameSite=Lax (other sites' forms and frames do not carry it), and
on https Secure under the prefix `__Host-` (no other host and no plain http can set it; RFC 6265bis, section
4.1.3). A write that it authenticates must also come from a page of our own: the header `X-Talktime-Csrf`,
which no other origin can send without our consent, and an Origin that is ours where the browser names one.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import hdrs, web

from server.errors import Problem

CSRF_HEADER = "X-Talktime-Csrf"
_PORTS = {"http": 80, "https": 443}


def cookie_name(public_url: str) -> str:
    """The cookie's name by whether people come over https."""
    return "__Host-talktime" if _secure(public_url) else "talktime"


def read_cookie(request: web.Request, public_url: str) -> str:
    """The cookie's value, empty when there is none."""
    return request.cookies.get(cookie_name(public_url), "")


def set_cookie(response: web.StreamResponse, value: str, days: int, public_url: str) -> None:
    """Log the browser in; an empty value takes the cookie away."""
    response.set_cookie(
        cookie_name(public_url),
        value,
        path="/",
        max_age=days * 86_400 if value else 0,
        httponly=True,
        samesite="Lax",
        secure=_secure(public_url),
    )


def check_own_page(request: web.Request, public_url: str, *, strict: bool) -> None:
    """Raise `auth.cross_site` unless a page of ours sent the request.

    `strict`: the public address is set, so only it is ours; else also whatever host the browser came to.
    """
    ours = {_origin(public_url)}
    if not strict:
        ours.add(_origin(f"{request.scheme}://{request.host}"))
    origin = request.headers.get(hdrs.ORIGIN)
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if (
        not request.headers.get(CSRF_HEADER)
        or (origin is not None and _origin(origin) not in ours)
        or site not in {"same-origin", "none"}
    ):
        raise Problem("auth.cross_site")


def _secure(public_url: str) -> bool:
    return public_url.startswith("https:")


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port, with the port that a browser leaves out."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return ("", "", 0)
    return (parts.scheme, (parts.hostname or "").lower(), port)
