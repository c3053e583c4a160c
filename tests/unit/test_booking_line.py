"""The line before one expert, turn by turn: who is called, who is fetched, how long a turn is kept."""

from __future__ import annotations

from typing import Literal

from booking.line import (
    CallIn,
    Came,
    End,
    Event,
    Fetch,
    HostIs,
    Joined,
    Line,
    NotAnswered,
    Order,
    Place,
    Rings,
    Told,
    Went,
    Woken,
)
from booking.people import Rate

FREE, BUSY = HostIs(free=True, away=False), HostIs(free=False, away=False)
SECOND = 1_000


class Hall:
    """A line and its time; the alarm goes off by itself."""

    def __init__(self) -> None:
        self.line = Line()
        self.now_ms = 0
        self.orders: list[Order] = []

    def tell(self, *events: Event) -> None:
        for event in events:
            self.orders += self.line.handle(event, self.now_ms)

    def passes(self, ms: int) -> None:
        end = self.now_ms + ms
        while (due := self.line.deadline()) is not None and due <= end:
            self.now_ms = max(due, self.now_ms)
            self.tell(Woken())
        self.now_ms = end

    def join(self, *clients: str) -> None:
        for number, client in enumerate(clients):
            self.tell(Joined(Place(client, "ada", client, client, "video", "", Rate("USD", 240), number, 0)))

    def names(self, kind: type[CallIn | Fetch | End]) -> list[str]:
        return [order.place.id for order in self.orders if isinstance(order, kind)]

    def state(self, client: str) -> str:
        standing = self.line.of_client(client)
        return "gone" if standing is None else "asleep" if standing.asleep else standing.state


def hall(*clients: str, state: Literal["here", "gone"] = "here") -> Hall:
    """Everybody joined a while ago; the expert is busy."""
    made = Hall()
    made.tell(BUSY)
    made.join(*clients)
    if state == "here":
        made.tell(*(Came(client) for client in clients))
    made.passes(60 * SECOND)
    return made


def test_who_is_on_the_page_is_called_and_not_fetched() -> None:
    made = hall("sam", "kim")
    made.tell(FREE)
    made.passes(119 * SECOND)
    assert (made.names(CallIn), made.names(Fetch), made.state("sam")) == (["sam"], [], "called")
    made.passes(SECOND)
    assert (made.names(CallIn), made.state("sam")) == (["sam", "kim"], "asleep")


def test_who_left_the_page_long_ago_is_fetched_at_once() -> None:
    made = hall("sam", state="gone")
    made.tell(FREE)
    [fetch] = [order for order in made.orders if isinstance(order, Fetch)]
    assert fetch.left_ms == 120 * SECOND


def test_who_cannot_be_told_keeps_the_turn_for_half_a_minute() -> None:
    made = hall("sam", state="gone")
    made.tell(FREE)
    made.passes(29 * SECOND)
    assert made.state("sam") == "called"
    made.passes(SECOND)
    assert made.state("sam") == "asleep"


def test_who_was_told_keeps_it_for_two_minutes() -> None:
    made = hall("sam", state="gone")
    made.tell(FREE, Told("sam"))
    made.passes(119 * SECOND)
    assert made.state("sam") == "called"
    made.passes(SECOND)
    assert made.state("sam") == "asleep"


def test_a_page_that_reloads_is_no_reason_for_a_mail() -> None:
    made = hall("sam")
    made.tell(FREE, Went("sam"))
    made.passes(4 * SECOND)
    made.tell(Came("sam"))
    made.passes(60 * SECOND)
    assert made.names(Fetch) == []


def test_a_page_that_dies_during_the_turn_is() -> None:
    made = hall("sam")
    made.tell(FREE)
    made.passes(10 * SECOND)
    made.tell(Went("sam"))
    made.passes(5 * SECOND)
    [fetch] = [order for order in made.orders if isinstance(order, Fetch)]
    assert fetch.left_ms == 105 * SECOND
    made.tell(Came("sam"), Went("sam"))
    made.passes(60 * SECOND)
    assert made.names(Fetch) == ["sam"], "once a turn"


def test_every_turn_fetches_anew() -> None:
    made = hall("sam", state="gone")
    made.tell(FREE, Told("sam"), BUSY)
    assert made.state("sam") == "waiting"
    made.passes(60 * SECOND)
    made.tell(FREE)
    assert (made.names(CallIn), made.names(Fetch)) == (["sam"] * 2, ["sam"] * 2)
    made.passes(31 * SECOND)
    assert made.state("sam") == "asleep", "that one was told before does not count"


def test_a_call_that_could_not_be_made_is_the_same_turn() -> None:
    """The wallet was empty: the turn goes on, for as long as it was to, without another mail."""
    made = hall("sam", state="gone")
    made.tell(FREE, Told("sam"))
    made.passes(20 * SECOND)
    made.tell(Rings("sam", "c1"), BUSY, NotAnswered("c1", "not_made"), FREE)
    assert made.state("sam") == "called"
    made.passes(99 * SECOND)
    assert (made.state("sam"), made.names(CallIn), made.names(Fetch)) == ("called", ["sam"], ["sam"])
    made.passes(SECOND)
    assert made.state("sam") == "asleep"


def test_a_turn_is_known_before_it_is_shown() -> None:
    """The caller's page is shown the turn together with the id of the call that it shall make."""
    made = hall("sam")
    kinds = [type(order).__name__ for order in made.line.handle(FREE, made.now_ms)]
    assert kinds[-2:] == ["CallIn", "Changed"]


def test_two_missed_turns_end_the_place() -> None:
    made = hall("sam")
    made.tell(FREE)
    made.passes(120 * SECOND)
    made.tell(Went("sam"), Came("sam"))
    assert made.state("sam") == "called", "back, so called again"
    made.passes(120 * SECOND)
    assert (made.state("sam"), made.names(End)) == ("gone", ["sam"])
