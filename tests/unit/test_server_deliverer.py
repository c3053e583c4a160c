"""Deliveries by a hand-cranked clock: tried again with growing waits, given up in the end, never lost."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rig.shelf import migrated_file

from server.deliverer import Delivered, Deliverer, Failed, Hopeless, Outcome, Policy
from server.metrics import Metrics
from signaling.clock import HandClock
from signaling.supervisor import Supervisor
from storage import Database
from storage.outbox import Outbox, Parcel, put

DAY_MS = 24 * 3_600_000


@dataclass
class Postman:
    """A courier that does what it is told, and notes when it was asked."""

    clock: HandClock
    policy: Policy = field(default_factory=Policy)
    answers: list[Outcome | Exception] = field(default_factory=list)
    asked: list[tuple[str, int, bool]] = field(default_factory=list)
    gate: asyncio.Event | None = None
    under_way: int = 0
    most: int = 0

    async def deliver(self, parcel: Parcel, *, last: bool) -> Outcome:
        self.asked.append((parcel.key, self.clock.now_ms(), last))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if self.gate is not None:
                await self.gate.wait()
        finally:
            self.under_way -= 1
        answer = self.answers.pop(0) if self.answers else Delivered()
        if isinstance(answer, Exception):
            raise answer
        return answer


class Office:
    """A deliverer on a clock of its own."""

    def __init__(self, database: Database) -> None:
        self.clock = HandClock()
        self.database, self.outbox = database, Outbox(database)
        self.metrics = Metrics()
        self.supervisor = Supervisor(self.metrics)
        self.deliverer = Deliverer(
            self.outbox, self.clock, self.supervisor, self.metrics, chance=random.Random(7)
        )
        self.postman = Postman(self.clock)

    def open(self) -> None:
        self.deliverer.register("mail", self.postman)
        self.supervisor.spawn("outbox", self.deliverer.run())

    async def put(self, *keys: str) -> None:
        for key in keys:
            await self.database.write(lambda transaction, key=key: put(transaction, "mail", key, {}))

    async def pass_time(self, ms: int, step_ms: int = 250) -> None:
        """Let `ms` pass; between two steps the database's threads get time to answer."""
        for _ in range(max(1, ms // step_ms)):
            await self.clock.drive(step_ms)
            for _ in range(3):
                await self.database.read(lambda _: None)
                await self.database.write(lambda _: None)
                await self.clock.drive(0)

    async def states(self) -> dict[str, int]:
        return {state: count for _, state, count in await self.outbox.figures()}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    file = tmp_path / "talktime.db"
    file.write_bytes(migrated_file().read_bytes())
    database = Database.open(f"sqlite:///{file}")
    office = Office(database)
    yield office
    await office.supervisor.close()
    await database.close()


async def test_what_is_put_is_delivered_soon(office: Office) -> None:
    office.open()
    await office.put("one", "two")
    await office.pass_time(1_000)
    assert sorted(key for key, _, _ in office.postman.asked) == ["one", "two"]
    assert await office.states() == {}


async def test_failures_are_tried_again_with_growing_waits_until_the_last(office: Office) -> None:
    office.postman.policy = Policy(attempts=5, first_ms=5_000, factor=4)
    office.postman.answers = [Failed("no answer")] * 5
    office.open()
    await office.put("one")
    await office.pass_time(500_000, step_ms=1_000)
    moments = [at_ms for _, at_ms, _ in office.postman.asked]
    waits = [later - earlier for earlier, later in itertools.pairwise(moments)]
    for wait, step in zip(waits, (5_000, 20_000, 80_000, 320_000), strict=True):
        assert step // 2 <= wait <= step + 3_000, waits
    assert [last for _, _, last in office.postman.asked] == [False] * 4 + [True]
    assert await office.states() == {"dead": 1}


async def test_age_bounds_the_attempts_too(office: Office) -> None:
    office.postman.policy = Policy(attempts=1_000, age_ms=60_000, first_ms=5_000, factor=1)
    office.postman.answers = [Failed("no answer")] * 1_000
    office.open()
    await office.put("one")
    await office.pass_time(90_000, step_ms=1_000)
    assert 12 <= len(office.postman.asked) <= 30
    assert await office.states() == {"dead": 1}


async def test_a_receiver_may_ask_for_more_time(office: Office) -> None:
    office.postman.answers = [Failed("503", again_ms=60_000)]
    office.open()
    await office.put("one")
    await office.pass_time(58_000, step_ms=1_000)
    assert len(office.postman.asked) == 1
    await office.pass_time(6_000, step_ms=1_000)
    assert len(office.postman.asked) == 2
    assert await office.states() == {}


async def test_what_is_hopeless_is_not_tried_again(office: Office) -> None:
    office.postman.answers = [Hopeless("there is no such address")]
    office.open()
    await office.put("one")
    await office.pass_time(30_000, step_ms=1_000)
    assert len(office.postman.asked) == 1
    assert await office.states() == {"dead": 1}


async def test_a_courier_that_crashes_or_hangs_has_failed(office: Office) -> None:
    office.postman.policy = Policy(timeout_ms=10_000)
    office.postman.answers = [ValueError("a bug")]
    office.open()
    await office.put("one")
    await office.pass_time(1_000)
    office.postman.gate = asyncio.Event()
    await office.pass_time(30_000, step_ms=1_000)
    office.postman.gate.set()
    await office.pass_time(120_000, step_ms=1_000)
    assert len(office.postman.asked) >= 3
    assert await office.states() == {}
    assert b'talktime_task_crashes_total{task="deliver"} 1.0' in office.metrics.render()


async def test_no_more_at_once_than_agreed_and_none_is_forgotten(office: Office) -> None:
    office.postman.policy = Policy(at_once=3)
    office.postman.gate = asyncio.Event()
    office.open()
    await office.put(*(f"letter-{number}" for number in range(20)))
    await office.pass_time(1_000)
    assert len(office.postman.asked) == 3
    office.postman.gate.set()
    await office.pass_time(5_000)
    assert office.postman.most == 3
    assert len({key for key, _, _ in office.postman.asked}) == 20
    assert await office.states() == {}


async def test_a_kind_without_courier_waits_and_blocks_nobody(office: Office) -> None:
    office.open()
    await office.database.write(lambda transaction: put(transaction, "pigeon", "one", {}))
    await office.put("one")
    await office.pass_time(1_000)
    assert len(office.postman.asked) == 1
    assert await office.states() == {"waiting": 1}


async def test_stopping_in_the_middle_delivers_after_the_next_start(office: Office) -> None:
    office.postman.gate = asyncio.Event()
    office.open()
    await office.put("one")
    await office.pass_time(1_000)
    await office.supervisor.close()
    assert await office.states() == {"leased": 1}

    successor = Office(office.database)
    successor.open()
    await successor.pass_time(1_000)
    assert [key for key, _, _ in successor.postman.asked] == ["one"]
    assert await successor.states() == {}
    await successor.supervisor.close()


async def test_a_parcel_that_kills_the_process_is_buried_in_the_end(office: Office) -> None:
    office.postman.policy = Policy(attempts=3)
    await office.put("poison")
    for _ in range(3):
        await office.outbox.lease("mail", 1_000, 2_000, 1)
        await office.outbox.reclaim()
    office.open()
    await office.pass_time(1_000)
    assert office.postman.asked == []
    assert await office.states() == {"dead": 1}


def test_waits_do_not_grow_for_ever() -> None:
    policy, chance = Policy(), random.Random(1)
    assert all(policy.wait_ms(attempt, chance) <= policy.most_ms for attempt in range(1, 10_000))
    total_ms = sum(policy.wait_ms(attempt, chance) for attempt in range(1, policy.attempts))
    assert DAY_MS < total_ms <= policy.age_ms + DAY_MS
