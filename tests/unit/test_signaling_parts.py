"""The small parts: supervisor, time-outs, allowance, offers' marks, frames."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta

import pytest
from rig.desk import Counts

from booking.availability import Availability
from signaling.allowance import Allowance
from signaling.clock import HandClock, SystemClock, iso_at
from signaling.errors import MESSAGES, Refused
from signaling.offers import OfferMark
from signaling.reach import Reach
from signaling.supervisor import Supervisor, within
from signaling.transport import is_frame


async def test_crash_is_counted_by_kind_and_takes_nothing_along() -> None:
    counts = Counts()
    supervisor = Supervisor(counts)

    async def crash() -> None:
        raise RuntimeError("a fault")

    async def live() -> None:
        await asyncio.get_running_loop().create_future()

    supervisor.spawn("call:1", crash())
    supervisor.spawn("call:2", live())
    await asyncio.sleep(0.01)
    assert counts["task_crashes", "call"] == 1
    assert supervisor.names() == ["call:2"]
    await supervisor.close()
    assert len(supervisor) == 0


async def test_closing_awaits_what_cleans_up_and_starts_nothing_new() -> None:
    supervisor, done = Supervisor(), []

    async def tidy() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.sleep(0.01)
            done.append("tidied")

    supervisor.spawn("tidy", tidy())
    await asyncio.sleep(0)
    await supervisor.close()
    assert done == ["tidied"]
    late = tidy()
    with pytest.raises(RuntimeError, match="closed"):
        supervisor.spawn("late", late)


async def test_within_gives_up_by_the_clock_it_was_given() -> None:
    clock = HandClock()

    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    waiting = asyncio.ensure_future(within(clock, 1_000, never()))
    await clock.drive(999)
    assert not waiting.done()
    await clock.drive(1)
    with pytest.raises(TimeoutError):
        await waiting


async def test_within_passes_answers_and_cancellation_on() -> None:
    clock = HandClock()

    async def answer() -> int:
        await clock.sleep(0.5)
        return 7

    waiting = asyncio.ensure_future(within(clock, 1_000, answer()))
    await clock.drive(500)
    assert await waiting == 7
    cancelled = asyncio.ensure_future(within(clock, 1_000, answer()))
    await clock.drive(100)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled


def test_allowance_lets_a_burst_pass_then_the_rate_and_then_loses_patience() -> None:
    allowance = Allowance(0, per_second=20, burst=60, patience=100)
    assert [allowance.take(0) for _ in range(60)] == ["pass"] * 60
    assert allowance.take(0) == "refuse"
    assert allowance.take(10) == "refuse_silently"
    assert allowance.take(60) == "pass"
    verdicts = {allowance.take(60) for _ in range(98)}
    assert verdicts == {"refuse_silently"}
    assert allowance.take(60) == "disconnect"


def test_allowance_forgives_who_slows_down() -> None:
    allowance = Allowance(0)
    for round_ms in range(0, 60_000, 6_000):
        verdicts = [allowance.take(round_ms) for _ in range(100)]
        assert verdicts.count("pass") >= 60
        assert "disconnect" not in verdicts


@pytest.mark.parametrize(
    ("later", "same"),
    [
        ("o=- 1 2 IN IP4 0\r\na=ice-ufrag:aa\r\n", True),
        ("o=- 1 2 IN IP4 0\r\na=ice-ufrag:bb\r\n", True),
        ("o=- 9 1 IN IP4 0\r\na=ice-ufrag:aa\r\n", True),
        ("o=- 9 1 IN IP4 0\r\na=ice-ufrag:bb\r\n", False),
        ("nonsense", False),
    ],
)
def test_new_peer_connection_is_told_from_a_renegotiation(later: str, same: bool) -> None:
    first = OfferMark.of("v=0\r\no=- 1 1 IN IP4 0\r\na=ice-ufrag:aa\r\n")
    assert OfferMark.of(later).is_same_connection(first) is same


@pytest.mark.parametrize(
    ("frame", "good"),
    [
        ("2", True), ("3probe", True), ("42/v1,[]", True), ("40/v1,", True),
        ("", False), ("4", False), ("4{", False), ("2[[[", False), ("9", False), ("x", False), (b"4", False),
    ],
)  # fmt: skip
def test_only_frames_reach_the_library(frame: object, good: bool) -> None:
    assert is_frame(frame) is good


def test_every_refusal_has_words() -> None:
    for code, text in MESSAGES.items():
        assert Refused.of(code) == Refused(code, text)
        assert text.endswith(".")
        assert code.count(".") == 1


def test_moments_of_instants() -> None:
    clock = HandClock(5_000)
    clock.crank(1_500)
    assert iso_at(clock, 5_250) == "2026-01-01T00:00:00.250Z"


def test_moments_of_a_receipt_are_as_far_apart_as_the_interval_is_long() -> None:
    """However long after the instants they are named, and in whatever part of a millisecond that is."""
    clock = SystemClock()
    now_ms = clock.now_ms()
    apart: set[timedelta] = set()
    for _ in range(500):
        began = datetime.fromisoformat(iso_at(clock, now_ms - 5_645))
        end = time.perf_counter_ns() + 17_000
        while time.perf_counter_ns() < end:
            pass
        apart.add(datetime.fromisoformat(iso_at(clock, now_ms)) - began)
    assert apart == {timedelta(milliseconds=5_645)}
    assert abs(clock.wall_at(now_ms) - clock.wall()) < timedelta(seconds=30)


async def test_what_a_host_says_last_is_what_is_kept() -> None:
    """The last call closes the office, and at the same moment the host opens it again."""
    kept: list[Availability] = []

    class Records:
        async def all(self) -> dict[str, Availability]:
            return {}

        async def put(self, person_id: str, value: Availability) -> None:
            assert person_id == "ada"
            kept.append(value)

    supervisor, clock = Supervisor(), HandClock()
    reach = Reach(clock, supervisor, Records(), lambda _host: None)
    reach.change_soon("ada", lambda value: value.switched("off"))
    await reach.change("ada", lambda value: value.switched("open"))
    await asyncio.sleep(0.01)
    assert reach.state("ada") == "open"
    assert kept[-1].mode == "open"
    await supervisor.close()
