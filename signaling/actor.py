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
    open     the soft landing passes                   ended     funds, cap, ledger_silent
    both     the operator, the shutdown                ended     operator, shutdown

At the end the meter is closed at the last proof of life of both parties, every peer is closed at once, and
the money is settled. When the ledger has settled, everybody in the room is told `ended` and disconnected, and
the actor retires. A ledger that is late is not waited for: `ended` goes out with the meter's figures after
settle_late_ms, and the settlement goes on until it succeeds.

A fault in here (an exception in handling an event) ends the call as a shutdown would: it fails closed.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from media.engine import PeerConnected, PeerGone, PeerInterrupted, TracksChanged
from metering.facts import CallTerms
from metering.meter import (
    Changed,
    CutOff,
    HoldMedia,
    MediaDown,
    MediaUp,
    ReleaseMedia,
    Resumed,
    Warn,
)

from .call_meter import CallMeter, Order
from .chat import Chat
from .deadlines import PARTIES, Deadlines
from .errors import Refused
from .events import (
    Accepted,
    Answered,
    BooksOverflowed,
    ChatKept,
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
    TipGiven,
    WalletChanged,
)
from .inbox import Inbox
from .messages import (
    CallClientMessage,
    CallView,
    CapMessage,
    ChatMessage,
    EndedMessage,
    EndReason,
    ErrorMessage,
    GiftMessage,
    IncomingCall,
    LeaveMessage,
    MeterView,
    OfferMessage,
    PauseMessage,
    ResumeMessage,
    Role,
    StateMessage,
)
from .ports import CallPorts
from .room import MediaTurn, Participant, Room
from .telling import Telling
from .views import CallFacts, CallFunds, CallState, Ending, ended_message, meter_view, tariff_view

log = structlog.get_logger("signaling.actor")


class CallActor:
    """See the module."""

    def __init__(self, facts: CallFacts, terms: CallTerms, funds: CallFunds, ports: CallPorts) -> None:
        self.facts = facts
        self._ports, self._options = ports, ports.room.options
        self._clock = ports.room.clock
        self._inbox = Inbox(self._clock, self._options.inbox_limit)
        self._alarm = ports.alarms.make(self._ring)
        self._meter = CallMeter(terms, funds, ports.money, self.post, self._stale_proof_ms)
        self.room = Room(
            facts.id, (facts.payer_id, facts.payer_name), (facts.host_id, facts.host_name),
            voice_only=facts.media == "voice", ports=ports.room, post=self.post,
        )  # fmt: skip
        self._chat = Chat(self.room, ports.room, ports.chat, self.post)
        self.state: CallState = "ringing"
        self.ending: Ending | None = None
        self.over = asyncio.Event()
        """Set when the call has ended; it may still wait for its settlement."""
        self.finished = False
        self._deadlines = Deadlines(self.room, self._options, self._clock.now_ms())
        self.telling = Telling(self.room, self.view, self.meter_view)

    # -- from outside: synchronous -------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to ring."""
        self._ports.room.supervisor.spawn(f"call:{self.facts.id}", self._run())
        self._alarm.set(self._next_ms())

    def post(self, event: Event) -> bool:
        """Put a fact into the inbox, stamped now. False when it was not taken: finished, or a flood."""
        return not self.finished and self._inbox.put(event)

    def claim(self, now_ms: int) -> int | None:
        """Up to where the heartbeat may claim this call's usage; None while nothing can be used of it."""
        due_ms = self._alarm.when_ms
        overdue_ms = due_ms if due_ms is not None and due_ms <= now_ms else None
        claim_ms = self._meter.claimable_ms(self.room.proof_ms(), overdue_ms)
        if claim_ms is None:
            return None
        # What lies in the inbox happened already and may end the interval where it is stamped.
        first_ms = self._inbox.first_ms()
        return claim_ms if first_ms is None else min(claim_ms, first_ms)

    def view(self, role: Role = "payer") -> CallView:
        """The call as `role` sees it."""
        return self.facts.view(self.state, self.ending.reason if self.ending else "", role)

    def meter_view(self, role: Role = "payer") -> MeterView:
        """The meter as `role` sees it."""
        reading = self._meter.reading(self._clock.now_ms())
        return meter_view(
            self.facts, reading, CallFunds(self._meter.funds_minor, self._meter.cap_minor), role
        )

    def incoming(self) -> IncomingCall:
        """The call as it rings at the host."""
        left_ms = self._deadlines.ring_left_ms(self._clock.now_ms())
        tariff = tariff_view(self.facts.tariff)
        return IncomingCall(self.facts.id, self.facts.payer_name, self.facts.media, tariff, left_ms)

    def _ring(self) -> None:
        self.post(Rang())

    # -- the task ------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while not self.finished:
            await self._inbox.wait()
            for at_ms, event in self._inbox.take():
                try:
                    self._handle(event, at_ms)
                except Exception as error:  # noqa: BLE001 - a fault ends this call, not the others
                    self._fail(event, at_ms, error)
            self._after()

    def _after(self) -> None:
        self.telling.changes()
        self._alarm.set(self._next_ms())

    def _fail(self, event: Event, at_ms: int, error: Exception) -> None:
        self._ports.money.metrics.count("task_crashes", task="call")
        log.error("call_fault", call=self.facts.id, event_type=type(event).__name__, exc_info=error)
        try:
            self._end("shutdown", at_ms)
        except Exception:
            # Then nothing settles it before the next start; but it shall not go on for nothing.
            log.exception("call_fault_at_end", call=self.facts.id)
            self.post(Settled(None))

    def _handle(self, event: Event, at_ms: int) -> None:
        match event:
            case Joined() | Said() | Dropped() | Accepted() | Declined():
                self._handle_people(event, at_ms)
            case Answered():
                self._turned(self.room.answered(event), at_ms)
            case PeerConnected() | PeerInterrupted() | PeerGone() | TracksChanged():
                self._turned(self.room.peer_event(event), at_ms)
                self.telling.room_changed()
            case GrantAnswered() | WalletChanged() | TipGiven() | BooksOverflowed() | Settled():
                self._handle_money(event, at_ms)
            case ChatKept():
                self._chat.kept(event)
            case Rang():
                self._rang(at_ms)
            case EndAsked(reason):
                self._end(reason, at_ms)

    def _handle_people(self, event: FromPeople, at_ms: int) -> None:
        match event:
            case Joined():
                self._joined(event)
            case Said(connection, message):
                participant = self.room.of_connection(connection)
                refused = Refused.of("call.ended") if participant and self.state == "ended" else None
                if participant is not None and refused is None:
                    refused = self._said(participant, message, at_ms)
                if refused is not None:
                    self.telling.refuse(connection, refused, message)
            case Dropped(connection, clean):
                if self.room.drop(connection, clean=clean) is self.room.payer:
                    self._deadlines.caller_left(at_ms)
                self.telling.room_changed()
            case Accepted(page):
                self._accept(page, at_ms)
            case Declined(page, note, to_line):
                if self._may_answer(page):
                    self._end("passed" if to_line else "declined", at_ms, note)

    def _handle_money(self, event: FromMoney, at_ms: int) -> None:
        match event:
            case GrantAnswered(answer):
                self._obey(self._meter.granted(answer, at_ms), at_ms)
            case WalletChanged():
                self._obey(self._meter.funds_arrived(at_ms), at_ms)
            case TipGiven(minor, currency):
                self.telling.tipped(minor, currency)
            case BooksOverflowed():
                self._end("ledger_silent", at_ms)
            case Settled():
                self._settled(event, at_ms)

    # -- people --------------------------------------------------------------------------------------------

    def _joined(self, event: Joined) -> None:
        connection, role = event.connection, event.claims.role
        if self.telling.ended and self.ending is not None:
            self.telling.turn_away(connection, self._ended_message(self.ending, role))
            return
        participant = self.room.join(event.claims, connection)
        if isinstance(participant, Refused):
            self.telling.turn_away(connection, ErrorMessage(participant.code, participant.message))
        else:
            self.telling.welcome(participant, connection)
            self._chat.welcome(participant)

    def _said(self, participant: Participant, message: CallClientMessage, at_ms: int) -> Refused | None:
        match message:
            case OfferMessage():
                turn = self.room.offer(participant, message)
                if isinstance(turn, Refused):
                    return turn
                self._turned(turn, at_ms)
            case StateMessage():
                participant.devices = message
            case LeaveMessage():
                self._left(participant, at_ms)
            case PauseMessage() | ResumeMessage():
                return self._paused(participant, message, at_ms)
            case CapMessage() | GiftMessage():
                return self._decided(participant, message, at_ms)
            case ChatMessage():
                is_open = self.state == "open"
                return self._chat.said(participant, message) if is_open else Refused.of("call.not_open")
        self.telling.room_changed()
        return None

    def _paused(
        self, participant: Participant, message: PauseMessage | ResumeMessage, at_ms: int
    ) -> Refused | None:
        if participant.role == "guest":
            return Refused.of("role.forbidden")
        if self.state != "open":
            return Refused.of("call.not_open")
        match message:
            case PauseMessage(note=note):
                orders = self._meter.pause(participant.role, note, at_ms)
            case ResumeMessage():
                orders = self._meter.tell(Resumed(participant.role), at_ms)
        if isinstance(orders, Refused):
            return orders
        self._obey(orders, at_ms)
        return None

    def _decided(
        self, participant: Participant, message: CapMessage | GiftMessage, at_ms: int
    ) -> Refused | None:
        """The payer's cap, the host's gift."""
        match message:
            case CapMessage(cap_minor=cap_minor) if participant.role == "payer":
                orders = self._meter.cap(cap_minor, at_ms)
            case GiftMessage(ms=gift_ms) if participant.role == "host":
                if self.state != "open":
                    return Refused.of("call.not_open")
                orders = self._meter.gift(gift_ms, at_ms)
            case _:
                return Refused.of("role.forbidden")
        if isinstance(orders, Refused):
            return orders
        self._obey(orders, at_ms)
        self.telling.meter_changed()
        return None

    def _left(self, participant: Participant, at_ms: int) -> None:
        match participant.role:
            case "guest":
                self.room.remove(participant)
            case "payer":
                self._end("cancelled" if self.state == "ringing" else "payer_left", at_ms)
            case "host":
                self._end("host_left", at_ms)

    def _may_answer(self, page: Connection) -> bool:
        if self.state == "ringing":
            return True
        refused = Refused.of("call.taken" if self.state == "open" else "call.ended")
        self.telling.refuse(page, refused)
        return False

    def _accept(self, page: Connection, at_ms: int) -> None:
        if not self._may_answer(page):
            return
        self.state = "open"
        self._deadlines.entered(at_ms)
        log.info("call_accepted", call=self.facts.id)
        self._ports.office.answered(self.facts)
        token, _ = self._ports.tokens.for_call(
            self.facts.id, self.facts.host_id, self.facts.host_name, "host"
        )
        self._ports.pages.accepted(self.facts.host_id, page, self.facts.id, token)
        orders = self._meter.start(at_ms)
        for party in PARTIES:
            if self.room.party(party).peer_state == "up":
                orders += self._meter.tell(MediaUp(party, at_ms), at_ms)
        self._obey(orders, at_ms)
        self.telling.room_changed()
        self.telling.meter_changed()

    # -- media and money -----------------------------------------------------------------------------------

    def _turned(self, turn: MediaTurn | None, at_ms: int) -> None:
        if turn is None or self.state == "ended":
            return
        role = turn.participant.role
        if role == "guest":
            return
        fact = MediaUp(role, turn.at_ms) if turn.up else MediaDown(role, turn.at_ms)
        self._obey(self._meter.tell(fact, at_ms), at_ms)
        self._deadlines.media_changed()

    def _obey(self, orders: list[Order], at_ms: int) -> None:
        for order in orders:
            match order:
                case HoldMedia():
                    self.room.hold()
                case ReleaseMedia():
                    self.room.release()
                case Warn() | Changed():
                    pass
                case CutOff(reason):
                    self._end(reason, at_ms)
            self.telling.meter_changed()

    def _stale_proof_ms(self, at_ms: int) -> int | None:
        """The proof where it is older than media in flow leaves it, so that usage may not count beyond it."""
        proof_ms = self.room.proof_ms()
        fresh = proof_ms is None or at_ms - proof_ms <= self._options.fresh_proof_ms
        return None if fresh else proof_ms

    # -- time ----------------------------------------------------------------------------------------------

    def _next_ms(self) -> int | None:
        """The next instant at which something is due; None when nothing is but what others do."""
        if self.finished or (self.state == "ended" and self.telling.ended):
            return None
        due = [self._deadlines.next_ms(self.state)]
        if self.state == "open":
            due.append(self._meter.deadline())
        return min((instant for instant in due if instant is not None), default=None)

    def _rang(self, at_ms: int) -> None:
        page_there = self._ports.pages.is_there(self.facts.host_id)
        reason = self._deadlines.end_due(self.state, at_ms, page_there=page_there)
        if reason is not None:
            self._end(reason, at_ms)
        elif self.state == "open":
            self._obey(self._meter.ring(at_ms), at_ms)
        elif self.state == "ended" and at_ms >= (self._deadlines.next_ms("ended") or 0):
            self._tell_end()

    # -- the end -------------------------------------------------------------------------------------------

    def _end(self, reason: EndReason, at_ms: int, note: str = "") -> None:
        if self.state == "ended":
            return
        was_ringing = self.state == "ringing"
        proof_ms = self.room.proof_ms()
        self.state = "ended"
        self._deadlines.entered(at_ms)
        self.over.set()
        order = self._meter.end(reason, at_ms, proof_ms)
        self.ending = Ending(reason, note, order, self._meter.funds_minor)
        self.room.close()
        self._ports.money.metrics.count("calls_ended", reason=reason)
        log.info(
            "call_ended", call=self.facts.id, reason=reason, used_ms=order.used_ms, charge=order.charge_minor
        )
        if was_ringing:
            self._ports.office.unanswered(self.facts, reason)
            self._ports.pages.stopped_ringing(self.facts.host_id, self.facts.id, reason)
        else:
            self._ports.office.call_over(self.facts)
        self._ports.pages.refresh(self.facts.host_id)
        self.telling.room_changed()
        self.telling.meter_changed()

    def _settled(self, event: Settled, at_ms: int) -> None:
        if self.state != "ended":
            # The books failed while the call was open. It cannot be metered, so it cannot go on.
            self._end("shutdown", at_ms)
            return
        if self.ending is not None:
            self.ending = replace(self.ending, account=event.account)
        self._tell_end()
        self.room.close()
        self.finished = True
        self._ports.on_settled(self)

    def _tell_end(self) -> None:
        ending = self.ending
        if ending is not None:
            self.telling.end(lambda role: self._ended_message(ending, role))

    def _ended_message(self, ending: Ending, role: Role) -> EndedMessage:
        receipt = self._options.receipt_path.format(call_id=self.facts.id)
        return ended_message(self.facts, ending, role, receipt)
