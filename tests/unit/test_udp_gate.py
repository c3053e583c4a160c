"""The gate is an instrument of other tests, so it is calibrated here."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from pathlib import Path

from rig.udp_gate import GateThread, UdpGate, client_ufrag


class Echo(asyncio.DatagramProtocol):
    """A server that sends everything back and remembers from where it came."""

    def __init__(self) -> None:
        self.seen: list[tuple[bytes, int]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.seen.append((data, addr[1]))
        self.transport.sendto(data, addr)


class Box(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.got: list[bytes] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.got.append(data)


async def pair(gate: UdpGate) -> tuple[Echo, list[tuple[asyncio.DatagramTransport, Box]]]:
    loop = asyncio.get_running_loop()
    transport, echo = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    gate.aim(*transport.get_extra_info("sockname"))
    clients = [
        await loop.create_datagram_endpoint(Box, remote_addr=("127.0.0.1", gate.port)) for _ in range(2)
    ]
    return echo, clients


async def settle() -> None:
    await asyncio.sleep(0.05)


async def test_a_gate_keeps_clients_apart_and_cuts_each_way() -> None:
    async with UdpGate() as gate:
        echo, ((one, inbox_one), (two, inbox_two)) = await pair(gate)
        one.sendto(b"1")
        two.sendto(b"2")
        await settle()
        assert (inbox_one.got, inbox_two.got) == ([b"1"], [b"2"])
        assert len({port for _, port in echo.seen}) == 2

        only = one.get_extra_info("sockname")[1]
        gate.cut("down", only=only)
        one.sendto(b"a")
        two.sendto(b"b")
        await settle()
        assert (inbox_one.got, inbox_two.got) == ([b"1"], [b"2", b"b"])
        assert [data for data, _ in echo.seen] == [b"1", b"2", b"a", b"b"]

        gate.heal(only=only)
        gate.cut("up")
        one.sendto(b"lost")
        await settle()
        assert len(echo.seen) == 4
        gate.heal()
        one.sendto(b"back")
        await settle()
        assert inbox_one.got == [b"1", b"back"]
        counts = gate.counts()
        assert (counts.passed_up, counts.dropped_up, counts.dropped_down) == (5, 1, 1)
        echo.transport.close()
        one.close()
        two.close()


async def test_a_rebind_changes_the_address_that_the_server_sees() -> None:
    async with UdpGate() as gate:
        echo, ((one, inbox), (two, _)) = await pair(gate)
        one.sendto(b"before")
        await settle()
        assert gate.rebind() == 1
        one.sendto(b"after")
        await settle()
        assert [data for data, _ in echo.seen] == [b"before", b"after"]
        assert echo.seen[0][1] != echo.seen[1][1]
        assert inbox.got == [b"before", b"after"]
        for transport in (echo.transport, one, two):
            transport.close()


async def test_loss_and_delay_are_about_what_was_ordered() -> None:
    async with UdpGate(seed=5) as gate:
        echo, ((one, inbox), (two, _)) = await pair(gate)
        gate.lose(0.3, "up")
        for _ in range(1000):
            one.sendto(b"x")
            await asyncio.sleep(0)
        await settle()
        assert 620 < len(echo.seen) < 780
        gate.heal()
        gate.delay(80)
        await settle()
        inbox.got.clear()
        one.sendto(b"slow")
        await asyncio.sleep(0.1)
        assert inbox.got == []
        await asyncio.sleep(0.15)
        assert inbox.got == [b"slow"]
        for transport in (echo.transport, one, two):
            transport.close()


def test_a_user_fragment_is_read_from_a_binding_request() -> None:
    username = b"serv:clnt"
    attribute = b"\x00\x06" + len(username).to_bytes(2) + username + bytes(-len(username) % 4)
    request = b"\x00\x01" + len(attribute).to_bytes(2) + b"\x21\x12\xa4\x42" + bytes(12) + attribute
    assert client_ufrag(request) == "clnt"
    assert client_ufrag(b"\x00\x01" + bytes(18)) is None
    assert client_ufrag(request[:26]) is None


def test_a_gate_in_a_thread_serves_synchronous_code() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, GateThread() as gate:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        gate.aim(*server.getsockname())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"hello", ("127.0.0.1", gate.port))
            assert server.recvfrom(100)[0] == b"hello"
            gate.cut(only=client.getsockname()[1])
            client.sendto(b"lost", ("127.0.0.1", gate.port))
            gate.heal()
            client.sendto(b"again", ("127.0.0.1", gate.port))
            assert server.recvfrom(100)[0] in {b"again", b"lost"}


def test_a_gate_is_also_a_process() -> None:
    script = Path(__file__).parents[1] / "rig" / "udp_gate.py"
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        port = json.loads(process.stdout.readline())["port"]

        def say(**order: object) -> dict[str, object]:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            answer: dict[str, object] = json.loads(process.stdout.readline())
            return answer

        assert say(do="aim", host="127.0.0.1", port=server.getsockname()[1])["done"] == "aim"
        server.sendto(b"hello", ("127.0.0.1", port))
        assert server.recv(100) == b"hello"
        assert say(do="counts")["passed_up"] == 1
        assert "error" in say(do="dance")
        process.stdin.close()
        assert process.wait(timeout=10) == 0
