"""Under load the port is read in bursts, and with few packets at once."""

from __future__ import annotations

import asyncio
import socket

import pytest
from rig.waiting import until

from media.reading import GATHER_PER_S
from media.udp import MediaOptions, UdpMediaEngine
from signaling.clock import SystemClock


async def flood(engine: UdpMediaEngine, sock: socket.socket, *, gathered: bool) -> int:
    """Send far more a second than is gathered from, until `gathering` is `gathered`; how many were sent."""
    sent = 0
    async with asyncio.timeout(30):
        while engine.gathering is not gathered:
            for _ in range(GATHER_PER_S * 4 // 200):
                sock.send(b"\x80" + bytes(60))
                sent += 1
            await asyncio.sleep(0.005)
    return sent


async def counted(engine: UdpMediaEngine, number: int) -> None:
    await until(lambda: engine.counters()["drop_unknown_address"] == number)


@pytest.mark.parametrize("pumps", [True, False])
async def test_many_are_gathered_few_are_not_and_none_is_lost(pumps: bool) -> None:
    engine = UdpMediaEngine(MediaOptions(host="127.0.0.1", gather_ms=2), SystemClock().now_ms)
    engine._wire.pumps = engine._wire.pumps and pumps
    await engine.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", engine.port))
        sent = await flood(engine, sock, gathered=True)
        await counted(engine, sent)
        await until(lambda: not engine.gathering)
        sock.send(b"\x80" + bytes(60))
        await counted(engine, sent + 1)
        assert not engine.gathering
        # It closes while it gathers, too.
        await flood(engine, sock, gathered=True)
        await engine.close()


async def test_with_0_ms_nothing_is_gathered() -> None:
    engine = UdpMediaEngine(MediaOptions(host="127.0.0.1", gather_ms=0), SystemClock().now_ms)
    await engine.start()
    engine._wire.arrived = 1_000_000
    engine._reading.pace()
    assert not engine.gathering
    await engine.close()
