"""Fixtures of the contract suites."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rig.shelf import MemoryShelf, Shelf, SqlShelf


@pytest.fixture(params=["memory", "sqlite"])
async def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shelf]:
    """Data for ledgers, once for each adapter. Whatever a test does, the books are clean afterwards."""
    made: Shelf = MemoryShelf() if request.param == "memory" else SqlShelf(tmp_path)
    yield made
    assert await made.ledger().reconcile() == []
    await made.close()
