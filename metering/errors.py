"""Errors and refusals of the metering package.

MeteringError
├── UnknownWallet        metering.unknown_wallet
├── UnknownCall          metering.unknown_call
├── IdReused             metering.id_reused      the same id came again with other contents
├── Fenced               metering.fenced         this node was superseded; it must stop
└── LedgerUnavailable    metering.unavailable    no answer from the database; nothing is known of the outcome

Expected outcomes are values: `Refused(code)`, with `call.settled`, `wallet.insufficient`, `wallet.limit`.
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


class Fenced(MeteringError):
    """Another process took over this node's calls (its epoch is newer)."""

    code = "metering.fenced"


class LedgerUnavailable(MeteringError):
    """The ledger did not answer."""

    code = "metering.unavailable"


@dataclass(frozen=True, slots=True)
class Refused:
    """An expected 'no'."""

    code: str
