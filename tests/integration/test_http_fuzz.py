"""The whole API against its own document, with requests that schemathesis makes up, as everybody there is.

Each operation gets requests that fit its description and some that do not, with ids that are made up and ids
that exist, by nobody, a client, an expert, an operator, an API key and a token that is none. Whatever comes
back must stand in the document: the status, the content type, the schema; never a 500, and nothing good for
what does not fit. A route that is added to the table is in here by that alone.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from rig.caller import Caller
from rig.server import Server, login_of
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from server.api.openapi import document
from server.api.table import ROUTES

DEEP = int(os.environ.get("TALKTIME_FUZZ_EXAMPLES", "0"))
"""So many for each operation, other ones every time: what found what the few of every day do not."""
EXAMPLES = DEEP or 2
LONGEST_URL = 8_000
"""What is longer the HTTP server itself refuses (400), before it is anybody's."""
LAST = ("/revoke", "/delete", "/disable", "/withdraw", "/leave")
PEOPLE = ("nobody", "client", "expert", "operator")
TIMEOUT_S = 30
load_all_checks()
ALWAYS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance",
)  # fmt: skip
CHECKED = CHECKS.get_by_names(ALWAYS)
TAKEN = CHECKS.get_by_names((*ALWAYS, "negative_data_rejection"))


@dataclass
class Town:
    """A server with something in it, and those who ask."""

    server: Server
    askers: dict[str, requests.Session]
    there: dict[str, dict[str, str]]
    """For each asker the ids that exist and are its own, by the parameter's name."""
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    generous = dict.fromkeys(
        ("writes_per_minute", "starts_per_hour", "key_requests_per_minute"), 100_000
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("town")
    with Server(folder, media="simulated", webhook_targets="any", experts=2, **generous) as server:
        yield settled(server)


def settled(server: Server) -> Town:
    """Make one of each thing that has an id, and somebody for each way to ask."""
    logins = {role: login_of(server.links[role]) for role in ("client", "expert", "operator")}
    call_id = asyncio.run(a_call(server, logins))
    there: dict[str, dict[str, str]] = {}
    for role in ("expert", "operator"):
        made = {"slug": "ada", "call_id": call_id}
        key = server.api(
            "POST", "/keys", login=logins[role],
            body={"name": "A site", "scopes": ["profile:read", "calls:read", "webhooks:manage"]},
        ).body  # fmt: skip
        site_id = secrets.token_hex(12)
        site = {"id": site_id, "name": "A site", "origins": ["https://example.org"]}
        assert server.api("POST", "/sites", login=logins[role], body=site).status == 201
        made |= {"site_id": site_id, "client_id": "sam", "person_id": "sam"}
        # Nobody listens there: what is sent fails and waits.
        endpoint = server.api(
            "POST", "/webhooks", login=logins[role], body={"url": "http://127.0.0.1:9/"}
        ).body["endpoint"]["id"]
        made |= {"endpoint_id": endpoint, "key_id": key["key"]["id"]}
        tested = server.api("POST", f"/webhooks/{endpoint}/test", login=logins[role])
        made["delivery_id"] = tested.body["id"]
        there[role] = made
        logins[f"{role}'s key"] = key["secret"]
        there[f"{role}'s key"] = made
    offers = server.api("GET", "/profile", login=logins["expert"]).body["offers"]
    there["expert"]["offer_id"] = offers[0]["id"]
    there["client"] = {"slug": "ada", "call_id": call_id}
    online = {"mode": "open"}
    assert server.api("POST", "/office", login=logins["expert"], body=online).status == 200
    place = server.api("POST", "/experts/ada/line", login=logins["client"], body={}).body["place"]
    there["client"] |= {"place_id": place["id"]}
    logins |= {"nobody": "", "a stranger": "forged.token"}
    askers = {name: asker(token) for name, token in logins.items()}
    return Town(server, askers, there)


async def a_call(server: Server, logins: dict[str, str]) -> str:
    """A call that rang, and that the operator ended."""
    ada, sam = (Caller(server.url, logins[role], role) for role in ("expert", "client"))
    async with ada, sam:
        await ada.be_present()
        call_id = await sam.call("ada")
    ended = await asyncio.to_thread(
        server.api, "POST", f"/operator/calls/{call_id}/end", login=logins["operator"]
    )
    assert ended.status == 200
    return call_id


def asker(token: str) -> requests.Session:
    """Who sends this token and takes no cookies."""
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.trust_env = False
    # As our own pages send it: without it, what logs a browser in or out is refused before it is read.
    session.headers["X-Talktime-Csrf"] = "1"
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    return session


def ask(town: Town, name: str, case: Case, mode: GenerationMode) -> None:
    """One request; what is wrong with its answer is noted."""
    label = f"{case.method} {case.path}"
    response = case.call(base_url=town.server.url, session=town.askers[name], timeout=TIMEOUT_S)
    if len(str(response.request.url)) > LONGEST_URL:
        return
    town.answers[label, response.status_code] += 1
    taken = mode is GenerationMode.NEGATIVE and response.status_code < 400
    try:
        case.validate_response(response, checks=TAKEN if taken else CHECKED)
    except BaseExceptionGroup as group:
        for each in group.exceptions:
            town.failures.append(f"{label} by {name} ({response.status_code}): {each}")


def attack(town: Town, operation: Any, mode: GenerationMode) -> None:
    """Send what hypothesis makes of the operation's description, as everybody."""

    def try_all(case: Case) -> None:
        case.headers.pop("Authorization", None)
        case.cookies.clear()
        parameters = dict(case.path_parameters)
        if any(str(value) in {"", ".", ".."} or "/" in str(value) for value in parameters.values()):
            # Another path altogether, or none.
            return
        for name in town.askers if mode is GenerationMode.POSITIVE else PEOPLE:
            ask(town, name, case, mode)
            mine = {key: value for key, value in town.there.get(name, {}).items() if key in parameters}
            if mine and mode is GenerationMode.POSITIVE:
                case.path_parameters.update(mine)
                ask(town, name, case, mode)
                case.path_parameters.update(parameters)

    run: Callable[[], None] = settings(
        max_examples=EXAMPLES, phases=[Phase.generate], derandomize=not DEEP, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )(given(case=operation.as_strategy(generation_mode=mode))(try_all))  # fmt: skip
    try:
        run()
    except Unsatisfiable:
        # Nothing can be wrong with a request that has no parameters and no body.
        assert mode is GenerationMode.NEGATIVE


def test_the_api_keeps_to_its_document(town: Town) -> None:
    schema = schemathesis.openapi.from_dict(document(ROUTES))
    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) == len(ROUTES)
    # What takes away what the others need comes last.
    operations.sort(key=lambda operation: operation.path.endswith(LAST))
    for operation in operations:
        for mode in GenerationMode:
            attack(town, operation, mode)
    assert "\n\n".join(sorted(set(town.failures))) == ""
    asked = {label for label, _ in town.answers}
    assert len(asked) == len(ROUTES), "every operation was asked"
    good = {label for label, status in town.answers if status < 300}
    assert len(good) >= 25, "and many gave a good answer"
    assert town.server.api("GET", "/me", login=login_of(town.server.links["expert"])).status == 200
