"""Tasks have an owner and a name. What crashes is logged and counted, never lost, and takes nothing along.

A task that is cancelled while the supervisor closes has ended well; any other exception is a crash. Closing
cancels what still runs and waits for it, so that nothing outlives its owner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from .clock import Clock
from .metrics import Metrics, NoMetrics

log = structlog.get_logger("signaling.supervisor")

T = TypeVar("T")


class Supervisor:
    """Owns tasks."""

    def __init__(self, metrics: Metrics | None = None) -> None:
        self._metrics = metrics or NoMetrics()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    def names(self) -> list[str]:
        """The names of the running tasks, sorted."""
        return sorted(task.get_name() for task in self._tasks)

    def spawn(self, name: str, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `coro`. The part of `name` before a colon is its kind, by which crashes are counted.

        Raises RuntimeError (and never starts `coro`) when the supervisor is closed.
        """
        if self._closed:
            coro.close()
            raise RuntimeError(f"the supervisor is closed: {name} does not start")
        task = asyncio.create_task(coro, name=name)  # noqa: TID251 - the one place that may
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            kind = task.get_name().partition(":")[0]
            self._metrics.count("task_crashes", task=kind)
            log.error("task_crashed", task=task.get_name(), exc_info=error)

    async def close(self) -> None:
        """Cancel every task and wait for it. Afterwards nothing can be spawned. Idempotent."""
        self._closed = True
        me = asyncio.current_task()
        while others := [task for task in self._tasks if task is not me]:
            for task in others:
                task.cancel()
            await asyncio.wait(others)


async def within(clock: Clock, ms: int, coro: Coroutine[Any, Any, T]) -> T:
    """Await `coro` for at most `ms` of the clock's time, then cancel it and raise TimeoutError.

    As `asyncio.timeout`, but by the clock that was handed down, so that a test can crank it.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("within() wants to be awaited in a task")
    expired = False
    cancelling = task.cancelling()

    def expire() -> None:
        nonlocal expired
        expired = True
        task.cancel()

    alarm = clock.call_at(clock.now_ms() + ms, expire)
    try:
        return await coro
    except asyncio.CancelledError:
        if expired and task.uncancel() <= cancelling:
            raise TimeoutError(f"no answer within {ms} ms") from None
        raise
    finally:
        alarm.cancel()
