"""The office of every host: when it takes calls, and the line before it. Between `booking` and the desk.

The desk asks before a call rings and tells what became of it; everything else the office sees for itself when
something about a host changes. `attach` it to the desk, `load` it before anybody is served.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, Protocol

import structlog

from booking.line import (
    Answered,
    HostIs,
    Joined,
    Left,
    LineOptions,
    NotAnswered,
    Place,
    PlaceEnd,
    Rings,
    Told,
    Unanswered,
)
from booking.people import Person, Rate
from metering.facts import CallMedia
from metering.ledger import Ledger
from storage.errors import StorageError

from .alarms import Alarms
from .clock import Clock, iso
from .errors import Refused
from .events import Connection
from .forecast import Forecast
from .line_records import LineBooks, LineRecords
from .messages import EndReason, OfficeView, PlaceView, StoppingMessage, WaitingCaller
from .reach import AvailabilityRecords, Reach
from .supervisor import Supervisor
from .tokens import LineClaims
from .views import CallFacts
from .waiting_room import HostFace, HostLive, WaitingRoom, ended_view

if TYPE_CHECKING:
    from .desk import CallDesk

log = structlog.get_logger("signaling.office")

MAX_LINES_OF_ONE = 3
MAX_ENDED = 500
UNATTENDED: Final = timedelta(minutes=5)
"""A host who did not answer somebody out of the line is not asked again and again."""
_UNANSWERED: Final[dict[str, Unanswered]] = {
    "declined": "declined",
    "passed": "passed",
    "no_answer": "no_answer",
    "host_offline": "no_answer",
    "cancelled": "caller_gone",
}


class CallBack(Protocol):
    """Fetches a caller who left the page (server.callback)."""

    async def call_back(self, place: Place, host: HostFace, until: datetime) -> bool:
        """It is this caller's turn until then; tell them. True: that they will be told is durable."""


class People(Protocol):
    """Profiles (booking.store)."""

    async def get(self, person_id: str) -> Person | None:
        """The person, or None."""


@dataclass(frozen=True, slots=True)
class OfficeStores:
    """What an office reads and writes."""

    availability: AvailabilityRecords
    lines: LineBooks
    people: People
    ledger: Ledger


class Office:
    """See the module. Implements `signaling.ports.CallOffice` and `waiting_room.Surroundings`."""

    def __init__(
        self, clock: Clock, supervisor: Supervisor, stores: OfficeStores, back: CallBack | None = None,
        options: LineOptions | None = None,
    ) -> None:  # fmt: skip
        self._clock, self._supervisor, self._stores, self._back = clock, supervisor, stores, back
        self._options = options or LineOptions()
        self.reach = Reach(clock, supervisor, stores.availability, self._reach_changed)
        self._forecast = Forecast(clock, stores.ledger, supervisor, self._forecast_changed)
        self._records = LineRecords(clock, supervisor)
        self._alarms = Alarms(clock)
        self._rooms: dict[str, WaitingRoom] = {}
        self._places: dict[str, tuple[str, str]] = {}
        """Place → (host, client)."""
        self._ended: OrderedDict[str, tuple[Place, PlaceEnd]] = OrderedDict()
        """The last places that ended: how is told before it is durable."""
        self._joining: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._desk: CallDesk | None = None

    def attach(self, desk: CallDesk) -> None:
        """Know the desk whose hosts these are."""
        self._desk = desk
        desk.watch.watch_all(self._look)

    async def load(self) -> None:
        """Read what is kept. Everybody who waited waits on, in the same order and at the same price."""
        await self.reach.load()
        now_ms = self._wall_ms()
        for place in await self._stores.lines.waiting():
            host = await self._stores.people.get(place.host_id)
            if host is not None:
                self._enter(face_of(host), Joined(place, kept_ms=max(0, now_ms - place.joined_ms)))

    async def close(self, ms: int) -> None:
        """Wait until what happened is written, but no longer than `ms`."""
        await self._records.close(ms)

    # -- for callers ---------------------------------------------------------------------------------------

    async def join(
        self, client: Person, host: Person, media: Literal["video", "voice"], wish: str, rate: Rate
    ) -> PlaceView | Refused:  # fmt: skip
        """Take a place in the line, or keep the one there is: a second tab, a retry. Durable on return.

        Refusals: server.stopping, call.self, wallet.currency, host.offline, line.full, line.many.
        """
        key = (host.id, client.id)
        if key in self._joining:
            await asyncio.wait([self._joining[key]])
        mine = self.place_of(client.id, host.id)
        if mine is not None:
            return mine
        refused = self._cannot_join(client, host)
        if refused is not None:
            return refused
        place = self._new_place(client.id, client.name, host.id, media, wish, rate)
        task = self._supervisor.spawn(f"join:{place.id}", self._keep_and_enter(face_of(host), Joined(place)))
        self._joining[key] = task
        try:
            # Shielded: who hangs up on the request must not leave a place behind that is only on disk.
            await asyncio.shield(task)
        finally:
            task.add_done_callback(lambda _: self._joining.pop(key, None))
        return self.place_of(client.id, host.id) or Refused.of("line.unknown")

    def _cannot_join(self, client: Person, host: Person) -> Refused | None:
        if self._stopping():
            return Refused.of("server.stopping")
        room = self._rooms.get(host.id)
        obstacles = {
            "call.self": client.id == host.id,
            "wallet.currency": client.currency != host.currency,
            "host.offline": self._is_away(host.id),
            "line.full": room is not None and len(room) >= self._options.max_places,
            "line.many": sum(owner == client.id for _, owner in self._places.values()) >= MAX_LINES_OF_ONE,
        }
        return next((Refused.of(code) for code, is_so in obstacles.items() if is_so), None)

    def leave(self, place_id: str, client_id: str) -> None:
        """Give the place up. Nothing happens when there is none."""
        host_id, owner = self._places.get(place_id, ("", ""))
        if owner == client_id:
            self._rooms[host_id].tell(Left(client_id))

    def places(self, client_id: str) -> list[PlaceView]:
        """Every place that this client has, in whatever line."""
        mine = [host_id for host_id, owner in self._places.values() if owner == client_id]
        views = (self.place_of(client_id, host_id) for host_id in mine)
        return [view for view in views if view is not None]

    def place_of(self, client_id: str, host_id: str) -> PlaceView | None:
        """The client's place in this host's line."""
        room = self._rooms.get(host_id)
        standing = room.line.of_client(client_id) if room is not None else None
        return None if room is None or standing is None else room.view(standing)

    async def place(self, place_id: str, client_id: str) -> PlaceView | Refused:
        """A place, or how it ended. Refusal: line.unknown, also for somebody else's."""
        host_id, owner = self._places.get(place_id, ("", ""))
        view = self.place_of(client_id, host_id) if owner == client_id else None
        if view is not None:
            return view
        found = self._ended.get(place_id) or await self._stores.lines.find(place_id)
        place, why = found or (None, None)
        if place is None or why is None or place.client_id != client_id:
            return Refused.of("line.unknown")
        host = await self._stores.people.get(place.host_id)
        face = face_of(host) if host is not None else HostFace(place.host_id, "", "")
        return ended_view(face, place, why)

    def locked_rate(
        self, client_id: str, host_id: str, call_id: str, media: CallMedia, *, chooses: bool
    ) -> Rate | None:
        """The price this client was promised on joining the host's line; None: the present one.

        `chooses`: the caller names an offer; then only the call of the turn itself has the promised price.
        Who waits for a voice call was promised nothing for one by video.
        """
        mine = self.place_of(client_id, host_id)
        if mine is None or (chooses and mine.call != call_id) or (media, mine.media) == ("video", "voice"):
            return None
        standing = self._rooms[host_id].line.of_client(client_id)
        return None if standing is None else standing.place.rate

    # -- pages in the line ---------------------------------------------------------------------------------

    def page_joined(self, claims: LineClaims, page: Connection) -> Refused | None:
        """A page of somebody in a line. Refusals: server.stopping, line.unknown (it may have ended)."""
        if self._stopping():
            return Refused.of("server.stopping")
        host_id, owner = self._places.get(claims.place, ("", ""))
        if owner != claims.person:
            return Refused.of("line.unknown")
        self._forecast.look_into(claims.person, host_id)
        self._rooms[host_id].join(claims.person, page)
        return None

    def page_dropped(self, claims: LineClaims, page: Connection) -> None:
        """A page is gone."""
        host_id, _ = self._places.get(claims.place, ("", ""))
        if host_id:
            self._rooms[host_id].drop(claims.person, page)

    # -- for calls -----------------------------------------------------------------------------------------

    def may_ring(self, payer_id: str, host_id: str) -> Refused | None:
        """See `CallOffice`."""
        match self.reach.state(host_id):
            case "closed":
                return Refused.of("host.offline")
            case "paused":
                return Refused.of("host.paused")
            case "open":
                room = self._rooms.get(host_id)
                is_mine = room is None or room.line.may_ring(payer_id)
                return None if is_mine else Refused.of("host.busy")

    def rings(self, payer_id: str, host_id: str, call_id: str) -> None:
        """See `CallOffice`."""
        if host_id in self._rooms:
            self._rooms[host_id].tell(Rings(payer_id, call_id))

    def not_made(self, host_id: str, call_id: str) -> None:
        """See `CallOffice`."""
        if host_id in self._rooms:
            self._rooms[host_id].tell(NotAnswered(call_id, "not_made"))

    def answered(self, facts: CallFacts) -> None:
        """See `CallOffice`."""
        if facts.host_id in self._rooms:
            self._rooms[facts.host_id].tell(Answered(facts.id))

    def unanswered(self, facts: CallFacts, reason: EndReason) -> None:
        """See `CallOffice`."""
        room = self._rooms.get(facts.host_id)
        turn = room.line.turn() if room is not None else None
        if room is not None and turn is not None and turn.call_id == facts.id:
            if reason == "no_answer":
                now = self._clock.wall()
                self.reach.change_soon(facts.host_id, lambda value: value.paused(now, UNATTENDED))
            room.tell(NotAnswered(facts.id, _UNANSWERED.get(reason, "interrupted")))
        elif reason == "passed":
            self._take_in(facts)

    def call_over(self, facts: CallFacts) -> None:
        """See `CallOffice`."""
        now = self._clock.wall()
        self.reach.change_soon(facts.host_id, lambda value: value.after_call(now))

    def funds_arrived(self, wallet_id: str) -> None:
        """See `CallOffice`."""
        for host_id, client_id in list(self._places.values()):
            if client_id == wallet_id:
                self._forecast.look_into(wallet_id, host_id)

    def stopping(self) -> None:
        """See `CallOffice`."""
        if self._desk is not None:
            for room in self._rooms.values():
                room.tell_all(StoppingMessage(self._desk.options.node_retry_ms))

    def _take_in(self, facts: CallFacts) -> None:
        """The host passed a call into the line whose caller had no place there yet."""
        tariff = facts.tariff
        rate = Rate(
            tariff.currency, tariff.price_minor, tariff.per_ms, tariff.increment_ms, tariff.minimum_ms,
            tariff.free_ms,
        )  # fmt: skip
        place = self._new_place(facts.payer_id, facts.payer_name, facts.host_id, facts.media, "", rate)
        face = HostFace(facts.host_id, facts.host_name, facts.host_slug)
        joined = Joined(place, resting=True)
        # At once, and written behind: the caller hears `passed` now and may look for the place.
        self._enter(face, joined)
        self._records.put(lambda: self._stores.lines.put(place))

    # -- for the host --------------------------------------------------------------------------------------

    def host_view(self, host_id: str) -> tuple[list[WaitingCaller], OfficeView | None]:
        """See `CallOffice`."""
        room = self._rooms.get(host_id)
        callers = [] if room is None else room.callers(_joined_at)
        return callers, self.reach.view(host_id)

    def live(self, host_id: str) -> HostLive:
        """Whether the host can be called at this instant, and the waits."""
        desk, room = self._desk, self._rooms.get(host_id)
        if desk is None or self._stopping() or self._is_away(host_id):
            return HostLive("away", self.reach.back_at(host_id), [0] * (self.line_length(host_id) + 1))
        state = self.reach.state(host_id)
        # Whoever sleeps is stepped over: positions do not count them, and neither do waits.
        awake = [] if room is None else [each for each in room.line.in_order() if not each.asleep]
        line = [(each.place.client_id, each.place.rate) for each in awake]
        waits = self._forecast.waits(host_id, desk.talk(host_id), line)
        if state == "paused":
            back_in_ms = self.reach.back_in_ms(host_id)
            return HostLive("paused", self.reach.back_at(host_id), [max(back_in_ms, wait) for wait in waits])
        busy = desk.busy(host_id) or (room is not None and room.line.turn() is not None)
        return HostLive("busy" if busy else "available", "", waits)

    def line_length(self, host_id: str) -> int:
        """How many wait for this host."""
        room = self._rooms.get(host_id)
        return 0 if room is None else len(room)

    # -- for waiting rooms ---------------------------------------------------------------------------------

    def call_back(self, place: Place, left_ms: int) -> None:
        """See `Surroundings`."""
        if self._back is not None:
            until = self._clock.wall() + timedelta(milliseconds=left_ms)
            self._supervisor.spawn(f"call_back:{place.id}", self._call_back(self._back, place, until))

    async def _call_back(self, back: CallBack, place: Place, until: datetime) -> None:
        room = self._rooms.get(place.host_id)
        try:
            told = room is not None and await back.call_back(place, room.host, until)
        except StorageError as error:
            log.warning("not_called_back", place=place.id, error=type(error).__name__)
            return
        if told and room is not None:
            room.tell(Told(place.client_id))

    def keep(self, place: Place) -> None:
        """See `Surroundings`."""
        self._records.put(lambda: self._stores.lines.put(place))

    def end(self, place: Place, why: PlaceEnd) -> None:
        """See `Surroundings`."""
        self._places.pop(place.id, None)
        self._ended[place.id] = place, why
        while len(self._ended) > MAX_ENDED:
            self._ended.popitem(last=False)
        at_ms = self._wall_ms()
        self._records.put(lambda: self._stores.lines.end(place.id, why, at_ms))

    def line_changed(self, host_id: str) -> None:
        """See `Surroundings`."""
        if self._desk is not None:
            self._desk.presence.tell_office(host_id)
            self._desk.watch.shown_otherwise(host_id)

    # -- what changed --------------------------------------------------------------------------------------

    def _look(self, host_id: str) -> None:
        desk, room = self._desk, self._rooms.get(host_id)
        if desk is None:
            return
        if desk.busy(host_id) or room is not None:
            self._forecast.look(host_id)
        if room is None:
            return
        away = self._is_away(host_id)
        free = not away and not desk.busy(host_id) and not self._stopping()
        room.tell(HostIs(free and self.reach.state(host_id) == "open", away))
        room.show()
        if len(room) == 0:
            del self._rooms[host_id]

    def _reach_changed(self, host_id: str) -> None:
        if self._desk is not None:
            self._desk.presence.refresh(host_id)

    def _forecast_changed(self, host_id: str) -> None:
        room = self._rooms.get(host_id)
        if room is not None:
            room.show()
        if self._desk is not None:
            self._desk.watch.shown_otherwise(host_id)

    def _is_away(self, host_id: str) -> bool:
        return self._desk is None or not self._desk.online(host_id) or self.reach.state(host_id) == "closed"

    def _stopping(self) -> bool:
        return self._desk is None or self._desk.stopping

    # -- places --------------------------------------------------------------------------------------------

    def _new_place(
        self, client_id: str, name: str, host_id: str, media: Literal["video", "voice"], wish: str, rate: Rate
    ) -> Place:
        room = self._rooms.get(host_id)
        numbers = [] if room is None else [each.place.number for each in room.line.standings]
        # By the wall clock, so that the order of joining is the order after a restart too.
        number = max([self._wall_ms(), *(each + 1 for each in numbers)])
        return Place(
            secrets.token_urlsafe(12), host_id, client_id, name, media, wish, rate, number, self._wall_ms()
        )

    async def _keep_and_enter(self, face: HostFace, joined: Joined) -> None:
        await self._stores.lines.put(joined.place)
        self._enter(face, joined)

    def _enter(self, face: HostFace, joined: Joined) -> None:
        place = joined.place
        room = self._rooms.get(face.id)
        if room is None:
            room = self._rooms[face.id] = WaitingRoom(face, self._clock, self._alarms, self, self._options)
        self._places[place.id] = (place.host_id, place.client_id)
        self._forecast.look_into(place.client_id, face.id)
        room.tell(joined)
        self._look(face.id)

    def _wall_ms(self) -> int:
        return round(self._clock.wall().timestamp() * 1000)


def face_of(host: Person) -> HostFace:
    """A host, as those who wait see it."""
    return HostFace(host.id, host.name, host.slug)


def _joined_at(place: Place) -> str:
    return iso(datetime.fromtimestamp(place.joined_ms / 1000, UTC))
