"""Synthetic media: what a client sends, and what it notes of what it receives.

Every payload ends in 16 bytes: a mark, the number of the packet in its stream, and the moment of sending in
Unix nanoseconds. So a receiver knows which packet it is and how long it took, however the server rewrote its
header. Video is shaped like VP8 (RFC 7741) or H.264 (RFC 6184): frames of several packets, and keyframes.
"""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from struct import Struct
from typing import Literal

from rig.dtls import BUFFER, VIEW, Srtp, ffi
from rig.rtcp import Block, SenderReport, ntp_of
from rig.session_description import LEVEL_URI, MID_URI, SEND_TIME_URI, TRANSPORT_CC_URI, Kind, Line

MARK = 0x7A6B5C4D
TRAILER = Struct("!IIQ")
HEADER = Struct("!BBHII")
WORD = Struct("!H")
SECOND_NS = 1_000_000_000
MAX_LATE_NS = 250_000_000
HISTORY = 1024
MAX_RECORDS = 200_000
MAX_CAPTURES = 20_000
# Between the monotonic clock that paces and the wall clock that is written into packets.
WALL_OFFSET_NS = time.time_ns() - time.monotonic_ns()


@dataclass(frozen=True, slots=True)
class Shape:
    """How a stream looks: `packets` of `size` payload bytes, every `interval_ns`, `spread_ns` apart.

    Chromium lets the packets of a frame go together: measured with version 156, half of them within 20 µs of
    the one before, nine of ten within 0.1 ms.
    """

    interval_ns: int
    packets: int
    spread_ns: int
    size: int
    clock_hz: int
    payload_type: int
    codec: Literal["opus", "VP8", "H264"]


SHAPES: dict[Kind, Shape] = {
    "audio": Shape(20_000_000, 1, 0, 100, 48_000, 111, "opus"),
    "video": Shape(40_000_000, 7, 0, 1_100, 90_000, 96, "VP8"),
}
# Little of both, so that many calls fit on one core.
SMALL_SHAPES: dict[Kind, Shape] = {
    "audio": dataclasses.replace(SHAPES["audio"], interval_ns=40_000_000),
    "video": dataclasses.replace(SHAPES["video"], interval_ns=100_000_000, packets=1, size=200),
}
H264_SHAPES: dict[Kind, Shape] = {
    **SHAPES,
    "video": dataclasses.replace(SHAPES["video"], payload_type=102, codec="H264"),
}


class TransportSequence:
    """The transport-wide sequence number of one client."""

    __slots__ = ("next",)

    def __init__(self) -> None:
        self.next = 0


class SentStream:
    """One source. `step` sends what is due and says when it wants to be called again."""

    def __init__(self, line: Line, shape: Shape, seed: int, history: int = HISTORY) -> None:
        assert line.ssrc is not None
        chance = random.Random(f"{seed}/{line.mid}")
        self.line, self.shape, self.ssrc, self.rtx_ssrc = line, shape, line.ssrc, line.rtx
        self.sequence = chance.randrange(1 << 15)
        self._rtx_sequence = chance.randrange(1 << 15)
        self._time_base = chance.randrange(1 << 32)
        self._started_ns = 0
        self.capture_ns = 0
        self._frame = chance.randrange(1 << 14)
        self._in_frame = 0
        self._key = False
        self.want_key = True
        self.packets = self.octets = self.keyframes = self.retransmitted = 0
        self.skip: Callable[[int], bool] | None = None
        self.skipped: list[int] = []
        self.acknowledged = self.removed = False
        self.reports: list[Block] = []
        self.captures: dict[int, int] = {}
        """When the packet of a number was captured (Unix ns), however late it was sent."""
        self._history: dict[int, bytes] | None = {} if history else None
        self._history_size = history
        self._noise = chance.randbytes(shape.size)
        self.configure({})

    def configure(self, extensions: dict[str, int]) -> None:
        """Take the header extensions that the answer accepts (RFC 8285, one-byte form)."""
        self._extensions = extensions
        self._with_mid = self._template(True)
        self._without_mid = self._template(False)

    def _template(self, with_mid: bool) -> tuple[bytes, int, int, int]:
        """Header and payload with holes, and where: abs-send-time, transport sequence, payload."""
        block, places = b"", dict.fromkeys((SEND_TIME_URI, TRANSPORT_CC_URI), 0)
        values = {SEND_TIME_URI: bytes(3), TRANSPORT_CC_URI: bytes(2)}
        if with_mid:
            values[MID_URI] = self.line.mid.encode()
        if self.line.kind == "audio":
            values[LEVEL_URI] = b"\x9e"
        for uri, value in values.items():
            if uri in self._extensions:
                places[uri] = 16 + len(block) + 1
                block += bytes([self._extensions[uri] << 4 | len(value) - 1]) + value
        block += bytes(-len(block) % 4)
        head = bytes(12) + (b"\xbe\xde" + (len(block) // 4).to_bytes(2) + block if block else b"")
        return head + self._noise, places[SEND_TIME_URI], places[TRANSPORT_CC_URI], len(head)

    def start(self, now_ns: int, delay_ns: int) -> int:
        """Begin, or go on after a silence, with a frame at `now_ns + delay_ns`; returns when."""
        if not self._started_ns:
            self._started_ns = now_ns
        self.capture_ns = now_ns + delay_ns
        self._in_frame = 0
        self.want_key = True
        return self.capture_ns

    def time_at(self, now_ns: int) -> int:
        """The RTP time of an instant of the monotonic clock."""
        return (self._time_base + (now_ns - self._started_ns) * self.shape.clock_hz // SECOND_NS) & 0xFFFFFFFF

    def due_ns(self) -> int:
        """When the next packet is to be sent."""
        return self.capture_ns + self._in_frame * self.shape.spread_ns

    def step(
        self, now_ns: int, srtp: Srtp, order: TransportSequence, send: Callable[[memoryview], None]
    ) -> int:
        """Send one packet; returns when the next one is due."""
        if now_ns - self.due_ns() > MAX_LATE_NS:
            self.capture_ns = now_ns
            self._in_frame = 0
        first = self._in_frame == 0
        if first:
            self._key, self.want_key = self.want_key, False
            self.keyframes += self._key
        last = self._in_frame == self.shape.packets - 1
        size = self._build(first, last, order)
        sequence = self.sequence
        self.sequence = (sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += self.shape.size
        if self._history is not None:
            self.captures[self.packets - 1] = self.capture_ns + WALL_OFFSET_NS
            if len(self.captures) > MAX_CAPTURES:
                del self.captures[next(iter(self.captures))]
            self._history[sequence] = ffi.buffer(BUFFER, size)[:]
            if len(self._history) > self._history_size:
                del self._history[next(iter(self._history))]
        if self.skip is not None and self.skip(sequence):
            self.skipped.append(sequence)
        else:
            send(VIEW[: srtp.protect(size)])
        if last:
            self.capture_ns += self.shape.interval_ns
            self._frame = (self._frame + 1) & 0x7FFF
            self._in_frame = 0
        else:
            self._in_frame += 1
        return self.due_ns()

    def _build(self, first: bool, last: bool, order: TransportSequence) -> int:
        template, send_time_at, order_at, payload_at = (
            self._without_mid if self.acknowledged else self._with_mid
        )
        size = len(template)
        VIEW[:size] = template
        audio = self.line.kind == "audio"
        marker = 0x80 if (last and not audio) else 0
        HEADER.pack_into(
            VIEW,
            0,
            0x90 if payload_at > 12 else 0x80,
            marker | self.shape.payload_type,
            self.sequence,
            self.time_at(self.capture_ns),
            self.ssrc,
        )
        wall_ns = time.time_ns()
        if send_time_at:
            stamp = (wall_ns << 18) // SECOND_NS & 0xFFFFFF
            VIEW[send_time_at : send_time_at + 3] = stamp.to_bytes(3)
        if order_at:
            WORD.pack_into(VIEW, order_at, order.next)
            order.next = (order.next + 1) & 0xFFFF
        if self.shape.codec == "VP8":
            self._shape_vp8(payload_at, first)
        elif self.shape.codec == "H264":
            self._shape_h264(payload_at, size - payload_at, first)
        TRAILER.pack_into(VIEW, size - 16, MARK, self.packets, wall_ns)
        return size

    def _shape_vp8(self, at: int, first: bool) -> None:
        """RFC 7741 4.2: X, S on the first packet; I, L, T, K; picture id, TL0PICIDX, temporal layer 0."""
        picture = 0x8000 | self._frame
        VIEW[at : at + 6] = bytes(
            (0x90 if first else 0x80, 0xF0, picture >> 8, picture & 0xFF, self._frame & 0xFF, 0x20)
        )
        if first:
            tag = b"\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01"
            VIEW[at + 6 : at + 16] = (b"\x10" if self._key else b"\x31") + tag

    def _shape_h264(self, at: int, size: int, first: bool) -> None:
        """RFC 6184 5: a STAP-A of SPS, PPS and IDR slice begins a keyframe; other packets are fragments."""
        if first and self._key:
            slice_size = size - 13
            sets = (
                b"\x78" + b"\x00\x04\x67\x42\x00\x1f" + b"\x00\x02\x68\xce" + slice_size.to_bytes(2) + b"\x65"
            )
            VIEW[at : at + len(sets)] = sets
        elif first:
            VIEW[at] = 0x41
        else:
            VIEW[at : at + 2] = b"\x7c\x05" if self._key else b"\x7c\x01"

    def retransmission(self, sequence: int, rtx_payload_type: int) -> int:
        """Build the RTX packet (RFC 4588 4) of a sent packet in the buffer; its size, 0 if forgotten."""
        packet = (self._history or {}).get(sequence)
        if packet is None or self.rtx_ssrc is None:
            return 0
        offset = 12 + (4 + 4 * int.from_bytes(packet[14:16]) if packet[0] & 0x10 else 0)
        size = len(packet) + 2
        VIEW[:offset] = packet[:offset]
        VIEW[offset:size] = packet[2:4] + packet[offset:]
        stamp = int.from_bytes(packet[4:8])
        marker = packet[1] & 0x80
        HEADER.pack_into(
            VIEW, 0, packet[0], marker | rtx_payload_type, self._rtx_sequence, stamp, self.rtx_ssrc
        )
        self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
        self.retransmitted += 1
        return size

    def again(self, sequence: int) -> int:
        """Put a sent packet into the buffer once more, unchanged; its size, 0 if forgotten."""
        packet = (self._history or {}).get(sequence, b"")
        VIEW[: len(packet)] = packet
        return len(packet)

    def report(self, now_ns: int, blocks: tuple[Block, ...] = ()) -> SenderReport:
        """The sender report of this instant."""
        ntp = ntp_of(now_ns + WALL_OFFSET_NS)
        return SenderReport(self.ssrc, ntp, self.time_at(now_ns), self.packets, self.octets, blocks)


def begins_keyframe(codec: str, payload: memoryview) -> bool:
    """Whether a payload that a `SentStream` made begins a keyframe."""
    if codec == "VP8":
        return bool(payload[0] & 0x10) and not payload[6] & 0x01
    return codec == "H264" and payload[0] & 0x1F == 24 and payload[3] & 0x1F == 7


@dataclass(frozen=True, slots=True)
class Received:
    """One packet. `sequence` is unwrapped; `number` and `sent_ns` are what its sender wrote into it."""

    sequence: int
    time: int
    payload_type: int
    marker: bool
    number: int
    sent_ns: int
    arrived_ns: int
    keyframe: bool
    repaired: bool
    extensions: dict[int, bytes] = field(default_factory=dict)


class ReceivedStream:
    """One SSRC of the downlink, with its retransmissions folded in."""

    def __init__(self, ssrc: int, kind: str, label: str) -> None:
        self.ssrc, self.kind, self.label = ssrc, kind, label
        self.packets = self.octets = self.repaired = self.duplicates = self.damaged = 0
        self.first = self.highest = -1
        self.last_arrived_ns = 0
        self.records: list[Received] = []
        self.latencies_ns: list[int] = []
        self.reports: list[tuple[int, SenderReport]] = []
        self.started_with_keyframe: bool | None = None
        self._lost_before = self._expected_before = 0

    def unwrap(self, sequence: int) -> int:
        """The 16-bit number as one that only grows."""
        if self.highest < 0:
            self.first = self.highest = sequence
            return sequence
        step = (sequence - self.highest) & 0xFFFF
        return self.highest + (step if step < 0x8000 else step - 0x10000)

    def note(self, sequence: int, size: int, repaired: bool) -> None:
        """Count a packet by its unwrapped sequence number."""
        self.octets += size
        if repaired:
            self.repaired += 1
        else:
            self.packets += 1
        self.highest = max(self.highest, sequence)

    def lost(self) -> int:
        """Packets that never came on this SSRC, retransmissions not counted (RFC 3550 A.3)."""
        return 0 if self.highest < 0 else max(0, self.highest - self.first + 1 - self.packets)

    def missing(self) -> list[int]:
        """Sequence numbers between first and last that never came, not even as a retransmission."""
        have = {record.sequence for record in self.records}
        return [number for number in range(self.first, self.highest + 1) if number not in have]

    def block(self, now_ns: int) -> Block:
        """The report block for the server (RFC 3550 6.4.1)."""
        expected, lost = self.highest - self.first + 1, self.lost()
        new_expected, new_lost = expected - self._expected_before, lost - self._lost_before
        self._expected_before, self._lost_before = expected, lost
        fraction = 0 if new_expected <= 0 or new_lost <= 0 else min(255, (new_lost << 8) // new_expected)
        last = delay = 0
        if self.reports:
            at_ns, report = self.reports[-1]
            last, delay = report.ntp >> 16 & 0xFFFFFFFF, (now_ns - at_ns) * 65_536 // SECOND_NS
        return Block(self.ssrc, fraction, min(lost, 0x7FFFFF), self.highest, 0, last, delay & 0xFFFFFFFF)
