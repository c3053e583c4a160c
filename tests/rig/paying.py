"""A house whose payments are Stripe's, faked in a process of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rig.fake_stripe import FakeStripe
from rig.house import House, open_house


@asynccontextmanager
async def paying_house(folder: Path, fake: FakeStripe) -> AsyncIterator[House]:
    """The fake begins with nothing and tells the house what happens; at the end the books add up."""
    fake.do("forget")
    async with open_house(folder, **fake.settings()) as house:
        fake.do("set", webhook=f"{house.url}/webhooks/stripe")
        yield house
        fake.do("set", webhook="")
        assert await house.services.ledger.reconcile() == []
