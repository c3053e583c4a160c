"""GET and POST /wallet/cap: the most that a call of mine may cost, unless I say otherwise at its start."""

from __future__ import annotations

from server.api.route import Ask, Route
from server.auth import CLIENT
from server.call_resources import CallCap, SetCallCap

PATH = "/api/v1/wallet/cap"


async def get_cap(ask: Ask) -> CallCap:
    """The cap that my next call gets."""
    client = await ask.services.person(ask.who)
    return CallCap(await ask.services.caps.get(client.id), client.currency)


async def set_cap(ask: Ask) -> CallCap:
    """Set it for my next calls, or take it away."""
    client = await ask.services.person(ask.who)
    await ask.services.caps.put(client.id, ask.body_as(SetCallCap).cap_minor)
    return await get_cap(ask)


ROUTES: tuple[Route, ...] = (
    Route("GET", PATH, get_cap, "The cap of my calls", CallCap, CLIENT),
    Route("POST", PATH, set_cap, "Set the cap of my calls", CallCap, CLIENT, body=SetCallCap),
)
