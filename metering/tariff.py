"""How time becomes money: a pure, cumulative, monotone function of the whole call so far.

    charge(t) = floor(billable(t) * price_minor / per_ms)
    billable(t) = 0                                             when t <= free_ms
                = round_up(max(t - free_ms, minimum_ms), increment_ms)   otherwise

One rounding, downwards, of the sum: every posting is a difference of two charges, so any slicing of a call
sums exactly. `affordable` is the exact inverse: the largest t that `funds` can pay for.
`increment_ms = 1` is billing to the millisecond; 1000 by started seconds, 60_000 by started minutes.
"""

from __future__ import annotations

from dataclasses import dataclass

UNLIMITED_MS = 2**62
MAX_NUMBER = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Tariff:
    """A price by time. Money in minor units of `currency` (ISO 4217), durations in milliseconds."""

    currency: str
    price_minor: int
    per_ms: int = 60_000
    increment_ms: int = 1
    minimum_ms: int = 0
    free_ms: int = 0
    host_share_bp: int = 10_000

    def __post_init__(self) -> None:
        letters = self.currency.isascii() and self.currency.isalpha() and self.currency.isupper()
        if len(self.currency) != 3 or not letters:
            raise ValueError("currency is a three-letter ISO 4217 code")
        durations = (self.per_ms, self.increment_ms, self.minimum_ms, self.free_ms)
        numbers = (self.price_minor, self.host_share_bp, *durations)
        if any(type(number) is not int or number > MAX_NUMBER for number in numbers):
            raise ValueError("amounts and durations are integers that JSON carries exactly")
        if self.price_minor < 0 or self.per_ms <= 0 or self.increment_ms <= 0:
            raise ValueError("price_minor >= 0, per_ms > 0, increment_ms > 0")
        if self.minimum_ms < 0 or self.free_ms < 0 or not 0 <= self.host_share_bp <= 10_000:
            raise ValueError("minimum_ms >= 0, free_ms >= 0, 0 <= host_share_bp <= 10000")

    def billable_ms(self, used_ms: int) -> int:
        """The time that is paid for when `used_ms` were used."""
        if used_ms <= self.free_ms:
            return 0
        due = max(used_ms - self.free_ms, self.minimum_ms)
        return -(-due // self.increment_ms) * self.increment_ms

    def charge(self, used_ms: int) -> int:
        """The price in minor units of the whole call after `used_ms`."""
        return self.billable_ms(used_ms) * self.price_minor // self.per_ms

    def affordable(self, funds_minor: int) -> int:
        """The largest `t` in ms with `charge(t) <= funds_minor`; `UNLIMITED_MS` when nothing is charged."""
        if funds_minor < 0:
            raise ValueError("funds are never negative")
        if self.price_minor == 0:
            return UNLIMITED_MS
        # billable * price // per <= funds  <=>  billable <= ((funds + 1) * per - 1) // price
        billable = ((funds_minor + 1) * self.per_ms - 1) // self.price_minor
        billable -= billable % self.increment_ms
        minimum = -(-self.minimum_ms // self.increment_ms) * self.increment_ms
        return self.free_ms + billable if billable >= minimum else self.free_ms

    def host_share(self, charge_minor: int) -> int:
        """The host's part of a charge, rounded down; the platform takes the remainder."""
        return charge_minor * self.host_share_bp // 10_000
