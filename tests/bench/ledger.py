"""Durable operations a second of the ledger. `make bench-ledger`; one JSON line a case.

An operation raises a call's hold: the transfer is posted, both balances move, and it is on the disk when the
answer comes. Every concurrent caller has a call of its own on a wallet of its own, but for the `one wallet`
case, where all share one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from metering.errors import Refused
from metering.facts import CallTerms
from metering.ledger import Ledger
from metering.memory import MemoryLedger
from metering.sql import SqlLedger
from metering.tariff import Tariff
from storage import Database, migrate

TARIFF = Tariff("USD", 240)
PLENTY = 10**12


async def prepare(ledger: Ledger, concurrency: int, *, shared: bool) -> list[str]:
    """Wallets with money, and an open call for each caller."""
    await ledger.take_over("bench")
    calls = []
    for number in range(concurrency):
        wallet = "wallet" if shared else f"wallet-{number}"
        await ledger.open_wallet(wallet, "USD")
        await ledger.top_up(wallet, f"payment-{number}", PLENTY, "test")
        call = f"call-{number}"
        refused = await ledger.open_call(CallTerms(call, wallet, "host", "Sam", "Ada", TARIFF, ""))
        assert refused is None
        calls.append(call)
    return calls


async def drive(ledger: Ledger, call: str, until: float, took: list[float]) -> None:
    """Extend one call's hold again and again."""
    to_minor = 0
    while (begun := time.perf_counter()) < until:
        to_minor += 4
        grant = await ledger.extend(call, to_minor)
        assert not isinstance(grant, Refused)
        assert grant.held_minor == to_minor
        took.append(time.perf_counter() - begun)


async def measure(name: str, backend: str, ledger: Ledger, concurrency: int, seconds: float) -> None:
    """Run one case and print its line."""
    calls = await prepare(ledger, concurrency, shared="wallet" in name)
    took: list[float] = []
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for call in calls:
            tasks.create_task(drive(ledger, call, begun + seconds, took))
    elapsed = time.perf_counter() - begun
    assert await ledger.reconcile() == []
    took.sort()
    print(
        json.dumps(
            {
                "name": name,
                "backend": backend,
                "concurrency": concurrency,
                "ops_per_s": round(len(took) / elapsed),
                "p99_ms": round(took[int(len(took) * 0.99)] * 1000, 4),
            }
        ),
        flush=True,
    )


async def run(seconds: float) -> None:
    """All cases."""
    cases = [("extend", 1), ("extend", 64), ("extend, one wallet", 64)]
    for name, concurrency in cases:
        await measure(name, "memory", MemoryLedger(), concurrency, min(seconds, 1.0))
    for name, concurrency in cases:
        with tempfile.TemporaryDirectory(prefix="talktime-bench-") as folder:
            url = f"sqlite:///{Path(folder) / 'talktime.db'}"
            migrate(url)
            database = Database.open(url)
            try:
                await measure(name, "sqlite", SqlLedger(database), concurrency, seconds)
            finally:
                await database.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each case with a disk")
    uvloop.run(run(parser.parse_args(sys.argv[1:]).seconds))
