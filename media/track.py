"""What a peer sends: streams (one SSRC each), the tracks they belong to, and the forwarding itself.

`Track.forward` is the line the product exists for: everything in it runs for every packet to every
subscriber, so it makes no objects, looks nothing up twice, and rewrites the packet where it lies.
"""

from __future__ import annotations

from media import rtcp, rtp, srtp
from media.bases import RingBase, StreamBase, TrackBase
from media.engine import Kind, Source
from media.route import Route
from media.sdp import AUDIO_LEVEL, MID, SEND_TIME, TRANSPORT_CC, Codec, Line
from media.wire import Outbound, Wire

MAX_GAP = 100
MAX_MISSING = 256
NACK_TRIES = 8
NACK_AGE_MS = 1_000
KEY_FRAME_PAUSE_MS = 600
IDLE_MS = 2_000


class Stream(StreamBase):
    """One SSRC of a publisher. `repairs` is the media stream whose retransmissions it carries, if any."""

    __slots__ = (
        "_expected_before", "_received_before", "base_seq", "repair_types", "report_ms", "report_ntp",
    )  # fmt: skip

    def __init__(self, ssrc: int, track: Track, repairs: Stream | None = None) -> None:
        self.ssrc, self.track, self.repairs = ssrc, track, repairs
        self.repair_types: dict[int, int] = {}
        self.max_seq, self.base_seq = -1, 0
        self.cycles = 0
        self.last_ts = 0
        self.packets = self.bytes = 0
        self.missing: dict[int, tuple[int, int, int]] = {}
        self.jitter, self.transit = 0, -1
        self.report_ntp = self.report_ms = 0
        self._expected_before = self._received_before = 0

    def advance(self, seq: int, now_ms: int) -> int:
        """Take a sequence number that is not the next one.

        1: newer than all before (what lies between is missing); 0: late, and was missing; -1: not wanted.
        """
        if self.max_seq < 0:
            self.max_seq = self.base_seq = seq
            return 1
        ahead = (seq - self.max_seq) & 0xFFFF
        if ahead == 0 or ahead >= 0x8000:
            return 0 if self.missing.pop(seq, None) is not None else -1
        if ahead > MAX_GAP:
            # Too much is lost to ask for it packet by packet: a key frame repairs it all.
            self.missing.clear()
            self.track.ask_key_frame(now_ms)
        else:
            for number in range(self.max_seq + 1, self.max_seq + ahead):
                self.missing[number & 0xFFFF] = (now_ms, 0, 0)
            while len(self.missing) > MAX_MISSING:
                del self.missing[next(iter(self.missing))]
        if seq < self.max_seq:
            self.cycles += 1 << 16
        self.max_seq = seq
        return 1

    def clock(self, ticks: int, ts: int) -> None:
        """Take the packet with timestamp `ts`, which arrived at `ticks` (250 µs), into the jitter.

        RFC 3550, 6.4.1, in the integers of A.8. A jump of five seconds is another clock and no jitter.
        """
        rate = self.track.clock_rate
        transit = (ticks * rate // 4_000 - ts) & 0xFFFFFFFF
        if self.transit >= 0:
            step = (transit - self.transit) & 0xFFFFFFFF
            if step >= 0x80000000:
                step = 0x100000000 - step
            if step < 5 * rate:
                self.jitter += step - (self.jitter + 8 >> 4)
        self.transit = transit

    @property
    def jitter_ms(self) -> int:
        """The interarrival jitter."""
        return (self.jitter >> 4) * 1_000 // self.track.clock_rate

    def overdue(self, now_ms: int, pause_ms: int) -> list[int]:
        """The missing numbers to ask for now; each up to `NACK_TRIES` times, `pause_ms` apart."""
        due: list[int] = []
        for number, (since_ms, tries, asked_ms) in list(self.missing.items()):
            if tries >= NACK_TRIES or now_ms - since_ms > NACK_AGE_MS:
                del self.missing[number]
            elif not tries or now_ms - asked_ms >= pause_ms:
                self.missing[number] = (since_ms, tries + 1, now_ms)
                due.append(number)
        return due

    @property
    def expected(self) -> int:
        """How many packets the publisher has sent, by its numbers."""
        return 0 if self.max_seq < 0 else self.cycles + self.max_seq - self.base_seq + 1

    @property
    def lost(self) -> int:
        """How many of them never came."""
        return self.expected - self.packets

    def receiver_report(self, now_ms: int) -> rtcp.Report:
        """The report block since the last call (RFC 3550, A.3)."""
        expected = self.expected - self._expected_before
        lost = expected - (self.packets - self._received_before)
        self._expected_before, self._received_before = self.expected, self.packets
        delay = (now_ms - self.report_ms) * 65_536 // 1000 if self.report_ntp else 0
        return rtcp.Report(
            ssrc=self.ssrc,
            fraction_lost=0 if expected <= 0 or lost <= 0 else min(255, lost * 256 // expected),
            lost=self.lost,
            highest=self.cycles + max(self.max_seq, 0),
            jitter=self.jitter >> 4,
            last_sr=self.report_ntp >> 16 & 0xFFFFFFFF,
            delay=delay,
        )


class Track(TrackBase):
    """A published track: its present stream, its ring, and the routes it takes.

    `routes` are those to serve now; on hold there are none.
    """

    __slots__ = (
        "_asked_ms", "_idle_ms", "_packets_before", "active", "codecs", "id", "kind", "mid", "mid_id",
        "moved", "out", "rtx_ssrc", "source", "ssrc", "usual_head",
    )  # fmt: skip

    def __init__(self, track_id: str, source: Source, kind: Kind, out: Outbound) -> None:
        self.id, self.source, self.kind, self.out = track_id, source, kind, out
        self.mid = ""
        self.ssrc: int | None = None
        self.rtx_ssrc: int | None = None
        self.codecs: dict[int, Codec] = {}
        self.cc_head = self.time_head = self.level_head = self.usual_head = self.mid_id = 0
        self.clock_rate = 48_000 if kind == "audio" else 90_000
        self.stream: Stream | None = None
        self.ring: RingBase | None = RingBase() if kind == "video" else None
        self.routes: tuple[Route, ...] = ()
        self.active = self.moved = False
        self.key_frame_due = self.wanting = False
        self._asked_ms = -KEY_FRAME_PAUSE_MS
        self._idle_ms = 0
        self._packets_before = 0

    def negotiate(self, line: Line, codecs: tuple[Codec, ...]) -> None:
        """What the publisher sends on this line, by its own numbers."""
        self.mid, self.ssrc, self.rtx_ssrc = line.mid, line.ssrc, line.rtx_ssrc
        self.codecs = {codec.payload_type: codec for codec in codecs}
        # One a kind: all sound is Opus (RFC 7587, 4.1), and every codec of pictures counts in 90 kHz.
        self.clock_rate = next((codec.clock_rate for codec in codecs), self.clock_rate)
        ids = line.extensions
        self.mid_id = ids.get(MID, 0)
        if self.kind == "video":
            # Heads of one-byte extensions: id and length - 1.
            self.cc_head = ids[TRANSPORT_CC] << 4 | 1 if TRANSPORT_CC in ids else 0
            self.time_head = ids[SEND_TIME] << 4 | 2 if SEND_TIME in ids else 0
            self.usual_head = self.cc_head
        else:
            self.level_head = ids[AUDIO_LEVEL] << 4 if AUDIO_LEVEL in ids else 0

    def forward(
        self,
        wire: Wire,
        size: int,
        slot: int,
        routes: tuple[Route, ...],
        opening: tuple[int, int, int, int, int],
    ) -> None:
        """Queue the packet in the inbox, already stripped, on `routes`.

        `opening`: first and second byte, sequence number, timestamp, and the word after the fixed header;
        `slot`: see `strip`.
        """
        first, second, seq, ts, block = opening
        video = self.ring is not None
        inbox, queue = wire.inbox, wire.queue
        kind = second & 0x7F
        last = routes[-1]
        for route in routes:
            out = route.out
            if out.context is None or (route.waiting and not route.begin(inbox.view, size, wire.stamp_ms)):
                continue
            payload_type = route.types[kind]
            if not payload_type:
                wire.counters.drop_no_codec += 1
                continue
            # The last route may spoil the packet in place; the others work on a copy.
            if route is last:
                box = inbox
            else:
                box = wire.outbox
                box.view[:size] = inbox.view[:size]
            view = box.view
            second = (second & 0x80) | payload_type
            seq_out, ts_out = (seq + route.seq_shift) & 0xFFFF, (ts + route.ts_shift) & 0xFFFFFFFF
            if slot == 16 and route.time_head:
                rtp.REWRITTEN.pack_into(
                    view, 0, first, second, seq_out, ts_out, route.ssrc, block,
                    route.time_head | wire.send_time,
                )  # fmt: skip
            else:
                rtp.HEADER.pack_into(view, 0, first, second, seq_out, ts_out, route.ssrc)
                if slot and (video or route.level_head != self.level_head):
                    self.fill_slot(view, slot, route, wire.send_time)
            box.length[0] = size
            if srtp.protect(out.context, box.raw, box.length):
                wire.counters.drop_protect += 1
                continue
            sealed = size + out.overhead
            queue.append((view[:sealed] if box is inbox else box.copy[:sealed], out.address))
            route.packets += 1
            route.bytes += size

    def fill_slot(self, view: memoryview, slot: int, route: Route, send_time: int) -> None:
        """Write what the subscriber may see into the slot: the send time, or the level under its id."""
        if self.kind == "video":
            rtp.WORD.pack_into(view, slot, route.time_head and route.time_head | send_time)
        elif route.level_head:
            view[slot] = route.level_head
        else:
            view[slot] = view[slot + 1] = 0

    def keep(self, wire: Wire, seq: int, size: int) -> None:
        """Remember the stripped packet for retransmission."""
        if self.ring is not None:
            self.ring.keep(seq, wire.inbox.copy[:size])

    def recall(self, seq: int) -> bytes | None:
        """The packet with this sequence number, if the ring still has it."""
        return None if self.ring is None else self.ring.recall(seq)

    def strip(self, view: memoryview, arrivals: list[int], ticks: int) -> int:
        """Keep only the header extensions that subscribers may see; return the slot (0: none).

        The publisher's mid and transport sequence number mean nothing on another transport, and a mid would
        even misroute the packet at the subscriber. Zeros are padding (RFC 8285, 4.2). Transport sequence
        numbers are noted in `arrivals` with the time, as `ticks << 16 | number`.

        The slot of a video packet is where the absolute send time goes: 4 bytes, either those of the
        publisher's own or those of the transport sequence number with its padding. The slot of an audio
        packet is its audio level.
        """
        at = 12 + 4 * (view[0] & 0x0F)
        end = at + 4 + 4 * (view[at + 2] << 8 | view[at + 3])
        known = view[at] == 0xBE and view[at + 1] == 0xDE
        at += 4
        if not known:
            view[at:end] = bytes(end - at)
            return 0
        slot = cc_at = 0
        while at < end:
            head = view[at]
            if not head:
                at += 1
            elif head == self.cc_head:
                arrivals.append(ticks << 16 | view[at + 1] << 8 | view[at + 2])
                cc_at = at
                at += 3
            elif head in (self.time_head, self.level_head):
                slot = at
                at += (head & 0x0F) + 2
                if at > end:
                    return 0
            else:
                size = min((head & 0x0F) + 2, end - at)
                view[at : at + size] = bytes(size)
                at += size
        if cc_at:
            if not slot and cc_at + 3 < end and not view[cc_at + 3]:
                return cc_at
            view[cc_at] = view[cc_at + 1] = view[cc_at + 2] = 0
        return slot

    def slot_of(self, view: memoryview) -> int:
        """The slot in a packet that was stripped before."""
        return self.strip(view, [], 0) if view[0] & 0x10 else 0

    # -- key frames ----------------------------------------------------------------------------------------

    def ask_key_frame(self, now_ms: int) -> None:
        """Ask the publisher for a key frame, but not more often than every `KEY_FRAME_PAUSE_MS`."""
        if self.kind != "video":
            return
        self.key_frame_due = self.wanting = True
        self.sweep_key_frame(now_ms)

    def seek_key_frame(self, now_ms: int) -> None:
        """Ask for one if somebody waits for it. What nobody needs is not asked for: it would spend the turn

        of the next subscriber, who comes a moment later and then waits for the whole pause.
        """
        self.wanting = self.kind == "video"
        if self.wanting:
            self.sweep_key_frame(now_ms)

    def sweep_key_frame(self, now_ms: int) -> None:
        """Send a due request; ask again while a route waits for its beginning."""
        if now_ms - self._asked_ms < KEY_FRAME_PAUSE_MS or self.stream is None or not self.out.ready:
            return
        self.wanting = any(route.waiting and route.out.ready for route in self.routes)
        if self.key_frame_due or self.wanting:
            self._asked_ms = now_ms
            self.key_frame_due = False
            self.out.wire.counters.key_frames_asked += 1
            self.out.send_rtcp(rtcp.picture_loss(self.out.ssrc, self.stream.ssrc))

    def check_activity(self, elapsed_ms: int) -> bool:
        """Whether `active` changed: something arrives, or nothing did for `IDLE_MS`."""
        packets = self.stream.packets if self.stream is not None else 0
        moved = self.moved = packets != self._packets_before
        self._packets_before = packets
        self._idle_ms = 0 if moved else self._idle_ms + elapsed_ms
        active = moved or (self.active and self._idle_ms < IDLE_MS)
        changed = active != self.active
        self.active = active
        return changed
