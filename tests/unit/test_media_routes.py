"""Forwarding: one stream at the subscriber, whatever happens at the source. No keys, no clock, no socket."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import pytest
from pylibsrtp import Policy

from media import rtcp, rtp, srtp
from media.bandwidth import Downlink
from media.engine import Kind, Source, track_id
from media.inbound import MAX_STREAMS, Inbound
from media.liveness import Liveness
from media.room import Room
from media.route import REPAIR_BUCKET, Route
from media.sdp import AUDIO_LEVEL, MID, SEND_TIME, TRANSPORT_CC, Codec, Line
from media.track import KEY_FRAME_PAUSE_MS, RING, Track
from media.wire import Outbound, Wire

KEY, DELTA = b"\x10\x00\x9d\x01\x2a", b"\x10\x01\x9d\x01\x2a"
IDS = {MID: 4, SEND_TIME: 2, TRANSPORT_CC: 3, AUDIO_LEVEL: 1}
VIDEO = (Codec(96, "VP8", 90_000, None, (), 97), Codec(102, "H264", 90_000, None, (), 103))
AUDIO = (Codec(111, "opus", 48_000, 2, (), None),)


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
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
        self.hall.wire.inbox.view[: len(data)] = data
        self.inbound.receive(len(data))
        return seq

    def resend(self, seq: int, payload: bytes = DELTA, *, ts: int = 5_000) -> None:
        """Send an RTX packet (RFC 4588) for `seq`."""
        ssrc = next(iter(self.lines.values())) + 1
        self.send(seq.to_bytes(2, "big") + payload, seq=seq ^ 0x5555, ts=ts, ssrc=ssrc, kind=97)


@pytest.fixture
def hall() -> Hall:
    return Hall()


def wait(hall: Hall, ms: int) -> None:
    hall.wire.stamp_ms += ms


# -- one track, one subscriber -----------------------------------------------------------------------------


def test_a_packet_goes_out_under_the_subscribers_names(hall: Hall) -> None:
    ada = hall.publisher("ada")
    route = hall.subscriber("bob", "ada.camera", codecs=(Codec(120, "VP8", 90_000, None, (), 121),))
    hall.wire.send_time = 0xABCDEF
    ada.send(KEY + b"picture")
    (seen,) = hall.media("bob")
    assert seen.header[0] == 120
    assert seen.header[3] == route.ssrc
    assert seen.payload == KEY + b"picture"
    assert rtp.find_extension(seen.data, 2) == b"\xab\xcd\xef"
    assert rtp.find_extension(seen.data, 3) is None
    assert (route.packets, route.bytes) == (1, len(seen.data))


def test_video_begins_at_a_key_frame(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    ada.send(DELTA)
    ada.send(DELTA)
    assert hall.media("bob") == []
    ada.send(KEY)
    ada.send(DELTA)
    first, second = hall.media("bob")
    assert (first.payload, second.payload) == (KEY, DELTA)
    assert second.seq == first.seq + 1


def test_sound_begins_at_once(hall: Hall) -> None:
    ada = hall.publisher("ada", mic=60)
    hall.subscriber("bob", "ada.mic", "audio")
    ada.send(b"opus", kind=111, elements=b"\x10\x9e")
    (seen,) = hall.media("bob")
    assert seen.payload == b"opus"
    assert rtp.find_extension(seen.data, 1) == b"\x9e"


def test_the_level_of_sound_moves_to_the_subscribers_number(hall: Hall) -> None:
    ada = hall.publisher("ada", mic=60)
    route = hall.subscriber("bob", "ada.mic", "audio")
    for ids, number in (({AUDIO_LEVEL: 9}, 9), ({}, 0)):
        route.negotiate(AUDIO, ids)
        ada.send(b"opus", kind=111, elements=b"\x10\x9e")
        (seen,) = hall.media("bob")
        assert rtp.find_extension(seen.data, 1) is None
        assert rtp.find_extension(seen.data, number) == (b"\x9e" if number else None)


def test_a_subscriber_without_the_codec_gets_nothing(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera", codecs=(Codec(100, "VP9", 90_000, None, (), None),))
    ada.send(KEY)
    assert hall.media("bob") == []
    assert hall.wire.counters.drop_no_codec == 1


def test_a_subscription_may_come_before_its_track(hall: Hall) -> None:
    hall.subscriber("bob", "ada.camera")
    hall.publisher("ada").send(KEY)
    assert len(hall.media("bob")) == 1


def test_a_track_of_another_kind_is_not_carried(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera", "audio")
    ada.send(KEY)
    assert hall.media("bob") == []


def test_every_subscriber_gets_the_same_picture(hall: Hall) -> None:
    ada = hall.publisher("ada")
    names = ["bob", "cyd", "dan", "eve", "flo"]
    routes = [hall.subscriber(name, "ada.camera") for name in names]
    for n in range(3):
        ada.send(KEY + bytes([n]) * 50)
    for name, route in zip(names, routes, strict=True):
        seen = hall.media(name)
        assert [each.payload for each in seen] == [KEY + bytes([n]) * 50 for n in range(3)]
        assert {each.header[3] for each in seen} == {route.ssrc}


def test_one_who_waits_does_not_keep_the_others(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    ada.send(KEY)
    hall.subscriber("cyd", "ada.camera")
    ada.send(DELTA)
    assert [each.payload for each in hall.media("bob")] == [KEY, DELTA]
    assert hall.media("cyd") == []


# -- continuity --------------------------------------------------------------------------------------------


def test_numbers_go_on_when_the_publisher_reloads(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    ada.send(KEY, ts=1_000)
    ada.send(DELTA, ts=4_000)
    before = hall.media("bob")
    wait(hall, 2_000)
    again = hall.publisher("ada", camera=90)
    again.seq = 7
    again.send(DELTA, ts=900_000)
    again.send(KEY, ts=903_000)
    again.send(DELTA, ts=906_000)
    after = hall.media("bob")
    assert [each.seq for each in after] == [(before[-1].seq + n) & 0xFFFF for n in (1, 2)]
    assert {each.header[3] for each in before + after} == {before[0].header[3]}
    gap = (after[0].header[2] - before[-1].header[2]) & 0xFFFFFFFF
    assert 0 < gap <= 2_000 * 90
    assert after[1].header[2] - after[0].header[2] == 3_000


def test_numbers_wrap_with_the_source(hall: Hall) -> None:
    ada = hall.publisher("ada")
    ada.seq = 65_533
    hall.subscriber("bob", "ada.camera")
    for _ in range(6):
        ada.send(KEY)
    numbers = [each.seq for each in hall.media("bob")]
    assert numbers == [(numbers[0] + n) & 0xFFFF for n in range(6)]
    assert ada.inbound.streams[50].expected == 6
    assert ada.inbound.streams[50].lost == 0


def test_a_hold_leaves_no_gap_and_ends_with_a_key_frame(hall: Hall) -> None:
    ada = hall.publisher("ada", camera=50, mic=60)
    hall.subscriber("bob", "ada.camera")
    hall.subscriber("cyd", "ada.mic", "audio")
    ada.send(KEY, ts=1_000)
    ada.send(b"opus", ssrc=60, seq=5, kind=111, elements=b"")
    (before,) = hall.media("bob")
    hall.room.hold(hall.wire.stamp_ms)
    assert hall.media("cyd")
    for n in range(20):
        ada.send(DELTA, ts=2_000 + n)
        ada.send(b"opus", ssrc=60, seq=6 + n, kind=111, elements=b"")
    assert hall.media("bob") == hall.media("cyd") == []
    wait(hall, 10_000)
    hall.control("ada/0")
    hall.room.release(hall.wire.stamp_ms)
    assert hall.control("ada/0") == [rtcp.KeyFrameRequest(50)]
    ada.send(DELTA, ts=80_000)
    ada.send(KEY, ts=90_000)
    ada.send(b"opus", ssrc=60, seq=26, kind=111, elements=b"")
    (after,) = hall.media("bob")
    assert after.seq == (before.seq + 1) & 0xFFFF
    # The same source: its own time goes on.
    assert after.header[2] - before.header[2] == 89_000
    assert len(hall.media("cyd")) == 1


def test_nobody_who_joins_a_held_room_gets_anything(hall: Hall) -> None:
    hall.room.hold(0)
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    ada.send(KEY)
    assert hall.media("bob") == []
    hall.room.release(hall.wire.stamp_ms)
    ada.send(KEY)
    assert len(hall.media("bob")) == 1


def test_an_unsubscribed_route_gets_nothing_more(hall: Hall) -> None:
    ada = hall.publisher("ada")
    route = hall.subscriber("bob", "ada.camera")
    hall.subscriber("cyd", "ada.camera")
    ada.send(KEY)
    hall.room.unsubscribe(route, hall.wire.stamp_ms)
    ada.send(DELTA)
    assert len(hall.media("bob")) == 1
    assert len(hall.media("cyd")) == 2


def test_an_unpublished_track_leaves_its_subscribers_waiting(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    ada.send(KEY)
    hall.room.unpublish(ada.tracks["camera"], hall.wire.stamp_ms)
    ada.send(DELTA)
    assert len(hall.media("bob")) == 1
    hall.publisher("ada", camera=90).send(KEY)
    assert len(hall.media("bob")) == 1


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
    hall.wire.inbox.view[: len(data)] = data
    ada.inbound.receive(len(data))
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


def test_a_flood_of_requests_becomes_a_trickle(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    ada.send(KEY)
    hall.control("ada/0")
    for _ in range(1_000):
        wait(hall, 5)
        ada.tracks["camera"].ask_key_frame(hall.wire.stamp_ms)
    assert len(hall.control("ada/0")) <= 5_000 // KEY_FRAME_PAUSE_MS + 1


# -- strangers ---------------------------------------------------------------------------------------------


def test_an_unannounced_stream_is_found_by_its_mid(hall: Hall) -> None:
    ada = hall.publisher("ada", camera=0, screen=0)
    hall.subscriber("bob", "ada.screen")
    ada.send(KEY, ssrc=77, elements=b"\x45screen")
    ada.send(DELTA, ssrc=77)
    assert [each.payload for each in hall.media("bob")] == [KEY, DELTA]


def test_an_unannounced_stream_is_found_by_its_payload_type_if_that_is_unique(hall: Hall) -> None:
    ada = hall.publisher("ada", camera=0, mic=60)
    hall.subscriber("bob", "ada.camera")
    first = ada.send(KEY, ssrc=77)
    ada.seq += 1
    ada.send(DELTA, ssrc=77)
    ada.send((first + 1).to_bytes(2, "big") + DELTA + b"lost", seq=9, ssrc=78, kind=97)
    assert [each.payload for each in hall.media("bob")] == [KEY, DELTA, DELTA + b"lost"]


def test_an_ambiguous_stream_is_dropped(hall: Hall) -> None:
    ada = hall.publisher("ada", camera=0, screen=0)
    hall.subscriber("bob", "ada.screen")
    hall.subscriber("cyd", "ada.camera")
    ada.send(KEY, ssrc=77)
    assert hall.media("bob") == hall.media("cyd") == []
    assert hall.wire.counters.drop_unknown_stream == 1


def test_strangers_are_bounded(hall: Hall) -> None:
    ada = hall.publisher("ada", camera=50, screen=52)
    for n in range(500):
        ada.send(KEY, ssrc=1_000 + n)
    assert hall.wire.counters.drop_unknown_stream == 500
    assert len(ada.inbound.streams) <= 4 + MAX_STREAMS
    hall.subscriber("bob", "ada.camera")
    ada.send(KEY)
    assert len(hall.media("bob")) == 1


def test_a_new_ssrc_on_the_same_line_goes_on(hall: Hall) -> None:
    ada = hall.publisher("ada")
    hall.subscriber("bob", "ada.camera")
    ada.send(KEY)
    ada.send(KEY, ssrc=77, seq=3)
    ada.send(DELTA, ssrc=77, seq=4)
    seen = hall.media("bob")
    assert [(each.seq - seen[0].seq) & 0xFFFF for each in seen] == [0, 1, 2]


# -- presence on a track -----------------------------------------------------------------------------------


def test_a_track_is_active_while_something_arrives(hall: Hall) -> None:
    ada = hall.publisher("ada")
    track = ada.tracks["camera"]
    assert not track.check_activity(250)
    ada.send(KEY)
    assert track.check_activity(250)
    assert track.active
    changes = [track.check_activity(250) for _ in range(20)]
    assert changes.count(True) == 1
    assert not track.active
    ada.send(KEY)
    assert track.check_activity(250)
    assert track.active
