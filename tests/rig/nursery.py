"""Servers that begin with everything imported: forked from one process that has done only that.

What runs is the command line's own `main`, in a session, folder and environment of its own. Importing takes
three quarters of a start, and the end-to-end tests alone start sixty servers. The console script itself is
started where starting is what a test is about (tests/integration/test_http_process.py).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TextIO

_nursery: ForkServerContext = multiprocessing.get_context("forkserver")
_nursery.set_forkserver_preload(["server.serving"])


class Child:
    """One `talktime` process. `stdout` is its output; its errors and log are added to `log`."""

    def __init__(self, arguments: list[str], folder: Path, environment: dict[str, str], log: Path) -> None:
        ours, theirs = _nursery.Pipe(duplex=False)
        # A daemon: one that is forgotten ends with the test's process.
        self._process: BaseProcess = _nursery.Process(
            target=_run, args=(arguments, folder, environment, log, theirs), daemon=True
        )
        self._process.start()
        theirs.close()
        self.stdout: TextIO = os.fdopen(os.dup(ours.fileno()))
        ours.close()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def send(self, how: signal.Signals) -> None:
        """Send a signal, when it runs still."""
        if self._process.exitcode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, how)

    def wait(self, timeout_s: float) -> int:
        """The exit status, negative for a signal. Raises `TimeoutError`."""
        self._process.join(timeout_s)
        status = self._process.exitcode
        if status is None:
            raise TimeoutError
        self.stdout.close()
        self._process.close()
        return status


def _run(
    arguments: list[str], folder: Path, environment: dict[str, str], log: Path, stdout: Connection
) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(stdout.fileno(), 1)
    stdout.close()
    with log.open("a") as file:
        os.dup2(file.fileno(), 2)
    from server.__main__ import main  # noqa: PLC0415 - the tests themselves need none of it

    sys.exit(main(arguments))
