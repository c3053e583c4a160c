"""The browser's end of DTLS-SRTP (RFC 5763, RFC 5764): the client role, on memory buffers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

import pylibsrtp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

# name for OpenSSL, profile of libsrtp, bytes of key and of salt (RFC 7714 12, RFC 5764 4.1.2)
PROFILES = {
    b"SRTP_AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
    b"SRTP_AEAD_AES_256_GCM": (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 32, 12),
    b"SRTP_AES128_CM_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
}
MAX_DATAGRAM = 1200
CAPACITY = 4096

# One buffer for the process: every packet is built, protected, received and unprotected in it, which is why
# nothing may await between filling and using it.
BUFFER = ffi.new("unsigned char[]", CAPACITY)
VIEW = memoryview(ffi.buffer(BUFFER))
LENGTH = ffi.new("int *")


class Certificate:
    """A self-signed certificate with its own `SSL.Context`."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "WebRTC")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .sign(key, hashes.SHA256())
        )
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        context.use_certificate(certificate)
        context.use_privatekey(key)
        context.set_cipher_list(b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
        context.set_tlsext_use_srtp(b":".join(PROFILES))
        self.context = context
        self.fingerprint = certificate.fingerprint(hashes.SHA256()).hex(":").upper()


@cache
def shared_certificate() -> Certificate:
    """One certificate for all clients of the process: handshakes are cheap then."""
    return Certificate()


class Dtls:
    """A DTLS client. Feed it datagrams; it hands out datagrams through `send`."""

    def __init__(
        self, certificate: Certificate, fingerprints: dict[str, str], send: Callable[[bytes], None]
    ) -> None:
        self._fingerprints = fingerprints
        self._send = send
        self._ssl = SSL.Connection(certificate.context)
        self._ssl.set_connect_state()
        self.done = False
        self.closed_by_server = False
        self.srtp: Srtp | None = None

    def start(self) -> None:
        """Send the ClientHello."""
        self._shake()

    def receive(self, datagram: bytes) -> None:
        """Take a DTLS datagram. Raises `SSL.Error` when the handshake is refused."""
        self._ssl.bio_write(datagram)
        if not self.done:
            self._shake()
            return
        try:
            self._ssl.recv(MAX_DATAGRAM)
        except SSL.ZeroReturnError:
            self.closed_by_server = True
        except SSL.Error:
            pass
        self._flush()

    def timeout_s(self) -> float | None:
        """Seconds until a retransmission is due."""
        return None if self.done else self._ssl.DTLSv1_get_timeout()

    def retransmit(self) -> None:
        """Send the last flight again if it is due."""
        self._ssl.DTLSv1_handle_timeout()
        self._flush()

    def close(self) -> None:
        """Send close_notify."""
        try:
            self._ssl.shutdown()
        except SSL.Error:
            return
        self._flush()

    def _shake(self) -> None:
        try:
            self._ssl.do_handshake()
        except SSL.WantReadError:
            self._flush()
            return
        except SSL.Error:
            self._flush()
            raise
        self._flush()
        self._verify()
        self.srtp = self._keys()
        self.done = True

    def _verify(self) -> None:
        certificate = self._ssl.get_peer_certificate(as_cryptography=True)
        assert certificate is not None
        encoded = certificate.public_bytes(Encoding.DER)
        for algorithm, expected in self._fingerprints.items():
            digest = hashlib.new(algorithm.replace("-", ""), encoded).hexdigest()
            if digest != expected.replace(":", "").lower():
                raise AssertionError(f"the server's {algorithm} fingerprint is not that of its answer")

    def _keys(self) -> Srtp:
        name = self._ssl.get_selected_srtp_profile()
        profile, key, salt = PROFILES[name]
        material = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))
        client = material[:key] + material[2 * key : 2 * key + salt]
        server = material[key : 2 * key] + material[2 * key + salt :]
        return Srtp(name.decode(), profile, client, server)

    def _flush(self) -> None:
        """Send what OpenSSL has written, whole records together up to the size of a datagram."""
        try:
            pending = self._ssl.bio_read(65_536)
        except SSL.Error:
            return
        datagram = b""
        while pending:
            size = 13 + int.from_bytes(pending[11:13])
            if datagram and len(datagram) + size > MAX_DATAGRAM:
                self._send(datagram)
                datagram = b""
            datagram, pending = datagram + pending[:size], pending[size:]
        if datagram:
            self._send(datagram)


class Srtp:
    """Both directions of SRTP and SRTCP, in place on the process's `BUFFER`."""

    def __init__(self, name: str, profile: int, send_key: bytes, receive_key: bytes) -> None:
        self.name = name
        self._sessions = [
            self._session(profile, Policy.SSRC_ANY_OUTBOUND, send_key),
            self._session(profile, Policy.SSRC_ANY_INBOUND, receive_key),
        ]
        self._send, self._receive = (session._srtp[0] for session in self._sessions)

    @staticmethod
    def _session(profile: int, direction: int, key: bytes) -> Session:
        policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile)
        policy.allow_repeat_tx = True
        policy.window_size = 1024
        return Session(policy)

    def protect(self, size: int) -> int:
        """Protect the RTP packet of `size` bytes in `BUFFER`; returns its new size."""
        LENGTH[0] = size
        status = lib.srtp_protect(self._send, BUFFER, LENGTH)
        if status:
            raise pylibsrtp.Error(f"protect: {pylibsrtp.ERRORS[status]}")
        return int(LENGTH[0])

    def protect_rtcp(self, packet: bytes) -> bytes:
        """Protect a compound RTCP packet."""
        VIEW[: len(packet)] = packet
        LENGTH[0] = len(packet)
        status = lib.srtp_protect_rtcp(self._send, BUFFER, LENGTH)
        if status:
            raise pylibsrtp.Error(f"protect_rtcp: {pylibsrtp.ERRORS[status]}")
        return bytes(VIEW[: LENGTH[0]])

    def unprotect(self, size: int) -> int:
        """Unprotect the RTP packet in `BUFFER`; returns its new size, 0 when it is not authentic."""
        LENGTH[0] = size
        return 0 if lib.srtp_unprotect(self._receive, BUFFER, LENGTH) else int(LENGTH[0])

    def unprotect_rtcp(self, size: int) -> int:
        """Unprotect the RTCP packet in `BUFFER`; returns its new size, 0 when it is not authentic."""
        LENGTH[0] = size
        return 0 if lib.srtp_unprotect_rtcp(self._receive, BUFFER, LENGTH) else int(LENGTH[0])


def random_text(length: int) -> str:
    """Characters that ICE credentials may have (RFC 8839 5.4)."""
    return os.urandom(length).hex()[:length]
