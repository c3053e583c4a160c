"""What one transaction of the SQL ledger does: find a wallet, post, append to a chain, settle."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection

from storage.worker import Transaction

from .accounts import (
    Transfer,
    available_of,
    check_credit,
    earnings_of,
    held_of,
    processor_of,
    revenue_of,
)  # fmt: skip
from .after_letters import put_letter
from .chain import link
from .errors import UnknownCall, UnknownWallet
from .event_rows import event_of, event_row
from .facts import Balance, Began, CallAccount, Gift, MeterEvent, Settlement, Stopped
from .news import call_ended
from .price import Price
from .progress import Progress, closing_event
from .rows import account_of, call_row, events_of, tariff_of
from .tables import accounts, metered_calls, top_ups, transfers, wallets

_WALLET = select(wallets).where(wallets.c.id == bindparam("wallet"))
_NEW_ACCOUNT = insert(accounts).on_conflict_do_nothing()
_BALANCES = select(accounts.c.id, accounts.c.balance_minor).where(
    accounts.c.id.in_([bindparam("available"), bindparam("held")])
)
_OPEN_CALLS = select(func.count()).where(
    metered_calls.c.wallet_id == bindparam("wallet"), metered_calls.c.state == "open"
)
_CLOSE_CALL = update(metered_calls).where(metered_calls.c.id == bindparam("call"))

_CHAIN_FROM = """
    SELECT kind, at_ms, at, used_ms, reason, gift_ms, note FROM meter_events
    WHERE call_id = ? AND seq > ? ORDER BY seq
"""
_RESUME = """
    SELECT kind, at_ms, at, used_ms, reason, gift_ms, note FROM meter_events
    WHERE call_id = ? AND kind <> 'gift' ORDER BY seq DESC LIMIT 1
"""
_APPEND = """
    INSERT INTO meter_events (call_id, seq, kind, at_ms, at, used_ms, reason, gift_ms, note)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_NEW_HEAD = "UPDATE metered_calls SET events = ?, chain_head = ?, used_ms = ? WHERE id = ?"


def wallet_row(connection: Connection, wallet_id: str) -> Row[Any]:
    """The wallet's row. Raises `UnknownWallet`."""
    row = connection.execute(_WALLET, {"wallet": wallet_id}).one_or_none()
    if row is None:
        raise UnknownWallet(wallet_id)
    return row


def known_call(connection: Connection, call_id: str) -> Row[Any]:
    """The call's row. Raises `UnknownCall`."""
    row = call_row(connection, call_id)
    if row is None:
        raise UnknownCall(call_id)
    return row


def purse(connection: Connection, wallet_id: str) -> tuple[int, int]:
    """What is available and what is held; a wallet is worth the sum."""
    names = {"available": available_of(wallet_id), "held": held_of(wallet_id)}
    found = {row.id: row.balance_minor for row in connection.execute(_BALANCES, names)}
    return found[names["available"]], found[names["held"]]


def balance_of(connection: Connection, wallet_id: str) -> Balance:
    """Raises `UnknownWallet`."""
    currency = wallet_row(connection, wallet_id).currency
    available_minor, held_minor = purse(connection, wallet_id)
    open_holds = connection.execute(_OPEN_CALLS, {"wallet": wallet_id}).scalar_one()
    return Balance(wallet_id, currency, available_minor, held_minor, open_holds)


def ensure_account(
    connection: Connection, account_id: str, currency: str, floor_minor: int | None = 0
) -> None:
    """Make an empty account unless it is there."""
    connection.execute(
        _NEW_ACCOUNT, {"id": account_id, "currency": currency, "floor_minor": floor_minor, "balance_minor": 0}
    )


def post(connection: Connection, transfer: Transfer) -> None:
    """Move money; the balances follow by trigger. Nothing is a transfer of zero."""
    if transfer.amount_minor:
        connection.execute(
            transfers.insert(),
            {
                "id": transfer.id,
                "source": transfer.source,
                "target": transfer.target,
                "amount_minor": transfer.amount_minor,
                "currency": transfer.currency,
                "call_id": transfer.call_id,
            },
        )


def credit(connection: Connection, wallet: Row[Any], payment_id: str, amount_minor: int, source: str) -> None:
    """Put money that came in into the wallet in `wallet`, as a top-up with an id that is new."""
    check_credit(wallet.topped_up_minor, amount_minor)
    processor = processor_of(source, wallet.currency)
    ensure_account(connection, processor, wallet.currency, floor_minor=None)
    connection.execute(
        top_ups.insert(),
        {"payment_id": payment_id, "wallet_id": wallet.id, "amount_minor": amount_minor, "source": source},
    )
    available = available_of(wallet.id)
    post(connection, Transfer(f"topup:{payment_id}", processor, available, amount_minor, wallet.currency))
    connection.execute(
        update(wallets)
        .where(wallets.c.id == wallet.id)
        .values(topped_up_minor=wallets.c.topped_up_minor + amount_minor)
    )


def events_from(raw: sqlite3.Connection, call_id: str, after: int) -> list[MeterEvent]:
    """The call's events behind the first `after`, in order."""
    return [event_of(*row) for row in raw.execute(_CHAIN_FROM, (call_id, after))]


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """Where a call's chain of events ends: how many there are, and the head."""

    call_id: str
    count: int
    head: str


def append_events(raw: sqlite3.Connection, end: ChainEnd, events: Sequence[MeterEvent], used_ms: int) -> None:
    """Put events behind the chain's end; `used_ms` were used in all with them."""
    rows = [(end.call_id, seq, *event_row(event)) for seq, event in enumerate(events, end.count + 1)]
    raw.executemany(_APPEND, rows)
    head = reduce(link, events, end.head)
    raw.execute(_NEW_HEAD, (end.count + len(events), head, used_ms, end.call_id))


def resume_event(raw: sqlite3.Connection, call_id: str) -> Began | Stopped | None:
    """The call's last event that is no gift."""
    row = raw.execute(_RESUME, (call_id,)).fetchone()
    last = None if row is None else event_of(*row)
    return None if isinstance(last, Gift) else last


def progress_of(raw: sqlite3.Connection, row: Row[Any]) -> Progress:
    """The resume record of the call in `row`."""
    return Progress.of(resume_event(raw, row.id))


def settle(transaction: Transaction, settlement: Settlement) -> CallAccount:
    """Close a call's money, unless it is closed already. Raises `UnknownCall`, `EventsDisagree`."""
    connection, call_id = transaction.connection, settlement.call_id
    row = known_call(connection, call_id)
    if row.state == "open":
        used_ms = _close_interval(transaction.raw, row, settlement.used_ms)
        price = Price.of(tariff_of(row.tariff), events_from(transaction.raw, call_id, 0))
        _capture_and_release(connection, row, price.charge(used_ms), settlement)
        account = account_of(
            known_call(connection, call_id), events_of(connection, [call_id]).get(call_id, ())
        )
        call_ended(transaction, account)
        if account.charge_minor:
            put_letter(transaction, call_id, "receipt", "payer")
        return account
    return account_of(row, events_of(connection, [call_id]).get(call_id, ()))


def _close_interval(raw: sqlite3.Connection, row: Row[Any], used_ms: int) -> int:
    """Stop the meter at `used_ms` if it runs. Returns what is recorded as used then."""
    progress = progress_of(raw, row)
    stopped = closing_event(progress, used_ms)
    if stopped is None:
        return progress.used_ms
    append_events(raw, ChainEnd(row.id, row.events, row.chain_head), [stopped], used_ms)
    return used_ms


def _capture_and_release(
    connection: Connection, row: Row[Any], due_minor: int, settlement: Settlement
) -> None:
    tariff = tariff_of(row.tariff)
    charge_minor = min(due_minor, row.held_minor)
    host_minor = tariff.host_share(charge_minor)
    held = held_of(row.wallet_id)
    for transfer_id, target, amount_minor in (
        (f"settle:{row.id}:host", earnings_of(row.host_id, tariff.currency), host_minor),
        (f"settle:{row.id}:platform", revenue_of(tariff.currency), charge_minor - host_minor),
        (f"release:{row.id}", available_of(row.wallet_id), row.held_minor - charge_minor),
    ):
        post(connection, Transfer(transfer_id, held, target, amount_minor, tariff.currency, row.id))
    credited_minor = wallet_row(connection, row.wallet_id).topped_up_minor
    connection.execute(
        _CLOSE_CALL.values(
            state="settled",
            held_minor=0,
            charge_minor=charge_minor,
            host_share_minor=host_minor,
            reason=settlement.reason,
            ended_at=settlement.ended_at,
            balance_after_minor=sum(purse(connection, row.wallet_id)),
            topped_up_minor=credited_minor - row.topped_up_before_minor,
        ),
        {"call": row.id},
    )
