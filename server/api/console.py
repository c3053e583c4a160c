"""An expert's console: what was earned, calls as a file, clients with private notes, and whom not to hear."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from booking.client_book import Kept
from booking.people import Person
from metering.errors import UnknownCall
from metering.history import Client, Wanted
from server import area_resources as shapes
from server.api.areas import SPAN, cursor, summaries
from server.api.route import Ask, CsvFile, Route
from server.auth import EXPERT
from server.deletion import FORMER
from server.earnings import Calls, earnings
from server.errors import Problem
from server.sheets import amount, minutes, sheet
from server.spans import span
from signaling.clock import iso

BASE = "/api/v1/console"
MAX_LISTED = 50
MAX_ROWS = 10_000
MONTH = 30


# -- earnings ----------------------------------------------------------------------------------------------


async def get_earnings(ask: Ask) -> shapes.Earnings:
    """What I earned within a span of days, by day and by offer. The ledger's own entries, to the unit."""
    services = ask.services
    expert, now = await services.person(ask.who), services.clock.wall()
    days = span(dict(ask.query), now, MONTH)
    entries = await services.entries.earnings(expert.id, expert.currency, days.start, days.end)
    calls = sorted({each.call_id for each in entries if each.call_id})
    used_ms = await services.history.used_ms(calls)
    titles = await services.client_book.offers_of(calls)
    return earnings(entries, days, now, expert.currency, Calls(used_ms, titles))


async def get_calls_csv(ask: Ask) -> CsvFile:
    """My calls within a span of days, as a file for a spreadsheet; tips and refunds are my part of them."""
    services = ask.services
    expert = await services.person(ask.who)
    days = span(dict(ask.query), services.clock.wall(), MONTH)
    words = ask.query.get("words", "").strip()
    page = await services.history.page(Wanted("host", expert.id, words, None, days.start, days.end), MAX_ROWS)
    if page.next is not None:
        raise Problem("statement.long", f"There are more than {MAX_ROWS} calls.")
    ids = [each.terms.call_id for each in page.calls]
    titles, later = await services.client_book.offers_of(ids), await services.history.afterwards(ids)
    rows = [
        (line.opened_at, line.ended_at, line.with_name, titles.get(line.id, ""), line.reason,
         minutes(line.used_ms), amount(line.amount_minor, line.currency),
         amount(later[line.id].host_tips_minor, line.currency),
         amount(line.refunded_minor, line.currency), line.currency, line.id)
        for line in await summaries(ask, page.calls, expert.id)
    ]  # fmt: skip
    head = (
        "opened", "ended", "client", "offer", "reason", "minutes", "earned", "tips", "refunded", "currency",
        "call",
    )  # fmt: skip
    return CsvFile(f"calls-{days.first}-{days.last}.csv", sheet(head, rows))


# -- clients -----------------------------------------------------------------------------------------------


async def list_clients(ask: Ask) -> shapes.ClientList:
    """Who called me, the last one first. `blocked`: only those whose calls I do not take."""
    services = ask.services
    expert = await services.person(ask.who)
    words = ask.query.get("words", "").strip()
    found = await services.history.clients(expert.id, words, cursor(ask), MAX_LISTED + 1)
    cards = await _cards(ask, expert, found[:MAX_LISTED])
    return shapes.ClientList(cards, found[MAX_LISTED - 1].last_seq if len(found) > MAX_LISTED else None)


async def list_blocked(ask: Ask) -> shapes.ClientList:
    """Whose calls I do not take, the last one first."""
    services = ask.services
    expert = await services.person(ask.who)
    ids = await services.client_book.blocked(expert.id)
    found = [await services.history.client(expert.id, each) for each in ids]
    return shapes.ClientList(await _cards(ask, expert, [each for each in found if each is not None]), None)


async def get_caller(ask: Ask) -> shapes.ClientCard:
    """Who is calling: the client of a call of mine, with my note."""
    services = ask.services
    expert = await services.person(ask.who)
    try:
        account = await services.ledger.call(ask.path["call_id"])
    except UnknownCall:
        raise Problem("call.unknown") from None
    if account.terms.host_id != expert.id:
        raise Problem("call.unknown")
    return await _card(ask, expert, account.terms.wallet_id)


async def write_note(ask: Ask) -> shapes.ClientCard:
    """Keep a private note about a client. The client never sees it."""
    expert, client_id = await _mine(ask)
    text, now = ask.body_as(shapes.WriteNote).text.strip(), iso(ask.services.clock.wall())
    await ask.services.client_book.write_note(expert.id, client_id, text, now)
    return await _card(ask, expert, client_id)


async def block_client(ask: Ask) -> shapes.ClientCard:
    """Take no more calls from a client, who is told so when calling, without a reason."""
    expert, client_id = await _mine(ask)
    services = ask.services
    await services.client_book.block(expert.id, client_id, iso(services.clock.wall()))
    place = services.office.place_of(client_id, expert.id)
    if place is not None:
        services.office.leave(place.id, client_id)
    return await _card(ask, expert, client_id)


async def unblock_client(ask: Ask) -> shapes.ClientCard:
    """Take this client's calls again."""
    expert, client_id = await _mine(ask)
    await ask.services.client_book.unblock(expert.id, client_id, iso(ask.services.clock.wall()))
    return await _card(ask, expert, client_id)


async def _mine(ask: Ask) -> tuple[Person, str]:
    """Me, and the client in the path. Somebody who never called me does not exist."""
    expert = await ask.services.person(ask.who)
    client = await ask.services.history.client(expert.id, ask.path["client_id"])
    if client is None or await ask.services.deletions.has(client.wallet_id):
        raise Problem("client.unknown")
    return expert, client.wallet_id


async def _card(ask: Ask, expert: Person, client_id: str) -> shapes.ClientCard:
    found = await ask.services.history.client(expert.id, client_id)
    if found is None:
        raise Problem("client.unknown")
    return (await _cards(ask, expert, [found]))[0]


async def _cards(ask: Ask, expert: Person, found: Sequence[Client]) -> list[shapes.ClientCard]:
    services = ask.services
    kept = await services.client_book.of(expert.id, [each.wallet_id for each in found])
    gone = {each.wallet_id for each in found if await services.deletions.has(each.wallet_id)}
    return list(_each_card(expert.currency, found, kept, gone))


def _each_card(
    currency: str, found: Iterable[Client], kept: dict[str, Kept], gone: set[str]
) -> Iterable[shapes.ClientCard]:
    for each in found:
        about = kept.get(each.wallet_id, Kept())
        yield shapes.ClientCard(
            id=each.wallet_id,
            name=FORMER if each.wallet_id in gone else each.name,
            calls=each.calls,
            used_ms=each.used_ms,
            earned_minor=each.host_share_minor,
            currency=currency,
            last_at=each.last_at,
            note=about.note,
            blocked_since=about.blocked_since,
        )


ROUTES: tuple[Route, ...] = (
    Route(
        "GET", f"{BASE}/earnings", get_earnings, "What I earned", shapes.Earnings, EXPERT, query=SPAN,
        scope="earnings:read",
    ),
    Route(
        "GET", f"{BASE}/calls.csv", get_calls_csv, "My calls as CSV", CsvFile, EXPERT,
        query=("words", *SPAN), codes=("statement.long",), scope="earnings:read",
    ),
    Route(
        "GET", f"{BASE}/clients", list_clients, "Who called me", shapes.ClientList, EXPERT,
        query=("words", "before"), scope="people:read",
    ),
    Route("GET", f"{BASE}/blocked", list_blocked, "Whose calls I do not take", shapes.ClientList, EXPERT),
    Route(
        "GET", f"{BASE}/calls/{{call_id}}/client", get_caller, "Who is calling", shapes.ClientCard, EXPERT,
        codes=("call.unknown", "client.unknown"),
    ),
    Route(
        "POST", f"{BASE}/clients/{{client_id}}/note", write_note, "Keep a note", shapes.ClientCard, EXPERT,
        body=shapes.WriteNote, codes=("client.unknown",),
    ),
    Route(
        "POST", f"{BASE}/clients/{{client_id}}/block", block_client, "Block a client", shapes.ClientCard,
        EXPERT, codes=("client.unknown",),
    ),
    Route(
        "POST", f"{BASE}/clients/{{client_id}}/unblock", unblock_client, "Unblock a client",
        shapes.ClientCard, EXPERT, codes=("client.unknown",),
    ),
)  # fmt: skip
