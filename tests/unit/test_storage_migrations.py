"""The schema's history: it ends at the tables of the code, and what the tables cannot say, triggers keep."""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from rig.shelf import migrated_file

import booking.call_tables
import booking.chat_tables
import booking.office_tables
import booking.profile_tables
import booking.site_tables
import booking.tables
import metering.after_tables
import metering.payment_tables
import metering.tables
import server.key_tables
import server.webhook_tables
from storage import Database, migrate, migrations
from storage.errors import (
    DatabaseLocked,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseOutdated,
    DatabaseUnreadable,
)
from storage.location import make_engine
from storage.outbox import outbox
from storage.schema import metadata

ROOT = Path(__file__).parents[2]
TRANSFER = "INSERT INTO transfers (id, source, target, amount_minor, currency) VALUES (?, ?, ?, ?, ?)"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    copy = tmp_path / "talktime.db"
    copy.write_bytes(migrated_file().read_bytes())
    return copy


@pytest.fixture
def books(file: Path) -> Iterator[sqlite3.Connection]:
    """Two wallets' accounts and one transfer between them; whoever opens the file gets its rules."""
    connection = sqlite3.connect(file, isolation_level=None)
    # As our own connections have it.
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA recursive_triggers = ON")
    connection.executescript("""
        INSERT INTO accounts (id, currency, floor_minor) VALUES
            ('in', 'USD', NULL), ('a', 'USD', 0), ('b', 'USD', 0), ('euro', 'EUR', 0);
        INSERT INTO transfers (id, source, target, amount_minor, currency)
            VALUES ('t1', 'in', 'a', 100, 'USD');
        INSERT INTO wallets (id, currency) VALUES ('w', 'USD');
        INSERT INTO top_ups VALUES ('p', 'w', 100, 'test');
        INSERT INTO nodes VALUES ('n', 1);
        INSERT INTO metered_calls (id, wallet_id, host_id, payer_name, host_name, tariff, opened_at, node_id,
            epoch, chain_head, balance_before_minor, topped_up_before_minor)
            VALUES ('c', 'w', 'h', 'Sam', 'Ada', '{}', '', 'n', 1, '', 0, 0);
        INSERT INTO meter_events VALUES ('c', 1, 'began', 0, '', 0, 'media_up', 0, '');
    """)
    yield connection
    connection.close()


def test_every_table_is_compared() -> None:
    """The comparison below sees what is imported: everything that defines tables has to be."""
    for path in ROOT.glob("*/*.py"):
        if (
            path.parts[-2] in {"booking", "metering", "server", "storage"}
            and "    metadata," in path.read_text()
        ):
            importlib.import_module(f"{path.parts[-2]}.{path.stem}")


def test_migrations_make_exactly_the_tables_of_the_code(file: Path) -> None:
    assert {"people", "accounts", "transfers"} <= set(metadata.tables)
    assert booking.office_tables.availability.metadata is metadata
    assert metering.payment_tables.payment_orders.metadata is metadata
    assert server.key_tables.api_keys.metadata is server.webhook_tables.webhook_attempts.metadata is metadata
    assert outbox.metadata is booking.tables.people.metadata is metering.tables.accounts.metadata is metadata
    with make_engine(f"sqlite:///{file}", writes=False).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        stored = _definitions(connection)
    # What the comparison does not look at: checks and strictness.
    fresh = sqlalchemy.create_engine("sqlite://")
    with fresh.connect() as connection:
        metadata.create_all(connection)
        wanted = _definitions(connection)
    fresh.dispose()
    for table in metadata.tables:
        assert _clauses(stored[table]) == _clauses(wanted[table])


def _definitions(connection: sqlalchemy.Connection) -> dict[str, str]:
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {row.name: row.sql for row in rows}


def _clauses(sql: str) -> list[str]:
    """Columns and constraints; one that was added later stands on the line of the one before it."""
    head, _, rest = sql.partition("(")
    body, _, tail = rest.rpartition(")")
    parts, depth = [""], 0
    for letter in body:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return sorted(" ".join(part.split()) for part in (head, *parts, tail))


def test_a_fresh_file_is_made_and_a_second_time_nothing_is_done(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'folder' / 'talktime.db'}"
    with pytest.raises(DatabaseMissing):
        migrations.check(url)
    assert migrate(url) is True
    migrations.check(url)
    assert migrate(url) is False
    folder = tmp_path / "new" / "folder"
    assert [each.stat().st_mode & 0o077 for each in (folder, *folder.iterdir())] == [0, 0, 0]


def test_a_database_newer_than_the_code_is_refused(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = file.read_bytes()
    for ask in (migrate, migrations.check):
        with pytest.raises(DatabaseNewer, match="9999") as caught:
            ask(f"sqlite:///{file}")
        assert caught.value.code == "storage.newer"
    assert file.read_bytes() == before


def test_a_database_older_than_the_code_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "talktime.db"
    sqlite3.connect(file).execute("CREATE TABLE t (a)").connection.close()
    with pytest.raises(DatabaseOutdated) as caught:
        migrations.check(f"sqlite:///{file}")
    assert caught.value.code == "storage.outdated"


async def test_a_database_in_use_is_not_migrated(file: Path) -> None:
    database = Database.open(f"sqlite:///{file}")
    with pytest.raises(DatabaseLocked):
        migrate(f"sqlite:///{file}")
    migrations.check(f"sqlite:///{file}")
    await database.close()
    assert migrate(f"sqlite:///{file}") is False


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "talktime.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE transfers (mine TEXT)")  # in the way of the first revision
    with pytest.raises(sqlalchemy.exc.OperationalError):
        migrate(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("transfers",)]
    connection.close()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("")
    with pytest.raises(DatabaseUnreadable):
        migrate(f"sqlite:///{tmp_path / 'letter' / 'talktime.db'}")


# -- what the database keeps, whoever writes to it -----------------------------------------------------------


@pytest.mark.parametrize("table", ["transfers", "top_ups", "meter_events"])
def test_what_happened_cannot_be_changed(books: sqlite3.Connection, table: str) -> None:
    kept = books.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - a name of our own
    assert kept
    column = {"transfers": "amount_minor", "top_ups": "amount_minor", "meter_events": "used_ms"}[table]
    for statement in (f"UPDATE {table} SET {column} = 1", f"DELETE FROM {table}"):  # noqa: S608
        with pytest.raises(sqlite3.IntegrityError, match="immutable"):
            books.execute(statement)
    with pytest.raises(sqlite3.IntegrityError):
        books.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")  # noqa: S608
    assert books.execute(f"SELECT * FROM {table}").fetchall() == kept  # noqa: S608


def test_a_transfer_moves_both_balances(books: sqlite3.Connection) -> None:
    books.execute(TRANSFER, ("t2", "a", "b", 40, "USD"))
    balances = dict(books.execute("SELECT id, balance_minor FROM accounts"))
    assert balances == {"in": -100, "a": 60, "b": 40, "euro": 0}


@pytest.mark.parametrize(
    ("transfer", "why"),
    [
        (("t1", "a", "b", 1, "USD"), "UNIQUE"),
        (("t2", "a", "b", 101, "USD"), "floor"),
        (("t2", "a", "b", 0, "USD"), "positive"),
        (("t2", "a", "b", -1, "USD"), "positive"),
        (("t2", "a", "b", 1.5, "USD"), "cannot store REAL"),
        (("t2", "a", "a", 1, "USD"), "two_accounts"),
        (("t2", "a", "nobody", 1, "USD"), "FOREIGN KEY"),
        (("t2", "a", "euro", 1, "USD"), "FOREIGN KEY"),
        (("t2", "a", "b", 1, "EUR"), "FOREIGN KEY"),
    ],
)
def test_a_transfer_that_cannot_be_is_refused(
    books: sqlite3.Connection, transfer: tuple[object, ...], why: str
) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=why):
        books.execute(TRANSFER, transfer)
    assert books.execute("SELECT sum(balance_minor), min(balance_minor) FROM accounts").fetchone() == (
        0,
        -100,
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts SET balance_minor = -1 WHERE id = 'a'",
        "UPDATE metered_calls SET held_minor = -1",
        "UPDATE metered_calls SET state = 'settled', held_minor = 5",
        "UPDATE metered_calls SET charge_minor = 1, host_share_minor = 2",
        "UPDATE metered_calls SET state = 'lost'",
    ],
)
def test_a_row_that_cannot_be_is_refused(books: sqlite3.Connection, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        books.execute(statement)


def test_entries_that_were_posted_before_get_their_moments(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    with make_engine(url, writes=True).connect() as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0011")
        connection.commit()
    with sqlite3.connect(tmp_path / "old.db") as old:
        old.executescript("""
            INSERT INTO accounts (id, currency, floor_minor) VALUES ('processor:test:USD', 'USD', NULL),
                ('wallet:sam:available', 'USD', 0), ('wallet:sam:held', 'USD', 0), ('host:ada:USD', 'USD', 0);
            INSERT INTO wallets (id, currency) VALUES ('sam', 'USD');
            INSERT INTO nodes VALUES ('n', 1);
            INSERT INTO metered_calls (id, wallet_id, host_id, payer_name, host_name, tariff, opened_at,
                ended_at, node_id, epoch, chain_head, balance_before_minor, topped_up_before_minor)
                VALUES ('c', 'sam', 'ada', 'Sam', 'Ada', '{}', '2026-01-01T12:00:00.000Z',
                    '2026-01-01T12:30:00.000Z', 'n', 1, '', 0, 0);
            INSERT INTO transfers (id, source, target, amount_minor, currency, call_id) VALUES
                ('topup:p', 'processor:test:USD', 'wallet:sam:available', 100, 'USD', ''),
                ('hold:c:1', 'wallet:sam:available', 'wallet:sam:held', 60, 'USD', 'c'),
                ('settle:c:host', 'wallet:sam:held', 'host:ada:USD', 40, 'USD', 'c');
        """)
    old.close()
    assert migrate(url)
    with sqlite3.connect(tmp_path / "old.db") as new:
        found = new.execute("SELECT account, seq, at FROM account_entries ORDER BY seq, account").fetchall()
        new.execute(TRANSFER, ("topup:q", "processor:test:USD", "wallet:sam:available", 1, "USD"))
        counted = new.execute("SELECT count(*) FROM account_entries WHERE at > '2026-01-02'").fetchone()
    new.close()
    assert found == [
        ("processor:test:USD", 1, "2026-01-01T12:00:00.000Z"),
        ("wallet:sam:available", 1, "2026-01-01T12:00:00.000Z"),
        ("host:ada:USD", 3, "2026-01-01T12:30:00.000Z"),
        ("wallet:sam:held", 3, "2026-01-01T12:30:00.000Z"),
    ]
    assert counted == (2,), "and what is posted from now on is noted by itself"
