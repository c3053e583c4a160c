"""The database handle: durable answers, shared commits, and neighbours that do not harm each other."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy
import uvloop
from rig.shelf import migrated_file

from storage import Database
from storage.database import DatabaseOptions
from storage.errors import (
    CommitFailed,
    DatabaseClosed,
    DatabaseLocked,
    DatabaseMissing,
    DatabaseOverloaded,
    StorageError,
    UnsupportedUrl,
)
from storage.worker import Transaction

PATIENCE_S = 30


@pytest.fixture
def file(tmp_path: Path) -> Path:
    copy = tmp_path / "talktime.db"
    copy.write_bytes(migrated_file().read_bytes())
    return copy


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    opened = Database.open(f"sqlite:///{file}", options=DatabaseOptions(max_waiting=100, max_batch=50))
    yield opened
    await opened.close()


def put(name: str, epoch: int = 1) -> Callable[[Transaction], str]:
    """A job that inserts a node and answers with its name."""

    def job(transaction: Transaction) -> str:
        transaction.raw.execute("INSERT INTO nodes VALUES (?, ?)", (name, epoch))
        return name

    return job


def names(transaction: Transaction) -> list[str]:
    """A job: all nodes, in the order in which they were inserted."""
    return [name for (name,) in transaction.raw.execute("SELECT id FROM nodes ORDER BY rowid")]


def on_disk(file: Path) -> list[str]:
    """What another process sees."""
    connection = sqlite3.connect(file)
    try:
        return [name for (name,) in connection.execute("SELECT id FROM nodes ORDER BY rowid")]
    finally:
        connection.close()


class Gate:
    """Keeps the writer inside a job, so that others gather behind it."""

    def __init__(self, database: Database) -> None:
        self.inside, self.open = threading.Event(), threading.Event()
        self.passed = asyncio.ensure_future(database.write(self.job))

    async def shut(self) -> None:
        assert await asyncio.to_thread(self.inside.wait, PATIENCE_S)

    def job(self, _: Transaction) -> None:
        self.inside.set()
        assert self.open.wait(PATIENCE_S)


async def started(*asked: Awaitable[object]) -> list[asyncio.Future[object]]:
    """Make the requests, in order, and do not wait for them."""
    futures = [asyncio.ensure_future(each) for each in asked]
    await asyncio.sleep(0)
    return futures


async def test_an_answer_means_that_it_is_on_the_disk(database: Database, file: Path) -> None:
    for n in range(5):
        assert await database.write(put(f"n{n}")) == f"n{n}"
        assert on_disk(file)[-1] == f"n{n}"
        assert (await database.read(names))[-1] == f"n{n}"


async def test_those_who_wait_share_a_commit_and_keep_their_order(database: Database) -> None:
    gate = Gate(database)
    await gate.shut()
    asked = await started(*(database.write(put(f"n{n}")) for n in range(50)))
    before = database.figures()
    assert before.waiting_writes == 50
    gate.open.set()
    assert await asyncio.gather(*asked) == [f"n{n}" for n in range(50)]
    after = database.figures()
    assert after.commits - before.commits == 2  # the gate's own, and one for all the others
    assert after.jobs - before.jobs == 50
    assert await database.read(names) == [f"n{n}" for n in range(50)]


async def test_a_batch_is_bounded(database: Database) -> None:
    gate = Gate(database)
    await gate.shut()
    asked = await started(*(database.write(put(f"n{n}")) for n in range(100)))
    before = database.figures().commits
    gate.open.set()
    await asyncio.gather(*asked)
    assert database.figures().commits - before == 3


async def test_a_failing_job_is_undone_alone(database: Database) -> None:
    def half(transaction: Transaction) -> None:
        put("half")(transaction)
        raise ZeroDivisionError("half way")

    def core(transaction: Transaction) -> int:
        inserted = transaction.connection.execute(
            sqlalchemy.text("INSERT INTO nodes VALUES (:id, 7)"), {"id": "core"}
        )
        return inserted.rowcount

    gate = Gate(database)
    await gate.shut()
    asked = await started(
        database.write(put("a")),
        database.write(half),
        database.write(put("a")),
        database.write(core),
        database.write(core),
        database.write(put("b")),
    )
    gate.open.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    kinds = [answer if isinstance(answer, str | int) else type(answer) for answer in answers]
    assert kinds == [
        "a", ZeroDivisionError, sqlite3.IntegrityError, 1, sqlalchemy.exc.IntegrityError, "b",
    ]  # fmt: skip
    assert await database.read(names) == ["a", "core", "b"]


async def test_a_commit_that_fails_fails_for_all_and_leaves_nothing(database: Database, file: Path) -> None:
    def orphan(transaction: Transaction) -> None:
        """Breaks a reference, which is noticed by the COMMIT only."""
        transaction.raw.execute("PRAGMA defer_foreign_keys = ON")
        transaction.raw.execute("INSERT INTO heartbeats VALUES ('nobody', 1, 0, '{}')")

    gate = Gate(database)
    await gate.shut()
    asked = await started(database.write(put("a")), database.write(orphan), database.write(put("b")))
    gate.open.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [CommitFailed] * 3
    assert on_disk(file) == []
    assert database.figures().failed_commits == 1
    assert await database.write(put("after")) == "after"
    assert on_disk(file) == ["after"]


async def test_a_full_disk_is_told_and_nothing_is_half_applied(database: Database, file: Path) -> None:
    def fill(transaction: Transaction) -> None:
        """Allow the file two more pages, as a disk would that is nearly full, and need many more."""
        (pages,) = transaction.raw.execute("PRAGMA page_count").fetchone()
        transaction.raw.execute(f"PRAGMA max_page_count = {pages + 2}")
        for n in range(1_000):
            put(f"{n}" * 100)(transaction)

    gate = Gate(database)
    await gate.shut()
    asked = await started(database.write(put("a")), database.write(fill), database.write(put("b")))
    gate.open.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    kept = [name for name, answer in zip("a?b", answers, strict=True) if answer == name]
    assert isinstance(answers[1], CommitFailed | sqlite3.OperationalError)
    assert all(isinstance(answer, CommitFailed) for answer in answers[::2] if not isinstance(answer, str))
    assert on_disk(file) == kept
    assert await database.write(put("after")) == "after"


async def test_a_full_queue_refuses_at_once(database: Database) -> None:
    gate = Gate(database)
    await gate.shut()
    asked = await started(*(database.write(put(f"n{n}")) for n in range(100)))
    with pytest.raises(DatabaseOverloaded) as caught:
        await database.write(put("too much"))
    assert caught.value.code == "storage.overloaded"
    gate.open.set()
    await asyncio.gather(*asked)
    assert await database.write(put("again")) == "again"
    assert "too much" not in await database.read(names)


async def test_a_caller_that_gives_up_harms_nobody(database: Database) -> None:
    gate = Gate(database)
    await gate.shut()
    first, second = await started(database.write(put("a")), database.write(put("b")))
    first.cancel()
    gate.open.set()
    assert await second == "b"
    assert first.cancelled()
    assert await database.read(names) == ["a", "b"]


async def test_readers_see_one_snapshot_and_cannot_write(database: Database) -> None:
    looked, go_on = threading.Event(), threading.Event()

    def twice(transaction: Transaction) -> tuple[list[str], list[str]]:
        first = names(transaction)
        looked.set()
        assert go_on.wait(PATIENCE_S)
        return first, names(transaction)

    await database.write(put("a"))
    (reading,) = await started(database.read(twice))
    assert await asyncio.to_thread(looked.wait, PATIENCE_S)
    await database.write(put("b"))
    assert await database.read(names) == ["a", "b"]  # another reader
    go_on.set()
    assert await reading == (["a"], ["a"])
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await database.read(put("c"))
    assert await database.read(names) == ["a", "b"]


async def test_closing_finishes_what_was_taken(database: Database, file: Path) -> None:
    gate = Gate(database)
    await gate.shut()
    asked = await started(*(database.write(put(f"n{n}")) for n in range(60)), database.read(names))
    closing = asyncio.ensure_future(database.close())
    await asyncio.sleep(0)
    for ask in (database.write(put("late")), database.read(names)):
        with pytest.raises(DatabaseClosed):
            await ask
    gate.open.set()
    await closing
    await database.close()
    assert all(each.done() and not each.exception() for each in asked)
    assert on_disk(file) == [f"n{n}" for n in range(60)]


async def test_a_closed_database_is_one_file_that_another_may_open(file: Path) -> None:
    first = Database.open(f"sqlite:///{file}")
    await first.write(put("a"))
    with pytest.raises(DatabaseLocked) as caught:
        Database.open(f"sqlite:///{file}")
    assert caught.value.code == "storage.locked"
    await first.close()
    assert {each.name for each in file.parent.iterdir()} == {"talktime.db", "talktime.db.lock"}
    second = Database.open(f"sqlite:///{file}")
    assert await second.read(names) == ["a"]
    await second.close()


async def test_reading_only_is_possible_beside_a_server(database: Database, file: Path) -> None:
    beside = Database.open(f"sqlite:///{file}", read_only=True)
    await database.write(put("a"))
    assert await beside.read(names) == ["a"]
    with pytest.raises(StorageError):
        await beside.write(put("b"))
    await beside.close()
    with pytest.raises(DatabaseMissing):
        Database.open(f"sqlite:///{file.with_name('none.db')}", read_only=True)
    assert not file.with_name("none.db").exists()


@pytest.mark.parametrize(
    "url",
    ["", "talktime.db", "sqlite://", "sqlite:///:memory:", "postgresql://x/y", "sqlite:///a.db?mode=ro"],
)
def test_an_address_that_names_no_file_is_refused(url: str) -> None:
    with pytest.raises(UnsupportedUrl) as caught:
        Database.open(url)
    assert caught.value.code == "storage.url"


async def test_a_file_that_is_no_database_is_refused_and_not_locked(tmp_path: Path) -> None:
    file = tmp_path / "talktime.db"
    file.write_text("this is a letter\n" * 100)
    for _ in range(2):
        with pytest.raises(StorageError) as caught:
            Database.open(f"sqlite:///{file}")
        assert caught.value.code == "storage.unreadable"
    assert file.read_text().startswith("this is a letter")


async def busy(database: Database, name: str) -> None:
    assert await asyncio.gather(*(database.write(put(f"{name}{n}")) for n in range(20))) == [
        f"{name}{n}" for n in range(20)
    ]


def test_several_event_loops_of_either_kind_share_it(file: Path) -> None:
    database = Database.open(f"sqlite:///{file}")
    threads = [
        threading.Thread(target=run, args=(busy(database, name),))
        for run, name in ((asyncio.run, "a"), (uvloop.run, "b"), (uvloop.run, "c"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    asyncio.run(database.close())
    assert len(on_disk(file)) == 60
