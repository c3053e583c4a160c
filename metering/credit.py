"""What the meter knows of the payer's funds: how far the hold reaches, how far all funds reach, when to ask.

    share   = hold + (funds - hold) / sharers        what is left is shared with the wallet's other calls
    horizon = affordable(share)                      the usage at which the known funds run out
    quantum = clamp((horizon - used) / 4, min, max)  so calls that share a wallet close in on its end together
    ask     = charge(used + quantum)                 RFC 8506's update, as one growing hold
    cap     the most that the payer wants to be charged: neither share nor ask goes beyond it, so neither does
            the hold. Once the hold has reached it there is nothing to renew until it is raised.
    renew   when a third of the quantum is left, or 500 ms if that is more: a ledger that answers within
            200 ms is then never waited for. Half the quantum at most, else each answer would ask again.

One ask is in flight at a time. A failed one is repeated after `retry_ms`. A final unit is not renewed until
funds arrive; news that comes while an ask is in flight is asked about again, for the answer may be older.
"""

from __future__ import annotations

from .price import Price
from .tariff import UNLIMITED_MS

_SPARE_MS = 500


class Credit:
    """Usage in ms of metered time, instants in ms of the clock, money in minor units."""

    __slots__ = (
        "_in_flight", "_max_quantum_ms", "_min_quantum_ms", "_renew_ms", "_retry_at_ms", "_retry_ms",
        "_share_minor", "_wanted", "answered", "cap_minor", "covered_ms", "final", "held_minor",
        "horizon_ms", "price",
    )  # fmt: skip

    def __init__(
        self, price: Price, cap_minor: int | None, min_quantum_ms: int, max_quantum_ms: int, retry_ms: int
    ) -> None:
        self.price = price
        self.cap_minor = cap_minor
        self._min_quantum_ms = min_quantum_ms
        self._max_quantum_ms = max_quantum_ms
        self._retry_ms = retry_ms
        self._wanted = self._in_flight = False
        self._retry_at_ms: int | None = None
        self._renew_ms = 0
        self._share_minor = 0
        self.answered = False
        self.final = False
        self.held_minor = 0
        self.covered_ms = 0
        self.horizon_ms: int | None = None

    @property
    def capped(self) -> bool:
        """Whether the hold has reached the payer's cap, so that more money would not prolong the call."""
        return self.cap_minor is not None and self.held_minor >= self.cap_minor

    @property
    def cap_binds(self) -> bool:
        """Whether, as far as is known, the cap is reached before the funds run out."""
        return self.answered and self.cap_minor is not None and self.cap_minor <= self._share_minor

    @property
    def unlimited(self) -> bool:
        """Whether the known funds last for ever, for nothing is charged."""
        return self.horizon_ms is not None and self.horizon_ms >= UNLIMITED_MS

    def left_ms(self, used_ms: int) -> int | None:
        """Metered time until the known funds run out; None when they never do or are not known yet."""
        if self.horizon_ms is None or self.unlimited:
            return None
        return max(0, self.horizon_ms - used_ms)

    def want(self) -> None:
        """Ask at the next opportunity, a pending retry or a final unit notwithstanding."""
        self._wanted = True
        self._retry_at_ms = None

    def give(self, held_minor: int, final: bool, funds_minor: int, sharers: int, used_ms: int) -> None:
        """Take an answer. One that is older than what is known (a smaller hold) says nothing new."""
        self._in_flight = False
        if self.answered and held_minor < self.held_minor:
            return
        self.answered = True
        self.held_minor = held_minor
        self.final = final
        self._share_minor = held_minor + max(0, funds_minor - held_minor) // max(1, sharers)
        self._reckon(used_ms)

    def cap(self, cap_minor: int | None, used_ms: int) -> None:
        """Take a new cap, or none. It is never below what `used_ms` cost already: that is owed."""
        spent_minor = min(self.price.charge(used_ms), self.held_minor)
        self.cap_minor = None if cap_minor is None else max(cap_minor, spent_minor)
        if self.answered:
            self._reckon(used_ms)
        self.want()

    def reprice(self, price: Price, used_ms: int) -> None:
        """Take a new price: time was given, or usage taken back."""
        self.price = price
        if self.answered:
            self._reckon(used_ms)

    def _reckon(self, used_ms: int) -> None:
        """Draw from hold, share and cap how far they reach."""
        self.covered_ms = self.price.affordable(self._within_cap(self.held_minor))
        self.horizon_ms = self.price.affordable(self._within_cap(self._share_minor))
        quantum_ms = self._quantum_ms(used_ms)
        self._renew_ms = self.covered_ms - min(max(quantum_ms // 3, _SPARE_MS), quantum_ms // 2)

    def fail(self, now_ms: int) -> None:
        """Take the lack of an answer: ask again in a while."""
        self._in_flight = False
        self._wanted = True
        self._retry_at_ms = now_ms + self._retry_ms

    def ask(self, used_ms: int, now_ms: int) -> int | None:
        """The hold to ask for now, in minor units, or None."""
        if self.answered and not (self.final or self.capped) and used_ms >= self._renew_ms:
            self._wanted = True
        due = self._retry_at_ms is None or now_ms >= self._retry_at_ms
        if not self._wanted or self._in_flight or not due:
            return None
        self._wanted, self._in_flight, self._retry_at_ms = False, True, None
        return self._within_cap(self.price.charge(used_ms + self._quantum_ms(used_ms)))

    @property
    def retry_at_ms(self) -> int | None:
        """The instant at which a failed ask is repeated."""
        return self._retry_at_ms if self._wanted and not self._in_flight else None

    @property
    def renew_ms(self) -> int | None:
        """The usage at which the next ask is due; None while there is nothing to renew."""
        idle = self.answered and not (self.final or self.capped or self._in_flight or self._wanted)
        return self._renew_ms if idle and self.covered_ms < UNLIMITED_MS else None

    def _within_cap(self, minor: int) -> int:
        return minor if self.cap_minor is None else min(minor, self.cap_minor)

    def _quantum_ms(self, used_ms: int) -> int:
        left_ms = 0 if self.horizon_ms is None else self.horizon_ms - used_ms
        return min(max(left_ms // 4, self._min_quantum_ms), self._max_quantum_ms)
