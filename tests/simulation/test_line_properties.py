"""The line, driven by chance: no two callers rung at once, nobody lost, the order kept, the price kept."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from booking.line import (
    Answered,
    CallIn,
    Came,
    End,
    Fetch,
    HostIs,
    Joined,
    Keep,
    Left,
    Line,
    LineOptions,
    NotAnswered,
    Order,
    Place,
    Rings,
    Standing,
    Told,
    Unanswered,
    Went,
    Woken,
)
from booking.people import Rate

CLIENTS = [f"c{n}" for n in range(5)]
OPTIONS = LineOptions()
clients = st.sampled_from(CLIENTS)
failures: st.SearchStrategy[Unanswered] = st.sampled_from(
    ["declined", "passed", "no_answer", "caller_gone", "not_made", "interrupted"]
)


class Lines(RuleBasedStateMachine):
    """A line, and what everybody outside it may rightly expect of it."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Line(OPTIONS)
        self.now_ms = 1_000
        self.joined: dict[str, Place] = {}
        self.ended: dict[str, str] = {}
        self.fetched: set[str] = set()
        self.number = 0
        self.busy = False
        self.open = True

    def tell(self, event: object) -> list[Order]:
        orders = self.line.handle(event, self.now_ms)  # type: ignore[arg-type]
        for order in orders:
            match order:
                case End(place, why):
                    assert place.id not in self.ended, "a place ends once"
                    self.ended[place.id] = why
                case CallIn(place):
                    assert self.line.free, "nobody is called to a host who is not free"
                    self.expect_nobody_awake_ahead(place)
                    self.fetched.discard(place.id)
                case Fetch(place, left_ms):
                    standing = self.line.of_client(place.client_id)
                    assert standing is not None
                    assert (standing.state, standing.here) == ("called", False)
                    assert 0 < left_ms <= OPTIONS.reserve_ms
                    assert place.id not in self.fetched, "fetched once a turn"
                    self.fetched.add(place.id)
                case Keep(place):
                    assert place.id in self.joined
        return orders

    def expect_nobody_awake_ahead(self, place: Place) -> None:
        for each in self.line.standings:
            if each.place.number < place.number:
                assert each.asleep or each.resting_ms > self.now_ms, "nobody is overtaken while awake"

    def look(self) -> None:
        self.tell(HostIs(self.open and not self.busy, away=not self.open))

    def ringing(self) -> Standing | None:
        return next((each for each in self.line.standings if each.state == "ringing"), None)

    @rule(client=clients, price=st.integers(1, 9))
    def join(self, client: str, price: int) -> None:
        if self.line.of_client(client) is None:
            self.number += 1
            place = Place(
                f"p{self.number}", "h", client, client, "video", "", Rate("USD", price), self.number, 0
            )
            self.joined[place.id] = place
            self.tell(Joined(place))
        else:
            twin = replace(self.line.of_client(client).place, id="twin")  # type: ignore[union-attr]
            self.tell(Joined(twin))

    @rule(client=clients)
    def leave(self, client: str) -> None:
        standing = self.line.of_client(client)
        self.tell(Left(client))
        assert self.line.of_client(client) is None
        if standing is not None and standing.state == "ringing":
            self.busy = False
            self.look()

    @rule(client=clients, come=st.booleans())
    def page(self, client: str, come: bool) -> None:
        self.tell(Came(client) if come else Went(client))

    @rule(client=clients)
    def told(self, client: str) -> None:
        self.tell(Told(client))

    @rule(is_open=st.booleans())
    def switch(self, is_open: bool) -> None:
        self.open = is_open
        self.look()

    @precondition(lambda self: not self.busy)
    @rule(client=clients)
    def ring(self, client: str) -> None:
        if not self.open or not self.line.may_ring(client):
            return
        self.busy = True
        self.tell(Rings(client, f"call-{self.now_ms}"))
        self.look()

    @precondition(lambda self: self.busy)
    @rule(why=failures)
    def unanswered(self, why: Unanswered) -> None:
        ringing = self.ringing()
        if ringing is not None:
            self.tell(NotAnswered(ringing.call_id, why))
        self.busy = False
        self.look()

    @precondition(lambda self: self.busy)
    @rule()
    def answer(self) -> None:
        ringing = self.ringing()
        if ringing is not None:
            self.tell(Answered(ringing.call_id))

    @precondition(lambda self: self.busy and self.ringing() is None)
    @rule()
    def hang_up(self) -> None:
        self.busy = False
        self.look()

    @rule(ms=st.integers(1, 200_000) | st.just(OPTIONS.keep_ms))
    def wait(self, ms: int) -> None:
        until = self.now_ms + ms
        for _ in range(200):
            due = self.line.deadline()
            if due is None or due > until:
                break
            self.now_ms = max(self.now_ms, due)
            before = (list(self.line.standings), self.line.deadline())
            self.tell(Woken())
            assert (self.line.standings, self.line.deadline()) != before, "a deadline that changes nothing"
        else:
            raise AssertionError("deadlines without end")
        self.now_ms = until

    @invariant()
    def one_at_a_time(self) -> None:
        assert sum(each.state != "waiting" for each in self.line.standings) <= 1

    @invariant()
    def nobody_is_lost(self) -> None:
        standing = {each.place.id for each in self.line.standings}
        assert standing | set(self.ended) == set(self.joined)
        assert not standing & set(self.ended)

    @invariant()
    def order_and_price_are_kept(self) -> None:
        numbers = [each.place.number for each in self.line.standings]
        assert numbers == sorted(numbers)
        for each in self.line.standings:
            assert each.place.rate == self.joined[each.place.id].rate

    @invariant()
    def a_free_host_is_never_kept_from_someone_awake(self) -> None:
        if self.line.free and self.line.turn() is None:
            assert all(each.asleep or each.resting_ms > self.now_ms for each in self.line.standings)

    @invariant()
    def whoever_is_called_and_gone_is_fetched(self) -> None:
        for each in self.line.standings:
            gone_ms = self.now_ms - max(each.called_ms, each.gone_ms)
            if each.state == "called" and not each.here and gone_ms > OPTIONS.fetch_ms:
                assert each.place.id in self.fetched

    @invariant()
    def positions_are_one_to_n(self) -> None:
        awake = [each for each in self.line.standings if not each.asleep]
        places = sorted(self.line.position(each.place.client_id) for each in awake)
        assert places == list(range(1, len(awake) + 1))
        assert self.line.position("a stranger") == len(awake) + 1


Lines.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestLine = Lines.TestCase
