"""The line before one expert: who waits, who is called, who is rung in. A pure state machine.

`handle(event, now_ms)` takes a fact and returns orders; `deadline()` says when it wants to be woken. `_move`
alone assigns a place's state.

THEORY. A place is `waiting`, then `called` (it is this caller's turn, for reserve_ms: time to come back, or
to top up), then `ringing`, until the call is answered.

    state     what happens                                     becomes    why it ended
    --------  -----------------------------------------------  ---------  ------------------------------------
    waiting   the host is free, nobody is called or rung, and  called
              nobody awake is ahead
    called    the caller's call begins to ring                 ringing
    called    reserve_ms pass (absent_ms when the caller was   waiting    missed, at the second time
              not reached), or the call was not answered
              because the caller was gone                      asleep
    called    the host is free no longer                       waiting
    ringing   the host answers                                 -          served
    ringing   the call could not be made after all             called
    ringing   the host declines                                -          declined
    ringing   the host passes: the next one first              waiting    for rest_ms
    ringing   the host does not answer, the server stops       waiting
    any       the caller leaves; keep_ms pass; the host was    -          left, expired, host_gone
              away for away_ms

Places keep the order in which they came, whatever happens to them; one that is asleep (missed its turn) or
resting is stepped over and not overtaken for good: it is awake again when its caller comes back. At most one
place is called or ringing. What a place costs never changes.

Whoever is called and has no page open is fetched: at once, but for fetch_ms after the page went (it may be
reloading, the phone may only have slept). Fetched once a turn, also when the page goes in the middle of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from booking.people import Rate

PlaceState = Literal["waiting", "called", "ringing"]
PlaceEnd = Literal["served", "left", "missed", "declined", "expired", "host_gone"]
Unanswered = Literal["declined", "passed", "no_answer", "caller_gone", "not_made", "interrupted"]


@dataclass(frozen=True, slots=True)
class LineOptions:
    """Durations in ms and bounds."""

    reserve_ms: int = 120_000
    absent_ms: int = 30_000
    """The same for a caller who was neither on the page nor could be told elsewhere."""
    fetch_ms: int = 5_000
    rest_ms: int = 60_000
    keep_ms: int = 4 * 3_600_000
    away_ms: int = 30 * 60_000
    max_places: int = 50
    max_missed: int = 2


@dataclass(frozen=True, slots=True)
class Place:
    """A caller's place. `number` orders the line, `rate` is the price on joining, `joined_ms` Unix ms."""

    id: str
    host_id: str
    client_id: str
    name: str
    media: Literal["video", "voice"]
    wish: str
    rate: Rate
    number: int
    joined_ms: int
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A place as it stands now. `here`: a page of the caller is connected; `gone_ms`: else since when not.

    Of this turn: `called_ms` is its beginning; `reached`: the caller was on the page, or was told elsewhere;
    `fetched`: the order to tell them elsewhere was given.
    """

    place: Place
    state: PlaceState = "waiting"
    here: bool = False
    gone_ms: int = 0
    asleep: bool = False
    reached: bool = False
    fetched: bool = False
    called_ms: int = 0
    resting_ms: int = 0
    expires_ms: int = 0
    call_id: str = ""


# -- facts ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody took a place. `kept_ms`: how long it was kept already (a restart).

    `resting`: the host passed their call into the line, so the next one is called first.
    """

    place: Place
    kept_ms: int = 0
    resting: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """The caller gave the place up."""

    client_id: str


@dataclass(frozen=True, slots=True)
class Came:
    """The caller's first page connected."""

    client_id: str


@dataclass(frozen=True, slots=True)
class Went:
    """The caller's last page is gone."""

    client_id: str


@dataclass(frozen=True, slots=True)
class Told:
    """The caller was told elsewhere that it is their turn."""

    client_id: str


@dataclass(frozen=True, slots=True)
class HostIs:
    """The host is `free` for a call now; `away`: cannot even be waited for with any hope."""

    free: bool
    away: bool


@dataclass(frozen=True, slots=True)
class Rings:
    """A call of this caller begins to ring."""

    client_id: str
    call_id: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The host took the call."""

    call_id: str


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """The call rings no more."""

    call_id: str
    why: Unanswered


@dataclass(frozen=True, slots=True)
class Woken:
    """The deadline came."""


Event = Joined | Left | Came | Went | Told | HostIs | Rings | Answered | NotAnswered | Woken


# -- orders -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallIn:
    """It is this caller's turn: a new one, also after a missed one."""

    place: Place


@dataclass(frozen=True, slots=True)
class Fetch:
    """Tell the caller, who has no page open, that it is their turn, for another `left_ms`."""

    place: Place
    left_ms: int


@dataclass(frozen=True, slots=True)
class Keep:
    """The place's durable facts changed."""

    place: Place


@dataclass(frozen=True, slots=True)
class End:
    """The place is no more."""

    place: Place
    why: PlaceEnd


@dataclass(frozen=True, slots=True)
class Changed:
    """Somebody sees something else now."""


Order = CallIn | Fetch | Keep | End | Changed


@dataclass(slots=True)
class Line:
    """See the module."""

    options: LineOptions = field(default_factory=LineOptions)
    standings: list[Standing] = field(default_factory=list)
    free: bool = False
    away_since_ms: int | None = None

    def of_client(self, client_id: str) -> Standing | None:
        """The caller's place."""
        return next((each for each in self.standings if each.place.client_id == client_id), None)

    def turn(self) -> Standing | None:
        """Whose turn it is: the one that is called or ringing."""
        return next((each for each in self.standings if each.state != "waiting"), None)

    def may_ring(self, client_id: str) -> bool:
        """Whether this caller may ring now, as far as the line is concerned."""
        turn = self.turn()
        return turn is None or (turn.place.client_id == client_id and turn.state == "called")

    def ahead(self, client_id: str) -> list[Standing]:
        """Who comes before this caller (of a stranger: everybody), whoever is called first of all."""
        return [each for each in self.in_order() if not each.asleep][: self.position(client_id) - 1]

    def position(self, client_id: str) -> int:
        """1 is next. For a stranger: behind everybody who is awake."""
        awake = [each for each in self.in_order() if not each.asleep or each.place.client_id == client_id]
        for index, each in enumerate(awake):
            if each.place.client_id == client_id:
                return index + 1
        return len(awake) + 1

    def until_ms(self, standing: Standing) -> int:
        """Until when a called caller's turn is kept."""
        return standing.called_ms + (self.options.reserve_ms if standing.reached else self.options.absent_ms)

    def deadline(self) -> int | None:
        """When something is due; None: never."""
        quiet = [each for each in self.standings if each.state != "ringing"]
        due = [each.expires_ms for each in quiet]
        due += [self.until_ms(each) for each in self.standings if each.state == "called"]
        due += [self._fetch_at_ms(each) for each in self.standings if _to_fetch(each)]
        if self.turn() is None and self.free:
            due += [each.resting_ms for each in self.standings if each.resting_ms and not each.asleep]
        if self.away_since_ms is not None and quiet:
            due.append(self.away_since_ms + self.options.away_ms)
        return min(due, default=None)

    def in_order(self) -> list[Standing]:
        """Everybody, the one whose turn it is first."""
        return sorted(self.standings, key=lambda each: (each.state == "waiting", each.place.number))

    # -- what happens --------------------------------------------------------------------------------------

    def handle(self, event: Event, now_ms: int) -> list[Order]:
        """Take a fact."""
        match event:
            case Joined():
                orders = self._joined(event, now_ms)
            case Left(client_id):
                orders = self._end(self.of_client(client_id), "left")
            case Came(client_id):
                orders = self._change(client_id, here=True, asleep=False, reached=True)
            case Went(client_id):
                orders = self._change(client_id, here=False, gone_ms=now_ms)
            case Told(client_id):
                orders = self._change(client_id, reached=True)
            case HostIs(free, away):
                orders = self._host_is(free, away, now_ms)
            case Rings(client_id, call_id):
                orders = self._rings(client_id, call_id, now_ms)
            case Answered(call_id):
                orders = self._end(self._of_call(call_id), "served")
            case NotAnswered(call_id, why):
                orders = self._not_answered(self._of_call(call_id), why, now_ms)
            case Woken():
                orders = self._woken(now_ms)
        return orders + self._call_next(now_ms) + self._fetch(now_ms)

    def _joined(self, event: Joined, now_ms: int) -> list[Order]:
        if self.of_client(event.place.client_id) is not None:
            return []
        options = self.options
        self.standings.append(
            Standing(
                event.place,
                gone_ms=now_ms,
                resting_ms=now_ms + options.rest_ms if event.resting else 0,
                expires_ms=now_ms + options.keep_ms - event.kept_ms,
            )
        )
        self.standings.sort(key=lambda each: each.place.number)
        return [Changed()]

    def _host_is(self, free: bool, away: bool, now_ms: int) -> list[Order]:
        if away != (self.away_since_ms is not None):
            self.away_since_ms = now_ms if away else None
        if free == self.free:
            return []
        self.free = free
        turn = self.turn()
        if not free and turn is not None and turn.state == "called":
            return self._move(turn, "waiting")
        return [Changed()] if self.standings else []

    def _rings(self, client_id: str, call_id: str, now_ms: int) -> list[Order]:
        # While nobody is called, anybody may ring; whoever sleeps in the line has the turn by doing so.
        mine = self.turn() or self.of_client(client_id)
        if mine is None or mine.place.client_id != client_id:
            return []
        called_ms = mine.called_ms if mine.state == "called" else now_ms
        return self._move(mine, "ringing", call_id=call_id, called_ms=called_ms)

    def _not_answered(self, standing: Standing | None, why: Unanswered, now_ms: int) -> list[Order]:
        if standing is None:
            return []
        match why:
            case "declined":
                orders = self._end(standing, "declined")
            case "passed":
                orders = self._move(standing, "waiting", resting_ms=now_ms + self.options.rest_ms)
            case "caller_gone":
                orders = self._missed(standing)
            case "not_made" if self.away_since_ms is None:
                orders = self._move(standing, "called", called_ms=standing.called_ms)
            case "no_answer" | "interrupted" | "not_made":
                orders = self._move(standing, "waiting")
        return orders

    def _missed(self, standing: Standing) -> list[Order]:
        place = replace(standing.place, missed=standing.place.missed + 1)
        if place.missed >= self.options.max_missed:
            return self._end(standing, "missed")
        return [Keep(place), *self._move(standing, "waiting", place=place, asleep=True)]

    def _woken(self, now_ms: int) -> list[Order]:
        orders: list[Order] = []
        away_ms = self.away_since_ms
        gone = away_ms is not None and now_ms >= away_ms + self.options.away_ms
        for each in list(self.standings):
            if each.state == "ringing":
                continue
            if gone:
                orders += self._end(each, "host_gone")
            elif now_ms >= each.expires_ms:
                orders += self._end(each, "expired")
            elif each.state == "called" and now_ms >= self.until_ms(each):
                orders += self._missed(each)
        return orders

    def _call_next(self, now_ms: int) -> list[Order]:
        if not self.free or self.turn() is not None:
            return []
        for each in self.standings:
            if each.asleep or each.resting_ms > now_ms:
                continue
            # The new turn is known before anybody is shown it.
            return [CallIn(each.place), *self._move(each, "called", called_ms=now_ms)]
        return []

    def _fetch(self, now_ms: int) -> list[Order]:
        orders: list[Order] = []
        for each in [each for each in self.standings if _to_fetch(each)]:
            if now_ms >= self._fetch_at_ms(each):
                self._put(each, replace(each, fetched=True))
                left_ms = each.called_ms + self.options.reserve_ms - now_ms
                orders.append(Fetch(each.place, left_ms))
        return orders

    def _fetch_at_ms(self, standing: Standing) -> int:
        return max(standing.called_ms, standing.gone_ms + self.options.fetch_ms)

    # -- the standings -------------------------------------------------------------------------------------

    def _of_call(self, call_id: str) -> Standing | None:
        return next(
            (each for each in self.standings if each.state == "ringing" and each.call_id == call_id), None
        )

    def _move(
        self, standing: Standing | None, state: PlaceState, *, called_ms: int = 0, call_id: str = "",
        place: Place | None = None, asleep: bool = False, resting_ms: int = 0,
    ) -> list[Order]:  # fmt: skip
        if standing is None:
            return []
        # A call that could not be made gives the same turn back.
        same_turn = state != "waiting" and called_ms == standing.called_ms
        moved = replace(
            standing, state=state, called_ms=called_ms, call_id=call_id, place=place or standing.place,
            asleep=asleep, resting_ms=resting_ms, reached=standing.here or (same_turn and standing.reached),
            fetched=same_turn and standing.fetched,
        )  # fmt: skip
        self._put(standing, moved)
        return [Changed()]

    def _change(
        self, client_id: str, *, here: bool | None = None, asleep: bool | None = None,
        reached: bool = False, gone_ms: int | None = None,
    ) -> list[Order]:  # fmt: skip
        standing = self.of_client(client_id)
        if standing is None:
            return []
        changed = replace(
            standing,
            here=standing.here if here is None else here,
            asleep=standing.asleep if asleep is None else asleep,
            reached=standing.reached or reached,
            gone_ms=standing.gone_ms if gone_ms is None else gone_ms,
        )
        self._put(standing, changed)
        return [Changed()]

    def _put(self, before: Standing, after: Standing) -> None:
        self.standings[self.standings.index(before)] = after

    def _end(self, standing: Standing | None, why: PlaceEnd) -> list[Order]:
        if standing is None:
            return []
        self.standings.remove(standing)
        return [End(standing.place, why), Changed()]


def _to_fetch(standing: Standing) -> bool:
    return standing.state == "called" and not standing.here and not standing.fetched
