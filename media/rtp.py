"""RTP headers, read and rewritten in place (RFC 3550, RFC 8285), and where a key frame begins."""

from __future__ import annotations

import struct

HEADER = struct.Struct("!BBHII")
WORD = struct.Struct("!I")
# Header, the header of the extension block, and its first word: all that steady media needs, in one go.
OPENING = struct.Struct("!BBHIIIBHB")
REWRITTEN = struct.Struct("!BBHIIII")
# One-byte extensions (RFC 8285, 4.2), one word of them.
ONE_WORD = 0xBEDE0001
ONE_BYTE_PROFILE = 0xBEDE


def payload_offset(view: memoryview | bytes) -> int:
    """Where the payload begins in a valid packet."""
    at = 12 + 4 * (view[0] & 0x0F)
    if view[0] & 0x10:
        at += 4 + 4 * (view[at + 2] << 8 | view[at + 3])
    return at


def find_extension(view: memoryview | bytes, number: int) -> bytes | None:
    """The value of the one-byte header extension `number`, or None."""
    if not view[0] & 0x10 or not number:
        return None
    at = 12 + 4 * (view[0] & 0x0F)
    if view[at] << 8 | view[at + 1] != ONE_BYTE_PROFILE:
        return None
    end = at + 4 + 4 * (view[at + 2] << 8 | view[at + 3])
    at += 4
    while at < end:
        head = view[at]
        if not head:
            at += 1
            continue
        size = (head & 0x0F) + 1
        if head >> 4 == number:
            return bytes(view[at + 1 : at + 1 + size]) if at + 1 + size <= end else None
        at += 1 + size
    return None


def begins_key_frame(codec: str, view: memoryview | bytes, size: int) -> bool:
    """Whether a packet of `size` bytes begins a frame that decodes without any before it."""
    at = payload_offset(view)
    payload = view[at:size]
    if len(payload) < 4:
        return False
    match codec:
        case "VP8":
            return _vp8(payload)
        case "H264":
            return _h264(payload)
        case "VP9":
            # RFC 9628, 4.2: not inter-predicted, beginning of a frame, lowest spatial layer or none.
            return not payload[0] & 0x40 and bool(payload[0] & 0x08)
        case "AV1":
            # RTP payload for AV1, 4.4: N says that a coded video sequence begins.
            return bool(payload[0] & 0x08)
        case _:
            return True


def _vp8(payload: memoryview | bytes) -> bool:
    # RFC 7741, 4.2 and 4.3: skip the descriptor; a key frame has P = 0 in the first byte of partition 0.
    first = payload[0]
    if not first & 0x10 or first & 0x07:
        return False
    at = 1
    if first & 0x80:
        more = payload[1]
        at = 2
        if more & 0x80:
            at += 2 if payload[2] & 0x80 else 1
        if more & 0x40:
            at += 1
        if more & 0x30:
            at += 1
    return at < len(payload) and not payload[at] & 0x01


def _h264(payload: memoryview | bytes) -> bool:
    # RFC 6184, 5.2: an SPS (7) opens a key frame, or an IDR slice (5) where parameter sets go out of band.
    kind = payload[0] & 0x1F
    if kind in {5, 7}:
        return True
    if kind == 24:
        at = 1
        while at + 2 < len(payload):
            if payload[at + 2] & 0x1F in {5, 7}:
                return True
            at += 2 + (payload[at] << 8 | payload[at + 1])
        return False
    return kind == 28 and bool(payload[1] & 0x80) and payload[1] & 0x1F in {5, 7}
