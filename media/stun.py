"""STUN binding requests and responses (RFC 8489) as ICE uses them (RFC 8445): parse, verify, build.

Only what an ICE-lite agent needs, in C functions of the standard library, because anyone may send STUN to
the port: a request from a stranger costs a walk over its attributes and no cryptography.
"""

from __future__ import annotations

import hmac
import os
import socket
import struct
import zlib

COOKIE = 0x2112A442
HEADER = struct.Struct("!HHI12s")
ATTRIBUTE = struct.Struct("!HH")
_MAPPED_4 = struct.Struct("!HHI")
MAX_BYTES = 1_024

BINDING_REQUEST = 0x0001
BINDING_RESPONSE = 0x0101
BINDING_ERROR = 0x0111

_USERNAME = 0x0006
_INTEGRITY = 0x0008
_XOR_MAPPED_ADDRESS = 0x0020
_PRIORITY = 0x0024
_USE_CANDIDATE = 0x0025
_FINGERPRINT = 0x8028
_ICE_CONTROLLED = 0x8029
_FINGERPRINT_XOR = 0x5354554E
# The priority of a host candidate with the highest preference, component 1 (RFC 8445, 5.1.2.1).
_HOST_PRIORITY = (126 << 24) | (65535 << 8) | 255


class StunError(Exception):
    """The datagram is not a STUN message that ICE could have sent."""


class Message:
    """A parsed message. `attributes` are those covered by MESSAGE-INTEGRITY (RFC 8489, 14.5)."""

    __slots__ = ("_covered", "attributes", "kind", "transaction")

    def __init__(self, kind: int, transaction: bytes, attributes: dict[int, bytes], covered: bytes) -> None:
        self.kind = kind
        self.transaction = transaction
        self.attributes = attributes
        self._covered = covered

    @property
    def username(self) -> str:
        """USERNAME, or "" when absent or not text."""
        return self.attributes.get(_USERNAME, b"").decode("ascii", "replace")

    @property
    def nominates(self) -> bool:
        """Whether USE-CANDIDATE is there: the client has chosen this path."""
        return _USE_CANDIDATE in self.attributes

    def verified(self, password: bytes) -> bool:
        """Whether MESSAGE-INTEGRITY is there and right (short-term credentials, RFC 8489, 9.1.3)."""
        given = self.attributes.get(_INTEGRITY)
        return given is not None and hmac.compare_digest(given, _integrity(self._covered, password))


def parse(data: bytes) -> Message:
    """Parse a datagram. Raises `StunError` on anything malformed."""
    size = len(data)
    if size < HEADER.size or size > MAX_BYTES:
        raise StunError("size")
    kind, length, cookie, transaction = HEADER.unpack_from(data)
    if cookie != COOKIE or length != size - HEADER.size or length & 3:
        raise StunError("header")
    attributes: dict[int, bytes] = {}
    covered = b""
    at = HEADER.size
    while at + 4 <= size:
        name, length = ATTRIBUTE.unpack_from(data, at)
        value = data[at + 4 : at + 4 + length]
        if len(value) != length:
            raise StunError("truncated attribute")
        if name == _FINGERPRINT:
            if length != 4 or int.from_bytes(value, "big") != zlib.crc32(data[:at]) ^ _FINGERPRINT_XOR:
                raise StunError("fingerprint")
        elif not covered:
            attributes.setdefault(name, value)
            if name == _INTEGRITY:
                covered = data[:at]
        at += 4 + ((length + 3) & ~3)
    return Message(kind, transaction, attributes, covered)


def response(request: Message, address: tuple[str, int], password: bytes) -> bytes:
    """The success response to a binding request that came from `address`."""
    return _sealed(
        BINDING_RESPONSE,
        request.transaction,
        _attribute(_XOR_MAPPED_ADDRESS, _xor(address, request)),
        password,
    )


def questions(username: str, tie_breaker: bytes) -> bytes:
    """The attributes of a binding request of the controlled side."""
    return (
        _attribute(_USERNAME, username.encode("ascii"))
        + _attribute(_PRIORITY, _HOST_PRIORITY.to_bytes(4, "big"))
        + _attribute(_ICE_CONTROLLED, tie_breaker)
    )


def request(asked: bytes, password: bytes) -> tuple[bytes, bytes]:
    """A binding request with the attributes of `questions`: (transaction id, datagram)."""
    transaction = os.urandom(12)
    return transaction, _sealed(BINDING_REQUEST, transaction, asked, password)


def _attribute(name: int, value: bytes) -> bytes:
    return ATTRIBUTE.pack(name, len(value)) + value + bytes(-len(value) & 3)


def _xor(address: tuple[str, int], request: Message) -> bytes:
    """The value of XOR-MAPPED-ADDRESS (RFC 8489, 14.2)."""
    host, port = address[0], address[1] ^ (COOKIE >> 16)
    if host.startswith("::ffff:") and "." in host:
        # What a dual-stack socket calls an IPv4 address; the client knows itself by the plain one.
        host = host[7:]
    if ":" not in host:
        plain = int.from_bytes(socket.inet_pton(socket.AF_INET, host), "big")
        return _MAPPED_4.pack(1, port, plain ^ COOKIE)
    plain = int.from_bytes(socket.inet_pton(socket.AF_INET6, host.partition("%")[0]), "big")
    mask = COOKIE << 96 | int.from_bytes(request.transaction, "big")
    return struct.pack("!HH", 2, port) + (plain ^ mask).to_bytes(16, "big")


def _integrity(covered: bytes, password: bytes) -> bytes:
    # The length field counts MESSAGE-INTEGRITY itself as the last attribute (RFC 8489, 14.5).
    length = len(covered) - HEADER.size + 24
    return hmac.digest(password, covered[:2] + length.to_bytes(2, "big") + covered[4:], "sha1")


def _sealed(kind: int, transaction: bytes, body: bytes, password: bytes) -> bytes:
    head = HEADER.pack(kind, len(body), COOKIE, transaction)
    body += _attribute(_INTEGRITY, _integrity(head + body, password))
    whole = HEADER.pack(kind, len(body) + 8, COOKIE, transaction) + body
    return whole + _attribute(_FINGERPRINT, (zlib.crc32(whole) ^ _FINGERPRINT_XOR).to_bytes(4, "big"))
