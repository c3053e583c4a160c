"""A client's own area: statement, export, delete. And the history of calls, for clients and experts."""

from __future__ import annotations

from collections.abc import Sequence

from metering.entries import Entry, Statement
from metering.facts import CallAccount
from metering.history import CallSide, Wanted
from server import area_resources as shapes
from server import resources, views
from server.api.route import Ask, CsvFile, JsonFile, Route
from server.auth import CALLERS, CLIENT
from server.deletion import FORMER
from server.errors import Problem
from server.export import export
from server.sheets import amount, sheet
from server.spans import Span, span
from signaling.clock import iso

BASE = "/api/v1"
MAX_LISTED = 50
MAX_ENTRIES = 10_000
MONTH = 31
KINDS = {"topup": "top_up", "settle": "call", "out": "withdrawal"}
CAUSES = {
    "adjust": "adjustment",
    "refund": "refund",
    "call_refund": "call_refund",
    "given_up": "given_up",
    "refund_back": "refund_returned",
    "clawback": "chargeback",
    "clawback_back": "chargeback_returned",
}


# -- history -----------------------------------------------------------------------------------------------


async def list_calls(ask: Ask) -> resources.CallList:
    """My own calls: what I paid for as a client, what I earned with as an expert."""
    side: CallSide = "payer" if ask.who.role == "client" else "host"
    wanted = Wanted(side, ask.who.person_id, ask.query.get("words", "").strip(), cursor(ask))
    page = await ask.services.history.page(wanted, MAX_LISTED)
    return resources.CallList(await summaries(ask, page.calls, ask.who.person_id), page.next)


async def summaries(ask: Ask, calls: Sequence[CallAccount], person_id: str) -> list[resources.CallSummary]:
    """The lines of this person's list; a client that was deleted has no name any more."""
    later = await ask.services.history.afterwards([each.terms.call_id for each in calls])
    return [
        await _summary(ask, views.summary(each, person_id, later[each.terms.call_id]), each) for each in calls
    ]


async def _summary(ask: Ask, line: resources.CallSummary, account: CallAccount) -> resources.CallSummary:
    gone = line.with_id == account.terms.wallet_id and await ask.services.deletions.has(line.with_id)
    return views.renamed(line, FORMER) if gone else line


def cursor(ask: Ask) -> int | None:
    """The query's `before`. Raises request.invalid."""
    before = ask.query.get("before", "")
    if not before:
        return None
    if not (before.isascii() and before.isdigit() and len(before) <= 15):
        raise Problem("request.invalid", "before is what `next` of the last page was.")
    return int(before)


# -- statement ---------------------------------------------------------------------------------------------


async def get_statement(ask: Ask) -> shapes.WalletStatement:
    """Every entry of my wallet within a span of days: opening balance, entries, closing balance."""
    days, currency, found = await _statement(ask)
    return shapes.WalletStatement(
        currency=currency,
        start=days.first.isoformat(),
        end=days.last.isoformat(),
        zone=days.zone.key,
        opening_minor=found.opening_minor,
        closing_minor=found.closing_minor,
        entries=[
            shapes.StatementEntry(
                each.at, kind_of(each), each.note, each.call_id, each.amount_minor, each.balance_minor
            )
            for each in found.entries
        ],
    )


async def get_statement_csv(ask: Ask) -> CsvFile:
    """The same as a file for a spreadsheet."""
    days, currency, found = await _statement(ask)
    rows = [
        (each.at, kind_of(each), each.note, each.call_id, amount(each.amount_minor, currency),
         amount(each.balance_minor, currency), currency)
        for each in found.entries
    ]  # fmt: skip
    opening = (days.start, "opening", "", "", "", amount(found.opening_minor, currency), currency)
    closing = (days.end, "closing", "", "", "", amount(found.closing_minor, currency), currency)
    head = ("moment", "kind", "note", "call", "amount", "balance", "currency")
    name = f"statement-{days.first}-{days.last}.csv"
    return CsvFile(name, sheet(head, [opening, *rows, closing]))


async def _statement(ask: Ask) -> tuple[Span, str, Statement]:
    client = await ask.services.person(ask.who)
    days = span(dict(ask.query), ask.services.clock.wall(), MONTH)
    found = await ask.services.entries.statement(client.id, days.start, days.end, MAX_ENTRIES)
    if found is None:
        raise Problem("statement.long", f"There are more than {MAX_ENTRIES} entries.")
    return days, client.currency, found


def kind_of(entry: Entry) -> str:
    """What an entry is, in one word of the API's."""
    cause = entry.about.partition(":")[0] if entry.kind in {"topup", "out"} else ""
    return CAUSES.get(cause) or KINDS.get(entry.kind, entry.kind)


# -- my data -----------------------------------------------------------------------------------------------


async def export_me(ask: Ask) -> JsonFile:
    """Everything that is kept about me, as a file."""
    services = ask.services
    person, now = await services.person(ask.who), iso(services.clock.wall())
    text = await export(services.database, person.id, now)
    return JsonFile(f"talktime-{person.id}.json", text)


async def delete_me(ask: Ask) -> shapes.Deleted:
    """Delete my profile, for good. Refused while a call, a payment, or money I do not give up is there."""
    services, order = ask.services, ask.body_as(shapes.DeleteMe)
    client = await services.person(ask.who)
    if " ".join(order.name.split()) != client.name:
        raise Problem("profile.name")
    now, give_up = iso(services.clock.wall()), order.money == "give_up"
    outcome = await services.deletions.delete(client.id, now, give_up=give_up)
    if isinstance(outcome, str):
        raise Problem(outcome)
    for place in services.office.places(client.id):
        services.office.leave(place.id, client.id)
    ask.reply.log_out()
    return shapes.Deleted(outcome, client.currency)


SPAN = ("start", "end", "zone")
ROUTES: tuple[Route, ...] = (
    Route(
        "GET", f"{BASE}/wallet/statement", get_statement, "My statement", shapes.WalletStatement, CLIENT,
        query=SPAN, codes=("statement.long",),
    ),
    Route(
        "GET", f"{BASE}/wallet/statement.csv", get_statement_csv, "My statement as CSV", CsvFile, CLIENT,
        query=SPAN, codes=("statement.long",),
    ),
    Route("GET", f"{BASE}/me/export", export_me, "All that is kept about me", JsonFile, CALLERS),
    Route(
        "POST", f"{BASE}/me/delete", delete_me, "Delete my profile", shapes.Deleted, CLIENT,
        body=shapes.DeleteMe,
        codes=("profile.name", "profile.call_open", "profile.payment_open",
               "profile.dispute_open", "profile.money"),
    ),
)  # fmt: skip
