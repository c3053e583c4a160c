"""The hash chain over a call's meter events: whoever holds a receipt sees if one was changed or left out.

    genesis = SHA-256(canonical JSON of what the call was opened with, as far as both sides may know it)
    link    = SHA-256(previous digest || canonical JSON of the event)

The chain only grows: a correction is a further `Stopped` (see `metering.usage`), never a changed event.
The wallet's and the host's ids and the host's share stay out of the genesis: payer and host hold copies that
differ in them, and both shall recompute the same head.

Canonical JSON is RFC 8785 for objects, arrays, strings, booleans, null and integers up to 2**53 - 1; other
numbers are refused, for they have no single spelling that every reader agrees on.
"""

from __future__ import annotations

import json
from hashlib import sha256
from json.encoder import encode_basestring as _quote
from typing import Final

from .facts import Began, CallTerms, Gift, MeterEvent, Stopped
from .tariff import Tariff

_MAX_EXACT: Final = 2**53 - 1
_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), check_circular=False
)


def canonical_json(value: object) -> bytes:
    """The one spelling of `value` (RFC 8785). Raises ValueError for what has none (floats, huge ints).

    Keys are ASCII, so that sorting by code point is RFC 8785's sorting by UTF-16 unit.
    """
    _check(value)
    return _ENCODER.encode(value).encode("utf-8")


def _check(value: object) -> None:
    match value:
        case None | bool() | str():
            pass
        case int() if abs(value) <= _MAX_EXACT:
            pass
        case list() | tuple():
            for item in value:
                _check(item)
        case dict():
            for key, item in value.items():
                if not (isinstance(key, str) and key.isascii()):
                    raise ValueError(f"{key!r} is not an ASCII key")
                _check(item)
        case _:
            raise ValueError(f"{value!r} has no canonical spelling")


def genesis(terms: CallTerms) -> str:
    """The head of a chain without events, 64 hexadecimal digits."""
    return opening_digest(terms.call_id, terms.payer_name, terms.host_name, terms.opened_at, terms.tariff)


def opening_digest(call_id: str, payer_name: str, host_name: str, opened_at: str, tariff: Tariff) -> str:
    """`genesis` from its parts, as a receipt holds them."""
    opening = {
        "v": 1,
        "call_id": call_id,
        "payer_name": payer_name,
        "host_name": host_name,
        "opened_at": opened_at,
        "currency": tariff.currency,
        "price_minor": tariff.price_minor,
        "per_ms": tariff.per_ms,
        "increment_ms": tariff.increment_ms,
        "minimum_ms": tariff.minimum_ms,
        "free_ms": tariff.free_ms,
    }
    return sha256(canonical_json(opening)).hexdigest()


def link(previous: str, event: MeterEvent) -> str:
    """The head after one more event."""
    match event:
        case Began():
            kind = "began"
        case Stopped():
            kind = "stopped"
        case Gift():
            given = {
                "at": event.at,
                "at_ms": event.at_ms,
                "event": "gift",
                "gift_ms": event.gift_ms,
                "used_ms": event.used_ms,
            }
            return sha256(bytes.fromhex(previous) + canonical_json(given)).hexdigest()
    note = f'"note":{_quote(event.note)},' if isinstance(event, Stopped) and event.note else ""
    # Canonical JSON, its members in order, spelled out: this is done for every event of every call.
    told = (
        f'{{"at":{_quote(event.at)},"at_ms":{event.at_ms:d},"event":"{kind}",{note}'
        f'"reason":{_quote(event.reason)},"used_ms":{event.used_ms:d}}}'
    )
    return sha256(bytes.fromhex(previous) + told.encode("utf-8")).hexdigest()
