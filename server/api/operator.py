"""GET /operator/overview and POST /operator/calls/{id}/end: what the operator sees and may do."""

from __future__ import annotations

from server import resources, views
from server.api.calls import call_of
from server.api.route import Ask
from server.errors import Problem

MAX_RECENT = 50


async def get_overview(ask: Ask) -> resources.OperatorOverview:
    """The calls that live now, the last ones that ended, and whether the books are in order."""
    services = ask.services
    recent = await services.ledger.recent_calls(MAX_RECENT)
    return resources.OperatorOverview(
        live=services.desk.live(),
        recent=[views.summary(account, "") for account in recent if account.state == "settled"],
        breaches=await services.audit.breaches(),
        experts_online=services.desk.hosts_online(),
    )


async def end_call(ask: Ask) -> resources.Call:
    """End a call now; it is settled at this instant. Ending an ended call changes nothing."""
    call_id = ask.path["call_id"]
    if ask.services.desk.view(call_id) is None:
        raise Problem("call.unknown")
    await ask.services.desk.end(call_id, "operator")
    return await call_of(ask, call_id)
