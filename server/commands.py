"""Commands on a database, without a server: migrate, reconcile, link. They start fast: no media, no web."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import msgspec

from booking.people import Person
from booking.store import PeopleStore
from metering import reconciliation
from metering.errors import MeteringError
from metering.facts import Breach
from metering.payment_comparison import differences
from metering.payments import ProcessorError
from server.auth import Logins
from server.config import Config
from server.errors import ServerError, StartError, UsageError
from server.keys import load_or_make
from server.links import person_link
from signaling.clock import SystemClock, iso
from signaling.tokens import TokenSigner
from storage import migrations
from storage.database import Database
from storage.errors import StorageError

T = TypeVar("T")
UNDER_WAY_S = 600


def migrate(config: Config) -> int:
    """Create the database or bring it up to date."""
    with _one_line():
        worked = migrations.migrate(config.sql_url)
    sys.stdout.write("the database was brought up to date\n" if worked else "the database is up to date\n")
    return 0


def reconcile(config: Config, *, as_json: bool, stripe_days: int = 0) -> int:
    """Check every invariant of the ledger; the server may run meanwhile. 1 when one is broken.

    `stripe_days` more than 0: compare with Stripe as well, so far back.
    """
    with _one_line():
        if stripe_days and not config.stripe_key:
            raise UsageError("--stripe needs TALKTIME_STRIPE_KEY and TALKTIME_STRIPE_WEBHOOK_SECRET")
        breaches = reconciliation.reconcile(config.sql_url)
        if stripe_days:
            breaches += asyncio.run(_compare(config, stripe_days))
    if as_json:
        sys.stdout.write(f"{msgspec.json.encode(breaches).decode()}\n")
    elif breaches:
        sys.stdout.writelines(f"{breach.invariant}: {breach.detail}\n" for breach in breaches)
        sys.stderr.write(f"talktime: {len(breaches)} breaches\n")
    else:
        sys.stdout.write("all invariants hold\n")
    return 1 if breaches else 0


async def _compare(config: Config, days: int) -> list[Breach]:
    from metering.stripe_processor import StripeProcessor  # noqa: PLC0415 - large, and rarely wanted

    now = SystemClock().wall()
    since = now - timedelta(days=days)
    processor = StripeProcessor(config.stripe_key, config.stripe_webhook_secret, config.stripe_address)
    try:
        # What is younger than a few minutes may be on its way.
        until_s = int(now.timestamp()) - UNDER_WAY_S
        news = [each async for each in processor.happened(int(since.timestamp()) - UNDER_WAY_S, until_s)]
    except ProcessorError as error:
        raise StartError("payment.unanswered", f"Stripe cannot be asked: {error}") from error
    finally:
        await processor.close()
    database = Database.open(config.sql_url, read_only=True)
    try:
        return await database.read(
            lambda transaction: list(
                differences(
                    transaction.connection,
                    processor.name,
                    news,
                    iso(since),
                    iso(now - timedelta(seconds=UNDER_WAY_S)),
                )
            )
        )
    finally:
        await database.close()


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
