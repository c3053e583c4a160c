"""A call's meter with its ledger: turns the meter's orders about money into requests, and answers into facts.

`AskGrant` becomes a child task that extends the hold and posts `GrantAnswered`, in time or not at all.
`Record` and `Settle` go through the books. What concerns people and media (hold, release, warn, cut off) is
handed back to the call's actor. Nothing here waits: a slow ledger never moves a hang-up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog

from metering.errors import Fenced, MeteringError
from metering.errors import Refused as LedgerRefused
from metering.facts import CallTerms, Grant, Party, Settlement
from metering.facts import EndReason as MeterEndReason
from metering.meter import (
    Action,
    AskGrant,
    Capped,
    Changed,
    Closed,
    CutOff,
    FundsArrived,
    Gifted,
    GrantFailed,
    GrantGiven,
    HoldMedia,
    Meter,
    Paused,
    Reading,
    Record,
    ReleaseMedia,
    Settle,
    Warn,
    Woke,
)
from metering.meter import Event as MeterFact

from .allowance import Allowance
from .books import Books
from .clock import iso_at
from .errors import Refused
from .events import Event, GrantAnswered
from .messages import EndReason
from .ports import MoneyPorts
from .supervisor import within
from .views import CallFunds

log = structlog.get_logger("signaling.call_meter")

Order = Warn | HoldMedia | ReleaseMedia | CutOff | Changed
# How the meter names what the call's end was, for the interval that it closes.
_METER_REASONS: Final[dict[EndReason, MeterEndReason]] = {
    "payer_left": "payer_left",
    "host_left": "host_left",
    "payer_gone": "payer_lost",
    "host_gone": "host_lost",
    "room_empty": "payer_lost",
    "setup_timeout": "payer_lost",
    "funds": "funds",
    "cap": "cap",
    "ledger_silent": "ledger_silent",
    "operator": "operator",
    "shutdown": "shutdown",
    "recovered": "recovered",
    "declined": "host_left",
    "passed": "host_left",
    "no_answer": "host_left",
    "host_offline": "host_left",
    "cancelled": "payer_left",
}
_PAUSES_PER_SECOND: Final = 1
NOTHING_USED = Settle(used_ms=0, charge_minor=0)


class CallMeter:
    """One call's meter. `post` puts an event into the call's inbox.

    `proven_ms`, asked at an instant, says up to where the delivery of both parties is proven, None if up to
    then. It bounds whatever closes an interval: a pause, the other party's loss, an answer of the ledger.
    What is closed is written at once, and after a crash nobody is there any more to take it back.
    """

    def __init__(
        self, terms: CallTerms, funds: CallFunds, ports: MoneyPorts, post: Callable[[Event], object],
        proven_ms: Callable[[int], int | None],
    ) -> None:  # fmt: skip
        self.terms = terms
        self._proven_ms = proven_ms
        self._cap_minor = funds.cap_minor
        self._ports, self._post = ports, post
        self._meter: Meter | None = None
        self._held_minor, self._available_minor = 0, funds.available_minor
        self._settle: Settle | None = None
        self._failing = False
        self._gifts = 0
        self._pauses: dict[Party, Allowance] = {}
        self._look_ms: int | None = None
        self.books = Books(terms.call_id, ports, post)

    @property
    def funds_minor(self) -> int:
        """What the call may cost in all, as last heard: its hold and the wallet's available balance."""
        return self._held_minor + self._available_minor

    @property
    def started(self) -> bool:
        """Whether the call was accepted."""
        return self._meter is not None

    def start(self, now_ms: int) -> list[Order]:
        """The call was accepted: ask for the first grant."""
        self._meter = Meter(self.terms.tariff, self._ports.options.meter, now_ms, self._cap_minor)
        return self._obey(self._meter.start(now_ms))

    def tell(self, fact: MeterFact, now_ms: int) -> list[Order]:
        """Tell the meter a fact; before the start nothing counts. Returns what the actor has to do."""
        self._look_ms = None
        if self._meter is None:
            return []
        return self._obey(self._meter.handle(fact, now_ms, self._proven_ms(now_ms)))

    def ring(self, now_ms: int) -> list[Order]:
        """The alarm rang: wake the meter if it wants to be woken by now.

        When the grant ends before it is proven that media was delivered so far, packets may just be late (a
        busy browser). What they do not prove would be given back, and money be left with which nothing can
        be bought. So the end waits for the proof, though not for long; the meter counts no further meanwhile.
        """
        deadline_ms = self.deadline()
        if deadline_ms is None or deadline_ms > now_ms:
            return []
        if self._awaits_proof(now_ms):
            self._look_ms = now_ms + self._ports.options.proof_look_ms
            return []
        return self.tell(Woke(), now_ms)

    def _awaits_proof(self, now_ms: int) -> bool:
        end_ms = None if self._meter is None else self._meter.runs_out_ms()
        if end_ms is None or not end_ms <= now_ms < end_ms + self._ports.options.late_proof_ms:
            return False
        proven_ms = self._proven_ms(now_ms)
        return proven_ms is not None and proven_ms < end_ms

    def granted(self, answer: Grant | LedgerRefused | None, now_ms: int) -> list[Order]:
        """Pass the ledger's answer on to the meter."""
        if not isinstance(answer, Grant):
            self._ports.metrics.count("grants", result="failed")
            if not self._failing:
                log.warning("grant_failed", call=self.terms.call_id)
            self._failing = True
            return self.tell(GrantFailed(), now_ms)
        self._failing = False
        self._ports.metrics.count("grants", result="final" if answer.final else "given")
        self._held_minor, self._available_minor = answer.held_minor, answer.available_minor
        given = GrantGiven(answer.held_minor, answer.final, self.funds_minor, max(1, answer.open_holds))
        return self.tell(given, now_ms)

    def funds_arrived(self, now_ms: int) -> list[Order]:
        """Money arrived in the wallet."""
        return self.tell(FundsArrived(), now_ms)

    def cap(self, cap_minor: int | None, now_ms: int) -> list[Order] | Refused:
        """The payer's new cap, or none; also while the call rings. Refusal: cap.too_low."""
        charged_minor = 0 if self._meter is None else self._meter.reading(now_ms).charge_minor
        if cap_minor is not None and cap_minor < charged_minor:
            return Refused.of("cap.too_low")
        self._cap_minor = cap_minor
        return self.tell(Capped(cap_minor), now_ms)

    def end(self, reason: EndReason, at_ms: int, proof_ms: int | None) -> Settle:
        """Close the meter at the last proof of life of both parties, and have the call settled.

        A call that never started costs nothing.
        """
        closed_ms = at_ms if proof_ms is None else min(at_ms, proof_ms)
        self.tell(Closed(_METER_REASONS[reason], closed_ms), at_ms)
        order = self._settle or NOTHING_USED
        ended_at = iso_at(self._ports.clock, at_ms)
        self.books.settle(Settlement(self.terms.call_id, order.used_ms, reason, ended_at))
        return order

    def pause(self, party: Party, note: str, now_ms: int) -> list[Order] | Refused:
        """Payer or host pauses. Refusal: rate.limited, for every pause stands in the books for good."""
        allowance = self._pauses.setdefault(
            party, Allowance(now_ms, _PAUSES_PER_SECOND, self._ports.options.pauses_at_once)
        )
        if allowance.take(now_ms) != "pass":
            return Refused.of("rate.limited")
        return self.tell(Paused(party, note), now_ms)

    def gift(self, gift_ms: int, now_ms: int) -> list[Order] | Refused:
        """The host gives time away. Refusal: gift.limit."""
        if self._gifts >= self._ports.options.max_gifts:
            return Refused.of("gift.limit")
        self._gifts += 1
        return self.tell(Gifted(gift_ms), now_ms)

    @property
    def cap_minor(self) -> int | None:
        """The payer's own cap, also before the call was accepted."""
        return self._cap_minor

    def reading(self, now_ms: int) -> Reading | None:
        """The figures; None before the call was accepted."""
        return None if self._meter is None else self._meter.reading(now_ms)

    def deadline(self) -> int | None:
        """When `ring` is wanted."""
        deadline_ms = None if self._meter is None else self._meter.deadline()
        if deadline_ms is None or self._look_ms is None:
            return deadline_ms
        return max(deadline_ms, self._look_ms)

    def claimable_ms(self, proof_ms: int | None, overdue_ms: int | None) -> int | None:
        """Up to where the heartbeat may claim usage of this call; None while nothing can be used of it.

        `proof_ms` is the proof of life of both parties. An end that is not written yet, one that was due
        at `overdue_ms` but was not noticed yet (a late timer), and the end of the grant, which may wait for
        its proof, bound the claim as well. A stopped call is bounded too: media that returns counts from half
        a second back, so an interval may yet begin before this beat's instant, while the other is silent
        and nobody has noticed.
        """
        if self._meter is None:
            return None
        unwritten_ms, running = self.books.unwritten_stop_ms(), self._meter.running_since()
        if running is None:
            claim_ms = proof_ms or 0
        else:
            claim_ms = running[0] if proof_ms is None else proof_ms
            for bound_ms in (overdue_ms, self._meter.runs_out_ms()):
                claim_ms = claim_ms if bound_ms is None else min(claim_ms, bound_ms)
        return claim_ms if unwritten_ms is None else min(claim_ms, unwritten_ms)

    def _obey(self, actions: list[Action]) -> list[Order]:
        orders: list[Order] = []
        for action in actions:
            match action:
                case AskGrant(to_minor):
                    self._ports.supervisor.spawn(f"grant:{self.terms.call_id}", self._extend(to_minor))
                case Record(event):
                    self.books.record(event)
                case Settle():
                    self._settle = action
                case Warn(left_ms):
                    self._ports.on_low(self.terms.wallet_id, self.terms.call_id, left_ms)
                    orders.append(action)
                case HoldMedia() | ReleaseMedia() | CutOff() | Changed():
                    orders.append(action)
        return orders

    async def _extend(self, to_minor: int) -> None:
        ports, answer = self._ports, None
        try:
            answer = await within(
                ports.clock, ports.options.grant_timeout_ms, ports.ledger.extend(self.terms.call_id, to_minor)
            )
        except Fenced:
            ports.on_fenced()
        except (MeteringError, TimeoutError) as error:
            log.debug("grant_failed", call=self.terms.call_id, error=type(error).__name__)
        finally:
            # Also when this was cancelled or broke: the meter waits for one answer to each question.
            self._post(GrantAnswered(answer))
