"""How much a publisher may send."""

from __future__ import annotations

from media.bandwidth import CEILING_BPS, FLOOR_BPS, Downlink, publisher_limit_bps


def downlink(sent_bps: int = 1_000_000, videos: int = 1) -> Downlink:
    made = Downlink()
    made.videos = videos
    made.measure(0, 1_000)
    made.measure(sent_bps // 8, 2_000)
    assert made.sent_bps == sent_bps
    return made


def test_nothing_is_known_at_first() -> None:
    assert Downlink().limit_bps is None
    assert publisher_limit_bps([[Downlink()]]) is None
    assert publisher_limit_bps([]) is None


def test_a_growing_estimate_is_no_limit() -> None:
    link = downlink()
    for estimate in (300_000, 600_000, 1_100_000, 1_200_000):
        link.remb(estimate)
        assert link.limit_bps is None


def test_an_estimate_that_falls_to_what_is_sent_is_a_limit() -> None:
    link = downlink()
    link.remb(1_400_000)
    link.remb(850_000)
    assert link.limit_bps == 850_000
    link.remb(900_000)
    assert link.limit_bps == 900_000


def test_an_estimate_well_above_what_is_sent_lifts_the_limit() -> None:
    link = downlink()
    link.remb(1_400_000)
    link.remb(850_000)
    link.remb(1_310_000)
    assert link.limit_bps is None


def test_heavy_loss_takes_the_limit_down_and_its_end_up_again() -> None:
    link = downlink()
    link.loss(77, 10_000)
    first = link.limit_bps
    assert first is not None
    assert 800_000 < first < 900_000
    link.loss(77, 10_100)
    assert link.limit_bps == first
    for n in range(1, 20):
        link.loss(77, 10_000 + n * 1_000)
    assert link.limit_bps == FLOOR_BPS
    link.loss(15, 40_000)
    link.loss(15, 41_000)
    link.loss(15, 42_000)
    assert link.limit_bps == FLOOR_BPS
    for n in range(15):
        link.loss(0, 50_000 + n * 1_000)
    assert (link.limit_bps or 0) > 900_000
    for n in range(100):
        link.loss(0, 80_000 + n * 1_000)
    assert link.limit_bps is None


def test_what_the_encoder_sends_meanwhile_does_not_drag_the_limit_down() -> None:
    link = downlink()
    link.loss(40, 10_000)
    before = link.limit_bps
    link.measure(0, 11_000)
    link.loss(40, 11_000)
    assert before is not None
    assert (link.limit_bps or 0) > before * 0.9


def test_one_bad_report_is_not_a_trend() -> None:
    link = downlink()
    for n in range(20):
        link.loss(40 if n % 4 == 3 else 0, n * 1_000)
    assert link.limit_bps is None


def test_some_loss_is_borne() -> None:
    link = downlink()
    for n in range(50):
        link.loss(24, n * 1_000)
    assert link.limit_bps is None


def test_the_least_subscriber_decides_and_tracks_share_evenly() -> None:
    strong, weak = downlink(), downlink(videos=2)
    for link, estimate in ((strong, 900_000), (weak, 800_000)):
        link.remb(2_000_000)
        link.remb(estimate)
    assert publisher_limit_bps([[strong]]) == 900_000
    assert publisher_limit_bps([[strong, weak]]) == 400_000
    # Both of the weak subscriber's pictures come from this publisher.
    assert publisher_limit_bps([[weak], [weak]]) == 800_000


def test_a_limit_never_starves_the_picture() -> None:
    link = downlink(videos=4)
    link.remb(1_000_000)
    link.remb(10_000)
    assert publisher_limit_bps([[link]]) == FLOOR_BPS < CEILING_BPS
