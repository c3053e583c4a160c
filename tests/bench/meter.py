"""Ten thousand metered calls in one process with a durable ledger, in real time. One JSON line.

Every call is what signaling runs for the money of one: its meter, its books, one alarm in the common heap,
and a wallet of its own in SQLite; the heartbeat claims usage for all of them. Media is taken to flow all the
time. The calls begin over `--ramp` seconds; in the `--seconds` after that, every tenth wallet runs empty.
`lateness_p99_ms` is how long after the last paid millisecond the meter was stopped, `cpu_share` what the
process took of one core, the database's writer included. What was charged is checked.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from metering.facts import CallAccount, CallTerms
from metering.meter import HoldMedia, MediaUp
from metering.sql import SqlLedger
from metering.tariff import Tariff
from signaling.alarms import Alarms
from signaling.call_meter import CallMeter, Order
from signaling.clock import SystemClock, iso
from signaling.events import Event, GrantAnswered, Settled
from signaling.heartbeat import Heart
from signaling.metrics import NoMetrics
from signaling.options import SignalingOptions
from signaling.ports import MoneyPorts
from signaling.supervisor import Supervisor
from signaling.views import CallFunds
from storage import Database, migrate

TARIFF = Tariff("USD", 240)
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Times:
    """How many calls, how long they take to begin, how long it is measured after that."""

    calls: int
    ramp_ms: int
    measured_ms: int


def fenced() -> None:
    """Nobody else is there to take over."""
    raise RuntimeError("fenced")


@dataclass
class BenchCall:
    """One call without people: its alarm wakes the meter, the ledger's answers come straight back."""

    terms: CallTerms
    funds_minor: int
    ports: MoneyPorts
    alarms: Alarms
    late_ms: list[float]
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    account: CallAccount | None = None

    def __post_init__(self) -> None:
        self.meter = CallMeter(self.terms, CallFunds(self.funds_minor), self.ports, self.post, lambda _: None)
        self.alarm = self.alarms.make(self.ring)

    def start(self) -> None:
        """Accepted, and both deliver."""
        now_ms = self.ports.clock.now_ms()
        self.meter.start(now_ms)
        for party in ("payer", "host"):
            self.meter.tell(MediaUp(party, now_ms), now_ms)  # type: ignore[arg-type]
        self.alarm.set(self.meter.deadline())

    def ring(self) -> None:
        """The alarm rang."""
        due_ms = self.meter.deadline()
        self._obey(self.meter.ring(self.ports.clock.now_ms()), due_ms)

    def post(self, event: Event) -> bool:
        """An answer of the ledger."""
        match event:
            case GrantAnswered(answer):
                self._obey(self.meter.granted(answer, self.ports.clock.now_ms()), None)
            case Settled(account):
                self.account = account
                self.settled.set()
        return True

    def _obey(self, orders: list[Order], due_ms: int | None) -> None:
        if due_ms is not None and any(isinstance(order, HoldMedia) for order in orders):
            self.late_ms.append(time.monotonic_ns() / 1e6 - due_ms)
        self.alarm.set(self.meter.deadline())

    async def end(self) -> None:
        """Hang up, and wait for the money."""
        now_ms = self.ports.clock.now_ms()
        self.alarm.set(None)
        self.meter.end("payer_left", now_ms, now_ms)
        await self.settled.wait()


class Claims:
    """The heartbeat's view of the calls, as the desk's."""

    def __init__(self, calls: list[BenchCall]) -> None:
        self._calls = calls

    def claims(self, now_ms: int) -> Iterator[tuple[str, int]]:
        """See `signaling.heartbeat.Claims`."""
        for call in self._calls:
            due_ms = call.alarm.when_ms
            overdue_ms = due_ms if due_ms is not None and due_ms <= now_ms else None
            claim_ms = call.meter.claimable_ms(now_ms, overdue_ms)
            if claim_ms is not None:
                yield call.terms.call_id, claim_ms


async def open_calls(ports: MoneyPorts, alarms: Alarms, times: Times) -> list[BenchCall]:
    """Wallets with money for the time they shall last, and an open call on each."""
    ledger, late_ms, rng = ports.ledger, list[float](), random.Random(1)
    opened_at = iso(ports.clock.wall())

    async def open_call(number: int) -> BenchCall:
        lasts_ms = rng.randint(100_000, 600_000)
        if number % 10 == 0:
            begins_ms = times.ramp_ms * number // times.calls
            lasts_ms = times.ramp_ms - begins_ms + rng.randint(0, times.measured_ms)
        funds_minor = 1 + TARIFF.charge(lasts_ms)
        terms = CallTerms(f"call-{number}", f"wallet-{number}", "host", "Sam", "Ada", TARIFF, opened_at)
        await ledger.open_wallet(terms.wallet_id, "USD")
        await ledger.top_up(terms.wallet_id, f"payment-{number}", funds_minor, "test")
        refused = await ledger.open_call(terms)
        assert refused is None
        return BenchCall(terms, funds_minor, ports, alarms, late_ms)

    calls: list[BenchCall] = []
    for first in range(0, times.calls, AT_ONCE):
        calls += await asyncio.gather(*map(open_call, range(first, min(times.calls, first + AT_ONCE))))
    return calls


def check(calls: list[BenchCall]) -> None:
    """A benchmark of wrong charges is worth nothing."""
    for call in calls:
        account = call.account
        assert account is not None
        assert account.charge_minor == TARIFF.charge(account.used_ms) <= call.funds_minor
        if account.events and account.events[-1].reason == "funds":
            assert account.used_ms == TARIFF.affordable(call.funds_minor), account


async def begin(calls: list[BenchCall], ramp_ms: int) -> None:
    """Start the calls one after the other, as people do."""
    begun = time.perf_counter()
    for number, call in enumerate(calls):
        early_s = begun + ramp_ms / 1000 * number / len(calls) - time.perf_counter()
        if early_s > 0.002:
            await asyncio.sleep(early_s)
        call.start()


async def measure(times: Times, folder: Path) -> None:
    """Run the calls and print the line."""
    clock, options, supervisor = SystemClock(), SignalingOptions(), Supervisor()
    url = f"sqlite:///{folder / 'talktime.db'}"
    migrate(url)
    database = Database.open(url)
    ledger, alarms = SqlLedger(database), Alarms(clock)
    await ledger.take_over("bench")
    ports = MoneyPorts(clock, ledger, supervisor, options, NoMetrics(), fenced)
    calls = await open_calls(ports, alarms, times)
    supervisor.spawn("heart", Heart(clock, ledger, Claims(calls), fenced, options).run())
    gc.collect()
    gc.freeze()
    await begin(calls, times.ramp_ms)
    calls[0].late_ms.clear()
    jobs, begun, cpu = database.figures().jobs, time.perf_counter(), time.process_time()
    await asyncio.sleep(times.measured_ms / 1000)
    elapsed, cpu = time.perf_counter() - begun, time.process_time() - cpu
    jobs, late_ms = database.figures().jobs - jobs, sorted(calls[0].late_ms)
    for first in range(0, times.calls, AT_ONCE):
        await asyncio.gather(*(call.end() for call in calls[first : first + AT_ONCE]))
    check(calls)
    assert await ledger.reconcile() == []
    await supervisor.close()
    await database.close()
    line = {
        "name": "meter",
        "calls": times.calls,
        "cpu_share": round(cpu / elapsed, 3),
        "lateness_p50_ms": round(late_ms[len(late_ms) // 2], 2),
        "lateness_p99_ms": round(late_ms[int(len(late_ms) * 0.99)], 2),
        "exhausted": len(late_ms),
        "ledger_ops_per_s": round(jobs / elapsed),
    }
    print(json.dumps(line), flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--ramp", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=20)
    arguments = parser.parse_args(sys.argv[1:])
    times = Times(arguments.calls, 1_000 * arguments.ramp, 1_000 * arguments.seconds)
    with tempfile.TemporaryDirectory(prefix="talktime-bench-") as folder:
        uvloop.run(measure(times, Path(folder)))


if __name__ == "__main__":
    main()
