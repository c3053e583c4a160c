"""The heartbeat: what this process may be charged with having delivered, should it die now.

Every 250 ms one row: all running calls are proven until `safe_at`, 300 ms ago, except those named, proven
until the instant given there. After a crash the ledger settles each call at that. So the beat never claims an
instant that may yet turn out undelivered: a call whose proof of life is older, whose meter has an end that is
not written yet, or whose inbox holds something older is an exception (`CallActor.claim`).

A beat that is still in flight is not overtaken: the newer would have to wait for the same disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import structlog

from metering.errors import Fenced, MeteringError
from metering.facts import Heartbeat
from metering.ledger import Ledger

from .clock import Clock, turn
from .metrics import Metrics, NoMetrics
from .options import SignalingOptions
from .supervisor import within

CALLS_A_TURN = 200

log = structlog.get_logger("signaling.heartbeat")


class Claims(Protocol):
    """Who knows how far usage is proven (the desk)."""

    def claims(self, now_ms: int) -> Iterator[tuple[str, int]]:
        """Of every accepted call its id and the instant up to which its usage is proven.

        Computed one by one as they are asked for, and calls may come and go meanwhile.
        """


class Heart:
    """Beats until it is cancelled or fenced. `on_fenced` stops the server."""

    def __init__(
        self, clock: Clock, ledger: Ledger, claims: Claims, on_fenced: Callable[[], None],
        options: SignalingOptions | None = None, metrics: Metrics | None = None,
    ) -> None:  # fmt: skip
        self._clock, self._ledger, self._claims, self._on_fenced = clock, ledger, claims, on_fenced
        self._options, self._metrics = options or SignalingOptions(), metrics or NoMetrics()
        self._safe_at_ms = 0

    def compose(self, now_ms: int) -> Heartbeat:
        """The beat for `now_ms`."""
        safe_at_ms = now_ms - self._options.beat_margin_ms
        claims = self._claims.claims(now_ms)
        return Heartbeat(safe_at_ms, {call: claim for call, claim in claims if claim < safe_at_ms})

    async def _compose_in_turns(self) -> Heartbeat:
        """The same, but with ten thousand calls nobody else waits 20 ms for it.

        What is claimed of a call stays true while the others are asked: it is about the past, before any of
        this began.
        """
        now_ms = self._clock.now_ms()
        beat = Heartbeat(now_ms - self._options.beat_margin_ms)
        for number, (call, claim_ms) in enumerate(self._claims.claims(now_ms), 1):
            if claim_ms < beat.safe_at_ms:
                beat.exceptions[call] = claim_ms
            if number % CALLS_A_TURN == 0:
                await turn()
        return beat

    async def run(self) -> None:
        """Beat. Returns when this process was fenced; ends otherwise by being cancelled."""
        due_ms = self._clock.now_ms()
        while True:
            try:
                beat = await self._compose_in_turns()
                await within(self._clock, self._options.grant_timeout_ms, self._ledger.beat(beat))
                self._metrics.count("beats", result="written")
            except Fenced:
                self._metrics.count("beats", result="fenced")
                log.warning("fenced")
                self._on_fenced()
                return
            except (MeteringError, TimeoutError) as error:
                self._metrics.count("beats", result="failed")
                log.warning("beat_failed", error=type(error).__name__)
            now_ms = self._clock.now_ms()
            # On the beat, not a beat later: those that fell due meanwhile are skipped.
            due_ms += self._options.beat_ms * max(1, -(-(now_ms - due_ms) // self._options.beat_ms))
            await self._clock.sleep((due_ms - now_ms) / 1000)
