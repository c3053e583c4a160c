"""Forwarding: one stream at the subscriber, whatever happens at the source. No keys, no clock, no socket."""

from __future__ import annotations

import pytest
from rig.hall import AUDIO, DELTA, KEY, Hall, plain, wait

from media import rtcp, rtp
from media.inbound import MAX_ANNOUNCED, MAX_STREAMS
from media.sdp import AUDIO_LEVEL, Codec


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch)


@pytest.fixture
def hall() -> Hall:
    return Hall()


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


def test_announced_streams_are_bounded_too(hall: Hall) -> None:
    ada = hall.publisher("ada")
    for n in range(3 * MAX_ANNOUNCED):
        ada.tracks["camera"].ssrc, ada.tracks["camera"].rtx_ssrc = 1_000 + 2 * n, 1_001 + 2 * n
        ada.inbound.publish(ada.tracks["camera"])
    assert len(ada.inbound.streams) <= 2 * MAX_ANNOUNCED


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
