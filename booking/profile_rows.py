"""Profiles and offers as rows: what a larger write does with them inside its own transaction."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Row

from booking.people import Rate
from booking.profile_tables import offers, photos, profiles
from booking.profiles import Offer, OfferMedia, Profile
from booking.tables import people
from storage.worker import Transaction

FIRST_TITLE = "Call"


def new_offer_id() -> str:
    """An id for an offer."""
    return secrets.token_hex(8)


def first_offer(transaction: Transaction, person_id: str, rate: Rate) -> None:
    """An empty profile and one offer, for an expert that was made by its rate alone."""
    insert_profile(transaction, Profile(person_id), "")
    offer = Offer(new_offer_id(), FIRST_TITLE, "video", rate, is_default=True)
    insert_offer(transaction, person_id, offer)
    make_default(transaction, person_id, offer)


def insert_profile(transaction: Transaction, profile: Profile, made_at: str) -> None:
    """Add a profile. `made_at` is a moment, "" when it is not known."""
    values = {"person_id": profile.person_id, "made_at": made_at, **_profile_columns(profile)}
    transaction.connection.execute(insert(profiles).values(**values))


def update_profile(transaction: Transaction, profile: Profile) -> None:
    """Change a profile; the photo has writes of its own."""
    mine = profiles.c.person_id == profile.person_id
    transaction.connection.execute(update(profiles).where(mine).values(**_profile_columns(profile)))


def insert_offer(transaction: Transaction, person_id: str, offer: Offer) -> None:
    """Add an offer at the end; it is not the default."""
    values = {"id": offer.id, "person_id": person_id, **_offer_columns(offer)}
    transaction.connection.execute(insert(offers).values(**values))


def update_offer(transaction: Transaction, offer: Offer) -> None:
    """Change an offer."""
    transaction.connection.execute(
        update(offers).where(offers.c.id == offer.id).values(**_offer_columns(offer))
    )


def delete_offer(transaction: Transaction, offer_id: str) -> None:
    """Take an offer away. Calls have a tariff of their own and do not notice."""
    transaction.connection.execute(delete(offers).where(offers.c.id == offer_id))


def make_default(transaction: Transaction, person_id: str, offer: Offer) -> None:
    """Make an offer of this person the default: its rate becomes the person's."""
    mine = offers.c.person_id == person_id
    transaction.connection.execute(update(offers).where(mine).values(is_default=0))
    transaction.connection.execute(update(offers).where(offers.c.id == offer.id).values(is_default=1))
    rate = offer.rate
    values = {
        "price_minor": rate.price_minor, "per_ms": rate.per_ms, "increment_ms": rate.increment_ms,
        "minimum_ms": rate.minimum_ms, "free_ms": rate.free_ms,
    }  # fmt: skip
    transaction.connection.execute(update(people).where(people.c.id == person_id).values(**values))


def select_offers(transaction: Transaction, person_id: str, currency: str) -> tuple[Offer, ...]:
    """A person's offers, the default first."""
    order = (offers.c.is_default.desc(), offers.c.seq)
    rows = transaction.connection.execute(
        select(offers).where(offers.c.person_id == person_id).order_by(*order)
    )
    return tuple(_offer(row, currency) for row in rows)


def select_profile(transaction: Transaction, person_id: str) -> Profile:
    """A person's profile; an empty one when there is none."""
    columns = (*profiles.c, photos.c.id.label("photo_id"))
    joined = profiles.outerjoin(photos, photos.c.person_id == profiles.c.person_id)
    statement = select(*columns).select_from(joined).where(profiles.c.person_id == person_id)
    row = transaction.connection.execute(statement).one_or_none()
    if row is None:
        return Profile(person_id)
    return Profile(
        person_id=person_id,
        bio=row.bio,
        languages=tuple(json.loads(row.languages)),
        specialities=tuple(json.loads(row.specialities)),
        time_zone=row.time_zone,
        photo_id=row.photo_id or "",
    )


def _profile_columns(profile: Profile) -> Mapping[str, str]:
    return {
        "bio": profile.bio,
        "languages": json.dumps(profile.languages),
        "specialities": json.dumps(profile.specialities, ensure_ascii=False),
        "time_zone": profile.time_zone,
    }


def _offer_columns(offer: Offer) -> Mapping[str, str | int]:
    rate = offer.rate
    return {
        "title": offer.title,
        "media": offer.media,
        "price_minor": rate.price_minor,
        "per_ms": rate.per_ms,
        "increment_ms": rate.increment_ms,
        "minimum_ms": rate.minimum_ms,
        "free_ms": rate.free_ms,
    }


def _offer(row: Row[Any], currency: str) -> Offer:
    rate = Rate(
        currency=currency,
        price_minor=row.price_minor,
        per_ms=row.per_ms,
        increment_ms=row.increment_ms,
        minimum_ms=row.minimum_ms,
        free_ms=row.free_ms,
    )
    return Offer(row.id, row.title, cast("OfferMedia", row.media), rate, is_default=bool(row.is_default))
