"""The order in which a server comes to life and goes. Stopping tolerates a start that went only half way.

    start   take over the ledger → settle what a crash left open → bind media → heartbeat → (listen)
    stop    refuse new calls, tell clients → calls settle → sockets close → peers close → heartbeat → storage

Until a step has answered, the next one does not begin; every wait has a bound, and what could not be settled
in time is settled by the next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal, Protocol

from aiohttp import web

from media.engine import MediaEngine
from media.errors import MediaError
from server import logs
from server.config import Config
from server.errors import StartError
from server.measured import MeasuredLedger
from server.metrics import Metrics, watch_lag
from signaling.clock import Clock, iso
from signaling.supervisor import Supervisor
from storage.database import Database

_log = logs.logger("talktime.life")

State = Literal["starting", "ready", "stopping"]


class Keeps(Protocol):
    """A part that remembers over restarts."""

    async def load(self) -> None:
        """Read what is kept."""

    async def close(self, ms: int) -> None:
        """Wait until everything is stored, but no longer than `ms`."""


class Closes(Protocol):
    """A part that is closed once and may be asked twice."""

    async def close(self) -> None:
        """Let go of everything."""


class Beats(Protocol):
    """The heartbeat."""

    async def run(self) -> None:
        """Beat until cancelled."""


class Life:
    """The server's state, and what starting and stopping do."""

    def __init__(
        self, config: Config, clock: Clock, metrics: Metrics, database: Database, ledger: MeasuredLedger,
        media: MediaEngine, supervisor: Supervisor,
    ) -> None:  # fmt: skip
        self.config, self.clock, self.metrics = config, clock, metrics
        self.database, self.ledger, self.media, self.supervisor = database, ledger, media, supervisor
        self.state: State = "starting"
        self.port = config.port
        """The port that HTTP is bound to; set by whoever binds it."""
        self.stop_asked = asyncio.Event()
        self.failed = False
        """Whether the server stops because it can no longer vouch for what it counts."""
        self._calls: list[Callable[[], Awaitable[None]]] = []
        self._heart: Beats | None = None
        self._beside: list[tuple[str, Callable[[], Coroutine[Any, Any, None]]]] = []

    def attach(self, app: web.Application, desk: Closes, gateway: Closes, heart: Beats) -> None:
        """Hang start and stop into the application's signals."""
        self._calls = [desk.close, gateway.close]
        self._heart = heart
        app.on_startup.append(self._start)
        app.on_shutdown.append(self._shut_down)
        app.on_cleanup.append(self._clean_up)

    def keep_office(self, app: web.Application, office: Keeps) -> None:
        """Have the office know what it knew before anybody is served, and store what happened at the end."""

        async def load(_app: web.Application) -> None:
            await office.load()

        async def close(_app: web.Application) -> None:
            await office.close(self.config.stop_s * 250)

        app.on_startup.append(load)
        app.on_shutdown.append(close)

    def run_beside(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have `work()` run from the start until the server stops; then it is cancelled."""
        self._beside.append((name, work))

    @property
    def stopping(self) -> bool:
        """Whether writes are refused, because the server goes down."""
        return self.state == "stopping"

    def public_url(self) -> str:
        """The address in people's browsers, without a trailing slash."""
        return self.config.public(self.port)

    def fenced(self) -> None:
        """Another process took this node's calls over: stop, for nothing we write counts any more."""
        if not self.failed:
            _log.error("another process took over this node's calls; stopping")
        self._fail()

    def _fail(self) -> None:
        self.failed = True
        self.stop_asked.set()

    def _heart_stopped(self, heart: asyncio.Task[None]) -> None:
        if not heart.cancelled() and heart.exception() is not None:
            # Without heartbeats a crash would cost everything since the last one; rather stop in order now.
            _log.error("the heartbeat crashed; stopping")
            self._fail()

    # -- start ---------------------------------------------------------------------------------------------

    async def _start(self, _app: web.Application) -> None:
        epoch = await self.ledger.take_over(self.config.node_id)
        for account in await self.ledger.recover(iso(self.clock.wall())):
            self.metrics.calls_recovered.inc()
            _log.warning(
                "settled a call that a crash left open", call=account.terms.call_id, used_ms=account.used_ms,
                charge_minor=account.charge_minor, currency=account.terms.tariff.currency,
            )  # fmt: skip
        try:
            await self.media.start()
        except MediaError as error:
            raise StartError(error.code, str(error)) from error
        except OSError as error:
            where = f"{self.config.udp_host} port {self.config.udp_port}"
            text = f"media cannot listen on {where}: {error.strerror}"
            raise StartError("media.port_in_use", text) from error
        if self._heart is not None:
            self.supervisor.spawn("heartbeat", self._heart.run()).add_done_callback(self._heart_stopped)
        self.supervisor.spawn("lag", watch_lag(self.clock, self.metrics))
        for name, work in self._beside:
            self.supervisor.spawn(name, work())
        self.state = "ready"
        self.metrics.ready.set(1)
        _log.info("ready", node=self.config.node_id, epoch=epoch, media=self.config.media)

    # -- stop ----------------------------------------------------------------------------------------------

    async def stop_calls(self) -> None:
        """Refuse what is new, tell everybody, settle every call, close their sockets. Idempotent."""
        self.state = "stopping"
        self.metrics.ready.set(0)
        for close in self._calls:
            await close()

    async def _shut_down(self, _app: web.Application) -> None:
        # aiohttp waits for open websockets unless they are closed here.
        await self.stop_calls()

    async def _clean_up(self, _app: web.Application) -> None:
        await self.media.close()
        await self.supervisor.close()
        await self.ledger.close()
        await self.database.close()
        _log.info("stopped")
