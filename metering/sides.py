"""Payer and host as the meter knows them: who delivers media, who has paused, and what that forbids."""

from __future__ import annotations

from dataclasses import dataclass, field

from .exchange import State, Why
from .facts import Party


@dataclass(slots=True)
class _Side:
    up_since_ms: int | None = None
    down_since_ms: int = 0
    seen: bool = False
    paused: bool = False
    note: str = ""

    @property
    def lost(self) -> bool:
        return self.seen and self.up_since_ms is None


@dataclass(slots=True)
class Sides:
    """Both parties. Instants in ms; the caller has seen to it that none lies in the future."""

    _payer: _Side = field(default_factory=_Side)
    _host: _Side = field(default_factory=_Side)

    def up(self, party: Party, at_ms: int) -> None:
        """Media came; not before it went, and no earlier than known when it was there already."""
        side = self._of(party)
        side.seen = True
        if side.up_since_ms is None:
            side.up_since_ms = max(at_ms, side.down_since_ms)

    def down(self, party: Party, at_ms: int) -> None:
        """Media went."""
        side = self._of(party)
        side.up_since_ms, side.down_since_ms = None, at_ms

    def pause(self, party: Party, paused: bool, note: str = "") -> None:
        """Each party puts on hold and takes back its own hold only."""
        self._of(party).paused = paused
        self._of(party).note = note

    def pause_note(self) -> str:
        """What those who have paused said about it."""
        return " · ".join(side.note for side in (self._payer, self._host) if side.paused and side.note)

    def both_up_since_ms(self) -> int:
        """Since when both deliver. Only where nothing is in the way."""
        return max(self._payer.up_since_ms or 0, self._host.up_since_ms or 0)

    def obstacle(self) -> tuple[State, Why] | None:
        """What keeps the meter from running, as far as the parties are concerned."""
        payer, host = self._payer, self._host
        if payer.paused or host.paused:
            if payer.paused and host.paused:
                return "paused", "both_paused"
            return "paused", "payer_paused" if payer.paused else "host_paused"
        if payer.lost or host.lost:
            return "reconnecting", "payer_lost" if payer.lost else "host_lost"
        if not (payer.seen and host.seen):
            return "waiting", "host_connecting" if payer.seen else "payer_connecting"
        return None

    def _of(self, party: Party) -> _Side:
        return self._payer if party == "payer" else self._host
