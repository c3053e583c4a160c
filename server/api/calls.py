"""POST /calls, GET /calls/{id}, and what is asked of one call: join, guests, receipt."""

from __future__ import annotations

import secrets
from typing import Literal

from booking.people import Rate
from booking.profiles import Face, Offer
from metering.errors import UnknownCall
from metering.facts import CallAccount
from server import resources, views
from server.api.route import Ask
from server.deletion import FORMER
from server.errors import Problem
from server.links import guest_link
from signaling.clock import iso
from signaling.errors import Refused
from signaling.messages import TariffView
from signaling.people import Host, Person
from signaling.views import tariff_view

Side = Literal["payer", "host", "guest", "operator"]


async def create_call(ask: Ask) -> resources.Call:
    """Call an expert. The call rings until it is taken, declined, given up or too late; ringing is free."""
    services, order = ask.services, ask.body_as(resources.CreateCall)
    client = await services.person(ask.who)
    face = await services.profiles.face_by_slug(order.host)
    if face is None:
        raise Problem("expert.unknown")
    expert = face.person
    if await services.client_book.is_blocked(expert.id, client.id):
        raise Problem("host.declines")
    # What was promised on joining the line holds; who asks for another offer gets that one's price.
    promised = services.office.locked_rate(
        client.id, expert.id, order.id, order.media, chooses=bool(order.offer)
    )
    rate = promised or offer_for(face, order.offer, order.media).rate
    if services.desk.view(order.id) is None:
        check_shown(order.shown, rate)
        if len(services.desk) >= services.config.max_calls:
            raise Problem("call.limit", retry_after_s=30)
    cap_minor = None if order.no_cap else order.cap_minor or await services.caps.get(client.id)
    made = await services.desk.create(
        order.id,
        Person(id=client.id, name=client.name, wallet_id=client.id),
        Host(id=expert.id, slug=expert.slug, name=expert.name, tariff=services.tariff_of(rate)),
        order.media,
        cap_minor,
    )
    if isinstance(made, Refused):
        raise views.refusal(made)
    offers = (face.offer(order.offer), face.default, *face.offers)
    chosen = next((each for each in offers if each is not None and each.rate == rate), None)
    if chosen is not None:
        await services.client_book.remember_offer(order.id, chosen.id, chosen.title)
    return await call_of(ask, await _account(ask, order.id), "payer")


def offer_for(face: Face, offer_id: str, media: str) -> Offer:
    """What is called for. Its rate is copied into the call, so that no later change touches it.

    Raises `Problem` offer.none, offer.unknown, offer.media.
    """
    if not face.offers:
        raise Problem("offer.none")
    offer = face.offer(offer_id) if offer_id else face.default
    if offer is None:
        raise Problem("offer.unknown")
    if offer.media == "voice" and media != "voice":
        raise Problem("offer.media")
    return offer


def check_shown(shown: TariffView | None, rate: Rate) -> None:
    """Nobody is held to a price that they did not see. Raises `Problem` offer.changed."""
    if shown is not None and shown != tariff_view(views.tariff_of(rate, 0)):
        raise Problem("offer.changed")


async def get_call(ask: Ask) -> resources.Call:
    """One call of mine, live or over. For everybody else it does not exist."""
    account, side = await mine(ask)
    return await call_of(ask, account, side)


async def join_call(ask: Ask) -> resources.JoinToken:
    """A token for one connection to this call, in the role one has there. Ask anew for every connection."""
    account, side = await mine(ask)
    desk, call_id, who = ask.services.desk, account.terms.call_id, ask.who
    match side:
        case "guest":
            return views.join_token(desk.guest_token(call_id, who.person_id, who.name))
        case "payer" | "host":
            return views.join_token(desk.join_token(call_id, who.person_id, side))
        case "operator":
            raise Problem("auth.forbidden", "Operators take no part in calls.")


async def create_guest(ask: Ask) -> resources.GuestLink:
    """A link that lets one more person into the room. Guests cost nothing and earn nothing."""
    services, order = ask.services, ask.body_as(resources.CreateGuest)
    account, _ = await mine(ask)
    if not order.name.isprintable():
        # The names of everybody else cannot turn the direction of writing either, or hide in nothing.
        raise Problem("request.invalid", "name: printable text only")
    call_id = account.terms.call_id
    guest_id = f"guest:{secrets.token_urlsafe(9)}"
    place = services.desk.guest_token(call_id, guest_id, order.name)
    if isinstance(place, Refused):
        raise views.refusal(place)
    await services.audit_log.note(
        iso(services.clock.wall()), ask.who.person_id, "guest.invited", guest_id, {"call": call_id}
    )
    host = await services.people.get(account.terms.host_id)
    token, expires = services.logins.guest_token(guest_id, call_id, order.name)
    url = guest_link(services.life.public_url(), host.slug if host is not None else "", token)
    return resources.GuestLink(url=url, expires_at=iso(expires))


async def get_receipt(ask: Ask) -> resources.Receipt:
    """The signed receipt: the payer's copy with balances, the host's with earnings."""
    account, side = await mine(ask)
    if account.state != "settled":
        # Settling takes a moment after the end: whoever just hung up may ask again.
        raise Problem("call.not_ended", retry_after_s=1)
    return ask.services.receipts.receipt(account, "host" if side == "host" else "payer")


# -- whose call is it --------------------------------------------------------------------------------------


async def mine(ask: Ask) -> tuple[CallAccount, Side]:
    """The call in the path and the asker's part in it. A stranger is told that it does not exist."""
    login, call_id = ask.who, ask.path["call_id"]
    account = await _account(ask, call_id)
    parts: dict[str, tuple[Side, bool]] = {
        "client": ("payer", login.person_id == account.terms.wallet_id),
        "expert": ("host", login.person_id == account.terms.host_id),
        "guest": ("guest", login.call_id == call_id),
        "operator": ("operator", True),
    }
    side, is_mine = parts[login.role]
    if not is_mine:
        raise Problem("call.unknown")
    return account, side


async def _account(ask: Ask, call_id: str) -> CallAccount:
    try:
        return await ask.services.ledger.call(call_id)
    except UnknownCall:
        raise Problem("call.unknown") from None


async def call_of(ask: Ask, account: CallAccount, side: Side) -> resources.Call:
    """The call as the desk sees it, else from its durable facts. A guest sees no money."""
    desk, call_id = ask.services.desk, account.terms.call_id
    known = desk.view(call_id)
    if known is None or account.state == "settled":
        host = await ask.services.people.get(account.terms.host_id)
        call = views.settled_call(account, known, host)
        if await ask.services.deletions.has(account.terms.wallet_id):
            call = views.without_payer(call, FORMER)
    else:
        call = resources.Call(known, *desk.figures(call_id))
    return views.without_money(call, account.terms.tariff) if side == "guest" else call


async def live_account(ask: Ask) -> CallAccount:
    """The account of the call in the path, whoever asks: for the operator."""
    return await _account(ask, ask.path["call_id"])
