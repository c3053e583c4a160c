"""The threads that own the connections. Jobs come in by a queue; answers go back to the callers' event loops.

THEORY. SQLite takes one writer at a time, and a durable commit costs a disk flush. So one thread writes: it
takes all jobs that wait (a batch, bounded), runs them in order in one transaction, each in a SAVEPOINT of its
own, commits once, and only then answers. While it flushes, the next batch gathers by itself; the more callers
there are, the more of them share a flush. A job that raises is undone to its savepoint, alone. A batch that
cannot be committed is undone whole, and each of its callers gets `CommitFailed`; the next batch starts on a
new connection. A reading thread gives each job one snapshot.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar, cast

from sqlalchemy import Engine
from sqlalchemy.engine import Connection, RootTransaction
from sqlalchemy.exc import SQLAlchemyError

from .errors import CommitFailed
from .location import connect

T = TypeVar("T")
DatabaseErrors = (sqlite3.Error, SQLAlchemyError)


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a job works with: `connection` for SQLAlchemy Core, `raw` for the few hot statements.

    Both are one connection, inside a transaction that the job neither begins nor ends.
    """

    connection: Connection
    raw: sqlite3.Connection


class Job(Generic[T]):
    """A function to run in a thread, and the future of whoever waits for it in an event loop."""

    __slots__ = ("error", "function", "future", "loop", "result")

    def __init__(self, function: Callable[[Transaction], T]) -> None:
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self.loop.create_future()
        self.function = function
        self.result: T | None = None
        self.error: Exception | None = None

    def resolve(self) -> None:
        """Tell the caller, in its loop. One that no longer waits hears nothing."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(cast("T", self.result))


Queue = SimpleQueue[Job[object] | None]
"""`None` is the last item: end."""


def _resolve(jobs: Sequence[Job[object]]) -> None:
    for job in jobs:
        job.resolve()


def answer(jobs: Sequence[Job[object]]) -> None:
    """Wake each event loop once, however many of its callers were served."""
    loops = {job.loop for job in jobs}
    for loop in loops:
        mine = jobs if len(loops) == 1 else [job for job in jobs if job.loop is loop]
        # A closed loop has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve, mine)


def _connect(engine: Engine) -> Transaction:
    connection = connect(engine)
    return Transaction(connection, cast("sqlite3.Connection", connection.connection.driver_connection))


def _disconnect(transaction: Transaction) -> None:
    try:
        transaction.connection.close()
    except DatabaseErrors:
        transaction.connection.invalidate()


class Writer:
    """The thread that alone writes."""

    def __init__(self, engine: Engine, max_batch: int) -> None:
        self.queue: Queue = SimpleQueue()
        self.jobs = self.commits = self.failed_commits = 0
        self._engine, self._max_batch = engine, max_batch
        self._transaction: Transaction | None = _connect(engine)
        self.thread = Thread(target=self._run, name="storage-writer", daemon=True)

    def _run(self) -> None:
        ending = False
        while not ending:
            batch, ending = self._gather()
            if batch:
                self._serve(batch)
        if self._transaction is not None:
            # Folds the log into the file, so that a stopped server leaves a single file to copy.
            with suppress(*DatabaseErrors):
                self._transaction.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            _disconnect(self._transaction)

    def _gather(self) -> tuple[list[Job[object]], bool]:
        """Wait for a job and take what has gathered behind it. True: nothing comes any more."""
        batch: list[Job[object]] = []
        while not batch or (len(batch) < self._max_batch and not self.queue.empty()):
            job = self.queue.get()
            if job is None:
                return batch, True
            batch.append(job)
        return batch, False

    def _serve(self, batch: list[Job[object]]) -> None:
        self.jobs += len(batch)
        try:
            if self._transaction is None:
                self._transaction = _connect(self._engine)
            outer = self._transaction.connection.begin()
            self._run_batch(self._transaction, outer, batch)
            self.commits += 1
        except Exception as error:  # noqa: BLE001 - the thread must outlive it, and every caller must hear of it
            self.failed_commits += 1
            for job in batch:
                job.error = CommitFailed(f"the database did not take it: {error}")
            if self._transaction is not None:
                _disconnect(self._transaction)
                self._transaction = None
        answer(batch)

    def _run_batch(self, transaction: Transaction, outer: RootTransaction, batch: list[Job[object]]) -> None:
        raw = transaction.raw
        for job in batch:
            raw.execute("SAVEPOINT job")
            try:
                job.result = job.function(transaction)
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
                job.error = error
                # After a full disk or an I/O error SQLite may have undone everything: then this raises too.
                raw.execute("ROLLBACK TO job")
            raw.execute("RELEASE job")
        outer.commit()


class Reader:
    """A thread that reads. Several share one queue."""

    def __init__(self, engine: Engine, queue: Queue, name: str) -> None:
        self._engine, self._queue = engine, queue
        self._transaction = _connect(engine)
        self.thread = Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            try:
                with self._transaction.connection.begin():
                    job.result = job.function(self._transaction)
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
                job.error = error
            answer([job])
        _disconnect(self._transaction)
