"""Loss on the way in and out, reports and key frames: what keeps a stream watchable."""

from __future__ import annotations

import pytest
from rig.hall import DELTA, KEY, Hall, plain, wait

from media import rtcp, rtp
from media.bases import RING
from media.route import REPAIR_BUCKET
from media.sdp import Codec
from media.track import KEY_FRAME_PAUSE_MS


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch)


@pytest.fixture
def hall() -> Hall:
    return Hall()


# -- loss on the way in ------------------------------------------------------------------------------------


def test_what_is_missing_is_asked_for_at_once_and_again(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    first = ada.send(KEY)
    ada.seq += 2
    ada.send(DELTA)
    lost = (first + 1, first + 2)
    asked = [packet for packet in hall.control("ada/0") if isinstance(packet, rtcp.Nack)]
    assert asked == [rtcp.Nack(50, lost)]
    ada.inbound.sweep(hall.wire.stamp_ms)
    assert not [packet for packet in hall.control("ada/0") if isinstance(packet, rtcp.Nack)]
    wait(hall, 100)
    ada.inbound.sweep(hall.wire.stamp_ms)
    assert rtcp.Nack(50, lost) in hall.control("ada/0")


def test_asking_ends(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    ada.send(KEY)
    ada.seq += 1
    ada.send(DELTA)
    for _ in range(100):
        wait(hall, 50)
        ada.inbound.sweep(hall.wire.stamp_ms)
    asked = [packet for packet in hall.control("ada/0") if isinstance(packet, rtcp.Nack)]
    assert 2 <= len(asked) <= 8
    assert ada.inbound.streams[50].missing == {}


@pytest.mark.parametrize("again", ["late", "rtx"])
def test_a_recovered_packet_takes_its_place(hall: Hall, again: str) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    first = ada.send(KEY)
    lost = first + 1
    ada.seq += 1
    ada.send(DELTA, ts=6_000)
    for _ in range(2):
        # The second time it is not wanted.
        if again == "rtx":
            ada.resend(lost, DELTA + b"lost", ts=5_500)
        else:
            ada.send(DELTA + b"lost", seq=lost, ts=5_500)
    seen = hall.media("bob")
    assert [each.seq - seen[0].seq for each in seen] == [0, 2, 1]
    assert seen[2].payload == DELTA + b"lost"
    assert seen[2].header[2] == 5_500
    assert ada.inbound.streams[50].missing == {}


def test_probes_made_of_padding_or_doubles_go_no_further(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    first = ada.send(KEY)
    ada.resend(first, KEY)
    data = rtp.HEADER.pack(0xA0, 97, 1, 2, 51) + bytes(99) + b"\x64"
    hall.receive(ada.inbound, data)
    assert len(hall.media("bob")) == 1
    assert hall.wire.counters.drop_duplicate == 1


def test_late_sound_is_forwarded(hall: Hall) -> None:
    ada = hall.publisher("ada", mic=60)
    hall.subscriber("bob", "ada.mic", "audio")
    for seq in (10, 12, 11):
        ada.send(b"opus", seq=seq, kind=111, elements=b"")
    assert [each.seq for each in hall.media("bob")] == [10, 12, 11]


def test_what_lies_before_the_beginning_of_a_route_is_not_forwarded(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    first = ada.send(DELTA)
    ada.seq += 1
    ada.send(KEY)
    ada.send(DELTA, seq=first + 1)
    assert [each.payload for each in hall.media("bob")] == [KEY]


def test_a_great_gap_asks_for_a_key_frame_instead(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    ada.send(KEY)
    hall.control("ada/0")
    wait(hall, 1_000)
    ada.seq = (ada.seq + 500) & 0xFFFF
    ada.send(DELTA)
    assert hall.control("ada/0") == [rtcp.KeyFrameRequest(50)]


def test_the_report_counts_what_was_lost(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    ada.inbound.sender_report(rtcp.SenderReport(50, 0x1111_2222_3333_4444, 0), hall.wire.stamp_ms)
    for n in range(100):
        if n % 4 == 1:
            ada.seq += 1
        else:
            ada.send(KEY)
    ada.inbound.report(hall.wire.stamp_ms + 500)
    (report,) = [packet for packet in hall.control("ada/0") if isinstance(packet, rtcp.Report)]
    assert report.ssrc == 50
    assert report.lost == 25
    assert report.fraction_lost == 64
    assert report.last_sr == 0x2222_3333
    assert report.delay == 32_768


# -- loss on the way out -----------------------------------------------------------------------------------


def test_a_nack_is_answered_as_rtx(hall: Hall) -> None:
    ada = hall.publisher("ada")
    route = hall.subscriber("bob", "ada.camera")
    ada.send(KEY + b"one")
    ada.send(DELTA + b"two", ts=7_000)
    sent = hall.media("bob")
    route.repair((sent[1].seq, (sent[1].seq + 50) & 0xFFFF), hall.wire.stamp_ms)
    (again,) = hall.media("bob")
    assert again.header[0] == 97
    assert again.header[2:] == (7_000, route.rtx_ssrc)
    assert again.payload == sent[1].seq.to_bytes(2, "big") + DELTA + b"two"
    assert rtp.find_extension(again.data, 2) is not None


def test_without_rtx_a_nack_is_answered_by_the_packet_itself(hall: Hall) -> None:
    ada = hall.publisher("ada")
    route = hall.subscriber("bob", "ada.camera", codecs=(Codec(96, "VP8", 90_000, None, (), None),))
    ada.send(KEY + b"one")
    (sent,) = hall.media("bob")
    route.repair((sent.seq,), hall.wire.stamp_ms)
    (again,) = hall.media("bob")
    assert again.data == sent.data


def test_the_ring_forgets(hall: Hall) -> None:
    ada = hall.publisher("ada")
    route = hall.subscriber("bob", "ada.camera")
    for _ in range(RING + 1):
        ada.send(KEY)
    sent = hall.media("bob")
    route.repair((sent[0].seq, sent[1].seq), hall.wire.stamp_ms)
    assert [each.payload[:2] for each in hall.media("bob")] == [sent[1].seq.to_bytes(2, "big")]


def test_a_nack_for_another_source_finds_nothing(hall: Hall) -> None:
    ada = hall.publisher("ada")
    route = hall.subscriber("bob", "ada.camera")
    ada.send(KEY)
    (old,) = hall.media("bob")
    hall.publisher("ada", camera=90).send(KEY)
    hall.media("bob")
    route.repair((old.seq,), hall.wire.stamp_ms)
    assert hall.media("bob") == []


def test_nacks_do_not_multiply_traffic_without_bound(hall: Hall) -> None:
    ada = hall.publisher("ada")
    route = hall.subscriber("bob", "ada.camera")
    ada.send(KEY)
    (sent,) = hall.media("bob")
    for _ in range(10):
        route.repair((sent.seq,) * 200, hall.wire.stamp_ms)
    assert len(hall.media("bob")) == REPAIR_BUCKET
    assert hall.wire.counters.drop_nack_excess > 0


# -- reports and key frames --------------------------------------------------------------------------------


def test_sender_reports_are_translated(hall: Hall) -> None:
    ada = hall.publisher("ada")
    route = hall.subscriber("bob", "ada.camera")
    ada.send(KEY, ts=1_000)
    again = hall.publisher("ada", camera=90)
    again.send(KEY, ts=500_000)
    seen = hall.media("bob")[-1]
    again.inbound.sender_report(rtcp.SenderReport(90, 0x1111_2222_3333_4444, 500_900), hall.wire.stamp_ms)
    (report,) = hall.control("bob")
    assert report == rtcp.SenderReport(route.ssrc, 0x1111_2222_3333_4444, seen.header[2] + 900)
    assert (route.report_sent, route.report_ms) == (0x2222_3333, hall.wire.stamp_ms)


def test_no_report_before_the_first_packet(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    ada.inbound.sender_report(rtcp.SenderReport(50, 1, 2), hall.wire.stamp_ms)
    assert hall.control("bob") == []


def test_key_frames_are_asked_for_until_one_comes_but_not_too_often(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    for _ in range(100):
        wait(hall, 50)
        ada.inbound.sweep(hall.wire.stamp_ms)
    asked = hall.control("ada/0")
    assert asked == [rtcp.KeyFrameRequest(50)] * len(asked)
    assert 5_000 // (KEY_FRAME_PAUSE_MS + 50) <= len(asked) <= 5_000 // KEY_FRAME_PAUSE_MS + 1
    ada.send(KEY)
    for _ in range(100):
        wait(hall, 50)
        ada.inbound.sweep(hall.wire.stamp_ms)
    assert hall.control("ada/0") == []


def test_who_subscribes_just_after_a_stream_began_does_not_wait_for_a_key_frame(hall: Hall) -> None:
    ada = hall.publisher("ada")
    assert hall.control("ada/0") == [], "nobody is there who needs it"
    ada.send(KEY)
    wait(hall, 150)
    hall.subscriber("bob", "ada.camera")
    assert hall.control("ada/0") == [rtcp.KeyFrameRequest(50)]


def test_a_new_stream_is_asked_for_a_key_frame_where_somebody_waits(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    ada.send(KEY)
    hall.control("ada/0")
    wait(hall, KEY_FRAME_PAUSE_MS)
    ada.tracks["camera"].ssrc = 51
    ada.inbound.publish(ada.tracks["camera"])
    assert hall.control("ada/0") == [rtcp.KeyFrameRequest(51)]


def test_a_flood_of_requests_becomes_a_trickle(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    ada.send(KEY)
    hall.control("ada/0")
    for _ in range(1_000):
        wait(hall, 5)
        ada.tracks["camera"].ask_key_frame(hall.wire.stamp_ms)
    assert len(hall.control("ada/0")) <= 5_000 // KEY_FRAME_PAUSE_MS + 1
