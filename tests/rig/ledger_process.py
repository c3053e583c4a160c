"""A process that lives many calls on a ledger until it is killed; it prints what was answered, line by line.

    python tests/rig/ledger_process.py DATABASE_URL SEED

Lines are JSON. What a line says was durable before it was printed; time in it is the process's own, a counter
of milliseconds that goes on from the last process's.
"""

from __future__ import annotations

import asyncio
import json
import sys
from itertools import count
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from rig.shelf import ADA, began, stopped, terms  # noqa: E402 - the path comes first

from metering.errors import Refused  # noqa: E402
from metering.facts import Grant, Heartbeat, Settlement  # noqa: E402
from metering.ledger import Ledger  # noqa: E402
from metering.sql import SqlLedger  # noqa: E402
from storage import Database  # noqa: E402

WALLETS = ("sam", "kim")
CALLERS = 8


def say(**fact: object) -> None:
    """Tell the test what was answered."""
    print(json.dumps(fact), flush=True)


class Life:
    """Callers that call again and again, and a heartbeat beside them."""

    def __init__(self, ledger: Ledger, seed: int, epoch: int) -> None:
        self.ledger, self.chance, self.epoch = ledger, Random(seed), epoch
        self.now_ms = epoch * 10_000_000
        self.payments = count()

    async def top_up(self, wallet_id: str) -> None:
        payment = f"{self.epoch}-{next(self.payments)}"
        amount = self.chance.randrange(1, 400)
        say(asks="top_up", payment=payment, minor=amount)
        await self.ledger.top_up(wallet_id, payment, amount, "test")
        say(did="top_up", payment=payment, minor=amount)

    async def call(self, caller: int, number: int) -> None:
        """One call: a few intervals, the hold always ahead of the usage."""
        wallet_id = WALLETS[caller % len(WALLETS)]
        call_id, used_ms, held_minor = f"call-{self.epoch}-{caller}-{number}", 0, 0
        if self.chance.random() < 0.5:
            await self.top_up(wallet_id)
        assert await self.ledger.open_call(terms(call_id, wallet_id)) is None
        say(did="open", call=call_id)
        for _ in range(self.chance.randrange(1, 5)):
            length_ms = self.chance.randrange(100, 8_000)
            grant = await self.ledger.extend(call_id, max(held_minor, ADA.charge(used_ms + length_ms)))
            assert isinstance(grant, Grant)
            held_minor = grant.held_minor
            say(did="extend", call=call_id, held=held_minor)
            length_ms = min(length_ms, max(0, ADA.affordable(held_minor) - used_ms))
            self.now_ms += 1
            began_ms = self.now_ms
            assert await self.ledger.record(call_id, [began(began_ms, used_ms)]) is None
            self.now_ms = max(self.now_ms, began_ms + length_ms)
            used_ms += length_ms
            event = stopped(began_ms + length_ms, used_ms, "payer_paused")
            assert not isinstance(await self.ledger.record(call_id, [event]), Refused)
            say(did="record", call=call_id, used=used_ms)
        account = await self.ledger.settle(Settlement(call_id, used_ms, "payer_left", ""))
        say(did="settle", call=call_id, charge=account.charge_minor)

    async def talk(self, caller: int) -> None:
        for number in count():
            await self.call(caller, number)

    async def beat(self) -> None:
        while True:
            await self.ledger.beat(Heartbeat(self.now_ms))
            await asyncio.sleep(0.002)


async def main(url: str, seed: int) -> None:
    """Recover, then live until killed."""
    database = Database.open(url)
    ledger = SqlLedger(database)
    epoch = await ledger.take_over("node")
    recovered = await ledger.recover("")
    say(did="recover", calls=[account.terms.call_id for account in recovered])
    for wallet_id in WALLETS:
        await ledger.open_wallet(wallet_id, "USD")
    life = Life(ledger, seed, epoch)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(life.beat())
        for caller in range(CALLERS):
            tasks.create_task(life.talk(caller))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
