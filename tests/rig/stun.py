"""STUN as a browser speaks it (RFC 8489, RFC 8445 7), written apart from the library that the server uses."""

from __future__ import annotations

import hmac
import secrets
import socket
import zlib
from dataclasses import dataclass

COOKIE = b"\x21\x12\xa4\x42"
REQUEST, RESPONSE, ERROR = 0x0001, 0x0101, 0x0111
USERNAME, INTEGRITY, ERROR_CODE, UNKNOWN_ATTRIBUTES = 0x0006, 0x0008, 0x0009, 0x000A
XOR_MAPPED_ADDRESS, PRIORITY, USE_CANDIDATE = 0x0020, 0x0024, 0x0025
FINGERPRINT, CONTROLLED, CONTROLLING = 0x8028, 0x8029, 0x802A
# Chromium adds its network's kind and cost to every check; a server must skip what it does not know.
GOOG_NETWORK_INFO = 0xC057

Attribute = tuple[int, bytes]


class BadStun(ValueError):
    """Bytes that are no well-formed STUN message."""


@dataclass(frozen=True, slots=True)
class Stun:
    """A parsed message. `covered` are the bytes under its MESSAGE-INTEGRITY, empty if it has none."""

    kind: int
    transaction: bytes
    attributes: dict[int, bytes]
    covered: bytes

    def is_signed_with(self, password: str) -> bool:
        """Whether MESSAGE-INTEGRITY is there and right."""
        if not self.covered:
            return False
        digest = hmac.digest(password.encode(), self.covered, "sha1")
        return hmac.compare_digest(digest, self.attributes[INTEGRITY])

    def mapped_address(self) -> tuple[str, int] | None:
        """XOR-MAPPED-ADDRESS (IPv4 only)."""
        value = self.attributes.get(XOR_MAPPED_ADDRESS)
        if value is None or len(value) != 8 or value[1] != 1:
            return None
        port = int.from_bytes(value[2:4]) ^ int.from_bytes(COOKIE[:2])
        host = bytes(a ^ b for a, b in zip(value[4:], COOKIE, strict=True))
        return socket.inet_ntoa(host), port


def xor_address(address: tuple[str, int]) -> bytes:
    """The value of XOR-MAPPED-ADDRESS (IPv4)."""
    port = address[1] ^ int.from_bytes(COOKIE[:2])
    host = bytes(a ^ b for a, b in zip(socket.inet_aton(address[0]), COOKIE, strict=True))
    return b"\x00\x01" + port.to_bytes(2) + host


def _head(kind: int, length: int, transaction: bytes) -> bytes:
    return kind.to_bytes(2) + length.to_bytes(2) + COOKIE + transaction


def _packed(attribute: Attribute) -> bytes:
    kind, value = attribute
    return kind.to_bytes(2) + len(value).to_bytes(2) + value + bytes(-len(value) % 4)


def encode(kind: int, transaction: bytes, attributes: list[Attribute], password: str | None) -> bytes:
    """A message with these attributes, signed with `password` unless that is None, and fingerprinted."""
    body = b"".join(_packed(attribute) for attribute in attributes)
    if password is not None:
        covered = _head(kind, len(body) + 24, transaction) + body
        body += _packed((INTEGRITY, hmac.digest(password.encode(), covered, "sha1")))
    checked = _head(kind, len(body) + 8, transaction) + body
    body += _packed((FINGERPRINT, (zlib.crc32(checked) ^ 0x5354554E).to_bytes(4)))
    return _head(kind, len(body), transaction) + body


def check(username: str, password: str, tie_breaker: int, transaction: bytes | None = None) -> bytes:
    """A connectivity check of a controlling browser that nominates at once. `username` is theirs:ours."""
    attributes = [
        (USERNAME, username.encode()),
        (GOOG_NETWORK_INFO, b"\x00\x01\x03\xe7"),
        (CONTROLLING, tie_breaker.to_bytes(8)),
        (USE_CANDIDATE, b""),
        (PRIORITY, (0x6E001EFF).to_bytes(4)),
    ]
    return encode(REQUEST, transaction or secrets.token_bytes(12), attributes, password)


def parse(data: bytes) -> Stun:
    """Strict: raises `BadStun` for anything a browser would not accept, a wrong fingerprint included."""
    if len(data) < 20 or data[4:8] != COOKIE or data[0] & 0xC0:
        raise BadStun("no STUN header")
    if int.from_bytes(data[2:4]) != len(data) - 20 or len(data) % 4:
        raise BadStun("wrong length")
    transaction = data[8:20]
    kind = int.from_bytes(data[:2])
    attributes: dict[int, bytes] = {}
    covered = b""
    at = 20
    while at < len(data):
        name, length = int.from_bytes(data[at : at + 2]), int.from_bytes(data[at + 2 : at + 4])
        value = data[at + 4 : at + 4 + length]
        if len(value) != length or FINGERPRINT in attributes:
            raise BadStun("attribute beyond the end")
        if name == INTEGRITY:
            covered = _head(kind, at + 24 - 20, transaction) + data[20:at]
        if name == FINGERPRINT:
            checked = _head(kind, at + 8 - 20, transaction) + data[20:at]
            if int.from_bytes(value) != zlib.crc32(checked) ^ 0x5354554E:
                raise BadStun("wrong fingerprint")
        attributes.setdefault(name, value)
        at += 4 + length + (-length % 4)
    return Stun(kind, transaction, attributes, covered)
