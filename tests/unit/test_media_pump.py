"""The compiled pump against the Python that it stands for: the same packets in, the same bytes out."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Policy, Session
from rig.hall import AUDIO, IDS, VIDEO

from media import bandwidth, bases, inbound, liveness, rtcp, rtp, srtp, wire
from media.bandwidth import Downlink
from media.engine import Kind, Source, track_id
from media.ice import Path
from media.inbound import Inbound
from media.liveness import Liveness
from media.room import Room
from media.route import Route
from media.sdp import Line
from media.track import Track
from media.udp import MediaOptions, UdpMediaEngine
from media.wire import Outbound

pytestmark = pytest.mark.skipif(not bases.PUMP, reason="the compiled part was not built on this machine")

PROFILE = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
MIC, CAMERA, RTX, STRANGER = 1_001, 2_001, 2_002, 3_001
KEY_FRAME, DELTA = b"\x10\x00\x9d\x01\x2a", b"\x10\x01\x9d\x01\x2a"


def key(number: int) -> bytes:
    return bytes([number]) * 28


def udp() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    return made


class PeerStub:
    """What an `ice.Path` belongs to; counts what reaches it."""

    def __init__(self, inbound: Inbound) -> None:
        self.inbound = inbound
        self.selected: list[Path] = []
        self.rtcp: list[bytes] = []

    def select(self, path: Path) -> None:
        self.selected.append(path)
        path.selected = True

    def receive_rtcp(self, size: int) -> None:
        data = self.inbound.receive_rtcp(size)
        if data is not None:
            self.take_rtcp(data)

    def take_rtcp(self, data: bytes) -> None:
        self.rtcp.append(data)


class Twin:
    """A publisher and three subscribers on real sockets, with the pump or without."""

    def __init__(self, *, pumps: bool, ears: int = 3) -> None:
        self.engine = UdpMediaEngine(MediaOptions(host="127.0.0.1"), lambda: 10_000)
        self.wire = self.engine._wire
        self.wire.pumps = self.wire.pumps and pumps
        self.socket, self.client = udp(), udp()
        self.wire.attach(self.socket)
        self.room, self.live = Room("room"), Liveness()
        self.ears = [udp() for _ in range(ears)]
        self.outs = [self.outlet(number, ear) for number, ear in enumerate(self.ears)]
        self.own = self.outlet(9, self.client)
        self.inbound = Inbound(self.wire, self.live, self.own, PROFILE, key(100))
        self.tracks = {kind: self.track(kind) for kind in ("audio", "video")}
        self.inbound.tracks = tuple(self.tracks.values())
        for track in self.inbound.tracks:
            self.inbound.publish(track)
        self.peer = PeerStub(self.inbound)
        self.path = Path(self.client.getsockname(), self.peer)  # type: ignore[arg-type]
        self.path.selected = True
        self.engine._paths[self.client.getsockname()] = self.path
        self.wire.learn(self.client.getsockname(), self.path)

    def outlet(self, number: int, ear: socket.socket) -> Outbound:
        out = Outbound(self.wire, 7_000 + number)
        out.address = ear.getsockname()
        out.open(PROFILE, key(number))
        return out

    def track(self, kind: Kind) -> Track:
        source: Source = "mic" if kind == "audio" else "camera"
        ssrc, rtx = (MIC, None) if kind == "audio" else (CAMERA, RTX)
        track = Track(track_id("ada", source), source, kind, self.own)
        track.negotiate(Line(source, kind, kind, False, True, False, (), IDS, ssrc, rtx),
                        AUDIO if kind == "audio" else VIDEO)  # fmt: skip
        self.room.publish(track, 0)
        for number, out in enumerate(self.outs):
            route = Route(out, Downlink(), str(number), track.id, kind, (8_000 + number, 9_000 + number))
            route.rtx_seq = 1
            # As if it had carried another source before.
            route.seq_shift, route.ts_shift = 60_000 + number, 4_294_000_000 + number
            # The third understands no extensions at all.
            route.negotiate(AUDIO if kind == "audio" else VIDEO, IDS if number < 2 else {})
            self.room.subscribe(route, 0)
        return track

    def feed(self, datagrams: list[bytes], at_ms: int) -> None:
        """They arrive together."""
        for datagram in datagrams:
            self.client.sendto(datagram, self.socket.getsockname())
        self.wire.set_instant(at_ms, at_ms * 1_000_000)
        self.engine._drain(8)

    def sweep(self, now_ms: int) -> None:
        """As the engine does every 50 ms."""
        self.wire.set_instant(now_ms, now_ms * 1_000_000)
        inbounds = [self.inbound]
        for each in self.wire.sweep(inbounds, now_ms) if self.wire.pumps else inbounds:
            each.sweep(now_ms)

    def heard(self) -> list[list[bytes]]:
        """What each subscriber got since last asked, in order, and the publisher (RTCP, sorted)."""
        return [*(list(self._read(ear)) for ear in self.ears), sorted(self._read(self.client))]

    @staticmethod
    def _read(ear: socket.socket) -> Iterator[bytes]:
        while True:
            try:
                yield ear.recv(2_048)
            except BlockingIOError:
                return

    def counts(self) -> dict[str, Any]:
        """Everything that is remembered of the packets."""
        names = ("packets", "bytes", "max_seq", "cycles", "last_ts", "missing", "base_seq",
                 "jitter", "transit")  # fmt: skip
        return {
            "streams": {
                ssrc: [getattr(stream, name) for name in names]
                for ssrc, stream in self.inbound.streams.items()
            },
            "routes": sorted(
                (route.track_id, route.packets, route.bytes, route.waiting, route.seq_shift)
                for route in self.room.routes()
            ),
            "ring": self.recalled(),
            "control": (self.inbound.packets, self.inbound.bytes),
            "pending": self.inbound.pending,
            "counters": self.wire.counters.as_dict(),
            "life": (self.live.heard_ms, self.live.watch, self.live._media_ms),
            "rtcp": self.peer.rtcp,
        }

    def recalled(self) -> list[bytes]:
        """What the ring still has of the camera, besides what can no longer be there."""
        track = self.tracks["video"]
        newest = track.stream.max_seq if track.stream is not None else 0
        found = (track.recall((newest + ahead) & 0xFFFF) for ahead in range(-600, 300))
        return [packet for packet in found if packet is not None]

    def close(self) -> None:
        for each in (self.socket, self.client, *self.ears):
            each.close()


@contextmanager
def twins(ears: int = 3) -> Iterator[tuple[Twin, Twin]]:
    pair = Twin(pumps=True, ears=ears), Twin(pumps=False, ears=ears)
    try:
        assert pair[0].wire.pumps
        assert not pair[1].wire.pumps
        yield pair
    finally:
        for twin in pair:
            twin.close()


EXTENSIONS = {
    "none": b"",
    "steady": b"\xbe\xde\x00\x01",  # followed by the usual word of the kind
    "mid too": b"\xbe\xde\x00\x02",
    "send time": b"\xbe\xde\x00\x02\x22\x01\x02\x03\x31\x00\x07\x00",
    "two-byte": b"\x10\x00\x00\x01\x01\x02\x03\x04",
    "unknown": b"\xbe\xde\x00\x01\x91\x01\x02\x00",
    "cut short": b"\xbe\xde\x00\x01\x00\x00\x00\x2f",
}


def packet(ssrc: int, seq: int, shape: str, size: int, *, start: bool = False, marker: bool = False) -> bytes:
    """An RTP packet before encryption."""
    kind = {MIC: 111, CAMERA: 96, RTX: 97, STRANGER: 96}[ssrc]
    block = EXTENSIONS[shape]
    if shape == "steady":
        block += b"\x10\x85\x00\x00" if ssrc == MIC else b"\x31" + seq.to_bytes(2, "big") + b"\x00"
    elif shape == "mid too":
        block += (
            b"\x40a\x10\x85\x00\x00\x00\x00"
            if ssrc == MIC
            else b"\x40v\x31" + seq.to_bytes(2, "big") + bytes(3)
        )
    first = 0x90 if block else 0x80
    payload = (KEY_FRAME if start else DELTA) if ssrc != MIC else b"sound"
    payload += bytes(size)
    return rtp.HEADER.pack(first, marker << 7 | kind, seq, seq * 3_000, ssrc) + block + payload


steps = st.lists(
    st.tuples(
        st.sampled_from([MIC, CAMERA, CAMERA, CAMERA, STRANGER]),
        st.sampled_from(["next"] * 6 + ["skip", "again", "late", "far"]),
        st.sampled_from(list(EXTENSIONS) + ["steady"] * 4),
        st.integers(0, 1_150),
        st.sampled_from(["good"] * 8 + ["forged", "twice", "short", "rtcp", "report"]),
    ),
    min_size=1, max_size=60,
)  # fmt: skip


def datagrams(script: list[tuple[int, str, str, int, str]], begin: int) -> Iterator[bytes]:
    """The encrypted datagrams of a script; numbers begin near the wrap."""
    session = Session(Policy(key=key(100), ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=PROFILE))
    seqs = {MIC: begin, CAMERA: begin, STRANGER: begin}
    starts = {CAMERA, STRANGER}
    for ssrc, move, shape, size, fate in script:
        jump = {"next": 1, "skip": 3, "again": 0, "late": -2, "far": 300}[move]
        seq = (seqs[ssrc] + jump) & 0xFFFF
        if jump > 0:
            seqs[ssrc] = seq
        plain = packet(ssrc, seq, shape, size, start=ssrc in starts, marker=size % 2 == 0)
        starts.discard(ssrc)
        try:
            sealed = session.protect(plain)
        except Exception:  # noqa: BLE001, S112 - a number used twice; libsrtp says so
            continue
        match fate:
            case "forged":
                yield sealed[:-1] + bytes([sealed[-1] ^ 1])
            case "twice":
                yield sealed
                yield sealed
            case "short":
                yield sealed[:11]
            case "report":
                yield sealed
                yield session.protect_rtcp(rtcp.picture_loss(CAMERA, size))
            case "rtcp":
                yield sealed
                yield b"\x80\xc8" + sealed[2:40]
            case _:
                yield sealed


@settings(max_examples=150, deadline=None)
@given(
    script=steps, begin=st.sampled_from([0, 100, 65_500, 65_535]), cut=st.integers(1, 80),
    ears=st.sampled_from([1, 3]),
)  # fmt: skip
def test_both_do_the_same(
    script: list[tuple[int, str, str, int, str]], begin: int, cut: int, ears: int
) -> None:
    with twins(ears) as (pumped, plain):
        everything = list(datagrams(script, begin))
        for number, at in enumerate(range(0, len(everything), cut)):
            if number == 1:
                for twin in (pumped, plain):
                    twin.live._connect(9_000)
            for twin in (pumped, plain):
                twin.feed(everything[at : at + cut], 10_000 + number * 20)
            assert pumped.heard() == plain.heard()
            assert pumped.counts() == plain.counts()


def test_steady_media_never_reaches_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    script = [(CAMERA, "next", "steady", 1_000, "good")] * 40 + [(MIC, "next", "steady", 60, "good")] * 40
    with twins() as (pumped, _):
        feed = list(datagrams(script, 100))
        pumped.feed([feed[0], feed[40]], 10_000)
        pumped.live._connect(9_000)
        pumped.heard()
        for name in ("accept", "receive"):
            monkeypatch.setattr(Inbound, name, lambda *_: pytest.fail("Python was asked"))
        pumped.feed(feed[1:40] + feed[41:], 10_020)
        assert [len(each) for each in pumped.heard()] == [78, 78, 78, 0]


def test_from_an_unselected_address_python_decides() -> None:
    with twins() as pair:
        for twin in pair:
            twin.path.selected = False
            twin.feed(list(datagrams([(CAMERA, "next", "steady", 10, "good")] * 3, 5)), 10_000)
            assert twin.peer.selected == [twin.path]
        assert pair[0].counts() == pair[1].counts()


def test_a_forgotten_address_is_nobodys() -> None:
    with twins() as (pumped, _):
        pumped.heard()
        del pumped.engine._paths[pumped.client.getsockname()]
        pumped.wire.forget(pumped.client.getsockname())
        pumped.feed(list(datagrams([(CAMERA, "next", "steady", 10, "good")] * 3, 5)), 10_000)
        assert pumped.heard() == [[], [], [], []]
        assert pumped.wire.counters.drop_unknown_address == 3


def test_a_closed_subscriber_gets_nothing_more() -> None:
    with twins() as pair:
        for twin in pair:
            everything = list(datagrams([(CAMERA, "next", "steady", 10, "good")] * 6, 5))
            twin.feed(everything[:3], 10_000)
            twin.outs[1].close()
            twin.heard()
            twin.feed(everything[3:], 10_020)
            assert [len(each) for each in twin.heard()] == [3, 0, 3, 0]


def test_where_the_kernel_cannot_cut_each_packet_goes_by_itself() -> None:
    script = [(CAMERA, "next", "steady", 1_000, "good")] * 30
    with twins(ears=1) as (pumped, plain):
        # A kernel refuses to cut for a socket that shall send no checksums (udp(7)), as old ones do always.
        pumped.socket.setsockopt(socket.SOL_SOCKET, 11, 1)  # SO_NO_CHECK
        for twin in (pumped, plain):
            twin.feed(list(datagrams(script, 5)), 10_000)
        assert pumped.wire.segments is False  # type: ignore[attr-defined]
        assert pumped.heard() == plain.heard()
        assert pumped.wire.counters.drop_send == 0


@pytest.mark.parametrize(
    "address", [("127.0.0.1", 1), ("255.1.2.3", 65_535), ("::1", 9, 0, 0), ("2001:db8::7", 443, 5, 2)]
)
def test_addresses_survive_the_journey(address: Any) -> None:
    from media import _pump  # noqa: PLC0415 - not everywhere

    assert _pump.same_address(address) == address


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.integers(-3, 300), max_size=50), min_size=1, max_size=4),
    st.integers(0, 65_535),
    st.sampled_from([None, 0, 3, 30]),
    st.booleans(),
)
def test_feedback_is_the_same(bursts: list[list[int]], begin: int, odd: int | None, reachable: bool) -> None:
    with twins(ears=1) as pair:
        for twin in pair:
            ticks, number = 1 << 20, 0
            twin.heard()
            if not reachable:
                twin.own.close()
            for burst, gaps in enumerate(bursts):
                for gap in gaps:
                    ticks += gap
                    twin.inbound.pending.append(ticks << 16 | (begin + number + (number == odd)) & 0xFFFF)
                    number += 1
                twin.sweep(20_000 + 60 * burst)
        assert pair[0].heard() == pair[1].heard()
        assert pair[0].counts() == pair[1].counts()
        for name in ("expected", "serial", "flushed_ms"):
            assert getattr(pair[0].inbound.log, name) == getattr(pair[1].inbound.log, name)
        for name in ("packets", "bytes"):
            assert getattr(pair[0].own, name) == getattr(pair[1].own, name)


def test_what_is_missing_or_asked_for_is_pythons() -> None:
    with twins(ears=1) as pair:
        for twin in pair:
            twin.feed(list(datagrams([(CAMERA, "next", "steady", 10, "good")] * 3, 5)), 10_000)
            twin.heard()
            camera = twin.tracks["video"]
            assert camera.stream is not None
            camera.stream.missing[1] = (10_000, 0, 0)
            twin.sweep(10_300)
            camera.stream.missing.clear()
            camera.wanting = camera.key_frame_due = True
            twin.sweep(11_400)
        first, second = pair
        assert [len(each) for each in first.heard()] == [len(each) for each in second.heard()] == [0, 3]
        assert first.counts() == second.counts()
        assert first.wire.counters.nacks_sent == first.wire.counters.key_frames_asked - 1 == 1


def test_without_it_everything_works_too() -> None:
    """The tests of the relay once more, as on a machine without a compiler."""
    root = File(__file__).parents[2]
    tests = [
        *sorted((root / "tests/unit").glob("test_media_*.py")),
        root / "tests/contract/test_media_engine.py",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         *[str(each) for each in tests if each != File(__file__)]],
        cwd=root, env={**os.environ, bases.NO_PUMP: "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3_000:]


def test_the_numbers_are_the_same_in_both() -> None:
    from media import _pump  # noqa: PLC0415 - not everywhere

    assert _pump.SHARED == {
        "BATCH": wire.BATCH, "BOX_BYTES": srtp.BUFFER_BYTES, "MAX_PACKET": srtp.MAX_PACKET_BYTES,
        "RING": bases.RING, "STALE_MS": liveness.STALE_MS, "FEEDBACK_MS": inbound.FEEDBACK_MS,
        "MAX_REPORTED": bandwidth.MAX_REPORTED,
    }  # fmt: skip


def test_the_functions_are_libsrtps() -> None:
    functions = srtp.functions()
    assert all(functions)
    assert len(set(functions)) == len(functions)
