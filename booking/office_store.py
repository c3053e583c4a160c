"""Office hours in the database: each expert's availability, and the places in every line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Row

from booking.availability import Availability, Mode
from booking.hours import Opening, WeeklyHours
from booking.line import Place, PlaceEnd
from booking.news import LineJoined, LineLeft, line_joined, line_left
from booking.office_tables import availability, line_places
from booking.people import Rate
from storage.database import Database
from storage.worker import Transaction

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AvailabilityStore:
    """When each expert takes calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[str, Availability]:
        """Of everybody who ever said something, by the person's id."""

        def job(transaction: Transaction) -> dict[str, Availability]:
            rows = transaction.connection.execute(select(availability))
            return {row.person_id: _availability(row) for row in rows}

        return await self._database.read(job)

    async def put(self, person_id: str, value: Availability) -> None:
        """Store it; durable on return."""
        columns = _availability_columns(value)
        statement = insert(availability).values(person_id=person_id, **columns)
        statement = statement.on_conflict_do_update(index_elements=["person_id"], set_=columns)

        def job(transaction: Transaction) -> None:
            transaction.connection.execute(statement)

        await self._database.write(job)


class LineStore:
    """The places in every line. What ended is kept, so that a caller who comes back learns why."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self) -> list[Place]:
        """Every place that has not ended, in the order of the lines."""
        statement = select(line_places).where(line_places.c.ended_ms.is_(None))
        statement = statement.order_by(line_places.c.host_id, line_places.c.number)

        def job(transaction: Transaction) -> list[Place]:
            return [_place(row) for row in transaction.connection.execute(statement)]

        return await self._database.read(job)

    async def find(self, place_id: str) -> tuple[Place, PlaceEnd | None] | None:
        """A place and why it ended, None while it has not; None: there never was one."""

        def job(transaction: Transaction) -> tuple[Place, PlaceEnd | None] | None:
            found = select(line_places).where(line_places.c.id == place_id)
            row = transaction.connection.execute(found).one_or_none()
            return None if row is None else (_place(row), cast("PlaceEnd", row.why) if row.why else None)

        return await self._database.read(job)

    async def put(self, place: Place) -> None:
        """Store a new place, or what changed in it (the missed turns); durable on return."""
        fresh = insert(line_places).values(**_place_columns(place)).on_conflict_do_nothing()
        missed = update(line_places).where(line_places.c.id == place.id).values(missed=place.missed)
        known = select(line_places.c.id).where(line_places.c.id == place.id)
        # Ends are written behind: who left and joins again at once may find the old place still standing.
        before = select(line_places.c.id).where(
            line_places.c.host_id == place.host_id,
            line_places.c.client_id == place.client_id,
            line_places.c.ended_ms.is_(None),
        )

        def job(transaction: Transaction) -> None:
            if transaction.connection.execute(known).one_or_none() is None:
                for old_id in transaction.connection.execute(before).scalars().all():
                    _end(transaction, old_id, "left", place.joined_ms)
            if transaction.connection.execute(fresh).rowcount:
                line_joined(transaction, _told(place), _iso(place.joined_ms))
            else:
                transaction.connection.execute(missed)

        await self._database.write(job)

    async def end(self, place_id: str, why: PlaceEnd, at_ms: int) -> None:
        """The place is no more. The first end stays."""
        await self._database.write(lambda transaction: _end(transaction, place_id, why, at_ms))


def _end(transaction: Transaction, place_id: str, why: PlaceEnd, at_ms: int) -> None:
    mine = (line_places.c.id == place_id) & line_places.c.ended_ms.is_(None)
    ended = update(line_places).where(mine).values(ended_ms=at_ms, why=why)
    statement = ended.returning(line_places.c.host_id, line_places.c.client_id)
    row = transaction.connection.execute(statement).one_or_none()
    if row is not None:
        line_left(transaction, LineLeft(place_id, row.host_id, row.client_id, why), _iso(at_ms))


# -- rows -------------------------------------------------------------------------------------------------


def _availability_columns(value: Availability) -> dict[str, str | int | None]:
    openings = [(each.weekday, each.from_min, each.to_min) for each in value.hours.openings]
    return {
        "mode": value.mode,
        "zone": value.hours.zone,
        "openings": msgspec.json.encode(openings).decode(),
        "paused_until_ms": _ms(value.paused_until),
        "closed_until_ms": _ms(value.closed_until),
        "stop_after_call": int(value.stop_after_call),
        "auto_accept": int(value.auto_accept),
    }


def _availability(row: Row[Any]) -> Availability:
    openings = msgspec.json.decode(row.openings, type=list[tuple[int, int, int]])
    return Availability(
        mode=cast("Mode", row.mode),
        hours=WeeklyHours(row.zone, tuple(Opening(*each) for each in openings)),
        paused_until=_moment(row.paused_until_ms),
        closed_until=_moment(row.closed_until_ms),
        stop_after_call=bool(row.stop_after_call),
        auto_accept=bool(row.auto_accept),
    )


def _place_columns(place: Place) -> dict[str, str | int]:
    rate = place.rate
    return {
        "id": place.id, "host_id": place.host_id, "client_id": place.client_id, "name": place.name,
        "media": place.media, "wish": place.wish, "number": place.number, "joined_ms": place.joined_ms,
        "missed": place.missed, "currency": rate.currency, "price_minor": rate.price_minor,
        "per_ms": rate.per_ms, "increment_ms": rate.increment_ms, "minimum_ms": rate.minimum_ms,
        "free_ms": rate.free_ms,
    }  # fmt: skip


def _place(row: Row[Any]) -> Place:
    rate = Rate(row.currency, row.price_minor, row.per_ms, row.increment_ms, row.minimum_ms, row.free_ms)
    return Place(
        row.id, row.host_id, row.client_id, row.name, row.media, row.wish, rate, row.number, row.joined_ms,
        row.missed,
    )  # fmt: skip


def _told(place: Place) -> LineJoined:
    rate = place.rate
    return LineJoined(
        place.id, place.host_id, place.client_id, place.name, place.media, place.wish, rate.currency,
        rate.price_minor, rate.per_ms,
    )  # fmt: skip


def _iso(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ms(moment: datetime | None) -> int | None:
    # Whole milliseconds, downwards, as everywhere else: what is read back is told as the same moment.
    return None if moment is None else (moment - _EPOCH) // timedelta(milliseconds=1)


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else _EPOCH + timedelta(milliseconds=ms)
