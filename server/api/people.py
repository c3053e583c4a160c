"""GET /me, GET /experts/{slug}, POST /presence."""

from __future__ import annotations

from booking.people import Person
from server import resources, views
from server.api.route import Ask
from server.api.services import Services
from server.errors import Problem
from server.live import live_of
from signaling.views import tariff_view


async def get_me(ask: Ask) -> resources.Me:
    """Who the login says I am; a guest learns its call."""
    login = ask.who
    if login.role == "guest":
        return resources.Me(id=login.person_id, role="guest", name=login.name, call=login.call_id)
    return await me_of(ask.services, await ask.services.person(login))


async def me_of(services: Services, person: Person) -> resources.Me:
    """A person as that person sees it."""
    address = await services.addresses.of(person.id)
    return resources.Me(id=person.id, role=person.role, name=person.name, slug=person.slug, address=address)


async def get_expert(ask: Ask) -> resources.Expert:
    """An expert's public face: no login needed, for it is what one sees before calling."""
    face = await ask.services.profiles.face_by_slug(ask.path["slug"])
    if face is None:
        raise Problem("expert.unknown")
    person, profile, desk = face.person, face.profile, ask.services.desk
    return resources.Expert(
        slug=person.slug,
        name=person.name,
        headline=person.headline,
        tariff=tariff_view(ask.services.tariff(person)),
        online=desk.online(person.id),
        busy=desk.busy(person.id),
        live=live_of(ask.services.office, person.id),
        bio=profile.bio,
        languages=list(profile.languages),
        specialities=list(profile.specialities),
        time_zone=profile.time_zone,
        photo=views.photo_path(profile.photo_id),
        offers=views.offers(face),
    )


async def create_presence(ask: Ask) -> resources.JoinToken:
    """A token with which the expert's page connects and lets itself be called."""
    person = await ask.services.person(ask.who)
    return views.join_token(ask.services.desk.presence_token(person.id))
