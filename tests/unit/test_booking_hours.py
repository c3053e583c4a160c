"""Weekly hours in a time zone: what the wall clock shows decides, in the gap and in the fold too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.availability import Availability
from booking.hours import Opening, WeeklyHours

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
SUNDAY = 6
MINUTE = timedelta(minutes=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def changes(hours: WeeklyHours, begin: datetime, end: datetime) -> list[tuple[datetime, bool]]:
    """Every change inside (begin, end], as `next_change` tells them."""
    found, at = [], begin
    while (at_or_none := hours.next_change(at)) is not None and at_or_none <= end:
        at = at_or_none
        found.append((at, hours.is_open(at)))
    return found


def test_office_hours_move_with_daylight_saving() -> None:
    nine_to_five = WeeklyHours(BERLIN, tuple(Opening(day, 9 * 60, 17 * 60) for day in range(5)))
    # The clocks went forward on Sunday 29 March 2026.
    assert nine_to_five.next_change(utc("2026-03-27T00:00")) == utc("2026-03-27T08:00")
    assert nine_to_five.next_change(utc("2026-03-27T16:00")) == utc("2026-03-30T07:00")
    assert nine_to_five.is_open(utc("2026-03-30T07:00"))
    assert not nine_to_five.is_open(utc("2026-03-30T15:00"))


@pytest.mark.parametrize(
    ("opening", "expected"),
    [
        # 02:00 becomes 03:00 at 07:00 UTC: what begins in the gap begins at its end.
        (Opening(SUNDAY, 150, 240), [("2026-03-08T07:00", True), ("2026-03-08T08:00", False)]),
        # What lies in the gap altogether does not take place.
        (Opening(SUNDAY, 130, 170), []),
        # What ends in the gap ends at its beginning.
        (Opening(SUNDAY, 60, 150), [("2026-03-08T06:00", True), ("2026-03-08T07:00", False)]),
    ],
)
def test_the_gap(opening: Opening, expected: list[tuple[str, bool]]) -> None:
    hours = WeeklyHours(NEW_YORK, (opening,))
    found = changes(hours, utc("2026-03-07T12:00"), utc("2026-03-09T00:00"))
    assert found == [(utc(at), is_open) for at, is_open in expected]


def test_the_fold_happens_twice() -> None:
    # 02:00 becomes 01:00 at 06:00 UTC on 1 November 2026.
    within = WeeklyHours(NEW_YORK, (Opening(SUNDAY, 60, 90),))
    assert changes(within, utc("2026-10-31T12:00"), utc("2026-11-02T00:00")) == [
        (utc("2026-11-01T05:00"), True), (utc("2026-11-01T05:30"), False),
        (utc("2026-11-01T06:00"), True), (utc("2026-11-01T06:30"), False),
    ]  # fmt: skip
    across = WeeklyHours(NEW_YORK, (Opening(SUNDAY, 30, 180),))
    assert changes(across, utc("2026-10-31T12:00"), utc("2026-11-02T00:00")) == [
        (utc("2026-11-01T04:30"), True), (utc("2026-11-01T08:00"), False),
    ]  # fmt: skip


def test_past_midnight_is_one_stretch() -> None:
    night = WeeklyHours(BERLIN, (Opening(0, 22 * 60, 24 * 60), Opening(1, 0, 2 * 60)))
    assert changes(night, utc("2026-06-01T00:00"), utc("2026-06-07T00:00")) == [
        (utc("2026-06-01T20:00"), True), (utc("2026-06-02T00:00"), False),
    ]  # fmt: skip


def test_always_and_never() -> None:
    always = WeeklyHours(BERLIN, tuple(Opening(day, 0, 1440) for day in range(7)))
    assert always.next_change(utc("2026-03-28T12:00")) is None
    assert always.is_open(utc("2026-03-29T01:00"))
    assert WeeklyHours(BERLIN).next_change(utc("2026-03-28T12:00")) is None


@pytest.mark.parametrize("zone", ["", "Nowhere/Else", "../etc/passwd", "Europe/Berlin\0", "x" * 100, "/UTC"])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        WeeklyHours(zone)


@pytest.mark.parametrize(
    "openings",
    [
        (Opening(0, 60, 120), Opening(0, 100, 180)), (Opening(1, 0, 60), Opening(0, 0, 60)),
        tuple(Opening(0, n, n + 1) for n in range(43)),
    ],
)  # fmt: skip
def test_what_is_no_week_is_refused(openings: tuple[Opening, ...]) -> None:
    with pytest.raises(ValueError, match="opening"):
        WeeklyHours("UTC", openings)


@pytest.mark.parametrize("parts", [(7, 0, 1), (0, 5, 5), (0, -1, 5), (0, 0, 1441)])
def test_what_is_no_opening_is_refused(parts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="opening"):
        Opening(*parts)


@st.composite
def weeks(draw: st.DrawFn) -> WeeklyHours:
    # Odd zones too: half hours, changes of half an hour, changes at midnight, southern summers.
    zone = draw(st.sampled_from([
        BERLIN, NEW_YORK, "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana", "Africa/Casablanca",
        "Pacific/Apia", "America/St_Johns", "UTC",
    ]))  # fmt: skip
    openings: list[Opening] = []
    for day in range(7):
        edges = sorted(draw(st.sets(st.integers(0, 1440), max_size=4)))
        openings += [Opening(day, one, two) for one, two in zip(edges[::2], edges[1::2], strict=False)]
    return WeeklyHours(zone, tuple(openings))


@settings(max_examples=60, deadline=None)
@given(
    weeks(),
    st.sampled_from(["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"]),
    st.integers(-1_440, 1_440),
)
def test_the_next_change_is_the_first_minute_that_differs(hours: WeeklyHours, day: str, minutes: int) -> None:
    begin = utc(f"{day}T00:00") + minutes * MINUTE
    found = hours.next_change(begin)
    end = begin + timedelta(hours=30) if found is None else min(found, begin + timedelta(hours=30))
    at = begin
    while at < end:
        assert hours.is_open(at) == hours.is_open(begin), at
        at += MINUTE
    if found is not None:
        assert hours.is_open(found) != hours.is_open(begin)
        assert found > begin


# -- switch, pause, stop ----------------------------------------------------------------------------------

NOON = utc("2026-06-01T12:00")  # a Monday
BY_HOURS = Availability(mode="hours", hours=WeeklyHours("UTC", (Opening(0, 9 * 60, 17 * 60),)))


def test_the_switch_and_the_hours() -> None:
    assert Availability().state(NOON) == "open"
    assert Availability(mode="off").state(NOON) == "closed"
    assert Availability(mode="off").back_at(NOON) is None
    assert BY_HOURS.state(NOON) == "open"
    assert BY_HOURS.state(NOON + timedelta(hours=5)) == "closed"
    assert BY_HOURS.back_at(NOON + timedelta(hours=5)) == utc("2026-06-08T09:00")


def test_a_pause_ends_by_itself() -> None:
    paused = Availability().paused(NOON)
    assert paused.state(NOON) == "paused"
    assert paused.back_at(NOON) == paused.next_change(NOON) == NOON + timedelta(minutes=20)
    assert paused.state(NOON + timedelta(minutes=20)) == "open"
    assert paused.resumed().state(NOON) == "open"
    assert paused.switched("off").switched("open").state(NOON) == "open"


def test_a_pause_may_outlast_the_hours() -> None:
    late = utc("2026-06-01T16:50")
    paused = BY_HOURS.paused(late)
    assert paused.state(late) == "paused"
    assert paused.state(utc("2026-06-01T17:00")) == "closed"
    assert paused.back_at(late) == utc("2026-06-08T09:00")


def test_stop_after_this_call() -> None:
    stopping = Availability(stop_after_call=True)
    assert stopping.state(NOON) == "open", "the call goes on"
    assert stopping.after_call(NOON) == Availability(mode="off")
    assert Availability().after_call(NOON) == Availability()
    by_hours = BY_HOURS.__class__(mode="hours", hours=BY_HOURS.hours, stop_after_call=True).after_call(NOON)
    assert by_hours.state(NOON) == "closed"
    assert by_hours.back_at(NOON) == utc("2026-06-08T09:00"), "the next opening is as always"
    assert by_hours.state(utc("2026-06-08T10:00")) == "open"
