"""Silences that heal before anybody is lost: what they cost (nothing), and who may be quiet."""

from __future__ import annotations

import pytest
from rig.lifelike import STEP_MS, World, connected

from media.liveness import BLIP_MS, SILENT_MS, Verdict


def cut(world: World, ms: int) -> None:
    """Nothing gets through for so long, then everything."""
    world.uplink = world.downlink = False
    world.run(ms)
    world.uplink = world.downlink = True


def test_a_blip_is_nothing() -> None:
    world = connected()
    for _ in range(10):
        cut(world, BLIP_MS - 60)
        world.run(2_000)
    assert world.verdicts == []


@pytest.mark.parametrize("ms", range(1_050, SILENT_MS, 110))
def test_a_silence_where_media_flowed_was_no_delivery(ms: int) -> None:
    world = connected()
    world.run(1_000)
    world.uplink = world.downlink = False
    world.run(100)
    last_ms = world.heard_ms
    cut(world, ms - 100)
    back_ms = world.now_ms
    assert world.live.alive_ms == last_ms
    world.run(2_000)
    interrupted, connected_again = world.verdicts
    assert interrupted == Verdict("interrupted", last_ms)
    assert back_ms <= connected_again.at_ms <= back_ms + 400
    world.run(5_000)
    assert len(world.verdicts) == 2


def test_a_heartbeat_claims_nothing_of_a_blip_before_it_is_judged() -> None:
    world = connected()
    world.uplink = world.downlink = False
    world.run(50)
    last_ms = world.heard_ms
    cut(world, 1_430)
    while world.heard_ms == last_ms:
        assert world.live.alive_ms == last_ms
        world.run(STEP_MS)
    assert world.live.alive_ms == last_ms


def test_who_sends_no_media_may_be_quiet_for_a_while() -> None:
    world = connected()
    world.media = False
    world.run(1_000)
    for _ in range(10):
        cut(world, 1_500)
        world.run(2_000)
    assert world.verdicts == []


def test_what_this_process_slept_through_is_no_blip() -> None:
    """A stall, noticed as silence: the packets that waited come in first, or the stall is known."""
    for waited in (True, False):
        world = connected()
        world.run(1_000)
        before_ms = world.now_ms
        world.now_ms += 1_500
        world.live.probed(world.now_ms)
        assert world.live.watch, "it is noticed"
        world.live.hear(world.now_ms, fresh=not waited)
        assert world.live.judge(world.now_ms, [] if waited else [(before_ms, world.now_ms)]) is None
        assert not world.live.watch
        world.run(3_000)
        assert world.verdicts == []
