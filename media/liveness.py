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
days of call.

**States.**

    new ──────────► connected ◄────────► interrupted ──────► gone
     │ first media      │   silent for SILENT_MS    │ GONE_MS        ▲
     │ packet and way   │   (HURRIED_MS after the   │ since the      │
     │ back proven      │   signaling closed), or   │ last proof     │
     │                  │   unproven for            │                │
     │                  │   UNPROVEN_MS             │                │
     └──────────────────┴───────────────────────────┴── close_notify ┘

Back from *interrupted* after `RENEWED_MS` of renewed packets and a renewed proof of the way back; the new
interval begins where both held.

**The instant.** An interval ends at the *last proof of life*, not at its detection. That is *heard*, to the
packet: when a tab closes, both directions end together, and *proven* is merely up to a second old. Only if
*proven* lags by more than `DOUBT_MS` (a probe and its retries went unanswered while packets came in) the
downlink was dead already and *proven* is the end.

**Stalls.** A stopped server must not declare everyone dead: whoever runs this tells `resumed_ms`, the
instant at which the process last woke from a stall, and silence is counted from there at the earliest. But
while the process stood still for longer than `SILENT_MS` nothing was delivered, so `stalled` turns that time
into an interruption, at once healed by fresh packets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SILENT_MS = 2_500
HURRIED_MS = 1_000
UNPROVEN_MS = 3_000
DOUBT_MS = 1_500
GONE_MS = 30_000
RENEWED_MS = 500
RENEWED_GAP_MS = 1_000
QUIET_MS = 450
QUIET_PROBE_MS = 500
PROBE_MS = 1_000
RETRY_MS = 100
HASTE_MS = 3_000

TICK_MS = 250
STALE_MS = 150
LATE_MS = 600

State = Literal["new", "connected", "interrupted", "gone"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A change of state and the instant it happened, which may lie in the past."""

    state: Literal["connected", "interrupted", "gone"]
    at_ms: int


class Liveness:
    """The life of one peer. Instants are milliseconds of one monotonic clock.

    `heard_ms` is written directly for every packet, because that is the busiest line of the program; while
    `watch` is true the writer also calls `listen`.
    """

    __slots__ = (
        "_asked_ms", "_back_ms", "_end_ms", "_hurried", "_listened_ms", "_media_ms", "_probed_ms",
        "_renewed_ms", "heard_ms", "proven_ms", "state", "watch",
    )  # fmt: skip

    def __init__(self) -> None:
        self.state: State = "new"
        self.watch = True
        self.heard_ms: int | None = None
        self.proven_ms: int | None = None
        self._media_ms: int | None = None
        self._probed_ms: int | None = None
        self._asked_ms: int | None = None
        self._back_ms: int | None = None
        self._renewed_ms: int | None = None
        self._listened_ms = 0
        self._end_ms: int | None = None
        self._hurried = False

    # -- facts ---------------------------------------------------------------------------------------------

    def hear(self, now_ms: int) -> None:
        """An authenticated packet of any kind came in."""
        self.heard_ms = now_ms
        if self.watch:
            self.listen(now_ms)

    def listen(self, now_ms: int) -> None:
        """While interrupted: follow the run of renewed packets. A gap in it starts it anew."""
        if self.state != "interrupted":
            return
        if self._renewed_ms is None or now_ms - self._listened_ms > RENEWED_GAP_MS:
            self._renewed_ms = now_ms
            self._back_ms = None
            self._asked_ms = None
            self._probed_ms = None
        self._listened_ms = now_ms

    def media(self, now_ms: int) -> None:
        """A media packet (SRTP or SRTCP) was authenticated. Only the first matters."""
        if self._media_ms is None:
            self._media_ms = now_ms

    def probed(self, now_ms: int) -> None:
        """A probe was sent."""
        self._probed_ms = now_ms
        if self._asked_ms is None:
            self._asked_ms = now_ms

    def proven(self, sent_ms: int) -> None:
        """The peer acknowledged what was sent to it at `sent_ms`."""
        if self.proven_ms is None or sent_ms > self.proven_ms:
            self.proven_ms = sent_ms
        if self._asked_ms is not None and sent_ms >= self._asked_ms:
            self._asked_ms = None
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

    def judge(self, now_ms: int, resumed_ms: int = 0) -> Verdict | None:
        """What changed, if anything. `resumed_ms`: when the process last woke from a stall."""
        match self.state:
            case "new":
                return self._judge_new()
            case "connected":
                return self._judge_connected(now_ms, resumed_ms)
            case "interrupted":
                return self._judge_interrupted(now_ms, resumed_ms)
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
        heard = self.heard_ms if self.heard_ms is not None else 0
        proven = self.proven_ms if self.proven_ms is not None else 0
        return proven if heard - proven > DOUBT_MS else heard

    def _interrupt(self, at_ms: int) -> Verdict:
        self.state, self.watch = "interrupted", True
        self._end_ms = at_ms
        self._renewed_ms = self._back_ms = None
        return Verdict("interrupted", at_ms)

    def _connect(self, at_ms: int) -> Verdict:
        self.state, self.watch = "connected", False
        return Verdict("connected", at_ms)

    def _judge_new(self) -> Verdict | None:
        if self._media_ms is None or self._back_ms is None:
            return None
        return self._connect(max(self._media_ms, self._back_ms))

    def _judge_connected(self, now_ms: int, resumed_ms: int) -> Verdict | None:
        heard = self.heard_ms if self.heard_ms is not None else 0
        proven = self.proven_ms if self.proven_ms is not None else 0
        if now_ms - max(heard, resumed_ms) > (HURRIED_MS if self._hurried else SILENT_MS):
            return self._interrupt(self._last_proof())
        if now_ms - max(proven, resumed_ms) > UNPROVEN_MS:
            return self._interrupt(min(heard, proven))
        return None

    def _judge_interrupted(self, now_ms: int, resumed_ms: int) -> Verdict | None:
        end = self._end_ms if self._end_ms is not None else 0
        heard = self.heard_ms if self.heard_ms is not None else 0
        if self._renewed_ms is not None and self._back_ms is not None:
            start = max(self._renewed_ms, self._back_ms, end)
            if heard - start >= RENEWED_MS and now_ms - heard <= RENEWED_GAP_MS:
                return self._connect(start)
        if now_ms - max(end, resumed_ms) > GONE_MS:
            self.state, self.watch = "gone", False
            return Verdict("gone", end)
        return None


class StallWatch:
    """Notices that the process itself stood still, so that nobody else is blamed.

    After a stall the socket holds packets of unknown age: they arrived at some time since the socket was
    last known to be empty. Until it is empty again they are stamped with that earlier instant, because an
    interval must never end later than the last packet.
    """

    __slots__ = ("_backlog_ms", "_woke_ms", "resumed_ms")

    def __init__(self, now_ms: int) -> None:
        self._woke_ms = now_ms
        self._backlog_ms: int | None = None
        self.resumed_ms = 0

    def wake(self, now_ms: int) -> int | None:
        """The loop runs at `now_ms`. Returns when a stall began that was longer than `SILENT_MS`."""
        before, self._woke_ms = self._woke_ms, now_ms
        gap = now_ms - before
        if gap <= STALE_MS:
            return None
        if self._backlog_ms is None:
            self._backlog_ms = before
        if gap > LATE_MS:
            self.resumed_ms = now_ms
        return before if gap > SILENT_MS else None

    def stamp(self, now_ms: int) -> int:
        """The arrival time to give to what is read now."""
        return now_ms if self._backlog_ms is None else self._backlog_ms

    def drained(self) -> None:
        """The socket is empty: what comes next is fresh."""
        self._backlog_ms = None
