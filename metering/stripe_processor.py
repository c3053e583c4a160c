"""Stripe, by its own package: Checkout, PaymentIntents, Refunds, webhooks. See `metering.payments`.

Requests are stored as JSON before they are sent, and repeated word for word with the same idempotency key:
Stripe answers a repetition with the first answer (docs.stripe.com/api/idempotent_requests). That holds for
its 500s too, so silence that lasts is looked into (`look`) instead of being asked for ever.

No secret is logged: the package's own log, which tells bodies, is kept quiet, and errors are told by code.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import Any, Literal

import aiohttp
import stripe

from . import stripe_news
from .payments import (
    BadSignature,
    Card,
    Event,
    News,
    Order,
    Payer,
    ProcessorRefused,
    ProcessorSilent,
    Refund,
    Wish,
)

TIMEOUT_S = 10
_PAGE = 100
_MAX_PAGES = 1_000
_LOOK_BACK_PAGES = 5

_SILENT = (
    stripe.APIConnectionError, stripe.APIError, stripe.RateLimitError, stripe.IdempotencyError,
    aiohttp.ClientError, TimeoutError, OSError,
)  # fmt: skip
_REFUSED = (stripe.InvalidRequestError, stripe.AuthenticationError, stripe.PermissionError)
Params = dict[str, Any]


class StripeProcessor:
    """See `PaymentProcessor`. `address`: another one than Stripe's, for tests. Made inside a running loop."""

    def __init__(
        self, secret_key: str, webhook_secret: str, address: str = "", timeout_s: float = TIMEOUT_S
    ) -> None:
        self._webhook_secret = webhook_secret
        logging.getLogger("stripe").setLevel(logging.WARNING)
        self._http = stripe.AIOHTTPClient(timeout=aiohttp.ClientTimeout(total=timeout_s))
        self._client = stripe.StripeClient(
            secret_key,
            http_client=self._http,
            max_network_retries=0,
            **({"base_addresses": {"api": address}} if address else {}),
        )
        self.mode: Literal["live", "test", "sandbox"] = "live" if "_live_" in secret_key[:8] else "test"
        # Customers, cards and money of the two modes have nothing to do with each other.
        self.name = "stripe" if self.mode == "live" else "stripe-test"
        self._used = False

    def takes(self, currency: str) -> bool:
        """See `PaymentProcessor`."""
        return currency not in stripe_news.UNLIKE_ISO

    # -- requests, as they are stored ------------------------------------------------------------------------

    def order_request(self, wish: Wish) -> str:
        """See `PaymentProcessor`."""
        about = {
            stripe_news.ORDER: wish.order_id, stripe_news.WALLET: wish.wallet_id, stripe_news.KIND: wish.kind,
        }  # fmt: skip
        currency = wish.currency.lower()
        if wish.kind == "checkout":
            price = {
                "currency": currency,
                "unit_amount": wish.amount_minor,
                "product_data": {"name": "Top-up"},
            }
            return _text({
                "mode": "payment",
                "customer": wish.customer_id,
                "client_reference_id": wish.order_id,
                "payment_method_types": ["card"],
                # Another currency than the wallet's could not be credited.
                "adaptive_pricing": {"enabled": False},
                "line_items": [{"quantity": 1, "price_data": price}],
                "payment_intent_data": {"setup_future_usage": "off_session", "metadata": about},
                "metadata": about,
                "success_url": wish.return_url,
                "cancel_url": wish.cancel_url,
            })  # fmt: skip
        request: Params = {
            "amount": wish.amount_minor,
            "currency": currency,
            "customer": wish.customer_id,
            "payment_method": wish.method_id,
            "payment_method_types": ["card"],
            "confirm": True,
            "metadata": about,
        }
        # The payer is at the page, or is not: the bank wants to know which.
        return _text(
            request | ({"off_session": True} if wish.kind == "auto" else {"return_url": wish.return_url})
        )

    def refund_request(self, refund_id: str, intent_id: str, amount_minor: int) -> str:
        """See `PaymentProcessor`."""
        about = {stripe_news.REFUND: refund_id}
        return _text({"payment_intent": intent_id, "amount": amount_minor, "metadata": about})

    # -- asking ----------------------------------------------------------------------------------------------

    async def make_payer(self, wallet_id: str) -> str:
        """See `PaymentProcessor`."""
        params = {"metadata": {stripe_news.WALLET: wallet_id}}
        key = _key(f"talktime-payer-{wallet_id}")
        customer = await self._asked(self._client.v1.customers.create_async(params, key))
        return str(customer["id"])

    async def ask(self, order: Order) -> list[News]:
        """See `PaymentProcessor`."""
        params, options = json.loads(order.request), _key(order.key)
        if order.kind == "checkout":
            made = await self._asked(self._client.v1.checkout.sessions.create_async(params, options))
            return [stripe_news.of_checkout(made)]
        return await self._intent(self._client.v1.payment_intents.create_async(params, options))

    async def look(self, order: Order, payer: Payer | None) -> list[News]:
        """See `PaymentProcessor`."""
        if order.intent_id:
            return await self._intent(self._client.v1.payment_intents.retrieve_async(order.intent_id))
        if order.session_id:
            expand = {"expand": ["payment_intent"]}
            found = await self._asked(
                self._client.v1.checkout.sessions.retrieve_async(order.session_id, expand)
            )
            return _of_session(found)
        return [] if payer is None else await self._search(order, payer)

    async def _search(self, order: Order, payer: Payer) -> list[News]:
        """An order whose answer was lost, among what this payer ever did."""
        if order.kind == "checkout":
            async for session in self._pages(
                self._client.v1.checkout.sessions.list_async,
                {"customer": payer.customer_id, "expand": ["data.payment_intent"]},
                _LOOK_BACK_PAGES,
            ):
                if session.get("client_reference_id") == order.id:
                    return _of_session(session)
        async for intent in self._pages(
            self._client.v1.payment_intents.list_async, {"customer": payer.customer_id}, _LOOK_BACK_PAGES
        ):
            if (intent.get("metadata") or {}).get(stripe_news.ORDER) == order.id:
                return [stripe_news.of_intent(intent)]
        return []

    async def confirm(self, order: Order, return_url: str, key: str) -> list[News]:
        """See `PaymentProcessor`."""
        seen = await self.look(order, None)
        if any(getattr(each, "url", "") or getattr(each, "state", "") == "succeeded" for each in seen):
            return seen
        params: Params = {"return_url": return_url}
        if order.method_id:
            params["payment_method"] = order.method_id
        asked = self._client.v1.payment_intents.confirm_async(order.intent_id, params, _key(key))
        return await self._unless_moved_on(order, asked)

    async def cancel(self, order: Order) -> list[News]:
        """See `PaymentProcessor`."""
        if order.intent_id:
            asked = self._client.v1.payment_intents.cancel_async(order.intent_id)
            return await self._unless_moved_on(order, asked)
        if not order.session_id:
            return []
        try:
            gone = await self._asked(self._client.v1.checkout.sessions.expire_async(order.session_id))
        except ProcessorRefused:
            return await self.look(order, None)
        return [stripe_news.of_checkout(gone)]

    async def _unless_moved_on(self, order: Order, asked: Awaitable[Any]) -> list[News]:
        """A payment that is in another state by now tells so, instead of failing."""
        try:
            return await self._intent(asked)
        except ProcessorRefused as refused:
            if refused.code != "payment_intent_unexpected_state":
                raise
            return await self.look(order, None)

    async def refund(self, refund: Refund) -> list[News]:
        """See `PaymentProcessor`."""
        params = json.loads(refund.request)
        try:
            made = await self._asked(self._client.v1.refunds.create_async(params, _key(refund.key)))
        except stripe.CardError as declined:
            raise ProcessorRefused(declined.code or "card_declined") from None
        return [stripe_news.of_refund(made)]

    async def look_refund(self, refund: Refund) -> list[News]:
        """See `PaymentProcessor`. Among all refunds of the payment."""
        about: Params = {"payment_intent": refund.intent_id}
        async for made in self._pages(self._client.v1.refunds.list_async, about, _MAX_PAGES):
            if (made.get("metadata") or {}).get(stripe_news.REFUND) == refund.id:
                return [stripe_news.of_refund(made)]
        return []

    async def card(self, method_id: str) -> Card:
        """See `PaymentProcessor`."""
        return stripe_news.of_card(
            await self._asked(self._client.v1.payment_methods.retrieve_async(method_id))
        )

    async def forget_card(self, method_id: str) -> None:
        """See `PaymentProcessor`. One that is detached already is no error."""
        try:
            await self._asked(self._client.v1.payment_methods.detach_async(method_id))
        except ProcessorRefused as refused:
            if refused.code in {"authentication", "permission"}:
                raise

    # -- being told ------------------------------------------------------------------------------------------

    def read_event(self, raw: bytes, signature: str) -> Event:
        """See `PaymentProcessor`. Older than five minutes is refused too: Stripe signs each delivery anew."""
        try:
            stripe.WebhookSignature.verify_header(
                raw, signature, self._webhook_secret, stripe.Webhook.DEFAULT_TOLERANCE
            )
            event = json.loads(raw)
            if bool(event["livemode"]) != (self.mode == "live"):
                raise BadSignature("an event of the other mode (live or test)")
            return stripe_news.of_event(event)
        except (
            stripe.SignatureVerificationError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
        ) as error:
            raise BadSignature(type(error).__name__) from None

    async def happened(self, since_s: int, until_s: int | None = None) -> AsyncIterator[News]:
        """See `PaymentProcessor`."""
        between = {"gte": since_s} | ({} if until_s is None else {"lte": until_s})
        v1 = self._client.v1
        for lister in (v1.payment_intents.list_async, v1.refunds.list_async, v1.disputes.list_async):
            async for each in self._pages(lister, {"created": between}, _MAX_PAGES):
                news = stripe_news.of_object(each)
                if news is not None:
                    yield news

    async def _pages(self, lister: Any, params: Params, pages: int) -> AsyncIterator[Params]:
        asked: Params = {"limit": _PAGE, **params}
        for _ in range(pages):
            page = await self._asked(lister(asked))
            for each in page["data"]:
                yield each
            if not page["has_more"] or not page["data"]:
                return
            asked["starting_after"] = page["data"][-1]["id"]

    async def close(self) -> None:
        """See `PaymentProcessor`."""
        if self._used:
            await self._http.close_async()

    # -- errors ----------------------------------------------------------------------------------------------

    async def _intent(self, asked: Awaitable[Any]) -> list[News]:
        try:
            return [stripe_news.of_intent(await self._asked(asked))]
        except stripe.CardError as declined:
            body = declined.json_body if isinstance(declined.json_body, Mapping) else {}
            intent = (body.get("error") or {}).get("payment_intent")
            if not isinstance(intent, Mapping):
                raise ProcessorRefused(declined.code or "card_declined") from None
            return [stripe_news.of_intent(intent)]

    async def _asked(self, asked: Awaitable[Any]) -> Params:
        """The answer as plain JSON. Raises the port's errors, and CardError for whom it concerns."""
        self._used = True
        try:
            answer: Params = (await asked).to_dict()
        except _REFUSED as error:
            raise ProcessorRefused(_code(error), error.user_message or "") from None
        except _SILENT as error:
            raise ProcessorSilent(type(error).__name__) from None
        return answer


def _code(error: stripe.StripeError) -> str:
    if isinstance(error, stripe.AuthenticationError):
        return "authentication"
    if isinstance(error, stripe.PermissionError):
        return "permission"
    return str(error.code or "invalid_request")


def _of_session(session: Mapping[str, Any]) -> list[News]:
    news: list[News] = [stripe_news.of_checkout(session)]
    intent = session.get("payment_intent")
    if isinstance(intent, Mapping):
        news.append(stripe_news.of_intent(intent))
    return news


def _key(key: str) -> dict[str, str]:
    return {"idempotency_key": key}


def _text(request: Params) -> str:
    return json.dumps(request, separators=(",", ":"))
