"""SRTP in place (RFC 3711, RFC 7714): libsrtp on one preallocated buffer.

pylibsrtp's `Session.protect` copies twice and refuses packets over 1,356 bytes. Calling the library through
pylibsrtp's own cffi binding is two to three times cheaper. Those names are private, so they are tried once
at import; if they are gone, `Session` serves with the same signatures, slower. pyproject pins the version.

Signature of the four functions: `f(context, buffer, length) -> status`, where `buffer` is the packet,
`length[0]` its size before and after, and status 0 means success.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pylibsrtp
from pylibsrtp import Policy, Session

BUFFER_BYTES = 2_048
MAX_PACKET_BYTES = 1_600
STATUS_AUTH = 7
STATUS_REPLAY = (9, 10)
# Enough for a second of video, so that a retransmission is not taken for a replay; no more, for libsrtp
# shifts it whole with every packet.
_WINDOW = 512
_NAMES = ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp")

Transform = Callable[[Any, Any, Any], int]


def make_session(profile: int, key: bytes, *, inbound: bool) -> Session:
    """A session for all streams of one direction. Raises `pylibsrtp.Error` when the profile is unknown."""
    policy = Policy(
        key=key,
        ssrc_type=Policy.SSRC_ANY_INBOUND if inbound else Policy.SSRC_ANY_OUTBOUND,
        srtp_profile=profile,
    )
    policy.allow_repeat_tx = True
    policy.window_size = _WINDOW
    return Session(policy)


class PlainBuffer:
    """A packet buffer for the fallback: a bytearray in the clothes of cffi."""

    def __init__(self) -> None:
        self.data = bytearray(BUFFER_BYTES)

    def __getitem__(self, part: slice) -> bytes:
        return bytes(self.data[part])


def fallback(method: str) -> Transform:
    """One of the four functions, by way of `Session`. Status 1 for any failure, 7 for authentication."""
    auth = "authentication failure"

    def transform(session: Session, buffer: PlainBuffer, length: list[int]) -> int:
        try:
            result = getattr(session, method)(bytes(buffer.data[: length[0]]))
        except (pylibsrtp.Error, ValueError) as error:
            return STATUS_AUTH if str(error) == auth else 1
        buffer.data[: len(result)] = result
        length[0] = len(result)
        return 0

    return transform


def _native() -> tuple[Any, Any] | None:
    try:
        from pylibsrtp._binding import ffi, lib  # noqa: PLC0415
    except ImportError:  # pragma: no cover - only with another pylibsrtp
        return None
    try:
        shapes = {str(ffi.typeof(getattr(lib, name))) for name in _NAMES}
        probe = make_session(Policy.SRTP_PROFILE_AES128_CM_SHA1_80, bytes(30), inbound=True)
        context = probe._srtp[0]
        right = str(ffi.typeof(context)) == "<ctype 'struct srtp_ctx_t_ *'>"
    except (AttributeError, TypeError):  # pragma: no cover - only with another pylibsrtp
        return None
    if not right or shapes != {"<ctype 'srtp_err_status_t(*)(struct srtp_ctx_t_ *, void *, int *)'>"}:
        return None  # pragma: no cover - only with another pylibsrtp
    return ffi, lib


_found = _native()
IN_PLACE = _found is not None
"""Whether the fast way is open."""

protect: Transform
unprotect: Transform
protect_rtcp: Transform
unprotect_rtcp: Transform

if _found is not None:
    _ffi, _lib = _found
    protect, unprotect = _lib.srtp_protect, _lib.srtp_unprotect
    protect_rtcp, unprotect_rtcp = _lib.srtp_protect_rtcp, _lib.srtp_unprotect_rtcp
else:  # pragma: no cover - only with another pylibsrtp
    protect, unprotect = fallback("protect"), fallback("unprotect")
    protect_rtcp, unprotect_rtcp = fallback("protect_rtcp"), fallback("unprotect_rtcp")


OVERHEAD = {
    Policy.SRTP_PROFILE_AEAD_AES_128_GCM: 16,
    Policy.SRTP_PROFILE_AEAD_AES_256_GCM: 16,
    Policy.SRTP_PROFILE_AES128_CM_SHA1_80: 10,
}
"""How many bytes `protect` adds, by profile (RFC 7714, 12; RFC 3711, 5.2)."""


class Buffer:
    """A packet buffer: `raw` for libsrtp, `view` for Python, `length` for the size.

    `copy[:n]` is the shortest way to bytes.
    """

    __slots__ = ("copy", "length", "raw", "view")

    def __init__(self) -> None:
        if _found is not None:
            self.raw: Any = _ffi.new("unsigned char[]", BUFFER_BYTES)
            self.copy: Any = _ffi.buffer(self.raw)
            self.view = memoryview(self.copy).cast("B")
            self.length: Any = _ffi.new("int *")
        else:  # pragma: no cover - only with another pylibsrtp
            self.raw = PlainBuffer()
            self.copy = self.raw
            self.view = memoryview(self.raw.data)
            self.length = [0]


def address_of(context: Any) -> int:
    """Where the context lies, for the compiled pump; 0 without the fast way."""
    return int(_ffi.cast("uintptr_t", context)) if IN_PLACE else 0


def functions() -> tuple[int, ...]:
    """The addresses of protect, unprotect, protect_rtcp and unprotect_rtcp; zeros without the fast way."""
    if not IN_PLACE:
        return (0,) * len(_NAMES)
    return tuple(int(_ffi.cast("uintptr_t", _ffi.addressof(_lib, name))) for name in _NAMES)


def context_of(session: Session) -> Any:
    """The first argument of the four functions. The session must outlive it."""
    return session._srtp[0] if IN_PLACE else session
