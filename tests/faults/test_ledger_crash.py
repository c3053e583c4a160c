"""Whatever instant the process dies at: what was answered is there, what was not is whole or absent."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from rig import ledger_process
from rig.shelf import SqlShelf, began, stopped, terms

from metering.facts import Heartbeat, Settlement
from metering.ledger import Ledger
from metering.reconciliation import reconcile

LATER = "2026-01-01T12:30:00.000Z"
KILLS = 6
PATIENCE_S = 60

# -- at every statement --------------------------------------------------------------------------------------

STEPS: dict[str, Callable[[Ledger], Awaitable[object]]] = {
    "take over": lambda ledger: ledger.take_over("node"),
    "wallet": lambda ledger: ledger.open_wallet("sam", "USD"),
    "top up": lambda ledger: ledger.top_up("sam", "first", 1_000, "test"),
    "open": lambda ledger: ledger.open_call(terms()),
    "hold 100": lambda ledger: ledger.extend("call", 100),
    "began": lambda ledger: ledger.record("call", [began(1_000)]),
    "beat": lambda ledger: ledger.beat(Heartbeat(3_000)),
    "hold 300": lambda ledger: ledger.extend("call", 300),
    "paused": lambda ledger: ledger.record("call", [stopped(9_000, 8_000, "payer_paused")]),
    "went on": lambda ledger: ledger.record("call", [began(20_000, 8_000, "resumed")]),
    "beat again": lambda ledger: ledger.beat(Heartbeat(22_000, {"call": 21_000})),
    "settle": lambda ledger: ledger.settle(Settlement("call", 12_000, "payer_left", LATER)),
}
# After a crash with the steps up to this one answered: usage and charge of the call that recovery settles.
# The step after it may have been done or not.
SETTLED: dict[str, tuple[int, int]] = {
    "open": (0, 0),
    "hold 100": (0, 0),
    "began": (0, 0),
    "beat": (2_000, 8),
    "hold 300": (2_000, 8),
    "paused": (8_000, 32),
    "went on": (8_000, 32),
    "beat again": (9_000, 36),
    "settle": (12_000, 48),
}


async def test_a_crash_at_any_statement_loses_nothing_and_charges_nothing_too_much(tmp_path: Path) -> None:
    living = tmp_path / "living"
    living.mkdir()
    shelf = SqlShelf(living)
    answered = ["nothing"]
    deaths: dict[tuple[str, bytes], Path] = {}

    def die(_statement: str) -> None:
        """Keep what a crash now would leave: the file and its log, without what is only in memory."""
        files = [shelf.file, shelf.file.with_name("talktime.db-wal")]
        left = b"\0".join(file.read_bytes() if file.exists() else b"" for file in files)
        key = (answered[-1], left)
        if key not in deaths:
            deaths[key] = tmp_path / f"death-{len(deaths)}"
            deaths[key].mkdir()
            for file in files:
                if file.exists():
                    shutil.copy(file, deaths[key])

    await shelf.database.write(lambda transaction: transaction.raw.set_trace_callback(die))
    ledger = shelf.ledger()
    for name, step in STEPS.items():
        await step(ledger)
        answered.append(name)
        die("")
    await shelf.database.write(lambda transaction: transaction.raw.set_trace_callback(None))
    await shelf.close()
    assert len({key[0] for key in deaths}) == len(STEPS) + 1
    outcomes: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
    for (name, _), folder in deaths.items():
        outcome = await recovered(folder)
        if outcome is not None:
            outcomes[name].add(outcome)
    steps = [*STEPS, "settle"]
    for name, (used_ms, charge_minor) in SETTLED.items():
        following = SETTLED[steps[steps.index(name) + 1]]
        assert (used_ms, charge_minor) in outcomes[name], name
        assert outcomes[name] <= {(used_ms, charge_minor), following}, name


async def recovered(folder: Path) -> tuple[int, int] | None:
    """Start on what a crash left. Returns usage and charge of the call, None if there is none."""
    shelf = SqlShelf(folder)
    assert reconcile(shelf.url) == []
    ledger = shelf.ledger()
    await ledger.take_over("node")
    await ledger.recover(LATER)
    assert await ledger.reconcile() == []
    calls = await ledger.recent_calls()
    if calls:
        balance = await ledger.balance("sam")
        assert (balance.available_minor, balance.held_minor) == (1_000 - calls[0].charge_minor, 0)
        assert calls[0].state == "settled"
    await shelf.close()
    return (calls[0].used_ms, calls[0].charge_minor) if calls else None


# -- kill -9 -------------------------------------------------------------------------------------------------


def live_and_kill(url: str, seed: int, lines: int) -> list[dict[str, Any]]:
    """Let a process live until it printed so many lines, kill it, and return all that it had printed."""
    process = subprocess.Popen(
        [sys.executable, ledger_process.__file__, url, str(seed)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        facts = [json.loads(process.stdout.readline()) for _ in range(lines)]
        process.kill()
        rest, _ = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.wait()
    # The last line may be torn.
    return facts + [json.loads(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]


async def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    seed = int(os.environ.get("TALKTIME_TEST_SEED") or random.randrange(2**32))
    print(f"TALKTIME_TEST_SEED={seed}")
    chance = random.Random(seed)
    shelf = SqlShelf(tmp_path)
    await shelf.close()
    facts: list[dict[str, Any]] = []
    for _ in range(KILLS):
        told = await asyncio.to_thread(
            live_and_kill, shelf.url, chance.randrange(2**32), chance.randrange(20, 500)
        )
        facts += told
        assert reconcile(shelf.url) == []
    orphans = sum(len(fact["calls"]) for fact in facts if fact.get("did") == "recover")
    assert orphans > 0, "no kill hit a running call"
    await shelf.restart()
    ledger = shelf.ledger()
    await ledger.take_over("node")
    await ledger.recover(LATER)
    assert await ledger.reconcile() == []
    accounts = {account.terms.call_id: account for account in await ledger.recent_calls(limit=1_000_000)}
    assert {account.state for account in accounts.values()} == {"settled"}
    recorded: defaultdict[str, int] = defaultdict(int)
    held: defaultdict[str, int] = defaultdict(int)
    settled: set[str] = set()
    for fact in facts:
        match fact:
            case {"did": "open", "call": call}:
                assert call in accounts
            case {"did": "extend", "call": call, "held": minor}:
                held[call] = minor
            case {"did": "record", "call": call, "used": used_ms}:
                recorded[call] = used_ms
            case {"did": "settle", "call": call, "charge": minor}:
                settled.add(call)
                assert (accounts[call].charge_minor, accounts[call].reason) == (minor, "payer_left")
    assert len(settled) > 10
    for call, used_ms in recorded.items():
        assert accounts[call].used_ms >= used_ms
        tariff = accounts[call].terms.tariff
        assert min(tariff.charge(used_ms), held[call]) <= accounts[call].charge_minor
    paid = {fact["payment"]: fact["minor"] for fact in facts if fact.get("did") == "top_up"}
    asked = {fact["payment"]: fact["minor"] for fact in facts if fact.get("asks") == "top_up"}
    worth = sum([(await ledger.balance(each)).available_minor for each in ledger_process.WALLETS])
    credited = worth + sum(account.charge_minor for account in accounts.values())
    assert sum(paid.values()) <= credited <= sum(asked.values())
    await shelf.close()
