"""Office hours and the line: /office, /experts/{slug}/line, /line/{place_id}."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import msgspec

from booking.availability import Availability
from booking.hours import Opening, WeeklyHours
from server import resources, views
from server.api.calls import check_shown, offer_for
from server.api.route import Ask, Route
from server.auth import CLIENT, EXPERT
from server.errors import Problem
from server.line_resources import JoinLine, LinePlace, LinePlaces, OfficeHours, OpeningHours, SetOffice
from signaling.errors import Refused
from signaling.messages import PlaceView

BASE = "/api/v1"


async def join_line(ask: Ask) -> LinePlace:
    """Take a place in the line, at the present price. Who has one already keeps it."""
    services, order = ask.services, ask.body_as(JoinLine)
    client = await services.person(ask.who)
    face = await services.profiles.face_by_slug(ask.path["slug"])
    if face is None:
        raise Problem("expert.unknown")
    if await services.client_book.is_blocked(face.person.id, client.id):
        raise Problem("host.declines")
    rate = offer_for(face, order.offer, order.media).rate
    if services.office.place_of(client.id, face.person.id) is None:
        check_shown(order.shown, rate)
    wish = " ".join(order.wish.split())
    if not wish.isprintable():
        raise Problem("request.invalid", "wish: printable text only")
    return _place(await services.office.join(client, face.person, order.media, wish, rate))


async def list_places(ask: Ask) -> LinePlaces:
    """My places, in whatever lines."""
    return LinePlaces(ask.services.office.places(ask.who.person_id))


async def get_place(ask: Ask) -> LinePlace:
    """One place of mine, or how it ended. For everybody else it does not exist."""
    return _place(await ask.services.office.place(ask.path["place_id"], ask.who.person_id))


async def leave_line(ask: Ask) -> LinePlace:
    """Give a place up. Once more changes nothing."""
    office, place_id, client_id = ask.services.office, ask.path["place_id"], ask.who.person_id
    view = _place(await office.place(place_id, client_id)).place
    if view.state == "ended":
        return LinePlace(view)
    office.leave(place_id, client_id)
    return LinePlace(
        msgspec.structs.replace(
            view, state="ended", why="left", position=0, wait_ms=0, call="", reserved_left_ms=0
        )
    )


async def connect_line(ask: Ask) -> resources.JoinToken:
    """A token with which the caller's page connects and hears of the place. Ask anew for every connection."""
    office, place_id, client_id = ask.services.office, ask.path["place_id"], ask.who.person_id
    view = _place(await office.place(place_id, client_id)).place
    if view.state == "ended":
        raise Problem("line.ended")
    return views.join_token(ask.services.desk.line_token(place_id, client_id))


async def get_office(ask: Ask) -> OfficeHours:
    """When I take calls."""
    return _office(ask, ask.services.office.reach.of(ask.who.person_id))


async def set_office(ask: Ask) -> OfficeHours:
    """Open, close, keep hours, pause, stop after this call. It holds at once; durable when answered."""
    person = await ask.services.person(ask.who)
    order, now = ask.body_as(SetOffice), ask.services.clock.wall()
    # Judged first: a change that is no good changes nothing.
    _changed(ask.services.office.reach.of(person.id), order, now)
    value = await ask.services.office.reach.change(person.id, lambda before: _changed(before, order, now))
    return _office(ask, value)


ROUTES: tuple[Route, ...] = (
    Route(
        "POST", f"{BASE}/experts/{{slug}}/line", join_line, "Wait in the line", LinePlace, CLIENT,
        body=JoinLine, status=201,
        codes=(
            "expert.unknown", "offer.none", "offer.unknown", "offer.media", "offer.changed",
            "host.declines", "host.offline",
            "call.self", "wallet.currency", "line.full", "line.many",
        ),
    ),
    Route("GET", f"{BASE}/line", list_places, "My places in lines", LinePlaces, CLIENT),
    Route(
        "GET", f"{BASE}/line/{{place_id}}", get_place, "One place in a line", LinePlace, CLIENT,
        codes=("line.unknown",),
    ),
    Route(
        "POST", f"{BASE}/line/{{place_id}}/leave", leave_line, "Leave the line", LinePlace, CLIENT,
        codes=("line.unknown",),
    ),
    Route(
        "POST", f"{BASE}/line/{{place_id}}/connect", connect_line, "Hear of the place", resources.JoinToken,
        CLIENT, status=201, codes=("line.unknown", "line.ended"),
    ),
    Route("GET", f"{BASE}/office", get_office, "When I take calls", OfficeHours, EXPERT, scope="office:read"),
    Route(
        "POST", f"{BASE}/office", set_office, "Set when I take calls", OfficeHours, EXPERT, body=SetOffice,
        codes=("office.hours", "office.zone"), scope="office:write",
    ),
)  # fmt: skip


def _place(view: PlaceView | Refused) -> LinePlace:
    if isinstance(view, Refused):
        raise views.refusal(view)
    return LinePlace(view)


def _office(ask: Ask, value: Availability) -> OfficeHours:
    openings = [OpeningHours(each.weekday, each.from_min, each.to_min) for each in value.hours.openings]
    return OfficeHours(ask.services.office.reach.view(ask.who.person_id), value.hours.zone, openings)


def _changed(value: Availability, order: SetOffice, now: datetime) -> Availability:
    """What the order makes of it. Raises `Problem` office.zone, office.hours."""
    if order.zone is not None or order.openings is not None:
        value = replace(value, hours=_hours(value.hours, order), closed_until=None)
    if order.mode is not None:
        value = value.switched(order.mode)
    match order.pause:
        case "begin":
            value = value.paused(now)
        case "end":
            value = value.resumed()
        case None:
            pass
    return replace(
        value,
        stop_after_call=value.stop_after_call if order.stop_after_call is None else order.stop_after_call,
        auto_accept=value.auto_accept if order.auto_accept is None else order.auto_accept,
    )


def _hours(before: WeeklyHours, order: SetOffice) -> WeeklyHours:
    try:
        zone = WeeklyHours(before.zone if order.zone is None else order.zone).zone
    except ValueError:
        raise Problem("office.zone") from None
    if order.openings is None:
        return WeeklyHours(zone, before.openings)
    try:
        openings = sorted(Opening(each.weekday, each.from_min, each.to_min) for each in order.openings)
        return WeeklyHours(zone, tuple(openings))
    except ValueError as error:
        raise Problem("office.hours", str(error)) from None
