"""Whole calls on one wallet, under faults: meters, a ledger, a clock, and everything in between.

A `Node` is one server process: its calls, its requests to the ledger (one at a time, in order, late, failing
or with lost answers), its heartbeat. When it crashes, what was not written is gone; the next node takes the
books over and recovers. The world keeps the truth of what was delivered; `simulation.oracle` judges.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from random import Random
from typing import Any

from simulation.node import BEAT_MS, HOST, TIMEOUT_MS, WALLET, WINDOW_MS, Node, SimCall, finish_at_once, iso
from simulation.script import CallScript, Script

from metering.facts import (
    Began,
    CallAccount,
    CallTerms,
    EndReason,
    Grant,
    MeterEvent,
    Party,
    Settlement,
    Stopped,
)
from metering.ledger import Ledger
from metering.memory import Books, MemoryLedger
from metering.meter import (
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
    Meter,
    Paused,
    Record,
    ReleaseMedia,
    Resumed,
    Settle,
    Warn,
    Woke,
)


class World:
    """Run it once with `run`. The ledger is the one in memory unless another is given with its `finish`,

    which returns the result of a coroutine.
    """

    def __init__(
        self,
        script: Script,
        seed: int,
        reached: Counter[str],
        open_ledger: Callable[[], Ledger] | None = None,
        finish: Callable[[Coroutine[Any, Any, Any]], Any] = finish_at_once,
    ) -> None:
        self.script, self.seed, self.reached = script, seed, reached
        self.books: Books | None = None if open_ledger else Books()
        self.open_ledger = open_ledger or (lambda: MemoryLedger(self.books))
        self.finish = finish
        self.rng = Random(seed ^ 0x5EED)
        self.now = 0
        self.funds_minor = script.funds_minor
        self.calls: list[SimCall] = []
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._rescue = deque(script.top_ups_after_exhaustion)
        self._raises = deque(script.raises)
        self.late_answers = script.temper.name == "slow" and seed % 2 == 0
        self.changed_ms = 0  # when the wallet last got money
        self.node = Node(self)
        self.dead: list[Node] = []

    def at(self, when_ms: int, happening: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (max(when_ms, self.now), next(self._order), happening))

    def run(self) -> None:
        ledger = self.node.ledger
        self.finish(ledger.open_wallet(WALLET, "USD"))
        if self.script.funds_minor:
            self.finish(ledger.top_up(WALLET, "first", self.script.funds_minor, "card"))
        for number, call in enumerate(self.script.calls):
            self.at(call.start_ms, lambda number=number, call=call: self._open(f"call{number}", call))
        for number, (at_ms, minor) in enumerate(self.script.top_ups):
            self.at(at_ms, lambda number=number, minor=minor: self._top_up(f"extra{number}", minor))
        if self.script.crash_ms is not None:
            self.at(self.script.crash_ms - 1_600, self._beat)
            self.at(self.script.crash_ms + 3_000 * self.script.crash_after_stop, self._crash)
        while self._heap:
            self.now, number, happening = heapq.heappop(self._heap)
            assert number < 200_000, "something happens for ever"
            happening()

    def check_floor(self) -> None:
        """At every instant: nothing below zero."""
        balance = self.finish(self.node.ledger.balance(WALLET))
        assert balance.available_minor >= 0
        assert balance.held_minor >= 0

    # -- a call's life --------------------------------------------------------------------------------------

    def _open(self, name: str, script: CallScript) -> None:
        node = self.node
        terms = CallTerms(name, WALLET, HOST, "Bob", "Ada", self.script.tariff, iso(self.now))
        self.finish(node.ledger.open_call(terms))
        cap_minor = self.script.cap_minor
        meter = Meter(self.script.tariff, self.script.options, self.now, cap_minor)
        call = SimCall(name, script, meter, cap_minor=cap_minor)
        call.begun_ms = self.now
        node.calls[name] = call
        self.calls.append(call)
        for party, side in script.sides.items():
            if side.up_ms is None:
                continue
            self._plan(node, call, side.told_ms, MediaUp(party, side.up_ms))
            for loss in side.losses:
                self._plan(node, call, loss.noticed_ms, MediaDown(party, loss.down_ms))
                if loss.up_ms is not None:
                    self._plan(node, call, loss.told_ms, MediaUp(party, loss.up_ms))
        for begin_ms, end_ms, party in script.pauses:
            self.at(begin_ms, lambda party=party: self._pause(node, call, party))
            self.at(end_ms, lambda party=party: self._resume(node, call, party))
        for at_ms, number, minor in self.script.caps:
            if name == f"call{number}":
                self.at(at_ms, lambda minor=minor: self._cap(node, call, minor))
        for at_ms, number, gift_ms in self.script.gifts:
            if name == f"call{number}":
                self.at(at_ms, lambda gift_ms=gift_ms: self._gift(node, call, gift_ms))
        left: EndReason = "payer_left" if script.ended_by == "payer" else "host_left"
        self.at(script.end_ms, lambda: self.close(node, call, left))
        self._obey(node, call, call.meter.start(self.now))

    def _plan(self, node: Node, call: SimCall, at_ms: int, fact: Event) -> None:
        self.at(at_ms, lambda: self.tell(node, call, fact))

    def _pause(self, node: Node, call: SimCall, party: Party) -> None:
        if call.closed_ms is None and party not in call.paused:
            if not call.paused:
                call.pauses.append([self.now, 10**12])
            call.paused.add(party)
            self.tell(node, call, Paused(party))

    def _resume(self, node: Node, call: SimCall, party: Party) -> None:
        if call.closed_ms is None and party in call.paused:
            call.paused.discard(party)
            if not call.paused:
                call.pauses[-1][1] = self.now
            self.tell(node, call, Resumed(party))

    def _cap(self, node: Node, call: SimCall, minor: int | None) -> None:
        if node.alive and call.closed_ms is None:
            charged_minor = call.meter.reading(self.now).charge_minor
            call.cap_minor = None if minor is None else max(minor, charged_minor)
            call.news += 1
            self.changed_ms = self.now
            self.reached["caps changed"] += 1
            self.tell(node, call, Capped(minor))

    def _gift(self, node: Node, call: SimCall, gift_ms: int) -> None:
        if node.alive and call.closed_ms is None:
            call.given_ms += gift_ms
            call.news += 1
            self.reached["gifts"] += 1
            self.changed_ms = self.now
            self.tell(node, call, Gifted(gift_ms))

    def close(self, node: Node, call: SimCall, reason: EndReason) -> None:
        if not node.alive or call.closed_ms is not None:
            return
        call.closed_ms, call.reason = self.now, reason
        proof_ms = min(side.proof_ms(self.now) for side in call.script.sides.values())
        self.tell(node, call, Closed(reason, proof_ms))

    def proven_ms(self, call: SimCall) -> int | None:
        """How far delivery is proven: "exact" to the millisecond, "window" misses short silences."""
        if self.script.proving == "unproven":
            return None
        proof_ms = min(side.proof_ms(self.now) for side in call.script.sides.values())
        if self.script.proving == "window" and self.now - proof_ms <= WINDOW_MS:
            return None
        return proof_ms if proof_ms < self.now else None

    def claim_ms(self, call: SimCall) -> int:
        """Up to where the heartbeat may claim usage.

        Of a call that is stopped, too: when media returns it may yet begin in the past, before this beat.
        """
        proof_ms = min(side.proof_ms(self.now) for side in call.script.sides.values())
        bounds = [proof_ms, *(event.at_ms for event in call.unwritten if not isinstance(event, Began))]
        due_ms = call.meter.deadline()
        if call.meter.running_since() is not None and due_ms is not None and due_ms <= self.now:
            bounds.append(due_ms)
        return min(bounds)

    # -- meter and ledger -----------------------------------------------------------------------------------

    def tell(self, node: Node, call: SimCall, fact: Event) -> None:
        """Hand a fact to the meter. News may take usage back, but never add any (save that media came)."""
        if not node.alive:
            return
        before = call.meter.reading(self.now)
        orders = call.meter.handle(fact, self.now, self.proven_ms(call))
        after = call.meter.reading(self.now)
        if not isinstance(fact, MediaUp):
            assert after.used_ms <= before.used_ms, f"{fact} raised usage"
            assert after.charge_minor <= before.charge_minor, f"{fact} cost money"
        assert call.cap_minor is None or after.charge_minor <= call.cap_minor, "charged beyond the cap"
        if before.state == "running" and after.state == "exhausted" and isinstance(fact, Woke):
            named = {"funds": "ran out of funds", "cap": "reached the cap"}
            self.reached[named.get(after.why, "ran out of answers")] += 1
        for order in orders:
            if not (isinstance(order, Record) and isinstance(order.event, Stopped)):
                continue
            if order.event.reason in ("funds", "cap", "ledger_silent"):
                call.late_ms += self.now - order.event.at_ms
                stutters = order.event.reason == "ledger_silent" and not self.script.late_ms
                assert not stutters or self.script.temper.name != "quick", "waited for a ledger that answers"
        self._note(call, before.state, after.state, fact, orders)
        self._obey(node, call, orders)

    def _note(self, call: SimCall, before: str, after: str, fact: Event, orders: list[Action]) -> None:
        """Count what was reached."""
        reached = self.reached
        if before != after:
            reached[f"{before} -> {after}"] += 1
        if before == "exhausted" and after == "running" and isinstance(fact, GrantGiven):
            reached["top-up resumes"] += 1
        stops = [o.event for o in orders if isinstance(o, Record) and isinstance(o.event, Stopped)]
        if stops and before != "running" and isinstance(fact, MediaDown | Closed):
            reached["corrections"] += 1
        if any(stop.at_ms < call.last_ms for stop in stops):
            reached["corrections of intervals long over"] += 1
        began = [o.event for o in orders if isinstance(o, Record) and isinstance(o.event, Began)]
        call.last_ms = began[-1].at_ms if began else call.last_ms
        if any(isinstance(order, Warn) for order in orders):
            call.warnings += 1
            assert call.warnings <= 1 + call.news, "warned twice of one approach"
            reached["warnings"] += 1

    def _obey(self, node: Node, call: SimCall, orders: list[Action]) -> None:
        for order in orders:
            match order:
                case AskGrant(to_minor):
                    assert not call.asking or self.late_answers, "two asks in flight"
                    call.asking = True
                    node.ask(
                        lambda ledger, to_minor=to_minor: ledger.extend(call.id, to_minor),
                        lambda answer: self._granted(node, call, answer),
                    )
                case Record(event):
                    call.unwritten.append(replace(event, at=iso(event.at_ms)))
                    self._write(node, call)
                    self._crash_if_wanted(event)
                case HoldMedia(until_ms):
                    if until_ms is not None:
                        self._soft_landing(node, call, until_ms)
                    if not call.holds or call.holds[-1][1] < 10**12:
                        call.holds.append([self.now, 10**12])
                case ReleaseMedia():
                    call.holds[-1][1] = self.now
                case CutOff(why):
                    self._check_cut_off(call, why)
                    call.cut = order
                    self.reached[f"cut off: {why}"] += 1
                    self.at(self.now, lambda why=why: self.close(node, call, why))
                case Settle():
                    call.settle = order
                    self._write(node, call)
                case Warn() | Changed():
                    pass
        self._arm(node, call)

    def _check_cut_off(self, call: SimCall, why: str) -> None:
        """Nobody is cut off who could pay, and nobody for the silence of a ledger that answers."""
        temper, reading = self.script.temper, call.meter.reading(self.now)
        if temper.name == "outage" and why == "ledger_silent":
            silent = any(begin <= self.now <= end + 3 * TIMEOUT_MS for begin, end in temper.outages)
            assert silent, "cut off for a silence that is long over"
        if temper.name != "quick" or call.late_ms or self.now - self.changed_ms < TIMEOUT_MS:
            return
        if why == "cap":
            assert call.cap_minor is not None
            billed_ms = reading.used_ms - reading.gifted_ms
            assert self.script.tariff.charge(billed_ms + 1) > call.cap_minor, "the cap was not reached"
            self.reached["cut-offs by the cap checked"] += 1
            return
        assert why == "funds", "cut off for silence by a ledger that answers"
        held_minor = self.finish(self.node.ledger.call(call.id)).held_minor
        available_minor = self.finish(self.node.ledger.balance(WALLET)).available_minor
        billed_ms = reading.used_ms - reading.gifted_ms
        assert self.script.tariff.charge(billed_ms + 1) > held_minor + available_minor, "it could pay"
        self.reached["cut-offs checked"] += 1

    def _soft_landing(self, node: Node, call: SimCall, until_ms: int) -> None:
        self.reached["soft landings"] += 1
        if call.meter.reading(self.now).why == "cap" and self._raises and call.cap_minor is not None:
            delay_ms, more = self._raises.popleft()
            raised = None if more is None else call.cap_minor + more
            self.at(min(self.now + delay_ms, until_ms), lambda: self._cap(node, call, raised))
        for _ in range(min(len(self._rescue), self.rng.choice([1, 1, 2]))):
            delay_ms, minor = self._rescue.popleft()
            name = f"rescue{len(self._rescue)}"
            self.at(
                min(self.now + delay_ms, until_ms), lambda name=name, minor=minor: self._top_up(name, minor)
            )

    def _arm(self, node: Node, call: SimCall) -> None:
        call.alarm += 1
        mine, due_ms = call.alarm, call.meter.deadline()
        if due_ms is None:
            return
        late_ms = self.rng.randint(0, self.script.late_ms)

        def ring() -> None:
            if mine == call.alarm:
                self.tell(node, call, Woke())

        self.at(due_ms + late_ms, ring)

    def _granted(self, node: Node, call: SimCall, answer: Grant | None) -> None:
        call.asking = False
        if not isinstance(answer, Grant):
            self.reached["failed grants"] += 1
            self.tell(node, call, GrantFailed())
            return
        if call.granted_ms is None:
            call.granted_ms = self.now
        funds_minor = answer.held_minor + answer.available_minor
        self.tell(node, call, GrantGiven(answer.held_minor, answer.final, funds_minor, answer.open_holds))

    def _write(self, node: Node, call: SimCall) -> None:
        """Record events, then settle; what fails is tried again."""
        if call.writing or not node.alive:
            return
        if call.unwritten:
            call.writing = True
            batch = list(call.unwritten)
            node.ask(
                lambda ledger: _done(ledger.record(call.id, batch)),
                lambda answer: self._written(node, call, len(batch) if answer else 0),
            )
        elif call.settle is not None and call.account is None:
            call.writing = True
            order = Settlement(call.id, call.settle.used_ms, call.reason, iso(call.closed_ms or 0))
            node.ask(lambda ledger: ledger.settle(order), lambda account: self._settled(node, call, account))

    def _written(self, node: Node, call: SimCall, count: int) -> None:
        for _ in range(count):
            call.unwritten.popleft()
        call.writing = False
        if count:
            call.patience_ms = 50
            self._write(node, call)
        else:
            self.reached["replayed records"] += 1
            self._write_later(node, call)

    def _settled(self, node: Node, call: SimCall, account: CallAccount | None) -> None:
        call.writing = False
        if account is None:
            self.reached["replayed settlements"] += 1
            self._write_later(node, call)
            return
        call.account = account
        self._funds_arrived()

    def _write_later(self, node: Node, call: SimCall) -> None:
        call.patience_ms = min(2 * call.patience_ms, 5_000)
        self.at(self.now + call.patience_ms, lambda: self._write(node, call))

    # -- money from outside, and death ----------------------------------------------------------------------

    def _top_up(self, name: str, minor: int) -> None:
        self.finish(self.node.ledger.top_up(WALLET, name, minor, "card"))
        if self.rng.random() < 0.2:
            self.finish(self.node.ledger.top_up(WALLET, name, minor, "card"))
        self.funds_minor += minor
        self._funds_arrived()

    def _funds_arrived(self) -> None:
        self.changed_ms = self.now
        for call in self.node.calls.values():
            if call.closed_ms is None:
                call.news += 1
                self.tell(self.node, call, FundsArrived())

    def _crash_if_wanted(self, event: MeterEvent) -> None:
        wanted = self.script.crash_ms is not None and self.script.crash_after_stop and not self.dead
        if wanted and not isinstance(event, Began) and self.now >= (self.script.crash_ms or 0) - 1_000:
            self.at(self.now + self.rng.choice([0, 1, 30, 200]), self._crash)

    def _beat(self) -> None:
        """Only the beats before a crash matter."""
        if not self.dead:
            self.node.beat()
            self.at(self.now + BEAT_MS, self._beat)

    def _crash(self) -> None:
        if self.dead:
            return
        old = self.node
        for call in old.calls.values():
            if call.account is None:
                call.crashed = True
                call.closed_ms = self.now if call.closed_ms is None else call.closed_ms
                self.reached["crashes while running"] += call.meter.running_since() is not None
                self.reached["crashes while stopped"] += call.meter.running_since() is None
        old.die()
        self.dead.append(old)
        self.node = Node(self)
        self.finish(self.node.ledger.recover(iso(self.now)))
        if self.script.zombie:
            old.haunt()


async def _done(request: Coroutine[Any, Any, Any]) -> bool:
    assert await request is None
    return True
