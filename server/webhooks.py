"""Webhooks: from an announcement in the outbox to an endpoint's answer.

THEORY. Two kinds of parcels. An `event` is an announcement, put with its fact; its courier orders one
delivery for each endpoint that wants it, in one transaction, so that an endpoint's trouble is its own. A
`webhook` is such a delivery; its courier signs and sends it. Both may happen twice around a crash: the first
orders nothing twice, the second sends the same webhook-id again, which receivers tell by.

An endpoint has at most `AT_ONCE` deliveries under way: a slow one keeps no place from the others. What fails
is tried again by the outbox's policy. An endpoint that has not taken anything for days, or answers 410
(gone), is disabled and its owner told; what waits for it is cancelled and can be replayed.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from booking.address_store import AddressStore
from server import logs
from server.auth import Login
from server.deliverer import Delivered, Failed, Hopeless, Outcome, Policy, Postponed
from server.event_types import EVERY_TYPE, TEST, WebhookTest
from server.mail import Mail
from server.vault import Vault
from server.webhook_sender import Answer, Sender
from server.webhook_signature import headers, new_secret
from server.webhook_store import (
    Attempt,
    Delivery,
    DeliveryState,
    Endpoint,
    EndpointState,
    Health,
    Message,
    Noted,
    Order,
    SealedSecret,
    WebhookStore,
    new_id,
)
from signaling.clock import Clock, iso
from storage.announcements import Announcement
from storage.audit_log import SYSTEM
from storage.outbox import Parcel

AT_ONCE = 4
POSTPONED_MS = 500
DAY_MS = 24 * 3_600_000
OVERLAP_MS = DAY_MS
"""How long a rotated secret still signs beside the new one."""
_DISABLED = """\
Talktime does not send webhooks to this address any more:

{url}

{why} What waited for it was cancelled. When it works again, enable it on the page of integrations; there you
can also replay what it missed.
"""
KEPT_MS = 30 * DAY_MS
USER_AGENT = "Talktime/1 (webhooks)"

_log = logs.logger("talktime.webhooks")


class Envelope(msgspec.Struct, frozen=True):
    """The body of every webhook. `data` is described by its type and version (docs/webhooks.md)."""

    type: str
    version: int
    timestamp: str
    data: msgspec.Raw


class Webhooks:
    """What the API and the couriers do with endpoints."""

    def __init__(
        self, store: WebhookStore, addresses: AddressStore, clock: Clock, vault: Vault, disable_days: int
    ) -> None:
        self.store, self.clock = store, clock
        self._addresses = addresses
        self._vault, self._disable_ms = vault, disable_days * DAY_MS

    def now_ms(self) -> int:
        """The wall clock, in milliseconds since 1970."""
        return round(self.clock.wall().timestamp() * 1000)

    def sealed_secret(self, endpoint_id: str) -> tuple[str, SealedSecret]:
        """A new secret, and how it is kept."""
        secret = new_secret()
        return secret, SealedSecret(self._vault.seal(f"webhook:{endpoint_id}", secret))

    async def add(
        self, owner: str, maker: Login, url: str, about: str, events: tuple[str, ...], limit: int
    ) -> tuple[Endpoint, str] | None:
        """A new endpoint and its secret; None when the owner has `limit` of them."""
        endpoint_id, at = new_id("we"), iso(self.clock.wall())
        secret, kept = self.sealed_secret(endpoint_id)
        endpoint = Endpoint(endpoint_id, owner, maker.person_id, at, url, about, events, (kept,))
        return (endpoint, secret) if await self.store.add(endpoint, limit) else None

    async def rotate(self, endpoint: Endpoint, actor: str) -> str:
        """Give the endpoint a new secret; the one before signs beside it for a day. Returns the new one."""
        secret, kept = self.sealed_secret(endpoint.id)
        now_ms = self.now_ms()
        former = [
            SealedSecret(each.sealed, now_ms + OVERLAP_MS) if each.until_ms == 0 else each
            for each in endpoint.secrets
            if each.until_ms == 0 or each.until_ms > now_ms
        ]
        noted = Noted(iso(self.clock.wall()), actor, "webhook.rotated")
        await self.store.change(endpoint, noted, secrets=[kept, *former[:2]])
        return secret

    async def set_state(self, endpoint: Endpoint, state: EndpointState, actor: str) -> None:
        """Disable, enable or delete an endpoint because somebody asked for it."""
        actions = {"active": "webhook.enabled", "disabled": "webhook.disabled", "deleted": "webhook.deleted"}
        noted = Noted(iso(self.clock.wall()), actor, actions[state])
        await self.store.change(endpoint, noted, state=state, why="", failing_since_ms=None)

    async def test(self, endpoint: Endpoint, asked_by: str) -> str:
        """Send a test to the endpoint. Returns the delivery's id."""
        data = WebhookTest(endpoint.id, asked_by)
        event_id = new_id("msg")
        message = _message(event_id, TEST, iso(self.clock.wall()), msgspec.Raw(msgspec.json.encode(data)))
        ordered = await self.store.order(endpoint.id, message, self.now_ms())
        if ordered is None:
            raise RuntimeError("a new id was used before")
        return ordered

    def secrets_of(self, endpoint: Endpoint) -> list[str]:
        """The secrets that sign now, the newest first. One that cannot be opened any more is left out."""
        now_ms, what = self.now_ms(), f"webhook:{endpoint.id}"
        valid = (each.sealed for each in endpoint.secrets if each.until_ms == 0 or each.until_ms > now_ms)
        return [secret for sealed in valid if (secret := self._vault.open(what, sealed)) is not None]

    async def health(self, endpoint: Endpoint, answer: Answer) -> Health | None:
        """What an answer says of its endpoint; None: nothing new.

        After days in which it took nothing, or when it is gone, it is disabled and its maker told so.
        """
        if answer.good:
            failing = endpoint.failing_since_ms is not None
            return Health(endpoint, {"failing_since_ms": None}) if failing else None
        now_ms = self.now_ms()
        if answer.status == 410:
            return await self._disabled(endpoint, "It answered 410: gone.")
        if endpoint.failing_since_ms is None:
            return Health(endpoint, {"failing_since_ms": now_ms})
        if now_ms - endpoint.failing_since_ms >= self._disable_ms:
            return await self._disabled(endpoint, f"It took nothing for {self._disable_ms // DAY_MS} days.")
        return None

    async def _disabled(self, endpoint: Endpoint, why: str) -> Health:
        _log.warning("an endpoint is disabled", endpoint=endpoint.id, why=why)
        address = await self._addresses.of(endpoint.made_by)
        mail = Mail(address, "A webhook endpoint was disabled", _DISABLED.format(url=endpoint.url, why=why))
        noted = Noted(iso(self.clock.wall()), SYSTEM, "webhook.disabled", mail if address else None)
        return Health(endpoint, {"state": "disabled", "why": why}, noted)

    async def keep_tidy(self) -> None:
        """Forget old deliveries, now and every hour, until cancelled."""
        while True:
            while await self.store.forget(self.now_ms() - KEPT_MS):
                pass
            await self.clock.sleep(3_600)


def _message(event_id: str, event_type: str, at: str, data: msgspec.Raw) -> Message:
    version = EVERY_TYPE[event_type].version
    body = msgspec.json.encode(Envelope(event_type, version, at, data)).decode()
    return Message(event_id, event_type, body)


class EventCourier:
    """Orders the deliveries of an announcement."""

    policy = Policy(attempts=50, first_ms=1_000, factor=2, most_ms=600_000)

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def deliver(self, parcel: Parcel, *, last: bool) -> Outcome:  # noqa: ARG002 - the port's
        """See `Courier`."""
        try:
            told = msgspec.json.decode(parcel.payload, type=Announcement)
        except msgspec.MsgspecError as error:
            return Hopeless(str(error))
        if told.type not in EVERY_TYPE:
            return Hopeless(f"there is no event type {told.type}")
        at = told.at or iso(self._webhooks.clock.wall())
        message = _message(told.id, told.type, at, told.data)
        concerns = told.concerns if EVERY_TYPE[told.type].expert else []
        await self._webhooks.store.fan_out(message, concerns, self._webhooks.now_ms())
        return Delivered()


class WebhookCourier:
    """Signs and sends one delivery."""

    policy = Policy(timeout_ms=20_000, at_once=32)

    def __init__(self, webhooks: Webhooks, sender: Sender) -> None:
        self._webhooks, self._sender = webhooks, sender
        self._under_way: Counter[str] = Counter()

    async def deliver(self, parcel: Parcel, *, last: bool) -> Outcome:
        """See `Courier`."""
        order = msgspec.json.decode(parcel.payload, type=Order)
        found = await self._webhooks.store.delivery(order.delivery)
        if found is None or found[0].state != "waiting":
            # Forgotten, cancelled, or delivered by the process before this one.
            return Delivered()
        delivery = found[0]
        endpoint = await self._webhooks.store.endpoint(delivery.endpoint_id)
        if endpoint is None or endpoint.state != "active":
            await self._webhooks.store.cancel(delivery.id)
            return Delivered()
        if self._under_way[endpoint.id] >= AT_ONCE:
            return Postponed(POSTPONED_MS)
        self._under_way[endpoint.id] += 1
        try:
            return await self._send(endpoint, delivery, last=last)
        finally:
            self._under_way[endpoint.id] -= 1
            if not self._under_way[endpoint.id]:
                del self._under_way[endpoint.id]

    async def _send(self, endpoint: Endpoint, delivery: Delivery, *, last: bool) -> Outcome:
        webhooks = self._webhooks
        secrets, now_ms = webhooks.secrets_of(endpoint), webhooks.now_ms()
        body = delivery.body.encode()
        if secrets:
            signed = headers(secrets, delivery.event_id, now_ms // 1000, body)
            sent = {"Content-Type": "application/json", "User-Agent": USER_AGENT, **signed}
            answer = await self._sender.post(endpoint.url, sent, body)
        else:
            answer = Answer(0, 0, error="The endpoint's secret cannot be read any more: rotate it.")
        state: DeliveryState = "delivered" if answer.good else "dead" if last else "waiting"
        attempt = Attempt(0, now_ms, answer.status, answer.took_ms, answer.error, answer.excerpt)
        await webhooks.store.tried(delivery.id, attempt, state, await webhooks.health(endpoint, answer))
        if answer.good:
            return Delivered()
        return Failed(answer.error or f"HTTP {answer.status}", answer.retry_after_ms)
