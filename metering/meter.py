"""The meter: counts one payer's part of one call. Sans-IO, like h11: `handle(event, now) -> actions`.

It runs only while payer and host both deliver media, nobody has paused, and a grant covers the next
millisecond. It never reads a clock and never asks a ledger: events come in, orders go out, `deadline()` says
when it wants `handle(Woke(), now)` next.

THEORY. Facts change the books; the state is read off them; the table `TRANSITIONS` says what a change of
state orders; `handle` alone assigns it. The state is the first of these that holds:

    ended         the call was closed
    exhausted     the grant is used up (or there never was one): media is held, the soft landing runs
    paused        somebody has paused: media is held
    reconnecting  a party delivered media before and does not now
    waiting       a party never did yet, or the first grant was not answered yet
    running       none of these: an interval is open

*Beginning.* An interval begins at the latest of: both parties' media up, the first grant, the end of the last
pause or soft landing, the end of the last interval. `MediaUp` may be dated back; no other condition is.

*Ending.* A fact that ends usage says one thing: nothing counts from its instant on. For a pause or the end of
the grant the instant is its own; for `MediaDown` and `Closed` it lies before the news. So usage that was
counted meanwhile is taken back, even from intervals that were already closed and recorded: a further
`Stopped` corrects the chain downwards (`metering.usage`). News may lower usage; only time raises it.

*Order.* What fell due before a fact's instant happens before the fact: `handle` first lets the grant run out
if it did, then takes the fact, then looks again at `now`. A timer that fires late costs the payer nothing.

*Money.* Usage never passes what the hold affords, so charge(used) <= hold at every instant. The first ask is
for the shortest quantum, as the funds are not known yet. The warning and the end of the known funds are
deadlines: they move with every grant. The payer's own cap works like the end of the funds: no ask goes beyond
it, so the hold does not, and what the hold affords does not. Exhaustion by the cap is told by a hold that has
reached it, by an empty wallet from a ledger that does not answer by whether the last grant was final.
A gift of time by the host changes the price of what comes (`metering.price`): the hold affords more at once.

*Soft landing.* One per exhaustion, from the instant the meter noticed; pauses, lost media and failed asks
neither stop nor prolong it. A grant that covers more ends it; a late fact that gives usage back ends it too.
At its end `CutOff` is ordered once, and only `Closed` follows.

*Recording.* `Record` carries events with an empty `at`: the meter knows no wall clock. The caller puts the
wall time of `event.at_ms` in with `dataclasses.replace` before it stores the event.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from .credit import Credit
from .exchange import (
    Action,
    AskGrant,
    Capped,
    Changed,
    Closed,
    CutOff,
    Event,
    FundsArrived,
    Gifted,
    GrantFailed,
    GrantGiven,
    HoldMedia,
    MediaDown,
    MediaUp,
    MeterOptions,
    Paused,
    Reading,
    Record,
    ReleaseMedia,
    Resumed,
    Settle,
    Shortage,
    State,
    Warn,
    Why,
    Woke,
)  # fmt: skip
from .facts import Began, BeginReason, EndReason, Gift, Stopped
from .price import Price
from .sides import Sides
from .tally import Tally
from .tariff import Tariff
from .transitions import GONE_ON, TRANSITIONS, Effect

__all__ = [
    "TRANSITIONS",
    "Action",
    "AskGrant",
    "Capped",
    "Changed",
    "Closed",
    "CutOff",
    "Effect",
    "Event",
    "FundsArrived",
    "Gifted",
    "GrantFailed",
    "GrantGiven",
    "HoldMedia",
    "MediaDown",
    "MediaUp",
    "Meter",
    "MeterOptions",
    "Paused",
    "Reading",
    "Record",
    "ReleaseMedia",
    "Resumed",
    "Settle",
    "State",
    "Warn",
    "Why",
    "Woke",
]

# Media that returns is believed after half a second and counts from the beginning of that: a grant that is
# nearly used up has to reach so much further, or the call would stutter just when it goes on.
_COMING_BACK_MS: Final = 500


class Meter:
    """One payer's meter. Not thread-safe, not re-entrant, holds no resources."""

    def __init__(
        self, tariff: Tariff, options: MeterOptions, now_ms: int, cap_minor: int | None = None
    ) -> None:
        self._options = options
        self._state: State = "waiting"
        self._sides = Sides()
        quanta = options.min_quantum_ms, options.max_quantum_ms
        self._credit = Credit(Price(tariff), cap_minor, *quanta, options.retry_ms)
        self._tally = Tally(now_ms)
        self._now_ms = self._open_since_ms = now_ms
        self._begun = self._spent = self._cut = self._closed = False
        self._short: Shortage = "ledger_silent"
        self._went_on: BeginReason = "granted"
        self._soft_until_ms = now_ms
        self._warned = self._news = False
        self._last_stop: Stopped | None = None
        self._told = self._outlook()
        self._proven_ms: int | None = None
        self._orders: list[Action] = []

    def start(self, now_ms: int) -> list[Action]:
        """Ask for the first grant (the call was accepted)."""
        if not self._credit.answered:
            self._credit.want()
        return self.handle(Woke(), now_ms)

    def handle(self, event: Event, now_ms: int, proven_ms: int | None = None) -> list[Action]:
        """Take a fact, give orders. After `Settle` every event is ignored.

        `proven_ms`: the delivery of both parties is proven up to there only (a probe is under way). An
        interval that closes in this very call closes there at the latest, whatever closes it: a pause or
        the exhaustion may come before the loss of a party is detected. None: proven up to now.
        """
        if self._state == "ended":
            return []
        self._now_ms = now_ms = max(now_ms, self._now_ms)
        self._proven_ms, self._orders = proven_ms, []
        dated_ms = min(event.at_ms, now_ms) if isinstance(event, MediaDown | Closed) else now_ms
        for fact, instant_ms in ((Woke(), dated_ms), (event, dated_ms), (Woke(), now_ms)):
            self._absorb(fact, instant_ms)
            state, _ = self._standing()
            if state != self._state:
                for effect in TRANSITIONS[self._state][state]:
                    self._obey(effect, state)
                self._state = state
            if state == "ended":
                break
        else:
            self._look_ahead()
        if (outlook := self._outlook()) != self._told:
            self._told = outlook
            self._orders.append(Changed())
        return self._orders

    def deadline(self) -> int | None:
        """The instant (ms) at which `Woke` is wanted next; None when only events matter."""
        if self._state == "ended" or self._cut:
            return None
        due = [self._credit.retry_at_ms]
        if self._state == "exhausted":
            due.append(self._soft_until_ms)
        if self._tally.running:
            marks = [self._credit.renew_ms, self._warn_mark_ms(), self._free_mark_ms()]
            due += [self._tally.instant_of(mark) for mark in marks if mark is not None]
            due.append(self.runs_out_ms())
        return min((instant for instant in due if instant is not None), default=None)

    def reading(self, now_ms: int) -> Reading:
        """The figures at `now_ms`."""
        used_ms = self._used_ms(now_ms)
        return Reading(
            state=self._state,
            why=self._standing()[1],
            used_ms=used_ms,
            charge_minor=self._charge_minor(used_ms),
            left_ms=self._credit.left_ms(used_ms),
            low=self._low(used_ms),
            soft_left_ms=max(0, self._soft_until_ms - now_ms) if self._state == "exhausted" else None,
            cap_minor=self._credit.cap_minor,
            cap_binds=self._credit.cap_binds,
            gifted_ms=self._credit.price.gifted_ms(used_ms),
            gift_left_ms=self._credit.price.gift_left_ms(used_ms),
            pause_note=self._sides.pause_note(),
        )

    def runs_out_ms(self) -> int | None:
        """When (ms) the running interval will have used up the grant; None: nothing runs, or for ever."""
        return None if self._credit.unlimited else self._tally.instant_of(self._credit.covered_ms)

    def running_since(self) -> tuple[int, int] | None:
        """(began_ms, used_ms before it) of the running interval, or None."""
        start_ms = self._tally.start_ms
        return None if start_ms is None else (start_ms, self._tally.before_ms)

    # -- facts ----------------------------------------------------------------------------------------------

    def _absorb(self, fact: Event, instant_ms: int) -> None:
        """Put a fact into the books. Nothing here reads or assigns the state."""
        credit = self._credit
        match fact:
            case Woke():
                self._absorb_time(instant_ms)
            case MediaUp(party, at_ms):
                self._sides.up(party, min(at_ms, instant_ms))
            case MediaDown(party):
                self._sides.down(party, instant_ms)
                self._stop(instant_ms, "payer_lost" if party == "payer" else "host_lost")
                if credit.answered:
                    self._judge(self._tally.before_ms)
            case Paused(party, note):
                self._sides.pause(party, True, note)
                reason: EndReason = "payer_paused" if party == "payer" else "host_paused"
                self._stop(instant_ms, reason, note)
                self._note(reason, note)
            case Resumed(party):
                self._sides.pause(party, False)
            case GrantGiven() | GrantFailed() | FundsArrived() | Capped():
                self._absorb_money(fact, instant_ms)
            case Gifted(gift_ms):
                self._absorb_gift(gift_ms, instant_ms)
            case Closed(reason):
                self._stop(instant_ms, reason)
                self._closed = True

    def _absorb_money(self, fact: GrantGiven | GrantFailed | FundsArrived | Capped, instant_ms: int) -> None:
        credit = self._credit
        match fact:
            case GrantGiven():
                self._absorb_grant(fact, instant_ms)
            case GrantFailed():
                credit.fail(instant_ms)
                if not credit.answered:
                    self._spent = True
                if self._spent and not (credit.answered and (credit.capped or credit.final)):
                    self._short = "ledger_silent"
            case FundsArrived():
                self._news = True
                credit.want()
            case Capped(cap_minor):
                self._absorb_cap(cap_minor, instant_ms)

    def _absorb_time(self, instant_ms: int) -> None:
        end_ms = self._tally.instant_of(self._credit.covered_ms)
        if end_ms is not None and instant_ms >= end_ms:
            self._spent, self._short = True, self._shortage()
            self._stop(end_ms, self._short)

    def _absorb_grant(self, grant: GrantGiven, instant_ms: int) -> None:
        credit, horizon_ms = self._credit, self._credit.horizon_ms
        if not credit.answered:
            self._open_since_ms = instant_ms
        used_ms = self._used_ms(instant_ms)
        credit.give(grant.held_minor, grant.final, grant.funds_minor, grant.sharers, used_ms)
        if self._news and horizon_ms is not None and (credit.horizon_ms or 0) > horizon_ms:
            self._news = self._warned = False
        self._judge(used_ms)
        if self._spent:
            self._short = self._shortage()

    def _absorb_cap(self, cap_minor: int | None, instant_ms: int) -> None:
        """A raised cap goes on at once where the hold reaches further, else with the next grant."""
        credit, used_ms = self._credit, self._used_ms(instant_ms)
        horizon_ms = credit.horizon_ms
        credit.cap(cap_minor, used_ms)
        if (credit.horizon_ms or 0) > (horizon_ms or 0):
            self._warned = False
        if credit.answered:
            self._judge(used_ms)
            if self._spent and credit.capped:
                self._short = "cap"

    def _absorb_gift(self, gift_ms: int, instant_ms: int) -> None:
        """Time that is not billed: it prolongs what the hold and the funds afford, at once."""
        credit, used_ms = self._credit, self._used_ms(instant_ms)
        credit.reprice(credit.price.given(used_ms, gift_ms), used_ms)
        self._orders.append(Record(Gift(instant_ms, "", used_ms, gift_ms)))
        if credit.answered:
            self._judge(used_ms, "gift")
            if not self._low(used_ms):
                self._warned = False

    def _judge(self, used_ms: int, rescued_by: BeginReason | None = None) -> None:
        """Whether the grant is used up; if it is no longer, remember what goes on with the call."""
        was_spent, self._spent = self._spent, used_ms >= self._credit.covered_ms
        if was_spent and not self._spent:
            self._went_on = rescued_by or GONE_ON[self._short]

    def _shortage(self) -> Shortage:
        """Why there is no more to go on with."""
        if self._credit.capped:
            return "cap"
        return "funds" if self._credit.final else "ledger_silent"

    def _stop(self, at_ms: int, reason: EndReason, note: str = "") -> None:
        """Let nothing count from `at_ms` on, and record it where that changes anything."""
        if self._tally.running and self._proven_ms is not None:
            at_ms = min(at_ms, self._proven_ms)
        stopped_ms = self._tally.stop(at_ms)
        if stopped_ms is not None:
            used_ms, credit = self._tally.before_ms, self._credit
            if (price := credit.price.cut(used_ms)) is not credit.price:
                credit.reprice(price, used_ms)
            self._last_stop = Stopped(stopped_ms, "", used_ms, reason, note)
            self._orders.append(Record(self._last_stop))

    def _note(self, reason: EndReason, note: str) -> None:
        """A word about a pause may come after it: the last stop is told again, with the note."""
        last = self._last_stop
        if last is not None and not self._tally.running and last.reason == reason and last.note != note != "":
            self._last_stop = replace(last, note=note)
            self._orders.append(Record(self._last_stop))

    # -- states ---------------------------------------------------------------------------------------------

    def _standing(self) -> tuple[State, Why]:
        """The state that the books call for, and why. See THEORY for the order."""
        if self._closed:
            return "ended", "ended"
        if self._spent or self._cut:
            return "exhausted", self._short
        if (obstacle := self._sides.obstacle()) is not None:
            return obstacle
        if not self._credit.answered:
            return "waiting", "granting"
        return "running", self._bill()

    def _obey(self, effect: Effect, state: State) -> None:
        """Order what `TRANSITIONS` wants on the way to `state`."""
        match effect:
            case "begin":
                self._begin()
            case "hold" if state == "exhausted":
                self._soft_until_ms = self._now_ms + self._options.soft_landing_ms
                self._orders.append(HoldMedia(self._soft_until_ms))
            case "hold":
                self._orders.append(HoldMedia())
            case "release":
                self._open_since_ms = self._now_ms
                self._orders.append(ReleaseMedia())
            case "settle":
                used_ms = self._tally.before_ms
                self._orders.append(Settle(used_ms, self._charge_minor(used_ms)))

    def _begin(self) -> None:
        reason: BeginReason = "media_up"
        if self._begun:
            match self._state:
                case "paused":
                    reason = "resumed"
                case "exhausted":
                    reason = self._went_on
                case _:
                    reason = "reconnected"
        self._begun = True
        start_ms = self._tally.begin(max(self._sides.both_up_since_ms(), self._open_since_ms))
        self._orders.append(Record(Began(start_ms, "", self._tally.before_ms, reason)))

    # -- deadlines and figures ------------------------------------------------------------------------------

    def _look_ahead(self) -> None:
        """Order what is due now and changes no state: the next ask, the warning, the cut."""
        used_ms = self._used_ms(self._now_ms)
        if self._state == "exhausted" and self._now_ms >= self._soft_until_ms and not self._cut:
            self._cut = True
            self._orders.append(CutOff(self._short))
        if self._cut:
            return
        back_ms = _COMING_BACK_MS if self._state == "reconnecting" else 0
        to_minor = self._credit.ask(used_ms + back_ms, self._now_ms)
        if to_minor is not None:
            self._orders.append(AskGrant(to_minor))
        if self._state == "running" and not self._warned and self._low(used_ms):
            self._warned = True
            self._orders.append(Warn(self._credit.left_ms(used_ms) or 0))

    def _used_ms(self, instant_ms: int) -> int:
        if not self._tally.running:
            return self._tally.before_ms
        return min(self._tally.used_at(instant_ms), self._credit.covered_ms)

    def _charge_minor(self, used_ms: int) -> int:
        return min(self._credit.price.charge(used_ms), self._credit.held_minor)

    def _low(self, used_ms: int) -> bool:
        left_ms = self._credit.left_ms(used_ms)
        return left_ms is not None and left_ms <= self._options.warn_left_ms

    def _bill(self) -> Literal["running", "free", "gift"]:
        """Whether this millisecond is billed, and if not, why."""
        price, used_ms = self._credit.price, self._used_ms(self._now_ms)
        if price.tariff.price_minor and price.gift_left_ms(used_ms):
            return "gift"
        return "free" if price.tariff.price_minor == 0 or self._free_mark_ms() is not None else "running"

    def _free_mark_ms(self) -> int | None:
        """The usage at which the gift in use, or else the free time, ends, if that is still to come."""
        price, used_ms = self._credit.price, self._used_ms(self._now_ms)
        if price.tariff.price_minor == 0:
            return None
        left_ms = price.gift_left_ms(used_ms)
        left_ms = left_ms or price.tariff.free_ms - used_ms + price.gifted_ms(used_ms)
        return used_ms + left_ms if left_ms > 0 else None

    def _warn_mark_ms(self) -> int | None:
        """The usage at which the funds are low, if that is still to come."""
        used_ms = self._used_ms(self._now_ms)
        left_ms = self._credit.left_ms(used_ms)
        if left_ms is None or left_ms <= self._options.warn_left_ms:
            return None
        return used_ms + left_ms - self._options.warn_left_ms

    def _outlook(self) -> tuple[object, ...]:
        """All that a view is drawn from besides the passing of time: a new one is sent when this changes."""
        return (
            *self._standing(),
            self._low(self._used_ms(self._now_ms)),
            self._credit.horizon_ms,
            self._credit.cap_minor,
            self._credit.cap_binds,
            self._credit.price.gifts,
            self._sides.pause_note(),
            self._tally.start_ms,
            self._tally.before_ms,
            self._soft_until_ms,
        )
