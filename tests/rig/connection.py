"""The lower half of a client: one UDP socket with ICE, DTLS and SRTP on it.

A full ICE agent in the controlling role towards an ICE-lite server (RFC 8445): it checks the one candidate
pair, nominating at once, again at Chromium's intervals (consent, RFC 7675), and answers the server's probes.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections import Counter
from dataclasses import dataclass, field

from OpenSSL import SSL
from rig import stun
from rig.dtls import CAPACITY, VIEW, Certificate, Dtls, Srtp, random_text, shared_certificate
from rig.session_description import Answer

Address = tuple[str, int]
MS = 1_000_000
DRAIN = 64
# Chromium's intervals between connectivity checks: before the first answer, while settling, and afterwards.
CHECK_UNANSWERED_MS, CHECK_SETTLING_MS, CHECK_STABLE_MS = 50, 480, 2_500
SETTLING_CHECKS = 4
MAX_CHECKS = 50
# Arrival in the kernel, so that a busy client does not count as a slow server.
SO_TIMESTAMPNS = 35
ANCILLARY = 64


@dataclass(slots=True)
class Tally:
    """What a client saw of the protocols, beside media. `srtp_*` count RTP and RTCP packets."""

    checks_sent: int = 0
    checks_answered: int = 0
    probes: int = 0
    sent: int = 0
    received: int = 0
    srtp_sent: int = 0
    srtp_received: int = 0
    bad_stun: int = 0
    bad_rtcp: list[str] = field(default_factory=list)
    unauthentic: int = 0
    refused: int = 0
    unknown_ssrc: int = 0
    role_conflicts: int = 0
    nacks: int = 0
    nacked: list[tuple[int, int]] = field(default_factory=list)
    plis: list[tuple[int, int]] = field(default_factory=list)
    rembs: list[int] = field(default_factory=list)
    transport_feedbacks: int = 0
    transport_acknowledged: int = 0
    rtcp_kinds: Counter[str] = field(default_factory=Counter)


class Connection:
    """Socket, ICE, DTLS and SRTP. A subclass overrides `take_rtp`, `take_rtcp` and `media_due`."""

    def __init__(self, *, certificate: Certificate | None, host: str, measure: bool) -> None:
        self.certificate = certificate or shared_certificate()
        self._host, self.measure = host, measure
        self.ufrag, self.password = random_text(4), random_text(24)
        self.answers_probes = True
        self._tie_breaker = secrets.randbits(64)
        self.answer: Answer | None = None
        self.tally = Tally()
        # Switches of faults: send nothing, hear nothing.
        self.silent = self.deaf = False
        self.last_sent_ns = 0
        self._socket: socket.socket | None = None
        self._server: Address | None = None
        self._checks: dict[bytes, int] = {}
        self._next_check_ns = 0
        self.round_trip_ns: int | None = None
        self.mapped: Address | None = None
        self._dtls: Dtls | None = None
        self.srtp: Srtp | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.failure: Exception | None = None
        self._ready = asyncio.Event()
        self.closed = False

    # --- for the subclass ---

    def take_rtp(self, size: int, arrived_ns: int) -> None:
        """An RTP packet of `size` bytes was unprotected in the buffer; `arrived_ns` only with `measure`."""

    def take_rtcp(self, compound: bytes) -> None:
        """An RTCP packet was unprotected."""

    def media_due(self, now_ns: int) -> int:
        """Send what is due; nanoseconds until the next time. Called once SRTP stands."""
        return 1000 * MS

    # --- life ---

    def connect(self) -> None:
        """Start towards the answer's candidate. Once."""
        assert self.answer is not None
        self._server = self.answer.candidates[0]
        self._open()
        self._service()

    async def ready(self, timeout_s: float = 10.0) -> None:
        """Wait for the end of the DTLS handshake; raises what made it fail."""
        async with asyncio.timeout(timeout_s):
            await self._ready.wait()
        if self.failure is not None:
            raise self.failure

    def move(self) -> None:
        """Change the local address, as when a phone leaves a wireless network; checks from there at once."""
        self._close_socket()
        self._open()
        self._next_check_ns = 0
        self._service()

    def vanish(self) -> None:
        """Be gone without a word, as when the browser is killed."""
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._close_socket()

    def close(self) -> None:
        """Say goodbye (DTLS close_notify) and be gone, as `RTCPeerConnection.close` does."""
        if self._dtls is not None and not self.closed:
            self._dtls.close()
        self.vanish()

    @property
    def closed_by_server(self) -> bool:
        """Whether the server has sent close_notify."""
        return self._dtls is not None and self._dtls.closed_by_server

    @property
    def local_port(self) -> int:
        """The port of the client's socket."""
        assert self._socket is not None
        return int(self._socket.getsockname()[1])

    def _open(self) -> None:
        assert self._server is not None
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        if self.measure:
            made.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        made.bind((self._host, 0))
        made.connect(self._server)
        self._socket = made
        asyncio.get_running_loop().add_reader(made.fileno(), self._readable)

    def _close_socket(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    # --- sending ---

    def send_raw(self, datagram: bytes | memoryview) -> None:
        """Put these bytes on the wire, unless `silent`."""
        if self.silent or self._socket is None:
            return
        try:
            self._socket.send(datagram)
        except (BlockingIOError, ConnectionRefusedError):
            self.tally.refused += 1
            return
        self.last_sent_ns = time.monotonic_ns()
        self.tally.sent += 1
        self.tally.srtp_sent += len(datagram) > 0 and datagram[0] > 127

    def send_rtcp(self, compound: bytes) -> None:
        """Protect and send RTCP."""
        if self.srtp is not None:
            self.send_raw(self.srtp.protect_rtcp(compound))

    def service(self) -> None:
        """Do now what is due."""
        self._service()

    def _service(self) -> None:
        """Do what is due and sleep until the next."""
        if self.closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        now_ns = time.monotonic_ns()
        if now_ns >= self._next_check_ns:
            self._check(now_ns)
        wait_ns = self._next_check_ns - now_ns
        if self.srtp is not None:
            wait_ns = min(wait_ns, self.media_due(now_ns))
        elif self._dtls is not None and self.failure is None:
            timeout_s = self._dtls.timeout_s()
            if timeout_s is not None and timeout_s <= 0:
                self._dtls.retransmit()
                timeout_s = self._dtls.timeout_s()
            wait_ns = min(wait_ns, int((timeout_s or 0.05) * 1e9))
        self._timer = asyncio.get_running_loop().call_later(max(0.001, wait_ns / 1e9), self._service)

    def _check(self, now_ns: int) -> None:
        assert self.answer is not None
        transaction = secrets.token_bytes(12)
        self._checks[transaction] = now_ns
        if len(self._checks) > MAX_CHECKS:
            del self._checks[next(iter(self._checks))]
        username = f"{self.answer.ufrag}:{self.ufrag}"
        self.send_raw(stun.check(username, self.answer.password, self._tie_breaker, transaction))
        self.tally.checks_sent += 1
        if not self.tally.checks_answered:
            wait_ms = CHECK_UNANSWERED_MS
        elif self.tally.checks_answered < SETTLING_CHECKS or len(self._checks) > 1:
            wait_ms = CHECK_SETTLING_MS
        else:
            wait_ms = CHECK_STABLE_MS
        self._next_check_ns = now_ns + wait_ms * MS

    # --- receiving ---

    def _receive(self) -> tuple[int, int]:
        """Read one datagram into the buffer; its size and, with `measure`, its arrival in Unix ns."""
        assert self._socket is not None
        if not self.measure:
            return self._socket.recv_into(VIEW, CAPACITY), 0
        size, notes, _, _ = self._socket.recvmsg_into([VIEW], ANCILLARY)
        stamp = notes[0][2] if notes else bytes(16)
        seconds, rest = int.from_bytes(stamp[:8], "little"), int.from_bytes(stamp[8:16], "little")
        return size, seconds * 1_000_000_000 + rest

    def _readable(self) -> None:
        for _ in range(DRAIN):
            if self._socket is None:
                return
            try:
                size, arrived_ns = self._receive()
            except BlockingIOError:
                return
            except OSError:
                self.tally.refused += 1
                continue
            if self.deaf or not size:
                continue
            self.tally.received += 1
            first = VIEW[0]
            if 127 < first < 192:
                self._take_srtp(size, arrived_ns)
            elif first < 4:
                self._take_stun(bytes(VIEW[:size]))
            elif 19 < first < 64:
                self._take_dtls(bytes(VIEW[:size]))

    def _take_srtp(self, size: int, arrived_ns: int) -> None:
        if self.srtp is None:
            return
        if 191 < VIEW[1] < 224:
            size = self.srtp.unprotect_rtcp(size)
            if size:
                self.take_rtcp(bytes(VIEW[:size]))
        else:
            size = self.srtp.unprotect(size)
            if size:
                self.take_rtp(size, arrived_ns)
        if size:
            self.tally.srtp_received += 1
        else:
            self.tally.unauthentic += 1

    def _take_stun(self, datagram: bytes) -> None:
        assert self.answer is not None
        try:
            message = stun.parse(datagram)
        except stun.BadStun:
            self.tally.bad_stun += 1
            return
        if message.kind == stun.REQUEST:
            self._answer_probe(message)
            return
        if message.kind != stun.RESPONSE or not message.is_signed_with(self.answer.password):
            self.tally.bad_stun += 1
            return
        sent_ns = self._checks.get(message.transaction)
        if sent_ns is None:
            # The answer to an earlier check that came after that of a later one.
            return
        # An answer proves the path; older checks that were lost no longer matter.
        self._checks.clear()
        self.round_trip_ns = time.monotonic_ns() - sent_ns
        self.mapped = message.mapped_address()
        self.tally.checks_answered += 1
        if self._dtls is None:
            self._dtls = Dtls(self.certificate, self.answer.fingerprints, self.send_raw)
            self._dtls.start()
            self._service()

    def _answer_probe(self, message: stun.Stun) -> None:
        assert self._server is not None
        assert self.answer is not None
        username = message.attributes.get(stun.USERNAME, b"").decode("utf-8", "replace")
        if not message.is_signed_with(self.password) or username != f"{self.ufrag}:{self.answer.ufrag}":
            self.tally.bad_stun += 1
            return
        self.tally.probes += 1
        if not self.answers_probes:
            return
        if stun.CONTROLLING in message.attributes:
            self.tally.role_conflicts += 1
            error = [(stun.ERROR_CODE, b"\x00\x00\x04\x57Role Conflict")]
            self.send_raw(stun.encode(stun.ERROR, message.transaction, error, self.password))
            return
        address = [(stun.XOR_MAPPED_ADDRESS, stun.xor_address(self._server))]
        self.send_raw(stun.encode(stun.RESPONSE, message.transaction, address, self.password))

    def _take_dtls(self, datagram: bytes) -> None:
        if self._dtls is None or self.failure is not None:
            return
        try:
            self._dtls.receive(datagram)
        except (SSL.Error, AssertionError) as error:
            self.failure = error
            self._ready.set()
            return
        if self._dtls.done and self.srtp is None:
            self.srtp = self._dtls.srtp
            self._ready.set()
        if not self._dtls.closed_by_server:
            self._service()
