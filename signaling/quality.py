"""How good each side's connection is, from the relay's own figures: to both sides, every two seconds.

The counters of the media engine only grow; what is told is the difference between two looks. The level is
that of the worst figure. It falls at once and rises when two looks in a row are better: it does not flicker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from media.engine import PeerStats

from .clock import Clock
from .quality_messages import QualityLevel, QualityMessage, SideQuality

log = structlog.get_logger("signaling.quality")

EVERY_MS = 2_000
FEW_PACKETS = 20
"""With fewer in one look, the share that is lost says nothing."""
FAIR = {"loss": 20, "rtt": 250, "jitter": 30}
WEAK = {"loss": 50, "rtt": 500, "jitter": 60}
"""From here on a connection is no better: permille, ms, ms (ITU-T G.114 and G.1010 for speech, rounded)."""
Look = tuple[str | None, PeerStats | None]
_ORDER: tuple[QualityLevel, ...] = ("good", "fair", "weak")


@dataclass(slots=True)
class Gauge:
    """The looks at one side's peer."""

    peer_id: str = ""
    before: PeerStats | None = None
    before_ms: int = 0
    level: QualityLevel = "good"
    better: bool = False

    def look(self, peer_id: str | None, stats: PeerStats | None, now_ms: int) -> SideQuality | None:
        """What there is to tell; None without media, and at the first look at a peer."""
        if peer_id is None or stats is None:
            self.peer_id, self.before = "", None
            return None
        before, passed_ms = self.before, now_ms - self.before_ms
        is_new = peer_id != self.peer_id
        self.peer_id, self.before, self.before_ms = peer_id, stats, now_ms
        if before is None or is_new or passed_ms <= 0:
            return None
        received = stats.packets_received - before.packets_received
        if received <= 0:
            # Nothing comes: that is for `presence` to say.
            return None
        lost_up = stats.packets_lost - before.packets_lost
        reported = stats.packets_reported - before.packets_reported
        up = permille(lost_up, received + max(0, lost_up))
        down = permille(stats.reported_lost - before.reported_lost, reported)
        jitters = [each for each in (stats.jitter_ms, stats.reported_jitter_ms) if each is not None]
        jitter_ms = max(jitters, default=None)
        self._judge(level_of(up, down, stats.round_trip_ms, jitter_ms))
        return SideQuality(
            self.level, up, down, stats.round_trip_ms, jitter_ms,
            up_kbps=(stats.bytes_received - before.bytes_received) * 8 // passed_ms,
            down_kbps=(stats.bytes_sent - before.bytes_sent) * 8 // passed_ms,
        )  # fmt: skip

    def _judge(self, seen: QualityLevel) -> None:
        improved = _ORDER.index(seen) < _ORDER.index(self.level)
        if not improved or self.better:
            self.level = seen
        self.better = improved


def permille(lost: int, sent: int) -> int | None:
    """The share that was lost; None when too little was sent."""
    return None if sent < FEW_PACKETS else max(0, min(1_000, lost * 1_000 // sent))


def level_of(up: int | None, down: int | None, rtt_ms: int | None, jitter_ms: int | None) -> QualityLevel:
    """The level of the worst figure; what nobody knows is no worse than good."""
    figures = {"loss": max(up or 0, down or 0), "rtt": rtt_ms or 0, "jitter": jitter_ms or 0}
    if any(figures[name] >= limit for name, limit in WEAK.items()):
        return "weak"
    return "fair" if any(figures[name] >= limit for name, limit in FAIR.items()) else "good"


class QualityWatch:
    """Looks at every open call and tells its two sides. `calls` gives what to do for each of them."""

    def __init__(self, clock: Clock, calls: Callable[[], Iterable[Callable[[int], object]]]) -> None:
        self._clock, self._calls = clock, calls

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(EVERY_MS / 1000)
            now_ms = self._clock.now_ms()
            for look in list(self._calls()):
                try:
                    look(now_ms)
                except Exception:
                    # Nobody's call, and nobody else's figures, depend on it.
                    log.exception("quality_failed")


class CallQuality:
    """The gauges of one call's two sides."""

    __slots__ = ("_gauges", "_told")

    def __init__(self) -> None:
        self._gauges = {"payer": Gauge(), "host": Gauge()}
        self._told: QualityMessage | None = None

    def look(self, payer: Look, host: Look, now_ms: int) -> QualityMessage | None:
        """What to tell both sides (peer and its counters); None when it is what they know."""
        message = QualityMessage(
            self._gauges["payer"].look(*payer, now_ms), self._gauges["host"].look(*host, now_ms)
        )
        news = message != self._told
        self._told = message
        return message if news else None
