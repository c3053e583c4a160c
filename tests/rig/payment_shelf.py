"""Books for tests of payments: a migrated database on a fast disk, a ledger, a store, and a till."""

from __future__ import annotations

import asyncio
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import msgspec
from rig.shelf import MEMORY_DISK, migrated_file
from rig.stripe_objects import Json
from rig.stripe_till import Till

from metering import stripe_news
from metering.payment_news import Applied
from metering.payment_store import PaymentStore
from metering.payments import Kind, Order
from metering.sql import SqlLedger
from storage import Database
from storage.announcements import KIND, Announcement

NOON = "2026-11-01T12:00:00.000Z"
UNIX_NOON = 1_793_534_400


@dataclass(slots=True)
class Books:
    """A ledger with payments, and a till whose events nobody has delivered yet."""

    ledger: SqlLedger
    store: PaymentStore
    till: Till
    events: list[Json]
    customers: dict[str, str] = field(default_factory=dict)

    async def wallet(self, wallet_id: str, currency: str = "USD") -> None:
        """A wallet whose owner the till knows."""
        await self.ledger.open_wallet(wallet_id, currency)
        self.customers[wallet_id] = self.till.make_customer({})["id"]
        await self.store.add_payer(wallet_id, self.customers[wallet_id])

    async def order(self, order_id: str, wallet_id: str, kind: Kind = "card", amount: int = 1000) -> Order:
        """An order, stored as before asking."""
        order = Order(order_id, wallet_id, kind, amount, "USD", f"key:{order_id}", "{}", NOON)
        stored = await self.store.open_order(order)
        assert stored == order
        return order

    def pay(self, order: Order, card: str = "good") -> Json:
        """The till charges a card for an order, present or not."""
        method = self.till.make_card(card, self.customers[order.wallet_id])
        about = {
            "talktime-order": order.id, "talktime-wallet": order.wallet_id, "talktime-kind": order.kind,
        }  # fmt: skip
        form: dict[str, Any] = {
            "customer": self.customers[order.wallet_id], "payment_method": method["id"],
            "amount": str(order.amount_minor), "currency": "usd", "confirm": "true", "metadata": about,
        }  # fmt: skip
        if order.kind == "auto":
            form["off_session"] = "true"
        return self.till.make_intent(form)

    async def deliver(self, *events: Json) -> list[Applied | None]:
        """Deliver events as the webhook would."""
        outcomes: list[Applied | None] = []
        for start in range(0, len(events), 200):
            some = events[start : start + 200]
            waiting = [self.store.receive(stripe_news.of_event(event), NOON) for event in some]
            outcomes += await asyncio.gather(*waiting)
        return outcomes

    async def available(self, wallet_id: str) -> int:
        """What the wallet can spend."""
        return (await self.ledger.balance(wallet_id)).available_minor

    async def keep_card(self, wallet_id: str, method_id: str) -> None:
        """A card that is kept already."""

        def job(transaction: Any) -> None:
            transaction.raw.execute(
                "UPDATE payers SET method_id = ?, brand = 'visa' WHERE wallet_id = ?", (method_id, wallet_id)
            )

        await self.store._database.write(job)

    async def account(self, account_id: str) -> int:
        """An account's balance; zero when it is not there."""

        def job(transaction: Any) -> int:
            row = transaction.raw.execute(
                "SELECT balance_minor FROM accounts WHERE id = ?", (account_id,)
            ).fetchone()
            return row[0] if row else 0

        return await self.store._database.read(job)

    async def announced(self) -> dict[str, list[Json]]:
        """What was announced so far: the data of every event, by its type."""

        def job(transaction: Any) -> list[Announcement]:
            rows = transaction.raw.execute("SELECT payload FROM outbox WHERE kind = ?", (KIND,)).fetchall()
            return [msgspec.json.decode(payload, type=Announcement) for (payload,) in rows]

        told: dict[str, list[Json]] = defaultdict(list)
        for each in await self.store._database.read(job):
            told[each.type].append(msgspec.json.decode(each.data))
        return told


@asynccontextmanager
async def open_books() -> AsyncIterator[Books]:
    """Fresh books, thrown away afterwards."""
    folder = Path(mkdtemp(prefix="payments-", dir=MEMORY_DISK))
    file = folder / "talktime.db"
    shutil.copy(migrated_file(), file)
    database = Database.open(f"sqlite:///{file}")
    events: list[Json] = []
    till = Till("http://till.test", lambda: UNIX_NOON, events.append)
    try:
        ledger = SqlLedger(database)
        await ledger.take_over("node")
        yield Books(ledger, PaymentStore(database, "stripe"), till, events)
    finally:
        await database.close()
        shutil.rmtree(folder)
