"""Who is here: proof of life, as a pure state machine. `now` is an argument; nothing here reads a clock.

The meter may run only while media is delivered, and must stop at the last delivered packet. So this file
decides money, although it knows none.

**Two clocks.** *Heard* is when the peer's last authenticated packet came in: SRTP or SRTCP that unprotect
accepted, STUN with a correct MESSAGE-INTEGRITY, a DTLS alert. Raw UDP never counts. *Proven* is the latest
instant at which the way to the peer is known to have worked: the sending time of a binding request of ours
that was answered, or of a sender report that a receiver report named (RFC 3550, LSR). A peer whose downlink
is dead while its uplink works is heard but not proven, and must not be billed.

**Probes.** RTP, RTCP and signaling are each insufficient: a muted peer sends no RTP, a frozen page no
signaling, RTCP may pause for 5 s. A STUN binding request to the client is answered by every ICE agent. One
goes out every `PROBE_MS` (which renews *proven*), every `QUIET_PROBE_MS` when nothing was heard for
`QUIET_MS`, and every `RETRY_MS` while one is unanswered, for `HASTE_MS`. With 30 % loss in both
directions a probe fails with 51 %; twenty failing in a row, which an interruption takes, happens once in
days of call. The way back is doubted by probes that were *sent* and not answered, never by the mere age of
*proven*: a server too busy to ask must not blame the client.

**States.**

    new ──────────► connected ◄────────► interrupted ──────► gone
     │ first media      │   silent for SILENT_MS    │ GONE_MS        ▲
     │ packet and way   │   (HURRIED_MS after the   │ since the      │
     │ back proven      │   signaling closed), or   │ last proof     │
     │                  │   no answer to MIN_TRIES  │                │
     │                  │   probes in UNPROVEN_MS   │                │
     └──────────────────┴───────────────────────────┴── close_notify ┘

Back from *interrupted* after `RENEWED_MS` of renewed packets and a renewed proof of the way back; the new
interval begins where both held.

**The instant.** An interval ends at the *last proof of life*, not at its detection. That is *heard*, to the
packet: when a tab closes, both directions end together, and *proven* is merely up to a second old. Only if
packets still came in when a probe and its retries had gone unanswered for `DOUBT_MS` (and a round trip), the
downlink was dead already and *proven* is the end.

**Blips.** Silence of less than `SILENT_MS` is nobody's loss yet: it may heal before anybody was told. But
where media flowed until then, nothing was delivered meanwhile. So when packets come again after more than
`BLIP_MS` (and a round trip), that silence becomes an interruption, healed like any other. A peer that sends
no media may be as quiet as that and well.

**Stalls.** A stopped server must not declare everyone dead: whoever runs this tells when the process itself
stood still for more than `LATE_MS`, and silence is counted in waking time only. But while it stood still for
longer than `SILENT_MS` nothing was delivered, so `stalled` turns that time into an interruption, at once
healed by fresh packets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from media.bases import LifeBase, StallBase

SILENT_MS = 2_500
HURRIED_MS = 1_000
BLIP_MS = 850
UNPROVEN_MS = 2_000
MIN_TRIES = 12
DOUBT_MS = 700
GONE_MS = 30_000
RENEWED_MS = 500
RENEWED_GAP_MS = 1_000
QUIET_MS = 450
QUIET_PROBE_MS = 500
PROBE_MS = 1_000
RETRY_MS = 100
HASTE_MS = 3_000

TICK_MS = 250
STALE_MS = 100
LATE_MS = 600
MAX_STALLS = 50

State = Literal["new", "connected", "interrupted", "gone"]
Stalls = Sequence[tuple[int, int]]


def awake_ms(since_ms: int, now_ms: int, stalls: Stalls) -> int:
    """The time from `since_ms` to `now_ms` without the stalls."""
    return now_ms - since_ms - sum(max(0, end - max(start, since_ms)) for start, end in stalls)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A change of state and the instant it happened, which may lie in the past."""

    state: Literal["connected", "interrupted", "gone"]
    at_ms: int


class Liveness(LifeBase):
    """The life of one peer. Instants are milliseconds of one monotonic clock.

    `heard_ms` is written directly for every packet, because that is the busiest line of the program; while
    `watch` is true the writer also calls `listen` for fresh ones (see `hear`).
    """

    __slots__ = (
        "_asked_ms", "_back_ms", "_end_ms", "_flowed", "_healed_ms", "_hurried", "_listened_ms", "_media_ms",
        "_probed_ms", "_renewed_ms", "_silent_ms", "_since_ms", "_tries", "probe_ms", "proven_ms", "rtt_ms",
        "state",
    )  # fmt: skip

    def __init__(self) -> None:
        self.state: State = "new"
        self.watch = True
        self.heard_ms: int | None = None
        self.proven_ms: int | None = None
        self.rtt_ms = 0
        self.probe_ms = 0
        """Before this instant no probe can be due: so that nobody asks who is asked 20 times a second."""
        self._tries = 0
        self._media_ms: int | None = None
        self._probed_ms: int | None = None
        self._asked_ms: int | None = None
        self._back_ms: int | None = None
        self._renewed_ms: int | None = None
        self._listened_ms = 0
        self._end_ms: int | None = None
        self._since_ms = 0
        self._hurried = self._flowed = False
        self._silent_ms: int | None = None
        """The last packet before a silence that may turn out to be a blip."""
        self._healed_ms: int | None = None
        """The first packet after it."""

    # -- facts ---------------------------------------------------------------------------------------------

    def hear(self, now_ms: int, *, fresh: bool = True) -> None:
        """An authenticated packet of any kind came in.

        One that waited through a stall (not `fresh`) has an early stamp, so that no interval ends too late;
        for the same reason none may begin with it.
        """
        self.heard_ms = now_ms
        if self.watch and fresh:
            self.listen(now_ms)

    def listen(self, now_ms: int) -> None:
        """While interrupted: follow the run of renewed packets. A gap in it starts it anew.

        After a silence: note the first packet.
        """
        if self._silent_ms is not None and self._healed_ms is None:
            self._healed_ms = self._listened_ms = now_ms
        if self.state != "interrupted":
            return
        if self._renewed_ms is None or now_ms - self._listened_ms > RENEWED_GAP_MS:
            self._renewed_ms = now_ms
            self._back_ms = None
            self._asked_ms = None
            self._probed_ms = None
            self.probe_ms = 0
        self._listened_ms = now_ms

    def media(self, now_ms: int) -> None:
        """A media packet (SRTP or SRTCP) was authenticated. Only the first matters."""
        if self._media_ms is None:
            self._media_ms = now_ms

    def probed(self, now_ms: int) -> None:
        """A probe was sent."""
        self._probed_ms = now_ms
        self.probe_ms = now_ms + RETRY_MS
        if self._asked_ms is None:
            self._asked_ms = now_ms
            self._tries = 0
        self._tries += 1
        if self.state == "connected" and self._flowed and self._silent_ms is None:
            self._notice_silence(now_ms)

    def flowed(self, now_ms: int, moved: bool) -> None:
        """Every `TICK_MS`: whether media came since the last time."""
        if moved:
            self._flowed = True
        elif self.heard_ms is not None and now_ms - self.heard_ms < TICK_MS:
            # It is heard and sends nothing: muted, or its pictures are off.
            self._flowed = False

    def proven(self, sent_ms: int) -> None:
        """The peer acknowledged what was sent to it at `sent_ms`."""
        if self.proven_ms is None or sent_ms > self.proven_ms:
            self.proven_ms = sent_ms
        if self._asked_ms is not None and sent_ms >= self._asked_ms:
            self._asked_ms = None
            if self._probed_ms is not None:
                self.probe_ms = self._probed_ms + QUIET_PROBE_MS
        if self._back_ms is None and (self._renewed_ms is None or sent_ms >= self._renewed_ms):
            self._back_ms = sent_ms

    def hurry(self) -> None:
        """The signaling connection was closed by the client: silence means more now."""
        self._hurried = True

    def calm(self) -> None:
        """The client signals again."""
        self._hurried = False

    # -- questions -----------------------------------------------------------------------------------------

    @property
    def alive_ms(self) -> int | None:
        """The last proof of life; None before the first connection. See "The instant" above."""
        if self.state == "connected":
            return self._last_proof()
        return self._end_ms

    def probe_due(self, now_ms: int) -> bool:
        """Whether to send a probe now (then tell `probed`)."""
        if self.state == "gone":
            return False
        if self._probed_ms is None:
            return True
        since = now_ms - self._probed_ms
        if self._asked_ms is not None:
            return since >= (RETRY_MS if now_ms - self._asked_ms < HASTE_MS else QUIET_PROBE_MS)
        if self.state == "connected" and self.heard_ms is not None and now_ms - self.heard_ms < QUIET_MS:
            return since >= PROBE_MS
        return since >= QUIET_PROBE_MS

    def probe_welcome(self, now_ms: int) -> bool:
        """Whether the next regular probe, which is not due yet, may as well be sent now."""
        if self.state != "connected" or self._asked_ms is not None or self._probed_ms is None:
            return False
        return now_ms - self._probed_ms >= PROBE_MS // 2

    def judge(self, now_ms: int, stalls: Stalls = ()) -> Verdict | None:
        """What changed, if anything. `stalls`: when the process itself stood still, as (from, to)."""
        match self.state:
            case "new":
                return self._judge_new()
            case "connected":
                return self._judge_connected(now_ms, stalls)
            case "interrupted":
                return self._judge_interrupted(now_ms, stalls)
            case "gone":
                return None

    def stalled(self, start_ms: int) -> Verdict | None:
        """The process stood still from `start_ms` on for longer than silence may last."""
        if self.state != "connected":
            return None
        return self._interrupt(min(self._last_proof(), start_ms))

    def leave(self, now_ms: int) -> Verdict | None:
        """The peer closed the connection by an authenticated message at `now_ms`."""
        if self.state == "gone":
            return None
        if self.state == "connected":
            self.heard_ms = now_ms
            self._end_ms = self._last_proof()
        elif self.state == "new":
            self._end_ms = None
        at_ms = now_ms if self._end_ms is None else self._end_ms
        self.state, self.watch = "gone", False
        return Verdict("gone", at_ms)

    # -- judgements ----------------------------------------------------------------------------------------

    def _last_proof(self) -> int:
        heard = (self.heard_ms if self._silent_ms is None else self._silent_ms) or 0
        if self._asked_ms is not None and heard - self._asked_ms > DOUBT_MS + self.rtt_ms:
            heard = min(heard, self.proven_ms if self.proven_ms is not None else 0)
        return max(heard, self._since_ms)

    def _interrupt(self, at_ms: int) -> Verdict:
        self.state, self.watch = "interrupted", True
        self._end_ms = at_ms
        self._renewed_ms = self._back_ms = self._silent_ms = self._healed_ms = None
        return Verdict("interrupted", at_ms)

    def _connect(self, at_ms: int) -> Verdict:
        self.state, self.watch = "connected", False
        self._since_ms = at_ms
        return Verdict("connected", at_ms)

    def _judge_new(self) -> Verdict | None:
        if self._media_ms is None or self._back_ms is None:
            return None
        return self._connect(max(self._media_ms, self._back_ms))

    def _notice_silence(self, now_ms: int) -> None:
        """The retries of an unanswered probe come often enough to notice it before it heals."""
        if self.heard_ms is not None and now_ms - self.heard_ms > self._patience_ms():
            self._silent_ms, self.watch = self.heard_ms, True

    def _patience_ms(self) -> int:
        return BLIP_MS + self.rtt_ms

    def _judge_blip(self, silent_ms: int, stalls: Stalls) -> Verdict | None:
        """What became of a silence that was noticed."""
        healed_ms = self._healed_ms
        if healed_ms is None and self.heard_ms == silent_ms:
            return None
        if healed_ms is None or awake_ms(silent_ms, healed_ms, stalls) <= self._patience_ms():
            # It was this process that stood still, or what waited meanwhile came in.
            self._silent_ms = self._healed_ms = None
            self.watch = False
            return None
        verdict = self._interrupt(self._last_proof())
        self.listen(healed_ms)
        return verdict

    def _judge_connected(self, now_ms: int, stalls: Stalls) -> Verdict | None:
        if self._silent_ms is not None and (verdict := self._judge_blip(self._silent_ms, stalls)) is not None:
            return verdict
        heard = self.heard_ms if self.heard_ms is not None else 0
        if awake_ms(heard, now_ms, stalls) > (HURRIED_MS if self._hurried else SILENT_MS):
            return self._interrupt(self._last_proof())
        if self._asked_ms is not None and self._tries >= MIN_TRIES:
            unproven_ms = awake_ms(self._asked_ms, now_ms, stalls)
            if unproven_ms > UNPROVEN_MS + self.rtt_ms and heard - self._asked_ms > DOUBT_MS + self.rtt_ms:
                return self._interrupt(self._last_proof())
        return None

    def _judge_interrupted(self, now_ms: int, stalls: Stalls) -> Verdict | None:
        end = self._end_ms if self._end_ms is not None else 0
        heard = self.heard_ms if self.heard_ms is not None else 0
        if self._renewed_ms is not None and self._back_ms is not None:
            start = max(self._renewed_ms, self._back_ms, end)
            if heard - start >= RENEWED_MS and now_ms - heard <= RENEWED_GAP_MS:
                return self._connect(start)
        if awake_ms(end, now_ms, stalls) > GONE_MS:
            self.state, self.watch = "gone", False
            return Verdict("gone", end)
        return None


class StallWatch(StallBase):
    """Notices that the process itself stood still, so that nobody else is blamed.

    After a stall the socket holds packets of unknown age: they arrived at some time since the process last
    ran. Until they are read they are stamped with that earlier instant, because an interval must never end
    later than the last packet.
    """

    __slots__ = ("_backlog_ms", "stalls")

    def __init__(self, now_ms: int) -> None:
        self.woke_ms = now_ms
        self.backlog = False
        self._backlog_ms = now_ms
        self.stalls: list[tuple[int, int]] = []

    def wake(self, now_ms: int) -> int | None:
        """The loop runs at `now_ms`. Returns when a stall began that was longer than `SILENT_MS`."""
        before, self.woke_ms = self.woke_ms, now_ms
        gap = now_ms - before
        if gap <= STALE_MS:
            return None
        if not self.backlog:
            self.backlog, self._backlog_ms = True, before
        if gap > LATE_MS:
            recent = [stall for stall in self.stalls if now_ms - stall[1] <= 2 * GONE_MS]
            self.stalls = [*recent, (before, now_ms)][-MAX_STALLS:]
        return before if gap > SILENT_MS else None

    def steady(self, now_ms: int) -> bool:
        """`wake` in the usual case, for the busiest caller: nothing stood still and no backlog waits."""
        if now_ms - self.woke_ms > STALE_MS or self.backlog:
            return False
        self.woke_ms = now_ms
        return True

    def stamp(self, now_ms: int) -> int:
        """The arrival time to give to what is read now."""
        return self._backlog_ms if self.backlog else now_ms

    def drained(self) -> None:
        """They were read: what comes next is fresh."""
        self.backlog = False
