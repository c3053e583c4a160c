"""The desk: where calls are made, found, joined and ended. What server and gateway see of signaling.

One host has one call at a time, ringing or open; a payer may have several, on one wallet. A call is known
here from its creation until it is settled, and its last view for some time after.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog

from booking.waiting import Talk
from media.engine import MediaEngine
from metering.facts import CallMedia, CallTerms
from metering.ledger import Ledger

from .actor import CallActor
from .alarms import Alarms
from .chat import MemoryChat
from .clock import Clock, iso
from .errors import Refused
from .events import Accepted, Connection, Declined, Dropped, EndAsked, Joined, Said, TipGiven, WalletChanged
from .messages import (
    AcceptMessage,
    CallClientMessage,
    CallView,
    DeclineMessage,
    EndReason,
    MeterState,
    MeterWhy,
    PresenceClientMessage,
    Role,
    StoppingMessage,
)
from .metrics import Metrics, NoMetrics
from .opening import Opening
from .options import SignalingOptions
from .people import Host, Person
from .ports import CallOffice, CallPorts, ChatRecords, MoneyPorts, OpenOffice, RoomPorts
from .presence import HostCalls, Presence
from .supervisor import Supervisor, within
from .tokens import JoinClaims, JoinTokens
from .views import CallFacts, CallFunds
from .watch import HostWatch

log = structlog.get_logger("signaling.desk")


@dataclass(frozen=True, slots=True)
class LiveView:
    """A call that rings, is open or is being settled, for the operator."""

    call: CallView
    meter_state: MeterState
    meter_why: MeterWhy
    used_ms: int
    charge_minor: int


class CallDesk:
    """See the module. `on_fenced` is called when another process took this node's calls over: stop."""

    def __init__(
        self, clock: Clock, media: MediaEngine, ledger: Ledger, tokens: JoinTokens, supervisor: Supervisor,
        options: SignalingOptions | None = None, metrics: Metrics | None = None,
        on_fenced: Callable[[], None] = lambda: None,
        on_low: Callable[[str, str, int], None] = lambda _wallet, _call, _left_ms: None,
        office: CallOffice | None = None, chat: ChatRecords | None = None,
    ) -> None:  # fmt: skip
        self.clock, self.ledger, self.supervisor = clock, ledger, supervisor
        self.options = options or SignalingOptions()
        self.metrics = metrics or NoMetrics()
        self._tokens = tokens
        self.watch = HostWatch()
        self._office = office or OpenOffice()
        self.presence = Presence(clock, self.options, self._calls_of_host, self.watch)
        self._ports = CallPorts(
            RoomPorts(clock, media, supervisor, self.options),
            MoneyPorts(clock, ledger, supervisor, self.options, self.metrics, on_fenced, on_low),
            Alarms(clock), tokens, self.presence, self._office, chat or MemoryChat(), self._on_settled,
        )  # fmt: skip
        self._open_account = Opening(self._ports.money)
        self._calls: dict[str, CallActor] = {}
        self._by_host: dict[str, str] = {}
        self._opening: dict[str, asyncio.Task[CallView | Refused]] = {}
        self._ended: OrderedDict[str, tuple[CallFacts, LiveView]] = OrderedDict()
        self._stopping = False
        self._quiet = asyncio.Event()

    # -- making calls --------------------------------------------------------------------------------------

    async def create(
        self, call_id: str, payer: Person, host: Host, media: CallMedia, cap_minor: int | None = None
    ) -> CallView | Refused:
        """Make a call that rings at the host. A retry with the same id and contents gets the same call.

        Refusals: server.stopping, call.self, call.exists, call.ended, host.offline, host.busy,
        wallet.unknown, wallet.currency, wallet.insufficient, cap.too_low, server.unavailable.
        """
        opening = self._opening.get(call_id)
        if opening is not None:
            # The same request again while the first is on its way: wait for that one, then look.
            await asyncio.wait([opening])
        known = self._known(call_id, payer, host, media)
        if known is not None:
            return known
        refused = self._cannot_ring(payer, host)
        if refused is not None:
            return refused
        self._by_host[host.id] = call_id
        self._office.rings(payer.id, host.id, call_id)
        self.watch.changed(host.id)
        task = self.supervisor.spawn(f"open:{call_id}", self._open(call_id, payer, host, media, cap_minor))
        self._opening[call_id] = task
        try:
            # Shielded: a caller who hangs up on the request must not leave a half-opened call behind.
            return await asyncio.shield(task)
        finally:
            task.add_done_callback(lambda _: self._opening.pop(call_id, None))

    def _known(self, call_id: str, payer: Person, host: Host, media: CallMedia) -> CallView | Refused | None:
        actor = self._calls.get(call_id)
        facts = (
            actor.facts if actor is not None else self._ended[call_id][0] if call_id in self._ended else None
        )
        if facts is None:
            return None
        same = (facts.payer_id, facts.host_id, facts.media) == (payer.id, host.id, media)
        return self.view(call_id) if same else Refused.of("call.exists")

    def _cannot_ring(self, payer: Person, host: Host) -> Refused | None:
        if self._stopping:
            return Refused.of("server.stopping")
        if payer.id == host.id:
            return Refused.of("call.self")
        if self.busy(host.id):
            return Refused.of("host.busy")
        if not self.online(host.id):
            return Refused.of("host.offline")
        return self._office.may_ring(payer.id, host.id)

    async def _open(
        self, call_id: str, payer: Person, host: Host, media: CallMedia, cap_minor: int | None
    ) -> CallView | Refused:
        created_at = iso(self.clock.wall())
        terms = CallTerms(
            call_id, payer.wallet_id, host.id, payer.name, host.name, host.tariff, created_at, media
        )
        try:
            funds = await self._open_account.open(terms, cap_minor)
        except BaseException:
            self._office.not_made(host.id, call_id)
            self._free_host(host.id, call_id)
            raise
        if isinstance(funds, Refused):
            self._office.not_made(host.id, call_id)
            self._free_host(host.id, call_id)
            return funds
        facts = CallFacts(
            id=call_id, media=media, created_at=created_at, tariff=host.tariff,
            payer_id=payer.id, payer_name=payer.name, wallet_id=payer.wallet_id,
            host_id=host.id, host_name=host.name, host_slug=host.slug,
        )  # fmt: skip
        actor = CallActor(facts, terms, CallFunds(funds, cap_minor), self._ports)
        self._calls[call_id] = actor
        self._quiet.clear()
        actor.start()
        if self._stopping:
            actor.post(EndAsked("shutdown"))
        self.metrics.count("calls_opened")
        log.info("call_opened", call=call_id, host=host.id, media=media)
        self.presence.refresh(host.id)
        return actor.view()

    # -- looking -------------------------------------------------------------------------------------------

    def view(self, call_id: str) -> CallView | None:
        """The call as its payer and host see it; None when it is not known (any more): ask the ledger."""
        live = self._look(call_id)
        return None if live is None else live.call

    def figures(self, call_id: str) -> tuple[int, int]:
        """The usage in ms and the charge in minor units of a call for which `view` gave something."""
        live = self._look(call_id)
        return (0, 0) if live is None else (live.used_ms, live.charge_minor)

    def parties(self, call_id: str) -> tuple[str, str] | None:
        """The ids of payer and host; None when the call is not known (any more)."""
        actor = self._calls.get(call_id)
        if actor is not None:
            return actor.facts.payer_id, actor.facts.host_id
        ended = self._ended.get(call_id)
        return None if ended is None else (ended[0].payer_id, ended[0].host_id)

    def live(self) -> list[LiveView]:
        """Every call that rings, is open or is being settled."""
        return [_live(actor) for actor in self._calls.values()]

    def hosts_online(self) -> int:
        """How many hosts have a page open."""
        return self.presence.count()

    def _look(self, call_id: str) -> LiveView | None:
        actor = self._calls.get(call_id)
        if actor is not None:
            return _live(actor)
        ended = self._ended.get(call_id)
        return None if ended is None else ended[1]

    def online(self, host_id: str) -> bool:
        """Whether the host can be called."""
        return self.presence.is_online(host_id)

    def busy(self, host_id: str) -> bool:
        """Whether a call rings or is open at the host."""
        return host_id in self._by_host

    def claims(self, now_ms: int) -> Iterator[tuple[str, int]]:
        """For the heartbeat: up to where each call's usage is proven, running or not (call id, ms)."""
        for call_id, actor in list(self._calls.items()):
            claim_ms = actor.claim(now_ms)
            if claim_ms is not None:
                yield call_id, claim_ms

    def quality_looks(self) -> Iterator[Callable[[int], None]]:
        """For each open call, what tells its sides of their connections."""
        return (actor.room.tell_quality for actor in self._calls.values() if actor.state == "open")

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def stopping(self) -> bool:
        """Whether the desk refuses new calls and connections."""
        return self._stopping

    # -- tokens --------------------------------------------------------------------------------------------

    def join_token(self, call_id: str, person_id: str, role: Role | None = None) -> tuple[str, str] | Refused:
        """A token for payer or host, and when it expires. `role`: insist on it; None: whichever they are.

        Refusals: call.unknown, call.ended, call.not_yours, call.ringing (a host has to accept first).
        """
        actor = self._open_actor(call_id)
        if isinstance(actor, Refused):
            return actor
        facts = actor.facts
        if person_id == facts.payer_id and role in (None, "payer"):
            return self._tokens.for_call(call_id, person_id, facts.payer_name, "payer")
        if person_id == facts.host_id and role in (None, "host"):
            if actor.state == "ringing":
                return Refused.of("call.ringing")
            return self._tokens.for_call(call_id, person_id, facts.host_name, "host")
        return Refused.of("call.not_yours")

    def guest_token(self, call_id: str, guest_id: str, name: str) -> tuple[str, str] | Refused:
        """A token for an invited guest; the same `guest_id` is the same guest.

        Refusals: call.unknown, call.ended, call.not_yours (payer or host as guest), room.full.
        """
        actor = self._open_actor(call_id)
        if isinstance(actor, Refused):
            return actor
        if guest_id in (actor.facts.payer_id, actor.facts.host_id):
            return Refused.of("call.not_yours")
        if not actor.room.has_place_for(guest_id):
            return Refused.of("room.full")
        return self._tokens.for_call(call_id, guest_id, name, "guest")

    def presence_token(self, host_id: str) -> tuple[str, str]:
        """A token for one connection of the host's page, and when it expires."""
        return self._tokens.for_presence(host_id)

    def line_token(self, place_id: str, client_id: str) -> tuple[str, str]:
        """A token for one connection of a page that waits in a line, and when it expires."""
        return self._tokens.for_line(place_id, client_id)

    def _open_actor(self, call_id: str) -> CallActor | Refused:
        actor = self._calls.get(call_id)
        if actor is None:
            return Refused.of("call.ended" if call_id in self._ended else "call.unknown")
        return Refused.of("call.ended") if actor.state == "ended" else actor

    # -- what happens --------------------------------------------------------------------------------------

    async def end(self, call_id: str, reason: EndReason) -> bool:
        """End a call from outside (the operator); it has ended on return. False when it is not there."""
        actor = self._calls.get(call_id)
        if actor is None:
            return False
        actor.post(EndAsked(reason))
        await actor.over.wait()
        return True

    def funds_arrived(self, wallet_id: str) -> None:
        """The wallet was topped up, or a call gave back its hold: its calls may go on."""
        for actor in self._calls.values():
            if actor.facts.wallet_id == wallet_id:
                actor.post(WalletChanged())
        self._office.funds_arrived(wallet_id)

    def tipped(self, call_id: str, host_minor: int, currency: str) -> None:
        """A tip is in the books: the host's page shows it, if the call goes on."""
        actor = self._calls.get(call_id)
        if actor is not None:
            actor.post(TipGiven(host_minor, currency))

    def may_join(self, claims: JoinClaims) -> Refused | None:
        """Whether a connection with these claims may come in now. Refusals as `join`."""
        if self._stopping:
            return Refused.of("server.stopping")
        actor = self._open_actor(claims.call)
        if isinstance(actor, Refused):
            return actor
        if claims.role == "guest" and not actor.room.has_place_for(claims.person):
            return Refused.of("room.full")
        return None

    def join(self, claims: JoinClaims, connection: Connection) -> Refused | None:
        """A connection with a good token. Refusals: server.stopping, call.unknown, call.ended, room.full."""
        refused = self.may_join(claims)
        if refused is None:
            self._calls[claims.call].post(Joined(claims, connection))
        return refused

    def said(self, call_id: str, connection: Connection, message: CallClientMessage) -> Refused | None:
        """A message of a participant. Refusals: call.ended, rate.limited."""
        actor = self._calls.get(call_id)
        if actor is None:
            return Refused.of("call.ended")
        return None if actor.post(Said(connection, message)) else Refused.of("rate.limited")

    def dropped(self, call_id: str, connection: Connection, *, clean: bool) -> None:
        """A participant's connection is gone; `clean` when its transport was closed."""
        actor = self._calls.get(call_id)
        if actor is not None:
            actor.post(Dropped(connection, clean))

    def page_joined(self, host_id: str, page: Connection) -> Refused | None:
        """A host's page with a good token. Refusal: server.stopping."""
        if self._stopping:
            return Refused.of("server.stopping")
        self.presence.join(host_id, page)
        return None

    def page_said(self, host_id: str, page: Connection, message: PresenceClientMessage) -> Refused | None:
        """A message of a host's page. Refusals: call.unknown, call.ended, call.not_yours."""
        actor = self._calls.get(message.call)
        if actor is None:
            return Refused.of("call.ended" if message.call in self._ended else "call.unknown")
        if actor.facts.host_id != host_id:
            return Refused.of("call.not_yours")
        match message:
            case AcceptMessage():
                actor.post(Accepted(page))
            case DeclineMessage(note=note, to_line=to_line):
                actor.post(Declined(page, note, to_line))
        return None

    def page_dropped(self, host_id: str, page: Connection) -> None:
        """A host's page is gone."""
        self.presence.drop(host_id, page)

    # -- the end -------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Refuse new calls, tell everybody, end and settle every call. See docs/closing.md. Idempotent."""
        self._stopping = True
        message = StoppingMessage(self.options.node_retry_ms)
        self.presence.tell_all(message)
        self._office.stopping()
        for actor in list(self._calls.values()):
            actor.telling.stopping(message)
            actor.post(EndAsked("shutdown"))
        if self._opening:
            await asyncio.wait(list(self._opening.values()), timeout=self.options.closing_ms / 1000)
        if self._calls:
            try:
                await within(self.clock, self.options.closing_ms, self._quiet.wait())
            except TimeoutError:
                # Their money is safe: recovery settles them at the next start.
                log.warning("calls_unsettled", calls=sorted(self._calls))

    def _calls_of_host(self, host_id: str) -> HostCalls:
        line, office = self._office.host_view(host_id)
        actor = self._calls.get(self._by_host.get(host_id, ""))
        if actor is None or actor.state == "ended":
            return HostCalls([], None, line, office)
        if actor.state == "ringing":
            return HostCalls([actor.incoming()], None, line, office)
        return HostCalls([], actor.facts.id, line, office)

    def talk(self, host_id: str) -> Talk | None:
        """The call that goes on at the host: how long it was metered, and what the payer can still pay."""
        actor = self._calls.get(self._by_host.get(host_id, ""))
        if actor is None or actor.state != "open":
            return None
        meter = actor.meter_view()
        return Talk(meter.used_ms, meter.left_ms)

    def _on_settled(self, actor: CallActor) -> None:
        facts = actor.facts
        self._calls.pop(facts.id, None)
        self._free_host(facts.host_id, facts.id)
        self._ended[facts.id] = (facts, _live(actor))
        while len(self._ended) > self.options.keep_ended:
            self._ended.popitem(last=False)
        # Its hold went back to the wallet, where another call may be waiting for it.
        self.funds_arrived(facts.wallet_id)
        if not self._calls:
            self._quiet.set()

    def _free_host(self, host_id: str, call_id: str) -> None:
        if self._by_host.get(host_id) == call_id:
            del self._by_host[host_id]
            self.watch.changed(host_id)


def _live(actor: CallActor) -> LiveView:
    call, meter = actor.view(), actor.meter_view()
    used_ms, charge_minor = meter.used_ms, meter.charge_minor
    if actor.ending is not None:
        used_ms, charge_minor = actor.ending.used_ms, actor.ending.charge_minor
    return LiveView(call, meter.state, meter.why, used_ms, charge_minor)
