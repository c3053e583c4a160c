"""Proof of life: who is here, and until when. A small world of packets, loss and delay in pure time."""

from __future__ import annotations

import random

import pytest
from rig.lifelike import STEP_MS, SWEEP_MS, TICK_MS, World, connected

from media.liveness import (
    GONE_MS,
    HURRIED_MS,
    PROBE_MS,
    RENEWED_MS,
    SILENT_MS,
    Liveness,
    StallWatch,
    Verdict,
    awake_ms,
)

# -- the beginning -----------------------------------------------------------------------------------------


def test_media_and_a_way_back_make_a_connection() -> None:
    world = World()
    began = world.now_ms
    world.run(1_000)
    assert world.states() == ["connected"]
    assert began < world.verdicts[0].at_ms <= began + 200


def test_answers_without_media_are_no_connection() -> None:
    world = World(media=False)
    world.run(10_000)
    assert world.verdicts == []
    assert world.live.alive_ms is None


def test_media_without_a_way_back_is_no_connection() -> None:
    world = World(downlink=False)
    world.run(10_000)
    assert world.verdicts == []
    assert world.live.alive_ms is None


def test_the_beginning_is_the_later_of_media_and_proof() -> None:
    world = World(media=False)
    world.run(3_000)
    world.media = True
    began = world.now_ms
    world.run(1_000)
    assert world.states() == ["connected"]
    assert began <= world.verdicts[0].at_ms <= began + 100


# -- the end -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after_ms", range(0, 1_400, 70))
def test_a_closed_tab_ends_at_its_last_packet_to_the_packet(after_ms: int) -> None:
    world = connected()
    world.run(after_ms)
    world.media = world.answers = world.uplink = False
    world.run(30)
    last_ms = world.heard_ms
    world.run(SILENT_MS + 2 * TICK_MS)
    assert world.verdicts == [Verdict("interrupted", last_ms)]
    assert world.live.alive_ms == last_ms


def test_silence_is_judged_after_2500_ms_and_not_before() -> None:
    world = connected()
    world.media = world.answers = False
    world.run(SILENT_MS - TICK_MS)
    assert world.verdicts == []
    world.run(2 * TICK_MS + SWEEP_MS)
    assert world.states() == ["interrupted"]


def test_a_closed_signaling_connection_makes_silence_count_after_a_second() -> None:
    world = connected()
    world.live.hurry()
    world.run(3_000)
    assert world.verdicts == []
    world.media = world.answers = False
    world.run(HURRIED_MS + 2 * TICK_MS + SWEEP_MS)
    assert world.states() == ["interrupted"]


def test_signaling_that_came_back_gives_the_patience_back() -> None:
    world = connected()
    world.live.hurry()
    world.live.calm()
    world.media = world.answers = False
    world.run(HURRIED_MS + 3 * TICK_MS)
    assert world.verdicts == []


def test_a_peer_is_gone_30_s_after_its_last_proof_of_life() -> None:
    world = connected()
    world.media = world.answers = False
    world.run(50)
    last_ms = world.heard_ms
    world.run(GONE_MS - TICK_MS)
    assert world.states() == ["interrupted"]
    world.run(2 * TICK_MS)
    assert world.verdicts[1:] == [Verdict("gone", last_ms)]
    world.media = world.answers = True
    world.run(5_000)
    assert len(world.verdicts) == 2


def test_goodbye_is_final_at_once() -> None:
    world = connected()
    world.run(200)
    assert world.live.leave(world.now_ms) == Verdict("gone", world.now_ms)
    assert world.live.leave(world.now_ms) is None
    world.run(2_000)
    assert world.verdicts == []


def test_goodbye_while_interrupted_keeps_the_older_end() -> None:
    world = connected()
    world.media = world.answers = False
    world.run(4_000)
    (interrupted,) = world.verdicts
    assert world.live.leave(world.now_ms) == Verdict("gone", interrupted.at_ms)


# -- quiet but healthy -------------------------------------------------------------------------------------


def test_a_silent_peer_lives_by_its_answers() -> None:
    world = connected()
    world.media = False
    world.run(60_000)
    assert world.verdicts == []
    assert world.now_ms - (world.live.alive_ms or 0) < 1_000


@pytest.mark.parametrize("seed", range(6))
def test_thirty_percent_loss_does_not_flap(seed: int) -> None:
    world = connected(loss=0.3, seed=seed)
    world.run(200_000)
    assert world.verdicts == []


@pytest.mark.parametrize("seed", range(3))
def test_thirty_percent_loss_does_not_flap_a_silent_peer(seed: int) -> None:
    world = connected(loss=0.3, seed=seed)
    world.media = False
    world.run(200_000)
    assert world.verdicts == []


def test_a_long_round_trip_does_not_flap() -> None:
    world = World(delay_ms=600)
    world.live.rtt_ms = 1_200
    world.run(4_000)
    assert world.states() == ["connected"]
    world.run(120_000)
    assert world.states() == ["connected"]
    # Nor does it move the last proof of life.
    assert world.live.alive_ms == world.heard_ms


def test_probes_are_rare_while_media_flows() -> None:
    world = connected()
    world.probes = 0
    world.run(60_000)
    assert 50 <= world.probes <= 60_000 // PROBE_MS + 1


# -- one way only ------------------------------------------------------------------------------------------


def test_a_dead_downlink_is_an_interruption_at_its_last_proof() -> None:
    world = connected()
    world.run(700)
    cut_ms = world.now_ms
    world.downlink = False
    world.run(5_000)
    (verdict,) = world.verdicts
    assert verdict.state == "interrupted"
    assert cut_ms - PROBE_MS - SWEEP_MS <= verdict.at_ms <= cut_ms
    assert world.live.alive_ms == verdict.at_ms
    assert world.heard_ms > cut_ms + 4_000


def test_a_dead_downlink_is_noticed_within_four_seconds() -> None:
    world = connected()
    world.downlink = False
    world.run(4_000)
    assert world.states() == ["interrupted"]


def test_a_peer_that_leaves_with_a_dead_downlink_ends_at_the_proof() -> None:
    world = connected()
    cut_ms = world.now_ms
    world.downlink = False
    world.run(2_200)
    world.media = False
    world.run(4_000)
    assert world.states() == ["interrupted"]
    assert world.verdicts[0].at_ms <= cut_ms


def test_an_uplink_that_heals_alone_does_not_bring_the_peer_back() -> None:
    world = connected()
    world.uplink = world.downlink = False
    world.run(5_000)
    world.uplink = True
    world.run(10_000)
    assert world.states() == ["interrupted"]


def test_receiver_reports_prove_the_way_back_to_a_peer_that_answers_no_probes() -> None:
    world = connected()
    world.answers = False
    for _ in range(60):
        world.run(1_000)
        world.live.proven(world.now_ms - 40)
    assert world.verdicts == []


# -- and back ----------------------------------------------------------------------------------------------


def test_an_outage_ends_and_begins_where_packets_did() -> None:
    world = connected()
    world.run(330)
    world.uplink = world.downlink = False
    world.flying.clear()
    last_ms = world.heard_ms
    world.run(6_000)
    healed_ms = world.now_ms
    world.uplink = world.downlink = True
    world.run(3_000)
    interrupted, back = world.verdicts
    assert interrupted == Verdict("interrupted", last_ms)
    assert back.state == "connected"
    assert healed_ms <= back.at_ms <= healed_ms + 200


def test_back_takes_half_a_second_of_packets() -> None:
    world = connected()
    world.uplink = False
    world.run(4_000)
    world.uplink = True
    world.run(RENEWED_MS - TICK_MS)
    assert world.states() == ["interrupted"]
    world.run(3 * TICK_MS + 100)
    assert world.states() == ["interrupted", "connected"]


def test_a_lone_packet_is_not_back() -> None:
    world = connected()
    world.uplink = False
    world.run(4_000)
    for _ in range(5):
        world.uplink = True
        world.run(20)
        world.uplink = False
        world.flying = [each for each in world.flying if each[1] != "probe"]
        world.run(2_000)
    assert world.states() == ["interrupted"]


def test_a_silent_peer_comes_back_by_its_answers() -> None:
    world = connected()
    world.media = False
    world.run(2_000)
    world.uplink = world.downlink = False
    world.run(8_000)
    world.uplink = world.downlink = True
    world.run(3_000)
    assert world.states() == ["interrupted", "connected"]


@pytest.mark.parametrize("seed", range(20))
def test_intervals_never_hold_more_than_was_delivered(seed: int) -> None:
    """Random cuts of either direction: what is counted lies within what worked both ways, almost."""
    chance = random.Random(seed)
    world = connected(seed=seed, loss=chance.choice((0.0, 0.1, 0.3)))
    good: list[tuple[int, int]] = []
    for _ in range(30):
        world.uplink, world.downlink = chance.random() < 0.7, chance.random() < 0.7
        start = world.now_ms
        world.run(chance.randrange(500, 9_000) // STEP_MS * STEP_MS)
        if world.uplink and world.downlink:
            good.append((start, world.now_ms))
    world.uplink = world.downlink = False
    world.run(4_000)
    since: int | None = world.began_ms
    counted: list[tuple[int, int]] = []
    for verdict in world.verdicts:
        if verdict.state == "connected":
            since = verdict.at_ms
        elif since is not None:
            counted.append((since, verdict.at_ms))
            since = None
    assert all(start <= end for start, end in counted)
    assert [edge for pair in counted for edge in pair] == sorted(edge for pair in counted for edge in pair)
    # A gap shorter than what is tolerated counts as delivered; nothing longer may.
    for start, end in counted:
        covered = sum(max(0, min(end, to) - max(start, of)) for of, to in good)
        longest = _longest_gap(start, end, good)
        assert longest <= SILENT_MS + PROBE_MS + 2 * TICK_MS, (longest, start, end, covered)


def _longest_gap(start: int, end: int, good: list[tuple[int, int]]) -> int:
    at, longest = start, 0
    for of, to in good:
        if of < end and to > start:
            longest, at = max(longest, of - at), max(at, to)
    return max(longest, end - at)


# -- stalls ------------------------------------------------------------------------------------------------


def test_a_stopped_server_declares_no_one_dead() -> None:
    world = connected()
    before = world.now_ms
    world.now_ms += 2_000
    assert world.live.judge(world.now_ms, [(before, world.now_ms)]) is None
    world.run(3_000)
    assert world.verdicts == []


def test_silence_counts_in_waking_time_only() -> None:
    assert awake_ms(1_000, 5_000, []) == 4_000
    assert awake_ms(1_000, 5_000, [(2_000, 3_000), (4_000, 4_700)]) == 2_300
    assert awake_ms(2_500, 5_000, [(2_000, 3_000)]) == 2_000
    assert awake_ms(3_500, 5_000, [(2_000, 3_000)]) == 1_500


def test_a_long_stall_was_no_delivery() -> None:
    world = connected()
    stopped_ms = world.now_ms
    world.now_ms += 10_000
    verdict = world.live.stalled(stopped_ms)
    assert verdict == Verdict("interrupted", world.heard_ms)
    resumed_ms = world.now_ms
    world.run(2_000)
    assert world.states() == ["connected"]
    assert world.verdicts[0].at_ms >= resumed_ms


def test_a_stall_makes_no_one_gone() -> None:
    world = connected()
    stopped_ms = world.now_ms
    world.now_ms += 10 * GONE_MS
    assert world.live.stalled(stopped_ms) is not None
    assert world.live.judge(world.now_ms, [(stopped_ms, world.now_ms)]) is None


def test_packets_that_waited_through_a_stall_are_dated_back() -> None:
    watch = StallWatch(1_000)
    assert watch.wake(1_050) is None
    assert watch.stamp(1_050) == 1_050
    assert watch.wake(3_000) is None
    assert watch.backlog
    assert watch.stamp(3_000) == 1_050
    assert watch.stamp(3_010) == 1_050
    watch.drained()
    assert not watch.backlog
    assert watch.stamp(3_020) == 3_020
    assert watch.stalls == [(1_050, 3_000)]


def test_a_stall_longer_than_silence_is_told() -> None:
    watch = StallWatch(1_000)
    assert watch.wake(1_000 + SILENT_MS + 1) == 1_000


def test_remembered_stalls_are_bounded() -> None:
    watch = StallWatch(0)
    for at in range(0, 10_000_000, 1_000):
        watch.wake(at)
    assert len(watch.stalls) <= 61


@pytest.mark.parametrize("seed", range(40))
def test_no_probe_is_due_before_it_is_said_to_be(seed: int) -> None:
    chance, live, now_ms, due = random.Random(seed), Liveness(), 0, 0
    sent = [0]
    for _ in range(400):
        now_ms += chance.choice((10, 50, 50, 300))
        match chance.randrange(6):
            case 0:
                live.media(now_ms)
                live.hear(now_ms)
            case 1:
                live.proven(chance.choice(sent[-4:]))
            case 2:
                live.judge(now_ms)
            case _:
                live.hear(now_ms)
        if chance.randrange(8) == 0 and live.probe_welcome(now_ms):
            live.probed(now_ms)
            sent.append(now_ms)
        if live.probe_due(now_ms):
            due += 1
            assert now_ms >= live.probe_ms
            live.probed(now_ms)
            sent.append(now_ms)
    assert due > 20
