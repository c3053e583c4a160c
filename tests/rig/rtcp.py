"""RTCP of a browser, built and read strictly (RFC 3550 6, RFC 4585 6, RFC 5104, REMB, transport-cc).

Instants in sender reports are 64-bit NTP time stamps; `compact` ones are their middle 32 bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import Struct, pack

NTP_EPOCH_S = 2_208_988_800
REPORT = Struct("!IIIIII")


class BadRtcp(ValueError):
    """Bytes that are no well-formed compound RTCP packet."""


def ntp_of(unix_ns: int) -> int:
    """The NTP time stamp of a Unix time in nanoseconds."""
    seconds, rest = divmod(unix_ns, 1_000_000_000)
    return ((seconds + NTP_EPOCH_S) << 32) | ((rest << 32) // 1_000_000_000)


def unix_ns_of(ntp: int) -> int:
    """The Unix time in nanoseconds of an NTP time stamp."""
    return ((ntp >> 32) - NTP_EPOCH_S) * 1_000_000_000 + (((ntp & 0xFFFFFFFF) * 1_000_000_000) >> 32)


@dataclass(frozen=True, slots=True)
class Block:
    """A report block: what a receiver says of one source."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    ssrc: int
    ntp: int
    rtp_time: int
    packets: int
    octets: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    ssrc: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    ssrc: int
    media_ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pli:
    ssrc: int
    media_ssrc: int


@dataclass(frozen=True, slots=True)
class Fir:
    ssrc: int
    media_ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Remb:
    ssrc: int
    bits_per_s: int
    media_ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1: `received` are transport sequence numbers."""

    ssrc: int
    base: int
    count: int
    number: int
    received: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Other:
    """Something well-formed that the rig need not understand (SDES, BYE, XR)."""

    kind: int


Packet = SenderReport | ReceiverReport | Nack | Pli | Fir | Remb | TransportFeedback | Other


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def _blocks(blocks: Sequence[Block]) -> bytes:
    return b"".join(
        REPORT.pack(
            b.ssrc,
            b.fraction_lost << 24 | (b.lost & 0xFFFFFF),
            b.highest & 0xFFFFFFFF,
            b.jitter,
            b.last_report,
            b.delay,
        )
        for b in blocks
    )


def sender_report(report: SenderReport) -> bytes:
    """SR (RFC 3550 6.4.1)."""
    body = pack(
        "!IQIII",
        report.ssrc,
        report.ntp,
        report.rtp_time,
        report.packets & 0xFFFFFFFF,
        report.octets & 0xFFFFFFFF,
    )
    return _packet(len(report.blocks), 200, body + _blocks(report.blocks))


def receiver_report(ssrc: int, blocks: Sequence[Block]) -> bytes:
    """RR (RFC 3550 6.4.2)."""
    return _packet(len(blocks), 201, pack("!I", ssrc) + _blocks(blocks))


def source_description(ssrc: int, cname: str) -> bytes:
    """SDES with a CNAME (RFC 3550 6.5)."""
    item = pack("!IBB", ssrc, 1, len(cname)) + cname.encode()
    return _packet(1, 202, item + bytes(4 - len(item) % 4))


def nack(ssrc: int, media_ssrc: int, sequences: Sequence[int]) -> bytes:
    """Generic NACK (RFC 4585 6.2.1)."""
    body = pack("!II", ssrc, media_ssrc)
    left = sorted(set(sequences))
    while left:
        first, mask = left.pop(0), 0
        while left and left[0] - first <= 16:
            mask |= 1 << (left.pop(0) - first - 1)
        body += pack("!HH", first, mask)
    return _packet(1, 205, body)


def pli(ssrc: int, media_ssrc: int) -> bytes:
    """Picture loss indication (RFC 4585 6.3.1)."""
    return _packet(1, 206, pack("!II", ssrc, media_ssrc))


def fir(ssrc: int, media_ssrc: int, number: int) -> bytes:
    """Full intra request (RFC 5104 4.3.1)."""
    return _packet(4, 206, pack("!IIIBxxx", ssrc, 0, media_ssrc, number & 0xFF))


def remb(ssrc: int, bits_per_s: int, media_ssrcs: Sequence[int]) -> bytes:
    """Receiver estimated maximum bitrate."""
    exponent = max(0, bits_per_s.bit_length() - 18)
    packed = (exponent << 18) | (bits_per_s >> exponent)
    body = pack("!II4sI", ssrc, 0, b"REMB", len(media_ssrcs) << 24 | packed)
    return _packet(15, 206, body + b"".join(pack("!I", media) for media in media_ssrcs))


def transport_feedback(ssrc: int, media_ssrc: int, number: int, arrivals: dict[int, int]) -> bytes:
    """Transport-wide feedback. `arrivals`: unwrapped transport sequence -> arrival in microseconds."""
    first, last = min(arrivals), max(arrivals)
    reference = min(arrivals.values()) // 64_000
    at, symbols, deltas = reference * 256, [], b""
    for sequence in range(first, last + 1):
        if sequence not in arrivals:
            symbols.append(0)
            continue
        step = arrivals[sequence] // 250 - at
        at += step
        small = 0 <= step < 256
        symbols.append(1 if small else 2)
        deltas += pack("!B", step) if small else pack("!h", max(-32_768, min(32_767, step)))
    chunks = b""
    for start in range(0, len(symbols), 7):
        word = 0xC000
        for place, symbol in enumerate(symbols[start : start + 7]):
            word |= symbol << (12 - 2 * place)
        chunks += pack("!H", word)
    head = pack(
        "!IIHHI", ssrc, media_ssrc, first & 0xFFFF, len(symbols), (reference & 0xFFFFFF) << 8 | number & 0xFF
    )
    body = head + chunks + deltas
    return _packet(15, 205, body + bytes(-len(body) % 4))


def _read_blocks(body: bytes, at: int, count: int) -> tuple[Block, ...]:
    if len(body) < at + 24 * count:
        raise BadRtcp("report blocks beyond the end")
    found = []
    for start in range(at, at + 24 * count, 24):
        ssrc, lost, highest, jitter, last, delay = REPORT.unpack_from(body, start)
        cumulative = lost & 0xFFFFFF
        signed = cumulative - (1 << 24) if cumulative & 0x800000 else cumulative
        found.append(Block(ssrc, lost >> 24, signed, highest, jitter, last, delay))
    return tuple(found)


def _word(body: bytes, at: int) -> int:
    if len(body) < at + 4:
        raise BadRtcp("too short")
    return int.from_bytes(body[at : at + 4])


def _nacked(body: bytes) -> Iterator[int]:
    if len(body) < 12:
        raise BadRtcp("a NACK of nothing")
    for at in range(8, len(body), 4):
        first, mask = divmod(_word(body, at), 1 << 16)
        yield first
        for bit in range(16):
            if mask >> bit & 1:
                yield (first + bit + 1) & 0xFFFF


def _read_transport(body: bytes) -> TransportFeedback:
    if len(body) < 18:
        raise BadRtcp("too short for transport feedback")
    base, count = int.from_bytes(body[8:10]), int.from_bytes(body[10:12])
    symbols: list[int] = []
    at = 16
    while len(symbols) < count:
        if at + 2 > len(body):
            raise BadRtcp("status chunks beyond the end")
        word = int.from_bytes(body[at : at + 2])
        at += 2
        if not word & 0x8000:
            symbols += [word >> 13 & 3] * min(word & 0x1FFF, count - len(symbols))
        elif word & 0x4000:
            symbols += [word >> (12 - 2 * place) & 3 for place in range(7)]
        else:
            symbols += [word >> (13 - place) & 1 for place in range(14)]
    symbols = symbols[:count]
    if at + sum(symbols) > len(body) or 3 in symbols:
        raise BadRtcp("receive deltas beyond the end")
    received = tuple((base + place) & 0xFFFF for place, symbol in enumerate(symbols) if symbol)
    return TransportFeedback(_word(body, 0), base, count, body[15], received)


def _read_feedback(kind: int, fmt: int, body: bytes) -> Packet:
    ssrc, media = _word(body, 0), _word(body, 4)
    match kind, fmt:
        case 205, 1:
            return Nack(ssrc, media, tuple(_nacked(body)))
        case 205, 15:
            return _read_transport(body)
        case 206, 1:
            return Pli(ssrc, media)
        case 206, 4:
            return Fir(ssrc, tuple(_word(body, at) for at in range(8, len(body), 8)))
        case 206, 15 if body[8:12] == b"REMB":
            value = _word(body, 12)
            media_ssrcs = tuple(_word(body, 16 + 4 * n) for n in range(value >> 24))
            return Remb(ssrc, (value & 0x3FFFF) << (value >> 18 & 0x3F), media_ssrcs)
        case _:
            raise BadRtcp(f"feedback {kind}/{fmt} was never negotiated")


def parse(data: bytes) -> list[Packet]:
    """Read a compound packet. Raises `BadRtcp` for what a browser would drop as malformed."""
    packets: list[Packet] = []
    at = 0
    while at < len(data):
        if len(data) < at + 4 or data[at] >> 6 != 2:
            raise BadRtcp("no RTCP header")
        count, kind = data[at] & 0x1F, data[at + 1]
        end = at + 4 + 4 * int.from_bytes(data[at + 2 : at + 4])
        if end > len(data):
            raise BadRtcp("length beyond the end")
        body = data[at + 4 : end]
        if data[at] & 0x20:
            # Only the last packet of a compound may be padded (RFC 3550 6.4.1).
            if end != len(data) or not 0 < body[-1] <= len(body):
                raise BadRtcp("wrong padding")
            body = body[: -body[-1]]
        match kind:
            case 200:
                if len(body) < 24:
                    raise BadRtcp("too short for a sender report")
                ntp = int.from_bytes(body[4:12])
                fields = (_word(body, 12), _word(body, 16), _word(body, 20))
                packets.append(SenderReport(_word(body, 0), ntp, *fields, _read_blocks(body, 24, count)))
            case 201:
                packets.append(ReceiverReport(_word(body, 0), _read_blocks(body, 4, count)))
            case 205 | 206:
                packets.append(_read_feedback(kind, count, body))
            case 202 | 203 | 204 | 207:
                packets.append(Other(kind))
            case _:
                raise BadRtcp(f"packet type {kind}")
        at = end
    return packets
