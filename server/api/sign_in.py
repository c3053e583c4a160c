"""POST /clients: how a browser comes to be somebody."""

from __future__ import annotations

import secrets

from booking.people import Person
from server import resources, sign_in_resources
from server.api.people import me_of
from server.api.route import Ask, Route
from server.errors import Problem

BASE = "/api/v1"


async def create_client(ask: Ask) -> resources.Me:
    """Start as a guest: a client with a name, a wallet and no address, logged in on this browser.

    A browser that is logged in as a client already stays who it is, so a retry makes no second wallet.
    """
    services, order = ask.services, ask.body_as(sign_in_resources.CreateClient)
    known = await services.browser_logins.find(ask.visitor.cookie)
    if known is not None:
        if known.role != "client":
            raise Problem("login.other_role", f"This browser is signed in as {known.name} ({known.role}).")
        return await me_of(services, await services.person_of(known.person_id))
    services.check_visitor("start", ask.visitor.address)
    try:
        person = Person(f"client-{secrets.token_hex(8)}", "client", order.name, order.currency)
    except ValueError as error:
        raise Problem("request.invalid", str(error)) from None
    # The wallet first: one without an owner is harmless, an owner without a wallet is not.
    await services.ledger.open_wallet(person.id, person.currency)
    ask.reply.log_in(await services.browser_logins.move_in(person, ask.visitor.agent))
    return await me_of(services, person)


ROUTES: tuple[Route, ...] = (
    Route(
        "POST", f"{BASE}/clients", create_client, "Start as a guest", resources.Me,
        body=sign_in_resources.CreateClient, status=201, own_page=True,
        codes=("login.other_role", "request.rate", "metering.unavailable"),
    ),
)  # fmt: skip
