"""Turns: everyone once a period, never all at once, none forgotten after a stall."""

from __future__ import annotations

from itertools import pairwise

from media.turns import Turns


def test_each_turn_comes_once_a_period_and_no_two_together() -> None:
    turns = Turns(1_000, 20, 5_000)
    came: dict[int, list[int]] = {turn: [] for turn in range(20)}
    for now_ms in range(5_050, 15_050, 50):
        due = turns.due(now_ms)
        assert len(due) == 1
        for turn, since_ms in due.items():
            assert since_ms == (now_ms - came[turn][-1] if came[turn] else since_ms)
            came[turn].append(now_ms)
    for times in came.values():
        assert len(times) == 10
        assert {later - sooner for sooner, later in pairwise(times)} == {1_000}


def test_after_a_stall_all_are_due() -> None:
    turns = Turns(250, 5, 0)
    for now_ms in range(0, 1_000, 50):
        turns.due(now_ms)
    assert turns.due(9_000).keys() == set(range(5))
    assert not turns.due(9_001)
