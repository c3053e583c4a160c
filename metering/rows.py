"""Rows of the ledger's tables, read as facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, Select, bindparam, select
from sqlalchemy.engine import Connection

from .event_rows import event_of
from .facts import CallAccount, CallTerms, MeterEvent
from .tables import meter_events, metered_calls
from .tariff import Tariff

_EVENTS = (
    select(meter_events)
    .where(meter_events.c.call_id.in_(bindparam("calls", expanding=True)))
    .order_by(meter_events.c.call_id, meter_events.c.seq)
)
_PAGE = 500


def tariff_text(tariff: Tariff) -> str:
    """A tariff as it is stored."""
    return msgspec.json.encode(tariff).decode()


def tariff_of(text: str) -> Tariff:
    """A stored tariff. Raises `msgspec.ValidationError` or `msgspec.DecodeError`, both ValueErrors."""
    return msgspec.json.decode(text, type=Tariff)


def terms_of(row: Row[Any]) -> CallTerms:
    """The terms in a row of metered_calls."""
    return CallTerms(
        call_id=row.id,
        wallet_id=row.wallet_id,
        host_id=row.host_id,
        payer_name=row.payer_name,
        host_name=row.host_name,
        tariff=tariff_of(row.tariff),
        opened_at=row.opened_at,
        media=row.media,
    )


def account_of(row: Row[Any], events: Sequence[MeterEvent]) -> CallAccount:
    """A row of metered_calls and its events."""
    return CallAccount(
        terms=terms_of(row),
        state=row.state,
        events=tuple(events),
        chain_head=row.chain_head,
        held_minor=row.held_minor,
        used_ms=row.used_ms,
        charge_minor=row.charge_minor,
        host_share_minor=row.host_share_minor,
        reason=row.reason,
        ended_at=row.ended_at,
        balance_before_minor=row.balance_before_minor,
        balance_after_minor=row.balance_after_minor,
        topped_up_minor=row.topped_up_minor,
    )


def events_of(connection: Connection, call_ids: Iterable[str]) -> dict[str, list[MeterEvent]]:
    """The events of these calls, in order; calls without events are missing."""
    found: dict[str, list[MeterEvent]] = {}
    wanted = list(call_ids)
    for start in range(0, len(wanted), _PAGE):
        for row in connection.execute(_EVENTS, {"calls": wanted[start : start + _PAGE]}):
            event = event_of(row.kind, row.at_ms, row.at, row.used_ms, row.reason, row.gift_ms, row.note)
            found.setdefault(row.call_id, []).append(event)
    return found


def call_row(connection: Connection, call_id: str) -> Row[Any] | None:
    """The row of one call."""
    return connection.execute(_CALL, {"call": call_id}).one_or_none()


_CALL = select(metered_calls).where(metered_calls.c.id == bindparam("call"))


def accounts_of(connection: Connection, wanted: Select[Any]) -> list[CallAccount]:
    """The calls that a selection of metered_calls finds, in its order."""
    rows = connection.execute(wanted).all()
    events = events_of(connection, [row.id for row in rows])
    return [account_of(row, events.get(row.id, ())) for row in rows]
