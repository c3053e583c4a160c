"""How much a publisher should send.

Two loops, because the relay cannot re-encode:

*Uplink.* The server notes when each packet came and sends transport-wide feedback; the publisher's own
congestion control (GCC) probes and adapts within a second or two.

*Downlink.* The server stamps each forwarded video packet with its own absolute send time. The subscriber's
receive-side estimator answers with REMB, its receiver reports tell the loss. What a subscriber can take is
shared among the publishers it watches, and each publisher is told, by REMB, the least of its subscribers.

A receive-side estimate never exceeds 1.5 times what comes in and grows by 8 % a second, so passed on as it
is, it would hold every call at a few hundred kbit/s for half a minute (measured with Chromium). It is a
limit only once it *fell* (the estimator saw queues grow) to about what is being sent, and until it exceeds
that clearly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from media import rtcp
from media.bases import LogBase

MAX_SPAN = 1_000
MAX_PENDING = 5_000
# Packets in one report, so that it fits into a datagram even if each arrival takes two bytes.
MAX_REPORTED = 400
FLOOR_BPS = 200_000
# Below this loss the link is well, above that it is overloaded (the thresholds of GCC, section 6).
WELL = 5
OVERLOADED = 26
STEP_MS = 900
CEILING_BPS = 20_000_000


class ArrivalLog(LogBase):
    """Arrivals of one transport's packets, until they are reported.

    `pending` holds `ticks << 16 | transport sequence number` in order of arrival; it is appended to
    directly for every packet.
    """

    __slots__ = ()

    def __init__(self) -> None:
        self.pending: list[int] = []
        self.flushed_ms = 0
        self.expected = -1
        self.serial = 0

    def flush(self, now_ms: int, sender: int, media: int) -> Iterator[bytes]:
        """Report everything pending. Losses between two reports count, so each begins where one ended."""
        pending = self.pending[:MAX_PENDING]
        self.pending.clear()
        self.flushed_ms = now_ms
        if not pending:
            return
        expected = self.expected
        if expected < 0:
            expected = pending[0] & 0xFFFF
        first = expected + ((pending[0] - expected + 0x8000) & 0xFFFF) - 0x8000
        numbers: Sequence[int] = range(first, first + len(pending))
        if first == expected and [item & 0xFFFF for item in pending] == [n & 0xFFFF for n in numbers]:
            ticks = [item >> 16 for item in pending]
        else:
            numbers, ticks = self._sort(pending, expected)
            if not ticks:
                return
            if numbers[0] - expected > MAX_SPAN:
                expected = numbers[0]
        self.expected = numbers[-1] + 1
        for at in range(0, len(ticks), MAX_REPORTED):
            part = numbers[at : at + MAX_REPORTED]
            yield rtcp.transport_feedback(
                sender, media, self.serial, expected, part, ticks[at : at + MAX_REPORTED]
            )
            self.serial = (self.serial + 1) & 0xFF
            expected = part[-1] + 1

    def _sort(self, pending: list[int], expected: int) -> tuple[Sequence[int], list[int]]:
        """Numbers and ticks in the order of the numbers, when packets were lost, swapped or doubled."""
        unwrapped: dict[int, int] = {}
        for item in pending:
            number = expected + ((item - expected + 0x8000) & 0xFFFF) - 0x8000
            # What is older than the last report was already reported as lost; GCC bears that.
            if number >= expected:
                unwrapped.setdefault(number, item >> 16)
        numbers = sorted(unwrapped)
        if numbers and numbers[-1] - numbers[0] > MAX_SPAN:
            # A jump: nobody is served by a report on thousands of packets that never were.
            numbers = [number for number in numbers if numbers[-1] - number <= MAX_SPAN]
        return numbers, [unwrapped[number] for number in numbers]


class Downlink:
    """What one subscriber can take, from its REMB and its reports of loss. None means no limit is known."""

    __slots__ = (
        "_bytes", "_loss", "_loss_bps", "_loss_known", "_loss_ms", "_measured_ms", "_remb_bps", "congested",
        "sent_bps", "videos",
    )  # fmt: skip

    def __init__(self) -> None:
        self.videos = 0
        """How many video tracks the subscriber watches."""
        self.sent_bps = 0
        self._bytes = self._measured_ms = 0
        self.congested = False
        self._remb_bps: int | None = None
        self._loss_bps: int | None = None
        self._loss_ms = self._loss = 0
        self._loss_known = False

    def measure(self, video_bytes: int, now_ms: int) -> None:
        """About once a second: how many bytes of video were sent to the subscriber so far."""
        elapsed_ms = now_ms - self._measured_ms
        if self._measured_ms and elapsed_ms > 0:
            self.sent_bps = max(0, video_bytes - self._bytes) * 8_000 // elapsed_ms
        self._bytes, self._measured_ms = video_bytes, now_ms

    def remb(self, bits_per_s: int) -> None:
        """The subscriber's own estimate."""
        before, self._remb_bps = self._remb_bps, bits_per_s
        if before is not None and bits_per_s < before and bits_per_s * 10 < self.sent_bps * 12:
            self.congested = True
        elif bits_per_s * 10 > self.sent_bps * 13:
            self.congested = False

    def loss(self, fraction: int, now_ms: int) -> None:
        """A report block on video: `fraction` of 256 was lost.

        As in GCC (section 6): down by half the loss, up by steps; but over two reports, and up faster, since
        radio loses packets without being full.
        """
        self._loss = (self._loss + fraction) // 2 if self._loss_known else fraction
        self._loss_known = True
        if now_ms - self._loss_ms < STEP_MS:
            return
        if self._loss > OVERLOADED:
            limit = self.sent_bps if self._loss_bps is None else self._loss_bps
            self._loss_bps = max(FLOOR_BPS, limit * (512 - self._loss) // 512)
            self._loss_ms = now_ms
        elif self._loss_bps is not None and self._loss <= WELL:
            self._loss_bps = self._loss_bps * 115 // 100 if self._loss_bps < CEILING_BPS else None
            self._loss_ms = now_ms

    @property
    def limit_bps(self) -> int | None:
        """The limit over all video sent to the subscriber."""
        remb_bps = self._remb_bps if self.congested else None
        limits = [each for each in (remb_bps, self._loss_bps) if each is not None]
        return max(FLOOR_BPS, min(limits)) if limits else None


def publisher_limit_bps(watched: Iterable[Iterable[Downlink]]) -> int | None:
    """What a publisher may send. `watched`: for each of its video tracks, its subscribers' downlinks.

    A subscriber's limit is shared evenly among the tracks it watches; the least subscriber decides.
    """
    counts: dict[int, tuple[Downlink, int]] = {}
    for downlinks in watched:
        for downlink in downlinks:
            counts[id(downlink)] = downlink, counts.get(id(downlink), (downlink, 0))[1] + 1
    shares = [
        downlink.limit_bps * mine // max(mine, downlink.videos)
        for downlink, mine in counts.values()
        if downlink.limit_bps is not None
    ]
    return max(FLOOR_BPS, min(shares)) if shares else None
