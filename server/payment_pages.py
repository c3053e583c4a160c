"""Pages around paying: where a bank's page leads back to, and whose pages ours may show in a frame."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from server import pages
from server.config import Config
from server.life import Life

PATH = "/paid"


def bank_frames(config: Config) -> str:
    """What our pages may show in a frame: banks confirm a payment on pages of their own, anywhere."""
    if not config.stripe_key:
        return "'none'"
    return f"'self' https: {config.stripe_address}".strip()


class PaidPage:
    """GET /paid: asks nobody who they are. Our own page may show it, in the frame where the bank's was."""

    def __init__(self, life: Life, folder: Path) -> None:
        self._life, self._file = life, folder / "paid.html"

    def attach(self, app: web.Application) -> None:
        """Add the route."""
        app.router.add_get(PATH, self._page)

    async def _page(self, _request: web.Request) -> web.StreamResponse:
        if not await asyncio.to_thread(self._file.is_file):
            return pages.not_built(self._file.parent)
        response = web.FileResponse(self._file, headers={"Cache-Control": "no-cache"})
        response[pages.OWN_HEADERS] = pages.security_headers(
            self._life.public_url(), frame_ancestors="'self'"
        )
        return response
