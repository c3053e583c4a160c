"""Calls that are over: settled in the ledger without anybody having talked."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from metering.facts import Began, CallTerms, Settlement, Stopped
from metering.ledger import Ledger
from metering.sql import SqlLedger
from metering.tariff import Tariff
from signaling.clock import iso
from storage import Database

T = TypeVar("T")
TARIFF = Tariff("USD", 240, host_share_bp=8_000)


async def past_call(ledger: Ledger, at: datetime, used_ms: int = 90_000, tariff: Tariff = TARIFF) -> str:
    """A settled call of Sam with Ada that ended at `at`; its id."""
    call_id, moment = secrets.token_hex(12), iso(at)
    await ledger.open_call(CallTerms(call_id, "sam", "ada", "Sam", "Ada", tariff, moment))
    await ledger.extend(call_id, 400)
    stopped = Stopped(used_ms, moment, used_ms, "payer_left")
    await ledger.record(call_id, [Began(0, moment, 0, "media_up"), stopped])
    await ledger.settle(Settlement(call_id, used_ms, "payer_left", moment))
    return call_id


def write_past_call(data_folder: Path, used_ms: int = 90_000) -> str:
    """The same, into the data of a server that does not run."""
    return _written(data_folder, lambda ledger: past_call(ledger, datetime.now(UTC), used_ms))


def write_past_days(data_folder: Path, calls_by_day: Sequence[int]) -> None:
    """So many calls on each of the last days, today's last; Sam must have $4 for each."""
    ends: dict[str, str] = {}

    async def write(ledger: Ledger) -> None:
        for ago, calls in enumerate(reversed(calls_by_day)):
            noon = datetime.now(UTC).replace(hour=0, minute=1, second=0, microsecond=0) - timedelta(days=ago)
            for number in range(calls):
                at = noon + timedelta(minutes=7 * number)
                ends[await past_call(ledger, at, 40_000 + 9_700 * (number % 6))] = iso(at)

    _written(data_folder, write)
    # The books say themselves when an entry was made; here they are told.
    order = "UPDATE account_entries SET at = ? WHERE seq IN (SELECT seq FROM transfers WHERE call_id = ?)"
    with sqlite3.connect(data_folder / "talktime.db") as books:
        books.executemany(order, [(at, call_id) for call_id, at in ends.items()])
    books.close()


def _written(data_folder: Path, write: Callable[[Ledger], Coroutine[None, None, T]]) -> T:
    async def run() -> T:
        database = Database.open(f"sqlite:///{data_folder / 'talktime.db'}")
        ledger = SqlLedger(database)
        await ledger.take_over("history")
        try:
            return await write(ledger)
        finally:
            await ledger.close()
            await database.close()

    # In a thread of its own: the caller's may have a loop that runs, as Playwright's has.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(run())).result()
