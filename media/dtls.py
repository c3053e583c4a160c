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

    __slots__ = ("_expected", "_identity", "_ssl", "failure", "keys", "state")

    def __init__(self, identity: DtlsIdentity, expected: tuple[Fingerprint, ...]) -> None:
        self._identity = identity
        self._expected = expected
        self._ssl = SSL.Connection(identity.context)
        self._ssl.set_accept_state()
        self._ssl.set_ciphertext_mtu(MTU)
        self.state: Literal["handshake", "open", "closed", "failed"] = "handshake"
        self.failure = ""
        self.keys: SrtpKeys | None = None

    def receive(self, datagram: bytes) -> None:
        """Take a datagram whose first byte says DTLS (RFC 7983). Never raises."""
        if self.state in {"closed", "failed"}:
            return
        try:
            self._ssl.bio_write(datagram)
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
                self._fail(f"handshake: {error}")

    def outgoing(self) -> Iterator[bytes]:
        """Datagrams to send now. OpenSSL's memory BIO forgets their borders, so records are cut apart."""
        try:
            data: bytes = self._ssl.bio_read(65_536)
        except SSL.Error:
            return
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
