"""/keys, /webhooks and /webhook-deliveries: what connects Talktime with a site's own server."""

from __future__ import annotations

from datetime import UTC, datetime

from server import integration_resources as shapes
from server.api.route import Ask, Route
from server.api_keys import MAX_KEYS
from server.auth import EXPERT, OPERATOR, Login
from server.errors import Problem
from server.event_types import names_for
from server.key_store import ApiKey
from server.scopes import scopes_for
from server.webhook_sender import url_problem
from server.webhook_store import HOUSE, Attempt, Delivery, Endpoint
from signaling.clock import iso

BASE = "/api/v1"
MAX_ENDPOINTS = 10
MAX_LOG = 100
SITES = frozenset({*EXPERT, *OPERATOR})


# -- keys --------------------------------------------------------------------------------------------------


async def list_keys(ask: Ask) -> shapes.KeyList:
    """My API keys, also those that are over, and the scopes that a key can have."""
    keys = ask.services.integrations.keys
    found = await keys.store.of_person(ask.who.person_id, 5 * MAX_KEYS)
    now_ms = keys.now_ms()
    return shapes.KeyList(
        keys=[_key(each, now_ms) for each in found],
        scopes=[shapes.Scope(name, scope.about) for name, scope in scopes_for(ask.who.role).items()],
    )


async def create_key(ask: Ask) -> shapes.NewApiKey:
    """Make an API key. It acts as its maker, within its scopes, and is shown this once."""
    order, keys = ask.body_as(shapes.CreateKey), ask.services.integrations.keys
    await ask.services.person(ask.who)
    unknown = [scope for scope in order.scopes if scope not in scopes_for(ask.who.role)]
    if unknown:
        raise Problem("request.invalid", f"There is no scope {unknown[0][:40]}.")
    scopes = tuple(dict.fromkeys(order.scopes))
    key, secret = await keys.make(ask.who, order.name, scopes, order.expires_days)
    return shapes.NewApiKey(_key(key, keys.now_ms()), secret)


async def revoke_key(ask: Ask) -> shapes.ApiKey:
    """Revoke a key, at once and for good. Revoking it again changes nothing."""
    keys = ask.services.integrations.keys
    return _key(await keys.revoke(ask.who, ask.path["key_id"]), keys.now_ms())


# -- endpoints ---------------------------------------------------------------------------------------------


async def list_endpoints(ask: Ask) -> shapes.EndpointList:
    """My webhook endpoints. Operators share those of the house, which are told of everything."""
    found = await ask.services.integrations.webhooks.store.of_owner(_owner(ask.who))
    return shapes.EndpointList(
        endpoints=[_endpoint(ask, each) for each in found],
        event_types=names_for(operator=ask.who.role == "operator"),
    )


async def create_endpoint(ask: Ask) -> shapes.NewEndpoint:
    """Add an endpoint. The answer has its signing secret, which is not shown again."""
    order, services = ask.body_as(shapes.CreateEndpoint), ask.services
    await services.person(ask.who)
    wrong = url_problem(order.url, any_target=services.integrations.any_target)
    if wrong:
        raise Problem("webhook.url", wrong)
    there = names_for(operator=ask.who.role == "operator")
    unknown = [name for name in order.events if name not in there]
    if unknown:
        raise Problem("webhook.event", f"There is no event {unknown[0][:40]}.")
    webhooks = services.integrations.webhooks
    events = tuple(dict.fromkeys(order.events))
    made = await webhooks.add(_owner(ask.who), ask.who, order.url, order.about, events, MAX_ENDPOINTS)
    if made is None:
        raise Problem("webhook.limit", f"There may be {MAX_ENDPOINTS} endpoints; delete one first.")
    endpoint, secret = made
    return shapes.NewEndpoint(_endpoint(ask, endpoint), secret)


async def test_endpoint(ask: Ask) -> shapes.WebhookDelivery:
    """Send `webhook.test` to this endpoint. How it went is in the delivery log a moment later."""
    endpoint = await _active(ask)
    webhooks = ask.services.integrations.webhooks
    found = await webhooks.store.delivery(await webhooks.test(endpoint, ask.who.person_id))
    if found is None:
        raise Problem("delivery.unknown")
    return _delivery(found[0])


async def rotate_secret(ask: Ask) -> shapes.NewEndpoint:
    """Give the endpoint a new secret. For a day, messages are signed with both."""
    endpoint = await _mine(ask)
    secret = await ask.services.integrations.webhooks.rotate(endpoint, ask.who.person_id)
    return shapes.NewEndpoint(_endpoint(ask, await _mine(ask)), secret)


async def disable_endpoint(ask: Ask) -> shapes.WebhookEndpoint:
    """Tell this endpoint nothing any more; what waits for it is cancelled and can be replayed later."""
    endpoint = await _mine(ask)
    await ask.services.integrations.webhooks.set_state(endpoint, "disabled", ask.who.person_id)
    return _endpoint(ask, await _mine(ask))


async def enable_endpoint(ask: Ask) -> shapes.WebhookEndpoint:
    """Tell this endpoint of what happens from now on."""
    endpoint = await _mine(ask)
    await ask.services.integrations.webhooks.set_state(endpoint, "active", ask.who.person_id)
    return _endpoint(ask, await _mine(ask))


async def delete_endpoint(ask: Ask) -> shapes.WebhookEndpoint:
    """Remove an endpoint. Its log is kept for 30 days and is not shown any more."""
    endpoint = await _mine(ask)
    await ask.services.integrations.webhooks.set_state(endpoint, "deleted", ask.who.person_id)
    return _endpoint(ask, endpoint)


# -- deliveries --------------------------------------------------------------------------------------------


async def list_deliveries(ask: Ask) -> shapes.DeliveryList:
    """The endpoint's delivery log."""
    endpoint = await _mine(ask)
    found = await ask.services.integrations.webhooks.store.deliveries(endpoint.id, MAX_LOG)
    return shapes.DeliveryList([_delivery(each) for each in found])


async def get_delivery(ask: Ask) -> shapes.DeliveryDetail:
    """One delivery: its body and every attempt."""
    delivery, attempts, _ = await _my_delivery(ask)
    return shapes.DeliveryDetail(_delivery(delivery), delivery.body, [_attempt(each) for each in attempts])


async def replay_delivery(ask: Ask) -> shapes.WebhookDelivery:
    """Send it now: once more when it is over, or the next attempt at once. The webhook-id stays the same."""
    delivery, _, endpoint = await _my_delivery(ask)
    if endpoint.state != "active":
        raise Problem("webhook.disabled")
    await ask.services.integrations.webhooks.store.replay(delivery.id)
    return _delivery((await _my_delivery(ask))[0])


# -- whose is it -------------------------------------------------------------------------------------------


def _owner(login: Login) -> str:
    return HOUSE if login.role == "operator" else login.person_id


async def _mine(ask: Ask) -> Endpoint:
    """The endpoint in the path. One of somebody else does not exist."""
    endpoint = await ask.services.integrations.webhooks.store.endpoint(ask.path["endpoint_id"])
    if endpoint is None or endpoint.owner != _owner(ask.who):
        raise Problem("webhook.unknown")
    return endpoint


async def _active(ask: Ask) -> Endpoint:
    endpoint = await _mine(ask)
    if endpoint.state != "active":
        raise Problem("webhook.disabled")
    return endpoint


async def _my_delivery(ask: Ask) -> tuple[Delivery, list[Attempt], Endpoint]:
    store = ask.services.integrations.webhooks.store
    found = await store.delivery(ask.path["delivery_id"])
    endpoint = None if found is None else await store.endpoint(found[0].endpoint_id)
    if found is None or endpoint is None or endpoint.owner != _owner(ask.who):
        raise Problem("delivery.unknown")
    return *found, endpoint


# -- as it is shown ----------------------------------------------------------------------------------------


def _moment(ms: int | None) -> str:
    return "" if ms is None else iso(datetime.fromtimestamp(ms / 1000, UTC))


def _key(key: ApiKey, now_ms: int) -> shapes.ApiKey:
    state: shapes.KeyState = "active"
    if key.is_over(now_ms):
        state = "expired" if key.revoked_ms is None else "revoked"
    return shapes.ApiKey(
        id=key.id, name=key.name, prefix=key.prefix, scopes=list(key.scopes), state=state,
        made_at=_moment(key.made_ms), expires_at=_moment(key.expires_ms), used_at=_moment(key.used_ms),
        revoked_at=_moment(key.revoked_ms),
    )  # fmt: skip


def _endpoint(ask: Ask, endpoint: Endpoint) -> shapes.WebhookEndpoint:
    now_ms = ask.services.integrations.webhooks.now_ms()
    former_ms = max((each.until_ms for each in endpoint.secrets), default=0)
    return shapes.WebhookEndpoint(
        id=endpoint.id, url=endpoint.url, about=endpoint.about, events=list(endpoint.events),
        state=endpoint.state, why=endpoint.why, made_at=endpoint.made_at,
        failing_since=_moment(endpoint.failing_since_ms),
        rotating_until=_moment(former_ms) if former_ms > now_ms else "",
    )  # fmt: skip


def _attempt(attempt: Attempt) -> shapes.WebhookAttempt:
    return shapes.WebhookAttempt(
        attempt.number, _moment(attempt.at_ms), attempt.status, attempt.took_ms, attempt.error,
        attempt.excerpt,
    )  # fmt: skip


def _delivery(delivery: Delivery) -> shapes.WebhookDelivery:
    return shapes.WebhookDelivery(
        id=delivery.id, event=delivery.event_id, type=delivery.type, made_at=_moment(delivery.made_ms),
        state=delivery.state, attempts=delivery.attempts,
        last=None if delivery.last is None else _attempt(delivery.last),
    )  # fmt: skip


_MANAGE = "webhooks:manage"
_ONE = f"{BASE}/webhooks/{{endpoint_id}}"
_SENT = f"{BASE}/webhook-deliveries/{{delivery_id}}"

ROUTES: tuple[Route, ...] = (
    Route("GET", f"{BASE}/keys", list_keys, "My API keys", shapes.KeyList, SITES),
    Route(
        "POST", f"{BASE}/keys", create_key, "Make an API key", shapes.NewApiKey, SITES,
        body=shapes.CreateKey, status=201, codes=("key.limit",),
    ),
    Route(
        "POST", f"{BASE}/keys/{{key_id}}/revoke", revoke_key, "Revoke an API key", shapes.ApiKey, SITES,
        codes=("key.unknown",),
    ),
    Route(
        "GET", f"{BASE}/webhooks", list_endpoints, "My webhook endpoints", shapes.EndpointList, SITES,
        scope=_MANAGE,
    ),
    Route(
        "POST", f"{BASE}/webhooks", create_endpoint, "Add a webhook endpoint", shapes.NewEndpoint, SITES,
        body=shapes.CreateEndpoint, status=201, scope=_MANAGE,
        codes=("webhook.url", "webhook.event", "webhook.limit"),
    ),
    Route(
        "POST", f"{_ONE}/test", test_endpoint, "Send a test", shapes.WebhookDelivery, SITES, status=201,
        scope=_MANAGE, codes=("webhook.unknown", "webhook.disabled"),
    ),
    Route(
        "POST", f"{_ONE}/rotate", rotate_secret, "Rotate the signing secret", shapes.NewEndpoint, SITES,
        scope=_MANAGE, codes=("webhook.unknown",),
    ),
    Route(
        "POST", f"{_ONE}/disable", disable_endpoint, "Disable an endpoint", shapes.WebhookEndpoint, SITES,
        scope=_MANAGE, codes=("webhook.unknown",),
    ),
    Route(
        "POST", f"{_ONE}/enable", enable_endpoint, "Enable an endpoint", shapes.WebhookEndpoint, SITES,
        scope=_MANAGE, codes=("webhook.unknown",),
    ),
    Route(
        "POST", f"{_ONE}/delete", delete_endpoint, "Delete an endpoint", shapes.WebhookEndpoint, SITES,
        scope=_MANAGE, codes=("webhook.unknown",),
    ),
    Route(
        "GET", f"{_ONE}/deliveries", list_deliveries, "An endpoint's delivery log", shapes.DeliveryList,
        SITES, scope=_MANAGE, codes=("webhook.unknown",),
    ),
    Route(
        "GET", _SENT, get_delivery, "One delivery", shapes.DeliveryDetail, SITES, scope=_MANAGE,
        codes=("delivery.unknown",),
    ),
    Route(
        "POST", f"{_SENT}/replay", replay_delivery, "Send it now", shapes.WebhookDelivery, SITES,
        scope=_MANAGE, codes=("delivery.unknown", "webhook.disabled"),
    ),
)  # fmt: skip
