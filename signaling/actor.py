"""The life of one call: one owner, one task, one inbox, one alarm.

`post(event)` is synchronous and stamps the instant of arrival; the task takes the events one by one and never
waits while it does. What is slow (the ledger, a negotiation) runs as a child task and posts its result back,
so a ledger that takes five seconds does not move a hang-up by a millisecond.

THEORY. A call is `ringing`, then `open`, then `ended`; `_end` and `_accept` alone assign the state.

    state    what happens                              becomes   why it ended
    -------  ----------------------------------------  --------  ---------------------------------------------
    ringing  the host accepts on a page (the first)    open
    ringing  the host declines                         ended     declined
    ringing  ring_ms pass                              ended     no_answer, host_offline if no page is there
    ringing  the caller leaves, or has no connection   ended     cancelled
             for caller_absent_ms
    open     payer or host leaves                      ended     payer_left, host_left
    open     setup_ms pass before both had media       ended     setup_timeout
             at the same time
    open     payer or host has no media for gone_ms    ended     payer_gone, host_gone; both: room_empty
    open     the soft landing passes                   ended     funds, ledger_silent
    both     the operator, the shutdown                ended     operator, shutdown

At the end the meter is closed at the last proof of life of both parties, every peer is closed at once, and
the money is settled. When the ledger has settled, everybody in the room is told `ended` and disconnected, and
the actor retires. A ledger that is late is not waited for: `ended` goes out with the meter's figures after
settle_late_ms, and the settlement goes on until it succeeds.

A fault in here (an exception in handling an event) ends the call as a shutdown would: it fails closed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

import structlog

from media.engine import PeerConnected, PeerGone, PeerInterrupted, TracksChanged
from metering.facts import CallTerms, Party
from metering.facts import EndReason as MeterEndReason
from metering.meter import (
    Changed,
    Closed,
    CutOff,
    HoldMedia,
    MediaDown,
    MediaUp,
    Paused,
    ReleaseMedia,
    Resumed,
    Warn,
)

from .alarms import Alarms
from .books import MoneyPorts
from .call_meter import CallMeter, Order
from .errors import Refused
from .events import (
    Accepted,
    Answered,
    BooksOverflowed,
    Connection,
    Declined,
    Dropped,
    EndAsked,
    Event,
    FromMoney,
    FromPeople,
    GrantAnswered,
    Joined,
    Rang,
    Said,
    Settled,
    WalletChanged,
)
from .messages import (
    PROTOCOL_VERSION,
    CallClientMessage,
    CallView,
    EndReason,
    ErrorMessage,
    IncomingCall,
    LeaveMessage,
    MeterMessage,
    MeterView,
    OfferMessage,
    PauseMessage,
    ResumeMessage,
    Role,
    RoomMessage,
    StateMessage,
    StoppingMessage,
    WelcomeMessage,
)
from .room import MediaTurn, Participant, Room, RoomPorts
from .tokens import JoinTokens
from .views import CallFacts, CallState, Ending, ended_message, meter_view, tariff_view

log = structlog.get_logger("signaling.actor")

_PARTIES: Final[tuple[Party, Party]] = ("payer", "host")

# How the meter names what the call's end was, for the interval that it closes.
METER_REASONS: Final[dict[EndReason, MeterEndReason]] = {
    "payer_left": "payer_left",
    "host_left": "host_left",
    "payer_gone": "payer_lost",
    "host_gone": "host_lost",
    "room_empty": "payer_lost",
    "setup_timeout": "payer_lost",
    "funds": "funds",
    "ledger_silent": "ledger_silent",
    "operator": "operator",
    "shutdown": "shutdown",
    "recovered": "recovered",
    "declined": "host_left",
    "no_answer": "host_left",
    "host_offline": "host_left",
    "cancelled": "payer_left",
}


class HostPages(Protocol):
    """The host's open pages, as a call sees them (signaling.presence)."""

    def accepted(self, host_id: str, page: Connection, call_id: str, token: str) -> None:
        """Tell the page that the call is its own, and the other pages that it rings no more."""

    def stopped_ringing(self, host_id: str, call_id: str, why: str) -> None:
        """Tell every page that the call rings no more."""

    def refresh(self, host_id: str) -> None:
        """Tell every page what rings and what is open now."""

    def is_there(self, host_id: str) -> bool:
        """Whether a page is connected at this moment."""


@dataclass(frozen=True, slots=True)
class CallPorts:
    """What a call works with."""

    room: RoomPorts
    money: MoneyPorts
    alarms: Alarms
    tokens: JoinTokens
    pages: HostPages
    on_settled: Callable[[CallActor], None]


class CallActor:
    """See the module."""

    def __init__(self, facts: CallFacts, terms: CallTerms, available_minor: int, ports: CallPorts) -> None:
        self.facts = facts
        self._ports, self._options = ports, ports.room.options
        self._clock = ports.room.clock
        self._inbox: deque[tuple[int, Event]] = deque()
        self._wake = asyncio.Event()
        self._alarm = ports.alarms.make(self._ring)
        self._meter = CallMeter(terms, available_minor, ports.money, self.post)
        self._room = Room(
            facts.id, (facts.payer_id, facts.payer_name), (facts.host_id, facts.host_name),
            voice_only=facts.media == "voice", ports=ports.room, post=self.post,
        )  # fmt: skip
        self.state: CallState = "ringing"
        self.ending: Ending | None = None
        self.over = asyncio.Event()
        """Set when the call has ended; it may still wait for its settlement."""
        self.finished = False
        self._since_ms = self._absent_since_ms = self._clock.now_ms()
        self._was_together = self._told_end = False
        self._room_changed = self._meter_changed = False

    # -- from outside: synchronous -------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to ring."""
        self._ports.room.supervisor.spawn(f"call:{self.facts.id}", self._run())
        self._alarm.set(self._deadline())

    def post(self, event: Event) -> bool:
        """Put a fact into the inbox, stamped now. False when it was not taken: finished, or a flood.

        Only what clients say is bounded here; everything else is bounded by what causes it (one grant in
        flight, one alarm, one negotiation a participant).
        """
        if self.finished or (isinstance(event, Said) and len(self._inbox) >= self._options.inbox_limit):
            return False
        self._inbox.append((self._clock.now_ms(), event))
        self._wake.set()
        return True

    def claim(self, now_ms: int) -> int | None:
        """Up to where the heartbeat may claim this call's usage; None when the ledger has it stopped."""
        claim_ms = self._meter.claimable_ms(self._proof_ms(), now_ms)
        if claim_ms is None or not self._inbox:
            return claim_ms
        # What lies in the inbox happened already and may end the interval where it is stamped.
        return min(claim_ms, self._inbox[0][0])

    def view(self, role: Role = "payer") -> CallView:
        """The call as `role` sees it."""
        return self.facts.view(self.state, self.ending.reason if self.ending else "", role)

    def meter_view(self, role: Role = "payer") -> MeterView:
        """The meter as `role` sees it."""
        reading = self._meter.reading(self._clock.now_ms())
        return meter_view(self.facts, reading, self._meter.funds_minor, role)

    def incoming(self) -> IncomingCall:
        """The call as it rings at the host."""
        left_ms = max(0, self._since_ms + self._options.ring_ms - self._clock.now_ms())
        tariff = tariff_view(self.facts.tariff)
        return IncomingCall(self.facts.id, self.facts.payer_name, self.facts.media, tariff, left_ms)

    def tell(self, message: StoppingMessage) -> None:
        """Send everybody in the room the same."""
        self._room.tell(lambda _: message)

    def has_place_for(self, guest: str) -> bool:
        """Whether a guest may come in."""
        return self._room.has_place_for(guest)

    def _ring(self) -> None:
        self.post(Rang())

    # -- the task ------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while not self.finished:
            await self._wake.wait()
            self._wake.clear()
            while self._inbox:
                at_ms, event = self._inbox.popleft()
                try:
                    self._handle(event, at_ms)
                except Exception as error:  # noqa: BLE001 - a fault ends this call, not the others
                    self._fail(event, at_ms, error)
            self._after()

    def _after(self) -> None:
        self._tell_changes()
        self._alarm.set(None if self.finished else self._deadline())

    def _fail(self, event: Event, at_ms: int, error: Exception) -> None:
        self._ports.money.metrics.count("task_crashes", task="call")
        log.error("call_fault", call=self.facts.id, event_type=type(event).__name__, exc_info=error)
        if self.state != "ended":
            self._end("shutdown", at_ms)

    def _handle(self, event: Event, at_ms: int) -> None:
        match event:
            case Joined() | Said() | Dropped() | Accepted() | Declined():
                self._handle_people(event, at_ms)
            case Answered():
                self._turned(self._room.answered(event), at_ms)
            case PeerConnected() | PeerInterrupted() | PeerGone() | TracksChanged():
                self._turned(self._room.peer_event(event), at_ms)
                self._room_changed = True
            case GrantAnswered() | WalletChanged() | BooksOverflowed() | Settled():
                self._handle_money(event, at_ms)
            case Rang():
                self._rang(at_ms)
            case EndAsked(reason):
                self._end(reason, at_ms)

    def _handle_people(self, event: FromPeople, at_ms: int) -> None:
        match event:
            case Joined():
                self._joined(event)
            case Said(connection, message):
                participant = self._room.of_connection(connection)
                if participant is not None:
                    self._said(participant, connection, message, at_ms)
            case Dropped(connection, clean):
                if self._room.drop(connection, clean=clean) is self._room.payer:
                    self._absent_since_ms = at_ms
                self._room_changed = True
            case Accepted(page):
                self._accept(page, at_ms)
            case Declined(page, note):
                if self._may_answer(page):
                    self._end("declined", at_ms, note)

    def _handle_money(self, event: FromMoney, at_ms: int) -> None:
        match event:
            case GrantAnswered(answer):
                self._obey(self._meter.granted(answer, at_ms), at_ms)
            case WalletChanged():
                self._obey(self._meter.funds_arrived(at_ms), at_ms)
            case BooksOverflowed():
                self._end("ledger_silent", at_ms)
            case Settled():
                self._settled(event, at_ms)

    # -- people --------------------------------------------------------------------------------------------

    def _joined(self, event: Joined) -> None:
        if self._told_end and self.ending is not None:
            message = ended_message(self.facts, self.ending, event.claims.role, self._receipt())
            event.connection.send(message)
            event.connection.close()
            return
        participant = self._room.join(event.claims, event.connection)
        if isinstance(participant, Refused):
            event.connection.send(_error(participant))
            event.connection.close()
            return
        event.connection.send(
            WelcomeMessage(
                v=PROTOCOL_VERSION,
                call=self.view(participant.role),
                you=participant.id,
                role=participant.role,
                participants=self._room.views(),
                meter=self.meter_view(participant.role),
            )
        )
        self._room_changed = True

    def _said(
        self, participant: Participant, connection: Connection, message: CallClientMessage, at_ms: int
    ) -> None:
        refused: Refused | None = None
        if self.state == "ended":
            connection.send(_error(Refused.of("call.ended")))
            return
        match message:
            case OfferMessage(n=n):
                turn = self._room.offer(participant, message)
                if isinstance(turn, Refused):
                    connection.send(ErrorMessage(turn.code, turn.message, n))
                else:
                    self._turned(turn, at_ms)
                    self._room_changed = True
            case StateMessage():
                participant.devices = message
                self._room_changed = True
            case LeaveMessage():
                self._left(participant, at_ms)
            case PauseMessage() | ResumeMessage():
                refused = self._paused(participant, isinstance(message, PauseMessage), at_ms)
        if refused is not None:
            connection.send(_error(refused))

    def _paused(self, participant: Participant, paused: bool, at_ms: int) -> Refused | None:
        if participant.role == "guest":
            return Refused.of("role.forbidden")
        if self.state != "open":
            return Refused.of("call.not_open")
        fact = Paused(participant.role) if paused else Resumed(participant.role)
        self._obey(self._meter.tell(fact, at_ms, self._stale_proof_ms(at_ms)), at_ms)
        return None

    def _left(self, participant: Participant, at_ms: int) -> None:
        match participant.role:
            case "guest":
                self._room.remove(participant)
                self._room_changed = True
            case "payer":
                self._end("cancelled" if self.state == "ringing" else "payer_left", at_ms)
            case "host":
                self._end("host_left", at_ms)

    def _may_answer(self, page: Connection) -> bool:
        if self.state == "ringing":
            return True
        refused = Refused.of("call.taken" if self.state == "open" else "call.ended")
        page.send(_error(refused))
        return False

    def _accept(self, page: Connection, at_ms: int) -> None:
        if not self._may_answer(page):
            return
        self.state, self._since_ms = "open", at_ms
        log.info("call_accepted", call=self.facts.id)
        token, _ = self._ports.tokens.for_call(
            self.facts.id, self.facts.host_id, self.facts.host_name, "host"
        )
        self._ports.pages.accepted(self.facts.host_id, page, self.facts.id, token)
        orders = self._meter.start(at_ms)
        for party in _PARTIES:
            if self._room.party(party).peer_state == "up":
                orders += self._meter.tell(MediaUp(party, at_ms), at_ms)
        self._obey(orders, at_ms)
        self._room_changed = self._meter_changed = True

    # -- media and money -----------------------------------------------------------------------------------

    def _turned(self, turn: MediaTurn | None, at_ms: int) -> None:
        if turn is None or self.state == "ended":
            return
        role = turn.participant.role
        if role == "guest":
            return
        fact = MediaUp(role, turn.at_ms) if turn.up else MediaDown(role, turn.at_ms)
        self._obey(self._meter.tell(fact, at_ms), at_ms)
        if self.state == "open" and all(self._room.party(party).peer_state == "up" for party in _PARTIES):
            self._was_together = True

    def _obey(self, orders: list[Order], at_ms: int) -> None:
        for order in orders:
            match order:
                case HoldMedia():
                    self._ports.room.media.hold_room(self.facts.id)
                case ReleaseMedia():
                    self._ports.room.media.release_room(self.facts.id)
                case Warn() | Changed():
                    pass
                case CutOff(reason):
                    self._end(reason, at_ms)
            self._meter_changed = True

    def _proof_ms(self) -> int | None:
        """Until when both parties' delivery is proven; None while either never delivered."""
        proofs = [self._room.proof_of(self._room.party(party)) for party in _PARTIES]
        return None if None in proofs else min(proof for proof in proofs if proof is not None)

    def _stale_proof_ms(self, at_ms: int) -> int | None:
        """The proof where it is older than media in flow leaves it, so that usage may not count beyond it."""
        proof_ms = self._proof_ms()
        fresh = proof_ms is None or at_ms - proof_ms <= self._options.fresh_proof_ms
        return None if fresh else proof_ms

    # -- time ----------------------------------------------------------------------------------------------

    def _deadline(self) -> int | None:
        """The next instant at which something is due."""
        match self.state:
            case "ringing":
                due = [self._since_ms + self._options.ring_ms, self._absence_ends_ms()]
            case "open":
                due = [
                    self._setup_ends_ms(),
                    *(self._gone_ms(party) for party in _PARTIES),
                    self._meter.deadline(),
                ]
            case "ended":
                due = [None if self._told_end else self._since_ms + self._options.settle_late_ms]
        return min((instant for instant in due if instant is not None), default=None)

    def _absence_ends_ms(self) -> int | None:
        connected = self._room.payer.connection is not None
        return None if connected else self._absent_since_ms + self._options.caller_absent_ms

    def _setup_ends_ms(self) -> int | None:
        return None if self._was_together else self._since_ms + self._options.setup_ms

    def _gone_ms(self, party: Party) -> int | None:
        participant = self._room.party(party)
        if not participant.was_up or participant.peer_state == "up" or participant.proof_ms is None:
            return None
        return max(participant.proof_ms, self._since_ms) + self._options.gone_ms

    def _rang(self, at_ms: int) -> None:
        def due(instant_ms: int | None) -> bool:
            return instant_ms is not None and instant_ms <= at_ms

        match self.state:
            case "ringing" if due(self._since_ms + self._options.ring_ms):
                there = self._ports.pages.is_there(self.facts.host_id)
                self._end("no_answer" if there else "host_offline", at_ms)
            case "ringing" if due(self._absence_ends_ms()):
                self._end("cancelled", at_ms)
            case "open" if due(self._setup_ends_ms()):
                self._end("setup_timeout", at_ms)
            case "open":
                gone = [party for party in _PARTIES if due(self._gone_ms(party))]
                if gone:
                    self._end(self._gone_reason(gone[0]), at_ms)
                else:
                    self._obey(self._meter.ring(at_ms, self._stale_proof_ms(at_ms)), at_ms)
            case "ended" if due(self._since_ms + self._options.settle_late_ms):
                self._tell_end()

    def _gone_reason(self, gone: Party) -> EndReason:
        if all(self._room.party(party).peer_state != "up" for party in _PARTIES):
            return "room_empty"
        return "payer_gone" if gone == "payer" else "host_gone"

    # -- the end -------------------------------------------------------------------------------------------

    def _end(self, reason: EndReason, at_ms: int, note: str = "") -> None:
        if self.state == "ended":
            return
        was_ringing = self.state == "ringing"
        proof_ms = self._proof_ms()
        self.state, self._since_ms = "ended", at_ms
        self.over.set()
        closed_ms = at_ms if proof_ms is None else min(at_ms, proof_ms)
        self._meter.tell(Closed(METER_REASONS[reason], closed_ms), at_ms)
        order = self._meter.settle(reason, at_ms)
        self.ending = Ending(reason, note, order, self._meter.funds_minor)
        self._room.close()
        self._ports.money.metrics.count("calls_ended", reason=reason)
        log.info(
            "call_ended", call=self.facts.id, reason=reason, used_ms=order.used_ms, charge=order.charge_minor
        )
        if was_ringing:
            self._ports.pages.stopped_ringing(self.facts.host_id, self.facts.id, reason)
        self._ports.pages.refresh(self.facts.host_id)
        self._room_changed = self._meter_changed = True

    def _settled(self, event: Settled, at_ms: int) -> None:
        if self.state != "ended":
            # The books failed while the call was open. It cannot be metered, so it cannot go on.
            self._end("shutdown", at_ms)
            return
        if self.ending is not None:
            self.ending = replace(self.ending, account=event.account)
        self._tell_end()
        self.finished = True
        self._ports.on_settled(self)

    def _tell_end(self) -> None:
        if self._told_end or self.ending is None:
            return
        ending, self._told_end = self.ending, True
        self._room.tell(lambda one: ended_message(self.facts, ending, one.role, self._receipt()))
        for participant in self._room:
            if participant.connection is not None:
                participant.connection.close()
                participant.connection = None

    def _receipt(self) -> str:
        return self._options.receipt_path.format(call_id=self.facts.id)

    # -- telling -------------------------------------------------------------------------------------------

    def _tell_changes(self) -> None:
        """Once after all that was in the inbox: who is here and what the meter says, where that changed."""
        if self._room_changed:
            participants = self._room.views()
            self._room.tell(lambda one: RoomMessage(self.view(one.role), participants))
        if self._meter_changed:
            self._room.tell(lambda one: MeterMessage(self.meter_view(one.role)))
        self._room_changed = self._meter_changed = False


def _error(refused: Refused) -> ErrorMessage:
    return ErrorMessage(refused.code, refused.message)
