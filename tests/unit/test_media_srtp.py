"""SRTP in place, and the fallback that does the same through pylibsrtp's public face."""

from __future__ import annotations

import pytest
from pylibsrtp import Policy, Session

from media import rtp, srtp
from media.dtls import DtlsIdentity

PROFILES = {
    Policy.SRTP_PROFILE_AEAD_AES_128_GCM: 28,
    Policy.SRTP_PROFILE_AEAD_AES_256_GCM: 44,
    Policy.SRTP_PROFILE_AES128_CM_SHA1_80: 30,
}
PACKET = rtp.HEADER.pack(0x80, 96, 7, 8, 9) + bytes(range(200))


def pair(profile: int) -> tuple[Session, Session]:
    key = bytes(range(PROFILES[profile]))
    return (
        srtp.make_session(profile, key, inbound=False),
        srtp.make_session(profile, key, inbound=True),
    )


def fill(data: bytes) -> srtp.Buffer:
    buffer = srtp.Buffer()
    buffer.view[: len(data)] = data
    buffer.length[0] = len(data)
    return buffer


def content(buffer: srtp.Buffer) -> bytes:
    return bytes(buffer.view[: buffer.length[0]])


def test_the_fast_way_is_open_with_the_pinned_library() -> None:
    assert srtp.IN_PLACE


@pytest.mark.parametrize("profile", PROFILES)
def test_in_place_is_what_the_library_does(profile: int) -> None:
    send, receive = pair(profile)
    reference, _ = pair(profile)
    buffer = fill(PACKET)
    assert srtp.protect(srtp.context_of(send), buffer.raw, buffer.length) == 0
    assert content(buffer) == reference.protect(PACKET)
    assert srtp.unprotect(srtp.context_of(receive), buffer.raw, buffer.length) == 0
    assert content(buffer) == PACKET


@pytest.mark.parametrize("profile", PROFILES)
def test_forgery_and_replay_are_told_apart(profile: int) -> None:
    send, receive = pair(profile)
    sealed = send.protect(PACKET)
    for place in (12, 100, len(sealed) - 1):
        forged = bytearray(sealed)
        forged[place] ^= 1
        buffer = fill(bytes(forged))
        status = srtp.unprotect(srtp.context_of(receive), buffer.raw, buffer.length)
        assert status == srtp.STATUS_AUTH
    for expected in (0, srtp.STATUS_REPLAY[0]):
        buffer = fill(sealed)
        assert srtp.unprotect(srtp.context_of(receive), buffer.raw, buffer.length) == expected


@pytest.mark.parametrize("profile", PROFILES)
def test_the_fallback_does_the_same(profile: int) -> None:
    send, receive = pair(profile)
    reference, _ = pair(profile)
    buffer, length = srtp.PlainBuffer(), [len(PACKET)]
    buffer.data[: len(PACKET)] = PACKET
    assert srtp.fallback("protect")(send, buffer, length) == 0
    assert bytes(buffer.data[: length[0]]) == reference.protect(PACKET)
    assert srtp.fallback("unprotect")(receive, buffer, length) == 0
    assert bytes(buffer.data[: length[0]]) == PACKET
    buffer.data[50] ^= 1
    assert srtp.fallback("unprotect")(receive, buffer, length) != 0


def test_gcm_is_preferred() -> None:
    names = [profile.openssl_profile for profile in DtlsIdentity().profiles]
    assert names[0] == b"SRTP_AEAD_AES_128_GCM"
    assert names[-1] == b"SRTP_AES128_CM_SHA1_80"
