"""The predicted wait: from past calls, and never more than people can pay for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from booking.waiting import HANDOVER_MS, UNKNOWN_TALK_MS, Talk, rest_ms, talk_ms, waits_ms

MINUTE = 60_000
times = st.integers(0, 3_600_000)
funds = st.none() | times


def test_without_a_past_a_call_is_expected_to_be_ordinary() -> None:
    assert talk_ms([], None) == UNKNOWN_TALK_MS
    assert rest_ms([], Talk(0, None)) == UNKNOWN_TALK_MS
    assert rest_ms([], Talk(2 * UNKNOWN_TALK_MS, None)) == UNKNOWN_TALK_MS // 4


def test_the_past_tells() -> None:
    past = [4 * MINUTE, 6 * MINUTE, 20 * MINUTE, 1_000]
    assert talk_ms(past, None) == 6 * MINUTE, "hang-ups at once were no conversations"
    assert rest_ms(past, Talk(5 * MINUTE, None)) == 1 * MINUTE
    assert rest_ms(past, Talk(10 * MINUTE, None)) == 10 * MINUTE, "a long call gets longer"


def test_nobody_talks_longer_than_the_money_lasts() -> None:
    assert talk_ms([30 * MINUTE], 2 * MINUTE) == 2 * MINUTE
    assert rest_ms([30 * MINUTE], Talk(MINUTE, 10_000)) == 10_000
    turn = MINUTE + HANDOVER_MS
    assert waits_ms([], Talk(0, MINUTE), [MINUTE, None]) == [
        turn,
        2 * turn,
        2 * turn + UNKNOWN_TALK_MS + HANDOVER_MS,
    ]


@given(st.lists(times, max_size=20), st.none() | st.builds(Talk, times, funds), st.lists(funds, max_size=10))
def test_nobody_behind_waits_shorter(past: list[int], talk: Talk | None, line: list[int | None]) -> None:
    waits = waits_ms(past, talk, line)
    assert len(waits) == len(line) + 1
    assert waits == sorted(waits)
    assert waits[0] >= 0
    if talk is None:
        assert waits[0] == 0
