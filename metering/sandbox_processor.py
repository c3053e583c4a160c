"""A processor of test money: whatever is asked for is paid at once, by nobody. For local addresses only.

Whether the address is local is the caller's to know (`server.config.Config.is_local`); here no money is real.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Literal

from .payments import BadSignature, Card, Event, IntentNews, News, Order, Payer, Refund, RefundNews, Wish

_NO_NEWS: dict[str, tuple[News, ...]] = {}


class SandboxProcessor:
    """See `PaymentProcessor`. A payment's id is its order's, so that asking again is the same payment."""

    name = "sandbox"
    mode: Literal["live", "test", "sandbox"] = "sandbox"

    def takes(self, currency: str) -> bool:
        """See `PaymentProcessor`."""
        return bool(currency)

    def order_request(self, wish: Wish) -> str:
        """See `PaymentProcessor`."""
        return json.dumps({"amount_minor": wish.amount_minor, "currency": wish.currency})

    def refund_request(self, refund_id: str, intent_id: str, amount_minor: int) -> str:
        """See `PaymentProcessor`."""
        return json.dumps({"refund": refund_id, "payment": intent_id, "amount_minor": amount_minor})

    async def make_payer(self, wallet_id: str) -> str:
        """See `PaymentProcessor`."""
        return f"sandbox:{wallet_id}"

    async def ask(self, order: Order) -> list[News]:
        """See `PaymentProcessor`. Every order succeeds; it keeps a card that is none."""
        return [
            IntentNews(
                intent_id=order.id,
                state="succeeded",
                currency=order.currency,
                received_minor=order.amount_minor,
                amount_minor=order.amount_minor,
                order_id=order.id,
                wallet_id=order.wallet_id,
                kind=order.kind,
                customer_id=f"sandbox:{order.wallet_id}",
                method_id="test",
            )
        ]

    async def look(self, order: Order, payer: Payer | None) -> list[News]:
        """See `PaymentProcessor`. It remembers nothing, and asking again is harmless."""
        return await self.ask(order) if payer is not None else []

    async def confirm(self, order: Order, return_url: str, key: str) -> list[News]:
        """See `PaymentProcessor`. There is no bank to ask."""
        return await self.ask(order) if return_url and key else []

    async def cancel(self, order: Order) -> list[News]:
        """See `PaymentProcessor`. Nothing waits here."""
        return list(_NO_NEWS.get(order.id, ()))

    async def refund(self, refund: Refund) -> list[News]:
        """See `PaymentProcessor`."""
        done = f"sandbox:{refund.id}"
        return [
            RefundNews(done, refund.intent_id, "succeeded", refund.amount_minor, refund.currency, refund.id)
        ]

    async def look_refund(self, refund: Refund) -> list[News]:
        """See `PaymentProcessor`. Asking again is harmless here."""
        return await self.refund(refund)

    async def card(self, method_id: str) -> Card:
        """See `PaymentProcessor`."""
        return Card(method_id, "test card", "0000", 12, 2099)

    async def forget_card(self, method_id: str) -> None:
        """See `PaymentProcessor`."""

    def read_event(self, raw: bytes, signature: str) -> Event:
        """See `PaymentProcessor`. It sends none."""
        raise BadSignature(f"the sandbox signs nothing ({len(raw)} bytes, {len(signature)} of signature)")

    async def happened(self, since_s: int, until_s: int | None = None) -> AsyncIterator[News]:
        """See `PaymentProcessor`. It keeps no books."""
        for news in _NO_NEWS.get(f"{since_s}-{until_s}", ()):
            yield news

    async def close(self) -> None:
        """See `PaymentProcessor`."""
