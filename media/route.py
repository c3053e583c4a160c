"""A route: one published track on its way to one subscriber.

The subscriber sees one stream for as long as it subscribes: one SSRC, sequence numbers without gaps and
timestamps that go on, whatever happens at the source (reload, other device, hold). So a route is a pair of
shifts that are set anew whenever it begins again; video begins at a key frame.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from media import rtcp, rtp, srtp
from media.bandwidth import Downlink
from media.bases import RouteBase
from media.engine import Kind
from media.sdp import AUDIO_LEVEL, SEND_TIME, Codec
from media.wire import Outbound

if TYPE_CHECKING:
    from media.track import Track

NO_TYPES = bytes(128)
# How many retransmissions a route may send: a bucket of so many packets, refilled at so many a second.
REPAIR_BUCKET = 300
REPAIRS_PER_S = 300


class Route(RouteBase):
    """See the module. `types` maps the publisher's payload type to the subscriber's, 0 is none."""

    __slots__ = (
        "_last_ms", "_last_seq", "_last_ts", "_repair_ms", "_repairs_left", "_source", "codecs", "downlink",
        "first_seq", "kind", "mid", "report_ms", "report_sent", "rtx_seq", "rtx_ssrc", "source_lost",
        "started", "told_highest", "told_lost", "track", "track_id",
    )  # fmt: skip

    def __init__(
        self,
        out: Outbound,
        downlink: Downlink,
        mid: str,
        track_id: str,
        kind: Kind,
        ssrcs: tuple[int, int],
    ) -> None:
        self.out, self.downlink = out, downlink
        self.mid, self.track_id, self.kind = mid, track_id, kind
        self.ssrc, self.rtx_ssrc = ssrcs
        self.rtx_seq = secrets.randbelow(1 << 15)
        self.codecs: tuple[Codec, ...] = ()
        self.time_head = 0
        self.level_head = 0
        self.types: bytes = NO_TYPES
        self.track: Track | None = None
        self.waiting = True
        self.started = False
        self.seq_shift = self.ts_shift = self.first_seq = 0
        self.packets = self.bytes = 0
        self.report_sent = self.report_ms = 0
        self.told_highest, self.told_lost, self.source_lost = -1, 0, 0
        self._source = 0
        self._last_seq = self._last_ts = self._last_ms = 0
        self._repairs_left, self._repair_ms = REPAIR_BUCKET, 0

    def negotiate(self, codecs: tuple[Codec, ...], extensions: dict[str, int]) -> None:
        """What the subscriber understands on this line, by its own numbers."""
        self.codecs = codecs
        # The answer gives a video line the send time and an audio line the level, whatever else was offered.
        timed = self.kind == "video" and SEND_TIME in extensions
        leveled = self.kind == "audio" and AUDIO_LEVEL in extensions
        self.time_head = (extensions[SEND_TIME] << 28 | 2 << 24) if timed else 0
        self.level_head = extensions[AUDIO_LEVEL] << 4 if leveled else 0
        if self.track is not None:
            self._map_types(self.track)

    def attach(self, track: Track) -> None:
        """Carry `track` from its next good packet on."""
        self.track = track
        self._map_types(track)
        self.waiting = True

    def freeze(self, now_ms: int) -> None:
        """Stop here; when it begins again it shall go on from here."""
        if not self.waiting and self.track is not None and self.track.stream is not None:
            stream = self.track.stream
            self._last_seq = (stream.max_seq + self.seq_shift) & 0xFFFF
            self._last_ts = (stream.last_ts + self.ts_shift) & 0xFFFFFFFF
            self._last_ms = now_ms
        self.waiting = True

    def begin(self, view: memoryview, size: int, now_ms: int) -> bool:
        """Whether the waiting route can begin with this packet; sets the shifts."""
        track = self.track
        if track is None or track.stream is None:
            return False
        _, second, seq, ts, ssrc = rtp.HEADER.unpack_from(view)
        codec = track.codecs.get(second & 0x7F)
        if codec is None or (self.kind == "video" and not rtp.begins_key_frame(codec.name, view, size)):
            return False
        if self.started:
            self.seq_shift = (self._last_seq + 1 - seq) & 0xFFFF
            if ssrc != self._source:
                # Another source counts from elsewhere: go on as if the time between had been played.
                elapsed = max(1, (now_ms - self._last_ms) * codec.clock_rate // 1000)
                self.ts_shift = (self._last_ts + elapsed - ts) & 0xFFFFFFFF
        self._source = ssrc
        self.first_seq = seq
        self.started = True
        self.waiting = False
        return True

    def carries(self, seq: int) -> bool:
        """Whether the publisher's packet `seq`, which came late, lies within what this route carries."""
        return not self.waiting and (seq - self.first_seq) & 0xFFFF < 0x8000

    def report(self, ntp: int, ts: int, now_ms: int) -> None:
        """Translate the publisher's sender report, so that sound and picture stay together."""
        if self.waiting:
            return
        shifted = (ts + self.ts_shift) & 0xFFFFFFFF
        self.out.send_rtcp(rtcp.sender_report(self.ssrc, ntp, shifted, self.packets, self.bytes))
        self.report_sent, self.report_ms = ntp >> 16 & 0xFFFFFFFF, now_ms

    def told(self, report: rtcp.Report) -> tuple[int, int]:
        """How many packets since the subscriber's last report, and how many of them this way has lost.

        Numbers that are missing at the source are missing at the subscriber, too: they are not this way's.
        """
        stream = self.track.stream if self.track is not None else None
        source_lost = 0 if stream is None else stream.lost
        expected = report.highest - self.told_highest if self.told_highest >= 0 else 0
        lost = report.lost - self.told_lost - max(0, source_lost - self.source_lost)
        self.told_highest, self.told_lost, self.source_lost = report.highest, report.lost, source_lost
        # A subscriber that counts anew (another connection of its own) says nothing about what lies between.
        return (expected, max(0, min(lost, expected))) if 0 < expected < 1 << 20 else (0, 0)

    def repair(self, lost: tuple[int, ...], now_ms: int) -> None:
        """Answer a NACK from the publisher's ring, as RTX (RFC 4588) where it was negotiated."""
        track = self.track
        if track is None or track.ring is None or self.waiting or not self.out.ready:
            return
        refill = (now_ms - self._repair_ms) * REPAIRS_PER_S // 1000
        if refill > 0:
            self._repairs_left, self._repair_ms = min(REPAIR_BUCKET, self._repairs_left + refill), now_ms
        for seq in lost:
            source_seq = (seq - self.seq_shift) & 0xFFFF
            packet = track.recall(source_seq)
            if packet is None or not self.carries(source_seq):
                continue
            if self._repairs_left <= 0:
                self.out.wire.counters.drop_nack_excess += 1
                return
            self._repairs_left -= 1
            self._resend(track, packet, seq)

    def _resend(self, track: Track, packet: bytes, seq: int) -> None:
        out = self.out
        wire, box = out.wire, out.wire.outbox
        view = box.view
        first, second, _, ts, _ = rtp.HEADER.unpack_from(packet)
        payload_type = self.types[second & 0x7F]
        codec = next((each for each in self.codecs if each.payload_type == payload_type), None)
        if codec is None:
            return
        marker, ts, size = second & 0x80, (ts + self.ts_shift) & 0xFFFFFFFF, len(packet)
        if codec.rtx is not None and self.rtx_ssrc:
            head = rtp.payload_offset(packet)
            view[:head] = packet[:head]
            view[head : head + 2] = seq.to_bytes(2, "big")
            view[head + 2 : size + 2] = packet[head:]
            size += 2
            self.rtx_seq = (self.rtx_seq + 1) & 0xFFFF
            rtp.HEADER.pack_into(view, 0, first, marker | codec.rtx, self.rtx_seq, ts, self.rtx_ssrc)
        else:
            view[:size] = packet
            rtp.HEADER.pack_into(view, 0, first, marker | payload_type, seq, ts, self.ssrc)
        slot = track.slot_of(view)
        if slot:
            track.fill_slot(view, slot, self, wire.send_time)
        box.length[0] = size
        if srtp.protect(out.context, box.raw, box.length):
            wire.counters.drop_protect += 1
            return
        if wire.send(view[: box.length[0]], out.address):
            wire.counters.retransmitted += 1
            out.packets += 1
            out.bytes += size

    def _map_types(self, track: Track) -> None:
        types = bytearray(128)
        for theirs in track.codecs.values():
            exact = [mine for mine in self.codecs if mine.exact == theirs.exact]
            loose = [mine for mine in self.codecs if mine.loose == theirs.loose]
            for mine in (exact or loose)[:1]:
                types[theirs.payload_type] = mine.payload_type
        self.types = bytes(types)
