"""A light WebRTC client, many to a process: the other end of the wire for tests and load.

It speaks ICE, DTLS-SRTP, RTP and RTCP the way Chromium does towards an ICE-lite server, over one UDP socket,
and shares no code with the server. It sends synthetic media (see `rig.streams`) and notes what comes back.
Faults are plain switches: `mute`, `silent`, `deaf`, `move`, `vanish`.

    client = MediaClient("ada", publish={"mic": "audio"}, subscribe={"bob.mic": "audio"})
    client.accept(await engine.answer(peer, ...client.offer(), client.publish_mids, client.subscribe_mids))
    await client.ready()
    client.play()

Labels of `publish` and `subscribe` are the caller's; `client.stream("bob.mic")` is what came in for one.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping

from rig import rtcp
from rig.connection import MS, Connection
from rig.dtls import VIEW, Certificate
from rig.pacer import Pacer
from rig.session_description import TRANSPORT_CC_URI, AnswerLine, Kind, Line, offer, parse_answer
from rig.streams import (
    HISTORY,
    MARK,
    MAX_RECORDS,
    SHAPES,
    TRAILER,
    Received,
    ReceivedStream,
    SentStream,
    Shape,
    TransportSequence,
    begins_keyframe,
)

REPORT_MS = 1_000
FEEDBACK_MS = 100
# What a client says it can receive, while it does not estimate (REMB).
CAPACITY_BITS_PER_S = 2_500_000
# How a missing packet is asked for: every so often, so many times, so many at once (Chromium's bounds).
NACK_S, NACK_TRIES, NACK_MAX = 0.05, 10, 200


class MediaClient(Connection):
    """One browser. All methods belong to the running loop."""

    def __init__(
        self,
        name: str,
        *,
        publish: Mapping[str, Kind] | None = None,
        subscribe: Mapping[str, Kind] | None = None,
        certificate: Certificate | None = None,
        pacer: Pacer | None = None,
        host: str = "127.0.0.1",
        seed: int = 0,
        record: bool = True,
        measure: bool = False,
        answer_nack: bool = True,
        repair: bool = False,
        reports: bool = True,
        shapes: Mapping[Kind, Shape] = SHAPES,
    ) -> None:
        super().__init__(certificate=certificate, host=host, measure=measure)
        self.name = name
        self._chance = random.Random(f"{name}/{seed}")
        self._pacer = pacer or Pacer()
        self._seed = seed
        self.record, self.answer_nack, self.reports = record, answer_nack, reports
        self.repair = repair
        self._wanted: dict[tuple[str, int], int] = {}
        self._asking: asyncio.TimerHandle | None = None
        self._shapes = shapes
        self.lines: list[Line] = []
        self.publish_mids: dict[str, str] = {}
        self.subscribe_mids: dict[str, str] = {}
        self.sent: dict[str, SentStream] = {}
        self.received: dict[int, ReceivedStream] = {}
        self._rtx: dict[int, str] = {}
        self._codecs: dict[int, str] = {}
        self._offers = 1
        for label, kind in (publish or {}).items():
            self.add_publish(label, kind)
        for label, kind in (subscribe or {}).items():
            self.add_subscribe(label, kind)
        self.playing = False
        self.last_media_ns = 0
        self._order = TransportSequence()
        self._arrivals: dict[int, int] = {}
        self._highest_order = -1
        self._feedback_number = self._feedback_extension = self._fir_number = 0
        self._next_report_ns = self._next_feedback_ns = 0

    # --- negotiation ---

    def _ssrc(self) -> int:
        return self._chance.randrange(1, 1 << 32)

    def add_publish(self, label: str, kind: Kind) -> str:
        """One more sendonly line (offered next time); returns its mid."""
        rtx = self._ssrc() if kind == "video" else None
        line = Line(str(len(self.lines)), kind, "sendonly", self._ssrc(), rtx)
        self.lines.append(line)
        self.publish_mids[label] = line.mid
        history = HISTORY if self.answer_nack else 0
        self.sent[label] = SentStream(line, self._shapes[kind], self._seed, history)
        return line.mid

    def add_subscribe(self, label: str, kind: Kind) -> str:
        """One more recvonly line (offered next time); returns its mid."""
        line = Line(str(len(self.lines)), kind, "recvonly")
        self.lines.append(line)
        self.subscribe_mids[label] = line.mid
        return line.mid

    def remove(self, label: str) -> None:
        """Send this no more: its line becomes inactive with the next offer."""
        stream = self.sent.pop(label)
        stream.removed = True
        del self.publish_mids[label]
        at = self.lines.index(stream.line)
        self.lines[at] = Line(stream.line.mid, stream.line.kind, "inactive")

    def offer(self) -> str:
        """The SDP offer of all lines."""
        self._offers += 1
        fingerprint, cname = self.certificate.fingerprint, f"cname{self.name}"
        return offer(self.lines, self.ufrag, self.password, fingerprint, cname=cname, version=self._offers)

    def accept(self, answer: str) -> None:
        """Take the answer; the first one starts ICE. Raises `BadAnswer` where a browser would."""
        begins = self.answer is None
        self.answer = parse_answer(answer, self.lines)
        labels = {mid: label for label, mid in self.subscribe_mids.items()}
        for line in self.answer.lines.values():
            if line.mid in labels and not line.rejected:
                self._expect(labels[line.mid], line)
                self._codecs |= {number: codec.partition("/")[0] for number, codec in line.codecs.items()}
                self._codecs |= {number: self._codecs[of] for number, of in line.retransmits.items()}
        for stream in self.sent.values():
            line = self.answer.lines[stream.line.mid]
            if not line.rejected:
                stream.configure(line.extensions)
        if begins:
            self.connect()

    def _expect(self, label: str, line: AnswerLine) -> None:
        for ssrc in line.ssrcs:
            if ssrc not in self.received:
                self.received[ssrc] = ReceivedStream(ssrc, line.kind, label)
        for ssrc in line.rtx_ssrcs:
            self._rtx[ssrc] = label
        wanted = any("transport-cc" in what for what in line.feedback.values())
        if wanted and TRANSPORT_CC_URI in line.extensions:
            self._feedback_extension = line.extensions[TRANSPORT_CC_URI]

    def stream(self, label: str) -> ReceivedStream:
        """The stream received for a subscription: the one that got a packet last."""
        found = [stream for stream in self.received.values() if stream.label == label]
        return max(found, key=lambda stream: (stream.last_arrived_ns, stream.highest))

    # --- sending ---

    def play(self, *labels: str) -> None:
        """Send the named streams, or all."""
        self.playing = True
        now_ns = time.monotonic_ns()
        for label in labels or self.sent:
            stream = self.sent[label]
            first_ns = stream.start(now_ns, self._chance.randrange(stream.shape.interval_ns))
            self._pacer.add(first_ns, self._stepper(stream))

    def mute(self) -> None:
        """Send no RTP and no reports of it; everything else goes on."""
        self.playing = False

    def _stepper(self, stream: SentStream) -> Callable[[int], int]:
        assert self.srtp is not None
        srtp, order, send = self.srtp, self._order, self._send_media

        def step(now_ns: int) -> int:
            sending = self.playing and not self.closed and not stream.removed
            return stream.step(now_ns, srtp, order, send) if sending else 0

        return step

    def _send_media(self, datagram: memoryview) -> None:
        self.send_raw(datagram)
        self.last_media_ns = self.last_sent_ns

    def request_keyframe(self, label: str) -> None:
        """Send a PLI for a subscription."""
        self.send_rtcp(self._head() + rtcp.pli(self._own_ssrc(), self.stream(label).ssrc))

    def request_keyframe_by_fir(self, label: str) -> None:
        """Send a FIR for a subscription."""
        self._fir_number += 1
        self.send_rtcp(self._head() + rtcp.fir(self._own_ssrc(), self.stream(label).ssrc, self._fir_number))

    def request_packets(self, label: str, sequences: list[int]) -> None:
        """Send a NACK for a subscription."""
        numbers = [number & 0xFFFF for number in sequences]
        self.send_rtcp(self._head() + rtcp.nack(self._own_ssrc(), self.stream(label).ssrc, numbers))

    def _own_ssrc(self) -> int:
        return next((stream.ssrc for stream in self.sent.values()), 1)

    def _head(self) -> bytes:
        """A receiver report without blocks: what a compound packet begins with."""
        return rtcp.receiver_report(self._own_ssrc(), ())

    def media_due(self, now_ns: int) -> int:
        """See `Connection`: reports every second, transport feedback more often."""
        if not self.reports:
            return REPORT_MS * MS
        if now_ns >= self._next_report_ns:
            self._report(now_ns)
            self._next_report_ns = now_ns + REPORT_MS * MS
        wait_ns = self._next_report_ns - now_ns
        if self._feedback_extension:
            if now_ns >= self._next_feedback_ns:
                self._feed_back()
                self._next_feedback_ns = now_ns + FEEDBACK_MS * MS
            wait_ns = min(wait_ns, self._next_feedback_ns - now_ns)
        return wait_ns

    def _report(self, now_ns: int) -> None:
        """Sender reports of what is sent and receiver reports of what comes in, as Chromium sends them."""
        blocks = tuple(stream.block(now_ns) for stream in self.received.values() if stream.packets)[:31]
        reports = [stream for stream in self.sent.values() if stream.packets] if self.playing else []
        for stream in reports:
            compound = rtcp.sender_report(stream.report(now_ns, blocks))
            self.send_rtcp(compound + rtcp.source_description(stream.ssrc, f"cname{self.name}"))
            blocks = ()
        if blocks:
            self.send_rtcp(rtcp.receiver_report(self._own_ssrc(), blocks))
        video = [
            stream.ssrc for stream in self.received.values() if stream.kind == "video" and stream.packets
        ]
        if video and not self._feedback_extension:
            self.send_rtcp(self._head() + rtcp.remb(self._own_ssrc(), CAPACITY_BITS_PER_S, video))

    def _feed_back(self) -> None:
        if not self._arrivals:
            return
        media = next((stream.ssrc for stream in self.received.values() if stream.packets), 0)
        arrivals, self._arrivals = self._arrivals, {}
        body = rtcp.transport_feedback(self._own_ssrc(), media, self._feedback_number, arrivals)
        self._feedback_number += 1
        self.send_rtcp(self._head() + body)

    # --- receiving ---

    def take_rtcp(self, compound: bytes) -> None:
        """See `Connection`."""
        try:
            packets = rtcp.parse(compound)
        except rtcp.BadRtcp as error:
            self.tally.bad_rtcp.append(str(error))
            return
        by_ssrc = {stream.ssrc: stream for stream in self.sent.values()}
        for packet in packets:
            self.tally.rtcp_kinds[type(packet).__name__] += 1
            self._take_packet(packet, by_ssrc)

    def _take_packet(self, packet: rtcp.Packet, by_ssrc: dict[int, SentStream]) -> None:
        now_ns = time.monotonic_ns()
        match packet:
            case rtcp.SenderReport():
                if packet.ssrc in self.received:
                    self.received[packet.ssrc].reports.append((now_ns, packet))
                    del self.received[packet.ssrc].reports[:-1000]
                self._take_blocks(packet.blocks, by_ssrc)
            case rtcp.ReceiverReport():
                self._take_blocks(packet.blocks, by_ssrc)
            case rtcp.Nack():
                self.tally.nacks += 1
                if packet.media_ssrc in by_ssrc:
                    self._take_nack(by_ssrc[packet.media_ssrc], packet)
            case rtcp.Pli():
                self._take_keyframe_request(now_ns, (packet.media_ssrc,), by_ssrc)
            case rtcp.Fir():
                self._take_keyframe_request(now_ns, packet.media_ssrcs, by_ssrc)
            case rtcp.Remb():
                self.tally.rembs.append(packet.bits_per_s)
                del self.tally.rembs[:-1000]
            case rtcp.TransportFeedback():
                self.tally.transport_feedbacks += 1
                self.tally.transport_acknowledged += len(packet.received)

    def _take_blocks(self, blocks: tuple[rtcp.Block, ...], by_ssrc: dict[int, SentStream]) -> None:
        for block in blocks:
            if block.ssrc in by_ssrc:
                stream = by_ssrc[block.ssrc]
                stream.acknowledged = True
                stream.reports.append(block)
                del stream.reports[:-100]

    def _take_keyframe_request(
        self, now_ns: int, ssrcs: tuple[int, ...], by_ssrc: dict[int, SentStream]
    ) -> None:
        for ssrc in ssrcs:
            if ssrc in by_ssrc:
                by_ssrc[ssrc].want_key = True
                self.tally.plis.append((now_ns, ssrc))
                del self.tally.plis[:-1000]

    def _take_nack(self, stream: SentStream, packet: rtcp.Nack) -> None:
        assert self.answer is not None
        line = self.answer.lines[stream.line.mid]
        number = next((rtx for rtx, of in line.retransmits.items() if of == stream.shape.payload_type), None)
        for sequence in packet.sequences:
            self.tally.nacked.append((stream.ssrc, sequence))
            if not self.answer_nack or self.srtp is None:
                continue
            size = stream.again(sequence) if number is None else stream.retransmission(sequence, number)
            if size:
                self.send_raw(VIEW[: self.srtp.protect(size)])
        del self.tally.nacked[:-10_000]

    def take_rtp(self, size: int, arrived_ns: int) -> None:
        """See `Connection`. On the fast path of load: count, and measure the delay."""
        ssrc = int.from_bytes(VIEW[8:12])
        payload_at = 12 + 4 * (VIEW[0] & 0x0F)
        if VIEW[0] & 0x10:
            payload_at += 4 + 4 * int.from_bytes(VIEW[payload_at + 2 : payload_at + 4])
        stream, repaired = self.received.get(ssrc), False
        if stream is None:
            if ssrc not in self._rtx:
                self.tally.unknown_ssrc += 1
                return
            stream, repaired = self.stream(self._rtx[ssrc]), True
        at = payload_at if repaired else 2
        sequence = stream.unwrap(int.from_bytes(VIEW[at : at + 2]))
        if self.repair and stream.kind == "video":
            self._want(stream, sequence)
        stream.note(sequence, size - payload_at, repaired)
        stream.last_arrived_ns = time.monotonic_ns()
        mark, number, sent_ns = TRAILER.unpack_from(VIEW, size - 16) if size >= payload_at + 16 else (0, 0, 0)
        if mark != MARK:
            stream.damaged += 1
            return
        if arrived_ns and not repaired:
            stream.latencies_ns.append(arrived_ns - sent_ns)
        if self._feedback_extension or self.record or stream.started_with_keyframe is None:
            self._note(stream, (sequence, number, sent_ns), payload_at, repaired)

    def _want(self, stream: ReceivedStream, sequence: int) -> None:
        """Ask for the packets that were skipped before this one (RFC 4585 6.2.1)."""
        self._wanted.pop((stream.label, sequence), None)
        for skipped in range(max(stream.highest + 1, sequence - NACK_MAX), sequence):
            self._wanted[stream.label, skipped] = NACK_TRIES
        if self._wanted and self._asking is None:
            # A little patience, for packets that merely overtook each other.
            self._asking = asyncio.get_running_loop().call_later(0.01, self._ask)

    def _ask(self) -> None:
        self._asking = None
        labels: dict[str, list[int]] = {}
        for (label, sequence), tries in list(self._wanted.items()):
            labels.setdefault(label, []).append(sequence)
            if tries > 1:
                self._wanted[label, sequence] = tries - 1
            else:
                del self._wanted[label, sequence]
        for label, sequences in labels.items():
            self.request_packets(label, sequences[-NACK_MAX:])
        if self._wanted and not self.closed:
            self._asking = asyncio.get_running_loop().call_later(NACK_S, self._ask)

    def _note(
        self, stream: ReceivedStream, told: tuple[int, int, int], payload_at: int, repaired: bool
    ) -> None:
        """The costlier part: what a test wants to know of each packet."""
        extensions = _extensions(bytes(VIEW[12:payload_at])) if VIEW[0] & 0x10 else {}
        if self._feedback_extension in extensions:
            self._note_order(int.from_bytes(extensions[self._feedback_extension]))
        body = payload_at + (2 if repaired else 0)
        keyframe = begins_keyframe(self._codecs.get(VIEW[1] & 0x7F, ""), VIEW[body:])
        if stream.started_with_keyframe is None:
            stream.started_with_keyframe = keyframe
        if self.record and len(stream.records) < MAX_RECORDS:
            sequence, number, sent_ns = told
            stream.records.append(
                Received(
                    sequence=sequence,
                    time=int.from_bytes(VIEW[4:8]),
                    payload_type=VIEW[1] & 0x7F,
                    marker=bool(VIEW[1] & 0x80),
                    number=number,
                    sent_ns=sent_ns,
                    arrived_ns=time.time_ns(),
                    keyframe=keyframe,
                    repaired=repaired,
                    extensions=extensions,
                )
            )

    def _note_order(self, order: int) -> None:
        """Note the arrival of a transport sequence number, unwrapped."""
        if self._highest_order < 0:
            self._highest_order = order
        step = (order - self._highest_order) & 0xFFFF
        order = self._highest_order + (step if step < 0x8000 else step - 0x10000)
        self._highest_order = max(self._highest_order, order)
        self._arrivals[order] = time.monotonic_ns() // 1000


def _extensions(block: bytes) -> dict[int, bytes]:
    """One-byte header extensions (RFC 8285 4.2) of a packet without CSRCs."""
    found: dict[int, bytes] = {}
    at = 4 if block[:2] == b"\xbe\xde" else len(block)
    while at < len(block):
        if not block[at]:
            at += 1
            continue
        number, size = block[at] >> 4, (block[at] & 0x0F) + 1
        found[number] = block[at + 1 : at + 1 + size]
        at += 1 + size
    return found


@contextlib.asynccontextmanager
async def closing(*clients: MediaClient) -> AsyncIterator[None]:
    """Close the clients however the test ends."""
    try:
        yield
    finally:
        for client in clients:
            client.close()
