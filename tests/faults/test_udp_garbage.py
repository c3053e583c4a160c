"""A hundred thousand bad datagrams on the media port, with a call beside them that must not notice.

The seed is printed; `TALKTIME_GARBAGE_SEED` repeats a run, `TALKTIME_GARBAGE` sets how many datagrams.
"""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import os
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pylibsrtp
import pytest
from rig.complaints import Complaints
from rig.dtls import VIEW, Dtls, shared_certificate
from rig.garbage import Garbage, Material, forged_check
from rig.media_client import MediaClient, closing
from rig.rooms import Seat, call_of_two, make_engine, now_ms, take_seat
from rig.streams import SHAPES
from rig.waiting import until

from media.engine import PeerGone, PeerInterrupted
from media.udp import UdpMediaEngine

SEED = int(os.environ.get("TALKTIME_GARBAGE_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
DATAGRAMS = int(os.environ.get("TALKTIME_GARBAGE", "100000"))
BATCH = 32
# Growth that is no leak: caches that fill, the rings of the running call, interned small things.
SLACK_ITEMS = 3_000
SLACK_KB = 12_000
# What must have been exercised, or the garbage was too polite.
REACHED = (
    "drop_unknown_address",
    "drop_not_webrtc",
    "drop_oversized",
    "drop_stun_malformed",
    "drop_stun_stranger",
    "drop_stun_forged",
    "drop_srtp_forged",
    "drop_srtp_replayed",
    "drop_srtcp",
    "nacks_received",
)


def tap(client: MediaClient) -> list[bytes]:
    """Note what a client puts on the wire from now on (the newest 2,000)."""
    sent: list[bytes] = []
    send = client.send_raw

    def note(datagram: bytes | memoryview) -> None:
        sent.append(bytes(datagram))
        del sent[:-2_000]
        send(datagram)

    client.send_raw = note  # type: ignore[method-assign]
    return sent


def client_hello() -> bytes:
    hellos: list[bytes] = []
    Dtls(shared_certificate(), {}, hellos.append).start()
    return hellos[0]


async def material_of(seat: Seat, sent: list[bytes]) -> Material:
    """Wait for a bit of everything to spoil."""
    assert seat.client.answer is not None
    await until(lambda: sum(data[:2] == b"\x00\x01" for data in sent) >= 2, "checks")
    await until(lambda: sum(data[0] >= 128 and 192 <= data[1] < 224 for data in sent) >= 4, "reports")
    protected = [data for data in sent if data[0] & 0xC0 == 0x80]
    return Material(
        checks=[data for data in sent if data[:2] == b"\x00\x01"],
        hellos=[client_hello() for _ in range(4)],
        srtp=[data for data in protected if not 192 <= data[1] < 224][-200:],
        srtcp=[data for data in protected if 192 <= data[1] < 224],
        username=f"{seat.client.answer.ufrag}:{seat.client.ufrag}",
        ssrcs=[stream.ssrc for stream in seat.client.sent.values()],
    )


def census(root: object) -> int:
    """How many things the engine holds on to: items of every container reachable from it."""
    seen: set[int] = set()
    stack: list[Any] = [root]
    items = 0
    while stack:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, (dict, list, set, frozenset, tuple)) or type(one).__name__ == "deque":
            items += len(one)
        elif not type(one).__module__.startswith("media"):
            continue
        stack += gc.get_referents(one)
    return items


def resident_kb() -> int:
    fields = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in fields if line.startswith("VmRSS"))


def dropped_by_the_kernel(port: int) -> int:
    """Datagrams that never reached the engine because its socket was full (/proc/net/udp)."""
    total = 0
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].rpartition(":")[2], 16) == port:
            total += int(fields[-1])
    return total


@pytest.fixture
def strangers() -> Iterator[list[socket.socket]]:
    """Sockets whose addresses the engine has never seen."""
    made = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(20)]
    for each in made:
        each.bind(("127.0.0.1", 0))
        each.setblocking(False)
    yield made
    for each in made:
        each.close()


@pytest.fixture
async def engine() -> AsyncIterator[UdpMediaEngine]:
    engine = make_engine()
    await engine.start()
    yield engine
    await engine.close()


class Mallory:
    """Somebody with valid keys who speaks nonsense under them."""

    def __init__(self, seat: Seat, garbage: Garbage) -> None:
        self.client, self.garbage = seat.client, garbage
        # Her numbers must be hers alone: the library protects no number twice.
        self.client.mute()
        self.client.reports = False
        self.ssrcs = [s.ssrc for s in seat.client.sent.values()]
        self.ssrcs += [s.rtx_ssrc for s in seat.client.sent.values() if s.rtx_ssrc]
        self.ssrcs += [stream.ssrc for stream in seat.client.received.values()]
        assert seat.client.answer is not None
        self.payload_types = [n for line in seat.client.answer.lines.values() for n in line.codecs]

    def speak(self) -> None:
        assert self.client.srtp is not None
        if self.garbage.chance.random() < 0.5:
            self.client.send_rtcp(self.garbage.authentic_rtcp(self.ssrcs))
            return
        packet = self.garbage.authentic_rtp(self.ssrcs, self.payload_types)
        VIEW[: len(packet)] = packet
        # The library itself refuses to protect some nonsense.
        with suppress(pylibsrtp.Error):
            self.client.send_raw(VIEW[: self.client.srtp.protect(len(packet))])


async def pour(count: int, sources: list[Callable[[], None]], chance: random.Random) -> None:
    for number in range(count):
        chance.choice(sources)()
        if number % BATCH == BATCH - 1:
            # The engine and the call live on the same loop and must have their turn.
            await asyncio.sleep(0)


def unharmed(seats: tuple[Seat, ...]) -> None:
    for seat in seats:
        assert seat.all(PeerInterrupted) == []
        assert seat.all(PeerGone) == []
        for stream in seat.client.received.values():
            assert stream.damaged == 0
            assert (stream.missing() if stream.records else stream.lost()) in ([], 0)
        assert seat.client.tally.bad_rtcp == []
        assert seat.client.tally.unauthentic == 0
        alive_ms = seat.engine.last_alive_ms(seat.peer)
        assert alive_ms is not None
        assert now_ms() - alive_ms < 1_000


async def test_garbage_does_no_harm(engine: UdpMediaEngine, strangers: list[socket.socket]) -> None:
    print(f"TALKTIME_GARBAGE_SEED={SEED}")
    complaints = Complaints()
    async with complaints.collecting(), AsyncExitStack() as stack:
        # The clients keep no records: memory is measured.
        ada, bob = await call_of_two(engine, record=False)
        await stack.enter_async_context(closing(ada.client, bob.client))
        victim, liar = await call_of_two(engine, "dark", record=False)
        await stack.enter_async_context(closing(victim.client, liar.client))
        garbage = Garbage(SEED, await material_of(victim, tap(victim.client)))
        mallory = Mallory(liar, garbage)
        target = ("127.0.0.1", engine.port)
        poured: Counter[str] = Counter()

        def from_strangers() -> None:
            poured["stranger"] += 1
            with suppress(BlockingIOError):
                garbage.chance.choice(strangers).sendto(garbage(), target)

        def from_known_address() -> None:
            poured["known"] += 1
            victim.client.send_raw(garbage())

        def replayed() -> None:
            poured["replayed"] += 1
            victim.client.send_raw(garbage.replayed())

        def authentic() -> None:
            poured["authentic"] += 1
            mallory.speak()

        def forged() -> None:
            poured["forged"] += 1
            check = forged_check(garbage.material.username, poured["forged"])
            with suppress(BlockingIOError):
                garbage.chance.choice(strangers).sendto(check, target)

        sources = [from_strangers] * 5 + [from_known_address] * 2 + [replayed, authentic, forged]
        # The first tenth fills what may fill; then everything must stay level.
        await pour(DATAGRAMS // 10, sources, garbage.chance)
        await asyncio.sleep(0.5)
        gc.collect()
        items, memory, counters = census(engine), resident_kb(), engine.counters()
        packets = {label: bob.client.stream(label).packets for label in bob.client.subscribe_mids}
        began_ms = now_ms()
        await pour(DATAGRAMS - DATAGRAMS // 10, sources, garbage.chance)
        took_s = (now_ms() - began_ms) / 1000
        await asyncio.sleep(0.5)
        assert complaints.found == []
        assert sum(poured.values()) == DATAGRAMS
        assert dropped_by_the_kernel(engine.port) == 0, "the engine has read every datagram"
        unharmed((ada, bob))
        after = engine.counters()
        assert (after["addresses_moved"], after["addresses"]) == (counters["addresses_moved"], after["peers"])
        for reached in REACHED:
            assert after[reached] - counters[reached] > DATAGRAMS // 1_000, reached
        for seat in (victim, liar):
            assert (seat.all(PeerInterrupted), seat.all(PeerGone)) == ([], [])
        for label, before in packets.items():
            per_second = 50 if label.endswith("mic") else 175
            assert bob.client.stream(label).packets - before > 0.9 * per_second * took_s
        gc.collect()
        assert census(engine) - items < SLACK_ITEMS
        assert resident_kb() - memory < SLACK_KB
        # And the port still serves newcomers.
        late = await take_seat(engine, "room", "cyd", ("room-ada",))
        await stack.enter_async_context(closing(late.client))
        await late.client.ready()
        late.client.play()
        await late.connected()
    assert complaints.found == []
    print(f"{dict(poured)} in {took_s:.1f} s; {engine.counters()}")


async def test_replayed_packets_are_neither_counted_nor_forwarded(engine: UdpMediaEngine) -> None:
    ada, bob = await call_of_two(engine)
    async with closing(ada.client, bob.client):
        sent = tap(ada.client)
        await asyncio.sleep(0.5)
        ada.client.mute()
        ada.client.reports = False
        await asyncio.sleep(0.2)
        replay = [data for data in sent if data[0] & 0xC0 == 0x80]
        stats, heard = engine.stats(ada.peer), bob.client.stream("room-ada.mic").packets
        seen = bob.client.stream("room-ada.camera").packets
        assert stats is not None
        for data in replay:
            ada.client.send_raw(data)
        await asyncio.sleep(0.5)
        after = engine.stats(ada.peer)
        assert after is not None
        assert len(replay) > 50
        assert after.packets_received == stats.packets_received
        assert bob.client.stream("room-ada.mic").packets == heard
        assert bob.client.stream("room-ada.camera").packets == seen
        unharmed((bob,))


async def test_counters_add_up(engine: UdpMediaEngine) -> None:
    ada, bob = await call_of_two(engine)
    async with closing(ada.client, bob.client):
        await asyncio.sleep(1)
        for seat in (ada, bob):
            seat.client.mute()
            seat.client.reports = False
        await asyncio.sleep(1.5)
        for seat in (ada, bob):
            stats = engine.stats(seat.peer)
            assert stats is not None
            assert stats.packets_received == seat.client.tally.srtp_sent
            assert stats.packets_sent == seat.client.tally.srtp_received
            assert stats.packets_lost == 0
            assert stats.bytes_received > 100 * stats.packets_received
            assert stats.bytes_sent > 100 * stats.packets_sent
            assert stats.round_trip_ms is None or 0 <= stats.round_trip_ms < 1_000
        for seat, other in ((ada, bob), (bob, ada)):
            got = sum(stream.packets for stream in seat.client.received.values())
            sent = sum(stream.packets for stream in other.client.sent.values())
            assert 0.8 * sent < got <= sent
        counters = engine.counters()
        assert counters["packets_received"] == sum(s.client.tally.srtp_sent for s in (ada, bob))
        assert counters["packets_sent"] == sum(s.client.tally.srtp_received for s in (ada, bob))
        assert {name for name, value in counters.items() if name.startswith("drop_") and value} == set()


async def test_a_joining_peer_is_not_kept_out_by_garbage_from_its_own_address(engine: UdpMediaEngine) -> None:
    seat = await take_seat(engine, "room", "ada", ("bob",))
    async with closing(seat.client):
        material = Material([bytes(40)], [client_hello()], [bytes(40)], [b"\x80\xc8" + bytes(40)], "a:b", [1])
        garbage = Garbage(SEED, material)
        for _ in range(300):
            seat.client.send_raw(
                garbage.chance.choice((garbage.dtls_noise, garbage.rtp_noise, garbage.noise))()
            )
            await asyncio.sleep(0.001)
        await seat.client.ready()
        seat.client.play()
        await seat.connected()


async def test_a_flood_from_one_peer_does_not_stop_the_clockwork_for_the_others(
    engine: UdpMediaEngine,
) -> None:
    complaints = Complaints()
    async with complaints.collecting():
        ada, bob = await call_of_two(engine)
        tiny = {"audio": SHAPES["audio"], "video": dataclasses.replace(SHAPES["video"], size=40)}
        flooder, watcher = await call_of_two(engine, "dark", shapes=tiny)
        async with closing(ada.client, bob.client, flooder.client, watcher.client):
            stream, client = flooder.client.sent["camera"], flooder.client
            order = client._order
            assert client.srtp is not None
            client.mute()
            flood: list[bytes] = []
            shuffled = random.Random(SEED).sample(range(900), 900)
            for offsets in (range(4_000), range(900, 0, -1), range(0, 2_700, 3), shuffled):
                base = order.next + 10
                flood.clear()
                for offset in offsets:
                    order.next = (base + offset) & 0xFFFF
                    stream.step(
                        now_ms() * 1_000_000, client.srtp, order, lambda data: flood.append(bytes(data))
                    )
                order.next = (base + max(offsets)) & 0xFFFF
                for datagram in flood:
                    client.send_raw(datagram)
                await asyncio.sleep(0.5)
            reports = bob.client.stream("room-ada.mic").reports
            before = len(reports), len(ada.client.sent["mic"].reports), ada.client.tally.probes
            await asyncio.sleep(2.5)
            after = len(reports), len(ada.client.sent["mic"].reports), ada.client.tally.probes
            assert all(now > then for now, then in zip(after, before, strict=True))
            unharmed((ada, bob))
        assert complaints.found == []


async def test_a_replayed_check_from_elsewhere_costs_a_moment_at_most(
    engine: UdpMediaEngine, strangers: list[socket.socket]
) -> None:
    ada, bob = await call_of_two(engine)
    async with closing(ada.client, bob.client):
        sent = tap(ada.client)
        await until(lambda: any(data[:2] == b"\x00\x01" for data in sent), "a check")
        check = next(data for data in sent if data[:2] == b"\x00\x01")
        before = ada.client.stream("room-bob.mic").packets
        for stranger in strangers:
            stranger.sendto(check, ("127.0.0.1", engine.port))
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        # Authentic media from the right address brings the peer back there.
        assert ada.client.stream("room-bob.mic").packets - before > 40
        assert (ada.all(PeerInterrupted), ada.all(PeerGone)) == ([], [])


async def test_a_check_from_elsewhere_with_a_wrong_password_moves_nobody(
    engine: UdpMediaEngine, strangers: list[socket.socket]
) -> None:
    ada, bob = await call_of_two(engine)
    async with closing(ada.client, bob.client):
        assert ada.client.answer is not None
        username = f"{ada.client.answer.ufrag}:{ada.client.ufrag}"
        for number, stranger in enumerate(strangers):
            stranger.sendto(forged_check(username, number), ("127.0.0.1", engine.port))
        await asyncio.sleep(0.3)
        before = ada.client.stream("room-bob.mic").packets
        await asyncio.sleep(0.5)
        assert ada.client.stream("room-bob.mic").packets - before > 15
        for stranger in strangers:
            with suppress(BlockingIOError):
                reply = stranger.recv(2_000)
                # At most a STUN error, and never more than what was sent (no amplification).
                assert reply[:2] == b"\x01\x11"
                assert len(reply) <= len(forged_check(username, 0))
