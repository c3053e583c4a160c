"""What the domain's values look like to a browser: pure translations, no asking."""

from __future__ import annotations

from booking.people import Person, Rate
from metering.errors import Refused as MeteringRefused
from metering.facts import CallAccount
from metering.tariff import Tariff
from server import resources
from server.errors import Problem
from signaling.errors import Refused
from signaling.messages import CallView, TariffView


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


def tariff_view(tariff: Tariff) -> TariffView:
    """A tariff without the shares, which are between host and platform."""
    return TariffView(
        currency=tariff.currency,
        price_minor=tariff.price_minor,
        per_ms=tariff.per_ms,
        increment_ms=tariff.increment_ms,
        minimum_ms=tariff.minimum_ms,
        free_ms=tariff.free_ms,
    )


def join_token(given: tuple[str, str] | Refused) -> resources.JoinToken:
    """A token for a connection, or the desk's refusal as a problem."""
    if isinstance(given, Refused):
        raise refusal(given)
    token, expires_at = given
    return resources.JoinToken(token=token, expires_at=expires_at)


def refusal(refused: Refused | MeteringRefused) -> Problem:
    """An expected 'no' of another package as an HTTP problem."""
    return Problem(refused.code, refused.message if isinstance(refused, Refused) else "")


def settled_call(account: CallAccount, host: Person | None) -> resources.Call:
    """A call that the desk no longer knows, from its durable facts."""
    terms = account.terms
    view = CallView(
        id=terms.call_id,
        state="ended" if account.state == "settled" else "open",
        media="video",
        host_name=terms.host_name,
        host_slug=host.slug if host is not None else "",
        payer_name=terms.payer_name,
        created_at=terms.opened_at,
        tariff=tariff_view(terms.tariff),
        end_reason=account.reason,
    )
    return resources.Call(call=view, used_ms=account.used_ms, charge_minor=account.charge_minor)


def summary(account: CallAccount, person_id: str) -> resources.CallSummary:
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
    )
