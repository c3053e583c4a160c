"""The media engine: one UDP port for all peers, packets forwarded without transcoding.

A datagram's first byte says what it is (RFC 7983). STUN finds its peer by username fragment; everything
else by the address from which that peer's verified STUN came. The rest of the package does the work:

    udp ─┬─ stun, ice ── who is it, and from where
         ├─ dtls ─────── keys
         ├─ inbound ──── authenticate, count, repair ──┐
         ├─ room ─────── who gets what                 ├─ liveness: who is here
         ├─ track, route forward                       │
         └─ negotiation, sdp ── offers and answers ────┘
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import itertools
import logging
import socket
import time
from collections.abc import Callable, Sequence

from media import negotiation, stun
from media.dtls import DtlsIdentity
from media.engine import Offer, OnPeerEvent, PeerStats, Track, TracksChanged
from media.errors import MediaError
from media.ice import MAX_PATHS, Path
from media.liveness import TICK_MS, StallWatch
from media.options import MediaOptions
from media.peer import Peer
from media.reading import PACE_MS, Reading
from media.room import Room
from media.srtp import MAX_PACKET_BYTES, Buffer
from media.turns import GROUP, Turns
from media.wire import BATCH, Address, Wire

log = logging.getLogger(__name__)

__all__ = ["MediaOptions", "UdpMediaEngine"]

SWEEP_MS = PACE_MS
REPORT_MS = 1_000
BACKLOG_BATCHES = 80
SOCKET_BUFFER_BYTES = 4 << 20


class UdpMediaEngine:
    """See `media.engine.MediaEngine`. `now_ms` judges life; `packet_ns` spaces packets (monotonic, ns)."""

    def __init__(
        self,
        options: MediaOptions,
        now_ms: Callable[[], int],
        packet_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self.options = options
        self.port = 0
        self._now_ms, self._packet_ns = now_ms, packet_ns
        self._identity = DtlsIdentity()
        self._wire = Wire()
        self._peers: dict[str, Peer] = {}
        self._newest: dict[tuple[str, str], Peer] = {}
        self._rooms: dict[str, Room] = {}
        self._ufrags: dict[str, Peer] = {}
        self._paths: dict[Address, Path] = {}
        self._candidates: tuple[tuple[str, int], ...] = ()
        self._stall = StallWatch(now_ms())
        self._timer: asyncio.TimerHandle | None = None
        self._reading = Reading(self._wire, options.gather_ms, self._readable, pulses=False)
        if self._wire.pumps:
            self._wire.on_rest, self._wire.on_stale = self._handle, self._readable
        self._opened = itertools.count()
        self._judging = Turns(TICK_MS, TICK_MS // SWEEP_MS, now_ms())
        self._reporting = Turns(REPORT_MS, REPORT_MS // SWEEP_MS, now_ms())
        self._past = dict.fromkeys(("packets_received", "packets_sent", "bytes_received", "bytes_sent"), 0)

    # -- birth and death -----------------------------------------------------------------------------------

    async def start(self) -> None:
        """See `MediaEngine`."""
        family = socket.AF_INET6 if ":" in self.options.host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                sock.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER_BYTES)
            sock.bind((self.options.host, self.options.port))
            self.port = sock.getsockname()[1]
            self._candidates = _candidates(self.options, self.port)
        except MediaError:
            sock.close()
            raise
        except OSError as error:
            sock.close()
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                text = f"UDP port {self.options.port} cannot be taken: {error.strerror}"
                raise MediaError("media.port_in_use", text) from error
            raise
        self._wire.attach(sock)
        self._stall = StallWatch(self._now_ms())
        if self._wire.pumps and self._packet_ns is time.perf_counter_ns:
            # The pump is called by the loop itself, and reckons the time by the system's clock.
            self._wire.anchor(self._now_ms(), self._packet_ns())
            self._wire.stall = self._stall
            self._reading = Reading(self._wire, self.options.gather_ms, self._wire.pulse, pulses=True)
        self._reading.start()
        self._timer = asyncio.get_running_loop().call_later(SWEEP_MS / 1000, self._sweep)

    async def close(self) -> None:
        """See `MediaEngine`."""
        for peer_id in list(self._peers):
            self.close_peer(peer_id)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._wire.socket is not None:
            self._reading.stop()
        sock = self._wire.detach()
        if sock is not None:
            sock.close()

    @property
    def gathering(self) -> bool:
        """Whether so much arrives that it is read in bursts."""
        return self._reading.gathering

    # -- the port ------------------------------------------------------------------------------------------

    def open_peer(self, peer_id: str, participant_id: str, room_id: str, on_event: OnPeerEvent) -> None:
        """See `MediaEngine`. Raises `MediaError("media.full")` beyond `max_peers`."""
        older = self._newest.get((room_id, participant_id))
        for old_id in (peer_id, older.id if older is not None else peer_id):
            self.close_peer(old_id)
        if len(self._peers) >= self.options.max_peers:
            raise MediaError("media.full", "The server has as many peers as it can serve.")
        room = self._rooms.setdefault(room_id, Room(room_id))
        room.peers += 1
        peer = Peer(
            peer_id, participant_id, room, on_event, self._wire, self._identity, self._now_ms, self._forget
        )
        peer.turn = next(self._opened) // GROUP % self._reporting.turns
        self._peers[peer_id] = peer
        self._newest[room_id, participant_id] = peer
        self._ufrags[peer.ice.ufrag] = peer

    async def answer(self, peer_id: str, offer: Offer) -> str:
        """See `MediaEngine`."""
        peer = self._peers.get(peer_id)
        if peer is None or peer.live.state == "gone":
            raise MediaError("media.unknown_peer", "This peer is closed or was never opened.")
        plan = negotiation.check(offer, self.options, peer.description)
        before = peer.ice.ufrags
        text, changed = negotiation.apply(peer, plan, self._candidates)
        if peer.ice.ufrags != before:
            for ufrag in before:
                del self._ufrags[ufrag]
            self._ufrags.update(dict.fromkeys(peer.ice.ufrags, peer))
        peer.live.calm()
        if changed:
            peer.emit(TracksChanged(peer.id, peer.track_views()))
        return text

    def signaling_lost(self, peer_id: str) -> None:
        """See `MediaEngine`."""
        peer = self._peers.get(peer_id)
        if peer is not None:
            peer.live.hurry()

    def hold_room(self, room_id: str) -> None:
        """See `MediaEngine`."""
        room = self._rooms.get(room_id)
        if room is not None:
            room.hold(self._now_ms())

    def release_room(self, room_id: str) -> None:
        """See `MediaEngine`."""
        room = self._rooms.get(room_id)
        if room is not None:
            room.release(self._now_ms())

    def close_peer(self, peer_id: str) -> None:
        """See `MediaEngine`."""
        peer = self._peers.pop(peer_id, None)
        if peer is None:
            return
        peer.closed = True
        peer.release()
        stats = peer.stats()
        for name in self._past:
            self._past[name] += getattr(stats, name)
        key = (peer.room.id, peer.participant_id)
        if self._newest.get(key) is peer:
            del self._newest[key]
        peer.room.peers -= 1
        if not peer.room.peers:
            self._rooms.pop(peer.room.id, None)

    def last_alive_ms(self, peer_id: str) -> int | None:
        """See `MediaEngine`."""
        peer = self._peers.get(peer_id)
        return None if peer is None else peer.live.alive_ms

    def tracks(self, room_id: str) -> Sequence[Track]:
        """See `MediaEngine`."""
        return [
            view
            for peer in self._peers.values()
            if peer.room.id == room_id
            for view in peer.track_views()
        ]  # fmt: skip

    def stats(self, peer_id: str) -> PeerStats | None:
        """See `MediaEngine`."""
        peer = self._peers.get(peer_id)
        return None if peer is None else peer.stats()

    def counters(self) -> dict[str, int]:
        """Totals since the start (see `media.wire.Counters`), and `peers`, `rooms`, `tracks` now."""
        counters = self._wire.counters
        every = [peer.stats() for peer in self._peers.values()]
        for name, past in self._past.items():
            setattr(counters, name, past + sum(getattr(stats, name) for stats in every))
        tracks = sum(len(peer.tracks) for peer in self._peers.values())
        return {
            **counters.as_dict(), "peers": len(self._peers), "rooms": len(self._rooms), "tracks": tracks,
            "addresses": len(self._paths),
        }  # fmt: skip

    # -- datagrams -----------------------------------------------------------------------------------------

    def _readable(self) -> None:
        stall, wire = self._stall, self._wire
        now_ms = self._now_ms()
        if stall.steady(now_ms):
            wire.set_instant(now_ms, self._packet_ns(), True)
            self._drain(self._reading.batches)
            return
        self._wake(now_ms)
        wire.set_instant(stall.stamp(now_ms), self._packet_ns(), not stall.backlog)
        # What waits after a stall is read in one go: the system's buffer holds no more than that.
        self._drain(BACKLOG_BATCHES)
        stall.drained()

    def _drain(self, batches: int) -> None:
        wire = self._wire
        if wire.pumps:
            wire.drain(batches)
            return
        for _ in range(batches):
            arrived = wire.receive()
            self._handle(arrived)
            if wire.queue:
                wire.flush()
            wire.arrived += len(arrived)
            if len(arrived) < BATCH:
                break

    def _handle(self, arrived: Sequence[tuple[Buffer, int, Address]]) -> None:
        wire, paths = self._wire, self._paths
        counters = wire.counters
        for box, size, address in arrived:
            if size < 12 or size > MAX_PACKET_BYTES:
                counters.drop_oversized += 1
                continue
            wire.inbox = box
            first = box.view[0]
            path = paths.get(address)
            if 128 <= first < 192 and path is not None:
                inbound = path.inbound
                if inbound is None:
                    counters.drop_too_early += 1
                elif 192 <= box.view[1] < 224:
                    # RTCP packet types (RFC 5761, 4).
                    path.peer.receive_rtcp(size)
                elif inbound.receive(size) and not path.selected:
                    # Authentic media came by another verified address: that is where the client is now.
                    path.peer.select(path)
            elif first < 4:
                self._stun(box.copy[:size], address)
            elif path is None:
                counters.drop_unknown_address += 1
            elif 20 <= first < 64:
                path.peer.receive_dtls(box.copy[:size], path)
            else:
                counters.drop_not_webrtc += 1

    def _stun(self, data: bytes, address: Address) -> None:
        counters = self._wire.counters
        try:
            message = stun.parse(data)
        except stun.StunError:
            counters.drop_stun_malformed += 1
            return
        if message.kind == stun.BINDING_REQUEST:
            self._check(message, address)
        elif message.kind == stun.BINDING_RESPONSE:
            path = self._paths.get(address)
            if path is None:
                counters.drop_stun_stranger += 1
                return
            sent_ms = path.peer.ice.answered(message)
            if sent_ms is None:
                counters.drop_stun_forged += 1
                return
            path.peer.live.hear(self._wire.stamp_ms, fresh=self._wire.fresh)
            path.peer.answered(sent_ms, self._wire.stamp_ms)
        else:
            counters.drop_stun_malformed += 1

    def _check(self, message: stun.Message, address: Address) -> None:
        """A client's connectivity check (RFC 8445, 7.3)."""
        counters = self._wire.counters
        peer = self._ufrags.get(message.username.partition(":")[0])
        if peer is None or peer.description is None:
            counters.drop_stun_stranger += 1
            return
        if not peer.ice.verifies(message):
            counters.drop_stun_forged += 1
            return
        path = self._paths.get(address)
        if path is None or path.peer is not peer:
            path = self._add_path(address, peer)
        self._wire.send(stun.response(message, address, peer.ice.key), address)
        peer.live.hear(self._wire.stamp_ms, fresh=self._wire.fresh)
        if message.nominates or peer.path is None:
            peer.select(path)
        peer.probe(self._wire.stamp_ms)

    def _add_path(self, address: Address, peer: Peer) -> Path:
        before = self._paths.get(address)
        if before is not None:
            before.peer.ice.paths.pop(address, None)
        paths = peer.ice.paths
        if len(paths) >= MAX_PATHS:
            oldest = next(each for each in paths.values() if each is not peer.path)
            del paths[oldest.address], self._paths[oldest.address]
            self._wire.forget(oldest.address)
        path = Path(address, peer)
        paths[address] = self._paths[address] = path
        self._wire.learn(address, path)
        return path

    def _forget(self, peer: Peer) -> None:
        """The peer has no address and no name on the port any more."""
        for address in peer.ice.paths:
            del self._paths[address]
            self._wire.forget(address)
        peer.ice.paths.clear()
        for ufrag in peer.ice.ufrags:
            self._ufrags.pop(ufrag, None)

    # -- time ----------------------------------------------------------------------------------------------

    def _wake(self, now_ms: int) -> None:
        stalled_ms = self._stall.wake(now_ms)
        if stalled_ms is not None:
            self._wire.counters.stalls += 1
            log.warning("media.stalled", extra={"stalled_ms": now_ms - stalled_ms})
            for peer in list(self._peers.values()):
                peer.stalled(stalled_ms)

    def _sweep(self) -> None:
        now_ms, wire = self._now_ms(), self._wire
        self._timer = asyncio.get_running_loop().call_later(SWEEP_MS / 1000, self._sweep)
        self._wake(now_ms)
        self._reading.pace()
        now_ns = self._packet_ns()
        wire.set_instant(now_ms, now_ns)
        if wire.pumps:
            wire.anchor(now_ms, now_ns)
        peers = list(self._peers.values())
        inbounds = [peer.inbound for peer in peers if peer.inbound is not None]
        for inbound in wire.sweep(inbounds, now_ms) if wire.pumps else inbounds:
            inbound.sweep(now_ms)
        reporting, judging = self._reporting.due(now_ms), self._judging.due(now_ms)
        for peer in peers:
            if peer.turn in reporting:
                peer.probe_with_others(now_ms)
                peer.report(now_ms)
            elif now_ms >= peer.live.probe_ms:
                peer.probe(now_ms)
            elapsed_ms = judging.get(peer.turn % self._judging.turns)
            if elapsed_ms is not None and not peer.closed:
                peer.check_activity(elapsed_ms)
                peer.judge(now_ms, self._stall.stalls)


def _candidates(options: MediaOptions, port: int) -> tuple[tuple[str, int], ...]:
    """The addresses to announce, each an IP address; names are resolved once."""
    port = options.announced_port or port
    if options.announced_host:
        names = [name.strip() for name in options.announced_host.split(",") if name.strip()]
        return tuple((_resolve(name), port) for name in names)
    if not ipaddress.ip_address(options.host).is_unspecified:
        return ((options.host, port),)
    wildcards = [(socket.AF_INET, "192.0.2.1", "127.0.0.1")]
    if ":" in options.host:
        wildcards.append((socket.AF_INET6, "2001:db8::1", "::1"))
    hosts = [host for family, far, near in wildcards for host in (_own_address(family, far), near) if host]
    return tuple((host, port) for host in dict.fromkeys(hosts))


def _own_address(family: socket.AddressFamily, far: str) -> str | None:
    """The address that the system would send from. Nothing is sent: `far` is for documentation (RFC 5737)."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((far, 9))
            own: str = probe.getsockname()[0]
        except OSError:
            return None
    return own


def _resolve(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return str(socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)[0][4][0])
    except OSError as error:
        raise MediaError("media.bad_address", f"The announced host {name} is unknown.") from error
