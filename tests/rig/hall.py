"""A room of the relay without keys, clock or socket: publishers, subscribers, and what each of them got."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import pytest
from pylibsrtp import Policy

from media import rtcp, rtp, srtp
from media.bandwidth import Downlink
from media.engine import Kind, Source, track_id
from media.inbound import Inbound
from media.liveness import Liveness
from media.room import Room
from media.route import Route
from media.sdp import AUDIO_LEVEL, MID, SEND_TIME, TRANSPORT_CC, Codec, Line
from media.track import Track
from media.wire import Outbound, Wire

KEY, DELTA = b"\x10\x00\x9d\x01\x2a", b"\x10\x01\x9d\x01\x2a"
IDS = {MID: 4, SEND_TIME: 2, TRANSPORT_CC: 3, AUDIO_LEVEL: 1}
VIDEO = (Codec(96, "VP8", 90_000, None, (), 97), Codec(102, "H264", 90_000, None, (), 103))
AUDIO = (Codec(111, "opus", 48_000, 2, (), None),)


def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No encryption: the packets of these tests are read on the wire."""
    for name in ("protect", "unprotect", "protect_rtcp", "unprotect_rtcp"):
        monkeypatch.setattr(srtp, name, lambda _context, _buffer, _length: 0)


@dataclass
class Seen:
    """A packet that a subscriber got."""

    data: bytes

    @property
    def header(self) -> tuple[int, int, int, int]:
        _, second, seq, ts, ssrc = rtp.HEADER.unpack_from(self.data)
        return second & 0x7F, seq, ts, ssrc

    @property
    def seq(self) -> int:
        return self.header[1]

    @property
    def payload(self) -> bytes:
        return self.data[rtp.payload_offset(self.data) :]


class Hall:
    """A wire whose other ends are lists, by address."""

    def __init__(self) -> None:
        self.wire = Wire()
        # There is no socket here that the pump could use.
        self.wire.pumps = False
        self.wire.stamp_ms = 10_000
        self.boxes: dict[str, list[bytes]] = {}
        self.wire.sendto = lambda data, address: self.boxes.setdefault(address, []).append(bytes(data))
        self.room = Room("room")

    def outbound(self, name: str) -> Outbound:
        out = Outbound(self.wire, 1_000 + len(self.boxes))
        self.boxes[name] = []
        out.address = name
        out.context = object()
        return out

    def publisher(self, name: str, **lines: int) -> Publisher:
        return Publisher(self, name, lines or {"camera": 50})

    def subscriber(
        self, name: str, track: str, kind: Kind = "video", codecs: tuple[Codec, ...] = VIDEO
    ) -> Route:
        out = self.outbound(name)
        route = Route(out, Downlink(), "7", track, kind, (len(self.boxes) << 8, (len(self.boxes) << 8) + 1))
        route.negotiate(codecs if kind == "video" else AUDIO, IDS)
        self.room.subscribe(route, self.wire.stamp_ms)
        return route

    def receive(self, inbound: Inbound, data: bytes) -> None:
        """A packet comes in, and what follows goes out."""
        self.wire.inbox.view[: len(data)] = data
        inbound.receive(len(data))
        self.wire.flush()

    def media(self, name: str) -> list[Seen]:
        """RTP that `name` got since last asked."""
        return [Seen(each) for each in self._take(name, rtcp_too=False)]

    def control(self, name: str) -> list[rtcp.Packet]:
        """RTCP that `name` got since last asked."""
        return [packet for each in self._take(name, rtcp_too=True) for packet in rtcp.parse(each)]

    def _take(self, name: str, *, rtcp_too: bool) -> list[bytes]:
        taken = [each for each in self.boxes[name] if (192 <= each[1] < 224) is rtcp_too]
        self.boxes[name] = [each for each in self.boxes[name] if each not in taken]
        return taken


@dataclass
class Publisher:
    """A peer that publishes; `lines` gives each source its SSRC."""

    hall: Hall
    name: str
    lines: dict[str, int]
    seq: int = 65_000
    tracks: dict[str, Track] = field(default_factory=dict)

    def __post_init__(self) -> None:
        hall = self.hall
        self.out = hall.outbound(f"{self.name}/{len(hall.boxes)}")
        self.live = Liveness()
        profile = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
        self.inbound = Inbound(hall.wire, self.live, self.out, profile, bytes(28))
        for source, ssrc in self.lines.items():
            self._publish(source, ssrc)  # type: ignore[arg-type]
        self.inbound.tracks = tuple(self.tracks.values())
        for track in self.tracks.values():
            self.inbound.publish(track)

    def _publish(self, source: Source, ssrc: int) -> None:
        kind: Kind = "audio" if source == "mic" else "video"
        track = Track(track_id(self.name, source), source, kind, self.out)
        line = Line(source, kind, kind, False, True, False, (), IDS, ssrc or None, ssrc + 1 if ssrc else None)
        track.negotiate(line, VIDEO if kind == "video" else AUDIO)
        self.tracks[source] = track
        self.hall.room.publish(track, self.hall.wire.stamp_ms)

    def send(
        self,
        payload: bytes = DELTA,
        *,
        seq: int | None = None,
        ts: int = 5_000,
        ssrc: int | None = None,
        kind: int = 96,
        elements: bytes = b"\x31\x00\x01",
    ) -> int:
        """Send a packet; returns its sequence number."""
        if seq is None:
            self.seq = seq = (self.seq + 1) & 0xFFFF
        ssrc = next(iter(self.lines.values())) if ssrc is None else ssrc
        block = b""
        if elements:
            elements += bytes(-len(elements) & 3)
            block = struct.pack("!HH", 0xBEDE, len(elements) // 4) + elements
        data = rtp.HEADER.pack(0x90 if block else 0x80, 0x80 | kind, seq, ts, ssrc) + block + payload
        self.hall.receive(self.inbound, data)
        return seq

    def resend(self, seq: int, payload: bytes = DELTA, *, ts: int = 5_000) -> None:
        """Send an RTX packet (RFC 4588) for `seq`."""
        ssrc = next(iter(self.lines.values())) + 1
        self.send(seq.to_bytes(2, "big") + payload, seq=seq ^ 0x5555, ts=ts, ssrc=ssrc, kind=97)


def wait(hall: Hall, ms: int) -> None:
    hall.wire.stamp_ms += ms
