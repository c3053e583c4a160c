"""During a call: the caller's limit, a tip, time as a gift, a pause with its reason, the receipt by mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rig.gallery import look
from rig.person import Person
from rig.server import wait_until
from rig.stage import Stage

MakeStage = Callable[..., Stage]
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True,
    "has_touch": True,
}  # fmt: skip


def room_is_clear(*people: Person) -> None:
    """Nobody's call is covered by a panel."""
    for person in people:
        person.see("on-hold").wait_for(state="hidden")
        person.see("soft-landing").wait_for(state="hidden")


def test_they_decide_about_money_while_they_talk(stage: MakeStage) -> None:
    here = stage(client=PHONE, price_minor=600)
    sam, ada = here.client, here.expert
    here.open_pages()
    # -- "stop me at $1.10": what is no amount is not passed over
    sam.see("cap").fill("$0,5x")
    sam.click("start-call")
    assert sam.see("ringing").count() == 0
    assert sam.see("cap").get_attribute("aria-invalid") == "true"
    sam.see("cap").fill("$1.10")
    here.ring()
    ada.click("accept")
    sam.wait_media()
    ada.wait_media()
    here.wait_meter("running")

    # -- it stops there, though there is money; one tap goes on
    here.wait_meter("exhausted", "cap")
    assert here.figures()[1] == 110
    look(sam, "call-limit")
    look(ada, "call-limit-expert")
    ada.rest(1.5)
    assert here.figures()[1] == 110, "not a cent more"
    sam.see("raise-cap").last.click()
    here.wait_meter("running")
    room_is_clear(sam, ada)

    # -- a tip, that the expert sees at once
    sam.click("money")
    sam.wait("tip-panel")
    sam.see("tip-200").click()
    sam.click("give-tip")
    assert "$1.60" in ada.wait("tipped").inner_text(), "her part of it"
    wait_until(lambda: sam.see("tip-given").get_attribute("data-minor") == "200", "Sam sees it, too")
    sam.see("dialog-close").first.click()

    # -- the expert gives a minute: the cost stands still while the time goes on
    ada.click("money")
    look(ada, "call-gift")
    ada.click("give-1")
    wait_until(lambda: "gift" in sam.wait("meter-why").inner_text().lower(), "Sam sees the gift")
    before = here.figures()
    ada.rest(2)
    after = here.figures()
    assert after[0] > before[0]
    assert after[1] == before[1]

    # -- the expert pauses, and says why
    ada.click("pause")
    here.wait_meter("paused", "host_paused")
    ada.see("pause-reason").first.click()
    note = ada.see("pause-reason").first.inner_text()
    sam.wait("pause-note")
    assert note in sam.see("pause-note").inner_text()
    look(sam, "call-paused-why")
    ada.click("pause")
    here.wait_meter("running")

    # -- the receipt has it all, on the page and in the mail
    sam.click("hang-up")
    here.wait_ended()
    receipt = here.receipt()
    assert receipt["gifted_ms"] > 0
    assert note in [each["note"] for each in receipt["events"] if "note" in each]
    reader = sam.new_page()

    def mailed() -> str:
        reader.goto(f"{here.server.url}/development/mail")
        texts = [each for each in reader.get_by_test_id("mail").all_inner_texts() if here.call_id in each]
        return "\n".join(texts)

    letter = wait_until(mailed, "the receipt is mailed")
    assert "Tip, beside that: $2.00" in letter
    cost = receipt["charge_minor"]
    assert f"Cost: ${cost // 100}.{cost % 100:02}" in letter
    here.server.assert_reconciled()
