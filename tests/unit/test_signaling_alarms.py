"""One heap, one timer: every alarm rings at its own instant, once."""

from __future__ import annotations

import random

from signaling.alarms import Alarms
from signaling.clock import HandClock


class CountingClock(HandClock):
    """Counts the timers that are armed."""

    armed = 0

    def call_at(self, when_ms, callback):  # type: ignore[no-untyped-def]
        self.armed += 1
        return super().call_at(when_ms, callback)


def test_alarms_ring_in_order_at_their_instants() -> None:
    clock = HandClock(0)
    alarms, rang = Alarms(clock), []
    for when in (50, 10, 30):
        alarms.make(lambda when=when: rang.append((when, clock.now_ms()))).set(when)
    clock.crank(100)
    assert rang == [(10, 10), (30, 30), (50, 50)]
    assert len(alarms) == 0


def test_setting_anew_replaces_and_none_silences() -> None:
    clock = HandClock(0)
    alarms, rang = Alarms(clock), []
    alarm = alarms.make(lambda: rang.append(clock.now_ms()))
    alarm.set(10)
    alarm.set(40)
    clock.crank(20)
    assert rang == []
    alarm.set(None)
    clock.crank(100)
    assert rang == []
    alarm.set(130)
    clock.crank(100)
    assert rang == [130]


def test_alarm_in_the_past_rings_at_once_and_may_be_set_in_its_own_ring() -> None:
    clock = HandClock(1_000)
    alarms, rang = Alarms(clock), []

    def ring() -> None:
        rang.append(clock.now_ms())
        if len(rang) < 3:
            alarm.set(clock.now_ms() + 5)

    alarm = alarms.make(ring)
    alarm.set(3)
    clock.crank(100)
    assert rang == [1_000, 1_005, 1_010]


def test_random_settings_ring_exactly_as_last_set() -> None:
    chance, clock = random.Random(7), HandClock(0)
    alarms, rang, expected = Alarms(clock), {}, {}
    owners = [alarms.make(lambda n=n: rang.setdefault(n, []).append(clock.now_ms())) for n in range(50)]
    for _ in range(3_000):
        n, when = chance.randrange(50), chance.choice([None, chance.randrange(1, 1_000)])
        owners[n].set(when)
        expected[n] = when
    clock.crank(2_000)
    assert rang == {n: [when] for n, when in expected.items() if when is not None}
    assert len(alarms._heap) <= 2 * 50 + 64


def test_ten_thousand_alarms_need_few_timers() -> None:
    clock = CountingClock(0)
    alarms = Alarms(clock)
    for n in range(10_000):
        alarms.make(lambda: None).set(1_000 + n)
    assert clock.armed == 1
