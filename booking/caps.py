"""The cap that a client's calls have unless the client says otherwise at a call's start."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from booking.call_tables import call_caps
from storage.database import Database
from storage.worker import Transaction


class CapStore:
    """One number a person, in minor units of the wallet's currency, or none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, person_id: str) -> int | None:
        """The person's default cap; None: no cap."""
        wanted = select(call_caps.c.cap_minor).where(call_caps.c.person_id == person_id)

        def job(transaction: Transaction) -> int | None:
            cap_minor: int | None = transaction.connection.execute(wanted).scalar_one_or_none()
            return cap_minor

        return await self._database.read(job)

    async def put(self, person_id: str, cap_minor: int | None) -> None:
        """Set it, or take it away."""
        row = insert(call_caps).values(person_id=person_id, cap_minor=cap_minor)
        changed = row.on_conflict_do_update(
            index_elements=["person_id"], set_={"cap_minor": row.excluded.cap_minor}
        )
        gone = delete(call_caps).where(call_caps.c.person_id == person_id)

        def job(transaction: Transaction) -> None:
            transaction.connection.execute(gone if cap_minor is None else changed)

        await self._database.write(job)
