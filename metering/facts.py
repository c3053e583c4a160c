"""The values that meter, ledger and receipt share. Frozen, without behaviour.

Instants `*_ms` are milliseconds of one monotonic clock (meaningful between processes of one boot only);
`*_at` are wall-clock moments in ISO 8601 UTC, for people. Money in integer minor units.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .tariff import Tariff

Party = Literal["payer", "host"]

BeginReason = Literal["media_up", "resumed", "reconnected", "topped_up", "cap_raised", "gift", "granted"]
EndReason = Literal[
    "payer_left", "host_left", "payer_lost", "host_lost", "payer_paused", "host_paused",
    "funds", "cap", "ledger_silent", "operator", "recovered", "shutdown",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Interval:
    """Time that was metered without a break. `end_ms` and `end_reason` are None while it runs."""

    start_ms: int
    begin_reason: BeginReason
    start_at: str = ""
    end_ms: int | None = None
    end_reason: EndReason | None = None
    end_at: str = ""
    end_note: str = ""


@dataclass(frozen=True, slots=True)
class Began:
    """Meter event: an interval began. `used_ms` is the usage before it (the resume record)."""

    at_ms: int
    at: str
    used_ms: int
    reason: BeginReason


@dataclass(frozen=True, slots=True)
class Stopped:
    """Meter event: nothing counts from `at_ms` on. `used_ms` is what was used in all.

    It ends the running interval. Where none runs, or `at_ms` lies before its beginning, it is a correction
    downwards: news of a fact that is older than what is recorded (see `metering.usage`).
    `note`: what the person who paused said about it.
    """

    at_ms: int
    at: str
    used_ms: int
    reason: EndReason
    note: str = ""


@dataclass(frozen=True, slots=True)
class Gift:
    """Meter event: from a usage of `used_ms` on, `gift_ms` of use are not billed (see `metering.price`).

    It neither begins nor ends an interval: whether the meter runs is told by the last event that is no gift.
    """

    at_ms: int
    at: str
    used_ms: int
    gift_ms: int


MeterEvent = Began | Stopped | Gift


CallMedia = Literal["video", "voice"]
"""What a call was asked for with. It says nothing about the price."""


@dataclass(frozen=True, slots=True)
class CallTerms:
    """What a metered call is opened with; the tariff is copied in and never changes."""

    call_id: str
    wallet_id: str
    host_id: str
    payer_name: str
    host_name: str
    tariff: Tariff
    opened_at: str
    media: CallMedia = "video"


@dataclass(frozen=True, slots=True)
class Balance:
    """A wallet now: what can be spent, and what is set aside for its `open_holds` open calls."""

    wallet_id: str
    currency: str
    available_minor: int
    held_minor: int
    open_holds: int


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to an extension: the whole hold of the call now, and whether it is the final unit.

    `final` means: less than asked for could be held, for the wallet is empty. `open_holds`: the open calls
    on the wallet, this one included, that share what is available.
    """

    held_minor: int
    available_minor: int
    final: bool
    open_holds: int = 1


@dataclass(frozen=True, slots=True)
class Settlement:
    """The order to close a call's money: charge at most the hold, release the rest, once."""

    call_id: str
    used_ms: int
    reason: str
    ended_at: str


@dataclass(frozen=True, slots=True)
class CallAccount:
    """All the durable facts of one metered call.

    `used_ms` counts closed intervals. A wallet is worth what is available and what is held together:
    `balance_before_minor` is its worth when the call was opened. The settlement writes the charge, the
    host's share of it, `balance_after_minor` (the worth then) and `topped_up_minor` (credited while the call
    was open); they are 0 before. before + topped up - charge - after = what other calls on the same wallet
    were charged meanwhile.
    """

    terms: CallTerms
    state: Literal["open", "settled"]
    events: tuple[MeterEvent, ...]
    chain_head: str
    held_minor: int
    used_ms: int
    charge_minor: int
    host_share_minor: int
    reason: str
    ended_at: str
    balance_before_minor: int
    balance_after_minor: int
    topped_up_minor: int = 0


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One beat of a node: all its open calls are proven alive until `safe_at_ms`,

    except those in `exceptions`, proven until the instant given there (call id → ms). Stopped calls count,
    too: an interval that is recorded after the beat may begin before it.
    """

    safe_at_ms: int
    exceptions: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Breach:
    """A broken invariant that `reconcile` found."""

    invariant: str
    detail: str
