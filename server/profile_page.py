"""The public page of an expert, `/e/{slug}`, with its QR code and photo.

The page is written here and not in the browser, so that it can be read without JavaScript, by search engines
and by whatever shows a preview of a link. Its template is a page of the web side's build (web/profile.html),
filled in by Jinja with everything escaped; what moves (the badge, the call) is added by the page's script.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import segno
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound

from booking.profiles import Face, Offer
from booking.ratings import Standing
from server import pages, problems, views, wording
from server.api.services import Services
from server.live import live_of

TEMPLATE = "profile.html"
EXAMPLE_MS = 440_000
"""The length of the call whose price is shown as an example: seven minutes and twenty seconds."""
MAX_DESCRIPTION = 200

_SLUG = "{slug:[A-Za-z0-9-]{1,64}}"
_STATES = {"available": "Available now", "busy": "In a call", "paused": "Back soon", "away": "Away"}


@dataclass(frozen=True, slots=True)
class OfferWords:
    """An offer as the page tells it."""

    title: str
    price: str
    conditions: tuple[str, ...]
    example: str


@dataclass(frozen=True, slots=True)
class PageWords:
    """Everything the template says. An empty `slug`: there is nobody at this address."""

    title: str
    slug: str = ""
    description: str = ""
    url: str = ""
    address: str = ""
    image: str = ""
    photo: str = ""
    name: str = ""
    initial: str = ""
    headline: str = ""
    bio: tuple[str, ...] = ()
    specialities: tuple[str, ...] = ()
    languages: str = ""
    time_zone: str = ""
    time_zone_words: str = ""
    offers: tuple[OfferWords, ...] = ()
    state: str = ""
    state_text: str = ""
    stars: str = ""
    ratings: str = ""


class ProfilePages:
    """See the module. `folder` holds the build."""

    def __init__(self, services: Services, folder: Path) -> None:
        self._services = services
        self._templates = Environment(
            loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True, enable_async=False,
        )  # fmt: skip
        self._folder = folder

    def attach(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get(f"/e/{_SLUG}", self.page)
        app.router.add_get(f"/e/{_SLUG}/qr.svg", self.code)
        app.router.add_get("/photos/{id:[A-Za-z0-9_-]{1,40}}.jpg", self.photo)

    async def page(self, request: web.Request) -> web.Response:
        """The page, or one that says that nobody is here (404). Capitals in the address do no harm."""
        slug = request.match_info["slug"]
        if slug != slug.lower():
            return web.Response(status=308, headers={"Location": f"/e/{slug.lower()}"})
        face = await self._services.profiles.face_by_slug(slug)
        words = PageWords(title="Not found · Talktime")
        if face is not None:
            words = self._words(face, await self._services.ratings.standing(face.person.id))
        try:
            text = self._templates.get_template(TEMPLATE).render(page=words)
        except TemplateNotFound:
            return pages.not_built(self._folder)
        headers = {"Cache-Control": "no-cache"}
        status = 404 if face is None else 200
        return web.Response(text=text, content_type="text/html", status=status, headers=headers)

    async def code(self, request: web.Request) -> web.Response:
        """The page's address as a QR code."""
        face = await self._services.profiles.face_by_slug(request.match_info["slug"])
        if face is None:
            return problems.response("expert.unknown")
        target = io.BytesIO()
        made = segno.make(self._url(face), error="m", micro=False)
        made.save(target, kind="svg", border=3, light="#ffffff", dark="#11201c", omitsize=True, xmldecl=False)
        headers = {"Cache-Control": "public, max-age=3600"}
        return web.Response(body=target.getvalue(), content_type="image/svg+xml", headers=headers)

    async def photo(self, request: web.Request) -> web.Response:
        """A photo. A new one has a new address, so that this one may be kept for ever."""
        jpeg = await self._services.profiles.photo(request.match_info["id"])
        if jpeg is None:
            return pages.not_found(request)
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable",
            # Shown by whoever shows a preview of the page.
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Content-Disposition": "inline",
        }
        return web.Response(body=jpeg, content_type="image/jpeg", headers=headers)

    # -- words ---------------------------------------------------------------------------------------------

    def _url(self, face: Face) -> str:
        return f"{self._services.life.public_url()}/e/{face.person.slug}"

    def _words(self, face: Face, standing: Standing) -> PageWords:
        person, profile, url = face.person, face.profile, self._url(face)
        live = live_of(self._services.office, person.id)
        photo = views.photo_path(profile.photo_id)
        offers = tuple(_offer_words(each) for each in face.offers)
        # A price is the better preview: it is what the link is about.
        first = f"{offers[0].price}. " if offers else ""
        about = person.headline or next(iter(profile.bio.splitlines()), "")
        return PageWords(
            title=f"Talk to {person.name}",
            slug=person.slug,
            description=_shortened(f"{first}{about}".strip()),
            url=url,
            address=url.partition("://")[2],
            image=f"{self._services.life.public_url()}{photo}" if photo else "",
            photo=photo,
            name=person.name,
            initial=person.name.strip()[:1].upper(),
            headline=person.headline,
            bio=tuple(line.strip() for line in profile.bio.splitlines() if line.strip()),
            specialities=profile.specialities,
            languages=", ".join(wording.language(each) for each in profile.languages),
            time_zone=profile.time_zone,
            time_zone_words=profile.time_zone.replace("_", " "),
            offers=offers,
            state=live.state if offers else "away",
            state_text=_STATES[live.state] if offers else "Takes no calls at the moment",
            stars=wording.tenths(standing.stars_tenths) if standing.count else "",
            ratings=f"{standing.count} {'rating' if standing.count == 1 else 'ratings'}",
        )


def _offer_words(offer: Offer) -> OfferWords:
    rate = offer.rate
    charge_minor = views.tariff_of(rate, 0).charge(EXAMPLE_MS)
    example = f"{wording.duration(EXAMPLE_MS)} costs {wording.money(charge_minor, rate.currency)}."
    return OfferWords(
        title=offer.title,
        price=wording.price(rate),
        conditions=tuple(wording.conditions(rate)),
        example=example if rate.price_minor else "",
    )


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_DESCRIPTION else f"{text[: MAX_DESCRIPTION - 1].rstrip()}…"
