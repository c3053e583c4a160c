"""The resume record: how far a call has come, from its events alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig.shelf import began, stopped

from metering.errors import EventsDisagree
from metering.facts import Heartbeat, MeterEvent
from metering.progress import Progress, closing_event, fresh_events, later, proven_use
from metering.usage import intervals, used_ms

CHAIN: list[MeterEvent] = [
    began(1_000), stopped(3_000, 2_000), began(5_000, 2_000), stopped(9_000, 6_000), stopped(6_000, 3_000),
    began(9_500, 3_000),
]  # fmt: skip


def test_the_last_event_alone_tells_the_progress() -> None:
    progress = Progress()
    for count, event in enumerate(CHAIN):
        progress = progress.after(event, lambda count=count: CHAIN[:count])
        assert progress == Progress.of(event)
        assert progress.used_ms == used_ms(intervals(CHAIN[: count + 1]))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5_000), st.integers(0, 9_000)), max_size=12))
def test_what_is_accepted_always_adds_up(moves: list[tuple[bool, int, int]]) -> None:
    """Whatever a meter says next: it is refused, or the usage is the sum of the intervals."""
    events: list[MeterEvent] = []
    progress, now_ms = Progress(), 0
    for honest, ms, back_ms in moves:
        now_ms += ms
        at_ms = max(0, now_ms - back_ms)
        wrong = 0 if honest else 1
        if progress.running is None and back_ms % 2 == 0:
            event: MeterEvent = began(at_ms, progress.used_ms + wrong)
        else:
            event = stopped(at_ms, used_ms(intervals([*events, stopped(at_ms, 0)])) + wrong)
        try:
            progress = progress.after(event, events.copy)
        except EventsDisagree:
            continue
        assert honest
        events.append(event)
        found = intervals(events)
        assert progress.used_ms == used_ms(found)
        assert (progress.running is None) == (not found or found[-1].end_ms is not None)
        ends = [each.end_ms for each in found if each.end_ms is not None]
        assert all(end <= after.start_ms for end, after in zip(ends, found[1:], strict=False))


@pytest.mark.parametrize(
    ("known", "offered", "new"),
    [
        (CHAIN, CHAIN, []),
        (CHAIN[:2], CHAIN[1:4], CHAIN[2:4]),
        (CHAIN[:4], CHAIN[4:], CHAIN[4:]),
        ([], CHAIN, CHAIN),
        (CHAIN, [], []),
        (CHAIN[:3], [CHAIN[0]], [CHAIN[0]]),  # repeats, but not the end: a contradiction, found later
    ],
)
def test_only_what_repeats_the_end_is_a_retry(
    known: list[MeterEvent], offered: list[MeterEvent], new: list[MeterEvent]
) -> None:
    assert fresh_events(known, offered) == new


def test_an_open_interval_closes_at_the_usage() -> None:
    assert closing_event(Progress.of(began(5_000, 2_000)), 2_500) == stopped(5_500, 2_500, "recovered")
    assert closing_event(Progress.of(stopped(5_000, 2_000)), 9_000) is None
    with pytest.raises(EventsDisagree):
        closing_event(Progress.of(began(5_000, 2_000)), 1_999)


@pytest.mark.parametrize(
    ("heartbeat", "used"),
    [
        (None, 2_000),
        (Heartbeat(7_500), 4_500),
        (Heartbeat(4_000), 2_000),
        (Heartbeat(7_500, {"call": 5_001}), 2_001),
        (Heartbeat(7_500, {"call": 9_000, "other": 0}), 4_500),
    ],
)
def test_usage_is_proven_up_to_the_last_proof_of_life(heartbeat: Heartbeat | None, used: int) -> None:
    assert proven_use(Progress.of(began(5_000, 2_000)), "call", heartbeat) == used
    assert proven_use(Progress.of(stopped(5_000, 2_000)), "call", heartbeat) == 2_000


@pytest.mark.parametrize(
    ("moment", "after"),
    [
        ("2026-01-01T23:59:59.900Z", "2026-01-02T00:00:00.150Z"),
        ("2026-01-01T23:59:59.900+00:00", "2026-01-02T00:00:00.150+00:00"),
        ("2026-01-01T12:00:00Z", "2026-01-01T12:00:00.250Z"),
        ("9999-12-31T23:59:59.900Z", "9999-12-31T23:59:59.900Z"),
        ("", ""),
        ("noon", "noon"),
    ],
)
def test_moments_move_in_their_own_notation(moment: str, after: str) -> None:
    assert later(moment, 250) == after
