"""How a browser comes to be somebody and ceases to be: guests, one-time codes, signing in and out."""

from __future__ import annotations

import secrets

from booking.code_store import Proven
from booking.login_store import OpenLogin
from booking.people import Person
from server import resources
from server.api.people import me_of
from server.api.route import Ask, Route
from server.auth import PEOPLE
from server.codes import clean_address
from server.errors import Problem
from server.mail import Mail
from server.mail_courier import put_mail
from server.sign_in_resources import (
    AttachAddress,
    CreateClient,
    CreateCode,
    Profile,
    SignedIn,
    SignedOut,
    SignIn,
    SignInTicket,
)
from storage.worker import Transaction

BASE = "/api/v1"


async def create_client(ask: Ask) -> resources.Me:
    """Start as a guest: a client with a name, a wallet and no address, logged in on this browser.

    A browser that is logged in as a client already stays who it is, so a retry makes no second wallet.
    """
    services, order = ask.services, ask.body_as(CreateClient)
    known = await services.browser_logins.find(ask.visitor.cookie)
    if known is not None:
        if known.role != "client":
            raise Problem("login.other_role", f"This browser is signed in as {known.name} ({known.role}).")
        return await me_of(services, await services.person_of(known.person_id))
    services.check_visitor("start", ask.visitor.address)
    person = await _new_client(ask, order.name, order.currency)
    ask.reply.log_in(await services.browser_logins.move_in(person, ask.visitor.agent))
    return await me_of(services, person)


async def create_code(ask: Ask) -> SignInTicket:
    """Mail a one-time code to an address. What is answered does not depend on whether anybody has it."""
    services = ask.services
    address = clean_address(ask.body_as(CreateCode).address)
    services.check_visitor("code", ask.visitor.address)
    ticket = await services.codes.send(address, ask.visitor.address)
    return SignInTicket(ticket.id, ticket.expires_at)


async def sign_in(ask: Ask) -> SignedIn:
    """Type in a code. Logs the browser in, or tells whom to choose from and leaves the code good.

    Somebody without an address is not dropped: `login.guest` asks to add one, or to sign out.
    """
    services, order = ask.services, ask.body_as(SignIn)
    services.check_visitor("guess", ask.visitor.address)
    before = await _browser_before(ask)
    guess = services.codes.guess(order.ticket, order.code)
    proven = await services.code_store.look(guess)
    if not isinstance(proven, Proven):
        raise Problem(proven)
    newcomer = None
    if order.name is not None:
        newcomer = await _new_client(ask, order.name, order.currency)
    person = newcomer or _chosen(order, proven.profiles)
    if person is None:
        return SignedIn(None, [_profile(each) for each in proven.profiles])
    cookie, login = services.browser_logins.prepare(person.id, ask.visitor.agent)
    used = await services.code_store.sign_in(guess, login, newcomer, before.id if before else "")
    if not isinstance(used, Proven):
        raise Problem(used)
    ask.reply.log_in(cookie)
    return SignedIn(await me_of(services, person), [])


async def sign_out(ask: Ask) -> SignedOut:
    """End this browser's login. Without one, nothing happens."""
    logins = ask.services.browser_logins
    known = await logins.find(ask.visitor.cookie)
    ask.reply.log_out()
    if known is None:
        return SignedOut(0)
    revoked = await logins.revoke(known.person_id, known.id, known.person_id)
    ask.services.let_go(known.person_id)
    return SignedOut(int(revoked))


async def attach_address(ask: Ask) -> resources.Me:
    """Make the address of a code mine: a guest keeps the wallet so. The address before is told by mail."""
    services, order = ask.services, ask.body_as(AttachAddress)
    services.check_visitor("guess", ask.visitor.address)
    person = await services.person(ask.who)

    def changed(transaction: Transaction, before: str) -> None:
        put_mail(transaction, f"address:{order.ticket}", _farewell(before, person.name))

    guess = services.codes.guess(order.ticket, order.code)
    done = await services.code_store.attach(guess, person.id, changed)
    if not isinstance(done, Proven):
        raise Problem(done)
    return await me_of(services, person)


def _farewell(address: str, name: str) -> Mail:
    text = (
        f"From now on {name} signs in to Talktime with another address, and no longer with this one.\n\n"
        "If that was not you, tell whoever runs the server at once.\n"
    )
    return Mail(to=address, subject="Your address for Talktime was changed", text=text)


async def _browser_before(ask: Ask) -> OpenLogin | None:
    """The login this browser has now. Raises `login.guest` when it is the only way to what is theirs."""
    known = await ask.services.browser_logins.find(ask.visitor.cookie)
    if known is not None and not await ask.services.addresses.of(known.person_id):
        raise Problem("login.guest", f"This browser is {known.name}, who has no address to come back with.")
    return known


async def _new_client(ask: Ask, name: str, currency: str) -> Person:
    try:
        person = Person(f"client-{secrets.token_hex(8)}", "client", name, currency)
    except ValueError as error:
        raise Problem("request.invalid", str(error)) from None
    # The wallet first: one without an owner is harmless, an owner without a wallet is not.
    await ask.services.ledger.open_wallet(person.id, person.currency)
    return person


def _chosen(order: SignIn, profiles: list[Person]) -> Person | None:
    if not order.profile:
        return profiles[0] if len(profiles) == 1 else None
    chosen = next((each for each in profiles if each.id == order.profile), None)
    if chosen is None:
        raise Problem("profile.unknown")
    return chosen


def _profile(person: Person) -> Profile:
    return Profile(person.id, person.role, person.name, person.slug)


_CODES = ("code.wrong", "code.expired", "request.rate")

ROUTES: tuple[Route, ...] = (
    Route(
        "POST", f"{BASE}/clients", create_client, "Start as a guest", resources.Me,
        body=CreateClient, status=201, own_page=True,
        codes=("login.other_role", "request.rate", "metering.unavailable"),
    ),
    Route(
        "POST", f"{BASE}/sign-in/codes", create_code, "Mail a one-time code", SignInTicket,
        body=CreateCode, status=201, own_page=True,
        codes=("address.invalid", "mail.unavailable", "mail.refused", "request.rate"),
    ),
    Route(
        "POST", f"{BASE}/sign-in", sign_in, "Sign in with a code", SignedIn, body=SignIn, own_page=True,
        codes=(*_CODES, "login.guest", "profile.unknown", "metering.unavailable"),
    ),
    Route("POST", f"{BASE}/sign-out", sign_out, "Sign out", SignedOut, own_page=True),
    Route(
        "POST", f"{BASE}/address", attach_address, "Add or change my address", resources.Me, PEOPLE,
        body=AttachAddress, codes=_CODES,
    ),
)  # fmt: skip
