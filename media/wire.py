"""The socket's side of a packet: buffers, the instant of the batch, sending, and what is counted."""

from __future__ import annotations

import socket
from dataclasses import dataclass, fields
from typing import Any

from media import srtp
from media.bases import PUMP, OutboundBase, WireBase

Address = Any
"""What the socket calls an address: (host, port) or (host, port, flow, scope). Only compared and returned."""


BATCH = 64


@dataclass(slots=True)
class Counters:
    """Since the engine started. `drop_*` are datagrams or packets thrown away, by reason."""

    packets_received: int = 0
    bytes_received: int = 0
    packets_sent: int = 0
    bytes_sent: int = 0
    handshakes: int = 0
    handshakes_failed: int = 0
    wrong_fingerprints: int = 0
    addresses_moved: int = 0
    nacks_received: int = 0
    nacks_sent: int = 0
    retransmitted: int = 0
    key_frames_asked: int = 0
    interruptions: int = 0
    stalls: int = 0
    drop_unknown_address: int = 0
    drop_not_webrtc: int = 0
    drop_oversized: int = 0
    drop_stun_malformed: int = 0
    drop_stun_stranger: int = 0
    drop_stun_forged: int = 0
    drop_too_early: int = 0
    drop_srtp_forged: int = 0
    drop_srtp_replayed: int = 0
    drop_srtcp: int = 0
    drop_unknown_stream: int = 0
    drop_duplicate: int = 0
    drop_no_codec: int = 0
    drop_protect: int = 0
    drop_send: int = 0
    drop_nack_excess: int = 0

    def as_dict(self) -> dict[str, int]:
        """Name and value of every counter."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


class Wire(WireBase):
    """Shared by all peers of an engine.

    A batch of datagrams is read into `boxes`, then handled one by one, then everything in `queue` is sent:
    three short loops. Taking turns between kernel and Python for each packet costs a quarter more, because
    either pushes the other out of the processor's caches.

    `inbox` is the box being handled, `outbox` is for copies and feedback. `stamp_ms` is its arrival
    (see `liveness.StallWatch`), `ticks` the same in units of 250 µs, `send_time` the 24-bit absolute send
    time (6.18 fixed-point seconds) for the batch. `arrived` counts datagrams until somebody sets it to 0.
    """

    __slots__ = (
        "boxes", "outbox", "pumps", "sendto", "socket",
    )  # fmt: skip

    def __init__(self) -> None:
        self.boxes = tuple(srtp.Buffer() for _ in range(BATCH))
        self.inbox = self.boxes[0]
        self.queue: list[tuple[bytes | memoryview, Address]] = []
        self.outbox = srtp.Buffer()
        self.counters = Counters()
        self.stamp_ms = 0
        self.fresh = True
        self.ticks = 0
        self.send_time = 0
        self.arrived = 0
        self.socket: socket.socket | None = None
        self.sendto: Any = None
        functions = srtp.functions()
        self.pumps = PUMP and bool(functions[0])
        """Whether the steady case is compiled (see `media._pump`)."""
        if self.pumps:
            self.equip(self.boxes, *functions)

    def attach(self, sock: socket.socket) -> None:
        """Send through `sock` from now on."""
        self.socket = sock
        self.sendto = sock.sendto
        if self.pumps:
            self.connect(sock.fileno())

    def detach(self) -> socket.socket | None:
        """Neither read nor send any more; the socket, still open."""
        sock, self.socket = self.socket, None
        if self.pumps:
            self.connect(-1)
        return sock

    def receive(self) -> list[tuple[srtp.Buffer, int, Address]]:
        """Read what waits, at most a batch: box, size, and where it came from."""
        arrived: list[tuple[srtp.Buffer, int, Address]] = []
        if self.socket is None:
            return arrived
        receive = self.socket.recvfrom_into
        for box in self.boxes:
            try:
                size, address = receive(box.view)
            except BlockingIOError:
                break
            except OSError:
                # An ICMP error of some earlier datagram, reported here; it concerns no one in particular.
                continue
            arrived.append((box, size, address))
        return arrived

    def flush(self) -> None:
        """Send what was queued."""
        sendto = self.sendto
        for data, address in self.queue:
            try:
                sendto(data, address)
            except OSError:
                self.counters.drop_send += 1
        self.queue.clear()

    def send(self, data: bytes | memoryview, address: Address) -> bool:
        """Send one datagram at once. False when the system refused it, which UDP must bear."""
        try:
            self.sendto(data, address)
        except OSError:
            self.counters.drop_send += 1
            return False
        return True


class Outbound(OutboundBase):
    """One peer's sending half: its keys and its present address."""

    __slots__ = ("session", "shut", "wire")

    def __init__(self, wire: Wire, ssrc: int) -> None:
        self.wire = wire
        self.shut = False
        """No media goes to this peer, for it has not confirmed for long that it gets any."""
        self.ssrc = ssrc
        self.address: Address = None
        self.session: Any = None
        self.context: Any = None
        self.context_at = 0
        self.overhead = 0
        self.packets = 0
        self.bytes = 0

    @property
    def ready(self) -> bool:
        """Whether media can be sent."""
        return self.context is not None and self.address is not None

    def open(self, profile: int, key: bytes) -> None:
        """Use these keys."""
        self.session = srtp.make_session(profile, key, inbound=False)
        self.context = srtp.context_of(self.session)
        self.context_at = srtp.address_of(self.context)
        self.overhead = srtp.OVERHEAD[profile]

    def close(self) -> None:
        """Send nothing more."""
        self.context_at = 0
        self.context = self.session = self.address = None

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send an RTCP packet, if the peer can be reached."""
        if not self.ready:
            return
        if self.wire.pumps:
            self.wire.send_control(self, packet)
            return
        box = self.wire.outbox
        size = len(packet)
        box.view[:size] = packet
        box.length[0] = size
        if srtp.protect_rtcp(self.context, box.raw, box.length):
            self.wire.counters.drop_protect += 1
            return
        size = box.length[0]
        if self.wire.send(box.view[:size], self.address):
            self.packets += 1
            self.bytes += size
