"""During and after a call: tips, the rating, refunds, the dispute and its decision.

Whose what is: the payer gives, rates and objects; the host sees it, answers and may refund; the operator
refunds and decides. For everybody else the call does not exist. A dispute's id is its call's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, cast, get_args

from booking.ratings import Rating
from metering.after_call import Aftermath, Decision, Dispute, DisputeState, Tip
from metering.call_refunds import CallRefund, RefundOrder
from metering.errors import Refused
from metering.facts import CallAccount
from metering.price import Price
from server import call_resources as resources
from server import views
from server.api.calls import Side, mine
from server.api.route import Ask, Route
from server.auth import CALLERS, CLIENT, EXPERT, OPERATOR
from server.deletion import FORMER
from server.errors import Problem
from signaling.clock import iso

CALL = "/api/v1/calls/{call_id}"
RATE_AFTER_MS = 60_000
RATING_H = 24
DISPUTE_H = 48
TIP_H = 48
KNOWN = ("call.unknown", "metering.unavailable")


async def get_after(ask: Ask) -> resources.AfterCall:
    """What was given and said, and what still can be."""
    account, side = await mine(ask)
    return await _after(ask, account, side)


async def give_tip(ask: Ask) -> resources.AfterCall:
    """Give a tip out of what the wallet can spend, once per id. It never touches the call's own money."""
    services, order = ask.services, ask.body_as(resources.GiveTip)
    account, side = await mine(ask)
    if not _may_tip(ask, account):
        raise Problem("tip.closed")
    call_id, wallet_id = account.terms.call_id, account.terms.wallet_id
    # The tip's id carries the wallet's, so that no one can use up another person's ids.
    given = await services.after_calls.tip(
        call_id, f"{wallet_id}:{order.id}", order.amount_minor, iso(services.clock.wall())
    )
    if isinstance(given, Refused):
        raise views.refusal(given)
    if not given.again:
        # A retry, or somebody who plays one over and over, must not look like one tip more.
        services.desk.tipped(call_id, given.host_minor, account.terms.tariff.currency)
    # Live calls of this wallet have less to go on with: their meters ask anew.
    services.desk.funds_arrived(wallet_id)
    return await _after(ask, account, side)


async def rate_call(ask: Ask) -> resources.AfterCall:
    """Rate a call that was paid for a minute at least; for a day the rating can be changed."""
    services, order = ask.services, ask.body_as(resources.Rate)
    account, side = await mine(ask)
    terms, now = account.terms, services.clock.wall()
    known = await services.ratings.get(terms.call_id)
    if not _may_rate(ask, account, known):
        raise Problem("rating.too_late" if known else "rating.too_short")
    moment, said = iso(now), order.text.strip()
    rating = Rating(terms.call_id, terms.host_id, terms.wallet_id, order.stars, said, moment, moment)
    await services.ratings.put(rating)
    return await _after(ask, account, side)


async def open_dispute(ask: Ask) -> resources.AfterCall:
    """Object to what a call cost, within two days; asking again changes nothing."""
    services, order = ask.services, ask.body_as(resources.OpenDispute)
    account, side = await mine(ask)
    call_id = account.terms.call_id
    if (await services.after_calls.of(call_id)).dispute is None:
        if account.state != "settled" or account.charge_minor == 0:
            raise Problem("dispute.nothing")
        if not _within(ask, account.ended_at, DISPUTE_H):
            raise Problem("dispute.too_late")
        await services.after_calls.object(call_id, order.reason.strip(), iso(services.clock.wall()))
    return await _after(ask, account, side)


async def answer_dispute(ask: Ask) -> resources.AfterCall:
    """The expert's word on a dispute that waits, once."""
    services, order = ask.services, ask.body_as(resources.AnswerDispute)
    account, side = await mine(ask)
    said = await services.after_calls.answer(
        account.terms.call_id, order.text.strip(), iso(services.clock.wall())
    )
    if isinstance(said, Refused):
        raise views.refusal(said)
    return await _after(ask, account, side)


async def refund_call(ask: Ask) -> resources.AfterCall:
    """Give a part of the charge back to the payer's wallet, with reversing entries; once per id."""
    services, order = ask.services, ask.body_as(resources.RefundCall)
    account, side = await mine(ask)
    call_id, wallet_id = account.terms.call_id, account.terms.wallet_id
    by, at = ask.who.person_id, iso(services.clock.wall())
    giver: Literal["host", "operator"] = "host" if side == "host" else "operator"
    if await services.deletions.has(wallet_id):
        # Nobody opens that wallet any more: the money would be nobody's.
        raise Problem("wallet.unknown")
    wanted = RefundOrder(f"{call_id}:{order.id}", order.amount_minor, giver, by, order.reason.strip(), at)
    given = await services.after_calls.refund(call_id, wanted)
    if isinstance(given, Refused):
        raise views.refusal(given)
    services.desk.funds_arrived(wallet_id)
    return await _after(ask, account, side)


async def list_disputes(ask: Ask) -> resources.DisputeList:
    """Those that wait for a decision, the oldest first, then those decided last. An expert sees the own."""
    services, state = ask.services, ask.query.get("state", "")
    if state and state not in get_args(DisputeState):
        raise Problem("request.invalid", "state is open, refunded or declined.")
    found = []
    wanted = cast("DisputeState", state) if state else None
    host_id = ask.who.person_id if ask.who.role == "expert" else None
    for dispute in await services.after_calls.disputes(wanted, host_id=host_id):
        account = await services.ledger.call(dispute.call_id)
        terms, after = account.terms, await services.after_calls.of(dispute.call_id)
        payer_name = FORMER if await services.deletions.has(terms.wallet_id) else terms.payer_name
        found.append(
            resources.DisputedCall(
                terms.call_id, payer_name, terms.host_name, account.ended_at, account.used_ms,
                terms.tariff.currency, account.charge_minor, after.refunded_minor, _dispute(dispute),
            )
        )  # fmt: skip
    return resources.DisputeList(found)


async def decide_dispute(ask: Ask) -> resources.AfterCall:
    """Refund all that is left of the charge, a part of it, or nothing more. Once, with a reason."""
    services, order = ask.services, ask.body_as(resources.DecideDispute)
    account, side = await mine(ask)
    decision = Decision(
        order.refund_minor, order.answer.strip(), ask.who.person_id, iso(services.clock.wall())
    )
    decided = await services.after_calls.decide(account.terms.call_id, decision)
    if isinstance(decided, Refused):
        raise views.refusal(decided)
    if order.refund_minor:
        services.desk.funds_arrived(account.terms.wallet_id)
    return await _after(ask, account, side)


async def get_rating(ask: Ask) -> resources.Reputation:
    """How an expert is rated, for everybody."""
    person = await ask.services.people.by_slug(ask.path["slug"])
    if person is None:
        raise Problem("expert.unknown")
    standing = await ask.services.ratings.standing(person.id)
    return resources.Reputation(standing.count, standing.stars_tenths)


# -- what may be done, and how it looks --------------------------------------------------------------------


async def _after(ask: Ask, account: CallAccount, side: Side) -> resources.AfterCall:
    terms, services = account.terms, ask.services
    after = await services.after_calls.of(terms.call_id)
    rating, dispute = await services.ratings.get(terms.call_id), after.dispute
    payer, settled = side == "payer", account.state == "settled"
    gone = await services.deletions.has(terms.wallet_id)
    may_dispute = payer and settled and dispute is None and account.charge_minor > 0
    return resources.AfterCall(
        call=terms.call_id,
        side="payer" if payer else "host" if side == "host" else "operator",
        currency=terms.tariff.currency,
        charge_minor=account.charge_minor,
        refunded_minor=after.refunded_minor,
        refundable_minor=0 if payer or gone else _refundable(account, after),
        tips=[_tip(tip, side) for tip in after.tips],
        refunds=[_refund(each, side) for each in after.refunds],
        rating=None if rating is None else _rating(rating),
        dispute=None if dispute is None else _dispute(dispute),
        may_rate=payer and _may_rate(ask, account, rating),
        may_tip=payer and _may_tip(ask, account),
        may_dispute=may_dispute and _within(ask, account.ended_at, DISPUTE_H),
        may_answer=side == "host"
        and dispute is not None
        and dispute.state == "open"
        and not dispute.host_answer,
        dispute_until=_later(account.ended_at, DISPUTE_H) if settled else "",
    )


def _refundable(account: CallAccount, after: Aftermath) -> int:
    return account.charge_minor - after.refunded_minor if account.state == "settled" else 0


def _may_tip(ask: Ask, account: CallAccount) -> bool:
    """From the moment the call was taken, and for two days after they talked."""
    if account.state == "open":
        known = ask.services.desk.view(account.terms.call_id)
        return known is not None and known.state == "open"
    return account.used_ms > 0 and _within(ask, account.ended_at, TIP_H)


def _may_rate(ask: Ask, account: CallAccount, known: Rating | None) -> bool:
    tariff, used_ms = account.terms.tariff, account.used_ms
    paid_ms = used_ms - Price.of(tariff, account.events).gifted_ms(used_ms) - tariff.free_ms
    if account.state != "settled" or account.charge_minor == 0 or paid_ms < RATE_AFTER_MS:
        return False
    return known is None or _within(ask, known.given_at, RATING_H)


def _within(ask: Ask, since: str, hours: int) -> bool:
    if not since:
        return False
    return ask.services.clock.wall() <= datetime.fromisoformat(since) + timedelta(hours=hours)


def _later(since: str, hours: int) -> str:
    return iso(datetime.fromisoformat(since) + timedelta(hours=hours)) if since else ""


def _tip(tip: Tip, side: Side) -> resources.TipView:
    return resources.TipView(tip.host_minor if side == "host" else tip.amount_minor, tip.at)


def _rating(rating: Rating) -> resources.RatingView:
    return resources.RatingView(rating.stars, rating.text, rating.given_at, _later(rating.given_at, RATING_H))


def _refund(refund: CallRefund, side: Side) -> resources.CallRefundView:
    payer, owed_minor = side == "payer", refund.host_minor - refund.clawed_minor
    return resources.CallRefundView(
        refund.amount_minor, refund.by_side, refund.reason, refund.at, 0 if payer else refund.host_minor,
        0 if payer else owed_minor,
    )  # fmt: skip


def _dispute(dispute: Dispute) -> resources.DisputeView:
    return resources.DisputeView(
        dispute.state, dispute.opened_at, dispute.reason, dispute.host_answer, dispute.answered_at,
        dispute.decision, dispute.decided_at,
    )  # fmt: skip


ROUTES: tuple[Route, ...] = (
    Route(
        "GET", f"{CALL}/after", get_after, "What comes after a call", resources.AfterCall,
        frozenset({*CALLERS, *OPERATOR}), codes=KNOWN, scope="calls:read",
    ),
    Route(
        "POST", f"{CALL}/tips", give_tip, "Give a tip", resources.AfterCall, CLIENT, body=resources.GiveTip,
        status=201,
        codes=(*KNOWN, "tip.closed", "wallet.insufficient", "metering.id_reused", "metering.amount"),
    ),
    Route(
        "POST", f"{CALL}/rating", rate_call, "Rate a call", resources.AfterCall, CLIENT, body=resources.Rate,
        codes=(*KNOWN, "rating.too_short", "rating.too_late"),
    ),
    Route(
        "POST", f"{CALL}/dispute", open_dispute, "Object to a charge", resources.AfterCall, CLIENT,
        body=resources.OpenDispute, status=201, codes=(*KNOWN, "dispute.nothing", "dispute.too_late"),
    ),
    Route(
        "POST", f"{CALL}/dispute/answer", answer_dispute, "Answer a dispute", resources.AfterCall, EXPERT,
        body=resources.AnswerDispute,
        codes=(*KNOWN, "dispute.none", "dispute.decided", "dispute.answered"),
    ),
    Route(
        "POST", f"{CALL}/refunds", refund_call, "Refund a call", resources.AfterCall,
        frozenset({*EXPERT, *OPERATOR}), body=resources.RefundCall, status=201,
        codes=(
            *KNOWN, "refund.amount", "refund.earnings", "wallet.unknown", "metering.id_reused",
            "metering.amount",
        ),
    ),
    Route(
        "GET", "/api/v1/disputes", list_disputes, "Disputes", resources.DisputeList,
        frozenset({*EXPERT, *OPERATOR}),
        query=("state",), codes=("metering.unavailable",), scope="calls:read",
    ),
    Route(
        "POST", "/api/v1/disputes/{call_id}/decision", decide_dispute, "Decide a dispute",
        resources.AfterCall, OPERATOR, body=resources.DecideDispute,
        codes=(*KNOWN, "dispute.none", "dispute.decided", "refund.amount"),
    ),
    Route(
        "GET", "/api/v1/experts/{slug}/rating", get_rating, "How an expert is rated", resources.Reputation,
        codes=("expert.unknown",),
    ),
)  # fmt: skip
