"""How often one may do something: a token bucket each, in a table that cannot grow without bound."""

from __future__ import annotations

from collections import OrderedDict

from signaling.clock import Clock

MAX_PEOPLE = 10_000


class Limit:
    """`most` times in `per_ms` for each key, all of which may come at once; the allowance refills evenly."""

    def __init__(self, clock: Clock, most: int, per_ms: int) -> None:
        self._clock = clock
        self._most, self._per_ms = most, per_ms
        self._spent: OrderedDict[str, tuple[int, int]] = OrderedDict()
        """Key → (units spent, ms of the last look). The least recently seen is forgotten."""

    def take(self, key: str) -> int | None:
        """Take one. None when it is allowed, else the seconds until the next one is."""
        now_ms = self._clock.now_ms()
        spent, seen_ms = self._spent.pop(key, (0, now_ms))
        # One time is worth `per_ms` units; `most` units come back each millisecond.
        spent = max(0, spent - (now_ms - seen_ms) * self._most)
        allowed = spent + self._per_ms <= self._most * self._per_ms
        if allowed:
            spent += self._per_ms
        self._spent[key] = (spent, now_ms)
        while len(self._spent) > MAX_PEOPLE:
            self._spent.popitem(last=False)
        if allowed:
            return None
        missing = spent + self._per_ms - self._most * self._per_ms
        return -(-missing // (self._most * 1000))


class WriteLimit(Limit):
    """`per_minute` writing requests a person."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        super().__init__(clock, per_minute, 60_000)
