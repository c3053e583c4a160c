"""/healthz, /readyz, /metrics, and the OpenAPI document: for machines, without login, never cached."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import msgspec
from aiohttp import web
from sqlalchemy import func, select

from media.udp import UdpMediaEngine
from metering.tables import metered_calls, wallets
from server.api.services import Services
from server.api.table import BASE, openapi
from server.metrics import METER_STATES
from storage.errors import StorageError
from storage.worker import Transaction

_NO_STORE = {"Cache-Control": "no-store"}
_READ_S = 2.0
_SILENCE_MS = 3_000
_MEDIA_OPEN = ("peers", "rooms", "tracks", "addresses")


def add_probes(app: web.Application, services: Services) -> None:
    """Add the routes."""
    document = openapi()

    async def healthz(_request: web.Request) -> web.Response:
        return _json({"status": "alive"})

    async def readyz(_request: web.Request) -> web.Response:
        reason = _why_not_ready(services)
        return _json({"status": "ready"}) if reason is None else _json({"status": reason}, status=503)

    async def metrics(_request: web.Request) -> web.Response:
        _take_gauges(services)
        await _take_holds(services)
        await _take_outbox(services)
        return web.Response(
            body=services.metrics.render(),
            headers={"Content-Type": services.metrics.content_type, **_NO_STORE},
        )

    async def openapi_json(_request: web.Request) -> web.Response:
        return web.Response(body=document, content_type="application/json", headers=_NO_STORE)

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    app.router.add_get(f"{BASE}/openapi.json", openapi_json)


def _json(body: dict[str, str], status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json", headers=_NO_STORE
    )


def _why_not_ready(services: Services) -> str | None:
    """None when new calls are welcome: started, not stopping, and the database takes writes."""
    life = services.life
    if life.state != "ready":
        return life.state
    if life.failed:
        return "failed"
    # The heartbeat writes all the time; when it has not got through for a while, nothing does.
    silence_ms = services.clock.now_ms() - (life.ledger.wrote_ms or 0)
    return "database" if silence_ms > max(_SILENCE_MS, 4 * services.config.heartbeat_ms) else None


def _take_gauges(services: Services) -> None:
    """Ask the parts for what is true at this instant."""
    metrics, desk = services.metrics, services.desk
    live = desk.live()
    metrics.calls_live.set(len(live))
    states = dict.fromkeys(METER_STATES, 0)
    for each in live:
        states[each.meter_state] += 1
    for state, count in states.items():
        metrics.meters.labels(state).set(count)
    metrics.experts_online.set(desk.hosts_online())
    figures = asdict(services.life.database.figures())
    for queue in ("writes", "reads"):
        metrics.database_waiting.labels(queue).set(figures.pop(f"waiting_{queue}"))
    metrics.database.values = figures
    media = services.life.media
    counters = media.counters() if isinstance(media, UdpMediaEngine) else {}
    for thing in _MEDIA_OPEN:
        metrics.media_open.labels(thing).set(counters.pop(thing, 0))
    metrics.media.values = counters


_HOLDS = (
    select(wallets.c.currency, func.count(), func.sum(metered_calls.c.held_minor))
    .join_from(metered_calls, wallets, metered_calls.c.wallet_id == wallets.c.id)
    .where(metered_calls.c.state == "open")
    .group_by(wallets.c.currency)
)


def _holds(transaction: Transaction) -> list[tuple[str, int, int]]:
    return [(currency, count, held) for currency, count, held in transaction.connection.execute(_HOLDS)]


async def _take_holds(services: Services) -> None:
    """What the ledger holds; a database that does not answer must not take the other figures along."""
    metrics = services.metrics
    try:
        async with asyncio.timeout(_READ_S):
            rows = await services.life.database.read(_holds)
    except (StorageError, TimeoutError):
        return
    metrics.holds.clear()
    metrics.held_minor.clear()
    for currency, count, held_minor in rows:
        metrics.holds.labels(currency).set(count)
        metrics.held_minor.labels(currency).set(held_minor)


async def _take_outbox(services: Services) -> None:
    """What waits to be delivered, and what never will be."""
    gauge = services.metrics.outbox
    try:
        async with asyncio.timeout(_READ_S):
            rows = await services.outbox.figures()
    except (StorageError, TimeoutError):
        return
    gauge.clear()
    for kind, state, count in rows:
        gauge.labels(kind, state).set(count)
