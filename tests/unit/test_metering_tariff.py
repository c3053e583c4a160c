"""How time becomes money: the formula at its boundaries, and the laws it keeps everywhere."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.tariff import MAX_NUMBER, UNLIMITED_MS, Tariff

MINUTE = 60_000
ADA = Tariff("USD", 240)  # $2.40 a minute, to the millisecond

tariffs = st.builds(
    Tariff,
    currency=st.just("USD"),
    price_minor=st.integers(0, 100_000),
    per_ms=st.sampled_from([1, 7, 1_000, 30_000, MINUTE, 3_600_000]),
    increment_ms=st.sampled_from([1, 7, 1_000, 6_000, MINUTE, 900_000]),
    minimum_ms=st.sampled_from([0, 1, 999, 1_000, 30_001, MINUTE, 10 * MINUTE]),
    free_ms=st.sampled_from([0, 1, 500, 1_000, MINUTE, 3 * MINUTE]),
    host_share_bp=st.integers(0, 10_000),
)
priced = tariffs.filter(lambda tariff: tariff.price_minor > 0)
times = st.integers(0, 24 * 3_600_000)
amounts = st.integers(0, 10_000_000)


class TestCharge:
    def test_nothing_used_costs_nothing(self):
        assert ADA.charge(0) == 0

    def test_a_minute_costs_the_price(self):
        assert ADA.charge(MINUTE) == 240

    def test_the_sum_is_rounded_down_once(self):
        assert (ADA.charge(249), ADA.charge(250), ADA.charge(499), ADA.charge(500)) == (0, 1, 1, 2)

    def test_started_seconds_count_whole(self):
        per_second = Tariff("USD", 240, increment_ms=1_000)
        assert [per_second.charge(ms) for ms in (1, 1_000, 1_001, 2_000)] == [4, 4, 8, 8]

    def test_started_minutes_count_whole(self):
        per_minute = Tariff("USD", 240, increment_ms=MINUTE)
        assert [per_minute.charge(ms) for ms in (1, MINUTE, MINUTE + 1)] == [240, 240, 480]

    def test_an_increment_that_does_not_divide_the_unit(self):
        odd = Tariff("USD", 100, per_ms=10_000, increment_ms=7_000)
        assert [odd.charge(ms) for ms in (1, 7_000, 7_001, 14_001)] == [70, 70, 140, 210]

    def test_the_minimum_is_due_with_the_first_millisecond(self):
        tariff = Tariff("USD", 240, minimum_ms=MINUTE)
        assert [tariff.charge(ms) for ms in (0, 1, MINUTE, MINUTE + 250)] == [0, 240, 240, 241]

    def test_the_minimum_is_rounded_up_to_the_increment(self):
        tariff = Tariff("USD", 60, increment_ms=10_000, minimum_ms=15_000)
        assert [tariff.billable_ms(ms) for ms in (1, 15_000, 20_000, 20_001)] == [20_000] * 3 + [30_000]

    def test_free_time_costs_nothing_to_its_last_millisecond(self):
        tariff = Tariff("USD", 240, increment_ms=1_000, free_ms=MINUTE)
        assert [tariff.charge(ms) for ms in (1, MINUTE, MINUTE + 1)] == [0, 0, 4]

    def test_the_minimum_begins_after_the_free_time(self):
        tariff = Tariff("USD", 240, minimum_ms=30_000, free_ms=MINUTE)
        assert [tariff.charge(ms) for ms in (MINUTE, MINUTE + 1, MINUTE + 30_250)] == [0, 120, 121]

    def test_a_free_tariff_costs_nothing_ever(self):
        assert Tariff("USD", 0, minimum_ms=MINUTE).charge(10**12) == 0

    @given(priced, times, st.integers(0, 100_000))
    def test_more_time_never_costs_less(self, tariff, used, more):
        assert tariff.charge(used) <= tariff.charge(used + more)

    @given(tariffs, st.lists(times, max_size=20))
    def test_any_slicing_sums_to_the_whole(self, tariff, cuts):
        instants = [0, *sorted(cuts)]
        slices = [tariff.charge(b) - tariff.charge(a) for a, b in itertools.pairwise(instants)]
        assert sum(slices) == tariff.charge(instants[-1])
        assert all(each >= 0 for each in slices)

    @given(tariffs, times)
    def test_never_above_the_exact_price_of_the_billable_time(self, tariff, used):
        exact = tariff.billable_ms(used) * tariff.price_minor
        assert exact - tariff.per_ms < tariff.charge(used) * tariff.per_ms <= exact


class TestAffordable:
    @given(priced, amounts)
    def test_it_is_the_last_millisecond_that_the_funds_cover(self, tariff, funds):
        last = tariff.affordable(funds)
        assert tariff.charge(last) <= funds < tariff.charge(last + 1)

    @given(priced, times)
    def test_what_was_charged_affords_what_was_used(self, tariff, used):
        assert tariff.affordable(tariff.charge(used)) >= used

    @given(priced, amounts, st.integers(0, 1_000))
    def test_more_funds_never_afford_less(self, tariff, funds, more):
        assert tariff.affordable(funds) <= tariff.affordable(funds + more)

    def test_an_empty_wallet_affords_what_rounds_down_to_nothing(self):
        assert ADA.affordable(0) == 249

    def test_an_empty_wallet_affords_no_started_second(self):
        assert Tariff("USD", 240, increment_ms=1_000).affordable(0) == 0

    def test_the_minimum_is_all_or_nothing(self):
        tariff = Tariff("USD", 240, minimum_ms=MINUTE)
        assert (tariff.affordable(239), tariff.affordable(240)) == (0, MINUTE + 249)

    def test_less_than_the_minimum_still_affords_the_free_time(self):
        tariff = Tariff("USD", 240, minimum_ms=MINUTE, free_ms=5_000)
        assert (tariff.affordable(239), tariff.affordable(240)) == (5_000, 65_249)

    def test_funds_are_spent_in_whole_increments(self):
        tariff = Tariff("USD", 240, increment_ms=MINUTE)
        assert [tariff.affordable(funds) for funds in (239, 240, 479, 480)] == [0, MINUTE, MINUTE, 2 * MINUTE]

    def test_a_free_tariff_is_affordable_for_ever(self):
        assert Tariff("USD", 0).affordable(0) == UNLIMITED_MS

    def test_funds_below_zero_are_a_mistake_of_the_caller(self):
        with pytest.raises(ValueError, match="never negative"):
            ADA.affordable(-1)


class TestShares:
    @given(tariffs, times)
    def test_host_and_platform_together_get_the_charge(self, tariff, used):
        charge = tariff.charge(used)
        assert 0 <= tariff.host_share(charge) <= charge

    def test_the_host_share_is_rounded_down(self):
        tariff = Tariff("USD", 240, host_share_bp=8_333)
        assert (tariff.host_share(1), tariff.host_share(10_000)) == (0, 8_333)

    def test_by_default_the_host_gets_all(self):
        assert ADA.host_share(241) == 241


@pytest.mark.parametrize(
    "wrong",
    [
        {"currency": "usd"}, {"currency": "US"}, {"currency": "US1"}, {"currency": "ÜSD"},
        {"currency": "U-D"}, {"price_minor": -1}, {"per_ms": 0}, {"increment_ms": 0}, {"minimum_ms": -1},
        {"free_ms": -1},
        {"host_share_bp": -1}, {"host_share_bp": 10_001},
        {"price_minor": 2.4}, {"host_share_bp": 0.8}, {"per_ms": 60.0}, {"price_minor": MAX_NUMBER + 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_tariff_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"currency|price_minor|minimum_ms|integers"):
        Tariff(**{"currency": "USD", "price_minor": 240} | wrong)
