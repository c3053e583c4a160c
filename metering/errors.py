"""Errors and refusals of the metering package.

MeteringError
├── UnknownWallet        metering.unknown_wallet
├── UnknownCall          metering.unknown_call
├── IdReused             metering.id_reused      the same id came again with other contents
├── AmountOutOfRange     metering.amount         not a positive amount, or more than can be kept exactly
├── EventsDisagree       metering.events         meter events or a usage that contradict what is recorded
├── Fenced               metering.fenced         this node was superseded; it must stop
└── LedgerUnavailable    metering.unavailable    no answer from the database; nothing is known of the outcome

Expected outcomes are values: `Refused(code)`, with `call.settled`, `wallet.currency` (the tariff is in
another one), `wallet.insufficient`, `wallet.limit`.
"""

from __future__ import annotations

from dataclasses import dataclass


class MeteringError(Exception):
    """Base of the tree; `code` is stable."""

    code = "metering.error"


class UnknownWallet(MeteringError):
    """There is no such wallet."""

    code = "metering.unknown_wallet"


class UnknownCall(MeteringError):
    """There is no such metered call."""

    code = "metering.unknown_call"


class IdReused(MeteringError):
    """An idempotency id came again with other contents."""

    code = "metering.id_reused"


class AmountOutOfRange(MeteringError):
    """An amount that is negative, zero where money must move, or too large to be kept exactly."""

    code = "metering.amount"


class EventsDisagree(MeteringError):
    """Meter events, or a settlement's usage, contradict what is already recorded of the call."""

    code = "metering.events"


class Fenced(MeteringError):
    """Another process took over this node's calls (its epoch is newer), or this one never took over."""

    code = "metering.fenced"


class LedgerUnavailable(MeteringError):
    """The ledger did not answer."""

    code = "metering.unavailable"


@dataclass(frozen=True, slots=True)
class Refused:
    """An expected 'no'."""

    code: str
