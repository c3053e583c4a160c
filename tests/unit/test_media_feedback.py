"""Transport feedback stays small and true, whatever a client's transport sequence numbers do."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable

import pytest
from rig.rtcp import TransportFeedback, parse

from media.bandwidth import MAX_PENDING, ArrivalLog

SHUFFLED = random.Random(4).sample(range(900), 900)


def reports(log: ArrivalLog, numbers: Iterable[int], ticks_apart: int = 1) -> list[TransportFeedback]:
    log.pending += [(1_000 + at * ticks_apart) << 16 | number & 0xFFFF for at, number in enumerate(numbers)]
    packets = list(log.flush(100, 1, 2))
    assert all(len(packet) <= 1_200 for packet in packets)
    return [report for packet in packets for report in parse(packet) if isinstance(report, TransportFeedback)]


@pytest.mark.parametrize(
    "numbers",
    [range(20), range(4_000), range(60_000, 64_000), range(900, 0, -1), range(0, 900, 3), SHUFFLED],
    ids=["few", "many", "wrapping soon", "backwards", "gaps", "shuffled"],
)
@pytest.mark.parametrize("ticks_apart", [0, 1, 300])
def test_every_report_fits_and_all_arrivals_are_reported_once(numbers: range, ticks_apart: int) -> None:
    log = ArrivalLog()
    # The first report sets where the numbers begin.
    reports(log, [(min(numbers) - 1) & 0xFFFF])
    told = reports(log, numbers, ticks_apart)
    assert sorted(number for each in told for number in each.received) == sorted(numbers)
    assert [each.number for each in told] == list(range(1, 1 + len(told)))
    # One report begins where the one before it ended.
    for before, after in itertools.pairwise(told):
        assert after.base == (before.base + before.count) & 0xFFFF


def test_more_than_can_be_meant_is_not_reported() -> None:
    log = ArrivalLog()
    told = reports(log, range(20_000))
    assert sum(len(each.received) for each in told) == MAX_PENDING
    assert log.pending == []
