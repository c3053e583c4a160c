"""RTCP: what is written is read back, by us and by aiortc; nonsense is skipped."""

from __future__ import annotations

import random

import pytest
from aiortc import rtp as theirs

from media import rtcp
from media.bandwidth import ArrivalLog


def only(data: bytes) -> rtcp.Packet:
    (packet,) = rtcp.parse(data)
    return packet


def test_sender_reports_agree_with_aiortc() -> None:
    data = rtcp.sender_report(1, 0x0123456789ABCDEF, 3, 4, 5)
    (read,) = theirs.RtcpPacket.parse(data)
    assert (read.ssrc, read.sender_info.ntp_timestamp, read.sender_info.rtp_timestamp) == (
        1,
        0x0123456789ABCDEF,
        3,
    )
    assert (read.sender_info.packet_count, read.sender_info.octet_count) == (4, 5)
    assert only(data) == rtcp.SenderReport(1, 0x0123456789ABCDEF, 3)


@pytest.mark.parametrize("lost", [0, 7, -3, (1 << 23) - 1, -(1 << 23)])
def test_receiver_reports_agree_with_aiortc(lost: int) -> None:
    report = rtcp.Report(9, 128, lost, 70_000, 12, 34, 56)
    data = rtcp.receiver_report(1, [report])
    (read,) = theirs.RtcpPacket.parse(data)
    assert read.reports[0].packets_lost == lost
    assert read.reports[0].highest_sequence == 70_000
    assert only(data) == report


def test_nacks_agree_with_aiortc() -> None:
    chance = random.Random(1)
    for _ in range(200):
        start = chance.randrange(65_536)
        lost = sorted(chance.sample(range(start, start + 60), chance.randrange(1, 30)))
        numbers = tuple(number & 0xFFFF for number in lost)
        data = rtcp.nack(1, 2, numbers)
        (read,) = theirs.RtcpPacket.parse(data)
        assert tuple(read.lost) == numbers
        assert only(data) == rtcp.Nack(2, numbers)


def test_key_frame_requests_are_read() -> None:
    assert only(rtcp.picture_loss(1, 2)) == rtcp.KeyFrameRequest(2)
    fir = bytes(theirs.RtcpPsfbPacket(fmt=4, ssrc=1, media_ssrc=0, fci=b"\x00\x00\x00\x09\x01\x00\x00\x00"))
    assert only(fir) == rtcp.KeyFrameRequest(9)


@pytest.mark.parametrize("bits_per_s", [0, 1, 150_000, 262_143, 262_144, 2_500_000, 20_000_000])
def test_remb_agrees_with_aiortc(bits_per_s: int) -> None:
    data = rtcp.remb(1, bits_per_s, [5, 6])
    (read,) = theirs.RtcpPacket.parse(data)
    bits, ssrcs = theirs.unpack_remb_fci(read.fci)
    assert ssrcs == [5, 6]
    assert bits_per_s * 0.999 <= bits <= bits_per_s
    assert only(data) == rtcp.Remb(bits, (5, 6))


def test_compound_packets_are_read_whole() -> None:
    data = rtcp.receiver_report(1, []) + rtcp.picture_loss(1, 2) + rtcp.nack(1, 2, [3])
    assert list(rtcp.parse(data)) == [rtcp.KeyFrameRequest(2), rtcp.Nack(2, (3,))]


def test_unknown_packets_are_skipped() -> None:
    extended = bytes.fromhex("80cf0001 00000001".replace(" ", ""))
    assert list(rtcp.parse(extended + rtcp.picture_loss(1, 2))) == [rtcp.KeyFrameRequest(2)]


def test_nonsense_ends_quietly_and_bounded() -> None:
    chance = random.Random(2)
    whole = rtcp.receiver_report(1, [rtcp.Report(9, 1, 2, 3, 4, 5, 6)]) + rtcp.nack(1, 2, range(0, 90, 3))
    for _ in range(5_000):
        data = bytearray(whole[: chance.randrange(len(whole) + 1)])
        for _ in range(chance.randrange(4)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        for packet in rtcp.parse(bytes(data)):
            if isinstance(packet, rtcp.Nack):
                assert len(packet.lost) <= rtcp.MAX_LOST
    huge = rtcp.nack(1, 2, range(0, 60_000, 17))
    packet = only(huge)
    assert isinstance(packet, rtcp.Nack)
    assert len(packet.lost) <= rtcp.MAX_LOST
    assert len(list(rtcp.parse(rtcp.picture_loss(1, 2) * 200))) == rtcp.MAX_BLOCKS


# -- transport-wide feedback -------------------------------------------------------------------------------


def read_feedback(data: bytes) -> dict[int, int]:
    """Sequence number → arrival in ticks, by the letter of the draft."""
    assert data[0] & 0x1F == 15
    assert len(data) == 4 * (int.from_bytes(data[2:4], "big") + 1)
    base, count = int.from_bytes(data[12:14], "big"), int.from_bytes(data[14:16], "big")
    at = int.from_bytes(data[16:19], "big") << 8
    symbols: list[int] = []
    place = 20
    while len(symbols) < count:
        chunk = int.from_bytes(data[place : place + 2], "big")
        place += 2
        if not chunk & 0x8000:
            symbols += [chunk >> 13 & 3] * (chunk & 0x1FFF)
        else:
            assert chunk & 0x4000
            symbols += [chunk >> 12 - 2 * n & 3 for n in range(7)]
    read: dict[int, int] = {}
    for number, symbol in enumerate(symbols[:count], base):
        if symbol == 1:
            at += data[place]
            place += 1
        elif symbol == 2:
            at += int.from_bytes(data[place : place + 2], "big", signed=True)
            place += 2
        if symbol:
            read[number & 0xFFFF] = at
    end = len(data) - (data[-1] if data[0] & 0x20 else 0)
    assert place == end
    return read


@pytest.mark.parametrize("loss", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("late", [False, True])
def test_feedback_tells_every_arrival_once(loss: float, late: bool) -> None:
    for seed in range(60):
        chance = random.Random(seed)
        log = ArrivalLog()
        ticks, number = chance.randrange(1 << 30), chance.randrange(1 << 16)
        sent: dict[int, int] = {}
        read: dict[int, int] = {}
        for _ in range(6):
            for _ in range(chance.randrange(1, 50)):
                ticks += chance.choice((0, 0, 3, 20, 400 if late else 20))
                if chance.random() >= loss:
                    log.pending.append(ticks << 16 | number & 0xFFFF)
                    sent[number & 0xFFFF] = ticks & 0xFFFFFFFF
                number += 1
            for data in log.flush(0, 1, 2):
                read.update(read_feedback(data))
            assert log.pending == []
        assert {n: t & 0xFFFFFFFF for n, t in read.items()} == sent


def test_feedback_bears_swapped_and_doubled_packets() -> None:
    log = ArrivalLog()
    log.pending += [100 << 16 | 10, 101 << 16 | 12, 102 << 16 | 11, 103 << 16 | 12, 104 << 16 | 13]
    (data,) = log.flush(0, 1, 2)
    assert read_feedback(data) == {10: 100, 11: 102, 12: 101, 13: 104}


def test_a_jump_of_the_numbers_costs_nothing() -> None:
    log = ArrivalLog()
    for jump in (0, 30_000, 100, 20_000, 65_000):
        log.pending += [5 << 16 | jump, 6 << 16 | (jump + 1) & 0xFFFF]
        for data in log.flush(0, 1, 2):
            assert len(data) < 400
