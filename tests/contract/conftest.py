"""Fixtures of the contract suites."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from rig.shelf import MEMORY_DISK, MemoryShelf, Shelf, SqlShelf


@pytest.fixture(params=["memory", "sqlite"])
async def shelf(request: pytest.FixtureRequest) -> AsyncIterator[Shelf]:
    """Data for ledgers, once for each adapter. Whatever a test does, the books are clean afterwards."""
    with TemporaryDirectory(prefix="talktime-shelf-", dir=MEMORY_DISK) as folder:
        made: Shelf = MemoryShelf() if request.param == "memory" else SqlShelf(Path(folder))
        yield made
        assert await made.ledger().reconcile() == []
        await made.close()
