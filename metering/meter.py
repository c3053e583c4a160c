"""The meter: counts one payer's part of one call. Sans-IO, like h11: `handle(event, now) -> actions`.

It runs only while payer and host both deliver media, nobody has paused, and a grant covers the next
millisecond. It never reads a clock and never asks a ledger: events come in, orders go out, `deadline()` says
when it wants `handle(Woke(), now)` next.

THEORY (kept true by the table `TRANSITIONS` below; `handle` alone assigns state) — see docs/money.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .facts import EndReason, MeterEvent, Party
from .tariff import Tariff

# -- events: facts, in the past tense. `at_ms` may lie before `now` where the fact is older than its news ----


@dataclass(frozen=True, slots=True)
class MediaUp:
    """The party delivers media since `at_ms`."""

    party: Party
    at_ms: int


@dataclass(frozen=True, slots=True)
class MediaDown:
    """The party's last proof of life was at `at_ms`: an interval closes there, not at `now`."""

    party: Party
    at_ms: int


@dataclass(frozen=True, slots=True)
class Paused:
    """The party put the call on hold."""

    party: Party


@dataclass(frozen=True, slots=True)
class Resumed:
    """The party took its own hold back."""

    party: Party


@dataclass(frozen=True, slots=True)
class GrantGiven:
    """The hold covers `held_minor` in all. `final`: the wallet had no more.

    `funds_minor`: hold plus the wallet's available balance; `sharers`: live calls on that wallet (>= 1).
    """

    held_minor: int
    final: bool
    funds_minor: int
    sharers: int = 1


@dataclass(frozen=True, slots=True)
class GrantFailed:
    """The ledger refused or did not answer. The meter asks again later and lives to the grant's end."""


@dataclass(frozen=True, slots=True)
class FundsArrived:
    """The wallet was topped up (or another call released a hold): ask again, even after the final unit."""


@dataclass(frozen=True, slots=True)
class Woke:
    """The deadline fell due."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The call ended for a reason outside the meter; usage counts up to `at_ms` at most."""

    reason: EndReason
    at_ms: int


Event = MediaUp | MediaDown | Paused | Resumed | GrantGiven | GrantFailed | FundsArrived | Woke | Closed

# -- actions: orders ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskGrant:
    """Extend the hold to `to_minor`; answer with GrantGiven or GrantFailed. One is in flight at a time."""

    to_minor: int


@dataclass(frozen=True, slots=True)
class Record:
    """Store this meter event durably, in order."""

    event: MeterEvent


@dataclass(frozen=True, slots=True)
class Warn:
    """The balance is low: `left_ms` of metered time remain. Once per approach; again after a top-up."""

    left_ms: int


@dataclass(frozen=True, slots=True)
class HoldMedia:
    """Stop forwarding (pause, or soft landing until `until_ms` when that is set)."""

    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ReleaseMedia:
    """Forward again."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """End the call: the soft landing passed without funds ("funds") or without a ledger."""

    reason: Literal["funds", "ledger_silent"]


@dataclass(frozen=True, slots=True)
class Settle:
    """Close the money: `used_ms` in all. The last action there is."""

    used_ms: int
    charge_minor: int


@dataclass(frozen=True, slots=True)
class Changed:
    """What people see has changed: send a new view."""


Action = AskGrant | Record | Warn | HoldMedia | ReleaseMedia | CutOff | Settle | Changed


@dataclass(frozen=True, slots=True)
class MeterOptions:
    """Durations in ms."""

    min_quantum_ms: int = 1_000
    max_quantum_ms: int = 30_000
    warn_left_ms: int = 60_000
    soft_landing_ms: int = 60_000
    retry_ms: int = 250


State = Literal["waiting", "running", "paused", "reconnecting", "exhausted", "ended"]
Why = Literal[
    "payer_connecting", "host_connecting", "granting", "running", "free", "payer_paused", "host_paused",
    "both_paused", "payer_lost", "host_lost", "funds", "ledger_silent", "ended",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """The meter at one instant. `left_ms`: until the funds known to the meter run out; None = unlimited."""

    state: State
    why: Why
    used_ms: int
    charge_minor: int
    left_ms: int | None
    low: bool
    soft_left_ms: int | None


class Meter:
    """One payer's meter. Not thread-safe, not re-entrant, holds no resources."""

    def __init__(self, tariff: Tariff, options: MeterOptions, now_ms: int) -> None:
        raise NotImplementedError

    def start(self, now_ms: int) -> list[Action]:
        """Ask for the first grant (the call was accepted)."""
        raise NotImplementedError

    def handle(self, event: Event, now_ms: int, proven_ms: int | None = None) -> list[Action]:
        """Take a fact, give orders. After `Settle` every event is ignored.

        `proven_ms`: the delivery of both parties is proven up to there only (a probe is under way). An
        interval that closes in this very call closes there at the latest, whatever closes it: a pause or
        the exhaustion may come before the loss of a party is detected. None: proven up to now.
        """
        raise NotImplementedError

    def deadline(self) -> int | None:
        """The instant (ms) at which `Woke` is wanted next; None when only events matter."""
        raise NotImplementedError

    def reading(self, now_ms: int) -> Reading:
        """The figures at `now_ms`."""
        raise NotImplementedError

    def running_since(self) -> tuple[int, int] | None:
        """(began_ms, used_ms before it) of the running interval, or None."""
        raise NotImplementedError
