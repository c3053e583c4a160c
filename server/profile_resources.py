"""The HTTP API's resources of an expert's public face: profile, offers, address."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from booking import profiles as rules
from server.resources import Body, OfferView

OrderId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{16,40}$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^\S(.*\S)?$")]
Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
Headline = Annotated[str, msgspec.Meta(max_length=200)]
Bio = Annotated[str, msgspec.Meta(max_length=rules.MAX_BIO)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=rules.MAX_TITLE, pattern=r"^\S(.*\S)?$")]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=rules.MAX_WORD)]
Words = Annotated[list[Word], msgspec.Meta(max_length=rules.MAX_LISTED)]
Zone = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Price = Annotated[int, msgspec.Meta(ge=0, le=rules.MAX_PRICE_MINOR)]
Span = Annotated[int, msgspec.Meta(ge=0, le=rules.MAX_DURATION_MS)]
Increment = Annotated[int, msgspec.Meta(ge=1, le=rules.MAX_DURATION_MS)]


class OfferTerms(Body, frozen=True):
    """A kind of call and what it costs: `price_minor` a minute in the expert's currency."""

    title: Title
    media: Literal["video", "voice"]
    price_minor: Price
    increment_ms: Increment = 1
    minimum_ms: Span = 0
    free_ms: Span = 0


class CreateExpert(Body, frozen=True):
    """POST /api/v1/experts. `id` is chosen by the page and kept secret: a retry is the same expert."""

    id: OrderId
    name: Name
    slug: Slug
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
    offer: OfferTerms
    headline: Headline = ""
    bio: Bio = ""
    languages: Words = msgspec.field(default_factory=list)
    specialities: Words = msgspec.field(default_factory=list)
    time_zone: Zone = "UTC"


class ChangeProfile(Body, frozen=True):
    """POST /api/v1/profile: all of it, as it shall be."""

    name: Name
    headline: Headline
    bio: Bio
    languages: Words
    specialities: Words
    time_zone: Zone


class CreateOffer(Body, frozen=True):
    """POST /api/v1/profile/offers. `id` is chosen by the page: a retry with it is the same offer."""

    id: OrderId
    terms: OfferTerms
    is_default: bool = False


class ChangeOffer(Body, frozen=True):
    """POST /api/v1/profile/offers/{offer_id}. Calls that run keep the price they began with."""

    terms: OfferTerms
    is_default: bool = False


class ExpertProfile(msgspec.Struct, frozen=True):
    """GET /api/v1/profile: what the expert may change. `url` is the public page, `photo` a path or empty."""

    slug: str
    url: str
    name: str
    headline: str
    bio: str
    languages: list[str]
    specialities: list[str]
    time_zone: str
    photo: str
    currency: str
    offers: list[OfferView]


class SlugState(msgspec.Struct, frozen=True):
    """GET /api/v1/slugs/{slug}: whether an address is free, and others near it when it is not."""

    slug: str
    free: bool
    suggestions: list[str]
