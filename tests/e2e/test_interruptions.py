"""Pauses, lost connections, killed browsers and a killed server: the meter runs only while both are there."""

from __future__ import annotations

import time
from collections.abc import Callable

from rig.server import wait_until
from rig.stage import Stage, moment_ms

MakeStage = Callable[..., Stage]


def assert_stopped_at_last_packet(here: Stage, last_packet_ms: float) -> None:
    """The last interval ends within 0.5 s before the last packet, and never later than 0.1 s after it."""
    receipt = here.assert_receipt_adds_up()
    ended_ms = moment_ms(receipt["intervals"][-1]["ended_at"])
    last_ms = last_packet_ms + (time.time() - time.monotonic()) * 1000
    assert last_ms - 500 <= ended_ms <= last_ms + 100
    assert receipt["used_ms"] <= here.truth().together_ms + 100


def test_a_pause_pauses_the_money_too(stage: MakeStage) -> None:
    here = stage()
    here.call()
    here.client.rest(1)
    here.client.click("pause")
    here.wait_meter("paused", "payer_paused")
    held = here.figures()
    decoded = here.expert.stats().decoded
    here.client.rest(2)
    assert here.figures() == held
    assert here.expert.stats().decoded - decoded <= 3, "no media while the call is on hold"
    here.client.click("pause")
    here.wait_meter("running")
    here.wait_media()
    assert here.figures()[0] > held[0]
    here.client.click("hang-up")
    here.wait_ended()
    intervals = here.assert_receipt_adds_up()["intervals"]
    assert [each["begin_reason"] for each in intervals] == ["media_up", "resumed"]
    assert [each["end_reason"] for each in intervals] == ["payer_paused", "payer_left"]


def test_each_side_takes_back_only_its_own_pause(stage: MakeStage) -> None:
    here = stage()
    here.call()
    here.client.click("pause")
    here.wait_meter("paused", "payer_paused")
    here.expert.click("pause")
    here.wait_meter("paused", "both_paused")
    held = here.figures()
    here.client.click("pause")
    here.wait_meter("paused", "host_paused")
    here.client.rest(0.5)
    assert here.figures() == held
    here.expert.click("pause")
    here.wait_meter("running")


def test_the_client_closes_the_tab(stage: MakeStage) -> None:
    here = stage(gone_s=3)
    here.call()
    here.client.rest(1.5)
    here.client.ufrags()
    here.client.page.close()
    here.expert.wait("reconnecting", timeout_s=10)
    here.wait_ended(here.expert, reason="payer_gone")
    assert_stopped_at_last_packet(here, here.spans(here.client)[-1][1])


def test_the_experts_browser_is_killed(stage: MakeStage) -> None:
    here = stage(gone_s=3)
    here.call()
    here.client.rest(1.5)
    here.expert.ufrags()
    here.expert.chromium.kill()
    here.wait_meter("reconnecting", "host_lost")
    here.wait_ended(reason="host_gone")
    assert_stopped_at_last_packet(here, here.spans(here.expert)[-1][1])


def test_the_network_is_gone_for_six_seconds_and_heals(stage: MakeStage) -> None:
    here = stage()
    here.call()
    here.client.rest(1)
    here.gate.cut()
    cut_s = time.monotonic()
    here.wait_meter("reconnecting")
    used = here.figures()[0]
    here.client.rest(6 - (time.monotonic() - cut_s))
    assert here.figures()[0] == used
    here.gate.heal()
    here.wait_meter("running")
    here.wait_media()
    here.client.rest(0.5)
    here.client.click("hang-up")
    here.wait_ended()
    receipt = here.assert_receipt_adds_up()
    assert len(receipt["intervals"]) == 2
    first_end = moment_ms(receipt["intervals"][0]["ended_at"])
    cut_ms = cut_s * 1000 + (time.time() - time.monotonic()) * 1000
    assert cut_ms - 500 <= first_end <= cut_ms + 100
    assert receipt["used_ms"] <= here.truth().together_ms + 100


def test_a_reload_comes_back_to_the_same_call(stage: MakeStage) -> None:
    here = stage()
    call_id = here.call()
    here.client.rest(0.5)
    here.client.page.reload()
    here.wait_media()
    here.wait_meter("running")
    assert here.call_id == call_id
    here.expert.page.reload()
    here.wait_media()
    here.wait_meter("running")
    here.client.click("hang-up")
    here.wait_ended()
    receipt = here.assert_receipt_adds_up()
    assert receipt["call_id"] == call_id
    assert receipt["used_ms"] <= here.truth().together_ms + 100


def test_a_second_tab_takes_the_call_over(stage: MakeStage) -> None:
    here = stage()
    here.call()
    first = here.client.page
    here.client.ufrags()
    here.client.page = here.client.new_page()
    here.client.open(here.server.links["client"])
    rejoin = here.client.page.locator('[data-testid="start-call"], [data-testid="meter"]').first
    rejoin.wait_for(state="visible")
    if here.client.see("start-call").first.is_visible():
        here.client.click("start-call")
    here.wait_media()
    here.wait_meter("running")
    problem = first.get_by_test_id("problem").first
    problem.wait_for(state="visible")
    assert problem.get_attribute("data-code") == "superseded"
    assert len(here.client.calls) == 1
    used = here.figures()[0]
    here.client.rest(1)
    assert here.figures()[0] > used
    here.client.click("hang-up")
    here.wait_ended()
    here.assert_receipt_adds_up()


def test_the_signaling_connection_is_lost_while_media_goes_on(stage: MakeStage) -> None:
    here = stage()
    here.call()
    used = here.figures()[0]
    here.client.context.set_offline(True)
    here.client.rest(2)
    here.client.context.set_offline(False)
    here.wait_meter("running")
    here.client.wait_media()
    assert here.figures()[0] > used
    here.client.click("hang-up")
    here.wait_ended()
    receipt = here.assert_receipt_adds_up()
    assert receipt["used_ms"] <= here.truth().together_ms + 100


def test_the_server_is_killed_and_the_pages_come_back_by_themselves(stage: MakeStage) -> None:
    here = stage()
    call_id = here.call()
    here.client.rest(2)
    used_before = here.figures()[0]
    killed_s = time.monotonic()
    here.server.kill()
    here.client.wait("reconnecting")
    here.server.start()
    here.wait_ended(reason="recovered")
    here.wait_ended(here.expert, reason="recovered")
    receipt = here.assert_receipt_adds_up()
    assert receipt["call_id"] == call_id
    assert receipt["reason"] == "recovered"
    mine, theirs = here.spans(here.client)[0][0], here.spans(here.expert)[0][0]
    assert used_before - 1_000 <= receipt["used_ms"] <= killed_s * 1000 - max(mine, theirs)
    here.client.click("call-again")
    here.client.click("start-call")
    here.expert.wait("accept")
    here.expert.click("accept")
    here.wait_media()
    here.wait_meter("running")
    assert here.call_id != call_id


def test_the_server_stops_in_order(stage: MakeStage) -> None:
    here = stage()
    here.call()
    here.client.rest(1)
    assert here.server.stop() == 0
    here.wait_ended(reason="shutdown")
    here.wait_ended(here.expert, reason="shutdown")
    here.server.start()
    here.client.wait("receipt-link")
    receipt = here.assert_receipt_adds_up()
    assert receipt["reason"] == "shutdown"
    wait_until(lambda: here.expert.see("online").count(), "the expert can be reached again")
