"""RTP headers: where a key frame begins, and what of a header subscribers may see."""

from __future__ import annotations

import struct

import pytest

from media import rtp
from media.engine import Kind
from media.sdp import AUDIO_LEVEL, MID, SEND_TIME, TRANSPORT_CC, Codec, Line
from media.track import Track
from media.wire import Outbound, Wire

IDS = {MID: 4, SEND_TIME: 2, TRANSPORT_CC: 3, AUDIO_LEVEL: 1}


def packet(payload: bytes, elements: bytes = b"", *, csrcs: int = 0, profile: int = 0xBEDE) -> bytes:
    first = 0x80 | (0x10 if elements else 0) | csrcs
    block = b""
    if elements:
        elements += bytes(-len(elements) & 3)
        block = struct.pack("!HH", profile, len(elements) // 4) + elements
    return struct.pack("!BBHII", first, 96, 7, 8, 9) + bytes(4 * csrcs) + block + payload


def publication(kind: Kind = "video", ids: dict[str, int] | None = None) -> Track:
    track = Track("ada.camera", "camera" if kind == "video" else "mic", kind, Outbound(Wire(), 1))
    line = Line("0", kind, kind, False, True, False, (), IDS if ids is None else ids, 9, None)
    track.negotiate(line, (Codec(96, "VP8", 90_000, None, (), 97),))
    return track


def strip(track: Track, data: bytes) -> tuple[int, bytes, list[int]]:
    buffer = bytearray(data + bytes(64))
    arrivals: list[int] = []
    slot = track.strip(memoryview(buffer), arrivals, 5)
    return slot, bytes(buffer[: len(data)]), arrivals


@pytest.mark.parametrize(
    ("codec", "payload", "expected"),
    [
        ("VP8", "10 00 00 00 00", True),
        ("VP8", "10 01 00 00 00", False),
        ("VP8", "00 00 00 00 00", False),
        ("VP8", "11 00 00 00 00", False),
        ("VP8", "90 80 05 00 00 00", True),
        ("VP8", "90 80 85 01 00 00 00", True),
        ("VP8", "90 80 85 01 01 00 00", False),
        ("VP8", "90 e0 85 01 00 20 10 02", True),
        ("VP8", "90 f0 85 01 00 20 31 02", False),
        ("H264", "67 42 e0 1f", True),
        ("H264", "65 88 84 00", True),
        ("H264", "61 9a 00 00", False),
        ("H264", "78 00 04 67 42 e0 1f 00 02 68 ce", True),
        ("H264", "78 00 02 09 f0 00 02 65 88", True),
        ("H264", "78 00 02 09 f0 00 02 61 88", False),
        ("H264", "7c 85 88 84", True),
        ("H264", "7c 05 88 84", False),
        ("H264", "7c 81 88 84", False),
        ("VP9", "08 00 00 00", True),
        ("VP9", "48 00 00 00", False),
        ("VP9", "00 00 00 00", False),
        ("AV1", "18 00 00 00", True),
        ("AV1", "10 00 00 00", False),
        ("VP8", "10 00", False),
        ("VP8", "90 f0 85 01", False),
    ],
)
def test_key_frames_are_recognised(codec: str, payload: str, expected: bool) -> None:
    for elements in (b"", b"\x31\x00\x07"):
        data = packet(bytes.fromhex(payload), elements)
        assert rtp.begins_key_frame(codec, memoryview(data), len(data)) is expected


def test_an_extension_is_found_behind_csrcs_and_padding() -> None:
    data = packet(b"x", b"\x00\x10\x9e\x00\x40\x33", csrcs=2)
    assert rtp.find_extension(data, 4) == b"3"
    assert rtp.find_extension(data, 1) == b"\x9e"
    assert rtp.find_extension(data, 5) is None
    assert rtp.payload_offset(data) == len(data) - 1


def test_an_extension_that_overruns_its_block_is_not_there() -> None:
    assert rtp.find_extension(packet(b"x" * 20, b"\x47\x31\x32"), 4) is None


def test_a_packet_without_extensions_has_none() -> None:
    assert rtp.find_extension(packet(b"x"), 4) is None
    assert rtp.find_extension(packet(b"x", b"\x40\x00\x01\x33", profile=0x1000), 4) is None


def test_the_transport_number_is_noted_and_leaves_its_place_to_the_send_time() -> None:
    slot, left, arrivals = strip(publication(), packet(b"payload", b"\x31\x12\x34"))
    assert arrivals == [5 << 16 | 0x1234]
    assert slot == 16
    assert left.endswith(b"payload")


def test_the_publishers_mid_goes_no_further() -> None:
    slot, left, arrivals = strip(publication(), packet(b"payload", b"\x31\x12\x34\x41\x31\x32"))
    assert rtp.find_extension(left, 4) is None
    assert b"12" not in left
    assert (slot, arrivals) == (16, [5 << 16 | 0x1234])


def test_a_transport_number_without_room_for_a_send_time_is_blanked() -> None:
    slot, left, arrivals = strip(publication(), packet(b"payload", b"\x40\x31\x00\x00\x00\x31\x12\x34"))
    assert (slot, len(arrivals)) == (0, 1)
    assert left[16:24] == bytes(8)


def test_the_publishers_own_send_time_is_the_slot() -> None:
    slot, _, arrivals = strip(publication(), packet(b"payload", b"\x22\x01\x02\x03\x31\x12\x34"))
    assert (slot, len(arrivals)) == (16, 1)


@pytest.mark.parametrize("elements", [b"\x91abc", b"\xe0\x01", b"\x4f", b"\x3f\x01", b"\xff" * 40])
def test_what_was_not_negotiated_is_blanked(elements: bytes) -> None:
    _, left, _ = strip(publication(), packet(b"payload", elements))
    block = left[16 : 16 + (len(elements) + 3) // 4 * 4]
    assert block == bytes(len(block))
    assert left.endswith(b"payload")


def test_two_byte_extensions_are_blanked() -> None:
    slot, left, arrivals = strip(publication(), packet(b"payload", b"\x04\x01\x33\x00", profile=0x1000))
    assert (slot, arrivals) == (0, [])
    assert left[16:20] == bytes(4)


def test_the_audio_level_stays() -> None:
    data = packet(b"payload", b"\x10\x9e")
    assert strip(publication("audio"), data) == (16, data, [])


def test_the_opening_reads_header_and_first_extension_at_once() -> None:
    data = packet(b"payload", b"\x31\x12\x34")
    first, second, seq, ts, ssrc, block, head, middle, end = rtp.OPENING.unpack_from(data)
    assert (first, second, seq, ts, ssrc) == (0x90, 96, 7, 8, 9)
    assert (block, head, middle, end) == (rtp.ONE_WORD, 0x31, 0x1234, 0)
