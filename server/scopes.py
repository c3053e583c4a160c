"""What an API key may be allowed to do. A route names the scope that lets a key in; without one, none does.

A key acts as the person who made it: the route's roles hold as well, and nothing is lent that the person
could not do. Keys, logins, addresses and payments have no scope: whoever holds a key cannot make more of
them.
"""

from __future__ import annotations

SCOPES: dict[str, str] = {
    "profile:read": "Read who the key belongs to.",
    "calls:read": "Read calls and receipts.",
    "calls:write": "End calls (operators).",
    "webhooks:manage": "Make, test and remove webhook endpoints, read and replay deliveries.",
}
