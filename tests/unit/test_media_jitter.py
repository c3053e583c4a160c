"""Interarrival jitter (RFC 3550, 6.4.1): the integers against the formula itself, and what is reported."""

from __future__ import annotations

import itertools
import random

import pytest
from rig.hall import DELTA, KEY, Hall, plain

from media import rtcp


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch)


def by_the_formula(arrivals: list[tuple[int, int]], rate: int) -> float:
    """J of (ticks of 250 µs, timestamp) in timestamp units, with fractions and without the wrap."""
    jitter = 0.0
    for (before_ticks, before_ts), (ticks, ts) in itertools.pairwise(arrivals):
        apart = (ticks - before_ticks) * rate / 4_000 - (ts - before_ts)
        jitter += (abs(apart) - jitter) / 16
    return jitter


def sent(arrivals: list[tuple[int, int]], source: str) -> tuple[Hall, rtcp.Report]:
    hall = Hall()
    ada = hall.publisher("ada", **{source: 50})
    for ticks, ts in arrivals:
        hall.wire.ticks = ticks
        ada.send(
            KEY if source == "camera" else DELTA, ts=ts & 0xFFFFFFFF, kind=96 if source == "camera" else 111
        )
    ada.inbound.report(hall.wire.stamp_ms)
    reports = [each for each in hall.control("ada/0") if isinstance(each, rtcp.Report)]
    return hall, reports[0]


@pytest.mark.parametrize(("source", "rate", "step"), [("mic", 48_000, 960), ("camera", 90_000, 3_000)])
@pytest.mark.parametrize("begin", [1_000, (1 << 32) - 9_000], ids=["plain", "the timestamp wraps"])
def test_it_follows_the_formula(source: str, rate: int, step: int, begin: int) -> None:
    dice = random.Random(7)
    due = [at * step * 4_000 // rate for at in range(300)]
    arrivals = [(10**9 + ticks + dice.randrange(200), begin + at * step) for at, ticks in enumerate(due)]
    _, report = sent(arrivals, source)
    assert report.jitter == pytest.approx(by_the_formula(arrivals, rate), rel=0.01, abs=2)
    assert report.jitter > rate // 1_000, "it is more than a millisecond"


def test_an_even_stream_has_none() -> None:
    _, report = sent([(at * 80, at * 960) for at in range(200)], "mic")
    assert report.jitter == 0


def test_a_jump_of_the_clock_is_no_jitter() -> None:
    even = [(at * 80, at * 960) for at in range(100)]
    jumped = [(ticks + 8_000, ts + 3_000_000_000) for ticks, ts in even]
    _, report = sent(even + jumped, "mic")
    assert report.jitter == 0


def test_what_waited_through_a_stall_is_no_jitter() -> None:
    hall = Hall()
    ada = hall.publisher("ada", mic=50)
    stream = ada.inbound.streams[50]
    for at in range(100):
        hall.wire.ticks, hall.wire.fresh = (at * 80, True) if at < 50 or at > 90 else (91 * 80, False)
        ada.send(DELTA, ts=at * 960, kind=111)
    assert stream.jitter == 0
    assert stream.jitter_ms == 0
