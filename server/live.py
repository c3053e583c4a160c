"""The live badge: a stream of server-sent events that says whether an expert can be called now.

Public and readable from every origin, for badges stand on other people's sites. A listener is one task that
sleeps until its expert changes; what it is then told is looked up at that instant, so that many changes at
once are one event and nothing queues up. Listeners are bounded, a silent one is written a comment to find out
whether it is still there, one that does not read is dropped, and all of them end when the server stops.
"""

from __future__ import annotations

import asyncio

import msgspec
import structlog
from aiohttp import web

from server import resources
from server.api.services import Services
from server.errors import Problem
from signaling.office import Office
from signaling.supervisor import within

PATH = "/api/v1/experts/{slug:[A-Za-z0-9_.:-]{1,64}}/live"
MAX_LISTENERS = 2_000
HEARTBEAT_MS = 15_000
UNREAD_MS = 10_000
AGAIN_S = 30
_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Accel-Buffering": "no",  # a proxy in front shall not collect events
}
_log = structlog.get_logger("talktime.live")


def live_of(office: Office, host_id: str) -> resources.Live:
    """Whether the expert can be called at this instant."""
    live = office.live(host_id)
    return resources.Live(live.state, live.waits_ms[-1], office.line_length(host_id), live.back_at)


class LiveFeed:
    """See the module."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._wakes: set[asyncio.Event] = set()
        self._closed = False

    def attach(self, app: web.Application) -> None:
        """Add the route, and the end to the application's signals."""
        app.router.add_get(PATH, self.listen)
        app.on_shutdown.append(self._close)

    def __len__(self) -> int:
        """How many listen."""
        return len(self._wakes)

    async def _close(self, _app: web.Application) -> None:
        self._closed = True
        for wake in self._wakes:
            wake.set()

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """One listener, until it goes or the server stops. Problems: expert.unknown, live.full."""
        if self._closed or self._services.life.stopping:
            raise Problem("server.stopping", retry_after_s=2)
        if len(self._wakes) >= MAX_LISTENERS:
            raise Problem("live.full", retry_after_s=AGAIN_S)
        wake = asyncio.Event()
        self._wakes.add(wake)
        try:
            expert = await self._services.people.by_slug(request.match_info["slug"])
            if expert is None:
                raise Problem("expert.unknown")
            return await self._tell(request, expert.id, wake)
        finally:
            self._wakes.discard(wake)

    async def _tell(self, request: web.Request, host_id: str, wake: asyncio.Event) -> web.StreamResponse:
        services, response = self._services, web.StreamResponse(headers=_HEADERS)
        unwatch = services.desk.watch.watch(host_id, wake.set)
        try:
            await response.prepare(request)
            await self._write(response, b"retry: 2000\n\n")
            told: resources.Live | None = None
            while not self._closed and not services.life.stopping:
                wake.clear()
                live = live_of(services.office, host_id)
                if live != told:
                    told = live
                    await self._write(response, b"data: " + msgspec.json.encode(live) + b"\n\n")
                try:
                    await within(services.clock, HEARTBEAT_MS, wake.wait())
                except TimeoutError:
                    await self._write(response, b": still here\n\n")
        except (ConnectionError, TimeoutError):
            _log.debug("a listener is gone")
        finally:
            unwatch()
        return response

    async def _write(self, response: web.StreamResponse, text: bytes) -> None:
        await within(self._services.clock, UNREAD_MS, response.write(text))
