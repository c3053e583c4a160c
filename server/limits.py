"""How often one person may write: a token bucket each, in a table that cannot grow without bound."""

from __future__ import annotations

from collections import OrderedDict

from signaling.clock import Clock

MAX_PEOPLE = 10_000


class WriteLimit:
    """`per_minute` requests a person, all of which may come at once; the allowance refills evenly."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._spent: OrderedDict[str, tuple[int, int]] = OrderedDict()
        """Person → (units spent, ms of the last look). The least recently seen is forgotten."""

    def take(self, person_id: str) -> int | None:
        """Take one. None when it is allowed, else the seconds until the next one is."""
        now_ms = self._clock.now_ms()
        spent, seen_ms = self._spent.pop(person_id, (0, now_ms))
        # One request is worth 60_000 units; `per_minute` units come back each millisecond.
        spent = max(0, spent - (now_ms - seen_ms) * self._per_minute)
        allowed = spent + 60_000 <= self._per_minute * 60_000
        if allowed:
            spent += 60_000
        self._spent[person_id] = (spent, now_ms)
        while len(self._spent) > MAX_PEOPLE:
            self._spent.popitem(last=False)
        if allowed:
            return None
        missing = spent + 60_000 - self._per_minute * 60_000
        return -(-missing // (self._per_minute * 1000))
