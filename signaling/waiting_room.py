"""The line before one host, with the people in it: their pages, what they are told, and the alarm.

The rules are in `booking.line`; here its orders are carried out. Facts are taken one after the other: a fact
that comes while another is handled (to tell a page may bring the next one about) waits until that is done.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec
import structlog

from booking.line import (
    CallIn,
    Came,
    Changed,
    End,
    Event,
    Fetch,
    Keep,
    Line,
    LineOptions,
    Order,
    Place,
    PlaceEnd,
    Standing,
    Went,
    Woken,
)

from .alarms import Alarms
from .clock import Clock
from .events import Connection
from .forecast import stepped, tariff_of
from .messages import (
    PROTOCOL_VERSION,
    HostState,
    LineServerMessage,
    PlaceMessage,
    PlaceView,
    SupersededMessage,
    WaitingCaller,
)
from .views import tariff_view

log = structlog.get_logger("signaling.line")

MAX_PAGES = 4


@dataclass(frozen=True, slots=True)
class HostFace:
    """The host, as those who wait see it."""

    id: str
    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class HostLive:
    """Whether the host can be called now, and the waits of everybody in the line and of a newcomer."""

    state: HostState
    back_at: str
    waits_ms: list[int]


class Surroundings(Protocol):
    """What a waiting room needs of the office."""

    def live(self, host_id: str) -> HostLive:
        """The host now."""

    def call_back(self, place: Place, left_ms: int) -> None:
        """It is this caller's turn for that long, and no page of theirs is open."""

    def keep(self, place: Place) -> None:
        """Store what changed of a place."""

    def end(self, place: Place, why: PlaceEnd) -> None:
        """Store that the place is no more."""

    def line_changed(self, host_id: str) -> None:
        """The host's pages and badges show something else now."""


class WaitingRoom:
    """See the module."""

    def __init__(
        self, host: HostFace, clock: Clock, alarms: Alarms, office: Surroundings, options: LineOptions
    ) -> None:
        self.host, self.line = host, Line(options)
        self._clock, self._office = clock, office
        self._alarm = alarms.make(lambda: self.tell(Woken()))
        self._pages: dict[str, list[Connection]] = {}
        self._said: dict[str, PlaceView] = {}
        self._calls: dict[str, str] = {}
        """Place → the id under which its caller shall make the call, anew for every turn."""
        self._facts: deque[Event] = deque()
        self._busy = False

    def __len__(self) -> int:
        """How many wait."""
        return len(self.line.standings)

    # -- facts ---------------------------------------------------------------------------------------------

    def tell(self, event: Event) -> None:
        """Take a fact, and carry out what follows from it."""
        self._facts.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            while self._facts:
                for order in self.line.handle(self._facts.popleft(), self._clock.now_ms()):
                    self._obey(order)
        finally:
            self._busy = False
        self._alarm.set(self.line.deadline())

    def _obey(self, order: Order) -> None:
        match order:
            case CallIn(place):
                self._calls[place.id] = secrets.token_urlsafe(15)
                log.info("line_called", host=self.host.id, place=place.id)
            case Fetch(place, left_ms):
                self._office.call_back(place, left_ms)
            case Keep(place):
                self._office.keep(place)
            case End(place, why):
                log.info("line_left", host=self.host.id, place=place.id, why=why)
                self._office.end(place, why)
                self._part(place, why)
            case Changed():
                self.show()
                self._office.line_changed(self.host.id)

    # -- pages ---------------------------------------------------------------------------------------------

    def join(self, client_id: str, page: Connection) -> None:
        """A page of somebody in the line came. One too many supersedes the oldest."""
        pages = self._pages.setdefault(client_id, [])
        if len(pages) >= MAX_PAGES:
            oldest = pages.pop(0)
            oldest.send(SupersededMessage())
            oldest.close()
        pages.append(page)
        self.tell(Came(client_id))
        standing = self.line.of_client(client_id)
        if standing is not None:
            page.send(PlaceMessage(PROTOCOL_VERSION, self.view(standing)))

    def drop(self, client_id: str, page: Connection) -> None:
        """A page is gone."""
        pages = self._pages.get(client_id, [])
        if page in pages:
            pages.remove(page)
            if not pages:
                del self._pages[client_id]
                self.tell(Went(client_id))

    def tell_all(self, message: LineServerMessage) -> None:
        """Send every page of everybody the same."""
        for pages in list(self._pages.values()):
            for page in list(pages):
                page.send(message)

    def show(self) -> None:
        """Tell everybody who sees something else than before."""
        live = self._office.live(self.host.id)
        for standing in self.line.standings:
            pages = self._pages.get(standing.place.client_id)
            if not pages:
                continue
            view = self.view(standing, live)
            # What only passes with time is drawn by the page.
            if msgspec.structs.replace(view, reserved_left_ms=0) != self._said.get(standing.place.id):
                self._said[standing.place.id] = msgspec.structs.replace(view, reserved_left_ms=0)
                for page in list(pages):
                    page.send(PlaceMessage(PROTOCOL_VERSION, view))

    def _part(self, place: Place, why: PlaceEnd) -> None:
        self._calls.pop(place.id, None)
        self._said.pop(place.id, None)
        for page in self._pages.pop(place.client_id, []):
            page.send(PlaceMessage(PROTOCOL_VERSION, ended_view(self.host, place, why)))
            page.close()

    # -- views ---------------------------------------------------------------------------------------------

    def view(self, standing: Standing, live: HostLive | None = None) -> PlaceView:
        """The place as its caller sees it."""
        live = live or self._office.live(self.host.id)
        place, line = standing.place, self.line
        position = line.position(place.client_id)
        called = standing.state == "called"
        rest_ms = stepped(standing.resting_ms - self._clock.now_ms()) if standing.resting_ms else 0
        wait_ms = max(rest_ms, live.waits_ms[position - 1])
        left_ms = line.until_ms(standing) - self._clock.now_ms() if called else 0
        return PlaceView(
            id=place.id, host_name=self.host.name, host_slug=self.host.slug, media=place.media,
            wish=place.wish, tariff=tariff_view(tariff_of(place.rate)), state=standing.state,
            position=position, wait_ms=wait_ms if standing.state == "waiting" else 0,
            host=live.state, back_at=live.back_at,
            call=standing.call_id or (self._calls.get(place.id, "") if called else ""),
            reserved_left_ms=max(0, left_ms), asleep=standing.asleep,
        )  # fmt: skip

    def callers(self, joined_at: Callable[[Place], str]) -> list[WaitingCaller]:
        """Everybody in the line, as the host sees them, in the order in which they are called."""
        return [
            WaitingCaller(
                place=each.place.id, name=each.place.name, media=each.place.media, wish=each.place.wish,
                tariff=tariff_view(tariff_of(each.place.rate)), joined_at=joined_at(each.place),
                state="asleep" if each.asleep else each.state, here=each.here,
            )
            for each in self.line.in_order()
        ]  # fmt: skip


def ended_view(host: HostFace, place: Place, why: PlaceEnd) -> PlaceView:
    """A place that is no more, as its caller sees it."""
    return PlaceView(
        id=place.id, host_name=host.name, host_slug=host.slug, media=place.media, wish=place.wish,
        tariff=tariff_view(tariff_of(place.rate)), state="ended", position=0, wait_ms=0, host="away",
        back_at="", why=why,
    )  # fmt: skip
