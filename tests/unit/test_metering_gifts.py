"""Time that the host gives away: it is used and not billed, and either side can check that."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig.metered import ADA, Metered

from metering.facts import Began, CallTerms, Gift, Settlement, Stopped
from metering.memory import MemoryLedger
from metering.meter import CutOff, Gifted, Paused, Resumed, Warn
from metering.price import Price
from metering.receipt import build_receipt, verify_receipt
from metering.tariff import UNLIMITED_MS, Tariff

tariffs = st.builds(
    Tariff,
    currency=st.just("USD"),
    price_minor=st.sampled_from([1, 59, 240, 999]),
    increment_ms=st.sampled_from([1, 7, 1_000]),
    minimum_ms=st.sampled_from([0, 3_000]),
    free_ms=st.sampled_from([0, 500]),
)
gifts = st.lists(st.tuples(st.integers(0, 9_000), st.integers(1, 4_000)), max_size=4)


def priced(tariff: Tariff, gifts: list[tuple[int, int]]) -> Price:
    return Price(tariff, tuple(sorted(gifts)))


@given(tariffs, gifts, st.integers(0, 20_000))
def test_the_bill_never_falls_and_never_runs_faster_than_the_call(
    tariff: Tariff, gifts: list[tuple[int, int]], used_ms: int
) -> None:
    price = priced(tariff, gifts)
    assert 0 <= price.gifted_ms(used_ms + 1) - price.gifted_ms(used_ms) <= 1
    assert price.charge(used_ms) <= price.charge(used_ms + 1)
    assert price.charge(used_ms) <= tariff.charge(used_ms)
    assert price.gifted_ms(used_ms) + price.gift_left_ms(used_ms) == sum(ms for _, ms in gifts)


@given(tariffs, gifts, st.integers(0, 300))
def test_what_is_affordable_is_exact(tariff: Tariff, gifts: list[tuple[int, int]], funds_minor: int) -> None:
    price = priced(tariff, gifts)
    longest_ms = price.affordable(funds_minor)
    assert price.charge(longest_ms) <= funds_minor < price.charge(longest_ms + 1)


@given(tariffs, gifts, st.integers(0, 20_000), st.integers(0, 20_000))
def test_taking_usage_back_never_costs(
    tariff: Tariff, gifts: list[tuple[int, int]], one_ms: int, other_ms: int
) -> None:
    price = priced(tariff, gifts)
    less_ms, more_ms = sorted((one_ms, other_ms))
    assert price.cut(less_ms).charge(less_ms) == price.charge(less_ms) <= price.charge(more_ms)
    later = price.cut(less_ms)
    assert all(later.charge(less_ms + ms) <= price.charge(less_ms + ms) for ms in (1, 500, 5_000))


def test_a_millisecond_by_millisecond_count_agrees() -> None:
    price = Price(Tariff("USD", 60_000), ((100, 50), (120, 10), (400, 1)))
    billed = [price.charge(ms + 1) - price.charge(ms) for ms in range(500)]
    unbilled = [ms for ms, minor in enumerate(billed) if minor == 0]
    assert unbilled == [*range(100, 160), 400]


def test_a_call_for_nothing_stays_one() -> None:
    assert Price(Tariff("USD", 0), ((5, 10),)).affordable(0) >= UNLIMITED_MS


def test_given_time_is_used_and_not_billed() -> None:
    call = Metered(ADA)
    call.connect()
    call.wait(10_000)
    call.tell(Gifted(5_000))
    assert call.why == "gift"
    call.wait(3_000)
    reading = call.meter.reading(call.now)
    assert (reading.used_ms, reading.charge_minor) == (13_000, 40)
    assert (reading.gifted_ms, reading.gift_left_ms) == (3_000, 2_000)
    call.wait(4_000)
    reading = call.meter.reading(call.now)
    assert (reading.why, reading.used_ms, reading.charge_minor) == ("running", 17_000, 48)
    assert [event for event in call.events if isinstance(event, Gift)] == [Gift(10_000, "", 10_000, 5_000)]


def test_a_gift_waits_while_the_meter_stands() -> None:
    call = Metered(ADA)
    call.connect()
    call.wait(10_000)
    call.tell(Paused("host", "looking for the papers"))
    call.tell(Gifted(5_000))
    call.wait(60_000)
    assert call.meter.reading(call.now).pause_note == "looking for the papers"
    call.tell(Resumed("host"))
    call.wait(6_000)
    reading = call.meter.reading(call.now)
    assert (reading.used_ms, reading.charge_minor, reading.pause_note) == (16_000, 44, "")
    stopped = next(event for event in call.events if isinstance(event, Stopped))
    assert (stopped.reason, stopped.note) == ("host_paused", "looking for the papers")


def test_it_prolongs_the_free_time() -> None:
    call = Metered(Tariff("USD", 240, free_ms=5_000))
    call.connect()
    call.wait(2_000)
    call.tell(Gifted(4_000))
    call.wait(4_000)
    assert call.why == "free"
    call.wait(3_000)
    assert (call.why, call.meter.reading(call.now).charge_minor) == ("running", 0)
    call.wait(1_000)
    assert call.meter.reading(call.now).charge_minor == 4


def test_it_goes_on_with_a_call_that_ran_out() -> None:
    call = Metered(ADA, wallet_minor=40)
    call.connect()
    call.wait(15_000)
    assert (call.state, call.used) == ("exhausted", 10_249)
    call.tell(Gifted(5_000))
    assert (call.state, call.events[-1].reason) == ("running", "gift")
    call.wait(5_100)
    assert (call.state, call.used, call.meter.reading(call.now).charge_minor) == ("exhausted", 15_249, 40)
    call.wait(60_000)
    assert len(call.ordered(CutOff)) == 1


def test_it_calms_the_warning() -> None:
    call = Metered(ADA, wallet_minor=400, warn_left_ms=20_000)
    call.connect()
    call.wait(85_000)
    assert len(call.ordered(Warn)) == 1
    call.tell(Gifted(60_000))
    assert not call.meter.reading(call.now).low
    call.wait(60_000)
    assert len(call.ordered(Warn)) == 2


def test_usage_that_is_taken_back_gives_the_gift_back() -> None:
    call = Metered(ADA)
    call.connect()
    call.wait(10_000)
    call.tell(Gifted(5_000))
    call.wait(1_000)
    call.down("payer", at_ms=8_000)
    assert (call.used, call.meter.reading(call.now).charge_minor) == (8_000, 32)
    call.wait(500)
    call.up("payer")
    call.wait(5_000)
    reading = call.meter.reading(call.now)
    assert (reading.used_ms, reading.charge_minor, reading.gift_left_ms) == (13_000, 32, 0)
    assert Price.of(ADA, call.events).charge(13_000) == 32


async def test_ledger_and_receipt_read_it_from_the_chain() -> None:
    ledger = MemoryLedger()
    await ledger.take_over("node")
    await ledger.open_wallet("sam", "USD")
    await ledger.top_up("sam", "p", 1_000, "card")
    await ledger.open_call(CallTerms("call", "sam", "ada", "Sam", "Ada", ADA, "2026-01-01T00:00:00.000Z"))
    await ledger.extend("call", 500)
    moment = "2026-01-01T00:00:0{}.000Z"
    events = [
        Began(0, moment.format(0), 0, "media_up"),
        Gift(1_000, moment.format(1), 1_000, 3_000),
        Stopped(6_000, moment.format(6), 6_000, "payer_paused", "the door"),
        Gift(7_000, moment.format(7), 6_000, 10_000),
    ]
    for event in events:
        assert await ledger.record("call", [event]) is None
    assert await ledger.record("call", events[-2:]) is None, "a retry changes nothing"
    account = await ledger.settle(Settlement("call", 6_000, "payer_left", moment.format(8)))
    assert (account.used_ms, account.charge_minor) == (6_000, ADA.charge(3_000))
    assert await ledger.reconcile() == []
    receipt = build_receipt(account, "payer", bytes(32))
    assert (receipt.gifted_ms, receipt.billed_ms) == (3_000, 3_000)
    assert receipt.intervals[0].end_note == "the door"
    assert verify_receipt(msgspec.json.encode(receipt)) == []
    forged = msgspec.structs.replace(receipt, gifted_ms=0)
    assert "the time given is not what the events say" in verify_receipt(msgspec.json.encode(forged))


@pytest.mark.parametrize("gift_ms", [0, -5])
async def test_a_gift_of_nothing_is_no_event(gift_ms: int) -> None:
    ledger = MemoryLedger()
    await ledger.take_over("node")
    await ledger.open_wallet("sam", "USD")
    await ledger.open_call(CallTerms("call", "sam", "ada", "Sam", "Ada", ADA, ""))
    with pytest.raises(Exception, match="gives nothing"):
        await ledger.record("call", [Gift(0, "", 0, gift_ms)])
