"""DTLS 1.2 or later, passive side, for SRTP keys (RFC 5763, RFC 5764). Sans-IO: datagrams in, datagrams out.

One certificate and one `SSL.Context` serve all handshakes of the process (0.2 ms each).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from aiortc.rtcdtlstransport import (
    SRTP_PROFILES,
    X509_DIGEST_ALGORITHMS,
    RTCCertificate,
    SRTPProtectionProfile,
    certificate_digest,
)
from OpenSSL import SSL

MTU = 1_200
_CLASSIC_RECORDS = range(20, 26)
_RECORD_HEADER = 13
_SEALED_KINDS = frozenset((21, 22, 23))
# Alerts, the Finished message, data.
_VERSIONS = (b"\xfe\xff", b"\xfe\xfd")
# What a client sends in the clear: ClientHello, Certificate, CertificateVerify, ClientKeyExchange.
_CLIENT_MESSAGES = frozenset((1, 11, 15, 16))
_MESSAGE_HEADER = 12
_MAX_MESSAGE = 1 << 14
# Of an authentication tag, with one byte before it.
_MIN_SEALED = 17
MAX_SPOILED = 8


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A certificate's hash as SDP carries it: `sha-256`, `AB:CD:…` (RFC 8122)."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """What a handshake yields: the profile, and key with salt for each direction."""

    profile: int
    receive: bytes
    send: bytes


def _preference(profile: SRTPProtectionProfile) -> int:
    # AES-128-GCM is the fastest where the processor has AES instructions; OpenSSL follows this order.
    order = (b"SRTP_AEAD_AES_128_GCM", b"SRTP_AEAD_AES_256_GCM", b"SRTP_AES128_CM_SHA1_80")
    return order.index(profile.openssl_profile) if profile.openssl_profile in order else len(order)


def credible(datagram: bytes) -> bytes:
    """The records of a datagram that a client in good health could have sent.

    What comes in the clear is authenticated only by the end of the handshake, and OpenSSL gives up at the
    first absurd record. So these are dropped before it sees them (RFC 6347, 4.1.2.7: invalid records should
    be discarded silently), and who can do no more than throw bytes at the port ends no handshake.
    """
    kept = b""
    at = 0
    while at + _RECORD_HEADER <= len(datagram):
        end = at + _RECORD_HEADER + int.from_bytes(datagram[at + 11 : at + 13], "big")
        if end > len(datagram):
            break
        epoch = int.from_bytes(datagram[at + 3 : at + 5], "big")
        if datagram[at + 1 : at + 3] in _VERSIONS and _credible(
            datagram[at], epoch, datagram[at + _RECORD_HEADER : end]
        ):
            kept += datagram[at:end]
        at = end
    return kept


def _credible(kind: int, epoch: int, body: bytes) -> bool:
    if epoch:
        return epoch == 1 and kind in _SEALED_KINDS and len(body) >= _MIN_SEALED
    match kind:
        case 20:  # ChangeCipherSpec
            return body == b"\x01"
        case 21:  # an alert
            return len(body) == 2 and body[0] in {1, 2}
        case 22:  # the handshake
            return _are_messages(body)
        case _:
            return False


def _are_messages(body: bytes) -> bool:
    """Whether a record consists of whole fragments of a client's messages (RFC 6347, 4.2.2)."""
    at = 0
    while at + _MESSAGE_HEADER <= len(body):
        size, offset, length = (int.from_bytes(body[at + i : at + i + 3], "big") for i in (1, 6, 9))
        if body[at] not in _CLIENT_MESSAGES or size > _MAX_MESSAGE or offset + length > size:
            return False
        if not length and size:
            return False
        at += _MESSAGE_HEADER + length
    return at == len(body) > 0


class DtlsIdentity:
    """The process's certificate and TLS context."""

    def __init__(self) -> None:
        certificate = RTCCertificate.generateCertificate()
        self.profiles = sorted(SRTP_PROFILES, key=_preference)
        self.context: SSL.Context = certificate._create_ssl_context(srtp_profiles=self.profiles)
        self.context.set_options(SSL.OP_NO_QUERY_MTU)
        # No resumption: every peer shows its certificate, and no session outlives its peer.
        self.context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        self.fingerprint = next(
            Fingerprint(each.algorithm, each.value)
            for each in certificate.getFingerprints()
            if each.algorithm == "sha-256"
        )


class Dtls:
    """The server's end of one association.

    `state`: "handshake" until the keys stand; "open"; "closed" after close_notify; "failed" for good, with
    the reason in `failure`. Whoever drives it sends `outgoing()` after each call and calls `expired()`
    after `timeout_s()`.
    """

    __slots__ = ("_answered", "_expected", "_identity", "_spoiled", "_ssl", "failure", "keys", "state")

    def __init__(self, identity: DtlsIdentity, expected: tuple[Fingerprint, ...]) -> None:
        self._identity = identity
        self._expected = expected
        self._ssl = self._listen()
        self._answered = False
        self._spoiled = 0
        self.state: Literal["handshake", "open", "closed", "failed"] = "handshake"
        self.failure = ""
        self.keys: SrtpKeys | None = None

    def receive(self, datagram: bytes) -> None:
        """Take a datagram whose first byte says DTLS (RFC 7983). Never raises."""
        if self.state in {"closed", "failed"}:
            return
        records = credible(datagram)
        if not records:
            return
        try:
            self._ssl.bio_write(records)
            if self.state == "handshake":
                self._shake()
            else:
                self._read()
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.state = "closed"
        except SSL.Error as error:
            # In an open association OpenSSL drops bad records; whatever else it says is no reason to die.
            if self.state == "handshake":
                self._spoil(f"handshake: {error}")

    def outgoing(self) -> Iterator[bytes]:
        """Datagrams to send now. OpenSSL's memory BIO forgets their borders, so records are cut apart."""
        try:
            data: bytes = self._ssl.bio_read(65_536)
        except SSL.Error:
            return
        self._answered = True
        while len(data) > MTU and data[0] in _CLASSIC_RECORDS:
            end = 0
            while end + _RECORD_HEADER <= len(data):
                size = _RECORD_HEADER + int.from_bytes(data[end + 11 : end + 13], "big")
                if end and end + size > MTU:
                    break
                end += size
            yield data[:end]
            data = data[end:]
        if data:
            yield data

    def timeout_s(self) -> float | None:
        """Seconds until the last flight must be sent again, or None (RFC 6347, 4.2.4)."""
        if self.state != "handshake":
            return None
        timeout: float | None = self._ssl.DTLSv1_get_timeout()
        return timeout

    def expired(self) -> None:
        """The timeout passed: queue the last flight again."""
        try:
            self._ssl.DTLSv1_handle_timeout()
        except SSL.Error as error:
            self._fail(f"timeout: {error}")

    def close(self) -> None:
        """Queue close_notify, if there is anyone to hear it."""
        if self.state == "open":
            self.state = "closed"
            try:
                self._ssl.shutdown()
            except SSL.Error:
                self.state = "failed"

    def _listen(self) -> SSL.Connection:
        connection = SSL.Connection(self._identity.context)
        connection.set_accept_state()
        connection.set_ciphertext_mtu(MTU)
        return connection

    def _spoil(self, failure: str) -> None:
        """A ClientHello that leads nowhere may be a forged one: wait for the next, and do not answer.

        Once the client has seen an answer it cannot begin again, and better learns of the failure at once.
        """
        self._spoiled += 1
        if self._answered or self._spoiled > MAX_SPOILED:
            self._fail(failure)
        else:
            self._ssl = self._listen()

    def _shake(self) -> None:
        self._ssl.do_handshake()
        certificate = self._ssl.get_peer_certificate(as_cryptography=True)
        known = [each for each in self._expected if each.algorithm in X509_DIGEST_ALGORITHMS]
        if certificate is None or not known:
            self._fail("fingerprint: none to compare")
        elif any(certificate_digest(certificate, each.algorithm) != each.value for each in known):
            self._fail("fingerprint: the certificate is not the one of the offer")
        else:
            self._extract()

    def _extract(self) -> None:
        chosen = self._ssl.get_selected_srtp_profile()
        for profile in self._identity.profiles:
            if profile.openssl_profile == chosen:
                material = self._ssl.export_keying_material(
                    b"EXTRACTOR-dtls_srtp", 2 * (profile.key_length + profile.salt_length)
                )
                self.keys = SrtpKeys(
                    profile=profile.libsrtp_profile,
                    receive=profile.get_key_and_salt(material, 0),
                    send=profile.get_key_and_salt(material, 1),
                )
                self.state = "open"
                return
        self._fail("srtp: no common protection profile")

    def _read(self) -> None:
        while True:
            self._ssl.recv(2_048)

    def _fail(self, failure: str) -> None:
        self.state, self.failure = "failed", failure
