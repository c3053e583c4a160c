"""A real gateway on loopback with simulated media, and people who speak Socket.IO to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import socketio
from aiohttp import web
from rig.desk import CENT_A_SECOND, KEY, Counts

from media.simulated import SimulatedMediaEngine
from metering.memory import MemoryLedger
from signaling.clock import SystemClock
from signaling.desk import CallDesk
from signaling.errors import Refused
from signaling.gateway import Gateway
from signaling.heartbeat import Heart
from signaling.options import SignalingOptions
from signaling.people import Host, Person
from signaling.supervisor import Supervisor
from signaling.tokens import JoinTokens, TokenSigner

SDP = "v=0\r\no=- {mark} 1 IN IP4 127.0.0.1\r\na=ice-ufrag:{mark}\r\n"
PATIENCE_S = 10.0


async def until(true: Callable[[], object], what: str = "", seconds: float = PATIENCE_S) -> None:
    """Wait until `true()` holds."""
    try:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"never came true: {what or true}") from None


class Voice(socketio.AsyncClient):
    """A client that remembers everything it was told."""

    def __init__(self, url: str) -> None:
        super().__init__(reconnection=False, handle_sigint=False)
        self.url = url
        self.got: list[tuple[str, Any]] = []
        self.refused: Any = None
        self.gone: list[str] = []
        self.on("*", self._heard, namespace="/v1")
        self.on("connect_error", self._refused, namespace="/v1")
        self.on("disconnect", self.gone.append, namespace="/v1")

    async def _heard(self, name: str, *body: Any) -> None:
        self.got.append((name, body[0] if body else None))

    async def _refused(self, data: Any) -> None:
        self.refused = data

    async def come(self, auth: Any, transport: str = "websocket") -> Voice:
        """Connect, or be refused: see `refused`. `transport`: websocket, polling, or upgrade (both)."""
        transports = ["polling", "websocket"] if transport == "upgrade" else [transport]
        try:
            await self.connect(
                self.url, auth=auth, namespaces=["/v1"], transports=transports, wait_timeout=PATIENCE_S
            )
        except socketio.exceptions.ConnectionError:
            await until(lambda: self.refused is not None, "connect_error")
        return self

    async def say(self, name: str, body: Any = None) -> None:
        await self.emit(name, {} if body is None else body, namespace="/v1")

    def all(self, name: str) -> list[Any]:
        return [body for one, body in self.got if one == name]

    def codes(self) -> list[str]:
        return [error["code"] for error in self.all("error")]

    async def hears(self, name: str, n: int = 1) -> Any:
        """Wait for the n-th message of a name."""
        await until(lambda: len(self.all(name)) >= n, f"{name} in {[one for one, _ in self.got]}")
        return self.all(name)[n - 1]

    @property
    def code(self) -> str:
        """The code with which the connection was refused."""
        return str(self.refused["data"]["code"])


@dataclass
class House:
    """The running server and its parts."""

    url: str
    desk: CallDesk
    gateway: Gateway
    media: SimulatedMediaEngine
    ledger: MemoryLedger
    tokens: JoinTokens
    supervisor: Supervisor
    counts: Counts
    clock: SystemClock
    voices: list[Voice] = field(default_factory=list)

    def voice(self) -> Voice:
        voice = Voice(self.url)
        self.voices.append(voice)
        return voice

    async def page(self, host: str = "host") -> Voice:
        token, _ = self.desk.presence_token(host)
        voice = await self.voice().come({"token": token})
        await voice.hears("presence")
        return voice

    async def ring(
        self, call: str = "call-0000000000000000", payer: str = "payer", host: str = "host"
    ) -> str:
        made = await self.desk.create(
            call, Person(payer, payer.title(), payer), Host(host, host, host.title(), CENT_A_SECOND), "video"
        )
        assert not isinstance(made, Refused), made
        return call

    async def join(self, call: str, person: str, transport: str = "websocket") -> Voice:
        given = self.desk.join_token(call, person)
        assert not isinstance(given, Refused), given
        voice = await self.voice().come({"token": given[0]}, transport)
        await voice.hears("welcome")
        return voice

    async def talking(
        self, call: str = "call-0000000000000000", payer: str = "payer", host: str = "host"
    ) -> tuple[str, Voice, Voice, Voice]:
        """A call that runs: its id, the host's page, the payer's and the host's connection."""
        page = await self.page(host)
        await self.ring(call, payer, host)
        one = await self.join(call, payer)
        await page.say("accept", {"call": call})
        token = (await page.hears("accepted"))["token"]
        other = await self.voice().come({"token": token})
        await other.hears("welcome")
        for voice, mark in ((one, f"{call}a"), (other, f"{call}b")):
            await voice.say("offer", offer(1, mark))
            await voice.hears("answer")
        await until(lambda: any(m["meter"]["state"] == "running" for m in one.all("meter")), "running")
        return call, page, one, other


def offer(n: int, mark: str, sources: tuple[str, ...] = ("mic",)) -> dict[str, Any]:
    """An offer that simulated media takes."""
    publish = [{"mid": str(i), "source": source} for i, source in enumerate(sources)]
    return {"n": n, "sdp": SDP.format(mark=mark), "publish": publish, "subscribe": []}


@asynccontextmanager
async def open_house(options: SignalingOptions | None = None) -> Any:
    """Start a house, yield it, close it in order and check that nothing was left behind."""
    clock, supervisor, counts = SystemClock(), Supervisor(), Counts()
    media = SimulatedMediaEngine(clock.now_ms, automatic=True)
    ledger = MemoryLedger()
    await ledger.take_over("node")
    for wallet in ("payer", "payer2"):
        await ledger.open_wallet(wallet, "USD")
        await ledger.top_up(wallet, f"first-{wallet}", 10_000, "test")
    tokens = JoinTokens(TokenSigner(KEY), clock)
    desk = CallDesk(clock, media, ledger, tokens, supervisor, options or SignalingOptions(), counts)
    gateway = Gateway(desk, tokens)
    heart = Heart(clock, ledger, desk, lambda: None, desk.options, counts)
    supervisor.spawn("heartbeat", heart.run())
    app = web.Application()
    gateway.attach(app)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    house = House(f"http://127.0.0.1:{port}", desk, gateway, media, ledger, tokens, supervisor, counts, clock)
    try:
        yield house
    finally:
        await desk.close()
        await gateway.close()
        await runner.cleanup()
        await supervisor.close()
        await media.close()
        for voice in house.voices:
            await voice.shutdown()
        await asyncio.sleep(0.05)
    assert len(desk) == 0
    assert len(gateway) == 0
    assert gateway.transport.transports_open == 0
    assert await ledger.reconcile() == []
    await ledger.close()
