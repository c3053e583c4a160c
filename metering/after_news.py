"""What is announced of a call's money beside and after its settlement. The rules of `metering.news` hold."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row

from storage.announcements import announce
from storage.worker import Transaction

from .rows import tariff_of


class TipGiven(msgspec.Struct, frozen=True):
    """`tip.given`: the payer gave a tip; `host_share_minor` of it belongs to the expert."""

    call: str
    host: str
    payer: str
    tip: str
    currency: str
    amount_minor: int
    host_share_minor: int


class CallRefunded(msgspec.Struct, frozen=True):
    """`call.refunded`: a part of a call's charge came back to the payer; `host_share_minor` was the expert's.

    `by`: host or operator.
    """

    call: str
    host: str
    payer: str
    refund: str
    currency: str
    amount_minor: int
    host_share_minor: int
    by: str
    reason: str


class DisputeOpened(msgspec.Struct, frozen=True):
    """`dispute.opened`: the payer objects to what a call cost."""

    call: str
    host: str
    payer: str
    reason: str


class DisputeAnswered(msgspec.Struct, frozen=True):
    """`dispute.answered`: the expert's word on it."""

    call: str
    host: str
    payer: str
    answer: str


class DisputeClosed(msgspec.Struct, frozen=True):
    """`dispute.closed`: `state` is refunded or declined; `refunded_minor` came back of the call in all."""

    call: str
    host: str
    payer: str
    state: str
    currency: str
    refunded_minor: int
    decision: str


def tip_given(
    transaction: Transaction, call: Row[Any], tip_id: str, amount_minor: int, host_minor: int, at: str
) -> None:
    """A tip moved."""
    data = TipGiven(
        call.id,
        call.host_id,
        call.wallet_id,
        tip_id,
        tariff_of(call.tariff).currency,
        amount_minor,
        host_minor,
    )
    announce(transaction, "tip.given", tip_id, data, concerns=(call.host_id,), at=at)


def call_refunded(transaction: Transaction, call: Row[Any], refund: CallRefunded, at: str) -> None:
    """A refund moved."""
    announce(transaction, "call.refunded", refund.refund, refund, concerns=(call.host_id,), at=at)


def dispute_opened(transaction: Transaction, call: Row[Any], reason: str, at: str) -> None:
    """There is a dispute. A call has one at most."""
    data = DisputeOpened(call.id, call.host_id, call.wallet_id, reason)
    announce(transaction, "dispute.opened", call.id, data, concerns=(call.host_id,), at=at)


def dispute_answered(transaction: Transaction, call: Row[Any], answer: str, at: str) -> None:
    """The host answered, once."""
    data = DisputeAnswered(call.id, call.host_id, call.wallet_id, answer)
    announce(transaction, "dispute.answered", call.id, data, concerns=(call.host_id,), at=at)


def dispute_closed(
    transaction: Transaction, call: Row[Any], state: str, refunded_minor: int, decision: str, at: str
) -> None:
    """The dispute is over."""
    data = DisputeClosed(
        call.id,
        call.host_id,
        call.wallet_id,
        state,
        tariff_of(call.tariff).currency,
        refunded_minor,
        decision,
    )
    announce(transaction, "dispute.closed", call.id, data, concerns=(call.host_id,), at=at)
