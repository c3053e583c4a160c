"""The OpenAPI 3.1 document, generated from the route table and the structs. Nothing is written by hand.

Shapes come from msgspec's JSON Schema (2020-12, OpenAPI 3.1's dialect), descriptions from docstrings.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from booking.chat import ENDINGS
from server import problems, resources
from server.api.route import DOWNLOADS, MAX_QUERY_CHARS, CsvFile, FileAnswer, JsonFile, Route

VERSION = "1"
_REFERENCE = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_PARAMETERS = {
    "payment_id": "The payment's id, chosen by the client.",
    "call_id": "The call's id, chosen by the payer's page.",
    "slug": "The expert's name in addresses.",
    "place_id": "The id of a place in a line, as joining it answered.",
    "site_id": "The website's id, chosen by the page that added it.",
    "key_id": "The API key's id (not the key).",
    "endpoint_id": "The webhook endpoint's id.",
    "delivery_id": "The delivery's id.",
    "login_id": "The id of a login, as the list of logins has it.",
    "offer_id": "The offer's id.",
    "client_id": "The client's id.",
    "person_id": "The person's id.",
    "file_id": "The file's id, chosen by its sender.",
}
_QUERY = {
    "before": "Only what is older than this entry.",
    "about": "Only what this person did or what was done to this person.",
    "action": "Only actions that begin so.",
    "id": "An id of 16 to 40 characters, chosen before it is tried: a retry changes nothing.",
    "name": "The file's name, to be shown.",
    "state": "Only those in this state.",
    "words": "Only what has these words in a name, or an id that begins so.",
    "start": "The first day, like 2026-05-01.",
    "end": "The last day, included.",
    "zone": "The time zone of the days, like Europe/London; UTC without one.",
    "role": "Only people of this role.",
    "person": "Only what belongs to the person with this id.",
}


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """The whole document, JSON-serialisable."""
    kinds = _kinds(routes)
    _, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in routes:
        paths[route.path][route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Talktime",
            "version": VERSION,
            "description": (resources.__doc__ or "").strip(),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(paths),
        "components": {
            "schemas": components,
            "securitySchemes": {
                "login": {"type": "http", "scheme": "bearer", "description": "The token of a person's link."},
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "ttk_",
                    "description": "An API key of a site's server, made at POST /api/v1/keys. The scope that "
                    "the key needs stands with each operation.",
                },
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "talktime",
                    "description": "A browser's login; `__Host-talktime` over https. "
                    "Writes also need the header `X-Talktime-Csrf: 1`.",
                },
            },
        },
    }


def _kinds(routes: Sequence[Route]) -> list[type[msgspec.Struct]]:
    kinds: dict[type[msgspec.Struct], None] = {resources.Problem: None}
    for route in routes:
        if route.answer not in (*DOWNLOADS, FileAnswer):
            kinds[route.answer] = None
        if route.body is not None:
            kinds[route.body] = None
    return list(kinds)


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": _description(route),
        "responses": {
            str(route.status): {
                "description": (route.answer.__doc__ or route.answer.__name__).splitlines()[0],
                "content": _content(route.answer),
            },
            **_refusals(route),
        },
    }
    parameters = [_parameter(name) for name in _PARAMETER.findall(route.path)]
    parameters += [_query_parameter(name) for name in route.query]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _reference(route.body)}},
        }
    if route.upload is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {
                each: {"schema": {"type": "string", "format": "binary"}} for each in route.upload.types
            },
        }
    operation["security"] = [{"login": []}, {"cookie": []}] if route.roles else []
    if route.scope:
        operation["security"].append({"key": [route.scope]})
    return operation


def _description(route: Route) -> str:
    text = (route.handler.__doc__ or "").strip()
    return f"{text}\n\nRoles: {', '.join(sorted(route.roles))}." if route.roles else text


def _parameter(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": _PARAMETERS[name],
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"},
    }


def _query_parameter(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": _QUERY[name],
        "schema": {"type": "string", "maxLength": MAX_QUERY_CHARS},
    }


def _content(answer: type[msgspec.Struct]) -> dict[str, Any]:
    if answer is FileAnswer:
        return {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ENDINGS}
    if answer is CsvFile:
        return {CsvFile.media_type: {"schema": {"type": "string"}}}
    if answer is JsonFile:
        return {JsonFile.media_type: {"schema": {"type": "object"}}}
    return {"application/json": {"schema": _reference(answer)}}


def _reference(kind: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(name=kind.__name__)}


def _refusals(route: Route) -> dict[str, Any]:
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in route.all_codes():
        by_status[problems.KINDS[code].status].append(code)
    return {
        str(status): {
            "description": "; ".join(f"`{code}`: {problems.KINDS[code].title}" for code in sorted(codes)),
            "content": {problems.CONTENT_TYPE: {"schema": _reference(resources.Problem)}},
        }
        for status, codes in sorted(by_status.items())
    }
