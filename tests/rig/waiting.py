"""Waiting for something to become true, with a generous limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], object], what: str = "", timeout_s: float = 15.0) -> None:
    """Wait until `holds()` is true; fails with `what` when it never is."""
    try:
        async with asyncio.timeout(timeout_s):
            while not holds():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {timeout_s} s: {what or 'what was waited for'}") from None
