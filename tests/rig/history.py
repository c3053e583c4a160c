"""Calls that are over: settled in the ledger without anybody having talked."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from metering.facts import Began, CallTerms, Settlement, Stopped
from metering.ledger import Ledger
from metering.sql import SqlLedger
from metering.tariff import Tariff
from signaling.clock import iso
from storage import Database

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

    async def write() -> str:
        database = Database.open(f"sqlite:///{data_folder / 'talktime.db'}")
        ledger = SqlLedger(database)
        await ledger.take_over("history")
        try:
            return await past_call(ledger, datetime.now(UTC), used_ms)
        finally:
            await ledger.close()
            await database.close()

    # In a thread of its own: the caller's may have a loop that runs, as Playwright's has.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(write())).result()
