"""What callers say of their calls: one rating a call, which can be changed for a day."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.sqlite import insert

from booking.call_tables import ratings
from booking.news import CallRated, call_rated
from storage.database import Database
from storage.worker import Transaction


@dataclass(frozen=True, slots=True)
class Rating:
    """`stars` 1 to 5, and a few words or none. Moments ISO 8601 UTC."""

    call_id: str
    expert_id: str
    client_id: str
    stars: int
    text: str
    given_at: str
    changed_at: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an expert is rated: `stars_tenths` is the average in tenths (47: 4.7), 0 without any."""

    count: int
    stars_tenths: int


class RatingStore:
    """See the module. Who may rate what is decided in `server.api.after_call`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, call_id: str) -> Rating | None:
        """The rating of one call."""
        wanted = select(ratings).where(ratings.c.call_id == call_id)

        def job(transaction: Transaction) -> Rating | None:
            row = transaction.connection.execute(wanted).one_or_none()
            return None if row is None else Rating(*row)

        return await self._database.read(job)

    async def put(self, rating: Rating) -> Rating:
        """Give it, or change what was given; the moment of giving stays."""
        row = insert(ratings).values(
            call_id=rating.call_id, expert_id=rating.expert_id, client_id=rating.client_id,
            stars=rating.stars, text=rating.text, given_at=rating.given_at, changed_at=rating.changed_at,
        )  # fmt: skip
        changed = {name: row.excluded[name] for name in ("stars", "text", "changed_at")}
        # The same again changes nothing, and nobody is told of it twice.
        other = (ratings.c.stars != rating.stars) | (ratings.c.text != rating.text)
        statement = row.on_conflict_do_update(index_elements=["call_id"], set_=changed, where=other)
        told = CallRated(rating.call_id, rating.expert_id, rating.client_id, rating.stars, rating.text)
        back = select(ratings).where(ratings.c.call_id == rating.call_id)

        def job(transaction: Transaction) -> Rating:
            if transaction.connection.execute(statement).rowcount:
                call_rated(transaction, told, rating.changed_at)
            return Rating(*transaction.connection.execute(back).one())

        return await self._database.write(job)

    async def standing(self, expert_id: str) -> Standing:
        """How often and how well an expert was rated."""
        wanted = select(func.count(), func.coalesce(func.sum(ratings.c.stars), 0)).where(
            ratings.c.expert_id == expert_id
        )

        def job(transaction: Transaction) -> Standing:
            count, stars = transaction.connection.execute(wanted).one()
            # Rounded half up, in integers.
            return Standing(count, (20 * stars + count) // (2 * count) if count else 0)

        return await self._database.read(job)
