"""Each kind of corruption, planted behind the ledger's back, is found by reconcile and named."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from rig.shelf import MEMORY_DISK, MemoryShelf, Shelf, SqlShelf, began, funded, stopped, terms

from metering.accounts import Transfer
from metering.facts import Settlement
from metering.memory import Books
from metering.reconciliation import reconcile
from storage.errors import DatabaseMissing


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory: nothing here depends on the disk."""
    with TemporaryDirectory(prefix="talktime-reconcile-", dir=MEMORY_DISK) as folder:
        yield Path(folder)


async def fill(shelf: Shelf) -> None:
    """A settled call that cost something, an open one that runs, and a wallet beside them."""
    ledger = await funded(shelf.ledger(), 1_000, calls=(terms("done"), terms("open")))
    await ledger.open_wallet("kim", "USD")
    await ledger.top_up("kim", "second", 300, "test")
    for call_id in ("done", "open"):
        await ledger.extend(call_id, 200)
        await ledger.extend(call_id, 300)
        await ledger.record(call_id, [began(0), stopped(5_000, 5_000, "payer_paused"), began(9_000, 5_000)])
    await ledger.record("done", [stopped(14_000, 10_000)])
    account = await ledger.settle(Settlement("done", 10_000, "payer_left", ""))
    assert (account.charge_minor, account.host_share_minor) == (40, 32)
    assert await ledger.reconcile() == []


PLANTED: dict[str, tuple[str, str]] = {
    "money from nowhere": (
        "currency.zero",
        "UPDATE accounts SET balance_minor = 501 WHERE id LIKE '%:kim:available'",
    ),
    "a balance moved aside": (
        "account.sum",
        (
            "UPDATE accounts SET balance_minor = balance_minor + CASE id WHEN 'wallet:kim:available' THEN 9"
            " WHEN 'wallet:sam:available' THEN -9 ELSE 0 END"
        ),
    ),
    "an account gone": ("account.sum", "DELETE FROM accounts WHERE id = 'host:ada:USD:earnings'"),
    "a wallet below zero": (
        "account.floor",
        (
            "INSERT INTO transfers (id, source, target, amount_minor, currency, call_id) VALUES"
            " ('hold:open:9000', 'wallet:sam:available', 'wallet:sam:held', 8700, 'USD', 'open')"
        ),
    ),
    "a floor lowered": (
        "account.floor",
        "UPDATE accounts SET floor_minor = NULL WHERE id = 'wallet:sam:held'",
    ),
    "a transfer lost": ("account.sum", "DELETE FROM transfers WHERE id = 'hold:open:300'"),
    "a transfer changed": (
        "account.sum",
        "UPDATE transfers SET amount_minor = 101 WHERE id = 'hold:open:300'",
    ),
    "a transfer turned round": (
        "transfer.shape",
        "UPDATE transfers SET amount_minor = -100 WHERE id = 'hold:open:300'",
    ),
    "a currency changed": (
        "transfer.shape",
        "UPDATE transfers SET currency = 'EUR' WHERE id = 'hold:open:300'",
    ),
    "an account's currency changed": (
        "wallet.accounts",
        "UPDATE accounts SET currency = 'EUR' WHERE id LIKE '%:kim:%'",
    ),
    "a capture to somebody else": (
        "transfer.route",
        "UPDATE transfers SET target = 'wallet:kim:available' WHERE id = 'settle:done:host'",
    ),
    "a top-up to somebody else": (
        "transfer.route",
        "UPDATE transfers SET target = 'wallet:kim:available' WHERE id = 'topup:first'",
    ),
    "a transfer of no kind": (
        "transfer.route",
        (
            "INSERT INTO transfers (id, source, target, amount_minor, currency) VALUES"
            " ('gift', 'wallet:sam:available', 'wallet:kim:available', 5, 'USD')"
        ),
    ),
    "a hold forgotten": ("wallet.held", "UPDATE metered_calls SET held_minor = 0 WHERE id = 'open'"),
    "a hold leaked at the end": ("call.held", "DELETE FROM transfers WHERE id = 'release:done'"),
    "a settled call that holds": ("call.held", "UPDATE metered_calls SET held_minor = 7 WHERE id = 'done'"),
    "a top-up forgotten": ("wallet.topped_up", "DELETE FROM top_ups WHERE payment_id = 'second'"),
    "a top-up never credited": ("top_up.posted", "INSERT INTO top_ups VALUES ('third', 'kim', 5, 'test')"),
    "a charge raised": (
        "call.charge",
        "UPDATE metered_calls SET charge_minor = 41, host_share_minor = 32 WHERE id = 'done'",
    ),
    "a charge not posted": ("call.captured", "UPDATE metered_calls SET charge_minor = 44 WHERE id = 'done'"),
    "a share raised": ("call.share", "UPDATE metered_calls SET host_share_minor = 33 WHERE id = 'done'"),
    "a charge on an open call": (
        "call.charge",
        "UPDATE metered_calls SET charge_minor = 4 WHERE id = 'open'",
    ),
    "a usage changed": ("call.used", "UPDATE metered_calls SET used_ms = 9999 WHERE id = 'done'"),
    "a tariff changed": (
        "call.chain",
        "UPDATE metered_calls SET tariff = replace(tariff, '240', '24') WHERE id = 'done'",
    ),
    "a tariff unreadable": ("call.tariff", "UPDATE metered_calls SET tariff = '{\"price' WHERE id = 'done'"),
    "an event made longer": (
        "call.intervals",
        "UPDATE meter_events SET at_ms = 15000 WHERE call_id = 'done' AND seq = 4",
    ),
    "an event moved": (
        "call.chain",
        "UPDATE meter_events SET at_ms = at_ms + 1000 WHERE call_id = 'done' AND seq >= 3",
    ),
    "a reason changed": (
        "call.chain",
        "UPDATE meter_events SET reason = 'funds' WHERE call_id = 'done' AND seq = 4",
    ),
    "an event lost": ("call.events", "DELETE FROM meter_events WHERE call_id = 'done' AND seq = 4"),
    "a call lost": ("event.call", "DELETE FROM metered_calls WHERE id = 'open'"),
    "a call settled by hand": (
        "call.intervals",
        "UPDATE metered_calls SET state = 'settled' WHERE id = 'open'",
    ),
    "a balance before that cannot be": (
        "call.balances",
        "UPDATE metered_calls SET balance_before_minor = 1 WHERE id = 'done'",
    ),
    "a wallet lost": ("call.wallet", "DELETE FROM wallets WHERE id = 'sam'"),
    "a reference lost": ("database.references", "DELETE FROM nodes"),
}


@pytest.mark.parametrize("what", PLANTED)
async def test_a_planted_corruption_is_named(tmp_path: Path, what: str) -> None:
    shelf = SqlShelf(tmp_path)
    await fill(shelf)
    await shelf.close()
    invariant, statement = PLANTED[what]
    connection = sqlite3.connect(shelf.file)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name <> 'transfers_post'"
    for (name,) in connection.execute(triggers).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    assert connection.execute(statement).rowcount > 0
    connection.commit()
    connection.close()
    found = {breach.invariant: breach.detail for breach in reconcile(shelf.url)}
    assert invariant in found, found
    assert all(isinstance(detail, str) and detail != "None" for detail in found.values())


async def test_a_damaged_page_is_found(tmp_path: Path) -> None:
    shelf = SqlShelf(tmp_path)
    await fill(shelf)
    await shelf.close()
    pages = bytearray(shelf.file.read_bytes())
    spot = pages.rindex(b"settle:done:host")
    pages[spot : spot + 6] = b"sittle"
    shelf.file.write_bytes(pages)
    assert "database.integrity" in {breach.invariant for breach in reconcile(shelf.url)}


async def test_a_sound_database_is_clean_while_a_server_writes_to_it(tmp_path: Path) -> None:
    shelf = SqlShelf(tmp_path)
    await fill(shelf)
    before = shelf.file.read_bytes()
    assert reconcile(shelf.url) == []
    assert shelf.file.read_bytes() == before
    await shelf.close()
    with pytest.raises(DatabaseMissing):
        reconcile(f"sqlite:///{tmp_path / 'none.db'}")


def put(entry: Any, **changes: object) -> None:
    for name, value in changes.items():
        setattr(entry, name, value)


def change_transfer(books: Books, transfer_id: str, **changes: Any) -> None:
    books.transfers[transfer_id] = replace(books.transfers[transfer_id], **changes)


IN_MEMORY: dict[str, tuple[str, Callable[[Books], object]]] = {
    "a balance": ("account.sum", lambda books: books.balances.update({"wallet:kim:available": 1})),
    "a floor": (
        "account.floor",
        lambda books: (
            books.balances.update({"wallet:kim:available": -1}),
            books.transfers.update(x=Transfer("x", "wallet:kim:available", "platform", 301, "USD")),
        ),
    ),
    "a transfer": ("account.sum", lambda books: change_transfer(books, "hold:open:300", amount_minor=99)),
    "a hold": ("wallet.held", lambda books: put(books.calls["open"], held_minor=1)),
    "a held call": ("call.held", lambda books: put(books.calls["done"], held_minor=1)),
    "a capture": ("call.captured", lambda books: put(books.calls["done"], charge_minor=41)),
    "a top-up": ("wallet.topped_up", lambda books: put(books.wallets["kim"], topped_up_minor=1)),
    "a share": ("call.share", lambda books: put(books.calls["done"], host_share_minor=1)),
    "a head": ("call.chain", lambda books: put(books.calls["done"], chain_head="00" * 32)),
    "an event": ("call.chain", lambda books: put(books.calls["done"], events=books.calls["done"].events[:2])),
}  # fmt: skip


@pytest.mark.parametrize("what", IN_MEMORY)
async def test_the_memory_ledger_finds_it_too(what: str) -> None:
    shelf = MemoryShelf()
    await fill(shelf)
    invariant, plant = IN_MEMORY[what]
    plant(shelf.books)
    assert invariant in {breach.invariant for breach in await shelf.ledger().reconcile()}


def test_every_invariant_is_planted_and_documented() -> None:
    root = Path(__file__).resolve().parents[2]
    code = "".join((root / "metering" / name).read_text() for name in ("reconciliation.py", "audit.py"))
    names = set(re.findall(r'(?:Breach\(|^    )"([a-z_]+\.[a-z_]+)"', code, re.MULTILINE))
    documented = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", (root / "docs" / "money.md").read_text()))
    assert len(names) > 20
    assert names - {invariant for invariant, _ in PLANTED.values()} == {"database.integrity"}
    assert names <= documented
