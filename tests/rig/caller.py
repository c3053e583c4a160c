"""A page without a browser: HTTP API, Socket.IO and light media, for tests with many calls at once.

A caller keeps what it heard, with the moment of its arrival, so that a test can say from the caller's own
records what was delivered, and compare it with what was charged.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import socketio
from rig.media_client import MediaClient, Pacer

NAMESPACE = "/v1"
PATIENCE_S = 20.0
# People differ in what they say, so that nobody's tracks are mistaken for another's.
AUDIO: Mapping[str, Any] = {"mic": "audio"}


def now_ms() -> float:
    """Milliseconds of CLOCK_MONOTONIC, the clock of the server too."""
    return time.monotonic_ns() / 1e6


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, and when it came (ms)."""

    at_ms: float
    type: str
    body: Any


class RefusedByApi(Exception):
    """The HTTP API said no."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


class Caller:
    """One person: a login, at most one connection at a time, at most one media client."""

    def __init__(self, url: str, login: str, name: str, pacer: Pacer | None = None) -> None:
        self.url, self.login, self.name = url.replace("//localhost", "//127.0.0.1"), login, name
        self.heard: list[Heard] = []
        self.media: MediaClient | None = None
        self.played_ms: float | None = None
        self.you = ""
        self._pacer = pacer or Pacer()
        self._news = asyncio.Event()
        self._socket: socketio.AsyncClient | None = None
        self._http: aiohttp.ClientSession | None = None
        self._offers = 0

    async def __aenter__(self) -> Caller:
        self._http = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self.login}"}, timeout=aiohttp.ClientTimeout(total=PATIENCE_S)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.hang_down()
        if self._http is not None:
            await self._http.close()

    # --- the API ---

    async def api(self, method: str, path: str, body: object = None) -> Any:
        """One request under /api/v1. Raises `RefusedByApi`, and aiohttp's errors when nobody answers."""
        assert self._http is not None
        async with self._http.request(method, f"{self.url}/api/v1{path}", json=body) as answer:
            told = await answer.json(content_type=None)
            if answer.status >= 400:
                raise RefusedByApi(answer.status, told.get("code", ""))
            return told

    async def call(self, host_slug: str, media: str = "voice", call_id: str | None = None) -> str:
        """Call an expert; the id of the call that rings now."""
        call_id = call_id or secrets.token_hex(16)
        await self.api("POST", "/calls", {"id": call_id, "host": host_slug, "media": media})
        return call_id

    # --- signaling ---

    async def connect(self, token: str) -> None:
        """Open the connection that the join token is for."""
        socket = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        self._socket = socket

        async def hear(event: str, body: Any = None) -> None:
            self.heard.append(Heard(now_ms(), event, body))
            self._news.set()

        socket.on("*", hear, namespace=NAMESPACE)
        await socket.connect(
            self.url, auth={"token": token}, namespaces=[NAMESPACE], transports=["websocket"],
            wait_timeout=PATIENCE_S,
        )  # fmt: skip

    async def say(self, message: str, **body: Any) -> None:
        """Send one message; nothing when the connection is gone."""
        if self._socket is not None and self._socket.connected:
            with contextlib.suppress(socketio.exceptions.SocketIOError):
                await self._socket.emit(message, body, namespace=NAMESPACE)

    async def wait(self, true: Callable[[Heard], bool], since: int = 0) -> Heard:
        """The first message from number `since` on for which `true` holds; waits for it."""
        async with asyncio.timeout(PATIENCE_S):
            at = since
            while True:
                self._news.clear()
                for each in self.heard[at:]:
                    if true(each):
                        return each
                at = len(self.heard)
                await self._news.wait()

    async def wait_for(self, message: str, since: int = 0) -> Heard:
        """The first message of that type from number `since` on."""
        return await self.wait(lambda heard: heard.type == message, since)

    async def be_present(self) -> None:
        """An expert's page: from now on calls ring here."""
        token = (await self.api("POST", "/presence"))["token"]
        await self.connect(token)
        await self.wait_for("presence")

    async def take_call(self) -> tuple[str, str]:
        """Accept the next call that rings; (call id, join token)."""
        rings = await self.wait(lambda heard: heard.type == "presence" and bool(heard.body["ringing"]))
        await self.say("accept", call=rings.body["ringing"][0]["id"])
        accepted = await self.wait_for("accepted")
        return accepted.body["call"], accepted.body["token"]

    # --- media ---

    async def join(self, call_id: str, token: str | None = None) -> None:
        """Connect to the call and deliver media, once there is someone to hear."""
        await self.hang_down()
        self.heard = []
        token = token or (await self.api("POST", f"/calls/{call_id}/join"))["token"]
        await self.connect(token)
        welcome = await self.wait_for("welcome")
        self.you = welcome.body["you"]
        await self._deliver([each["id"] for each in welcome.body["participants"] if each["id"] != self.you])

    async def _deliver(self, others: list[str]) -> None:
        subscribe: Mapping[str, Any] = {f"{other}.mic": "audio" for other in others}
        media = MediaClient(self.name, publish=AUDIO, subscribe=subscribe, pacer=self._pacer, record=False)
        self.media = media
        since, self._offers = len(self.heard), self._offers + 1
        await self.say(
            "offer",
            n=self._offers,
            sdp=media.offer(),
            publish=[{"mid": mid, "source": label} for label, mid in media.publish_mids.items()],
            subscribe=[{"mid": mid, "track": label} for label, mid in media.subscribe_mids.items()],
        )
        answer = await self.wait(lambda heard: heard.type in {"answer", "error"}, since)
        assert answer.type == "answer", answer.body
        media.accept(answer.body["sdp"])
        await media.ready()
        self.played_ms = now_ms()
        media.play()

    async def hang_down(self) -> None:
        """Be gone without a word: no leave, no goodbye. Idempotent."""
        if self.media is not None:
            self.media.vanish()
            self.media = None
        socket, self._socket = self._socket, None
        if socket is not None:
            with contextlib.suppress(Exception):
                await socket.disconnect()
            await socket.shutdown()

    # --- what was heard ---

    def meter_at(self, at_ms: float) -> tuple[Any, float] | None:
        """The last view of the meter that came before `at_ms`, and the usage it means at `at_ms`."""
        views = [each for each in self.heard if each.type in {"meter", "welcome"} and each.at_ms <= at_ms]
        if not views:
            return None
        view = views[-1].body["meter"]
        used_ms = float(view["used_ms"])
        if view["state"] == "running":
            used_ms += at_ms - views[-1].at_ms
        return view, used_ms
