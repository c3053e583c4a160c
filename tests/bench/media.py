"""What the media engine costs: one JSON line per case, rooms of two, load from other processes.

Each person sends 50 audio packets of 100 bytes and 175 video packets of 1,100 bytes a second over real ICE
and DTLS-SRTP (AES-GCM), with sender and receiver reports, and receives the other's. Video is 25 frames a
second of 7 packets that leave together, as Chromium's do; two people's frames meet by chance only.

* `pps`: RTP packets that arrived at the other person, per second (not what was meant to be sent)
* `us_per_packet`: CPU time (user and system) of the server process per such packet, everything included
* `p50_us`, `p99_us`: from the sender's send call to the arrival in the receiver's socket (SO_TIMESTAMPNS)
* `kb_per_room`: growth of the server's resident memory over the rooms
* `cpu_ms_per_join`: CPU time of the server per person that joins (offer and answer, ICE, DTLS)

On stderr, per case: what the load saw, and `socket_cost_us`, the CPU time of one send and one receive at that
moment. On a machine that is busy with other things every figure grows with it.

    python tests/bench/media.py [--rooms 10,40] [--seconds 10] [--warm 3] [--load-processes 1]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from rig.media_client import MediaClient  # noqa: E402 - found by the path above
from rig.media_process import MediaLink, MediaProcess, Usage  # noqa: E402
from rig.pacer import Pacer  # noqa: E402

# The delay is measured in this many rooms of a load process; reading time stamps costs its CPU time.
MEASURED_ROOMS = 4


class Load:
    """Rooms of two in a load process, obeying lines on stdin."""

    def __init__(self, link: MediaLink, name: str) -> None:
        self.link, self.name = link, name
        self.pacer = Pacer()
        self.clients: list[MediaClient] = []

    async def join(self, rooms: int) -> int:
        """Fill that many rooms; returns the number of people."""
        for room in range(rooms):
            people = (f"{self.name}-{room}-a", f"{self.name}-{room}-b")
            for me, other in (people, people[::-1]):
                client = MediaClient(
                    me,
                    publish={"mic": "audio", "camera": "video"},
                    subscribe={f"{other}.mic": "audio", f"{other}.camera": "video"},
                    pacer=self.pacer,
                    record=False,
                    measure=room < MEASURED_ROOMS,
                    answer_nack=False,
                )
                client.accept(await self.link.join(f"peer-{me}", me, f"{self.name}-{room}", client))
                await client.ready()
                self.clients.append(client)
        gc.collect()
        gc.freeze()
        return len(self.clients)

    def play(self) -> int:
        """Begin to send."""
        for client in self.clients:
            client.play()
        return len(self.clients)

    def counts(self) -> dict[str, Any]:
        """Totals, and the delays since the last time."""
        streams = [stream for client in self.clients for stream in client.received.values()]
        latencies = [latency for stream in streams for latency in stream.latencies_ns]
        for stream in streams:
            stream.latencies_ns.clear()
        return {
            "at_ns": time.monotonic_ns(),
            "cpu_ns": time.process_time_ns(),
            "sent": sum(stream.packets for client in self.clients for stream in client.sent.values()),
            "received": sum(stream.packets for stream in streams),
            "damaged": sum(stream.damaged for stream in streams),
            "lost": sum(stream.lost() for stream in streams),
            "refused": sum(client.tally.refused for client in self.clients),
            "nacks": sum(client.tally.nacks for client in self.clients),
            "latencies_us": [latency // 1000 for latency in latencies],
        }

    async def obey(self, order: dict[str, Any]) -> Any:
        """One command of the parent."""
        match order["do"]:
            case "join":
                return await self.join(order["rooms"])
            case "play":
                return self.play()
            case "counts":
                return self.counts()
            case _:
                for client in self.clients:
                    client.close()
                return len(self.clients)


async def run_load(control_port: int, name: str) -> None:
    """The load process: JSON lines in, JSON lines out."""
    load = Load(await MediaLink.open(control_port), name)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(json.dumps(await load.obey(json.loads(line))), flush=True)


class LoadProcess:
    """The parent's end of a load process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def ask(self, do: str, **arguments: Any) -> Any:
        """One command."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        await self.process.stdin.drain()
        async with asyncio.timeout(120):
            line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError("the load process has failed")
        return json.loads(line)


@asynccontextmanager
async def load_process(control_port: int, name: str) -> AsyncIterator[LoadProcess]:
    """Start a load process and end it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__)),
        "--load",
        f"{control_port}:{name}",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 26,
    )
    try:
        yield LoadProcess(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def socket_cost_us() -> float:
    """CPU time of one sendto and one recvfrom of 1,100 bytes: how fast the machine is just now."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    ):
        receiver.bind(("127.0.0.1", 0))
        address, datagram, space = receiver.getsockname(), bytes(1_100), bytearray(2_048)
        costs = []
        for _ in range(100):
            began_ns = time.process_time_ns()
            for _ in range(20):
                sender.sendto(datagram, address)
            for _ in range(20):
                receiver.recvfrom_into(space)
            costs.append((time.process_time_ns() - began_ns) / 20_000)
    return sorted(costs)[50]


def percentile(ordered: list[int], share: float) -> int:
    """The value below which that share lies; 0 of nothing."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0


async def measure(loads: list[LoadProcess], link: MediaLink, seconds: float) -> dict[str, Any]:
    """Counts of server and load over a window."""
    cost_us = socket_cost_us()
    before = await asyncio.gather(*(load.ask("counts") for load in loads))
    first = await link.usage()
    await asyncio.sleep(seconds)
    last = await link.usage()
    after = await asyncio.gather(*(load.ask("counts") for load in loads))
    # The load's window is a little longer than the server's; rates are taken over each one's own time.
    window_s = sum(b["at_ns"] - a["at_ns"] for a, b in zip(before, after, strict=True)) / len(loads) / 1e9
    total = {key: sum(b[key] - a[key] for a, b in zip(before, after, strict=True)) for key in before[0]
             if key != "latencies_us"}  # fmt: skip
    pps = total["received"] / window_s
    server_s = (last.at_ns - first.at_ns) / 1e9
    cpu_us = (last.cpu_ns - first.cpu_ns) / 1000
    latencies = sorted(latency for counts in after for latency in counts["latencies_us"])
    return {
        "pps": round(pps),
        "us_per_packet": round(cpu_us / server_s / pps, 2) if pps else 0,
        "p50_us": percentile(latencies, 0.5),
        "p99_us": percentile(latencies, 0.99),
        "last": last,
        "note": {
            "sent_pps": round(total["sent"] / window_s),
            "damaged": total["damaged"],
            "lost": total["lost"],
            "refused": total["refused"],
            "nacks": total["nacks"],
            "load_cpu_share": round(total["cpu_ns"] / 1e9 / window_s / len(loads), 2),
            "server_cpu_share": round(cpu_us / 1e6 / server_s, 2),
            "socket_cost_us": round((cost_us + socket_cost_us()) / 2, 1),
        },
    }


async def bench(rooms: int, seconds: float, warm: float, load_processes: int) -> tuple[dict[str, Any], Any]:
    """One case."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(MediaProcess())
        assert server.link is not None
        loads = [
            await stack.enter_async_context(load_process(server.control_port, f"load{number}"))
            for number in range(load_processes)
        ]
        # The first join pays for imports and caches; memory and joins are counted after it.
        first = await stack.enter_async_context(load_process(server.control_port, "first"))
        await first.ask("join", rooms=1)
        await first.ask("stop")
        empty: Usage = await server.link.usage()
        shares = [
            rooms // load_processes + (number < rooms % load_processes) for number in range(load_processes)
        ]
        people = sum([await load.ask("join", rooms=share) for load, share in zip(loads, shares, strict=True)])
        joined = await server.link.usage()
        for load in loads:
            await load.ask("play")
        await asyncio.sleep(warm)
        result = await measure(loads, server.link, seconds)
        used: Usage = result.pop("last")
        note = result.pop("note")
        for load in loads:
            await load.ask("stop")
    line = {
        "name": f"rooms_of_two_{rooms}",
        "rooms": rooms,
        **result,
        "kb_per_room": round((used.rss_kb - empty.rss_kb) / rooms),
        "cpu_ms_per_join": round((joined.cpu_ns - empty.cpu_ns) / 1e6 / people, 2),
    }
    return line, note


async def run_all(given: argparse.Namespace) -> None:
    """Every case."""
    for rooms in [int(number) for number in given.rooms.split(",")]:
        line, note = await bench(rooms, given.seconds, given.warm, given.load_processes)
        print(json.dumps(line), flush=True)
        # For the reader's eye, so that a machine without room for the load is not taken for a slow server.
        print(f"# {line['name']}: {json.dumps(note)}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    import uvloop

    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rooms", default="10,40")
    arguments.add_argument("--seconds", type=float, default=10)
    arguments.add_argument("--warm", type=float, default=3)
    arguments.add_argument("--load-processes", type=int, default=1)
    arguments.add_argument("--load", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.load:
        port, _, load_name = chosen.load.partition(":")
        uvloop.run(run_load(int(port), load_name))
    else:
        asyncio.run(run_all(chosen))
