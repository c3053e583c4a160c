"""What the domain's values look like to a browser: pure translations, no asking."""

from __future__ import annotations

import msgspec

from booking.people import Person, Rate
from booking.profiles import Face
from metering.errors import Refused as MeteringRefused
from metering.facts import CallAccount
from metering.history import Afterwards
from metering.tariff import Tariff
from server import resources
from server.errors import Problem
from signaling.desk import LiveView
from signaling.errors import Refused
from signaling.messages import CallView
from signaling.views import hidden_tariff, tariff_view


def tariff_of(rate: Rate, host_share_bp: int) -> Tariff:
    """The tariff that a call gets from an expert's rate."""
    return Tariff(
        currency=rate.currency,
        price_minor=rate.price_minor,
        per_ms=rate.per_ms,
        increment_ms=rate.increment_ms,
        minimum_ms=rate.minimum_ms,
        free_ms=rate.free_ms,
        host_share_bp=host_share_bp,
    )


def offers(face: Face) -> list[resources.OfferView]:
    """An expert's offers as everybody sees them, the default first."""
    return [
        resources.OfferView(
            id=offer.id,
            title=offer.title,
            media=offer.media,
            # The expert's share is between the expert and the house; no view of a tariff has it.
            tariff=tariff_view(tariff_of(offer.rate, 0)),
            is_default=offer.is_default,
        )
        for offer in face.offers
    ]


def photo_path(photo_id: str) -> str:
    """The path of a photo, empty when there is none."""
    return f"/photos/{photo_id}.jpg" if photo_id else ""


def join_token(given: tuple[str, str] | Refused) -> resources.JoinToken:
    """A token for a connection, or the desk's refusal as a problem."""
    if isinstance(given, Refused):
        raise refusal(given)
    token, expires_at = given
    return resources.JoinToken(token=token, expires_at=expires_at)


def refusal(refused: Refused | MeteringRefused) -> Problem:
    """An expected 'no' of another package as an HTTP problem."""
    return Problem(refused.code, refused.message if isinstance(refused, Refused) else "")


def settled_call(account: CallAccount, known: CallView | None, host: Person | None) -> resources.Call:
    """A call that is over, from its durable facts; `known` is the desk's memory of it, if it has one."""
    terms = account.terms
    view = known or CallView(
        id=terms.call_id,
        state="ended" if account.state == "settled" else "open",
        media=terms.media,
        host_name=terms.host_name,
        host_slug=host.slug if host is not None else "",
        payer_name=terms.payer_name,
        created_at=terms.opened_at,
        tariff=tariff_view(terms.tariff),
        end_reason=account.reason,
    )
    return resources.Call(call=view, used_ms=account.used_ms, charge_minor=account.charge_minor)


def without_money(call: resources.Call, tariff: Tariff) -> resources.Call:
    """The call as a guest sees it: what it costs is between payer and host."""
    view = msgspec.structs.replace(call.call, tariff=hidden_tariff(tariff))
    return resources.Call(call=view, used_ms=call.used_ms, charge_minor=0)


def without_payer(call: resources.Call, name: str) -> resources.Call:
    """The call with another name for who paid."""
    view = msgspec.structs.replace(call.call, payer_name=name)
    return msgspec.structs.replace(call, call=view)


def live_call(live: LiveView) -> resources.LiveCall:
    """A live call for the operator."""
    return resources.LiveCall(
        call=live.call,
        meter_state=live.meter_state,
        meter_why=live.meter_why,
        used_ms=live.used_ms,
        charge_minor=live.charge_minor,
    )


def summary(account: CallAccount, person_id: str, later: Afterwards) -> resources.CallSummary:
    """A line of the list: the payer sees the charge, the host the earnings, others the charge."""
    terms = account.terms
    is_host = person_id == terms.host_id
    return resources.CallSummary(
        id=terms.call_id,
        with_name=terms.payer_name if is_host else terms.host_name,
        opened_at=terms.opened_at,
        ended_at=account.ended_at,
        reason=account.reason,
        used_ms=account.used_ms,
        amount_minor=account.host_share_minor if is_host else account.charge_minor,
        currency=terms.tariff.currency,
        open=account.state == "open",
        with_id=terms.wallet_id if is_host else terms.host_id,
        refunded_minor=later.host_refunded_minor if is_host else later.refunded_minor,
    )


def renamed(line: resources.CallSummary, name: str) -> resources.CallSummary:
    """The line with another name for whom the call was with."""
    return msgspec.structs.replace(line, with_name=name)
