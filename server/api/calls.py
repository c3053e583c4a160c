"""POST /calls, GET /calls, GET /calls/{id}, and what is asked of one call: join, guests, receipt."""

from __future__ import annotations

import secrets
from typing import Literal

from metering.errors import UnknownCall
from metering.facts import CallAccount
from server import resources, views
from server.api.route import Ask
from server.auth import Login
from server.errors import Problem
from server.links import guest_link
from signaling.clock import iso
from signaling.errors import Refused
from signaling.people import Host, Person

MAX_LISTED = 50
Side = Literal["payer", "host", "guest", "operator"]


async def create_call(ask: Ask) -> resources.Call:
    """Call an expert. The call rings until it is taken, declined, given up or too late; ringing is free."""
    services, order = ask.services, ask.body_as(resources.CreateCall)
    client = await services.person(ask.who)
    expert = await services.people.by_slug(order.host)
    if expert is None:
        raise Problem("expert.unknown")
    made = await services.desk.create(
        order.id,
        Person(id=client.id, name=client.name, wallet_id=client.id),
        Host(id=expert.id, slug=expert.slug, name=expert.name, tariff=services.tariff(expert)),
        order.media,
    )
    if isinstance(made, Refused):
        raise views.refusal(made)
    return await call_of(ask, order.id)


async def list_calls(ask: Ask) -> resources.CallList:
    """My own calls: what I paid for as a client, what I earned with as an expert."""
    ledger, person_id = ask.services.ledger, ask.who.person_id
    find = ledger.calls_of_wallet if ask.who.role == "client" else ledger.calls_of_host
    accounts = await find(person_id, MAX_LISTED)
    return resources.CallList(calls=[views.summary(account, person_id) for account in accounts])


async def get_call(ask: Ask) -> resources.Call:
    """One call of mine, live or over. For everybody else it does not exist."""
    await _side(ask, ask.path["call_id"])
    return await call_of(ask, ask.path["call_id"])


async def join_call(ask: Ask) -> resources.JoinToken:
    """A token for one connection to this call, in the role one has there. Ask anew for every connection."""
    call_id = ask.path["call_id"]
    side = await _side(ask, call_id)
    if side == "operator":
        raise Problem("auth.forbidden", "Operators do not take part in calls.")
    desk = ask.services.desk
    if side == "guest":
        return views.join_token(desk.guest_token(call_id, ask.who.person_id, ask.who.name))
    return views.join_token(desk.join_token(call_id, ask.who.person_id, side))


async def create_guest(ask: Ask) -> resources.GuestLink:
    """A link that lets one more person into the room. Guests cost nothing and earn nothing."""
    services, order, call_id = ask.services, ask.body_as(resources.CreateGuest), ask.path["call_id"]
    await _side(ask, call_id)
    view = services.desk.view(call_id)
    if view is None or view.state == "ended":
        raise Problem("call.ended")
    guest_id = f"guest:{secrets.token_urlsafe(9)}"
    token, expires = services.logins.guest_token(guest_id, call_id, order.name)
    url = guest_link(services.public_url(), view.host_slug, token)
    return resources.GuestLink(url=url, expires_at=iso(expires))


async def get_receipt(ask: Ask) -> resources.Receipt:
    """The signed receipt: the payer's copy with balances, the host's with earnings."""
    call_id = ask.path["call_id"]
    side = await _side(ask, call_id)
    try:
        account = await ask.services.ledger.call(call_id)
    except UnknownCall:
        raise Problem("call.not_ended", "This call was never open, so there is nothing to receipt.") from None
    if account.state != "settled":
        raise Problem("call.not_ended")
    return ask.services.receipts.receipt(account, "host" if side == "host" else "payer")


# -- whose call is it --------------------------------------------------------------------------------------


async def _side(ask: Ask, call_id: str) -> Side:
    """The asker's part in the call. A stranger is told that the call does not exist."""
    login = ask.who
    if login.role == "operator":
        return "operator"
    if login.role == "guest":
        if login.call_id != call_id:
            raise Problem("call.unknown")
        return "guest"
    payer_id, host_id = await _parties(ask, call_id)
    return _part_of(login, payer_id, host_id)


def _part_of(login: Login, payer_id: str, host_id: str) -> Side:
    if login.role == "client" and login.person_id == payer_id:
        return "payer"
    if login.role == "expert" and login.person_id == host_id:
        return "host"
    raise Problem("call.unknown")


async def _parties(ask: Ask, call_id: str) -> tuple[str, str]:
    live = ask.services.desk.parties(call_id)
    if live is not None:
        return live
    account = await _account(ask, call_id)
    return account.terms.wallet_id, account.terms.host_id


async def _account(ask: Ask, call_id: str) -> CallAccount:
    try:
        return await ask.services.ledger.call(call_id)
    except UnknownCall:
        raise Problem("call.unknown") from None


async def call_of(ask: Ask, call_id: str) -> resources.Call:
    """The call as the desk sees it, else from its durable facts."""
    view = ask.services.desk.view(call_id)
    if view is None:
        account = await _account(ask, call_id)
        return views.settled_call(account, await ask.services.people.get(account.terms.host_id))
    used_ms, charge_minor = ask.services.desk.figures(call_id)
    return resources.Call(call=view, used_ms=used_ms, charge_minor=charge_minor)
