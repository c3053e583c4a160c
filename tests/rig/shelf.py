"""Where ledgers find their data: one shelf a test, and on it as many ledgers as processes would open."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol

from metering.facts import Began, BeginReason, CallTerms, EndReason, Stopped
from metering.ledger import Ledger
from metering.memory import Books, MemoryLedger
from metering.sql import SqlLedger
from metering.tariff import Tariff
from storage import Database, migrate

ADA = Tariff("USD", 240, increment_ms=1000, host_share_bp=8_000)  # 4 cents a second, the host gets 80 %
NOON = "2026-01-01T12:00:00.000Z"
# Where a flush costs nothing: what a ledger answers does not depend on how slow the disk is. What survives a
# crash is tested on the real one (tests/faults).
MEMORY_DISK = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108


class Shelf(Protocol):
    """Ledgers that share their data."""

    def ledger(self) -> Ledger:
        """A ledger that has not taken over yet."""

    async def restart(self) -> None:
        """End the process that holds the data; ledgers from before are of no use any more."""

    async def close(self) -> None:
        """Let go of the data."""


class MemoryShelf:
    """Data in this process."""

    def __init__(self) -> None:
        self.books = Books()

    def ledger(self) -> Ledger:
        return MemoryLedger(self.books)

    async def restart(self) -> None:
        pass

    async def close(self) -> None:
        pass


class SqlShelf:
    """Data in a file of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "talktime.db"
        if not self.file.exists():
            shutil.copy(migrated_file(), self.file)
        self.url = f"sqlite:///{self.file}"
        self.database = Database.open(self.url)

    def ledger(self) -> Ledger:
        return SqlLedger(self.database)

    async def restart(self) -> None:
        await self.database.close()
        self.database = Database.open(self.url)

    async def close(self) -> None:
        await self.database.close()


@cache
def migrated_file() -> Path:
    """An empty database with the newest schema, made once: a copy is quicker than a migration."""
    file = Path(mkdtemp(prefix="talktime-schema-")) / "talktime.db"
    migrate(f"sqlite:///{file}")
    return file


def terms(
    call_id: str = "call", wallet_id: str = "sam", tariff: Tariff = ADA, host_id: str = "ada"
) -> CallTerms:
    """What a call is opened with."""
    return CallTerms(call_id, wallet_id, host_id, "Sam", "Ada", tariff, NOON)


def began(at_ms: int, used_ms: int = 0, reason: BeginReason = "media_up") -> Began:
    """An interval began `at_ms` after noon."""
    return Began(at_ms, moment(at_ms), used_ms, reason)


def stopped(at_ms: int, used_ms: int, reason: EndReason = "payer_left") -> Stopped:
    """Nothing counts from `at_ms` after noon on."""
    return Stopped(at_ms, moment(at_ms), used_ms, reason)


def moment(at_ms: int) -> str:
    """The wall clock `at_ms` after noon, within the hour."""
    return f"2026-01-01T12:{at_ms // 60_000:02}:{at_ms // 1000 % 60:02}.{at_ms % 1000:03}Z"


async def funded(
    ledger: Ledger, minor: int = 1_000, *, calls: tuple[CallTerms, ...] = (), node_id: str = "node"
) -> Ledger:
    """Take over, give Sam a wallet with money, and open `calls` on it."""
    await ledger.take_over(node_id)
    await ledger.open_wallet("sam", "USD")
    if minor:
        await ledger.top_up("sam", "first", minor, "test")
    for each in calls:
        assert await ledger.open_call(each) is None
    return ledger
