"""A UDP relay that stands before the media port and can be cut, made lossy, slow or moved.

Clients send to the gate's port, the gate sends on to the server from one upstream socket per client address,
so the server sees one address per client as it would behind a NAT. The server announces the gate's port.

Three ways to use it:

* in an asyncio test: `async with UdpGate(("127.0.0.1", server_port)) as gate: gate.cut("up")`
* beside a sync test (Playwright): `with GateThread() as gate: gate.aim("127.0.0.1", port); gate.cut()`
* as a process: `python tests/rig/udp_gate.py --server 127.0.0.1:5004`, one JSON command per line on stdin
  (`{"do": "cut", "direction": "up"}`), one JSON answer per line on stdout; the first line gives the port.

`up` is client to server, `down` server to client. Every control takes `only`: the UDP port (int) or the
ICE user fragment (str, seen in STUN requests) of a client, or None for everybody, also those who come later.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Any, Literal, TypeVar

Address = tuple[str, int]
Direction = Literal["up", "down", "both"]
Only = int | str | None
T = TypeVar("T")

MAX_FLOWS = 1024
MAX_HELD_PACKETS = 20_000
MAX_DATAGRAM = 65_535
DRAIN = 64
BREAK_MS = 1_000.0


@dataclass(slots=True)
class Weather:
    """What happens to datagrams of one client. Loss is a share of 0 to 1, delays are milliseconds."""

    cut_up: bool = False
    cut_down: bool = False
    loss_up: float = 0.0
    loss_down: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0

    def copy(self) -> Weather:
        return Weather(**asdict(self))


@dataclass(slots=True)
class Counts:
    """Datagrams since the start, by fate."""

    passed_up: int = 0
    passed_down: int = 0
    dropped_up: int = 0
    dropped_down: int = 0


@dataclass(slots=True)
class Flow:
    """One client address and its upstream socket."""

    client: Address
    upstream: socket.socket
    weather: Weather
    ufrag: str | None = None
    counts: Counts = field(default_factory=Counts)
    spans: list[list[float]] = field(default_factory=list)

    def passed_up(self, now_ms: float) -> None:
        """Count a datagram that goes to the server, and stretch the span of life it belongs to."""
        self.counts.passed_up += 1
        if self.spans and now_ms - self.spans[-1][1] < BREAK_MS:
            self.spans[-1][1] = now_ms
        else:
            self.spans.append([now_ms, now_ms])

    def is_meant(self, only: Only) -> bool:
        """Whether a control with `only` concerns this flow."""
        return only is None or only == (self.client[1] if isinstance(only, int) else self.ufrag)


def client_ufrag(datagram: bytes) -> str | None:
    """The sender's ICE user fragment if this is a STUN binding request with a USERNAME (RFC 8445 7.2.2)."""
    if len(datagram) < 20 or datagram[:2] != b"\x00\x01" or datagram[4:8] != b"\x21\x12\xa4\x42":
        return None
    at = 20
    while at + 4 <= len(datagram):
        kind, length = int.from_bytes(datagram[at : at + 2]), int.from_bytes(datagram[at + 2 : at + 4])
        if kind == 0x0006:
            username = datagram[at + 4 : at + 4 + length].decode("utf-8", "replace")
            return username.partition(":")[2] or None
        at += 4 + length + (-length % 4)
    return None


class UdpGate:
    """The relay. All methods must be called on the loop it was started on; see `GateThread` otherwise."""

    def __init__(
        self, server: Address | None = None, *, host: str = "127.0.0.1", port: int = 0, seed: int = 0
    ) -> None:
        self._server = server
        self._host, self._wanted_port = host, port
        self._random = random.Random(seed)
        self._weather = Weather()
        self._special: dict[int | str, Weather] = {}
        self._flows: dict[Address, Flow] = {}
        self._listening: socket.socket | None = None
        self._held = 0

    async def __aenter__(self) -> UdpGate:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- life ---

    def start(self) -> int:
        """Bind the port on the running loop and return it."""
        listening = self._bound(self._host, self._wanted_port)
        self._listening = listening
        asyncio.get_running_loop().add_reader(listening.fileno(), self._read_clients)
        return self.port

    def close(self) -> None:
        """Close all sockets. Idempotent."""
        loop = asyncio.get_running_loop()
        for flow in self._flows.values():
            loop.remove_reader(flow.upstream.fileno())
            flow.upstream.close()
        self._flows.clear()
        if self._listening is not None:
            loop.remove_reader(self._listening.fileno())
            self._listening.close()
            self._listening = None

    @property
    def port(self) -> int:
        """The port clients send to."""
        if self._listening is None:
            raise RuntimeError("the gate is not started")
        return int(self._listening.getsockname()[1])

    def aim(self, host: str, port: int) -> None:
        """Set or change the server, for new and old clients (a server that was started again)."""
        self._server = (host, port)

    # --- controls ---

    def cut(self, direction: Direction = "both", only: Only = None) -> None:
        """Drop everything in that direction until `heal`."""
        for weather in self._touch(only):
            weather.cut_up = weather.cut_up or direction in {"up", "both"}
            weather.cut_down = weather.cut_down or direction in {"down", "both"}

    def heal(self, only: Only = None) -> None:
        """No cut, no loss, no delay."""
        fair = Weather()
        for weather in self._touch(only):
            for name in Weather.__slots__:
                setattr(weather, name, getattr(fair, name))

    def lose(self, share: float, direction: Direction = "both", only: Only = None) -> None:
        """Drop that share (0 to 1) of the datagrams by chance."""
        for weather in self._touch(only):
            if direction in {"up", "both"}:
                weather.loss_up = share
            if direction in {"down", "both"}:
                weather.loss_down = share

    def delay(self, ms: float, jitter_ms: float = 0.0, only: Only = None) -> None:
        """Hold every datagram `ms` plus or minus up to `jitter_ms`, each way. Jitter may reorder."""
        for weather in self._touch(only):
            weather.delay_ms, weather.jitter_ms = ms, jitter_ms

    def rebind(self, only: Only = None) -> int:
        """Give clients a new upstream socket: to the server their address changes. Returns how many."""
        loop = asyncio.get_running_loop()
        moved = 0
        for flow in self._flows.values():
            if flow.is_meant(only):
                old, flow.upstream = flow.upstream, self._upstream()
                loop.remove_reader(old.fileno())
                old.close()
                loop.add_reader(flow.upstream.fileno(), self._read_server, flow, flow.upstream)
                moved += 1
        return moved

    def flows(self) -> list[dict[str, Any]]:
        """The clients seen, oldest first: port, ufrag, server-side port, counts, and `spans`:

        the [first, last] instants (ms of CLOCK_MONOTONIC) between which datagrams went up without a break.
        """
        return [
            {
                "port": flow.client[1],
                "ufrag": flow.ufrag,
                "upstream_port": flow.upstream.getsockname()[1],
                "spans": [list(span) for span in flow.spans],
                **asdict(flow.counts),
            }
            for flow in self._flows.values()
        ]

    def counts(self) -> Counts:
        """The sum over all clients."""
        total = Counts()
        for flow in self._flows.values():
            for name in Counts.__slots__:
                setattr(total, name, getattr(total, name) + getattr(flow.counts, name))
        return total

    # --- inside ---

    def _touch(self, only: Only) -> list[Weather]:
        """The weathers a control changes; those of later clients included."""
        if only is None:
            return [self._weather, *self._special.values(), *(f.weather for f in self._flows.values())]
        named = self._special.setdefault(only, self._weather.copy())
        return [named, *(f.weather for f in self._flows.values() if f.is_meant(only))]

    def _bound(self, host: str, port: int) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            made.setsockopt(socket.SOL_SOCKET, option, 1 << 21)
        made.bind((host, port))
        return made

    def _upstream(self) -> socket.socket:
        return self._bound(self._host, 0)

    def _flow_of(self, client: Address) -> Flow | None:
        flow = self._flows.get(client)
        if flow is None and len(self._flows) < MAX_FLOWS:
            weather = self._special.get(client[1], self._weather).copy()
            flow = self._flows[client] = Flow(client, self._upstream(), weather)
            loop = asyncio.get_running_loop()
            loop.add_reader(flow.upstream.fileno(), self._read_server, flow, flow.upstream)
        return flow

    def _learn(self, flow: Flow, datagram: bytes) -> None:
        """Remember who this is, and hang the weather on it that was ordered for the name."""
        name = client_ufrag(datagram)
        if name is not None and name != flow.ufrag:
            flow.ufrag = name
            if name in self._special:
                flow.weather = self._special[name].copy()

    def _read_clients(self) -> None:
        assert self._listening is not None
        for _ in range(DRAIN):
            try:
                datagram, client = self._listening.recvfrom(MAX_DATAGRAM)
            except OSError:
                return
            flow = self._flow_of(client)
            if flow is None:
                continue
            if datagram[:1] == b"\x00":
                self._learn(flow, datagram)
            if flow.weather.cut_up or self._random.random() < flow.weather.loss_up:
                flow.counts.dropped_up += 1
                continue
            flow.passed_up(time.monotonic() * 1000)
            self._later(flow.weather, self._send_up, flow, datagram)

    def _read_server(self, flow: Flow, upstream: socket.socket) -> None:
        for _ in range(DRAIN):
            try:
                datagram = upstream.recv(MAX_DATAGRAM)
            except OSError:
                return
            if flow.weather.cut_down or self._random.random() < flow.weather.loss_down:
                flow.counts.dropped_down += 1
                continue
            flow.counts.passed_down += 1
            self._later(flow.weather, self._send_down, flow, datagram)

    def _later(self, weather: Weather, send: Callable[[Flow, bytes], None], flow: Flow, data: bytes) -> None:
        if not weather.delay_ms and not weather.jitter_ms:
            send(flow, data)
            return
        if self._held >= MAX_HELD_PACKETS:
            return
        self._held += 1
        wait_ms = weather.delay_ms + self._random.uniform(-1, 1) * weather.jitter_ms

        def release() -> None:
            self._held -= 1
            send(flow, data)

        asyncio.get_running_loop().call_later(max(0.0, wait_ms) / 1000, release)

    def _send_up(self, flow: Flow, datagram: bytes) -> None:
        if self._server is not None and flow.upstream.fileno() >= 0:
            with contextlib.suppress(OSError):
                flow.upstream.sendto(datagram, self._server)

    def _send_down(self, flow: Flow, datagram: bytes) -> None:
        if self._listening is not None:
            with contextlib.suppress(OSError):
                self._listening.sendto(datagram, flow.client)


class GateThread:
    """A gate on its own thread and loop, with the same controls, callable from sync code."""

    def __init__(self, server: Address | None = None, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._gate = UdpGate(server, host=host, port=port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="udp-gate", daemon=True)
        self.port = 0

    def __enter__(self) -> GateThread:
        self._thread.start()
        self.port = self._call(self._gate.start)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._gate.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def aim(self, host: str, port: int) -> None:
        """See `UdpGate`."""
        self._call(lambda: self._gate.aim(host, port))

    def cut(self, direction: Direction = "both", only: Only = None) -> None:
        """See `UdpGate`."""
        self._call(lambda: self._gate.cut(direction, only))

    def heal(self, only: Only = None) -> None:
        """See `UdpGate`."""
        self._call(lambda: self._gate.heal(only))

    def lose(self, share: float, direction: Direction = "both", only: Only = None) -> None:
        """See `UdpGate`."""
        self._call(lambda: self._gate.lose(share, direction, only))

    def delay(self, ms: float, jitter_ms: float = 0.0, only: Only = None) -> None:
        """See `UdpGate`."""
        self._call(lambda: self._gate.delay(ms, jitter_ms, only))

    def rebind(self, only: Only = None) -> int:
        """See `UdpGate`."""
        return self._call(lambda: self._gate.rebind(only))

    def flows(self) -> list[dict[str, Any]]:
        """See `UdpGate`."""
        return self._call(self._gate.flows)

    def counts(self) -> Counts:
        """See `UdpGate`."""
        return self._call(self._gate.counts)

    def _call(self, do: Callable[[], T]) -> T:
        answer: Future[T] = Future()

        def run() -> None:
            try:
                answer.set_result(do())
            except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
                answer.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return answer.result(timeout=10)


def command(gate: UdpGate, line: str) -> dict[str, Any]:
    """Obey one line of the process's control channel: {"do": name, ...arguments of that method}."""
    order = json.loads(line)
    name = order.pop("do")
    match name:
        case "aim" | "cut" | "heal" | "lose" | "delay" | "rebind":
            return {"done": name, "moved": getattr(gate, name)(**order)}
        case "flows":
            return {"done": name, "flows": gate.flows()}
        case "counts":
            return {"done": name, **asdict(gate.counts())}
        case _:
            return {"error": f"unknown command {name!r}"}


async def run_process(server: Address | None, host: str, port: int) -> None:
    """Serve until stdin ends."""
    async with UdpGate(server, host=host, port=port) as gate:
        print(json.dumps({"port": gate.port}), flush=True)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            try:
                answer = command(gate, line.decode())
            except (ValueError, KeyError, TypeError) as error:
                answer = {"error": str(error)}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--server", help="host:port of the media server")
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=0)
    given = arguments.parse_args()
    at, _, number = (given.server or "").rpartition(":")
    asyncio.run(run_process((at, int(number)) if at else None, given.host, given.port))
