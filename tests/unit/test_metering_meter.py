"""The meter as a specification: when it runs, when it does not, and what it says about it."""

from __future__ import annotations

import pytest
from rig.metered import ADA, Metered

from metering.facts import Began, Stopped
from metering.meter import (
    TRANSITIONS,
    Changed,
    Closed,
    FundsArrived,
    GrantFailed,
    GrantGiven,
    HoldMedia,
    MediaDown,
    MediaUp,
    Meter,
    MeterOptions,
    Paused,
    Record,
    ReleaseMedia,
    Resumed,
    Settle,
    Warn,
    Woke,
)
from metering.tariff import Tariff


class TestBeginning:
    def test_waiting_costs_nothing(self):
        call = Metered()
        call.wait(60_000)
        assert (call.state, call.why, call.used) == ("waiting", "payer_connecting", 0)

    def test_one_side_alone_does_not_start_it(self):
        call = Metered()
        call.up("payer")
        call.wait(5_000)
        assert (call.state, call.why, call.used) == ("waiting", "host_connecting", 0)

    def test_it_runs_once_both_deliver(self):
        call = Metered()
        call.wait(300)
        call.connect()
        call.wait(1_000)
        assert (call.state, call.why, call.used) == ("running", "running", 1_000)
        assert call.events == [Began(300, "", 0, "media_up")]

    def test_it_begins_where_the_later_side_began_although_the_news_is_younger(self):
        call = Metered()
        call.wait(500)
        call.up("host", at_ms=100)
        call.up("payer", at_ms=420)
        assert call.events == [Began(420, "", 0, "media_up")]
        assert call.used == 80

    def test_it_waits_for_the_first_grant(self):
        call = Metered(answer_ms=None)
        call.connect()
        call.wait(700)
        assert (call.state, call.why, call.used) == ("waiting", "granting", 0)

    def test_it_begins_no_earlier_than_the_first_grant(self):
        call = Metered(answer_ms=150)
        call.connect()
        call.wait(200)
        assert call.events == [Began(150, "", 0, "media_up")]

    def test_media_that_was_up_already_does_not_begin_again(self):
        call = Metered()
        call.connect()
        call.wait(1_000)
        assert call.up("payer") == []
        assert call.used == 1_000

    def test_media_cannot_have_come_in_the_future(self):
        call = Metered()
        call.up("payer")
        call.up("host", at_ms=99_999)
        assert call.events == [Began(0, "", 0, "media_up")]


class TestPausing:
    def test_a_pause_stops_it_at_once_and_holds_the_media(self):
        call = Metered()
        call.connect()
        call.wait(2_000)
        orders = call.tell(Paused("payer"))
        assert orders == [Record(Stopped(2_000, "", 2_000, "payer_paused")), HoldMedia(), Changed()]
        call.wait(3_600_000)
        assert (call.state, call.why, call.used) == ("paused", "payer_paused", 2_000)

    def test_taking_it_back_goes_on(self):
        call = Metered()
        call.connect()
        call.wait(2_000)
        call.tell(Paused("host"))
        call.wait(700)
        orders = call.tell(Resumed("host"))
        assert orders == [ReleaseMedia(), Record(Began(2_700, "", 2_000, "resumed")), Changed()]
        call.wait(300)
        assert call.used == 2_300

    def test_each_takes_back_only_its_own(self):
        call = Metered()
        call.connect()
        call.tell(Paused("host"))
        call.tell(Paused("payer"))
        assert call.why == "both_paused"
        call.tell(Resumed("payer"))
        assert (call.state, call.why) == ("paused", "host_paused")
        call.tell(Resumed("host"))
        assert call.state == "running"

    def test_pausing_twice_changes_nothing(self):
        call = Metered()
        call.connect()
        call.tell(Paused("payer"))
        assert call.tell(Paused("payer")) == []

    def test_a_pause_before_anybody_is_there(self):
        call = Metered()
        call.tell(Paused("payer"))
        call.connect()
        call.wait(1_000)
        assert (call.state, call.used) == ("paused", 0)
        call.tell(Resumed("payer"))
        assert call.events == [Began(1_000, "", 0, "media_up")]

    def test_media_that_comes_back_during_a_pause_begins_only_after_it(self):
        call = Metered()
        call.connect()
        call.wait(1_000)
        call.tell(Paused("payer"))
        call.down("host")
        call.wait(1_000)
        call.up("host", at_ms=1_500)
        call.tell(Resumed("payer"))
        assert call.events[-1] == Began(2_000, "", 1_000, "resumed")


class TestReconnecting:
    def test_it_stops_at_the_last_proof_of_life(self):
        call = Metered()
        call.connect()
        call.wait(5_000)
        call.down("payer", at_ms=4_200)
        assert (call.state, call.why, call.used) == ("reconnecting", "payer_lost", 4_200)
        assert call.events[-1] == Stopped(4_200, "", 4_200, "payer_lost")

    def test_it_goes_on_where_the_renewed_proof_begins(self):
        call = Metered()
        call.connect()
        call.wait(5_000)
        call.down("host", at_ms=4_000)
        call.wait(2_000)
        call.up("host", at_ms=6_800)
        assert call.events[-1] == Began(6_800, "", 4_000, "reconnected")
        assert call.used == 4_200

    def test_both_lost_needs_both_back(self):
        call = Metered()
        call.connect()
        call.wait(1_000)
        call.down("host")
        call.down("payer")
        call.up("payer")
        assert (call.state, call.why) == ("reconnecting", "host_lost")
        call.up("host")
        assert call.state == "running"

    def test_media_does_not_come_back_before_it_went(self):
        call = Metered()
        call.connect()
        call.wait(1_000)
        call.down("host", at_ms=900)
        call.up("host", at_ms=300)
        assert call.events[-1] == Began(900, "", 900, "reconnected")

    def test_a_side_that_is_lost_before_the_other_ever_came(self):
        call = Metered()
        call.up("payer")
        call.wait(100)
        call.down("payer", at_ms=50)
        assert (call.state, call.why) == ("reconnecting", "payer_lost")
        call.up("payer")
        assert (call.state, call.why) == ("waiting", "host_connecting")
        call.up("host")
        assert call.events == [Began(100, "", 0, "media_up")]


class TestLateNews:
    """A fact that is older than what was counted takes it back; nothing ever adds."""

    def test_lost_before_the_pause(self):
        call = Metered()
        call.connect()
        call.wait(5_000)
        call.tell(Paused("payer"))
        call.wait(400)
        orders = call.down("host", at_ms=4_700)
        assert orders == [Record(Stopped(4_700, "", 4_700, "host_lost")), Changed()]
        assert (call.state, call.used) == ("paused", 4_700)

    def test_lost_before_an_interval_that_is_over_already(self):
        call = Metered()
        call.connect()
        call.wait(1_000)
        call.tell(Paused("payer"))
        call.wait(100)
        call.tell(Resumed("payer"))
        call.wait(200)
        call.down("host", at_ms=950)
        assert call.events[-1] == Stopped(950, "", 950, "host_lost")
        assert call.used == 950

    def test_lost_before_the_interval_began(self):
        call = Metered()
        call.up("payer")
        call.wait(1_000)
        call.up("host")
        call.wait(500)
        call.down("payer", at_ms=900)
        assert call.events[-1] == Stopped(1_000, "", 0, "payer_lost")
        assert call.used == 0

    def test_lost_before_the_funds_ran_out_ends_the_soft_landing(self):
        call = Metered(wallet_minor=40)
        call.connect()
        call.wait(10_300)
        assert (call.state, call.used) == ("exhausted", 10_249)
        orders = call.down("payer", at_ms=10_000)
        assert orders == [Record(Stopped(10_000, "", 10_000, "payer_lost")), ReleaseMedia(), Changed()]
        assert (call.state, call.used) == ("reconnecting", 10_000)

    def test_what_was_held_back_meanwhile_is_not_billed_when_it_returns(self):
        call = Metered(wallet_minor=40)
        call.connect()
        call.wait(10_300)
        call.down("payer", at_ms=10_000)
        call.up("payer", at_ms=10_100)
        assert call.events[-1] == Began(10_300, "", 10_000, "reconnected")

    def test_lost_after_the_funds_ran_out_changes_nothing_counted(self):
        call = Metered(wallet_minor=40)
        call.connect()
        call.wait(11_000)
        call.down("payer", at_ms=10_800)
        assert (call.state, call.used) == ("exhausted", 10_249)

    def test_a_second_older_loss_takes_back_more(self):
        call = Metered()
        call.connect()
        call.wait(1_000)
        call.down("payer", at_ms=900)
        call.down("host", at_ms=700)
        assert call.events[-1] == Stopped(700, "", 700, "host_lost")

    def test_a_younger_loss_adds_nothing(self):
        call = Metered()
        call.connect()
        call.wait(1_000)
        call.down("payer", at_ms=700)
        call.down("host", at_ms=900)
        assert (call.used, len(call.events)) == (700, 2)

    def test_an_interval_closes_no_later_than_delivery_is_proven(self):
        call = Metered()
        call.connect()
        call.wait(1_000)
        call.tell(Paused("payer"), proven_ms=880)
        assert call.events[-1] == Stopped(880, "", 880, "payer_paused")

    def test_what_is_proven_matters_to_nothing_but_a_close(self):
        call = Metered()
        call.connect()
        call.wait(1_000)
        call.tell(FundsArrived(), proven_ms=880)
        call.wait(100)
        assert (call.state, call.used) == ("running", 1_100)

    def test_funds_that_run_out_unproven_still_run_out(self):
        call = Metered(wallet_minor=40)
        call.connect()
        call.wait(10_200)
        call.now = 10_260
        call.tell(Woke(), proven_ms=10_100)
        assert (call.state, call.used) == ("exhausted", 10_100)
        call.wait(1_000)
        assert (call.state, call.used) == ("exhausted", 10_100)


class TestClosing:
    def test_the_end_settles_what_was_used(self):
        call = Metered()
        call.connect()
        call.wait(2_500)
        assert call.tell(Closed("payer_left", 2_500)) == [
            Record(Stopped(2_500, "", 2_500, "payer_left")),
            Settle(2_500, 10),
            Changed(),
        ]
        assert (call.state, call.why, call.used) == ("ended", "ended", 2_500)

    def test_usage_counts_up_to_the_end_at_most(self):
        call = Metered()
        call.connect()
        call.wait(3_000)
        orders = call.tell(Closed("host_lost", 2_000))
        assert Settle(2_000, 8) in orders

    def test_an_end_before_a_pause_takes_usage_back(self):
        call = Metered()
        call.connect()
        call.wait(3_000)
        call.tell(Paused("payer"))
        call.wait(1_000)
        orders = call.tell(Closed("payer_left", 2_750))
        assert orders[:2] == [Record(Stopped(2_750, "", 2_750, "payer_left")), Settle(2_750, 11)]

    def test_an_end_in_the_future_is_now(self):
        call = Metered()
        call.connect()
        call.wait(1_000)
        assert Settle(1_000, 4) in call.tell(Closed("operator", 99_000))

    @pytest.mark.parametrize("before", ["nothing", "one side", "pause", "loss", "exhausted"])
    def test_it_settles_from_every_state(self, before):
        call = Metered(wallet_minor=4)
        match before:
            case "one side":
                call.up("payer")
            case "pause":
                call.tell(Paused("payer"))
            case "loss":
                call.up("payer")
                call.down("payer")
            case "exhausted":
                call.connect()
                call.wait(2_000)
        orders = call.tell(Closed("payer_left", call.now))
        assert [order for order in orders if isinstance(order, Settle)] == [
            Settle(1_249, 4) if before == "exhausted" else Settle(0, 0)
        ]

    def test_it_settles_once_and_then_is_deaf(self):
        call = Metered()
        call.connect()
        call.wait(1_000)
        call.tell(Closed("payer_left", 1_000))
        facts = [
            Closed("operator", 500), MediaUp("host", 0), MediaDown("host", 0), Paused("host"),
            Resumed("host"), GrantGiven(10_000, False, 10_000), GrantFailed(), FundsArrived(), Woke(),
        ]  # fmt: skip
        for fact in facts:
            assert call.tell(fact) == []
        assert call.meter.deadline() is None
        assert call.used == 1_000

    def test_a_call_that_was_never_accepted_costs_nothing(self):
        meter = Meter(ADA, MeterOptions(), 0)
        assert meter.handle(Closed("payer_left", 100), 100) == [Settle(0, 0), Changed()]


class TestTime:
    def test_time_does_not_go_back(self):
        call = Metered()
        call.connect()
        call.wait(1_000)
        call.tell(Woke())
        call.now = 400
        call.tell(Paused("payer"))
        assert call.events[-1] == Stopped(1_000, "", 1_000, "payer_paused")

    def test_waking_early_is_harmless(self):
        call = Metered()
        call.connect()
        call.wait(1_234)
        assert call.tell(Woke()) == []

    def test_it_tells_since_when_it_runs(self):
        call = Metered()
        assert call.meter.running_since() is None
        call.connect()
        call.wait(1_000)
        call.tell(Paused("payer"))
        assert call.meter.running_since() is None
        call.wait(50)
        call.tell(Resumed("payer"))
        assert call.meter.running_since() == (1_050, 1_000)


class TestShowing:
    def test_the_charge_is_that_of_the_time_used(self):
        call = Metered()
        call.connect()
        call.wait(60_000)
        reading = call.meter.reading(call.now)
        assert (reading.charge_minor, reading.left_ms) == (240, 10_000 * 250 + 249 - 60_000)

    def test_free_minutes_are_called_free_until_they_end(self):
        call = Metered(Tariff("USD", 240, free_ms=60_000))
        call.connect()
        call.wait(59_999)
        assert (call.state, call.why) == ("running", "free")
        assert Changed() in call.wait(1)
        assert (call.state, call.why) == ("running", "running")

    def test_nothing_is_said_when_nothing_changes(self):
        call = Metered(wallet_minor=1_000_000)
        call.connect()
        assert not any(isinstance(order, Changed | Warn) for order in call.wait(600_000))


def test_every_state_can_end_and_none_leaves_the_end():
    assert TRANSITIONS["ended"] == {}
    assert all(row["ended"] == ("settle",) for state, row in TRANSITIONS.items() if state != "ended")


def test_media_is_held_while_paused_or_exhausted_and_only_then():
    held = {"paused", "exhausted"}
    for state, row in TRANSITIONS.items():
        for target, effects in row.items():
            assert ("hold" in effects) == (target in held), (state, target)
            assert ("release" in effects) == (state in held and target not in held | {"ended"}), (
                state,
                target,
            )
            assert ("begin" in effects) == (target == "running"), (state, target)
