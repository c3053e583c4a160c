"""What each role may see of a call. The host does not see the payer's balance, a guest sees no money."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypedDict

from metering.facts import CallAccount, CallMedia
from metering.meter import Reading, Settle
from metering.tariff import Tariff

from .messages import CallView, EndedMessage, EndReason, MeterView, Role, TariffView

CallState = Literal["ringing", "open", "ended"]


def tariff_view(tariff: Tariff) -> TariffView:
    """A tariff for the page; the host's share of it is nobody's business there."""
    return TariffView(
        tariff.currency,
        tariff.price_minor,
        tariff.per_ms,
        tariff.increment_ms,
        tariff.minimum_ms,
        tariff.free_ms,
    )


def hidden_tariff(tariff: Tariff) -> TariffView:
    """What a guest sees instead: a price of nothing."""
    return TariffView(tariff.currency, 0, tariff.per_ms, tariff.increment_ms, 0, 0)


@dataclass(frozen=True, slots=True)
class CallFunds:
    """What a call can draw on: hold and available balance, and the payer's own cap if there is one."""

    available_minor: int
    cap_minor: int | None = None


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What a call's view is made of and never changes."""

    id: str
    media: CallMedia
    payer_id: str
    payer_name: str
    wallet_id: str
    host_id: str
    host_name: str
    host_slug: str
    created_at: str
    tariff: Tariff

    def view(self, state: CallState, end_reason: EndReason | Literal[""], role: Role = "payer") -> CallView:
        """The call as `role` sees it."""
        tariff = hidden_tariff(self.tariff) if role == "guest" else tariff_view(self.tariff)
        return CallView(
            id=self.id, state=state, media=self.media, host_name=self.host_name, host_slug=self.host_slug,
            payer_name=self.payer_name, created_at=self.created_at, tariff=tariff, end_reason=end_reason,
        )  # fmt: skip


_RINGING = Reading(
    state="waiting",
    why="payer_connecting",
    used_ms=0,
    charge_minor=0,
    left_ms=None,
    low=False,
    soft_left_ms=None,
)


class _Told(TypedDict):
    """What everybody sees of the meter besides the figures."""

    gifted_ms: int
    gift_left_ms: int
    pause_note: str


def meter_view(facts: CallFacts, reading: Reading | None, funds: CallFunds, role: Role) -> MeterView:
    """The meter as `role` sees it. `reading` is None while the call rings."""
    figures = reading or replace(_RINGING, cap_minor=funds.cap_minor)
    funds_minor = funds.available_minor
    why = "ringing" if reading is None else figures.why
    more = _Told(
        gifted_ms=figures.gifted_ms, gift_left_ms=figures.gift_left_ms, pause_note=figures.pause_note
    )
    match role:
        case "payer":
            spendable_minor = funds_minor if funds.cap_minor is None else min(funds_minor, funds.cap_minor)
            left_ms = facts.tariff.affordable(spendable_minor) if reading is None else figures.left_ms
            return MeterView(
                figures.state, why, figures.used_ms, figures.charge_minor, tariff_view(facts.tariff),
                balance_minor=funds_minor - figures.charge_minor,
                left_ms=None if facts.tariff.price_minor == 0 else left_ms,
                low=figures.low, soft_left_ms=figures.soft_left_ms,
                cap_minor=figures.cap_minor, cap_binds=figures.cap_binds, **more,
            )  # fmt: skip
        case "host":
            return MeterView(
                figures.state, why, figures.used_ms, figures.charge_minor, tariff_view(facts.tariff),
                earned_minor=facts.tariff.host_share(figures.charge_minor),
                host_share_bp=facts.tariff.host_share_bp, soft_left_ms=figures.soft_left_ms, **more,
            )  # fmt: skip
        case "guest":
            return MeterView(
                figures.state, why, figures.used_ms, 0, hidden_tariff(facts.tariff),
                soft_left_ms=figures.soft_left_ms, **more,
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended. `order` is the meter's figure, `account` the ledger's once it has answered."""

    reason: EndReason
    note: str
    order: Settle
    funds_minor: int
    account: CallAccount | None = None

    @property
    def used_ms(self) -> int:
        """The usage."""
        return self.order.used_ms if self.account is None else self.account.used_ms

    @property
    def charge_minor(self) -> int:
        """What the payer is charged."""
        return self.order.charge_minor if self.account is None else self.account.charge_minor


def ended_message(facts: CallFacts, ending: Ending, role: Role, receipt: str) -> EndedMessage:
    """The last message of a call, as `role` sees it."""
    account, charge = ending.account, ending.charge_minor
    share = facts.tariff.host_share(charge) if account is None else account.host_share_minor
    balance = ending.funds_minor - charge if account is None else account.balance_after_minor
    return EndedMessage(
        call=facts.id, reason=ending.reason, note=ending.note, used_ms=ending.used_ms,
        charge_minor=0 if role == "guest" else charge, currency=facts.tariff.currency,
        receipt="" if role == "guest" else receipt,
        earned_minor=share if role == "host" else None, balance_minor=balance if role == "payer" else None,
        settled=account is not None,
    )  # fmt: skip
