"""One peer's receiving half: what it sends is authenticated, told apart, counted, repaired, passed on."""

from __future__ import annotations

from typing import Any

from media import rtcp, rtp, srtp
from media.bandwidth import ArrivalLog
from media.bases import InboundBase
from media.liveness import Liveness
from media.route import Route
from media.track import Stream, Track
from media.wire import Outbound, Wire

MAX_STREAMS = 64
MAX_ANNOUNCED = 1_000
NACK_PAUSE_MS = 60
FEEDBACK_MS = 100


class Inbound(InboundBase):
    """See the module. Made when DTLS has yielded the keys."""

    __slots__ = (
        "_announced", "_context", "_session", "_strangers", "_wire", "rtt_ms",
    )  # fmt: skip

    def __init__(self, wire: Wire, live: Liveness, out: Outbound, profile: int, key: bytes) -> None:
        self._wire, self.live, self.out = wire, live, out
        self._session = srtp.make_session(profile, key, inbound=True)
        self._context: Any = srtp.context_of(self._session)
        self.context_at = srtp.address_of(self._context)
        self.log = ArrivalLog()
        self.pending = self.log.pending
        self._strangers = self._announced = 0
        self.streams: dict[int, Stream] = {}
        self.recent: Stream | None = None
        self.tracks: tuple[Track, ...] = ()
        self.packets = self.bytes = 0
        self.rtt_ms: int | None = None

    # -- every packet --------------------------------------------------------------------------------------

    def receive(self, size: int) -> bool:
        """Handle the RTP packet in the inbox; whether it was authentic."""
        wire = self._wire
        inbox = wire.inbox
        (ssrc,) = rtp.WORD.unpack_from(inbox.view, 8)
        stream = self.streams.get(ssrc)
        if stream is None and self._strangers >= MAX_STREAMS:
            # Every authentic SSRC costs libsrtp a context that it never gives back.
            wire.counters.drop_unknown_stream += 1
            return False
        length = inbox.length
        length[0] = size
        status = srtp.unprotect(self._context, inbox.raw, length)
        if status:
            self.refuse(status)
            return False
        live = self.live
        live.heard_ms = wire.stamp_ms
        if live.watch and wire.fresh:
            live.listen(wire.stamp_ms)
            live.media(wire.stamp_ms)
        self.accept(stream, length[0])
        return True

    def accept(self, stream: Stream | None, size: int) -> None:
        """Take the authentic packet of `size` bytes in the inbox. `stream` None: no offer announced it."""
        wire = self._wire
        inbox = wire.inbox
        view = inbox.view
        if stream is None:
            stream = self._meet(view)
            if stream is None:
                return
        track = stream.track
        first, second, seq, ts, _, block, head, middle, end = rtp.OPENING.unpack_from(view)
        if first == 0x90 and block == rtp.ONE_WORD and head == track.usual_head and not end:
            # Steady media: a word with nothing but the extension that subscribers may see.
            slot = 16
            if track.cc_head:
                self.pending.append(wire.ticks << 16 | middle)
        else:
            slot = track.strip(view, self.pending, wire.ticks) if first & 0x10 else 0
        if stream.repairs is not None:
            self._recover(stream, size, slot)
            return
        stream.packets += 1
        stream.bytes += size
        if wire.fresh:
            stream.clock(wire.ticks, ts)
        if (seq - stream.max_seq) & 0xFFFF == 1 and (seq or stream.max_seq > 0):
            if not seq:
                stream.cycles += 65_536
            stream.max_seq = seq
            stream.last_ts = ts
            routes = track.routes
        else:
            routes = self._out_of_order(stream, seq, ts)
        if routes:
            track.keep(wire, seq, size)
            track.forward(wire, size, slot, routes, (first, second, seq, ts, block))

    def _out_of_order(self, stream: Stream, seq: int, ts: int) -> tuple[Route, ...]:
        """Not the next packet: notice what is missing, and say which routes want this one."""
        track = stream.track
        order = stream.advance(seq, self._wire.stamp_ms)
        if order > 0:
            stream.last_ts = ts
            if stream.missing and track.ring is not None and track.routes:
                self._ask_again(stream)
            return track.routes
        # Late sound is wanted even if its gap was forgotten: libsrtp saw to it that it comes only once.
        return self._late(stream, seq) if order == 0 or track.ring is None else ()

    def _late(self, stream: Stream, seq: int) -> tuple[Route, ...]:
        return tuple(route for route in stream.track.routes if route.carries(seq))

    def refuse(self, status: int) -> None:
        """Count a packet that libsrtp did not accept."""
        counters = self._wire.counters
        if status in srtp.STATUS_REPLAY:
            counters.drop_srtp_replayed += 1
        else:
            counters.drop_srtp_forged += 1

    def _recover(self, stream: Stream, size: int, slot: int) -> None:
        """A retransmission (RFC 4588): restore the original and forward it, if it was missing."""
        media, wire = stream.repairs, self._wire
        view = wire.inbox.view
        stream.packets += 1
        stream.bytes += size
        head = rtp.payload_offset(view)
        kind = stream.repair_types.get(view[1] & 0x7F)
        padding = view[size - 1] if view[0] & 0x20 else 0
        if media is None or kind is None or head + 2 + padding >= size:
            # Bandwidth probes are retransmissions made of padding.
            return
        seq = view[head] << 8 | view[head + 1]
        if media.missing.pop(seq, None) is None:
            self._wire.counters.drop_duplicate += 1
            return
        view[head : size - 2] = view[head + 2 : size]
        size -= 2
        first, second, _, ts, _ = rtp.HEADER.unpack_from(view)
        rtp.HEADER.pack_into(view, 0, first, second & 0x80 | kind, seq, ts, media.ssrc)
        routes = self._late(media, seq)
        waiting = tuple(route for route in media.track.routes if route.waiting)
        media.track.keep(wire, seq, size)
        if routes or waiting:
            # A route that still waits may begin with a recovered key frame.
            (block,) = rtp.WORD.unpack_from(view, 12)
            opening = (first, second & 0x80 | kind, seq, ts, block)
            media.track.forward(wire, size, slot, routes + waiting, opening)

    def _meet(self, view: memoryview) -> Stream | None:
        """An SSRC that no offer announced: find its line by mid, else by payload type (RFC 9143, 9.2)."""
        self._strangers += 1
        _, second, _, _, ssrc = rtp.HEADER.unpack_from(view)
        kind = second & 0x7F
        for track in self.tracks:
            mid = rtp.find_extension(view, track.mid_id)
            if mid is not None and mid.decode("ascii", "replace") != track.mid:
                continue
            repair_types = {c.rtx: c.payload_type for c in track.codecs.values() if c.rtx is not None}
            if kind in track.codecs:
                if mid is None and sum(kind in each.codecs for each in self.tracks) > 1:
                    break
                stream = Stream(ssrc, track)
                self._replace(track, stream)
            elif kind in repair_types and track.stream is not None:
                stream = Stream(ssrc, track, repairs=track.stream)
                stream.repair_types = repair_types
            else:
                continue
            self.streams[ssrc] = stream
            self.recent = None
            return stream
        self._wire.counters.drop_unknown_stream += 1
        return None

    def _replace(self, track: Track, stream: Stream) -> None:
        for route in track.routes:
            route.freeze(self._wire.stamp_ms)
        track.stream = stream
        track.seek_key_frame(self._wire.stamp_ms)

    # -- what the offers say -------------------------------------------------------------------------------

    def publish(self, track: Track) -> None:
        """Expect the streams that the offer announced for `track`; without SSRCs they are met later.

        So are those of a client that has announced others without end.
        """
        self.recent = None
        ssrc, rtx_ssrc = track.ssrc, track.rtx_ssrc
        if ssrc is None or (track.stream is not None and track.stream.ssrc == ssrc):
            return
        if self._announced >= MAX_ANNOUNCED:
            return
        self._announced += 1
        stream = Stream(ssrc, track)
        self.streams[ssrc] = stream
        self._replace(track, stream)
        if rtx_ssrc is not None:
            repair = Stream(rtx_ssrc, track, repairs=stream)
            repair.repair_types = {
                codec.rtx: codec.payload_type for codec in track.codecs.values() if codec.rtx is not None
            }
            self.streams[rtx_ssrc] = repair

    def forget(self, track: Track) -> None:
        """The track is not published any more."""
        self.recent = None
        for ssrc in [ssrc for ssrc, stream in self.streams.items() if stream.track is track]:
            self.packets += self.streams[ssrc].packets
            self.bytes += self.streams[ssrc].bytes
            del self.streams[ssrc]
        track.stream = None

    # -- control -------------------------------------------------------------------------------------------

    def receive_rtcp(self, size: int) -> bytes | None:
        """Authenticate the RTCP packet in the inbox; its plain bytes, or None."""
        wire = self._wire
        inbox = wire.inbox
        inbox.length[0] = size
        if srtp.unprotect_rtcp(self._context, inbox.raw, inbox.length):
            wire.counters.drop_srtcp += 1
            return None
        live = self.live
        live.hear(wire.stamp_ms, fresh=wire.fresh)
        if live.watch and wire.fresh:
            live.media(wire.stamp_ms)
        self.packets += 1
        self.bytes += size
        return inbox.view[: inbox.length[0]].tobytes()

    def sender_report(self, report: rtcp.SenderReport, now_ms: int) -> None:
        """Note the publisher's clock and tell the subscribers."""
        stream = self.streams.get(report.ssrc)
        if stream is None or stream.repairs is not None:
            return
        stream.report_ntp, stream.report_ms = report.ntp, now_ms
        for route in stream.track.routes:
            route.report(report.ntp, report.rtp, now_ms)

    def _ask_again(self, stream: Stream) -> None:
        pause = max(NACK_PAUSE_MS, (self.rtt_ms or 0) * 5 // 4)
        due = stream.overdue(self._wire.stamp_ms, pause)
        if due:
            self._wire.counters.nacks_sent += len(due)
            self.out.send_rtcp(rtcp.nack(self.out.ssrc, stream.ssrc, due))

    def sweep(self, now_ms: int) -> None:
        """Every 50 ms: feedback, repeated NACKs, key frames that are still awaited."""
        for track in self.tracks:
            stream = track.stream
            if stream is None or track.ring is None:
                continue
            if stream.missing and track.routes:
                self._ask_again(stream)
            if track.key_frame_due or track.wanting:
                track.sweep_key_frame(now_ms)
        if self.log.pending and now_ms - self.log.flushed_ms >= FEEDBACK_MS:
            media = next((t.stream.ssrc for t in self.tracks if t.stream is not None and t.cc_head), 0)
            for packet in self.log.flush(now_ms, self.out.ssrc, media):
                self.out.send_rtcp(packet)

    def report(self, now_ms: int) -> None:
        """Every second: receiver reports."""
        reports = [
            track.stream.receiver_report(now_ms)
            for track in self.tracks
            if track.stream is not None and track.stream.max_seq >= 0
        ]
        if reports:
            self.out.send_rtcp(rtcp.receiver_report(self.out.ssrc, reports))
