"""What the meter does about money: asking, warning, running out, landing softly."""

from __future__ import annotations

from rig.metered import ADA, Metered

from metering.facts import Began, Stopped
from metering.meter import (
    AskGrant,
    Changed,
    Closed,
    CutOff,
    FundsArrived,
    GrantGiven,
    HoldMedia,
    Paused,
    Record,
    ReleaseMedia,
    Resumed,
    Settle,
    Warn,
    Woke,
)
from metering.tariff import Tariff

SECOND_MINOR = 4  # of ADA


class TestAsking:
    def test_the_first_ask_is_for_the_shortest_quantum(self):
        call = Metered(answer_ms=None)
        assert call.asks == [(0, 1 * SECOND_MINOR)]

    def test_the_second_for_what_the_funds_suggest(self):
        call = Metered()
        assert call.asks == [(0, 4), (0, 30 * SECOND_MINOR)]

    def test_a_quantum_is_a_quarter_of_what_is_left(self):
        call = Metered(wallet_minor=40 * SECOND_MINOR)
        assert call.held_minor == ADA.charge((40_000 + 249) // 4)

    def test_time_left_is_shared_with_the_other_calls_of_the_wallet(self):
        call = Metered(wallet_minor=4, answer_ms=None)
        call.tell(GrantGiven(4, False, 4 + 320, sharers=4))  # 320 among four: 80 more, 21 s in all
        assert call.asks[-1] == (0, ADA.charge((21_000 + 249) // 4))
        assert call.meter.reading(0).left_ms == 21_249

    def test_one_ask_is_in_flight_at_a_time(self):
        call = Metered(answer_ms=None)
        call.connect()
        call.tell(FundsArrived())
        call.wait(5_000)
        assert len(call.asks) == 1

    def test_it_asks_again_when_a_third_is_left(self):
        call = Metered()
        call.connect()
        call.wait(40_000)
        covered = ADA.affordable(30 * SECOND_MINOR)
        assert call.asks[2][0] == covered - 10_000

    def test_and_half_a_second_before_the_end_of_a_short_quantum(self):
        call = Metered(max_quantum_ms=1_000)
        call.connect()
        call.wait(2_000)
        assert call.asks[1][0] == 1_249 - 500

    def test_a_ledger_that_takes_200_ms_is_never_waited_for(self):
        call = Metered(wallet_minor=4_000, answer_ms=200)
        call.wait(1_000)
        call.connect()
        call.wait(900_000)
        assert call.used == 900_000
        assert len(call.events) == 1

    def test_a_free_tariff_asks_once_and_runs_for_ever(self):
        call = Metered(Tariff("USD", 0), wallet_minor=0)
        call.connect()
        call.wait(10**9)
        assert call.asks == [(0, 0)]
        assert (call.why, call.used, call.meter.reading(call.now).left_ms) == ("free", 10**9, None)
        assert not call.meter.reading(call.now).low

    def test_an_answer_that_is_older_than_the_hold_says_nothing(self):
        call = Metered()
        call.connect()
        call.wait(5_000)
        call.tell(GrantGiven(4, True, 4))
        call.wait(15_000)
        assert (call.state, call.used) == ("running", 20_000)

    def test_a_paused_call_renews_nothing(self):
        call = Metered()
        call.connect()
        call.tell(Paused("payer"))
        asked = len(call.asks)
        call.wait(600_000)
        assert len(call.asks) == asked
        assert call.meter.deadline() is None

    def test_a_lost_call_has_enough_to_come_back_with_half_a_second_already_used(self):
        call = Metered(wallet_minor=100 * SECOND_MINOR, answer_ms=100, max_quantum_ms=1_000)
        call.wait(1_000)
        call.connect()
        call.wait(740)
        call.down("host")
        call.wait(5_000)
        call.up("host", at_ms=call.now - 500)
        call.wait(3_000)
        assert (call.state, call.used, len(call.events)) == ("running", 4_240, 3)

    def test_with_a_minimum_the_first_hold_covers_it(self):
        call = Metered(Tariff("USD", 240, minimum_ms=60_000))
        assert call.asks[0] == (0, 240)

    def test_started_minutes_are_held_one_ahead_at_most(self):
        call = Metered(Tariff("USD", 240, increment_ms=60_000))
        call.connect()
        call.wait(29_000)
        assert call.held_minor == 240
        call.wait(20_999)
        assert call.held_minor == 240
        call.wait(1)
        assert call.held_minor == 480


class TestWarning:
    def test_it_warns_when_the_funds_of_a_minute_are_left(self):
        call = Metered(wallet_minor=100 * SECOND_MINOR)
        call.connect()
        call.wait(90_000)
        assert call.ordered(Warn) == [(40_249, Warn(60_000))]

    def test_low_is_shown_from_then_on(self):
        call = Metered(wallet_minor=100 * SECOND_MINOR)
        call.connect()
        call.wait(40_248)
        assert not call.meter.reading(call.now).low
        assert call.wait(1) == [Warn(60_000), Changed()]
        assert call.meter.reading(call.now).low

    def test_who_begins_with_little_is_warned_at_the_beginning(self):
        call = Metered(wallet_minor=20 * SECOND_MINOR)
        assert call.ordered(Warn) == []
        assert Warn(20_249) in call.connect()

    def test_not_while_paused(self):
        call = Metered(wallet_minor=100 * SECOND_MINOR)
        call.connect()
        call.wait(40_000)
        call.tell(Paused("host"))
        call.wait(100_000)
        assert call.ordered(Warn) == []

    def test_once_only(self):
        call = Metered(wallet_minor=100 * SECOND_MINOR)
        call.connect()
        call.wait(50_000)
        call.tell(Paused("host"))
        call.tell(Resumed("host"))
        call.wait(49_000)
        assert len(call.ordered(Warn)) == 1

    def test_again_after_a_top_up(self):
        call = Metered(wallet_minor=100 * SECOND_MINOR)
        call.connect()
        call.wait(50_000)
        call.top_up(100 * SECOND_MINOR)
        assert not call.meter.reading(call.now).low
        call.wait(100_000)
        assert call.ordered(Warn) == [(40_249, Warn(60_000)), (140_249, Warn(60_000))]

    def test_a_top_up_that_leaves_it_low_is_said_at_once(self):
        call = Metered(wallet_minor=60 * SECOND_MINOR)
        call.connect()
        call.wait(50_000)
        orders = call.top_up(5 * SECOND_MINOR)
        assert Warn(15_249) in orders

    def test_a_top_up_moves_the_end_although_the_final_unit_was_given(self):
        call = Metered(wallet_minor=3 * SECOND_MINOR)
        call.connect()
        call.wait(3_000)
        call.top_up(10 * SECOND_MINOR)
        call.wait(10_249)
        assert (call.state, call.used) == ("exhausted", 13_249)


class TestRunningOut:
    def test_it_stops_at_the_millisecond_and_holds_the_media(self):
        call = Metered(wallet_minor=10 * SECOND_MINOR)
        call.connect()
        orders = call.wait(11_000)
        assert orders[-3:] == [Record(Stopped(10_249, "", 10_249, "funds")), HoldMedia(70_249), Changed()]
        assert (call.state, call.why, call.used) == ("exhausted", "funds", 10_249)
        assert call.meter.reading(call.now).charge_minor == 40 == call.held_minor

    def test_a_timer_that_fires_late_costs_nothing(self):
        call = Metered(wallet_minor=10 * SECOND_MINOR)
        call.connect()
        call.wait(10_000)
        call.now = 12_000
        call.tell(Woke())
        assert call.events[-1] == Stopped(10_249, "", 10_249, "funds")

    def test_even_when_the_call_ends_before_the_timer(self):
        call = Metered(wallet_minor=10 * SECOND_MINOR)
        call.connect()
        call.wait(10_000)
        call.now = 12_000
        assert Settle(10_249, 40) in call.tell(Closed("payer_left", 11_500))

    def test_a_grant_that_comes_after_the_end_does_not_bridge_the_gap(self):
        call = Metered(wallet_minor=10_000, answer_ms=None)
        call.answer(8)
        call.connect()
        call.wait(2_000)
        call.now = 2_300
        call.answer(100)
        assert call.events[1:] == [
            Stopped(2_249, "", 2_249, "ledger_silent"),
            Began(2_300, "", 2_249, "granted"),
        ]

    def test_the_reading_never_shows_more_than_the_hold(self):
        call = Metered(wallet_minor=10 * SECOND_MINOR)
        call.connect()
        call.wait(10_000)
        assert call.meter.reading(99_000).used_ms == 10_249

    def test_what_a_started_minute_cannot_buy_stays_unspent(self):
        call = Metered(Tariff("USD", 240, increment_ms=60_000), wallet_minor=300)
        call.connect()
        call.wait(90_000)
        assert (call.state, call.used) == ("exhausted", 60_000)
        assert Settle(60_000, 240) in call.tell(Closed("funds", call.now))

    def test_less_than_the_minimum_buys_nothing(self):
        call = Metered(Tariff("USD", 240, minimum_ms=60_000), wallet_minor=239)
        call.connect()
        call.wait(1_000)
        assert (call.state, call.why, call.used) == ("exhausted", "funds", 0)

    def test_free_minutes_need_no_funds(self):
        call = Metered(Tariff("USD", 240, increment_ms=1_000, free_ms=60_000), wallet_minor=0)
        call.connect()
        call.wait(90_000)
        assert (call.state, call.used) == ("exhausted", 60_000)
        assert Settle(60_000, 0) in call.tell(Closed("funds", call.now))


class TestSoftLanding:
    def exhausted(self, **options: int) -> Metered:
        call = Metered(wallet_minor=10 * SECOND_MINOR, **options)
        call.connect()
        call.wait(11_000)
        return call

    def test_a_minute_without_funds_ends_the_call(self):
        call = self.exhausted()
        assert call.meter.reading(call.now).soft_left_ms == 59_249
        assert call.wait(59_248) == []
        assert call.wait(1) == [CutOff("funds")]
        assert call.meter.deadline() is None

    def test_the_cut_is_ordered_once_and_the_rest_is_the_end(self):
        call = self.exhausted()
        call.wait(100_000)
        call.top_up(1_000)
        assert (call.state, call.ordered(CutOff)) == ("exhausted", [(70_249, CutOff("funds"))])
        assert Settle(10_249, 40) in call.tell(Closed("funds", call.now))

    def test_a_top_up_goes_on_from_now(self):
        call = self.exhausted()
        call.wait(4_000)
        orders = call.top_up(1_000)
        assert [order for order in orders if isinstance(order, ReleaseMedia | Record)] == [
            ReleaseMedia(),
            Record(Began(15_000, "", 10_249, "topped_up")),
        ]
        call.wait(5_000)
        assert (call.state, call.used) == ("running", 15_249)

    def test_a_top_up_that_buys_nothing_does_not_prolong_it(self):
        call = Metered(Tariff("USD", 240, increment_ms=60_000), wallet_minor=240)
        call.connect()
        call.wait(70_000)
        call.top_up(239)
        assert call.state == "exhausted"
        call.wait(49_999)
        assert call.ordered(CutOff) == []
        call.wait(1)
        assert call.ordered(CutOff) == [(120_000, CutOff("funds"))]

    def test_it_can_happen_again(self):
        call = self.exhausted()
        call.top_up(SECOND_MINOR)
        call.wait(3_000)
        assert (call.state, call.used) == ("exhausted", 11_249)
        assert call.ordered(HoldMedia)[-1] == (12_000, HoldMedia(72_000))

    def test_another_calls_release_goes_on_too(self):
        call = self.exhausted()
        call.wallet_minor += 400  # released by the settlement of a call beside it
        call.tell(FundsArrived())
        assert call.state == "running"

    def test_pauses_and_losses_neither_stop_nor_prolong_it(self):
        call = self.exhausted()
        call.tell(Paused("payer"))
        call.down("host")
        assert (call.state, call.why) == ("exhausted", "funds")
        call.wait(60_000)
        assert call.ordered(CutOff) == [(70_249, CutOff("funds"))]

    def test_a_top_up_while_paused_leaves_it_paused(self):
        call = self.exhausted()
        call.tell(Paused("payer"))
        orders = call.top_up(1_000)
        assert HoldMedia() in orders
        assert (call.state, call.why) == ("paused", "payer_paused")
        call.wait(600_000)
        call.tell(Resumed("payer"))
        assert call.events[-1] == Began(call.now, "", 10_249, "resumed")

    def test_a_top_up_while_a_side_is_lost_waits_for_it(self):
        call = self.exhausted()
        call.down("host")
        orders = call.top_up(1_000)
        assert ReleaseMedia() in orders
        assert (call.state, call.why) == ("reconnecting", "host_lost")

    def test_an_empty_wallet_lands_at_once(self):
        call = Metered(Tariff("USD", 240, increment_ms=1_000), wallet_minor=0)
        assert (call.state, call.why) == ("exhausted", "funds")
        call.wait(60_000)
        assert call.ordered(CutOff) == [(60_000, CutOff("funds"))]

    def test_its_length_is_an_option(self):
        call = self.exhausted(soft_landing_ms=5_000)
        call.wait(10_000)
        assert call.ordered(CutOff) == [(15_249, CutOff("funds"))]


class TestSilentLedger:
    def silent(self) -> Metered:
        """Covered for 10 s, then no answer any more."""
        call = Metered(answer_ms=None)
        call.answer(10 * SECOND_MINOR)
        call.connect()
        return call

    def test_it_lives_to_the_end_of_the_grant(self):
        call = self.silent()
        call.wait(12_000)
        assert (call.state, call.why, call.used) == ("exhausted", "ledger_silent", 10_249)
        assert call.events[-1].reason == "ledger_silent"

    def test_it_asks_again_every_quarter_of_a_second(self):
        call = Metered(answer_ms=None)
        call.connect()
        for _ in range(4):
            call.fail()
            call.wait(250)
        assert [at for at, _ in call.asks] == [0, 250, 500, 750, 1_000]

    def test_not_sooner(self):
        call = self.silent()
        call.fail()
        asked = len(call.asks)
        call.wait(249)
        assert len(call.asks) == asked

    def test_an_answer_goes_on(self):
        call = self.silent()
        call.wait(12_000)
        call.answer(100)
        assert call.events[-1] == Began(12_000, "", 10_249, "granted")

    def test_a_minute_of_silence_ends_the_call(self):
        call = self.silent()
        call.wait(70_000)
        while call.now < 71_000:
            call.fail()
            call.wait(250)
        assert call.ordered(CutOff) == [(70_249, CutOff("ledger_silent"))]

    def test_silence_from_the_first_ask_on(self):
        call = Metered(answer_ms=None)
        call.connect()
        call.fail()
        assert (call.state, call.why) == ("exhausted", "ledger_silent")
        call.wait(250)
        call.answer(call.asks[-1][1])
        assert call.events == [Began(250, "", 0, "media_up")]

    def test_silence_that_ends_in_an_empty_wallet_is_about_funds(self):
        call = Metered(answer_ms=None, wallet_minor=10 * SECOND_MINOR)
        call.answer(10 * SECOND_MINOR)
        call.connect()
        call.wait(12_000)
        call.answer(call.asks[-1][1])
        assert (call.state, call.why) == ("exhausted", "funds")
        call.wait(60_000)
        assert call.ordered(CutOff) == [(70_249, CutOff("funds"))]

    def test_an_ask_after_a_top_up_that_fails_is_repeated(self):
        call = Metered(wallet_minor=10 * SECOND_MINOR)
        call.connect()
        call.wait(11_000)
        call.answer_ms = None
        call.top_up(1_000)
        call.fail()
        assert call.wait(250) == [AskGrant(ADA.charge(10_249 + 1_000))]

    def test_a_top_up_asks_at_once_although_a_retry_is_pending(self):
        call = self.silent()
        call.fail()
        orders = call.tell(FundsArrived())
        assert any(isinstance(order, AskGrant) for order in orders)

    def test_news_during_an_ask_is_asked_about_again(self):
        call = Metered(answer_ms=None)
        call.wait(100)
        call.tell(FundsArrived())
        assert len(call.asks) == 1
        call.answer(30 * SECOND_MINOR)
        assert call.asks[1:] == [(100, 30 * SECOND_MINOR)]
