"""What a call costs: its tariff, and the time that the host gave away.

THEORY. A gift of `g` ms at a usage of `u` ms stops the clock of the bill, not the meter: the next `g` ms that
are used are not billed. Gifts are used up one after the other, each from its own `u` on at the earliest:

    gifted(t) = the part of the first t ms that falls into [max(u, end of the gift before), + g) of a gift
    charge(t) = tariff.charge(t - gifted(t))

t - gifted(t) never falls and never rises faster than t, so charge keeps what the tariff promises, and free
time, minimum and increments need no rule of their own: a gift in the free time prolongs it.

"From now on" survives a correction: usage that is taken back to before `u` takes `u` back with it, so that
the very next millisecond is the gift's (`cut`). Whoever reads the events applies the same rule (`of`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from .facts import Began, Gift, MeterEvent, Stopped
from .tariff import Tariff


@dataclass(frozen=True, slots=True)
class Price:
    """`gifts`: (usage in ms from which on, how long in ms), in the order in which they were made."""

    tariff: Tariff
    gifts: tuple[tuple[int, int], ...] = ()

    @staticmethod
    def of(tariff: Tariff, events: Iterable[MeterEvent]) -> Price:
        """The price that a call's meter events tell of."""
        price = Price(tariff)
        for event in events:
            match event:
                case Gift():
                    price = price.given(event.used_ms, event.gift_ms)
                case Stopped():
                    price = price.cut(event.used_ms)
                case Began():
                    pass
        return price

    def given(self, used_ms: int, gift_ms: int) -> Price:
        """With one more gift, made at a usage of `used_ms`."""
        return replace(self, gifts=(*self.gifts, (used_ms, gift_ms)))

    def cut(self, used_ms: int) -> Price:
        """After usage was taken back to `used_ms`: no gift waits for what was used before."""
        if all(from_ms <= used_ms for from_ms, _ in self.gifts):
            return self
        return replace(self, gifts=tuple((min(from_ms, used_ms), ms) for from_ms, ms in self.gifts))

    def gifted_ms(self, used_ms: int) -> int:
        """How much of the first `used_ms` was given away."""
        return sum(max(0, min(used_ms, end_ms) - begin_ms) for begin_ms, end_ms in self._spans())

    def gift_left_ms(self, used_ms: int) -> int:
        """How much was given and is not used yet."""
        return sum(gift_ms for _, gift_ms in self.gifts) - self.gifted_ms(used_ms)

    def billable_ms(self, used_ms: int) -> int:
        """The time that is paid for when `used_ms` were used."""
        return self.tariff.billable_ms(used_ms - self.gifted_ms(used_ms))

    def charge(self, used_ms: int) -> int:
        """The price in minor units of the whole call after `used_ms`."""
        return self.tariff.charge(used_ms - self.gifted_ms(used_ms))

    def affordable(self, funds_minor: int) -> int:
        """The largest `t` in ms with `charge(t) <= funds_minor`; `UNLIMITED_MS` or more: for ever."""
        billed_ms, before_ms = self.tariff.affordable(funds_minor), 0
        for begin_ms, end_ms in self._spans():
            if begin_ms - before_ms > billed_ms:
                break
            before_ms += end_ms - begin_ms
        return billed_ms + before_ms

    def _spans(self) -> Iterator[tuple[int, int]]:
        """Each gift as the usage from which and to which it reaches."""
        end_ms = 0
        for from_ms, gift_ms in self.gifts:
            begin_ms = max(from_ms, end_ms)
            end_ms = begin_ms + gift_ms
            yield begin_ms, end_ms
