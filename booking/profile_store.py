"""Profiles, photos and offers in the database. Reads see every write that was answered before.

What changes a price leaves a line in the audit log.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, TypeVar

from sqlalchemy import delete, insert, select, update

from booking import profile_rows as rows
from booking.people import Person
from booking.profile_tables import photos, profiles
from booking.profiles import MAX_OFFERS, RESERVED_SLUGS, Face, Offer, Profile, slug_candidates
from booking.store import insert_person, person_of_row
from booking.tables import people
from storage.audit_log import note
from storage.database import Database
from storage.worker import Transaction

T = TypeVar("T")
SUGGESTED = 3
LOOKED_AT = 40


@dataclass(frozen=True, slots=True)
class Made:
    """An expert that was made, or was made before by the same id: `made_at` says when."""

    made_at: str
    again: bool


class ProfileStore:
    """The public faces of experts. A change answers None when there is no such expert."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- reading -------------------------------------------------------------------------------------------

    async def face(self, person_id: str) -> Face | None:
        """The public face of the expert with this id."""
        return await self._database.read(lambda transaction: _face(transaction, "id", person_id))

    async def face_by_slug(self, slug: str) -> Face | None:
        """The public face at this address."""
        return await self._database.read(lambda transaction: _face(transaction, "slug", slug))

    async def photo(self, photo_id: str) -> bytes | None:
        """A stored photo, a JPEG of our own making."""

        def job(transaction: Transaction) -> bytes | None:
            statement = select(photos.c.jpeg).where(photos.c.id == photo_id)
            found: bytes | None = transaction.connection.execute(statement).scalar_one_or_none()
            return found

        return await self._database.read(job)

    async def suggest(self, slug: str) -> tuple[bool, tuple[str, ...]]:
        """Whether an address is free, and others near it that are, when it is not."""

        def job(transaction: Transaction) -> tuple[bool, tuple[str, ...]]:
            if _free(transaction, slug):
                return True, ()
            near = (each for each in islice(slug_candidates(slug), LOOKED_AT) if _free(transaction, each))
            return False, tuple(islice(near, SUGGESTED))

        return await self._database.read(job)

    # -- writing -------------------------------------------------------------------------------------------

    async def make(
        self, person: Person, profile: Profile, offer: Offer, made_at: str,
        also: Callable[[Transaction], None] | None = None,
    ) -> Made | None:  # fmt: skip
        """Make an expert with a first offer, once per id. None when the address is taken.

        `also` joins the write when there is one, so that what belongs to the making is made with it.
        """

        def job(transaction: Transaction) -> Made | None:
            before = select(profiles.c.made_at).where(profiles.c.person_id == person.id)
            known: str | None = transaction.connection.execute(before).scalar_one_or_none()
            if known is not None:
                return Made(known, again=True)
            if not _free(transaction, person.slug):
                return None
            insert_person(transaction, person)
            rows.insert_profile(transaction, profile, made_at)
            rows.insert_offer(transaction, person.id, offer)
            rows.make_default(transaction, person.id, offer)
            if also is not None:
                also(transaction)
            return Made(made_at, again=False)

        return await self._database.write(job)

    async def change(self, person_id: str, name: str, headline: str, profile: Profile) -> Face | None:
        """Change what an expert says about itself. Running calls keep the name they began with."""

        def job(transaction: Transaction, face: Face) -> Face:
            # Made anew and thereby checked by its own rules.
            person = replace(face.person, name=name, headline=headline)
            mine = people.c.id == person_id
            values = {"name": person.name, "headline": person.headline}
            transaction.connection.execute(update(people).where(mine).values(**values))
            rows.update_profile(transaction, profile)
            return face

        return await self._changed(person_id, job)

    async def add_offer(self, person_id: str, offer: Offer, at: str) -> Face | Literal["full"] | None:
        """Add an offer, once per id; the first one is the default. "full" when there are enough."""

        def job(transaction: Transaction, face: Face) -> Face | Literal["full"]:
            if face.offer(offer.id) is not None:
                return face
            if len(face.offers) >= MAX_OFFERS:
                return "full"
            rows.insert_offer(transaction, person_id, offer)
            if offer.is_default or not face.offers:
                rows.make_default(transaction, person_id, offer)
            note(transaction, at, person_id, "offer.added", person_id, _told(offer))
            return face

        return await self._changed(person_id, job)

    async def change_offer(self, person_id: str, offer: Offer, at: str) -> Face | Literal["unknown"] | None:
        """Change an offer of this expert's own; the default stays default until another one is made it."""

        def job(transaction: Transaction, face: Face) -> Face | Literal["unknown"]:
            known = face.offer(offer.id)
            if known is None:
                return "unknown"
            rows.update_offer(transaction, offer)
            if offer.is_default or known.is_default:
                rows.make_default(transaction, person_id, offer)
            if offer.rate != known.rate:
                before = {"before": known.rate.price_minor}
                note(transaction, at, person_id, "offer.changed", person_id, {**_told(offer), **before})
            return face

        return await self._changed(person_id, job)

    async def withdraw_offer(self, person_id: str, offer_id: str, at: str) -> Face | None:
        """Take an offer away, if it is there. The next one becomes the default."""

        def job(transaction: Transaction, face: Face) -> Face:
            known = face.offer(offer_id)
            if known is not None:
                rows.delete_offer(transaction, offer_id)
                note(transaction, at, person_id, "offer.withdrawn", person_id, _told(known))
                rest = [each for each in face.offers if each.id != offer_id]
                if rest:
                    rows.make_default(transaction, person_id, rest[0])
            return face

        return await self._changed(person_id, job)

    async def set_photo(self, person_id: str, jpeg: bytes | None) -> Face | None:
        """Put a photo in the place of the one before, or take it away. Every photo has an id of its own."""

        def job(transaction: Transaction, face: Face) -> Face:
            transaction.connection.execute(delete(photos).where(photos.c.person_id == person_id))
            if jpeg is not None:
                values = {"id": secrets.token_urlsafe(12), "person_id": person_id, "jpeg": jpeg}
                transaction.connection.execute(insert(photos).values(**values))
            return face

        return await self._changed(person_id, job)

    async def _changed(
        self, person_id: str, change: Callable[[Transaction, Face], Face | T]
    ) -> Face | T | None:
        """Run a change on a known expert and answer what it became, or the refusal that the change gave."""

        def job(transaction: Transaction) -> Face | T | None:
            face = _face(transaction, "id", person_id)
            if face is None:
                return None
            outcome = change(transaction, face)
            return _face(transaction, "id", person_id) if isinstance(outcome, Face) else outcome

        return await self._database.write(job)


def _told(offer: Offer) -> Mapping[str, str | int]:
    """An offer as the audit log has it: what it costs."""
    return {"offer": offer.id, "title": offer.title, "price_minor": offer.rate.price_minor}


def _face(transaction: Transaction, column: Literal["id", "slug"], value: str) -> Face | None:
    statement = select(people).where(people.c[column] == value, people.c.role == "expert")
    row = transaction.connection.execute(statement).one_or_none()
    if row is None:
        return None
    person = person_of_row(row)
    profile = rows.select_profile(transaction, person.id)
    return Face(person, profile, rows.select_offers(transaction, person.id, person.currency))


def _free(transaction: Transaction, slug: str) -> bool:
    if slug in RESERVED_SLUGS:
        return False
    statement = select(people.c.id).where(people.c.slug == slug)
    return transaction.connection.execute(statement).first() is None
