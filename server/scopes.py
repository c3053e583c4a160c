"""What an API key may be allowed to do. A route names the scope that lets a key in; without one, none does.

A key acts as the person who made it: the route's roles hold as well, and nothing is lent that the person
could not do. Keys, logins and addresses have no scope, nor has what moves money or gives it away: whoever
holds a key cannot make more of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.auth import EXPERT, OPERATOR, LoginRole

_BOTH = EXPERT | OPERATOR


@dataclass(frozen=True, slots=True)
class Scope:
    """What it allows, in words, and to whose keys it is of any use."""

    about: str
    roles: frozenset[LoginRole] = _BOTH


SCOPES: dict[str, Scope] = {
    "profile:read": Scope("Read who the key belongs to, and an expert's profile and offers."),
    "office:read": Scope("Read when you take calls.", EXPERT),
    "office:write": Scope("Set when you take calls: the switch, pauses, weekly hours.", EXPERT),
    "calls:read": Scope("Read calls, receipts, and what was said and refunded afterwards."),
    "calls:write": Scope("End calls.", OPERATOR),
    "earnings:read": Scope("Read what you earned.", EXPERT),
    "people:read": Scope("Read who called you with your notes; as an operator, everybody."),
    "payments:read": Scope("Read the payments of everybody.", OPERATOR),
    "audit:read": Scope("Read the audit log.", OPERATOR),
    "webhooks:manage": Scope("Make, test and remove webhook endpoints, read and replay deliveries."),
}


def scopes_for(role: LoginRole) -> dict[str, Scope]:
    """Those that a key of somebody with this role can have, in their order."""
    return {name: scope for name, scope in SCOPES.items() if role in scope.roles}
