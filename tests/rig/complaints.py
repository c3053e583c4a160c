"""What must never happen beside a test: errors of the event loop, logged errors, errors nobody can raise."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Complaints(logging.Handler):
    """Collects them; `found` is to be empty at the end."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        self.found.append(record.getMessage())

    @asynccontextmanager
    async def collecting(self) -> AsyncIterator[None]:
        """Listen on the running loop."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.found.append(str(context)))
        hook, sys.unraisablehook = sys.unraisablehook, lambda args: self.found.append(str(args.exc_value))
        logging.getLogger().addHandler(self)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(self)
            sys.unraisablehook = hook
            loop.set_exception_handler(None)


@asynccontextmanager
async def no_complaints() -> AsyncIterator[None]:
    """Fail at the end if there was any."""
    complaints = Complaints()
    async with complaints.collecting():
        yield
    assert complaints.found == []
