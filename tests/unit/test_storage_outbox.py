"""The outbox: durable with the fact, at least once, with leases that outlive nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rig.shelf import migrated_file

from storage import Database
from storage.outbox import KEEP_DONE_MS, Outbox, Parcel, put
from storage.worker import Transaction


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    file = tmp_path / "talktime.db"
    file.write_bytes(migrated_file().read_bytes())
    opened = Database.open(f"sqlite:///{file}")
    yield opened
    await opened.close()


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


async def put_in(database: Database, key: str, kind: str = "mail", due_ms: int = 0) -> bool:
    return await database.write(lambda transaction: put(transaction, kind, key, {"to": key}, due_ms))


def keys(parcels: list[Parcel]) -> list[str]:
    return [parcel.key for parcel in parcels]


async def states(outbox: Outbox) -> dict[str, int]:
    return {state: count for _, state, count in await outbox.figures()}


async def test_a_fact_that_is_undone_sends_nothing(database: Database, outbox: Outbox) -> None:
    def job(transaction: Transaction) -> None:
        put(transaction, "mail", "one", {})
        raise RuntimeError("the fact is not true after all")

    with pytest.raises(RuntimeError):
        await database.write(job)
    assert await outbox.next_due() == {}


async def test_a_key_is_put_once_a_kind(database: Database, outbox: Outbox) -> None:
    assert [await put_in(database, "one"), await put_in(database, "one")] == [True, False]
    assert await put_in(database, "one", kind="other")
    assert keys(await outbox.lease("mail", 1_000, 2_000, 10)) == ["one"]
    (parcel,) = await outbox.lease("other", 1_000, 2_000, 10)
    await outbox.done(parcel, 1_500)
    assert not await put_in(database, "one", kind="other"), "it is remembered after its delivery"
    await outbox.forget(1_500 + KEEP_DONE_MS + 1)
    assert await put_in(database, "one", kind="other"), "and forgotten in the end"


async def test_what_is_leased_is_nobody_elses_until_the_lease_runs_out(
    database: Database, outbox: Outbox
) -> None:
    for key in ("one", "two", "three"):
        await put_in(database, key)
    assert keys(await outbox.lease("mail", 1_000, 5_000, 2)) == ["one", "two"]
    assert keys(await outbox.lease("mail", 1_001, 5_000, 9)) == ["three"]
    assert await outbox.lease("mail", 4_999, 9_000, 9) == []
    again = await outbox.lease("mail", 5_000, 9_000, 9)
    assert keys(again) == ["one", "two", "three"]
    assert [(parcel.attempt, parcel.first_ms) for parcel in again] == [(2, 1_000), (2, 1_000), (2, 1_001)]


async def test_a_lease_that_ran_out_ends_nothing(database: Database, outbox: Outbox) -> None:
    await put_in(database, "one")
    (late,) = await outbox.lease("mail", 1_000, 2_000, 1)
    (present,) = await outbox.lease("mail", 2_000, 3_000, 1)
    await outbox.done(late, 2_500)
    assert await states(outbox) == {"leased": 1}
    await outbox.failed(present, "no answer", 9_000)
    assert await outbox.next_due() == {"mail": 9_000}


async def test_leases_of_a_process_that_died_are_due_at_once(database: Database, outbox: Outbox) -> None:
    await put_in(database, "one")
    await outbox.lease("mail", 1_000, 60_000, 1)
    assert await outbox.reclaim() == 1
    (parcel,) = await outbox.lease("mail", 1_001, 60_000, 1)
    assert parcel.attempt == 2


async def test_what_is_due_later_waits(database: Database, outbox: Outbox) -> None:
    await put_in(database, "later", due_ms=5_000)
    await put_in(database, "now")
    assert await outbox.next_due() == {"mail": 0}
    assert keys(await outbox.lease("mail", 4_999, 9_000, 9)) == ["now"]
    assert keys(await outbox.lease("mail", 5_000, 9_000, 9)) == ["later"]


async def test_the_dead_are_kept_and_can_be_revived(database: Database, outbox: Outbox) -> None:
    await put_in(database, "one")
    (parcel,) = await outbox.lease("mail", 1_000, 2_000, 1)
    await outbox.bury(parcel, "x" * 10_000, 1_500)
    await outbox.forget(1_500 + 100 * KEEP_DONE_MS)
    assert await states(outbox) == {"dead": 1}
    assert await outbox.lease("mail", 10**13, 10**13, 9) == []
    assert await outbox.revive("mail", "one")
    assert not await outbox.revive("mail", "one")
    (parcel,) = await outbox.lease("mail", 3_000, 4_000, 1)
    assert (parcel.attempt, parcel.first_ms, len(parcel.error)) == (1, 3_000, 500)
