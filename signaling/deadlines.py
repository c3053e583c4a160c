"""What a call waits for, and how long. Pure: instants in ms come in, the next one and what is due go out.

    while it rings     the answer                          ring_ms           no_answer, host_offline
                       the caller's connection             caller_absent_ms  cancelled
    while it is open   both parties' media at once, ever   setup_ms          setup_timeout
                       each party's media, once it was up  gone_ms           payer_gone, host_gone, room_empty
    when it has ended  the settlement                      settle_late_ms    (told without it)

The meter's own deadlines (grants, the soft landing) are the meter's matter.
"""

from __future__ import annotations

from typing import Final

from metering.facts import Party

from .messages import EndReason
from .options import SignalingOptions
from .room import Room
from .views import CallState

PARTIES: Final[tuple[Party, Party]] = ("payer", "host")


class Deadlines:
    """See the module. Watches `room` and is told of everything else."""

    def __init__(self, room: Room, options: SignalingOptions, now_ms: int) -> None:
        self._room, self._options = room, options
        self._since_ms = self._absent_since_ms = now_ms
        self._were_together = False

    def entered(self, at_ms: int) -> None:
        """The call's state changed."""
        self._since_ms = at_ms

    def caller_left(self, at_ms: int) -> None:
        """The caller's connection is gone."""
        self._absent_since_ms = at_ms

    def media_changed(self) -> None:
        """Somebody's media came or went."""
        if all(self._room.party(party).peer_state == "up" for party in PARTIES):
            self._were_together = True

    def ring_left_ms(self, now_ms: int) -> int:
        """How long the call still rings."""
        return max(0, self._since_ms + self._options.ring_ms - now_ms)

    def next_ms(self, state: CallState) -> int | None:
        """The next instant at which something is due."""
        match state:
            case "ringing":
                due = [self._since_ms + self._options.ring_ms, self._absence_ms()]
            case "open":
                due = [self._setup_ms(), *(self._gone_ms(party) for party in PARTIES)]
            case "ended":
                due = [self._since_ms + self._options.settle_late_ms]
        return min((instant for instant in due if instant is not None), default=None)

    def end_due(self, state: CallState, at_ms: int, *, page_there: bool) -> EndReason | None:
        """Why the call ends at `at_ms`, if it does. `page_there`: a page of the host is connected."""

        def due(instant_ms: int | None) -> bool:
            return instant_ms is not None and instant_ms <= at_ms

        match state:
            case "ringing" if due(self._since_ms + self._options.ring_ms):
                return "no_answer" if page_there else "host_offline"
            case "ringing" if due(self._absence_ms()):
                return "cancelled"
            case "open" if due(self._setup_ms()):
                return "setup_timeout"
            case "open" if gone := [party for party in PARTIES if due(self._gone_ms(party))]:
                return self._gone_reason(gone[0])
        return None

    def _absence_ms(self) -> int | None:
        connected = self._room.payer.connection is not None
        return None if connected else self._absent_since_ms + self._options.caller_absent_ms

    def _setup_ms(self) -> int | None:
        return None if self._were_together else self._since_ms + self._options.setup_ms

    def _gone_ms(self, party: Party) -> int | None:
        participant = self._room.party(party)
        if not participant.was_up or participant.peer_state == "up" or participant.proof_ms is None:
            return None
        return max(participant.proof_ms, self._since_ms) + self._options.gone_ms

    def _gone_reason(self, gone: Party) -> EndReason:
        if all(self._room.party(party).peer_state != "up" for party in PARTIES):
            return "room_empty"
        return "payer_gone" if gone == "payer" else "host_gone"
