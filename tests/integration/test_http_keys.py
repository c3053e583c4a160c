"""API keys over HTTP: shown once, scoped, revocable, and never more than their maker may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from rig.house import House, open_house

from server.api.table import ROUTES
from server.key_store import ApiKey


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house


async def make(house: House, login: str, *scopes: str, **more: Any) -> tuple[str, str]:
    """A key's id and the key; with every scope there is, when none is named."""
    every = [each["name"] for each in (await house.ask("GET", "keys", login)).body["scopes"]]
    body = {"name": "Our site", "scopes": list(scopes) or every, **more}
    made = await house.ask("POST", "keys", login, body)
    assert made.status == 201, made.text
    return made.body["key"]["id"], made.body["secret"]


async def test_a_key_acts_as_its_maker(house: House) -> None:
    _, ada = await make(house, house.ada)
    _, ola = await make(house, house.ola)
    assert ada.startswith("ttk_")
    assert (await house.ask("GET", "me", ada)).body == (await house.ask("GET", "me", house.ada)).body
    talk = await house.talk()
    assert (await house.ask("GET", f"calls/{talk.call_id}", ada)).body["call"]["id"] == talk.call_id
    assert (await house.ask("GET", "operator/overview", ada)).code == "auth.forbidden"
    assert (await house.ask("GET", "operator/overview", ola)).status == 200
    _, grace = await make(house, house.grace)
    assert (await house.ask("GET", f"calls/{talk.call_id}", grace)).code == "call.unknown"


async def test_a_key_opens_what_its_scopes_say(house: House) -> None:
    _, key = await make(house, house.ada, "calls:read")
    assert (await house.ask("GET", "calls", key)).status == 200
    refused = await house.ask("GET", "webhooks", key)
    assert (refused.status, refused.code) == (403, "auth.scope")
    assert "webhooks:manage" in refused.body["detail"]


async def test_each_scope_opens_its_routes_and_no_other(house: House) -> None:
    for login, role in ((house.ada, "expert"), (house.ola, "operator")):
        for scope in (each["name"] for each in (await house.ask("GET", "keys", login)).body["scopes"]):
            _, key = await make(house, login, scope)
            for route in ROUTES:
                if role not in route.roles:
                    continue
                path = route.path.replace("{", "").replace("}", "")
                reply = await house.ask(route.method, path, key)
                shut = reply.status == 403 and reply.code == "auth.scope"
                assert shut is (route.scope != scope), (scope, route.name, reply.text)


async def test_an_experts_site_can_switch_the_expert_on_and_off(house: House) -> None:
    _, key = await make(house, house.ada, "office:read", "office:write")
    assert (await house.ask("POST", "office", key, {"mode": "off"})).status == 200
    assert (await house.ask("GET", "office", house.ada)).body["office"]["mode"] == "off"


async def test_a_key_cannot_have_a_scope_of_another_role(house: House) -> None:
    body = {"name": "Our site", "scopes": ["audit:read"]}
    assert (await house.ask("POST", "keys", house.ada, body)).code == "request.invalid"
    assert (await house.ask("POST", "keys", house.ola, body)).status == 201


async def test_without_a_scope_a_route_takes_no_key(house: House) -> None:
    """Whatever is added later: a key with every scope opens only what declares one."""
    _, key = await make(house, house.ola)
    closed = [route for route in ROUTES if route.roles and not route.scope]
    assert {"create_key", "revoke_key", "list_keys", "create_top_up"} <= {route.name for route in closed}
    for route in closed:
        path = route.path.replace("{", "").replace("}", "")
        assert (await house.ask(route.method, path, key)).code == "auth.scope", route.name


async def test_a_key_is_shown_once_and_only_its_hash_is_kept(house: House) -> None:
    _, key = await make(house, house.ada)
    listed = await house.ask("GET", "keys", house.ada)
    assert key not in listed.text
    assert listed.body["keys"][0]["prefix"] == key[:12]
    await house.ask("GET", "me", key)
    stored = b"".join(path.read_bytes() for path in house.config.data_path.glob("talktime.db*"))
    assert key.encode() not in stored
    assert key not in house.log.getvalue()


async def test_a_revoked_key_opens_nothing_from_then_on(house: House) -> None:
    key_id, key = await make(house, house.ada)
    revoked = await house.ask("POST", f"keys/{key_id}/revoke", house.ada)
    assert revoked.body["state"] == "revoked"
    assert (await house.ask("GET", "me", key)).code == "auth.key_revoked"
    again = await house.ask("POST", f"keys/{key_id}/revoke", house.ada)
    assert again.body == revoked.body


async def test_a_key_ends_with_its_days(house: House) -> None:
    _, key = await make(house, house.ada, expires_days=1)
    (listed,) = (await house.ask("GET", "keys", house.ada)).body["keys"]
    assert listed["expires_at"]
    assert (await house.ask("GET", "me", key)).status == 200
    store = house.services.integrations.keys.store
    await store._database.write(
        lambda transaction: transaction.raw.execute("UPDATE api_keys SET expires_ms = 1").rowcount
    )
    assert (await house.ask("GET", "me", key)).code == "auth.key_expired"
    assert (await house.ask("GET", "keys", house.ada)).body["keys"][0]["state"] == "expired"


async def test_when_a_key_was_used_is_told(house: House) -> None:
    _, key = await make(house, house.ada)
    assert (await house.ask("GET", "keys", house.ada)).body["keys"][0]["used_at"] == ""
    await house.ask("GET", "me", key)
    assert (await house.ask("GET", "keys", house.ada)).body["keys"][0]["used_at"]


@pytest.mark.parametrize(
    "key", ["ttk_", "ttk_" + "A" * 43, "ttk_'; DROP TABLE api_keys", "ttk_" + "x" * 5_000]
)
async def test_a_key_that_is_none_is_refused(house: House, key: str) -> None:
    refused = await house.ask("GET", "me", key)
    assert (refused.status, refused.code) == (401, "auth.key_unknown")


async def test_a_key_has_a_limit_of_its_own(tmp_path: Path) -> None:
    async with open_house(tmp_path, key_requests_per_minute=3) as house:
        _, key = await make(house, house.ada)
        assert [(await house.ask("GET", "me", key)).status for _ in range(4)] == [200, 200, 200, 429]
        assert (await house.ask("GET", "me", house.ada)).status == 200, "its maker is not held back by it"


async def test_keys_are_their_makers_alone(house: House) -> None:
    key_id, key = await make(house, house.ada)
    for other in (house.grace, house.ola):
        assert (await house.ask("POST", f"keys/{key_id}/revoke", other)).code == "key.unknown"
        assert (await house.ask("GET", "keys", other)).body["keys"] == []
    for method, path in (("GET", "keys"), ("POST", "keys"), ("POST", f"keys/{key_id}/revoke")):
        body = {"name": "x", "scopes": ["calls:read"]} if path == "keys" and method == "POST" else None
        assert (await house.ask(method, path, house.sam, body)).code == "auth.forbidden"
        assert (await house.ask(method, path, "", body)).code == "auth.missing"
        assert (await house.ask(method, path, "expired.token", body)).status == 401
    assert (await house.ask("GET", "me", key)).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "scopes": ["calls:read"]}, {"name": " x ", "scopes": ["calls:read"]},
        {"name": "x", "scopes": []}, {"name": "x", "scopes": ["everything"]}, {"name": "x"},
        {"name": "x", "scopes": ["calls:read"], "expires_days": 0},
        {"name": "x" * 61, "scopes": ["calls:read"]},
    ],
)  # fmt: skip
async def test_a_bad_order_makes_no_key(house: House, body: dict[str, Any]) -> None:
    assert (await house.ask("POST", "keys", house.ada, body)).code == "request.invalid"
    assert (await house.ask("GET", "keys", house.ada)).body["keys"] == []


async def test_there_is_an_end_to_keys_and_revoking_makes_room(house: House) -> None:
    made = [await make(house, house.ada) for _ in range(20)]
    body = {"name": "x", "scopes": ["calls:read"]}
    assert (await house.ask("POST", "keys", house.ada, body)).code == "key.limit"
    await house.ask("POST", f"keys/{made[0][0]}/revoke", house.ada)
    assert (await house.ask("POST", "keys", house.ada, body)).status == 201


async def test_making_and_revoking_stand_in_the_audit_log(house: House) -> None:
    key_id, _ = await make(house, house.ada, "calls:read")
    await house.ask("POST", f"keys/{key_id}/revoke", house.ada)
    revoked, created = await house.services.audit_log.read(about="ada", action="key.")
    assert (created.action, created.detail) == ("key.created", {"key": key_id, "scopes": "calls:read"})
    assert (revoked.action, revoked.actor) == ("key.revoked", "ada")


def test_a_key_never_shows_what_opens() -> None:
    assert {"secret", "key"} & set(ApiKey.__dataclass_fields__) == set()
