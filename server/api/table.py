"""Every route of the API, declared once. Router, login, OpenAPI document and tests read this."""

from __future__ import annotations

import msgspec

from server import resources
from server.api import (
    after_call,
    areas,
    calls,
    caps,
    chat,
    console,
    house,
    integrations,
    line,
    logins,
    operator,
    payments,
    people,
    profiles,
    sign_in,
    sites,
    wallet,
)
from server.api.openapi import document
from server.api.route import Route
from server.auth import CALLERS, CLIENT, EVERYONE, EXPERT, IN_CALL, OPERATOR

BASE = "/api/v1"

CORE: tuple[Route, ...] = (
    Route("GET", f"{BASE}/me", people.get_me, "Who am I", resources.Me, EVERYONE, scope="profile:read"),
    Route(
        "GET", f"{BASE}/experts/{{slug}}", people.get_expert, "An expert's public face", resources.Expert,
        codes=("expert.unknown",),
    ),
    Route(
        "POST", f"{BASE}/presence", people.create_presence, "Let oneself be called", resources.JoinToken,
        EXPERT, status=201,
    ),
    Route(
        "GET", f"{BASE}/wallet", wallet.get_wallet, "My wallet", resources.Wallet, CLIENT,
        codes=("metering.unknown_wallet", "metering.unavailable"),
    ),
    Route(
        "POST", f"{BASE}/wallet/top-ups", wallet.create_top_up, "Top up with test money", resources.Wallet,
        CLIENT, body=resources.CreateTopUp, status=201,
        codes=(
            "topup.sandbox_refused", "topup.currency", "metering.id_reused", "metering.amount",
            "metering.unknown_wallet", "metering.unavailable",
        ),
    ),
    Route(
        "POST", f"{BASE}/calls", calls.create_call, "Call an expert", resources.Call, CLIENT,
        body=resources.CreateCall, status=201,
        codes=(
            "expert.unknown", "host.declines", "host.offline", "host.busy", "call.exists", "call.self",
            "call.limit", "wallet.insufficient", "wallet.unknown", "wallet.currency", "cap.too_low",
            "server.unavailable", "offer.unknown", "offer.none", "offer.media", "offer.changed",
        ),
    ),
    Route(
        "GET", f"{BASE}/calls", areas.list_calls, "My calls", resources.CallList, CALLERS,
        query=("words", "before"), scope="calls:read",
    ),
    Route(
        "GET", f"{BASE}/calls/{{call_id}}", calls.get_call, "One call", resources.Call, EVERYONE,
        codes=("call.unknown",), scope="calls:read",
    ),
    Route(
        "POST", f"{BASE}/calls/{{call_id}}/join", calls.join_call, "Get a join token", resources.JoinToken,
        IN_CALL, status=201,
        codes=("call.unknown", "call.ended", "call.ringing", "call.not_yours", "room.full"),
    ),
    Route(
        "POST", f"{BASE}/calls/{{call_id}}/guests", calls.create_guest, "Invite a guest", resources.GuestLink,
        CALLERS, body=resources.CreateGuest, status=201, codes=("call.unknown", "call.ended", "room.full"),
    ),
    Route(
        "GET", f"{BASE}/calls/{{call_id}}/receipt", calls.get_receipt, "The receipt", resources.Receipt,
        frozenset({*CALLERS, *OPERATOR}), codes=("call.unknown", "call.not_ended"), scope="calls:read",
    ),
    Route(
        "GET", f"{BASE}/operator/overview", operator.get_overview, "The house at a glance",
        resources.OperatorOverview, OPERATOR, scope="calls:read",
    ),
    Route(
        "POST", f"{BASE}/operator/calls/{{call_id}}/end", operator.end_call, "End a call", resources.Call,
        OPERATOR, codes=("call.unknown",), scope="calls:write",
    ),
)  # fmt: skip

# One line an area.
ROUTES: tuple[Route, ...] = (
    *CORE,
    *sign_in.ROUTES,
    *sites.ROUTES,
    *caps.ROUTES,
    *chat.ROUTES,
    *after_call.ROUTES,
    *line.ROUTES,
    *payments.ROUTES,
    *logins.ROUTES,
    *integrations.ROUTES,
    *profiles.ROUTES,
    *areas.ROUTES,
    *console.ROUTES,
    *house.ROUTES,
)


def openapi() -> bytes:
    """The OpenAPI document as it is served at /api/v1/openapi.json."""
    return msgspec.json.encode(document(ROUTES))
