"""The demo: an expert, a client with a little test money, an operator, and their links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from booking.address_store import AddressStore
from booking.people import ADA, DEMO_BALANCE_MINOR, OLA, SAM, Person
from booking.store import PeopleStore
from metering.errors import IdReused
from metering.ledger import Ledger
from server.api.wallet import TEST_MONEY
from server.auth import Logins
from server.links import person_link
from storage.audit_log import SYSTEM

_EXPERTS = ("Ada", "Grace", "Emmy", "Rosa", "Lise", "Noor")
_CLIENTS = ("Sam", "Kim", "Toni", "Alex", "Robin", "Mika")


def people(clients: int, experts: int, price_minor: int | None) -> list[Person]:
    """The cast: Ada, Sam and Ola, and as many more as asked for."""
    rate = ADA.rate if price_minor is None or ADA.rate is None else replace(ADA.rate, price_minor=price_minor)
    cast = [replace(ADA, rate=rate)]
    for number in range(1, experts):
        name = _name(_EXPERTS, number)
        person_id = name.lower().replace(" ", "-")
        cast.append(replace(ADA, id=person_id, slug=person_id, name=name, rate=rate))
    cast.append(SAM)
    for number in range(1, clients):
        name = _name(_CLIENTS, number)
        cast.append(replace(SAM, id=name.lower().replace(" ", "-"), name=name))
    cast.append(OLA)
    return cast


def _name(names: Sequence[str], number: int) -> str:
    again = number // len(names)
    return f"{names[number % len(names)]} {again + 1}" if again else names[number]


async def move_in(
    store: PeopleStore, ledger: Ledger, cast: Sequence[Person], balance_minor: int | None
) -> None:
    """Make who is not there yet. The starting money is credited once, whatever a later start asks for."""
    amount_minor = DEMO_BALANCE_MINOR if balance_minor is None else balance_minor
    for person in cast:
        await store.add(person)
        if person.role != "client":
            continue
        await ledger.open_wallet(person.id, person.currency)
        if amount_minor == 0:
            continue
        try:
            await ledger.top_up(person.id, f"demo:{person.id}", amount_minor, TEST_MONEY)
        except IdReused:
            # An earlier start credited another amount; that one stays.
            continue


async def give_addresses(store: AddressStore, cast: Sequence[Person], at: str) -> None:
    """Let everybody sign in with an address of a domain that nobody has; one that was changed stays."""
    for person in cast:
        if not await store.of(person.id):
            await store.attach(person.id, address_of(person), at, SYSTEM)


def address_of(person: Person) -> str:
    """A demo person's address (RFC 6761, section 6.5: example.com is nobody's)."""
    return f"{person.id}@example.com"


def links(cast: Sequence[Person], logins: Logins, public_url: str) -> dict[str, str]:
    """A fresh link for everybody, by person id. Clients are led to the expert of their own number."""
    experts = [person.slug for person in cast if person.role == "expert"]
    clients = [person.id for person in cast if person.role == "client"]
    made = {}
    for person in cast:
        token, _ = logins.token(person.id, person.role)
        slug = experts[clients.index(person.id) % len(experts)] if person.role == "client" else ""
        made[person.id] = person_link(public_url, person, token, slug)
    return made


def by_role(cast: Sequence[Person], made: dict[str, str]) -> dict[str, str | list[str]]:
    """The links for programs: the first of each role by its name, all of them in lists."""
    roles = {role: [made[each.id] for each in cast if each.role == role] for role in ("client", "expert")}
    return {
        "client": roles["client"][0],
        "expert": roles["expert"][0],
        "operator": made[OLA.id],
        "clients": roles["client"],
        "experts": roles["expert"],
    }


def announcement(public_url: str, cast: Sequence[Person], made: dict[str, str], website: str = "") -> str:
    """What a person at the terminal reads."""
    what = {"expert": "is called and paid", "client": "calls and pays", "operator": "watches over it all"}
    lines = [f"Talktime is running on {public_url}", ""]
    for person in cast:
        lines += [f"  {person.name} ({person.role}, {what[person.role]})", f"  {made[person.id]}", ""]
    lines += [
        f"Or sign in on {public_url}/sign-in as {', '.join(address_of(person) for person in cast[:3])};",
        f"the mail with the code is not sent, but shown on {public_url}/development/mail.",
        "",
    ]
    if website:
        lines += ["  Somebody else's website with Ada's widget on it", f"  {website}", ""]
    lines.append("Open the expert's link in one window and the client's in another. Ctrl-C stops the server.")
    return "\n".join(lines)
