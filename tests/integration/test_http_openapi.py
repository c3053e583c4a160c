"""The OpenAPI document: it is valid, it is complete, and what the server really answers fits it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from rig.house import House, Reply, open_house

from server import problems
from server.api.table import CORE, ROUTES, openapi
from server.scopes import SCOPES

DOCUMENT: dict[str, Any] = json.loads(openapi())

# The parts of OpenAPI 3.1.0 (section 4.8) that we use, closed, so that a typing error in a field is found.
TEXT = {"type": "string", "minLength": 1}
CONTENT = {
    "type": "object", "minProperties": 1,
    "additionalProperties": {
        "type": "object", "required": ["schema"], "properties": {"schema": {"type": "object"}},
        "additionalProperties": False,
    },
}  # fmt: skip
OPERATION = {
    "type": "object",
    "required": ["operationId", "summary", "description", "responses", "security"],
    "additionalProperties": False,
    "properties": {
        "operationId": TEXT,
        "summary": TEXT,
        "description": TEXT,
        "security": {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "array"}}},
        "parameters": {
            "type": "array", "minItems": 1,
            "items": {
                "type": "object", "required": ["name", "in", "required", "description", "schema"],
                "additionalProperties": False,
                "properties": {
                    "name": TEXT, "in": {"enum": ["path", "query"]}, "required": {"type": "boolean"},
                    "description": TEXT,
                    "schema": {"type": "object"},
                },
            },
        },
        "requestBody": {
            "type": "object", "required": ["content", "required"], "additionalProperties": False,
            "properties": {"content": CONTENT, "required": {"const": True}},
        },
        "responses": {
            "type": "object", "minProperties": 2, "additionalProperties": False,
            "patternProperties": {
                "^[1-5][0-9]{2}$": {
                    "type": "object", "required": ["description", "content"], "additionalProperties": False,
                    "properties": {"description": TEXT, "content": CONTENT},
                }
            },
        },
    },
}  # fmt: skip
OPENAPI = {
    "type": "object",
    "required": ["openapi", "info", "paths", "components"],
    "additionalProperties": False,
    "properties": {
        "openapi": {"const": "3.1.0"},
        "info": {
            "type": "object", "required": ["title", "version"], "additionalProperties": False,
            "properties": {
                "title": TEXT, "version": TEXT, "description": TEXT,
                "license": {"type": "object", "required": ["name"], "additionalProperties": False,
                            "properties": {"name": TEXT, "identifier": TEXT}},
            },
        },
        "servers": {"type": "array", "items": {"type": "object", "required": ["url"]}},
        "paths": {
            "type": "object", "additionalProperties": False,
            "patternProperties": {
                "^/": {
                    "type": "object", "minProperties": 1, "additionalProperties": False,
                    "properties": {"get": OPERATION, "post": OPERATION},
                }
            },
        },
        "components": {
            "type": "object", "additionalProperties": False,
            "properties": {"schemas": {"type": "object"}, "securitySchemes": {"type": "object"}},
        },
    },
}  # fmt: skip


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


@cache
def validator(name: str) -> Draft202012Validator:
    """Validates against a component, whose references lead into the same document."""
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    )


# -- the document ------------------------------------------------------------------------------------------


def test_the_document_has_the_shape_of_openapi() -> None:
    errors = [
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(OPENAPI).iter_errors(DOCUMENT)
    ]
    assert errors == []


def test_every_schema_is_json_schema_2020_12() -> None:
    assert len(DOCUMENT["components"]["schemas"]) > 15
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere_and_nothing_is_left_over() -> None:
    there = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    used = set(references(DOCUMENT))
    assert used - there == set()
    assert there - used == set()


def test_operations_are_named_once() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names)) == len(ROUTES)


def test_the_parameters_of_a_path_are_declared() -> None:
    for _, path, operation in operations():
        parameters = operation.get("parameters", [])
        declared = [each["name"] for each in parameters if each["in"] == "path"]
        assert all(each["required"] == (each["in"] == "path") for each in parameters)
        assert declared == re.findall(r"\{(\w+)\}", path)


def test_the_document_and_the_routes_are_the_same() -> None:
    documented = {(method, path) for method, path, _ in operations()}
    assert documented == {(route.method, route.path) for route in ROUTES}


def test_refusals_stand_under_their_status() -> None:
    for route in ROUTES:
        responses = DOCUMENT["paths"][route.path][route.method.lower()]["responses"]
        for code in route.all_codes():
            refusal = responses[str(problems.KINDS[code].status)]
            assert f"`{code}`" in refusal["description"]
            assert list(refusal["content"]) == ["application/problem+json"]


def test_what_has_a_login_says_so() -> None:
    for route in ROUTES:
        operation = DOCUMENT["paths"][route.path][route.method.lower()]
        people = [{"login": []}, {"cookie": []}] if route.roles else []
        assert operation["security"] == people + ([{"key": [route.scope]}] if route.scope else [])
        assert not route.scope or (route.scope in SCOPES and route.roles)
    assert DOCUMENT["components"]["securitySchemes"]["login"]["scheme"] == "bearer"


def test_the_schemas_refuse_what_does_not_fit() -> None:
    """The oracle of the tests below can say no."""
    assert list(validator("CreateCall").iter_errors({"id": "short", "host": "ada"}))
    assert list(validator("Wallet").iter_errors({"currency": "USD"}))
    assert not list(validator("CreateCall").iter_errors({"id": "a" * 20, "host": "ada"}))


def test_the_protocol_lists_every_route() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs/protocol.md").read_text()
    listed = re.findall(r"^\| `(GET|POST) (/api/v1/\S+)` \|", text, re.MULTILINE)
    assert sorted(listed) == sorted((route.method, route.path) for route in ROUTES)


# -- the server against the document -------------------------------------------------------------------------


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house


async def test_the_server_gives_the_document_to_anybody(house: House) -> None:
    reply = await house.ask("GET", "openapi.json")
    assert reply.status == 200
    assert reply.body == DOCUMENT


async def test_every_answer_fits_its_schema(house: House) -> None:
    answered = set()

    async def fits(method: str, template: str, login: str = "", body: object = None, **path: str) -> Reply:
        reply = await house.ask(method, template.format(**path), login, body)
        responses = DOCUMENT["paths"][f"/api/v1/{template}"][method.lower()]["responses"]
        content = responses[str(reply.status)]["content"]
        schema = content[reply.headers["Content-Type"]]["schema"]["$ref"].rpartition("/")[2]
        errors = [
            f"{error.json_path}: {error.message}" for error in validator(schema).iter_errors(reply.body)
        ]
        assert errors == [], f"{method} {template} {reply.status}"
        answered.add((method, f"/api/v1/{template}", reply.status))
        return reply

    for login in (house.sam, house.ada, house.ola):
        await fits("GET", "me", login)
    await fits("GET", "me")
    await fits("GET", "experts/{slug}", slug="ada")
    await fits("GET", "experts/{slug}", slug="nobody")
    await fits("POST", "presence", house.ada)
    await fits("GET", "wallet", house.sam)
    top_up = {"id": secrets.token_hex(12), "amount_minor": 100, "currency": "USD"}
    await fits("POST", "wallet/top-ups", house.sam, top_up)
    await fits("POST", "wallet/top-ups", house.sam, top_up | {"amount_minor": 101})
    await fits("POST", "wallet/top-ups", house.sam, top_up | {"amount_minor": 1})
    order = {"id": secrets.token_hex(12), "host": "ada"}
    await fits("POST", "calls", house.sam, order)
    house.online("grace")
    await fits("POST", "calls", house.kim, order | {"id": secrets.token_hex(12), "host": "grace"})
    talk = await house.talk()
    await fits("GET", "operator/overview", house.ola)
    await fits("POST", "calls/{call_id}/guests", house.sam, {"name": "Zoe"}, call_id=talk.call_id)
    await fits("POST", "calls/{call_id}/join", house.sam, call_id=talk.call_id)
    await fits("GET", "calls/{call_id}", house.ada, call_id=talk.call_id)
    await fits("GET", "calls/{call_id}", house.grace, call_id=talk.call_id)
    await fits("GET", "calls/{call_id}/receipt", house.sam, call_id=talk.call_id)
    await talk.hang_up()
    await fits("GET", "calls/{call_id}/receipt", house.sam, call_id=talk.call_id)
    await fits("GET", "calls/{call_id}/receipt", house.ada, call_id=talk.call_id)
    await fits("POST", "calls/{call_id}/join", house.sam, call_id=talk.call_id)
    await fits("GET", "calls", house.sam)
    await fits("GET", "operator/overview", house.ola)
    await fits("POST", "operator/calls/{call_id}/end", house.ola, call_id=talk.call_id)

    good = {(method, path) for method, path, status in answered if status < 300}
    # What the areas answer is checked by the rig in each of their own tests.
    assert good == {(route.method, route.path) for route in CORE}, "every route gave a good answer"
    assert len(answered) - len(good) >= 7, "and several a refusal"
