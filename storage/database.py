"""The one database handle: `write` and `read` run a function in a thread of the database's own.

Closing: no new jobs are taken, what was taken is finished and answered, the threads end, the lock is freed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeVar, cast

from .errors import DatabaseClosed, DatabaseMissing, DatabaseOverloaded, StorageError
from .location import DataLock, file_of, make_engine
from .worker import Job, Queue, Reader, Transaction, Writer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DatabaseOptions:
    """Bounds: jobs that wait for the writer (and for the readers), jobs in one commit, reading threads."""

    max_waiting: int = 10_000
    max_batch: int = 256
    readers: int = 2


@dataclass(frozen=True, slots=True)
class DatabaseFigures:
    """What waits now, and counters since the start."""

    waiting_writes: int
    waiting_reads: int
    jobs: int
    commits: int
    failed_commits: int


class Database:
    """See the module's docstring. Made by `Database.open`; used from any event loop; closed once."""

    def __init__(self, writer: Writer | None, readers: list[Reader], reads: Queue, lock: DataLock | None,
                 options: DatabaseOptions) -> None:  # fmt: skip
        self._writer, self._readers, self._reads = writer, readers, reads
        self._lock, self._options = lock, options
        self._closed = False
        for worker in [writer, *readers]:
            if worker is not None:
                worker.thread.start()

    @classmethod
    def open(
        cls, database_url: str, *, read_only: bool = False, options: DatabaseOptions | None = None
    ) -> Database:
        """Open a migrated database. Only one process may open it for writing.

        Raises `UnsupportedUrl`, `DatabaseLocked`, `DatabaseUnreadable`, `DatabaseMissing` (read only).
        """
        options = options or DatabaseOptions()
        file = file_of(database_url)
        lock = None
        if not read_only:
            lock = DataLock(file)
            lock.acquire()
        elif not file.exists():
            raise DatabaseMissing(f"there is no database at {file}")
        try:
            writer = Writer(make_engine(database_url, writes=True), options.max_batch) if lock else None
            engine = make_engine(database_url, writes=False)
            reads: Queue = SimpleQueue()
            readers = [Reader(engine, reads, f"storage-reader-{n}") for n in range(options.readers)]
        except BaseException:
            if lock is not None:
                lock.release()
            raise
        return cls(writer, readers, reads, lock, options)

    async def write(self, job: Callable[[Transaction], T]) -> T:
        """Run `job` in the writer; its answer comes when it is durable. Jobs run in the order of the calls.

        The job's own exception undoes the job alone and comes back to the caller. Raises `CommitFailed`,
        `DatabaseOverloaded`, `DatabaseClosed`. A caller that is cancelled does not stop its job.
        """
        if self._writer is None:
            raise StorageError("the database was opened for reading only")
        return await self._enqueue(self._writer.queue, job)

    async def read(self, job: Callable[[Transaction], T]) -> T:
        """Run `job` on one snapshot that holds every write answered before this call. It cannot write."""
        return await self._enqueue(self._reads, job)

    def _enqueue(self, queue: Queue, function: Callable[[Transaction], T]) -> asyncio.Future[T]:
        if self._closed:
            raise DatabaseClosed("the database was closed")
        if queue.qsize() >= self._options.max_waiting:
            raise DatabaseOverloaded(f"{self._options.max_waiting} requests already wait for the database")
        job = Job(function)
        queue.put(cast("Job[object]", job))
        return job.future

    def figures(self) -> DatabaseFigures:
        """For metrics."""
        writer = self._writer
        return DatabaseFigures(
            waiting_writes=writer.queue.qsize() if writer else 0,
            waiting_reads=self._reads.qsize(),
            jobs=writer.jobs if writer else 0,
            commits=writer.commits if writer else 0,
            failed_commits=writer.failed_commits if writer else 0,
        )

    async def close(self) -> None:
        """Finish what was taken and let go of the data. Idempotent; a second call waits for the first too."""
        if not self._closed:
            self._closed = True
            for _ in self._readers:
                self._reads.put(None)
            if self._writer is not None:
                self._writer.queue.put(None)
        await asyncio.to_thread(self._join)

    def _join(self) -> None:
        # The readers first: the writer folds the log into the file when nobody reads it.
        for worker in [*self._readers, self._writer]:
            if worker is not None:
                worker.thread.join()
        if self._lock is not None:
            self._lock.release()
