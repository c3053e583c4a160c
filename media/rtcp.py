"""RTCP packets the relay reads and writes (RFC 3550, RFC 4585, RFC 5104, REMB, transport-wide feedback)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from operator import sub

from msgspec import Struct

SENDER_REPORT = 200
RECEIVER_REPORT = 201
TRANSPORT_FEEDBACK = 205
PAYLOAD_FEEDBACK = 206
_NACK = 1
_TRANSPORT_CC = 15
_PLI = 1
_FIR = 4
_APPLICATION = 15

MAX_BLOCKS = 32
MAX_LOST = 128
_HEAD = struct.Struct("!BBH")
_SENDER = struct.Struct("!IQIII")
_BLOCK = struct.Struct("!IIIIII")
_PAIR = struct.Struct("!II")
_FEEDBACK = struct.Struct("!IIHHI")
_NACK_ITEM = struct.Struct("!HH")


class SenderReport(Struct, frozen=True, gc=False):
    """What a sender says of its stream; `ntp` is the 64-bit NTP time of `rtp`."""

    ssrc: int
    ntp: int
    rtp: int


class Report(Struct, frozen=True, gc=False):
    """A report block: how well a stream is received. Times in 1/65536 s (RFC 3550, 6.4.1)."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_sr: int
    delay: int


class Nack(Struct, frozen=True, gc=False):
    """The receiver misses these sequence numbers of a stream."""

    ssrc: int
    lost: tuple[int, ...]


class KeyFrameRequest(Struct, frozen=True, gc=False):
    """PLI or FIR."""

    ssrc: int


class Remb(Struct, frozen=True, gc=False):
    """The receiver's estimate of what it can take, over all its video."""

    bits_per_s: int
    ssrcs: tuple[int, ...]


Packet = SenderReport | Report | Nack | KeyFrameRequest | Remb


def parse(data: bytes) -> Iterator[Packet]:
    """Read a compound packet, skipping what is unknown. Stops at the first malformed part."""
    at, size = 0, len(data)
    for _ in range(MAX_BLOCKS):
        if at + 8 > size:
            return
        first, kind, words = _HEAD.unpack_from(data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > size or words < 1:
            return
        yield from _part(kind, first & 0x1F, data[at:end])
        at = end


def _part(kind: int, count: int, part: bytes) -> Iterator[Packet]:
    if kind == SENDER_REPORT and len(part) >= 28:
        ssrc, ntp, rtp, _, _ = _SENDER.unpack_from(part, 4)
        yield SenderReport(ssrc, ntp, rtp)
        yield from _reports(part, 28, count)
    elif kind == RECEIVER_REPORT:
        yield from _reports(part, 8, count)
    elif kind == TRANSPORT_FEEDBACK and count == _NACK and len(part) >= 16:
        yield Nack(int.from_bytes(part[8:12], "big"), _lost(part))
    elif kind == PAYLOAD_FEEDBACK and len(part) >= 12:
        if count == _PLI:
            yield KeyFrameRequest(int.from_bytes(part[8:12], "big"))
        elif count == _FIR:
            for at in range(12, len(part) - 7, 8):
                yield KeyFrameRequest(int.from_bytes(part[at : at + 4], "big"))
        elif count == _APPLICATION and part[12:16] == b"REMB" and len(part) >= 20:
            exponent, mantissa = part[17] >> 2, (part[17] & 3) << 16 | part[18] << 8 | part[19]
            count = min(part[16], (len(part) - 20) // 4)
            ssrcs = struct.unpack_from(f"!{count}I", part, 20)
            yield Remb(min(mantissa << exponent, 1 << 40), ssrcs)


def _reports(part: bytes, at: int, count: int) -> Iterator[Report]:
    for _ in range(count):
        if at + 24 > len(part):
            return
        ssrc, loss, highest, jitter, last_sr, delay = _BLOCK.unpack_from(part, at)
        lost = loss & 0xFFFFFF
        yield Report(
            ssrc, loss >> 24, lost - (1 << 24) if lost >> 23 else lost, highest, jitter, last_sr, delay
        )
        at += 24


def _lost(part: bytes) -> tuple[int, ...]:
    lost: list[int] = []
    for at in range(12, len(part) - 3, 4):
        first, mask = _NACK_ITEM.unpack_from(part, at)
        lost.append(first)
        for bit in range(16):
            if mask >> bit & 1:
                lost.append((first + bit + 1) & 0xFFFF)  # noqa: PERF401 - clearer than a comprehension here
        if len(lost) >= MAX_LOST:
            break
    return tuple(lost[:MAX_LOST])


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _HEAD.pack(0x80 | count, kind, len(body) // 4) + body


def sender_report(ssrc: int, ntp: int, rtp: int, packets: int, octets: int) -> bytes:
    """A sender report without report blocks."""
    body = _SENDER.pack(ssrc, ntp, rtp, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    return _packet(SENDER_REPORT, 0, body)


def receiver_report(ssrc: int, reports: Sequence[Report]) -> bytes:
    """A receiver report with up to 31 blocks."""
    body = ssrc.to_bytes(4, "big")
    for each in reports[:31]:
        lost = max(-(1 << 23), min(each.lost, (1 << 23) - 1)) & 0xFFFFFF
        body += _BLOCK.pack(
            each.ssrc, each.fraction_lost << 24 | lost, each.highest & 0xFFFFFFFF, each.jitter & 0xFFFFFFFF,
            each.last_sr, each.delay & 0xFFFFFFFF,
        )  # fmt: skip
    return _packet(RECEIVER_REPORT, len(reports[:31]), body)


def picture_loss(sender: int, media: int) -> bytes:
    """PLI: send a key frame (RFC 4585, 6.3.1)."""
    return _packet(PAYLOAD_FEEDBACK, _PLI, _PAIR.pack(sender, media))


def nack(sender: int, media: int, lost: Iterable[int]) -> bytes:
    """Generic NACK for the given sequence numbers, which come in order (RFC 4585, 6.2.1)."""
    body = _PAIR.pack(sender, media)
    first, mask = -1, 0
    for number in lost:
        ahead = (number - first - 1) & 0xFFFF
        if first >= 0 and ahead < 16:
            mask |= 1 << ahead
            continue
        if first >= 0:
            body += _NACK_ITEM.pack(first, mask)
        first, mask = number, 0
    return _packet(TRANSPORT_FEEDBACK, _NACK, body + _NACK_ITEM.pack(first & 0xFFFF, mask))


def remb(sender: int, bits_per_s: int, ssrcs: Sequence[int]) -> bytes:
    """REMB (draft-alvestrand-rmcat-remb-03): send no more than this on `ssrcs`."""
    exponent = max(0, bits_per_s.bit_length() - 18)
    mantissa = bits_per_s >> exponent
    body = _PAIR.pack(sender, 0) + b"REMB"
    body += struct.pack("!BBH", len(ssrcs), exponent << 2 | mantissa >> 16, mantissa & 0xFFFF)
    return _packet(PAYLOAD_FEEDBACK, _APPLICATION, body + struct.pack(f"!{len(ssrcs)}I", *ssrcs))


def transport_feedback(
    sender: int, media: int, serial: int, base: int, numbers: Sequence[int], ticks: Sequence[int]
) -> bytes:
    """Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).

    `numbers`: unwrapped transport sequence numbers in order, without doubles, from `base` on, spanning less
    than 2^13; `ticks`: when each arrived, in units of 250 µs. `serial` counts the feedback packets.
    """
    reference = ticks[0] >> 8
    steps = [ticks[0] - (reference << 8), *map(sub, ticks[1:], ticks)]
    count = numbers[-1] - base + 1
    if count == len(steps) and min(steps) >= 0 and max(steps) <= 255:
        # All arrived, in time and in order: one run.
        chunks, deltas = (1 << 13 | count).to_bytes(2, "big"), bytes(steps)
    else:
        chunks, deltas = _uneven(base, numbers, steps)
    return _feedback(sender, media, serial, base, reference, count, chunks + deltas)


def _feedback(
    sender: int, media: int, serial: int, base: int, reference: int, count: int, rest: bytes
) -> bytes:
    body = _FEEDBACK.pack(sender, media, base & 0xFFFF, count, (reference & 0xFFFFFF) << 8 | serial & 0xFF)
    body += rest
    padding = -len(body) & 3
    if not padding:
        return _packet(TRANSPORT_FEEDBACK, _TRANSPORT_CC, body)
    # RTCP padding: the last byte says how many were added, and the P bit is set.
    body += bytes(padding - 1) + bytes((padding,))
    return _packet(TRANSPORT_FEEDBACK, 0x20 | _TRANSPORT_CC, body)


def _uneven(base: int, numbers: Sequence[int], steps: Sequence[int]) -> tuple[bytes, bytes]:
    """Status chunks and receive deltas (sections 3.1.1 to 3.1.5)."""
    symbols: list[int] = []
    deltas = bytearray()
    expected = base
    for number, step in zip(numbers, steps, strict=True):
        symbols += [0] * (number - expected)
        expected = number + 1
        if 0 <= step <= 255:
            symbols.append(1)
            deltas.append(step)
        else:
            symbols.append(2)
            deltas += (max(-32_768, min(step, 32_767)) & 0xFFFF).to_bytes(2, "big")
    return _chunks(symbols), bytes(deltas)


def _chunks(symbols: list[int]) -> bytes:
    chunks = bytearray()
    at, size = 0, len(symbols)
    while at < size:
        symbol = symbols[at]
        end = at + 1
        while end < size and symbols[end] == symbol and end - at < 8191:
            end += 1
        if end - at >= 7 or end == size:
            chunk = symbol << 13 | end - at
        else:
            # A status vector of seven two-bit symbols; missing ones at the very end count as not received.
            end = min(at + 7, size)
            chunk = 0xC000
            for place in range(at, end):
                chunk |= symbols[place] << 12 - 2 * (place - at)
        chunks += chunk.to_bytes(2, "big")
        at = end
    return bytes(chunks)
