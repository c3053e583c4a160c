"""Two browsers call each other: what they see, hear and pay."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rig.person import Person
from rig.server import login_of, wait_until
from rig.stage import Stage

MakeStage = Callable[..., Stage]
# $2.40 a minute.
RATE_MINOR_PER_S = 4

H264_FIRST = """
(() => {
  const add = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (what, init) {
    const transceiver = add.call(this, what, init);
    if (what === 'video' || what?.kind === 'video') {
      const { codecs } = RTCRtpReceiver.getCapabilities('video');
      const first = codecs.filter((each) => each.mimeType === 'video/H264');
      transceiver.setCodecPreferences([...first, ...codecs.filter((each) => !first.includes(each))]);
    }
    return transceiver;
  };
})();
"""


def test_two_people_see_and_hear_each_other_and_one_pays_by_the_second(stage: MakeStage) -> None:
    here = stage()
    here.call()
    for person in (here.client, here.expert):
        assert person.wait_frame()[0] >= 160
        assert person.stats().energy > 0
    for _ in range(3):
        here.client.rest(0.7)
        before = here.figures()[1]
        shown = here.shown_minor()
        after = here.figures()[1]
        assert before - RATE_MINOR_PER_S <= shown <= after + RATE_MINOR_PER_S
    assert here.figures()[0] > 1_000
    available, held = here.balance()
    assert available + held <= 2_000
    here.client.click("hang-up")
    here.wait_ended(reason="payer_left")
    here.wait_ended(here.expert, reason="payer_left")
    receipt = here.assert_receipt_adds_up()
    assert receipt["charge_minor"] == receipt["used_ms"] * 240 // 60_000
    truth = here.truth()
    assert truth.together_ms - 1_500 <= receipt["used_ms"] <= truth.together_ms + 100
    assert here.client.errors == []
    assert here.expert.errors == []


def test_a_receipt_can_be_read_and_verified(stage: MakeStage) -> None:
    here = stage()
    here.call()
    here.client.rest(1.5)
    here.client.click("hang-up")
    here.wait_ended()
    receipt = here.assert_receipt_adds_up()
    path = here.server.folder / "receipt.json"
    path.write_text(json.dumps(receipt))
    assert here.server.cli("verify", str(path)).returncode == 0
    path.write_text(json.dumps({**receipt, "charge_minor": receipt["charge_minor"] + 1}))
    assert here.server.cli("verify", str(path)).returncode != 0
    here.client.click("receipt-link")
    page = here.client.wait("receipt")
    assert f"${receipt['charge_minor'] / 100:.2f}" in page.inner_text()


def test_the_host_hangs_up(stage: MakeStage) -> None:
    here = stage()
    here.call()
    here.expert.rest(1)
    here.expert.click("hang-up")
    here.wait_ended(reason="host_left")
    here.wait_ended(here.expert, reason="host_left")
    here.assert_receipt_adds_up()


def test_a_call_by_voice_only(stage: MakeStage) -> None:
    here = stage()
    here.open_pages()
    here.ring(voice=True)
    here.expert.click("accept")
    here.wait_meter("running")
    for person in (here.client, here.expert):
        person.wait_connected()
        heard = person.stats().heard
        wait_until(lambda who=person, since=heard: who.stats().heard > since + 30, "voice is heard")
        assert person.stats().decoded == 0
        assert person.stats().sentVideo == 0
    here.client.click("hang-up")
    here.wait_ended()
    assert here.assert_receipt_adds_up()["used_ms"] > 0


def test_the_expert_declines(stage: MakeStage) -> None:
    here = stage()
    here.open_pages()
    here.ring()
    here.expert.click("decline")
    here.wait_ended(reason="declined")
    here.expert.see("incoming").first.wait_for(state="hidden")
    assert here.figures() == (0, 0)
    assert here.balance() == (2_000, 0)
    here.server.assert_reconciled()


def test_the_caller_leaves_before_the_answer_and_pays_nothing(stage: MakeStage) -> None:
    here = stage()
    here.open_pages()
    here.ring()
    here.client.click("cancel-call")
    here.expert.see("incoming").first.wait_for(state="hidden")
    here.wait_ended(reason="cancelled")
    assert here.figures() == (0, 0)
    assert here.balance() == (2_000, 0)
    here.server.assert_reconciled()


def test_nobody_answers_and_nobody_pays(stage: MakeStage) -> None:
    here = stage(ring_s=2)
    here.open_pages()
    here.ring()
    here.wait_ended(reason="no_answer")
    here.expert.see("incoming").first.wait_for(state="hidden")
    assert here.balance() == (2_000, 0)
    here.server.assert_reconciled()


def test_h264_where_it_is_preferred(stage: MakeStage) -> None:
    here = stage()
    for person in (here.client, here.expert):
        person.context.add_init_script(H264_FIRST)
    here.call()
    for person in (here.client, here.expert):
        stats = person.stats()
        assert set(stats.codecs) == {"video/H264"}
        assert set(stats.sentCodecs) == {"video/H264"}


def test_a_microphone_and_a_camera_can_be_switched_off_and_on(stage: MakeStage) -> None:
    here = stage()
    here.call()
    here.client.click("camera")
    here.client.click("mute")
    here.client.rest(1)
    still = here.expert.stats()
    here.client.rest(1)
    assert here.expert.stats().decoded - still.decoded <= 2
    used = here.figures()[0]
    here.client.rest(3)
    assert here.figures()[0] - used > 2_000, "a person who is only silent is there, and the time counts"
    here.client.click("camera")
    here.client.click("mute")
    here.expert.wait_media()


def test_a_screen_is_shared_and_taken_back(stage: MakeStage) -> None:
    here = stage()
    here.call()
    assert here.expert.stats().videos == 1
    here.client.click("screen-share")
    wait_until(lambda: here.expert.stats().videos == 2, "the expert sees camera and screen")
    here.client.click("screen-share")
    wait_until(lambda: not here.expert.page.locator('[data-source="screen"]').count(), "the screen is gone")
    here.expert.wait_media()


def test_three_people_in_a_room(stage: MakeStage, person: Callable[..., Person]) -> None:
    here = stage()
    here.call()
    invited: Any = here.server.api(
        "POST", f"/calls/{here.call_id}/guests", login=here.client_login, body={"name": "Kim"}
    )
    assert invited.status in {200, 201}
    guest = person("kim")
    guest.open(invited.body["url"])
    guest.click("start-call")
    for each in (here.client, here.expert, guest):
        wait_until(lambda who=each: who.stats().videos == 2, f"{each.name} sees both others")
    used = here.figures()[0]
    guest.click("hang-up")
    wait_until(lambda: here.client.see("tile-remote").count() == 1, "the guest's tile is gone")
    here.client.wait_media()
    assert here.figures()[0] > used, "the call goes on without the guest"
    here.client.click("hang-up")
    here.wait_ended()
    here.assert_receipt_adds_up()


def test_two_calls_after_each_other(stage: MakeStage) -> None:
    here = stage()
    here.call()
    here.client.click("hang-up")
    here.wait_ended()
    first = here.assert_receipt_adds_up()
    here.client.click("call-again")
    here.client.click("start-call")
    here.expert.click("accept")
    here.client.wait_media()
    here.wait_meter("running")
    assert len(here.client.calls) == 2
    here.client.rest(1)
    here.client.click("hang-up")
    here.wait_ended()
    second = here.assert_receipt_adds_up()
    assert second["balance_before_minor"] == first["balance_after_minor"]


def test_one_persons_link_does_not_open_anothers_call(stage: MakeStage) -> None:
    here = stage(clients=2)
    here.call()
    stranger = login_of(here.server.links["clients"][1])
    for method, path in (("GET", ""), ("POST", "/join"), ("GET", "/receipt"), ("POST", "/guests")):
        body = {"name": "Eve"} if path == "/guests" else None
        reply = here.server.api(method, f"/calls/{here.call_id}{path}", login=stranger, body=body)
        assert reply.status == 404, path
        assert reply.body["code"] == "call.unknown"
