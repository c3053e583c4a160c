"""The quality of a connection: whose loss it is, what the figures are, and when the level changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rig.desk import DeskWorld
from rig.hall import DELTA, KEY, Hall, plain

from media import rtcp
from media.engine import PeerStats
from signaling.clock import HandClock
from signaling.messages import AcceptMessage, QualityMessage
from signaling.quality import EVERY_MS, CallQuality, Gauge, QualityWatch, level_of, permille

START = PeerStats(1_000, 1_000, 100_000, 200_000, 10, 40, 900, 5, 4, 6)


def after(stats: PeerStats, packets: int = 500, **more: int) -> PeerStats:
    """Two seconds later: so many packets each way, and what else has changed."""
    later = replace(
        stats, packets_received=stats.packets_received + packets, packets_sent=stats.packets_sent + packets,
        bytes_received=stats.bytes_received + packets * 200, bytes_sent=stats.bytes_sent + packets * 400,
        packets_reported=stats.packets_reported + packets,
    )  # fmt: skip
    return replace(later, **more)


def test_the_figures_are_those_between_two_looks() -> None:
    gauge = Gauge()
    assert gauge.look("p.1", START, 10_000) is None
    told = gauge.look("p.1", after(START, packets_lost=20, reported_lost=30), 12_000)
    assert told is not None
    assert (told.loss_up_permille, told.loss_down_permille) == (19, 50)
    assert (told.rtt_ms, told.jitter_ms, told.up_kbps, told.down_kbps) == (40, 6, 400, 800)
    assert told.level == "weak"


def test_another_peer_begins_anew() -> None:
    gauge = Gauge()
    gauge.look("p.1", START, 10_000)
    assert gauge.look("p.2", PeerStats(5, 0, 0, 0, 0, None), 12_000) is None
    assert gauge.look(None, None, 14_000) is None
    assert gauge.look("p.2", START, 16_000) is None
    assert gauge.look("p.2", START, 18_000) is None, "nothing came"


def test_it_falls_at_once_and_rises_slowly() -> None:
    gauge, stats, now_ms = Gauge(), START, 0
    gauge.look("p", stats, now_ms)
    levels = []
    for rtt_ms in (40, 600, 40, 40, 300, 40, 300, 40, 40):
        stats, now_ms = after(stats, round_trip_ms=rtt_ms), now_ms + EVERY_MS
        told = gauge.look("p", stats, now_ms)
        assert told is not None
        levels.append(told.level)
    assert levels == ["good", "weak", "weak", "good", "fair", "fair", "fair", "fair", "good"]


@pytest.mark.parametrize(
    ("figures", "level"),
    [
        ((None, None, None, None), "good"), ((19, 0, 249, 29), "good"), ((20, 0, 10, 1), "fair"),
        ((0, 49, 10, 1), "fair"), ((0, 50, 10, 1), "weak"), ((0, 0, 250, 1), "fair"),
        ((0, 0, 500, 1), "weak"), ((0, 0, 10, 30), "fair"), ((0, 0, 10, 60), "weak"),
    ],
)  # fmt: skip
def test_the_worst_figure_decides(figures: tuple[int | None, ...], level: str) -> None:
    assert level_of(*figures) == level  # type: ignore[arg-type]


def test_few_packets_say_nothing() -> None:
    assert permille(10, 19) is None
    assert permille(-3, 100) == 0
    assert permille(300, 200) == 1_000


def test_only_news_is_told() -> None:
    quality = CallQuality()
    first = quality.look(("a", START), (None, None), 0)
    assert first == QualityMessage(None, None)
    assert quality.look((None, None), (None, None), EVERY_MS) is None


def test_what_is_lost_on_the_way_in_is_not_the_listeners_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch)
    hall = Hall()
    ada = hall.publisher("ada")
    route = hall.subscriber("bob", "ada.camera")
    ada.send(KEY)

    def report(highest: int, lost: int) -> tuple[int, int]:
        return route.told(rtcp.Report(route.ssrc, 0, lost, highest, 0, 0, 0))

    assert report(100, 0) == (0, 0), "the first one only says where it begins"
    for _ in range(50):
        ada.send(DELTA)
    ada.seq += 10
    ada.send(DELTA)
    assert report(161, 13) == (61, 3), "ten were lost before the server"
    assert report(161, 13) == (0, 0)
    assert report(261, 33) == (100, 20)
    assert report(5, 0) == (0, 0), "it counts anew"


async def test_both_sides_hear_of_it_and_nobody_else() -> None:
    world = await DeskWorld().open()
    page = world.page()
    await world.ring()
    payer = await world.join("call", "payer")
    assert world.desk.page_said("host", page, AcceptMessage("call")) is None
    await world.passes(0)
    host, guest = await world.join("call", "host"), await world.join("call", "zoe", "guest")
    for line in (payer, host):
        await world.up("call", line)
    counters = {"now": START}
    world.media.stats = lambda _peer: counters["now"]  # type: ignore[method-assign]
    watch = QualityWatch(world.clock, world.desk.quality_looks)
    task = world.supervisor.spawn("quality", watch.run())
    for _ in range(3):
        await world.passes(EVERY_MS)
        counters["now"] = after(counters["now"], packets_lost=counters["now"].packets_lost + 50)
    told = payer.all(QualityMessage)
    assert told == host.all(QualityMessage)
    assert guest.all(QualityMessage) == []
    assert len(told) == 2
    assert told[-1].host is not None
    assert told[-1].host.level == "weak"
    task.cancel()


async def test_a_fault_in_one_call_does_not_end_the_watch() -> None:
    clock, looked = HandClock(), []

    def broken(_now_ms: int) -> None:
        raise ValueError

    watch = QualityWatch(clock, lambda: [broken, looked.append])
    world = DeskWorld()
    world.supervisor.spawn("quality", watch.run())
    await clock.drive(3 * EVERY_MS)
    assert len(looked) == 3
