"""One server process: bind, start, say so, wait for the order to stop, stop in bounded time."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Awaitable, Callable

import uvloop
from aiohttp import web

from server import logs
from server.app import LIFE, create_app
from server.config import Config
from server.errors import StartError
from server.life import Life
from storage import migrations
from storage.errors import StorageError

_log = logs.logger("talktime.process")

Hook = Callable[[web.Application], Awaitable[None]]

BACKLOG = 512
CONNECTIONS_S = 2.0
"""How long open HTTP connections may take to finish when everything else has ended."""


def run(config: Config, before_listening: Hook | None = None, when_ready: Hook | None = None) -> int:
    """Run a server until SIGTERM, SIGINT or fencing. Returns the exit code.

    `before_listening` runs when everything is started but nobody can connect, `when_ready` after that.
    Raises `StartError`.
    """
    logs.configure(config.log_level, config.log_format)
    # Bound before anything is touched: a taken port must not fence the server that runs there.
    with _bound(config) as listener:
        try:
            migrations.migrate(config.sql_url)
            return uvloop.run(_live(config, listener, before_listening, when_ready))
        except StorageError as error:
            raise StartError(error.code, str(error)) from error


def _bound(config: Config) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((config.host, config.port))
    except OSError as error:
        listener.close()
        raise _port_in_use(config, error) from error
    listener.setblocking(False)
    return listener


async def _live(config: Config, listener: socket.socket, before: Hook | None, ready: Hook | None) -> int:
    app = create_app(config)
    life = app[LIFE]
    life.port = listener.getsockname()[1]
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=CONNECTIONS_S)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _asked, life, number)
    try:
        await runner.setup()
        if before is not None:
            await before(app)
        await _listen(config, runner, listener)
        # What lives now lives long: taken out of the collector's sight, a full collection stays short.
        gc.collect()
        gc.freeze()
        if ready is not None:
            await ready(app)
        await life.stop_asked.wait()
    finally:
        await _stop(config, runner, life)
    return 1 if life.failed else 0


async def _listen(config: Config, runner: web.AppRunner, listener: socket.socket) -> None:
    try:
        await web.SockSite(runner, listener, backlog=BACKLOG).start()
    except OSError as error:
        # Two servers may bind one port at the same moment; only the first may listen on it.
        raise _port_in_use(config, error) from error


def _port_in_use(config: Config, error: OSError) -> StartError:
    where = f"{config.host} port {config.port}"
    text = f"cannot listen on {where}: {error.strerror}; TALKTIME_PORT sets another port"
    return StartError("server.port_in_use", text)


def _asked(life: Life, number: signal.Signals) -> None:
    if life.stop_asked.is_set():
        # Asked twice: whoever asks means it. Calls that are open are settled by the next start.
        _log.warning("stopping at once", signal=number.name)
        os._exit(1)
    _log.info("stopping", signal=number.name)
    life.stop_asked.set()


async def _stop(config: Config, runner: web.AppRunner, life: Life) -> None:
    try:
        async with asyncio.timeout(config.stop_s):
            # The pages are told and may still read while calls settle; only then the port closes.
            await life.stop_calls()
            await runner.cleanup()
    except TimeoutError:
        _log.error("not stopped in time; what is open is settled by the next start", stop_s=config.stop_s)
        os._exit(1)
