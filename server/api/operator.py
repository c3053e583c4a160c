"""GET /operator/overview and POST /operator/calls/{id}/end: what the operator sees and may do."""

from __future__ import annotations

from server import resources, views
from server.api.calls import call_of, live_account
from server.api.route import Ask
from signaling.clock import iso

MAX_RECENT = 50


async def get_overview(ask: Ask) -> resources.OperatorOverview:
    """The calls that live now, the last ones that ended, and whether the books are in order."""
    services = ask.services
    recent = await services.ledger.recent_calls(MAX_RECENT)
    later = await services.history.afterwards([each.terms.call_id for each in recent])
    return resources.OperatorOverview(
        live=[views.live_call(each) for each in services.desk.live()],
        recent=[
            views.summary(each, "", later[each.terms.call_id]) for each in recent if each.state == "settled"
        ],
        breaches=await services.audit.breaches(),
        experts_online=services.desk.hosts_online(),
    )


async def end_call(ask: Ask) -> resources.Call:
    """End a call now; it is settled at this instant. Ending an ended call changes nothing."""
    account, services = await live_account(ask), ask.services
    call_id = account.terms.call_id
    live = services.desk.view(call_id)
    if live is not None and live.state != "ended" and await services.desk.end(call_id, "operator"):
        at = iso(services.clock.wall())
        await services.audit_log.note(
            at, ask.who.person_id, "call.ended", account.terms.wallet_id, {"call": call_id}
        )
    return await call_of(ask, await live_account(ask), "operator")
