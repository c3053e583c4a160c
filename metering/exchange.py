"""What the meter hears (events), says (actions) and shows (a reading). Values without behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .facts import EndReason, MeterEvent, Party

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
    """The party put the call on hold; `note` is what it said about that."""

    party: Party
    note: str = ""


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
class Capped:
    """The payer wants to be charged `cap_minor` at most for this call; None: as much as there is."""

    cap_minor: int | None


@dataclass(frozen=True, slots=True)
class Gifted:
    """The host gives `gift_ms` of use that are not billed, from now on."""

    gift_ms: int


@dataclass(frozen=True, slots=True)
class Woke:
    """The deadline fell due."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The call ended for a reason outside the meter; usage counts up to `at_ms` at most."""

    reason: EndReason
    at_ms: int


Event = (
    MediaUp | MediaDown | Paused | Resumed | GrantGiven | GrantFailed | FundsArrived | Capped
    | Gifted | Woke | Closed
)  # fmt: skip

Shortage = Literal["funds", "cap", "ledger_silent"]

# -- actions: orders ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskGrant:
    """Extend the hold to `to_minor`; answer with GrantGiven or GrantFailed. One is in flight at a time."""

    to_minor: int


@dataclass(frozen=True, slots=True)
class Record:
    """Store this meter event durably, in order, with its `at` filled in."""

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
    """End the call: the soft landing passed without funds, with the cap unraised, or without a ledger."""

    reason: Shortage


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
    "both_paused", "payer_lost", "host_lost", "funds", "cap", "ledger_silent", "ended", "gift",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """The meter at one instant. `left_ms`: until the funds known to the meter run out; None = unlimited.

    `gifted_ms` of the usage were given away by the host, `gift_left_ms` more are to be used. `pause_note`:
    what was said about the pause. `cap_minor`: the payer's own limit of the charge; `cap_binds`: it is
    reached before the funds run out.
    """

    state: State
    why: Why
    used_ms: int
    charge_minor: int
    left_ms: int | None
    low: bool
    soft_left_ms: int | None
    cap_minor: int | None = None
    cap_binds: bool = False
    gifted_ms: int = 0
    gift_left_ms: int = 0
    pause_note: str = ""
