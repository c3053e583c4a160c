"""Socket.IO, hardened: the library's transport, with every frame judged before the library reads it.

python-socketio is trusted with the handshake, the pings, the transports and the upgrade between them. What it
does with a client's frames is not left to it: it runs each event in a task of its own, logs what it cannot
parse with a traceback, keeps binary attachments it was promised, lets a client call the handlers named
`connect` and `disconnect`, and leaves a WebSocket hanging after a frame it cannot decode. So here

    a frame that Engine.IO does not know             closes the transport
    a packet that Socket.IO does not know, binary    is refused as `message.malformed`
    a packet too many                                is refused as `rate.limited`; many close the transport
    an event                                         goes to `on_event` at once, in order, undecoded

and a transport that opens no connection to the namespace within a while is closed, and one too many of them
all is turned away. A transport that was closed by the peer is told from one that merely went silent (both
read `transport close` in the library).
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Coroutine
from typing import Any, Protocol

import engineio
import msgspec
import socketio
import structlog
from aiohttp import web
from engineio import packet as engineio_packet
from engineio.async_drivers import aiohttp as aiohttp_driver

from .allowance import Allowance
from .clock import Clock
from .messages import MAX_MESSAGE_BYTES
from .supervisor import Supervisor, within

log = structlog.get_logger("signaling.transport")

NAMESPACE = "/v1"
PING_S, PONG_S = 5, 4
LAST_WORDS_MS = 1_000
JOIN_WITHIN_MS = 10_000
MAX_FRAME_BYTES = 2 * MAX_MESSAGE_BYTES
MAX_UNSENT = 256
MAX_TRANSPORTS = 10_000
MAX_FRAMES_IN_POST = 16
POST_WITHIN_S = 10
_CONTROL = frozenset({"1", "2", "2probe", "3", "3probe", "5", "6"})
_EVENT = "2" + NAMESPACE + ","
_PACKETS = (_EVENT, "0", "1" + NAMESPACE)
_BODY = web.RequestKey("body", bytes)
_DECODER = msgspec.json.Decoder(tuple[str, msgspec.Raw])


def is_frame(frame: object) -> bool:
    """Whether Engine.IO may see this text frame: a control frame, or a message that begins like a packet."""
    return isinstance(frame, str) and (frame in _CONTROL or (frame[:1] == "4" and frame[1:2].isdigit()))


class Receiver(Protocol):
    """Who hears of connections (the gateway)."""

    def on_joined(self, sid: str) -> None:
        """The namespace told the client that it is connected: from now on one may send."""

    def on_event(self, sid: str, name: str, body: msgspec.Raw) -> None:
        """An event came; `body` is its one argument, undecoded."""

    def on_refused(self, sid: str, code: str) -> None:
        """Something came that is no event: message.malformed, message.too_large, rate.limited."""


class _Socket(aiohttp_driver.WebSocket):  # type: ignore[misc]
    """The library's WebSocket; lets only frames pass, and notes when the peer closed it."""

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        # Not compressed: contexts cost 300 kB a connection, and a few bytes could unpack to the limit.
        # Who does not answer a closing is not waited for longer than a second.
        self._sock = web.WebSocketResponse(
            max_msg_size=self.server.max_http_buffer_size, compress=False, timeout=1.0
        )
        await self._sock.prepare(environ["aiohttp.request"])
        sid = self.handler.__self__.sid
        self.server.web_sockets[sid] = self
        try:
            await self.handler(self)
        finally:
            del self.server.web_sockets[sid]
        return self._sock

    async def wait(self) -> str:
        message = await self._sock.receive()
        if message.type is web.WSMsgType.TEXT and is_frame(message.data):
            return str(message.data)
        if message.type in (web.WSMsgType.CLOSE, web.WSMsgType.CLOSING, web.WSMsgType.CLOSED):
            self.handler.__self__.session["closed_by_peer"] = True
        raise OSError("closed, or no Engine.IO frame")

    async def shut(self) -> None:
        """Close; the server goes away or has enough (RFC 6455 section 7.4.1: 1001)."""
        await self._sock.close(code=1001)


class _Body:
    """A request's body that was read already."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self, _length: int) -> bytes:
        return self._body


class _Engine(engineio.AsyncServer):  # type: ignore[misc]
    """Engine.IO with checked frames on both transports."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.web_sockets: dict[str, _Socket] = {}
        self._async: dict[str, Any] = {
            **self._async,
            "websocket": _Socket,
            "translate_request": self._translate,
        }

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        if "sid" not in request.query and len(self.sockets) >= MAX_TRANSPORTS:
            raise web.HTTPServiceUnavailable(text="too many connections", headers={"Retry-After": "5"})
        if request.method == "POST":
            request[_BODY] = body = await self._read(request)
            frames = body.decode(errors="replace").split("\x1e")
            if not 1 <= len(frames) <= MAX_FRAMES_IN_POST or not all(is_frame(frame) for frame in frames):
                await self.drop(request.query.get("sid", ""))
                raise web.HTTPBadRequest(text="no Engine.IO frames")
        response: web.StreamResponse = await super().handle_request(request)
        return response

    async def drop(self, engine_sid: str) -> None:
        """Close a transport without waiting for the peer to read what is left."""
        socket = self.sockets.get(engine_sid)
        if socket is not None:
            await socket.close(wait=False, reason=self.reason.TRANSPORT_ERROR)
            self.sockets.pop(engine_sid, None)
        web_socket = self.web_sockets.get(engine_sid)
        if web_socket is not None:
            await web_socket.shut()

    async def _read(self, request: web.Request) -> bytes:
        """The body, or nothing when it is too large or too slow."""
        body = b""
        try:
            async with asyncio.timeout(POST_WITHIN_S):
                while len(body) <= MAX_FRAME_BYTES and (chunk := await request.content.readany()):
                    body += chunk
        except (TimeoutError, ConnectionError):
            return b""
        return body if len(body) <= MAX_FRAME_BYTES else b""

    def _translate(self, request: web.Request) -> dict[str, Any]:
        environ: dict[str, Any] = aiohttp_driver.translate_request(request)
        body = request.get(_BODY)
        if body is not None:
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = _Body(body), str(len(body))
        return environ


class Transport(socketio.AsyncServer):  # type: ignore[misc]
    """The Socket.IO server of one namespace. Events go to `receiver`; connects and disconnects as usual."""

    def __init__(self, clock: Clock, supervisor: Supervisor, origins: list[str] | str | None) -> None:
        super().__init__(
            async_mode="aiohttp", async_handlers=False, namespaces=[NAMESPACE], logger=log_sink(),
            engineio_logger=log_sink(), ping_interval=PING_S, ping_timeout=PONG_S, cookie=None,
            max_http_buffer_size=MAX_FRAME_BYTES, cors_allowed_origins=origins,
        )  # fmt: skip
        self._clock, self._supervisor = clock, supervisor
        self._allowances: dict[str, Allowance] = {}
        self.receiver: Receiver | None = None

    def _engineio_server_class(self) -> type[_Engine]:
        return _Engine

    # -- in ------------------------------------------------------------------------------------------------

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        self._allowances[eio_sid] = Allowance(self._clock.now_ms())
        self._expect_join(eio_sid)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        self._allowances.pop(eio_sid, None)
        await super()._handle_eio_disconnect(eio_sid, reason)

    async def _handle_eio_message(self, eio_sid: str, data: object) -> None:
        allowance = self._allowances.get(eio_sid)
        if allowance is None:
            return
        verdict = allowance.take(self._clock.now_ms())
        if verdict == "disconnect":
            log.warning("flood", connection=eio_sid)
            del self._allowances[eio_sid]
            # In a task of its own: this one is the transport's reader, which the closing waits for.
            self._supervisor.spawn(f"flood:{eio_sid}", self.eio.drop(eio_sid))
        elif verdict == "refuse":
            self._refuse(eio_sid, "rate.limited")
        elif verdict == "pass":
            await self._take(eio_sid, data)

    async def _take(self, eio_sid: str, data: object) -> None:
        if not isinstance(data, str) or not data.startswith(_PACKETS):
            self._refuse(eio_sid, "message.malformed")
        elif len(data) > MAX_MESSAGE_BYTES or len(data.encode()) > MAX_MESSAGE_BYTES:
            self._refuse(eio_sid, "message.too_large")
        elif data.startswith(_EVENT):
            self._event(eio_sid, data[len(_EVENT) :])
        else:
            try:
                await super()._handle_eio_message(eio_sid, data)
            except (ValueError, RecursionError, AttributeError, TypeError, KeyError):
                self._refuse(eio_sid, "message.malformed")

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: object) -> None:
        await super()._handle_connect(eio_sid, namespace, data)
        sid = self.manager.sid_from_eio_sid(eio_sid, NAMESPACE)
        if sid is not None and self.receiver is not None and self.manager.is_connected(sid, NAMESPACE):
            self.receiver.on_joined(sid)

    def _event(self, eio_sid: str, text: str) -> None:
        sid = self.manager.sid_from_eio_sid(eio_sid, NAMESPACE)
        if sid is None or self.receiver is None or not self.manager.is_connected(sid, NAMESPACE):
            return
        try:
            name, body = _DECODER.decode(text)
        except (msgspec.MsgspecError, RecursionError):
            self._refuse(eio_sid, "message.malformed")
        else:
            self.receiver.on_event(sid, name, body)

    def _refuse(self, eio_sid: str, code: str) -> None:
        sid = self.manager.sid_from_eio_sid(eio_sid, NAMESPACE)
        if sid is not None and self.receiver is not None:
            self.receiver.on_refused(sid, code)

    def _expect_join(self, eio_sid: str) -> None:
        def check() -> None:
            if self.manager.sid_from_eio_sid(eio_sid, NAMESPACE) is None and eio_sid in self.eio.sockets:
                self._supervisor.spawn(f"unjoined:{eio_sid}", self.eio.drop(eio_sid))

        self._clock.call_at(self._clock.now_ms() + JOIN_WITHIN_MS, check)

    # -- out -----------------------------------------------------------------------------------------------

    def put(self, sid: str, name: str, body: bytes) -> bool:
        """Queue an event, in order and at once. False when there is nobody, or nobody who reads."""
        eio_sid = self.manager.eio_sid_from_sid(sid, NAMESPACE)
        socket = self.eio.sockets.get(eio_sid)
        if socket is None or socket.closed or socket.queue.qsize() >= MAX_UNSENT:
            return False
        text = f'{_EVENT}["{name}",{body.decode()}]'
        socket.queue.put_nowait(engineio_packet.Packet(engineio_packet.MESSAGE, text))
        return True

    def part(self, sid: str) -> None:
        """Disconnect from the namespace after what was queued; later also close the transport."""
        eio_sid = self.manager.eio_sid_from_sid(sid, NAMESPACE)
        if eio_sid is not None:
            self._supervisor.spawn(f"disconnect:{sid}", self.disconnect(sid, NAMESPACE))
            self._expect_join(eio_sid)

    def cut(self, sid: str) -> None:
        """Close the transport under a connection at once; its disconnect is reported as usual."""
        eio_sid = self.manager.eio_sid_from_sid(sid, NAMESPACE)
        if eio_sid in self.eio.sockets:
            self._supervisor.spawn(f"cut:{sid}", self.eio.drop(eio_sid))

    def closed_by_peer(self, sid: str) -> bool:
        """Whether the transport under a connection was closed, rather than falling silent."""
        socket = self.eio.sockets.get(self.manager.eio_sid_from_sid(sid, NAMESPACE))
        return socket is not None and bool(socket.session.get("closed_by_peer"))

    async def close(self) -> None:
        """Send what is queued, then close every transport: with 1001, or by ending the poll."""
        unsent = [socket.queue.join() for socket in self.eio.sockets.values() if not socket.closed]
        with contextlib.suppress(TimeoutError):
            # The last words of a call (`ended`) are queued right before; who does not read is not waited for.
            await within(self._clock, LAST_WORDS_MS, _all(unsent))
        dropping = [self.eio.drop(eio_sid) for eio_sid in list(self.eio.sockets)]
        await asyncio.gather(*dropping, return_exceptions=True)
        if self.eio.service_task_handle is not None:
            await self.shutdown()

    @property
    def transports_open(self) -> int:
        """How many transports are open, joined or not."""
        return len(self.eio.sockets)


async def _all(waiting: list[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*waiting)


class _Sink:
    """A logger that drops what the library says about what clients sent, and passes its own faults on."""

    def info(self, *_: object) -> None:
        """Contains whole messages, so tokens and SDP."""

    warning = debug = info

    def error(self, text: str, *_: object) -> None:
        """A refusal of the transport."""
        log.info("transport_refused", text=text)

    def exception(self, text: str, *_: object) -> None:
        """A fault."""
        log.error("transport_fault", text=text, exc_info=sys.exception())


def log_sink() -> Any:
    """The library asks for a `logging.Logger`, and calls only these methods."""
    return _Sink()
