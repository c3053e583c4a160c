"""The real media engine in a process of its own: its CPU time can be read, and it can be stopped or killed.

    async with MediaProcess() as server:
        answer = await server.join("p1", "ada", "room1", client)
        await server.usage()

The parent speaks JSON lines over a loopback connection; `python -m rig.media_process` is the child.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE_KB = resource.getpagesize() // 1024
LIMIT = 1 << 22


@dataclass(frozen=True, slots=True)
class Usage:
    """Of the server process: CPU (user and system) since its start, resident memory, monotonic instant."""

    cpu_ns: int
    rss_kb: int
    at_ns: int


class MediaLink:
    """A connection to a media process; several (load processes) may be open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, control_port: int) -> MediaLink:
        """Connect to the child that listens on `control_port`."""
        return cls(*await asyncio.open_connection("127.0.0.1", control_port, limit=LIMIT))

    async def ask(self, do: str, **arguments: Any) -> Any:
        """One command; raises RuntimeError with the child's error."""
        async with self._turn, asyncio.timeout(30):
            self._writer.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            await self._writer.drain()
            answer = json.loads(await self._reader.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    async def join(
        self,
        peer: str,
        participant: str,
        room: str,
        client: Any,
    ) -> str:
        """Open a peer for a `MediaClient` whose labels are sources and track ids; returns the SDP answer."""
        answer: str = await self.ask(
            "join",
            peer=peer,
            participant=participant,
            room=room,
            sdp=client.offer(),
            publish=[[mid, source] for source, mid in client.publish_mids.items()],
            subscribe=[[mid, track] for track, mid in client.subscribe_mids.items()],
        )
        return answer

    async def usage(self) -> Usage:
        """CPU and memory of the child."""
        return Usage(**await self.ask("usage"))

    async def events(self, peer: str) -> list[tuple[str, int, int]]:
        """(kind, at_ms, monotonic ms when it was sent) of each event of a peer."""
        return [tuple(event) for event in await self.ask("events", peer=peer)]

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


class MediaProcess:
    """Starts the child, and stops it at the end."""

    def __init__(self, announced_port: int = 0) -> None:
        self._announced_port = announced_port
        self.process: asyncio.subprocess.Process | None = None
        self.link: MediaLink | None = None
        self.control_port = self.media_port = 0

    async def __aenter__(self) -> MediaProcess:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "rig.media_process",
            str(self._announced_port),
            stdout=asyncio.subprocess.PIPE,
            stdin=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT}"},
        )
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(30):
                ports = json.loads(await self.process.stdout.readline())
                self.control_port, self.media_port = ports["control"], ports["media"]
                self.link = await MediaLink.open(self.control_port)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.link is not None:
            self.link.close()
        await self._stop()

    async def _stop(self) -> None:
        """The child ends with its standard input; a stopped or stuck one is killed."""
        assert self.process is not None
        assert self.process.stdin is not None
        if self.process.returncode is None:
            self.process.stdin.close()
            try:
                async with asyncio.timeout(10):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()


class Child:
    """The side of the child: an engine and the commands on it."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.events: dict[str, list[tuple[str, int, int]]] = {}

    async def obey(self, order: dict[str, Any]) -> Any:
        """Run one command."""
        match order.pop("do"):
            case "join":
                return await self.join(**order)
            case "usage":
                return asdict(self.usage())
            case "events":
                return self.events.get(order["peer"], [])
            case "stats":
                stats = self.engine.stats(order["peer"])
                return None if stats is None else asdict(stats)
            case "close_peer":
                return self.engine.close_peer(order["peer"])
            case other:
                raise ValueError(f"unknown command {other}")

    async def join(
        self, peer: str, participant: str, room: str, sdp: str, *, publish: list[Any], subscribe: list[Any]
    ) -> str:
        """Open and answer a peer."""
        from media.engine import Offer, Publish, Subscribe  # noqa: PLC0415 - only the child needs the engine

        heard = self.events.setdefault(peer, [])

        def note(event: Any) -> None:
            at_ms = getattr(event, "at_ms", 0)
            heard.append((type(event).__name__, at_ms, time.monotonic_ns() // 1_000_000))

        self.engine.open_peer(peer, participant, room, note)
        offer = Offer(
            sdp,
            tuple(Publish(mid, source) for mid, source in publish),
            tuple(Subscribe(mid, track) for mid, track in subscribe),
        )
        answer: str = await self.engine.answer(peer, offer)
        return answer

    @staticmethod
    def usage() -> Usage:
        """Of this process."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return Usage(round((used.ru_utime + used.ru_stime) * 1e9), pages * PAGE_KB, time.monotonic_ns())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One link."""
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                try:
                    answer = {"result": await self.obey(json.loads(line))}
                except Exception as error:  # noqa: BLE001 - told to the parent
                    answer = {"error": f"{type(error).__name__}: {error}"}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        writer.close()


async def run_child(announced_port: int) -> None:
    """Serve until stdin ends."""
    from rig.rooms import make_engine  # noqa: PLC0415 - only the child needs the engine

    engine = make_engine(announced_port=announced_port)
    await engine.start()
    child = Child(engine)
    server = await asyncio.start_server(child.serve, "127.0.0.1", 0, limit=LIMIT)
    gc.collect()
    gc.freeze()
    ports = {"control": server.sockets[0].getsockname()[1], "media": engine.port}
    print(json.dumps(ports), flush=True)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), lambda: os.read(sys.stdin.fileno(), 1 << 16) or ended.set())
    await ended.wait()
    server.close()
    await engine.close()


if __name__ == "__main__":
    import uvloop

    uvloop.run(run_child(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
