"""The page inside the widget's frame: `/embed/{slug}?origin=https://where.it.stands`.

The page may stand only on origins that a site of the expert or of the house lists. Two things keep that: the
browser, which is told by `frame-ancestors` which origin may show the frame, and the embed token in the page,
without which nothing can be begun. The origin in the address is the host page's own word; one that lies gets
a page that its browser refuses to show there.
"""

from __future__ import annotations

import asyncio
import html
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from aiohttp import hdrs, web

from booking.site_store import SiteStore
from booking.sites import Site, origin_of
from booking.store import PeopleStore
from server import pages
from server.errors import Problem
from server.life import Life
from signaling.clock import Clock
from signaling.errors import Refused
from signaling.messages import Id
from signaling.tokens import TokenSigner

PURPOSE = "embed"
LIFE_S = 3_600
"""How long a page may stand open before somebody begins a call on it; a reload makes a new token."""
PLACE = "<!--embed-->"

_REFUSED = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Talktime: not on this website</title></head>
<body><main><h1>Calls cannot be made here</h1><p>{why}</p></main></body></html>
"""
_NO_ORIGIN = "The address of this frame lacks <code>?origin=https://…</code>, the website that it stands on."
_UNLISTED = (
    "<strong>{origin}</strong> is not among the websites that may show {name}. Whoever looks after it can "
    "add it to the list of its origins."
)


class EmbedClaims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One page of one expert on one origin, let in by one site."""

    slug: str
    site: Id
    origin: str
    x: Annotated[int, msgspec.Meta(ge=0)]
    jti: str


class EmbedTokens:
    """Makes and reads the tokens of embedded pages."""

    def __init__(self, signer: TokenSigner, clock: Clock) -> None:
        self._signer, self._clock = signer, clock

    def token(self, slug: str, site: Site, origin: str) -> str:
        """A token for one page."""
        expires_s = int(self._clock.wall().timestamp()) + LIFE_S
        return self._signer.seal(
            PURPOSE, EmbedClaims(slug, site.id, origin, expires_s, secrets.token_urlsafe(9))
        )

    def read(self, token: str) -> EmbedClaims:
        """What a token says. Raises `Problem` embed.forged, embed.expired."""
        claims = self._signer.open(PURPOSE, token, EmbedClaims)
        if isinstance(claims, Refused):
            raise Problem("embed.forged")
        if claims.x <= self._clock.wall().timestamp():
            raise Problem("embed.expired")
        return claims


class EmbedPages:
    """Serves the page of a frame, each with headers of its own."""

    def __init__(
        self, sites: SiteStore, people: PeopleStore, tokens: EmbedTokens, life: Life, folder: Path,
        frames: str,
    ) -> None:  # fmt: skip
        self._sites, self._people, self._tokens, self._life = sites, people, tokens, life
        self._frames = frames
        self._file = folder / "embed.html"

    def attach(self, app: web.Application) -> None:
        """Add the route."""
        app.router.add_get("/embed/{slug:[a-z0-9-]{1,40}}", self._page)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        expert = await self._people.by_slug(request.match_info["slug"])
        if expert is None:
            return pages.not_found(request)
        origin = _asked_origin(request)
        if origin is None:
            return self._refused(_NO_ORIGIN)
        site = await self._sites.that_shows(expert.id, origin)
        if site is None:
            return self._refused(_UNLISTED.format(origin=html.escape(origin), name=html.escape(expert.name)))
        if not await asyncio.to_thread(self._file.is_file):
            return pages.not_built(self._file.parent)
        text = await asyncio.to_thread(self._file.read_text, encoding="utf-8")
        token = self._tokens.token(expert.slug, site, origin)
        response = web.Response(
            text=text.replace(
                PLACE, f'<meta name="talktime-embed" content="{token}" data-origin="{origin}">'
            ),
            content_type="text/html",
            headers={"Cache-Control": "no-store"},
        )
        response[pages.OWN_HEADERS] = self._headers(origin)
        return response

    def _refused(self, why: str) -> web.Response:
        """Said to whoever opens the frame's address by itself; no website may show even this."""
        text = _REFUSED.format(why=why)
        response = web.Response(text=text, content_type="text/html", status=403)
        response[pages.OWN_HEADERS] = self._headers("'none'")
        return response

    def _headers(self, ancestor: str) -> Mapping[str, str]:
        return pages.security_headers(self._life.public_url(), frame_ancestors=ancestor, frames=self._frames)


def _asked_origin(request: web.Request) -> str | None:
    """Where the frame says it stands: the address' own word, else the Referer that browsers send along."""
    referer = urlsplit(request.headers.get(hdrs.REFERER, ""))
    sender = f"{referer.scheme}://{referer.netloc}" if referer.netloc else ""
    try:
        return origin_of(request.query.get("origin", "") or sender)
    except ValueError:
        return None
