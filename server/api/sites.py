"""Sites and the widget: /sites for whom they belong to, POST /embed/sessions for the frame."""

from __future__ import annotations

import secrets

from booking.people import Person
from booking.sites import Site, origins_of
from server import site_resources as shapes
from server import vouching
from server.api.route import Ask, Route
from server.auth import EXPERT, OPERATOR
from server.embed import EmbedClaims
from server.errors import Problem
from signaling.clock import iso

BASE = "/api/v1"
OWNERS = frozenset({*EXPERT, *OPERATOR})
USER_HOURS = 12
"""How long a login lasts that a website vouched for: it can vouch again at any time."""
SECRET_PREFIX = "ttsk_"  # noqa: S105 - so that one that leaked is recognised


async def list_sites(ask: Ask) -> shapes.SiteList:
    """The websites on which I (or, for an operator, everybody of the house) may be called."""
    await ask.services.person(ask.who)
    found = await ask.services.sites.of_owner(ask.who.person_id)
    return shapes.SiteList(sites=[_view(ask, site) for site in found])


async def create_site(ask: Ask) -> shapes.SiteSecret:
    """Let a website show the widget, and get the secret with which its server signs in its own users."""
    services, order = ask.services, ask.body_as(shapes.CreateSite)
    owner = await services.person(ask.who)
    origins, now = _origins(order.origins), iso(services.clock.wall())
    try:
        site = Site(order.id, owner.id, order.name, origins, created_at=now)
    except ValueError as error:
        raise Problem("request.invalid", str(error)) from None
    secret = _new_secret()
    match await services.sites.add(site, services.vault.seal(_place(site.id), secret)):
        case "added":
            return shapes.SiteSecret(_view(ask, site), secret)
        case "limit":
            raise Problem("site.limit")
        case "exists":
            known = await services.sites.get(order.id)
            if known is None or known.owner_id != owner.id or known.revoked_at:
                raise Problem("site.exists")
            # A retry whose first answer was lost. The secret is not told twice; a new one can be made.
            return shapes.SiteSecret(_view(ask, known), "")


async def change_origins(ask: Ask) -> shapes.Site:
    """Replace the list of origins. Pages that are open go on; nothing new begins where it may not be."""
    site = await _mine(ask)
    origins = _origins(ask.body_as(shapes.ChangeOrigins).origins)
    await ask.services.sites.set_origins(site, origins, _now(ask))
    return _view(ask, await _mine(ask))


async def renew_secret(ask: Ask) -> shapes.SiteSecret:
    """Make a new API secret. What the old one signs is refused at once."""
    site = await _mine(ask)
    secret = _new_secret()
    sealed = ask.services.vault.seal(_place(site.id), secret)
    await ask.services.sites.set_secret(site, sealed, _now(ask))
    return shapes.SiteSecret(_view(ask, site), secret)


async def revoke_site(ask: Ask) -> shapes.SiteList:
    """Shut a website out for good. Calls that go on are not touched, and its users keep their wallets."""
    site = await _mine(ask)
    await ask.services.sites.revoke(site, _now(ask))
    return await list_sites(ask)


async def start_embed(ask: Ask) -> shapes.EmbedSession:
    """Begin on the page inside the frame: as a guest by name, or as a user that the website vouches for.

    The login is a bearer token that only the frame knows: browsers that forbid cookies of third parties do
    not disturb it, and the website that shows the frame cannot read it.
    """
    services, order = ask.services, ask.body_as(shapes.StartEmbed)
    claims = services.embeds.read(order.embed)
    expert = await services.people.by_slug(claims.slug)
    if expert is None:
        raise Problem("expert.unknown")
    # The page may be older than the last change of the list: what counts is what the list says now.
    site = await services.sites.that_shows(expert.id, claims.origin)
    if site is None or site.id != claims.site:
        raise Problem("embed.origin")
    person = await (
        _vouched(ask, claims, order.jwt, expert) if order.jwt else _guest(ask, claims, order.name, expert)
    )
    await services.ledger.open_wallet(person.id, person.currency)
    hours = USER_HOURS if order.jwt else None
    token, expires = services.logins.token(person.id, "client", hours)
    return shapes.EmbedSession(token, iso(expires), person.name, "user" if order.jwt else "guest")


ROUTES: tuple[Route, ...] = (
    Route("GET", f"{BASE}/sites", list_sites, "My websites", shapes.SiteList, OWNERS),
    Route(
        "POST", f"{BASE}/sites", create_site, "Add a website", shapes.SiteSecret, OWNERS,
        body=shapes.CreateSite, status=201, codes=("site.exists", "site.limit", "site.origins"),
    ),
    Route(
        "POST", f"{BASE}/sites/{{site_id}}/origins", change_origins, "Change where a widget may stand",
        shapes.Site, OWNERS, body=shapes.ChangeOrigins, codes=("site.unknown", "site.origins"),
    ),
    Route(
        "POST", f"{BASE}/sites/{{site_id}}/secret", renew_secret, "Make a website's secret anew",
        shapes.SiteSecret, OWNERS, status=201, codes=("site.unknown",),
    ),
    Route(
        "POST", f"{BASE}/sites/{{site_id}}/revoke", revoke_site, "Shut a website out", shapes.SiteList,
        OWNERS, codes=("site.unknown",),
    ),
    Route(
        "POST", f"{BASE}/embed/sessions", start_embed, "Begin on an embedded page", shapes.EmbedSession,
        body=shapes.StartEmbed, status=201,
        codes=(
            "embed.forged", "embed.expired", "embed.origin", "expert.unknown", "jwt.malformed", "jwt.forged",
            "jwt.expired", "jwt.reused", "jwt.claims", "request.rate",
            "metering.unavailable",
        ),
    ),
)  # fmt: skip


# -- inside ------------------------------------------------------------------------------------------------


def _now(ask: Ask) -> str:
    return iso(ask.services.clock.wall())


async def _mine(ask: Ask) -> Site:
    """The site in the path. To everybody but its owner it does not exist."""
    await ask.services.person(ask.who)
    site = await ask.services.sites.get(ask.path["site_id"])
    if site is None or site.owner_id != ask.who.person_id or site.revoked_at:
        raise Problem("site.unknown")
    return site


def _view(ask: Ask, site: Site) -> shapes.Site:
    audience = ask.services.life.public_url()
    return shapes.Site(site.id, site.name, list(site.origins), site.created_at, audience)


def _origins(texts: list[str]) -> tuple[str, ...]:
    try:
        return origins_of(texts)
    except ValueError as error:
        raise Problem("site.origins", str(error)) from None


def _new_secret() -> str:
    return SECRET_PREFIX + secrets.token_urlsafe(32)


def _place(site_id: str) -> str:
    return f"site:{site_id}"


async def _guest(ask: Ask, embed: EmbedClaims, name: str, expert: Person) -> Person:
    """A new client with a name and nothing else."""
    ask.services.check_visitor("start", ask.visitor.address)
    try:
        person = Person(f"client-{secrets.token_hex(8)}", "client", name.strip(), expert.currency)
    except ValueError as error:
        raise Problem("request.invalid", str(error)) from None
    await ask.services.sites.add_guest(person, embed.site, _now(ask))
    return person


async def _vouched(ask: Ask, embed: EmbedClaims, token: str, expert: Person) -> Person:
    """The client behind a site's own user: one and the same for (site, external id)."""
    services = ask.services
    sealed = await services.sites.secret(embed.site)
    secret = services.vault.open(_place(embed.site), sealed) if sealed is not None else None
    if secret is None:
        raise Problem("jwt.forged")
    now = services.clock.wall()
    now_s = int(now.timestamp())
    claims = vouching.read(token, secret, embed.site, services.life.public_url(), now_s)
    newcomer = Person(f"client-{secrets.token_hex(8)}", "client", claims.user().name, expert.currency)
    person = await services.sites.sign_in(claims.user(), claims.jti, claims.exp, newcomer, iso(now), now_s)
    if person is None:
        raise Problem("jwt.reused")
    return person
