"""What metering announces: the facts of calls and wallets that others may want to hear of.

Each is announced in the transaction that makes it true. The structs are what is told, version 1 of each
type; docs/webhooks.md describes them. Money in minor units, durations in milliseconds, moments ISO 8601.
A field may be added to a version; none is renamed, removed or given another meaning.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy.engine import Connection

from storage.announcements import announce
from storage.worker import Transaction

from .facts import Began, CallAccount, CallTerms, EndReason, Gift, MeterEvent

CLOSING: frozenset[EndReason] = frozenset({"payer_left", "host_left", "operator", "shutdown", "recovered"})
"""Reasons for which a meter stops that are no pause: the call's end follows, and is told by itself."""


class CallRinging(msgspec.Struct, frozen=True):
    """`call.ringing`: a caller has money for the call, and it rings at the expert."""

    call: str
    host: str
    payer: str
    host_name: str
    payer_name: str
    currency: str
    price_minor: int
    per_ms: int


class CallStarted(msgspec.Struct, frozen=True):
    """`call.started`: both sides are connected, and the first paid second runs."""

    call: str
    host: str
    payer: str
    host_name: str
    payer_name: str


class CallPaused(msgspec.Struct, frozen=True):
    """`call.paused`: the meter stands still; `reason` says why, `used_ms` what was used so far.

    Reasons: payer_paused, host_paused, payer_lost, host_lost, funds, ledger_silent.
    """

    call: str
    host: str
    payer: str
    reason: str
    used_ms: int


class CallResumed(msgspec.Struct, frozen=True):
    """`call.resumed`: the meter runs again. Reasons: media_up, resumed, reconnected, topped_up, granted."""

    call: str
    host: str
    payer: str
    reason: str
    used_ms: int


class CallEnded(msgspec.Struct, frozen=True):
    """`call.ended`: the call is over and settled; also when nobody took it, with a charge of zero.

    `host_share_minor` of the charge belongs to the expert, the rest to the platform.
    """

    call: str
    host: str
    payer: str
    host_name: str
    payer_name: str
    reason: str
    opened_at: str
    ended_at: str
    used_ms: int
    currency: str
    charge_minor: int
    host_share_minor: int


class WalletLow(msgspec.Struct, frozen=True):
    """`wallet.low`: in a running call, the wallet suffices for no more than `left_ms`."""

    wallet: str
    call: str
    left_ms: int


class TopUpSucceeded(msgspec.Struct, frozen=True):
    """`topup.succeeded`: a payment was credited to a wallet. `source` is the processor."""

    wallet: str
    payment: str
    source: str
    amount_minor: int
    currency: str


class TopUpRefunded(msgspec.Struct, frozen=True):
    """`topup.refunded`: the operator's refund of a payment reached the payer. The wallet has less."""

    wallet: str
    payment: str
    refund: str
    amount_minor: int
    currency: str


class TopUpTakenBack(msgspec.Struct, frozen=True):
    """`topup.taken_back`: the processor took a payment back (a chargeback, or a refund made there by hand).

    `owed_minor` of it the wallet did not have any more: its owner owes it to the platform.
    """

    wallet: str
    payment: str
    amount_minor: int
    owed_minor: int
    currency: str


def call_ringing(transaction: Transaction, terms: CallTerms) -> None:
    """A call was opened."""
    tariff = terms.tariff
    data = CallRinging(
        terms.call_id, terms.host_id, terms.wallet_id, terms.host_name, terms.payer_name, tariff.currency,
        tariff.price_minor, tariff.per_ms,
    )  # fmt: skip
    announce(transaction, "call.ringing", terms.call_id, data, concerns=(terms.host_id,), at=terms.opened_at)


def call_metered(
    transaction: Transaction, terms: CallTerms, before: MeterEvent | None, count: int,
    fresh: Sequence[MeterEvent],
) -> None:  # fmt: skip
    """Meter events were recorded: `fresh` behind `count` others. `before`: the last that is no gift."""
    parties = (terms.call_id, terms.host_id, terms.wallet_id)
    for number, event in enumerate(fresh, count + 1):
        data: CallStarted | CallPaused | CallResumed
        if isinstance(event, Gift):
            continue
        if isinstance(event, Began):
            if before is None:
                name, subject = "call.started", terms.call_id
                data = CallStarted(*parties, terms.host_name, terms.payer_name)
            else:
                name, subject = "call.resumed", f"{terms.call_id}:{number}"
                data = CallResumed(*parties, event.reason, event.used_ms)
        elif event.reason not in CLOSING and isinstance(before, Began):
            name, subject = "call.paused", f"{terms.call_id}:{number}"
            data = CallPaused(*parties, event.reason, event.used_ms)
        else:
            before = event
            continue
        announce(transaction, name, subject, data, concerns=(terms.host_id,), at=event.at)
        before = event


def call_ended(transaction: Transaction, account: CallAccount) -> None:
    """A call was settled."""
    terms = account.terms
    data = CallEnded(
        terms.call_id, terms.host_id, terms.wallet_id, terms.host_name, terms.payer_name, account.reason,
        terms.opened_at, account.ended_at, account.used_ms, terms.tariff.currency, account.charge_minor,
        account.host_share_minor,
    )  # fmt: skip
    announce(transaction, "call.ended", terms.call_id, data, concerns=(terms.host_id,), at=account.ended_at)


def topped_up(transaction: Transaction | Connection, payment: TopUpSucceeded, at: str = "") -> None:
    """A payment was credited. Only the operator hears of it."""
    announce(transaction, "topup.succeeded", payment.payment, payment, concerns=(payment.wallet,), at=at)


def top_up_refunded(transaction: Transaction, data: TopUpRefunded, at: str) -> None:
    """A refund of a payment succeeded."""
    announce(transaction, "topup.refunded", data.refund, data, concerns=(data.wallet,), at=at)


def top_up_taken_back(transaction: Transaction, clawback_id: str, data: TopUpTakenBack, at: str) -> None:
    """A payment, or a part of it, is gone."""
    announce(transaction, "topup.taken_back", clawback_id, data, concerns=(data.wallet,), at=at)


def wallet_low(transaction: Transaction, data: WalletLow, at: str) -> None:
    """A wallet runs dry in a call; told once for each approach, that is for each moment."""
    announce(transaction, "wallet.low", f"{data.call}:{at}", data, concerns=(data.wallet,), at=at)
