"""POST /experts, /profile and what is below it, GET /slugs/{slug}: an expert's own public face."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Final

from booking.address_store import attach_address
from booking.login_store import open_login
from booking.people import Person, Rate, is_slug
from booking.profile_rows import new_offer_id
from booking.profiles import CURRENCIES, MAX_HEADLINE, Face, Offer, Profile, check_text
from server import photos, profile_resources, views
from server.api.route import Ask, Route, Upload
from server.auth import EXPERT
from server.errors import Problem
from signaling.clock import iso
from storage.audit_log import note
from storage.worker import Transaction

BASE: Final = "/api/v1"
RETRY_MINUTES = 10
"""How long the id of a new expert is worth a login again: as long as a page may retry."""


async def create_expert(ask: Ask) -> profile_resources.ExpertProfile:
    """Make an expert with a profile and a first offer, and log this browser in as its owner. Once per id.

    A browser of somebody whose address is known makes the expert one more profile of that address.
    """
    services, order = ask.services, ask.body_as(profile_resources.CreateExpert)
    services.check_visitor("expert", ask.visitor.address)
    person, profile, offer = _new_expert(order)
    known = await services.browser_logins.find(ask.visitor.cookie)
    address = ""
    if known is not None and known.person_id != person.id:
        address = await services.addresses.of(known.person_id)
        if known.role != "client" or not address:
            # Without an address there would be no way back to who this browser is now, and to their money.
            raise Problem("login.other_role", f"This browser is signed in as {known.name} ({known.role}).")
    now = services.clock.wall()
    cookie, login = services.browser_logins.prepare(person.id, ask.visitor.agent)

    def also(transaction: Transaction) -> None:
        detail = {"role": person.role, "slug": person.slug}
        note(transaction, iso(now), person.id, "person.added", person.id, detail)
        open_login(transaction, login, "start")
        if address:
            attach_address(transaction, person.id, address, iso(now), person.id)

    made = await services.profiles.make(person, profile, offer, iso(now), also)
    if made is None:
        raise Problem("slug.taken")
    is_me = known is not None and known.person_id == person.id
    if made.again and not is_me:
        if not _is_recent(made.made_at, now):
            # The id was a secret of the page that made the expert; it is not worth a login for ever.
            raise Problem("auth.expired")
        cookie = await services.browser_logins.open(person.id, ask.visitor.agent, "start")
    if not is_me:
        ask.reply.log_in(cookie)
    return _view(ask, await services.profiles.face(person.id))


def _new_expert(order: profile_resources.CreateExpert) -> tuple[Person, Profile, Offer]:
    if order.currency not in CURRENCIES:
        raise Problem("request.invalid", f"The currency is one of {', '.join(CURRENCIES)}.")
    person_id = _id_of("expert", order.id)
    try:
        offer = _offer(new_offer_id(), order.offer, order.currency, is_default=True)
        person = Person(
            id=person_id,
            role="expert",
            name=order.name,
            currency=order.currency,
            slug=order.slug,
            headline=order.headline,
            rate=offer.rate,
        )
        return person, _profile(person_id, order), offer
    except ValueError as error:
        raise Problem("request.invalid", str(error)) from None


async def get_slug(ask: Ask) -> profile_resources.SlugState:
    """Whether an address is free; when it is not, some near it that are."""
    slug = ask.path["slug"]
    if not is_slug(slug):
        raise Problem("request.invalid", "An address is 1 to 40 letters a-z, digits and hyphens.")
    free, suggestions = await ask.services.profiles.suggest(slug)
    return profile_resources.SlugState(slug=slug, free=free, suggestions=list(suggestions))


async def get_profile(ask: Ask) -> profile_resources.ExpertProfile:
    """My own public face, to change it."""
    return _view(ask, await ask.services.profiles.face(ask.who.person_id))


async def change_profile(ask: Ask) -> profile_resources.ExpertProfile:
    """Change what my page says. The address and the currency stay, for links and earnings hang on them."""
    order = ask.body_as(profile_resources.ChangeProfile)
    person_id = ask.who.person_id
    try:
        profile = _profile(person_id, order)
        face = await ask.services.profiles.change(person_id, order.name, order.headline, profile)
    except ValueError as error:
        raise Problem("request.invalid", str(error)) from None
    return _view(ask, face)


async def set_photo(ask: Ask) -> profile_resources.ExpertProfile:
    """Put a photo on my page. It is made anew: square, without metadata."""
    jpeg = await ask.services.darkroom.develop(ask.upload)
    return _view(ask, await ask.services.profiles.set_photo(ask.who.person_id, jpeg))


async def remove_photo(ask: Ask) -> profile_resources.ExpertProfile:
    """Take my photo away."""
    return _view(ask, await ask.services.profiles.set_photo(ask.who.person_id, None))


async def create_offer(ask: Ask) -> profile_resources.ExpertProfile:
    """Add an offer, once per id."""
    order, person_id = ask.body_as(profile_resources.CreateOffer), ask.who.person_id
    rate_in = (await _mine(ask)).person.currency
    try:
        # The id carries the person's, so that nobody can use up another one's ids.
        offer = _offer(_id_of(person_id, order.id), order.terms, rate_in, is_default=order.is_default)
    except ValueError as error:
        raise Problem("request.invalid", str(error)) from None
    face = await ask.services.profiles.add_offer(person_id, offer, _now(ask))
    if face == "full":
        raise Problem("offer.limit")
    return _view(ask, face)


async def change_offer(ask: Ask) -> profile_resources.ExpertProfile:
    """Change an offer of mine. Calls that run keep the price they began with."""
    order = ask.body_as(profile_resources.ChangeOffer)
    known = (await _mine(ask)).offer(ask.path["offer_id"])
    if known is None:
        raise Problem("offer.unknown")
    try:
        offer = _offer(known.id, order.terms, known.rate.currency, is_default=order.is_default)
    except ValueError as error:
        raise Problem("request.invalid", str(error)) from None
    face = await ask.services.profiles.change_offer(ask.who.person_id, offer, _now(ask))
    if face == "unknown":
        raise Problem("offer.unknown")
    return _view(ask, face)


async def withdraw_offer(ask: Ask) -> profile_resources.ExpertProfile:
    """Take an offer of mine away; withdrawing it again does no harm. Without offers nobody can call."""
    person_id, offer_id = ask.who.person_id, ask.path["offer_id"]
    return _view(ask, await ask.services.profiles.withdraw_offer(person_id, offer_id, _now(ask)))


# -- translations ------------------------------------------------------------------------------------------


def _id_of(scope: str, order_id: str) -> str:
    """An id that its chooser alone can name again: the one that was chosen cannot be told from it."""
    digest = hashlib.sha256(f"{scope}:{order_id}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:15]).decode()


def _now(ask: Ask) -> str:
    return iso(ask.services.clock.wall())


def _is_recent(made_at: str, now: datetime) -> bool:
    return bool(made_at) and now - datetime.fromisoformat(made_at) < timedelta(minutes=RETRY_MINUTES)


def _offer(offer_id: str, terms: profile_resources.OfferTerms, currency: str, *, is_default: bool) -> Offer:
    rate = Rate(
        currency=currency,
        price_minor=terms.price_minor,
        increment_ms=terms.increment_ms,
        minimum_ms=terms.minimum_ms,
        free_ms=terms.free_ms,
    )
    return Offer(offer_id, terms.title, terms.media, rate, is_default)


def _profile(
    person_id: str, order: profile_resources.CreateExpert | profile_resources.ChangeProfile
) -> Profile:
    check_text("a headline", order.headline, MAX_HEADLINE)
    return Profile(
        person_id=person_id,
        bio=order.bio.replace("\r\n", "\n").strip(),
        languages=tuple(order.languages),
        specialities=tuple(each.strip() for each in order.specialities),
        time_zone=order.time_zone,
    )


async def _mine(ask: Ask) -> Face:
    face = await ask.services.profiles.face(ask.who.person_id)
    if face is None:
        raise Problem("auth.forbidden", "This login's profile does not exist any more.")
    return face


def _view(ask: Ask, face: Face | None) -> profile_resources.ExpertProfile:
    if face is None:
        raise Problem("auth.forbidden", "This login's profile does not exist any more.")
    person, profile = face.person, face.profile
    return profile_resources.ExpertProfile(
        slug=person.slug,
        url=f"{ask.services.life.public_url()}/e/{person.slug}",
        name=person.name,
        headline=person.headline,
        bio=profile.bio,
        languages=list(profile.languages),
        specialities=list(profile.specialities),
        time_zone=profile.time_zone,
        photo=views.photo_path(profile.photo_id),
        currency=person.currency,
        offers=views.offers(face),
    )


PHOTO = Upload(photos.TYPES, photos.MAX_BYTES)

ROUTES: tuple[Route, ...] = (
    Route(
        "POST", f"{BASE}/experts", create_expert, "Become an expert", profile_resources.ExpertProfile,
        body=profile_resources.CreateExpert, status=201, own_page=True,
        codes=("slug.taken", "auth.expired", "auth.forbidden", "login.other_role"),
    ),
    Route(
        "GET", f"{BASE}/slugs/{{slug}}", get_slug, "Is this address free", profile_resources.SlugState,
        codes=("request.invalid",),
    ),
    Route(
        "GET", f"{BASE}/profile", get_profile, "My public face", profile_resources.ExpertProfile, EXPERT,
        scope="profile:read",
    ),
    Route(
        "POST", f"{BASE}/profile", change_profile, "Change my public face",
        profile_resources.ExpertProfile, EXPERT,
        body=profile_resources.ChangeProfile,
    ),
    Route(
        "POST", f"{BASE}/profile/photo", set_photo, "Put up a photo", profile_resources.ExpertProfile, EXPERT,
        upload=PHOTO, codes=("photo.type", "photo.size", "photo.unreadable"),
    ),
    Route(
        "POST", f"{BASE}/profile/photo/remove", remove_photo, "Take the photo away",
        profile_resources.ExpertProfile, EXPERT,
    ),
    Route(
        "POST", f"{BASE}/profile/offers", create_offer, "Add an offer",
        profile_resources.ExpertProfile, EXPERT,
        body=profile_resources.CreateOffer, status=201, codes=("offer.limit",),
    ),
    Route(
        "POST", f"{BASE}/profile/offers/{{offer_id}}", change_offer, "Change an offer",
        profile_resources.ExpertProfile, EXPERT, body=profile_resources.ChangeOffer, codes=("offer.unknown",),
    ),
    Route(
        "POST", f"{BASE}/profile/offers/{{offer_id}}/withdraw", withdraw_offer, "Withdraw an offer",
        profile_resources.ExpertProfile, EXPERT,
    ),
)  # fmt: skip
