"""The operator's desk: people, and adjustments of their wallets."""

from __future__ import annotations

from metering.adjusting import Adjustment
from metering.history import CallSide, Wanted
from server import area_resources as shapes
from server import resources
from server.api.areas import cursor, summaries
from server.api.route import Ask, Route
from server.auth import OPERATOR
from server.directory import Listed
from server.errors import Problem
from server.sign_in_resources import BrowserLogin, LoginList
from signaling.clock import iso

BASE = "/api/v1/operator/people"
MAX_LISTED = 50
ROLES = ("client", "expert", "operator")


async def list_people(ask: Ask) -> shapes.PersonList:
    """Everybody, by id; with `words` in their name, id, address or page."""
    words, role = ask.query.get("words", "").strip(), ask.query.get("role", "")
    if role and role not in ROLES:
        raise Problem("request.invalid", f"role is one of {', '.join(ROLES)}.")
    found = await ask.services.directory.find(words, role, ask.query.get("before", ""), MAX_LISTED + 1)
    cursor = found[MAX_LISTED - 1].person.id if len(found) > MAX_LISTED else ""
    return shapes.PersonList([_card(each) for each in found[:MAX_LISTED]], cursor)


async def get_person(ask: Ask) -> shapes.PersonDetail:
    """One person, and the newest adjustments of the wallet."""
    listed = await _listed(ask)
    made = await ask.services.adjustments.of(listed.person.id, MAX_LISTED)
    views = [
        shapes.AdjustmentView(each.id, each.amount_minor, each.reason, each.actor, each.at) for each in made
    ]
    return shapes.PersonDetail(_card(listed), views)


async def list_calls_of(ask: Ask) -> resources.CallList:
    """What somebody paid for as a client, or earned with as an expert; the newest first."""
    person = (await _listed(ask)).person
    side: CallSide = "host" if person.role == "expert" else "payer"
    page = await ask.services.history.page(Wanted(side, person.id, "", cursor(ask)), MAX_LISTED)
    return resources.CallList(await summaries(ask, page.calls, person.id), page.next)


async def list_logins_of(ask: Ask) -> LoginList:
    """On which browsers somebody is logged in."""
    person = (await _listed(ask)).person
    found = await ask.services.browser_logins.of(person.id)
    return LoginList(
        [
            BrowserLogin(each.id, each.device, each.opened_at, each.seen_at, each.expires_at, current=False)
            for each in found
        ]
    )


async def adjust_wallet(ask: Ask) -> shapes.PersonDetail:
    """Give money to a client's wallet, or take some out, from the house's account. Never below zero."""
    services, order = ask.services, ask.body_as(shapes.Adjust)
    listed = await _listed(ask)
    person = listed.person
    if person.role != "client" or listed.deleted_at:
        raise Problem("wallet.unknown")
    if order.currency != person.currency:
        raise Problem("wallet.currency", f"The wallet is in {person.currency}.")
    await services.ledger.open_wallet(person.id, person.currency)
    now, actor = iso(services.clock.wall()), ask.who.person_id
    wanted = Adjustment(order.id, person.id, order.amount_minor, order.currency, order.reason, actor, now)
    if await services.adjustments.make(wanted) is None:
        raise Problem("wallet.insufficient")
    if order.amount_minor > 0:
        services.desk.funds_arrived(person.id)
    return await get_person(ask)


async def _listed(ask: Ask) -> Listed:
    listed = await ask.services.directory.get(ask.path["person_id"])
    if listed is None:
        raise Problem("person.unknown")
    return listed


def _card(listed: Listed) -> shapes.PersonCard:
    person = listed.person
    return shapes.PersonCard(
        id=person.id,
        role=person.role,
        name=person.name,
        slug=person.slug,
        address=listed.address,
        currency=person.currency,
        available_minor=listed.available_minor,
        held_minor=listed.held_minor,
        deleted_at=listed.deleted_at,
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "GET", BASE, list_people, "People", shapes.PersonList, OPERATOR, query=("words", "role", "before"),
        scope="people:read",
    ),
    Route(
        "GET", f"{BASE}/{{person_id}}", get_person, "One person", shapes.PersonDetail, OPERATOR,
        codes=("person.unknown",), scope="people:read",
    ),
    Route(
        "GET", f"{BASE}/{{person_id}}/calls", list_calls_of, "Somebody's calls", resources.CallList, OPERATOR,
        query=("before",), codes=("person.unknown",),
    ),
    Route(
        "GET", f"{BASE}/{{person_id}}/logins", list_logins_of, "Somebody's logins", LoginList, OPERATOR,
        codes=("person.unknown",),
    ),
    Route(
        "POST", f"{BASE}/{{person_id}}/adjustments", adjust_wallet, "Adjust a wallet", shapes.PersonDetail,
        OPERATOR, body=shapes.Adjust, status=201,
        codes=(
            "person.unknown", "wallet.unknown", "wallet.currency", "wallet.insufficient",
            "metering.id_reused", "metering.amount", "metering.unavailable",
        ),
    ),
)  # fmt: skip
