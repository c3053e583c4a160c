"""The receipt: what was metered, why it began and ended, what it cost; signed, and checkable without us.

Payer and host get copies that differ in what is theirs alone: the payer's has the balances, the host's the
share and the earnings. Both carry the meter's events, so either recomputes the same chain (`metering.chain`),
the same intervals (`metering.usage`) and the same charge (`metering.tariff`).

Signature: Ed25519 (RFC 8032) over the canonical JSON (RFC 8785, see `metering.chain`) of the receipt's object
without its member `signature`; key and signature in base64url without padding (RFC 4648 section 5).
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
from collections.abc import Iterator
from typing import Final, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .chain import canonical_json, genesis, link, opening_digest
from .event_rows import event_row
from .facts import Began, BeginReason, CallAccount, EndReason, Gift, MeterEvent, Stopped
from .price import Price
from .tariff import Tariff
from .usage import intervals

RECEIPT_VERSION: Final = 2
_READ: Final = (1, 2)  # version 1 knew neither gifts, nor notes, nor tips
MAX_RECEIPT_BYTES: Final = 4 * 1024 * 1024

Copy = Literal["payer", "host"]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A receipt with a member that we do not know is not one of ours."""


class ReceiptTariff(_Part, frozen=True):
    """The tariff as it was agreed: see `metering.tariff` for the formula. The share is on the host's copy."""

    currency: str
    price_minor: int
    per_ms: int
    increment_ms: int
    minimum_ms: int
    free_ms: int
    host_share_bp: int | None = None


class ReceiptInterval(_Part, frozen=True):
    """Time that was metered without a break."""

    started_at: str
    ended_at: str
    duration_ms: int
    begin_reason: BeginReason
    end_reason: EndReason
    end_note: str = ""


class _BeganBecause(_Part, frozen=True):
    reason: BeginReason


class _StoppedBecause(_Part, frozen=True):
    reason: EndReason


class ReceiptEvent(_Part, frozen=True):
    """A link of the chain. `at_ms` counts from an arbitrary origin: only differences mean anything."""

    event: Literal["began", "stopped", "gift"]
    at_ms: int
    at: str
    used_ms: int
    reason: BeginReason | EndReason
    gift_ms: int = 0
    note: str = ""


class Receipt(_Part, frozen=True):
    """GET /api/v1/calls/{id}/receipt: what both sides can verify (`talktime verify`).

    charge_minor + waived_minor = what tariff and gifts say; `waived_minor` is what the hold did not cover and
    the platform gave up, nearly always 0. `gifted_ms` of the time used were given away. On the payer's copy
    balance_before + topped_up - charge - other_calls = balance_after, where `other_calls_minor` is what other
    calls on the same wallet were charged meanwhile; on the host's these are None, and on the payer's the
    earnings are.
    """

    version: int
    copy: Copy
    call_id: str
    payer_name: str
    host_name: str
    opened_at: str
    ended_at: str
    reason: str
    tariff: ReceiptTariff
    intervals: list[ReceiptInterval]
    used_ms: int
    billed_ms: int
    charge_minor: int
    waived_minor: int
    currency: str
    events: list[ReceiptEvent]
    chain_head: str
    public_key: str
    signature: str
    balance_before_minor: int | None = None
    topped_up_minor: int | None = None
    other_calls_minor: int | None = None
    balance_after_minor: int | None = None
    earned_minor: int | None = None
    gifted_ms: int = 0


# -- making ------------------------------------------------------------------------------------------------


def public_key(seed: bytes) -> str:
    """The public key that belongs to a 32-byte Ed25519 seed, as receipts show it."""
    return _encode(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def build_receipt(account: CallAccount, copy: Copy, seed: bytes) -> Receipt:
    """The signed copy of a settled call's receipt. Raises ValueError while the call is open."""
    if account.state != "settled":
        raise ValueError(f"call {account.terms.call_id} is not settled")
    terms, tariff = account.terms, account.terms.tariff
    price = Price.of(tariff, account.events)
    used_ms, charge_minor = account.used_ms, account.charge_minor
    before_minor, after_minor = account.balance_before_minor, account.balance_after_minor
    payers = copy == "payer"
    others_minor = before_minor + account.topped_up_minor - charge_minor - after_minor
    receipt = Receipt(
        version=RECEIPT_VERSION,
        copy=copy,
        call_id=terms.call_id,
        payer_name=terms.payer_name,
        host_name=terms.host_name,
        opened_at=terms.opened_at,
        ended_at=account.ended_at,
        reason=account.reason,
        tariff=_told(tariff, copy),
        intervals=_intervals(account.events),
        used_ms=used_ms,
        billed_ms=price.billable_ms(used_ms),
        gifted_ms=price.gifted_ms(used_ms),
        charge_minor=charge_minor,
        waived_minor=price.charge(used_ms) - charge_minor,
        currency=tariff.currency,
        events=[_event_told(event) for event in account.events],
        chain_head=functools.reduce(link, account.events, genesis(terms)),
        public_key=public_key(seed),
        signature="",
        balance_before_minor=before_minor if payers else None,
        topped_up_minor=account.topped_up_minor if payers else None,
        other_calls_minor=others_minor if payers else None,
        balance_after_minor=after_minor if payers else None,
        earned_minor=None if payers else account.host_share_minor,
    )
    signed = Ed25519PrivateKey.from_private_bytes(seed).sign(_message(msgspec.to_builtins(receipt)))
    return msgspec.structs.replace(receipt, signature=_encode(signed))


# -- checking ----------------------------------------------------------------------------------------------


def verify_receipt(receipt_json: bytes, trusted_key: str | None = None) -> list[str]:
    """What is wrong with a receipt, in words; empty when it is genuine and adds up.

    `trusted_key`: the public key the receipt must be signed with. Without it, a receipt that somebody made
    up and signed with a key of their own passes: compare the key with the one the server publishes.
    """
    if len(receipt_json) > MAX_RECEIPT_BYTES:
        return ["it is too large to be a receipt"]
    try:
        receipt = msgspec.json.decode(receipt_json, type=Receipt)
        members = json.loads(receipt_json, object_pairs_hook=_unique, parse_float=_no_float)
    except (ValueError, RecursionError) as error:
        return [f"it is not a receipt: {error}"]
    if receipt.version not in _READ:
        return [f"version {receipt.version} is not known here"]
    return [
        *_signature_problems(receipt, members, trusted_key),
        *_content_problems(receipt),
        *_money_problems(receipt),
    ]


def _signature_problems(
    receipt: Receipt, members: dict[str, object], trusted_key: str | None
) -> Iterator[str]:
    if trusted_key is not None and receipt.public_key != trusted_key:
        yield "it is signed with another key than the trusted one"
    try:
        key = Ed25519PublicKey.from_public_bytes(_decode(receipt.public_key))
        key.verify(_decode(receipt.signature), _message(members))
    except (ValueError, InvalidSignature):
        yield "the signature does not match"


def _content_problems(receipt: Receipt) -> Iterator[str]:
    """Chain, intervals and usage, each recomputed from the events."""
    try:
        tariff = _tariff(receipt)
        events = [_event_read(event) for event in receipt.events]
        head = opening_digest(
            receipt.call_id, receipt.payer_name, receipt.host_name, receipt.opened_at, tariff
        )
        head = functools.reduce(link, events, head)
        found = _intervals(events)
    except ValueError as error:
        yield f"it contradicts itself: {error}"
        return
    if head != receipt.chain_head:
        yield "the chain of events does not lead to its head"
    if found != receipt.intervals:
        yield "the intervals are not those of the events"
    if sum(interval.duration_ms for interval in receipt.intervals) != receipt.used_ms:
        yield "the intervals do not add up to the time used"
    metered = [event for event in events if not isinstance(event, Gift)]
    if metered and metered[-1].used_ms != receipt.used_ms:
        yield "the last event tells another time used"


def _money_problems(receipt: Receipt) -> Iterator[str]:
    """Charge, shares and balances, each recomputed."""
    try:
        tariff = _tariff(receipt)
        price = Price.of(tariff, [_event_read(event) for event in receipt.events])
    except ValueError:
        return
    if receipt.currency != receipt.tariff.currency:
        yield "the currency is not the tariff's"
    if receipt.gifted_ms != price.gifted_ms(receipt.used_ms):
        yield "the time given is not what the events say"
    if receipt.billed_ms != price.billable_ms(receipt.used_ms):
        yield "the time billed is not what the tariff makes of the time used"
    if receipt.charge_minor + receipt.waived_minor != price.charge(receipt.used_ms):
        yield "the charge is not what the tariff says"
    if receipt.charge_minor < 0 or receipt.waived_minor < 0:
        yield "the charge is out of its bounds"
    balances = (
        receipt.balance_before_minor,
        receipt.topped_up_minor,
        receipt.other_calls_minor,
        receipt.balance_after_minor,
    )
    match receipt.copy, balances, receipt.earned_minor, receipt.tariff.host_share_bp:
        case "payer", (int(before), int(topped_up), int(others), int(after)), None, None:
            if before + topped_up - receipt.charge_minor - others != after:
                yield "the balances do not add up"
            if min(before, topped_up, others, after) < 0:
                yield "a balance is negative"
        case "host", (None, None, None, None), int(earned), int():
            if earned != tariff.host_share(receipt.charge_minor):
                yield "the earnings are not the host's share of the charge"
        case _:
            yield f"it has not what a {receipt.copy}'s copy has"


# -- parts -------------------------------------------------------------------------------------------------


def _told(tariff: Tariff, copy: Copy) -> ReceiptTariff:
    return ReceiptTariff(
        currency=tariff.currency,
        price_minor=tariff.price_minor,
        per_ms=tariff.per_ms,
        increment_ms=tariff.increment_ms,
        minimum_ms=tariff.minimum_ms,
        free_ms=tariff.free_ms,
        host_share_bp=tariff.host_share_bp if copy == "host" else None,
    )


def _tariff(receipt: Receipt) -> Tariff:
    told = receipt.tariff
    return Tariff(
        currency=told.currency,
        price_minor=told.price_minor,
        per_ms=told.per_ms,
        increment_ms=told.increment_ms,
        minimum_ms=told.minimum_ms,
        free_ms=told.free_ms,
        host_share_bp=10_000 if told.host_share_bp is None else told.host_share_bp,
    )


def _event_told(event: MeterEvent) -> ReceiptEvent:
    kind, at_ms, at, used_ms, reason, gift_ms, note = event_row(event)
    return msgspec.convert(
        {
            "event": kind, "at_ms": at_ms, "at": at, "used_ms": used_ms, "reason": reason,
            "gift_ms": gift_ms, "note": note,
        },
        type=ReceiptEvent,
    )  # fmt: skip


def _event_read(told: ReceiptEvent) -> MeterEvent:
    reason = {"reason": told.reason}
    event: MeterEvent
    match told.event:
        case "gift":
            event = Gift(told.at_ms, told.at, told.used_ms, told.gift_ms)
        case "began":
            began = msgspec.convert(reason, type=_BeganBecause)
            event = Began(told.at_ms, told.at, told.used_ms, began.reason)
        case "stopped":
            stopped = msgspec.convert(reason, type=_StoppedBecause)
            event = Stopped(told.at_ms, told.at, told.used_ms, stopped.reason, told.note)
    if _event_told(event) != told:
        raise ValueError("an event says what its kind cannot say")
    return event


def _intervals(events: tuple[MeterEvent, ...] | list[MeterEvent]) -> list[ReceiptInterval]:
    told = []
    for interval in intervals(events):
        if interval.end_ms is None or interval.end_reason is None:
            raise ValueError("an interval has no end")
        told.append(
            ReceiptInterval(
                started_at=interval.start_at,
                ended_at=interval.end_at,
                duration_ms=interval.end_ms - interval.start_ms,
                begin_reason=interval.begin_reason,
                end_reason=interval.end_reason,
                end_note=interval.end_note,
            )
        )
    return told


def _message(members: dict[str, object]) -> bytes:
    return canonical_json({name: value for name, value in members.items() if name != "signature"})


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a member that is given twice: readers differ on which one counts."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    return members


def _no_float(text: str) -> object:
    raise ValueError(f"{text} is not an integer")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    """Raises ValueError unless `text` is the one spelling of its bytes."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
    if _encode(raw) != text:
        raise ValueError("not the only spelling of these bytes")
    return raw
