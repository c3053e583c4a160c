"""The server's end of one WebRTC connection: ties ICE, DTLS, SRTP, tracks and liveness together."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable

from media import rtcp
from media.bandwidth import CEILING_BPS, Downlink, publisher_limit_bps
from media.dtls import Dtls, DtlsIdentity
from media.engine import (
    OnPeerEvent,
    PeerConnected,
    PeerEvent,
    PeerGone,
    PeerInterrupted,
    PeerStats,
    Source,
    TracksChanged,
)
from media.engine import Track as TrackView
from media.ice import Ice, Path
from media.inbound import Inbound
from media.liveness import Liveness, Stalls, Verdict
from media.room import Room
from media.route import Route
from media.sdp import Description
from media.track import Track
from media.wire import Outbound, Wire

log = logging.getLogger(__name__)

HANDSHAKE_LIMIT_MS = 30_000
UNSURE_MS = 5_000


class Peer:
    """See the module. Driven by `media.udp`; all methods are synchronous."""

    __slots__ = (
        "_handshake_ms", "_limited", "_on_event", "_on_released", "_timer", "closed",
        "description", "downlink", "dtls", "ice", "id", "identity", "inbound", "live", "now_ms", "out",
        "participant_id", "path", "report_rtt_ms", "reported", "reported_jitter_ms", "reported_lost",
        "reports", "room", "routes", "rtt_ms", "sure_ms", "tracks", "turn", "version", "wire",
    )  # fmt: skip

    def __init__(
        self,
        peer_id: str,
        participant_id: str,
        room: Room,
        on_event: OnPeerEvent,
        wire: Wire,
        identity: DtlsIdentity,
        now_ms: Callable[[], int],
        on_released: Callable[[Peer], None],
    ) -> None:
        self.id, self.participant_id, self.room, self._on_event = peer_id, participant_id, room, on_event
        self.wire, self.identity, self.now_ms, self._on_released = wire, identity, now_ms, on_released
        self.live = Liveness()
        self.ice = Ice()
        self.out = Outbound(wire, secrets.randbits(31) | 1)
        self.downlink = Downlink()
        self.description: Description | None = None
        self.version = 0
        self.dtls: Dtls | None = None
        self.inbound: Inbound | None = None
        self.path: Path | None = None
        self.tracks: dict[Source, Track] = {}
        self.routes: dict[str, Route] = {}
        self.reports: dict[int, Route] = {}
        self.rtt_ms: int | None = None
        self.report_rtt_ms: int | None = None
        self.reported = self.reported_lost = 0
        self.reported_jitter_ms: int | None = None
        self.closed = False
        self.sure_ms = now_ms()
        """When this peer was last known to get media, or had no keys to get any."""
        self.turn = 0
        """See `media.turns`."""
        self._timer: asyncio.TimerHandle | None = None
        self._handshake_ms = 0
        self._limited = False

    # -- paths ---------------------------------------------------------------------------------------------

    def select(self, path: Path) -> None:
        """Send to this address from now on."""
        if path is self.path:
            return
        if self.path is not None:
            self.wire.counters.addresses_moved += 1
            self.path.selected = False
        path.selected = True
        self.path = path
        self.out.address = path.address

    def answered(self, sent_ms: int, now_ms: int) -> None:
        """A probe of `sent_ms` came back."""
        self.live.proven(sent_ms)
        sample = max(0, now_ms - sent_ms)
        self.rtt_ms = sample if self.rtt_ms is None else (7 * self.rtt_ms + sample) // 8
        self.live.rtt_ms = self.rtt_ms
        if self.inbound is not None:
            self.inbound.rtt_ms = self.rtt_ms

    def probe(self, now_ms: int) -> None:
        """Send a probe if one is due."""
        if self.out.address is not None and self.live.probe_due(now_ms):
            self._probe(now_ms)

    def probe_with_others(self, now_ms: int) -> None:
        """Send a probe if one is due or soon will be."""
        live = self.live
        if self.out.address is not None and (live.probe_welcome(now_ms) or live.probe_due(now_ms)):
            self._probe(now_ms)

    def _probe(self, now_ms: int) -> None:
        self.live.probed(now_ms)
        self.wire.send(self.ice.probe(now_ms), self.out.address)

    # -- DTLS ----------------------------------------------------------------------------------------------

    def receive_dtls(self, datagram: bytes, path: Path) -> None:
        """Take a DTLS datagram from a verified address."""
        if self.description is None or self.closed:
            return
        if self.dtls is None:
            self.dtls = Dtls(self.identity, self.description.fingerprints)
            self._handshake_ms = self.wire.stamp_ms
        dtls = self.dtls
        before = dtls.state
        if before == "handshake":
            self.select(path)
        dtls.receive(datagram)
        self._send_dtls(path)
        if before == "handshake" and dtls.state == "open":
            self._secured()
        elif before == "handshake" and dtls.state == "failed":
            self._handshake_failed()
        elif before == "open" and dtls.state == "closed":
            self._announce(self.live.leave(self.wire.stamp_ms))

    def _send_dtls(self, path: Path | None) -> None:
        if self.dtls is None or path is None:
            return
        for datagram in self.dtls.outgoing():
            self.wire.send(datagram, path.address)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        timeout_s = self.dtls.timeout_s()
        if timeout_s is not None:
            self._timer = asyncio.get_running_loop().call_later(max(0.01, timeout_s), self._dtls_timeout)

    def _dtls_timeout(self) -> None:
        self._timer = None
        if self.dtls is None or self.closed or self.now_ms() - self._handshake_ms > HANDSHAKE_LIMIT_MS:
            return
        self.dtls.expired()
        self._send_dtls(self.path)
        if self.dtls.state == "failed":
            self._handshake_failed()

    def _handshake_failed(self) -> None:
        failure = self.dtls.failure if self.dtls is not None else ""
        self.wire.counters.handshakes_failed += 1
        if failure.startswith("fingerprint"):
            self.wire.counters.wrong_fingerprints += 1
        log.warning("media.handshake_failed", extra={"peer": self.id, "failure": failure})

    def _secured(self) -> None:
        keys = self.dtls.keys if self.dtls is not None else None
        if keys is None:
            return
        self.wire.counters.handshakes += 1
        self.live.hear(self.wire.stamp_ms, fresh=self.wire.fresh)
        self.out.open(keys.profile, keys.send)
        self.inbound = Inbound(self.wire, self.live, self.out, keys.profile, keys.receive)
        self.inbound.rtt_ms = self.rtt_ms
        for path in self.ice.paths.values():
            path.inbound = self.inbound
        self.expect_streams()
        for route in self.routes.values():
            if route.track is not None:
                route.track.ask_key_frame(self.wire.stamp_ms)

    def expect_streams(self) -> None:
        """Tell the receiving half what is published."""
        if self.inbound is not None:
            self.inbound.tracks = tuple(self.tracks.values())
            for track in self.inbound.tracks:
                self.inbound.publish(track)

    def add_route(self, route: Route, now_ms: int) -> None:
        """Subscribe."""
        self.routes[route.mid] = route
        self.reports[route.ssrc] = route
        self.room.subscribe(route, now_ms)

    def drop_route(self, route: Route, now_ms: int) -> None:
        """Unsubscribe."""
        self.room.unsubscribe(route, now_ms)
        self.out.packets += route.packets
        self.out.bytes += route.bytes
        del self.routes[route.mid]
        del self.reports[route.ssrc]

    # -- RTCP ----------------------------------------------------------------------------------------------

    def receive_rtcp(self, size: int) -> None:
        """Take the RTCP packet in the inbox."""
        data = self.inbound.receive_rtcp(size) if self.inbound is not None else None
        if data is not None:
            self.take_rtcp(data)

    def take_rtcp(self, data: bytes) -> None:
        """Take an authentic RTCP packet."""
        if self.inbound is None:
            return
        now_ms = self.wire.stamp_ms
        for packet in rtcp.parse(data):
            match packet:
                case rtcp.SenderReport():
                    self.inbound.sender_report(packet, now_ms)
                case rtcp.Report():
                    self._reported(packet, now_ms)
                case rtcp.Nack():
                    self._nacked(packet, now_ms)
                case rtcp.KeyFrameRequest():
                    route = self.reports.get(packet.ssrc)
                    if route is not None and route.track is not None:
                        route.track.ask_key_frame(now_ms)
                case rtcp.Remb():
                    self.downlink.remb(packet.bits_per_s)

    def _nacked(self, packet: rtcp.Nack, now_ms: int) -> None:
        route = self.reports.get(packet.ssrc)
        self.wire.counters.nacks_received += len(packet.lost)
        if route is not None:
            route.repair(packet.lost, now_ms)

    def _reported(self, packet: rtcp.Report, now_ms: int) -> None:
        route = self.reports.get(packet.ssrc)
        if route is None:
            return
        if packet.last_sr and packet.last_sr == route.report_sent:
            # The client has received what we sent at report_ms.
            self.live.proven(route.report_ms)
            # RFC 3550, 6.4.1, DLSR: it kept the report for `delay` units of 1/65,536 s.
            self.report_rtt_ms = max(0, now_ms - route.report_ms - packet.delay * 1000 // 65_536)
        count, lost = route.told(packet)
        self.reported += count
        self.reported_lost += lost
        if count and route.track is not None and (route.kind == "audio" or not self._hears()):
            self.reported_jitter_ms = packet.jitter * 1000 // route.track.clock_rate
        if route.kind == "video" and not route.waiting:
            self.downlink.loss(packet.fraction_lost, now_ms)

    def _hears(self) -> bool:
        return any(route.kind == "audio" for route in self.routes.values())

    def report(self, now_ms: int) -> None:
        """Every second: receiver reports, and how much video the client should send."""
        if self.inbound is None:
            return
        self.inbound.report(now_ms)
        videos = [route for route in self.routes.values() if route.kind == "video"]
        self.downlink.videos = sum(not route.waiting for route in videos)
        self.downlink.measure(sum(route.bytes for route in videos), now_ms)
        cameras = [t for t in self.tracks.values() if t.kind == "video" and t.stream is not None]
        limit = publisher_limit_bps([route.downlink for route in track.routes] for track in cameras)
        if limit is not None:
            self._limited = True
        if cameras and self._limited:
            # Not before the first limit: in its first seconds Chromium takes any REMB for a promise.
            ssrcs = [track.stream.ssrc for track in cameras if track.stream is not None]
            self.out.send_rtcp(rtcp.remb(self.out.ssrc, limit or CEILING_BPS, ssrcs))

    # -- life ----------------------------------------------------------------------------------------------

    def judge(self, now_ms: int, stalls: Stalls) -> None:
        """Ask liveness for its verdict."""
        self.live.flowed(now_ms, any(track.moved for track in self.tracks.values()))
        self._announce(self.live.judge(now_ms, stalls))
        self._supply(now_ms)

    def _supply(self, now_ms: int) -> None:
        """Send media only to who confirms, sooner or later, to get it: nobody else can be charged for it."""
        if self.live.state == "connected" or not self.out.ready:
            self.sure_ms = now_ms
        shut = now_ms - self.sure_ms > UNSURE_MS
        if shut is not self.out.shut:
            self.out.shut = shut
            for route in self.routes.values():
                self.room.supply(route, now_ms)

    def stalled(self, start_ms: int) -> None:
        """The process stood still; see `media.liveness`."""
        self._announce(self.live.stalled(start_ms))

    def _announce(self, verdict: Verdict | None) -> None:
        if verdict is None:
            return
        match verdict.state:
            case "connected":
                self.emit(PeerConnected(self.id, verdict.at_ms))
            case "interrupted":
                self.wire.counters.interruptions += 1
                self.emit(PeerInterrupted(self.id, verdict.at_ms))
            case "gone":
                self.emit(PeerGone(self.id, verdict.at_ms))
                self.release()

    def emit(self, event: PeerEvent) -> None:
        """Tell the owner. Its mistakes are its own: they are logged and go no further."""
        if self.closed:
            return
        try:
            self._on_event(event)
        except Exception:
            log.exception("media.on_event_failed", extra={"peer": self.id})

    def check_activity(self, elapsed_ms: int) -> None:
        """Tell the owner when something began or ceased to arrive on a track."""
        changed = [track.check_activity(elapsed_ms) for track in self.tracks.values()]
        if any(changed):
            self.emit(TracksChanged(self.id, self.track_views()))

    def track_views(self) -> tuple[TrackView, ...]:
        """What the peer publishes, as the port says it."""
        return tuple(TrackView(t.id, t.kind, t.source, t.active) for t in self.tracks.values())

    def stats(self) -> PeerStats:
        """See `PeerStats`."""
        inbound = self.inbound
        streams = list(inbound.streams.values()) if inbound is not None else []
        routes = self.routes.values()
        media = [s for s in streams if s.repairs is None and s.max_seq >= 0]
        sound = [s for s in media if s.track.kind == "audio"]
        return PeerStats(
            packets_received=sum(s.packets for s in streams) + (inbound.packets if inbound else 0),
            packets_sent=sum(r.packets for r in routes) + self.out.packets,
            bytes_received=sum(s.bytes for s in streams) + (inbound.bytes if inbound else 0),
            bytes_sent=sum(r.bytes for r in routes) + self.out.bytes,
            packets_lost=sum(max(0, s.lost) for s in media),
            round_trip_ms=self.rtt_ms if self.report_rtt_ms is None else self.report_rtt_ms,
            packets_reported=self.reported,
            reported_lost=self.reported_lost,
            jitter_ms=max((each.jitter_ms for each in (sound or media)), default=None),
            reported_jitter_ms=self.reported_jitter_ms,
        )

    # -- the end -------------------------------------------------------------------------------------------

    def release(self) -> None:
        """Give back everything but the last proof of life: routes, tracks, keys, timer. Idempotent."""
        now_ms = self.now_ms()
        for track in self.tracks.values():
            self.room.unpublish(track, now_ms)
            if self.inbound is not None:
                self.inbound.forget(track)
        self.tracks.clear()
        for route in list(self.routes.values()):
            self.drop_route(route, now_ms)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.dtls is not None:
            self.dtls.close()
            if self.path is not None:
                for datagram in self.dtls.outgoing():
                    self.wire.send(datagram, self.path.address)
            self.dtls = None
        self.description = None
        self.path = None
        self.out.close()
        self._on_released(self)
