"""The payer's own cap: it works like the end of the funds, and not a cent is charged beyond it."""

from __future__ import annotations

import pytest
from rig.metered import ADA, Metered

from metering.meter import Capped, CutOff, HoldMedia, Meter, MeterOptions, Warn
from metering.tariff import Tariff


def capped(cap_minor: int | None, **more: int) -> Metered:
    """A running call of somebody with $100 who wants to spend `cap_minor` at most."""
    call = Metered(cap_minor=cap_minor, **more)
    call.connect()
    return call


def test_it_stops_at_the_cap_and_not_at_the_end_of_the_funds() -> None:
    call = capped(40)
    call.wait(60_000)
    assert (call.state, call.why) == ("exhausted", "cap")
    reading = call.meter.reading(call.now)
    assert (reading.charge_minor, reading.cap_minor, reading.left_ms) == (40, 40, 0)
    assert ADA.charge(reading.used_ms + 1) == 41
    assert call.held_minor == 40, "no more was held than may be charged"
    assert call.events[-1].reason == "cap"


def test_the_cap_of_the_beginning_holds_from_the_first_ask_on() -> None:
    meter = Meter(ADA, MeterOptions(min_quantum_ms=10_000), 0, 3)
    (ask,) = meter.start(0)
    assert ask.to_minor == 3


def test_it_is_announced_like_the_end_of_the_funds() -> None:
    call = capped(400, warn_left_ms=20_000)
    call.wait(79_000)
    assert not call.ordered(Warn)
    call.wait(2_000)
    ((_, warning),) = call.ordered(Warn)
    assert warning.left_ms == 20_000
    assert call.meter.reading(call.now).cap_binds


def test_raising_it_in_the_soft_landing_goes_on() -> None:
    call = capped(40)
    call.wait(30_000)
    assert call.ordered(HoldMedia)
    used = call.used
    call.tell(Capped(80))
    assert (call.state, call.used) == ("running", used)
    assert call.events[-1].reason == "cap_raised"
    call.wait(30_000)
    assert (call.why, call.held_minor, call.meter.reading(call.now).charge_minor) == ("cap", 80, 80)


def test_taking_it_away_goes_on_to_the_end_of_the_funds() -> None:
    call = capped(40, wallet_minor=100)
    call.wait(12_000)
    call.tell(Capped(None))
    call.wait(60_000)
    assert (call.why, call.held_minor) == ("funds", 100)


def test_a_raised_cap_without_funds_waits_for_a_top_up() -> None:
    call = capped(40, wallet_minor=40)
    call.wait(12_000)
    assert call.why == "cap"
    call.tell(Capped(400))
    assert (call.state, call.why) == ("exhausted", "funds")
    call.top_up(100)
    assert (call.state, call.events[-1].reason) == ("running", "topped_up")


def test_a_raised_cap_and_a_silent_ledger_are_told_apart() -> None:
    call = capped(40)
    call.wait(12_000)
    call.answer_ms = None
    call.tell(Capped(80))
    assert call.state == "exhausted"
    call.fail()
    assert call.why == "ledger_silent"
    call.wait(60_000)
    assert [order.reason for _, order in call.ordered(CutOff)] == ["ledger_silent"]


def test_unraised_it_ends_the_call() -> None:
    call = capped(40, soft_landing_ms=5_000)
    call.wait(10_000 + 5_300)
    assert [order.reason for _, order in call.ordered(CutOff)] == ["cap"]


def test_it_can_be_lowered_to_what_was_charged_but_not_below() -> None:
    call = capped(None)
    call.wait(20_100)
    charged = call.meter.reading(call.now).charge_minor
    call.tell(Capped(1))
    reading = call.meter.reading(call.now)
    assert (reading.state, reading.cap_minor, reading.charge_minor) == ("running", charged, charged)
    call.wait(1_000)
    reading = call.meter.reading(call.now)
    assert (reading.why, reading.charge_minor) == ("cap", charged), "the cent that was begun is used up"


def test_a_hold_from_before_the_cap_is_not_used() -> None:
    call = capped(None)
    call.wait(5_000)
    assert call.held_minor > 60
    call.tell(Capped(30))
    call.wait(30_000)
    assert (call.why, call.meter.reading(call.now).charge_minor) == ("cap", 30)


@pytest.mark.parametrize("cap_minor", [0, 1, 199, 200, 201, 999])
def test_a_started_minute_is_not_begun_when_it_would_pass_the_cap(cap_minor: int) -> None:
    tariff = Tariff("USD", 200, increment_ms=60_000, minimum_ms=60_000, free_ms=5_000)
    call = Metered(tariff, cap_minor=cap_minor)
    call.connect()
    call.wait(10 * 60_000)
    reading = call.meter.reading(call.now)
    assert reading.charge_minor == cap_minor // 200 * 200
    assert reading.used_ms == 5_000 + cap_minor // 200 * 60_000


def test_more_money_does_not_prolong_a_capped_call() -> None:
    call = capped(40, wallet_minor=40)
    call.wait(12_000)
    call.top_up(1_000)
    assert (call.state, call.why, call.held_minor) == ("exhausted", "cap", 40)


def test_a_call_for_nothing_knows_no_cap() -> None:
    call = Metered(Tariff("USD", 0), cap_minor=0)
    call.connect()
    call.wait(10_000)
    assert (call.state, call.meter.reading(call.now).left_ms) == ("running", None)
