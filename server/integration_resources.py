"""The HTTP API's resources of integrations: API keys, webhook endpoints, deliveries."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from server.resources import Body

KeyState = Literal["active", "expired", "revoked"]
EndpointState = Literal["active", "disabled", "deleted"]
DeliveryState = Literal["waiting", "delivered", "dead", "cancelled"]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^\S(.*\S)?$")]


class CreateKey(Body, frozen=True):
    """POST /api/v1/keys. Without `expires_days` the key works until it is revoked."""

    name: Label
    scopes: Annotated[list[str], msgspec.Meta(min_length=1, max_length=20)]
    expires_days: Annotated[int, msgspec.Meta(ge=1, le=3_650)] | None = None


class ApiKey(msgspec.Struct, frozen=True):
    """An API key; `prefix` is how it begins. Moments that have not come are empty."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    state: KeyState
    made_at: str
    expires_at: str
    used_at: str
    revoked_at: str


class NewApiKey(msgspec.Struct, frozen=True):
    """A key that was just made. `secret` is the key itself and is never shown again."""

    key: ApiKey
    secret: str


class Scope(msgspec.Struct, frozen=True):
    """Something that a key can be allowed to do."""

    name: str
    about: str


class KeyList(msgspec.Struct, frozen=True):
    """GET /api/v1/keys: one's own keys, the newest first, and the scopes there are."""

    keys: list[ApiKey]
    scopes: list[Scope]


class CreateEndpoint(Body, frozen=True):
    """POST /api/v1/webhooks. `events` empty: all there are, also those that come later."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    about: Annotated[str, msgspec.Meta(max_length=100)] = ""
    events: Annotated[list[str], msgspec.Meta(max_length=50)] = msgspec.field(default_factory=list)


class WebhookEndpoint(msgspec.Struct, frozen=True):
    """An address that is told of events. `why`: why it is disabled. `failing_since`: empty while it works.

    `rotating_until`: as long as a former secret signs beside the present one, else empty.
    """

    id: str
    url: str
    about: str
    events: list[str]
    state: EndpointState
    why: str
    made_at: str
    failing_since: str
    rotating_until: str


class NewEndpoint(msgspec.Struct, frozen=True):
    """An endpoint with a new secret, which is never shown again."""

    endpoint: WebhookEndpoint
    secret: str


class EndpointList(msgspec.Struct, frozen=True):
    """GET /api/v1/webhooks: one's own endpoints, and the types of events they can be told of."""

    endpoints: list[WebhookEndpoint]
    event_types: list[str]


class WebhookAttempt(msgspec.Struct, frozen=True):
    """One attempt to deliver. `status` 0: no answer, `error` says why. `excerpt`: how the answer begins."""

    number: int
    at: str
    status: int
    took_ms: int
    error: str
    excerpt: str


class WebhookDelivery(msgspec.Struct, frozen=True):
    """A message to an endpoint. `event` is its webhook-id; `last` is null until it was tried."""

    id: str
    event: str
    type: str
    made_at: str
    state: DeliveryState
    attempts: int
    last: WebhookAttempt | None


class DeliveryList(msgspec.Struct, frozen=True):
    """GET /api/v1/webhooks/{id}/deliveries: the newest hundred, the newest first."""

    deliveries: list[WebhookDelivery]


class DeliveryDetail(msgspec.Struct, frozen=True):
    """GET /api/v1/webhook-deliveries/{id}: what is sent, exactly, and every attempt."""

    delivery: WebhookDelivery
    body: str
    attempts: list[WebhookAttempt]
