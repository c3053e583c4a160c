"""Commands on a database, without a server: migrate, reconcile, link. They start fast: no media, no web."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from booking.people import Person
from booking.store import PeopleStore
from metering import reconciliation
from metering.errors import MeteringError
from server.auth import Logins
from server.config import Config
from server.errors import ServerError, StartError, UsageError
from server.keys import load_or_make
from server.links import person_link
from signaling.clock import SystemClock
from signaling.tokens import TokenSigner
from storage import migrations
from storage.database import Database
from storage.errors import StorageError

T = TypeVar("T")


def migrate(config: Config) -> int:
    """Create the database or bring it up to date."""
    with _one_line():
        worked = migrations.migrate(config.sql_url)
    sys.stdout.write("the database was brought up to date\n" if worked else "the database is up to date\n")
    return 0


def reconcile(config: Config, *, as_json: bool) -> int:
    """Check every invariant of the ledger; the server may run meanwhile. 1 when one is broken."""
    with _one_line():
        breaches = reconciliation.reconcile(config.sql_url)
    if as_json:
        sys.stdout.write(f"{msgspec.json.encode(breaches).decode()}\n")
    elif breaches:
        sys.stdout.writelines(f"{breach.invariant}: {breach.detail}\n" for breach in breaches)
        sys.stderr.write(f"talktime: {len(breaches)} breaches\n")
    else:
        sys.stdout.write("all invariants hold\n")
    return 1 if breaches else 0


def link(config: Config, name: str, to: str) -> int:
    """Print a fresh link for a person."""
    if config.port == 0 and not config.public_url:
        raise UsageError("set TALKTIME_PUBLIC_URL or TALKTIME_PORT, so that the link leads somewhere")
    with _one_line():
        migrations.check(config.sql_url)
        everybody = _with_database(config, lambda database: PeopleStore(database).all())
    person = next((each for each in everybody if name in (each.id, each.slug)), None)
    if person is None:
        raise UsageError(f"there is no person {name!r}")
    logins = Logins(TokenSigner(load_or_make(config.secret_path).token_key), SystemClock(), config.login_days)
    token, _ = logins.token(person.id, person.role)
    url = config.public(config.port)
    sys.stdout.write(f"{person_link(url, person, token, _slug_for(person, everybody, to))}\n")
    return 0


def _slug_for(person: Person, everybody: list[Person], to: str) -> str:
    """Which expert a client's link leads to."""
    if person.role != "client":
        return ""
    slugs = [each.slug for each in everybody if each.role == "expert"]
    if to and to not in slugs:
        raise UsageError(f"there is no expert {to!r}")
    if not to and len(slugs) != 1:
        raise UsageError("say which expert the link leads to: --to SLUG")
    return to or slugs[0]


def _with_database(config: Config, work: Callable[[Database], Awaitable[T]]) -> T:
    async def run() -> T:
        database = Database.open(config.sql_url, read_only=True)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


@contextmanager
def _one_line() -> Iterator[None]:
    """Turn the database's own errors into the one line that a person at a terminal needs."""
    try:
        yield
    except (StorageError, MeteringError) as error:
        raise StartError(error.code, str(error) or error.code) from error
    except ServerError:
        raise
