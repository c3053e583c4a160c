"""After a call: the caller rates, tips and objects, the expert gives back, the operator decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rig.accessible import PHONE
from rig.gallery import look
from rig.history import write_past_call
from rig.server import login_of, wait_until
from rig.stage import Stage

MakeStage = Callable[..., Stage]


def test_a_call_that_was_not_good_is_set_right(stage: MakeStage) -> None:
    here = stage(client=PHONE)
    here.server.stop()
    call = write_past_call(here.server.folder / "data")
    here.server.start()
    sam, ada, links = here.client, here.expert, here.server.links
    for person, role in ((sam, "client"), (ada, "expert")):
        person.open(links[role])
        # The page remembers the link; from here on its login is known.
        person.wait("online" if role == "expert" else "start-call")
        person.open(f"{here.server.url}/receipt/{call}")
        person.wait("receipt-total")

    sam.see("stars-4").check(force=True)
    sam.see("rating-text").fill("Kind, but silent at the end.")
    sam.click("rate")
    assert sam.wait("rated").get_attribute("data-stars") == "4"
    sam.click("tip-500")
    sam.click("give-tip")
    wait_until(lambda: sam.see("tip-given").get_attribute("data-minor") == "500", "the tip is given")
    sam.click("tip-other")
    sam.see("tip-own").fill("500")
    sam.click("give-tip")
    assert "does not suffice" in sam.wait("tip-problem").inner_text()
    sam.click("dispute-begin")
    sam.see("dispute-text").fill("too short")
    sam.click("dispute-send")
    assert sam.see("dispute").count() == 0
    sam.see("dispute-text").fill("I heard nothing for the last half minute.")
    sam.click("dispute-send")
    assert sam.wait("dispute").get_attribute("data-state") == "open"
    assert sam.see("meter-event").count() == 2
    look(sam, "receipt-disputed")

    ada.open(f"{here.server.url}/console")
    ada.wait("objections").get_by_role("link").click()
    assert ada.wait("got-rating").get_attribute("data-stars") == "4"
    assert ada.see("got-tip").get_attribute("data-minor") == "400"
    assert "I heard nothing" in ada.see("dispute-reason").inner_text()
    ada.see("dispute-text").fill("My microphone was off. I am sorry.")
    ada.click("dispute-send")
    ada.wait("dispute-answer")
    ada.see("refund").locator("summary").click()
    ada.see("refund-amount").fill("1")
    ada.click("give-back")
    ada.wait("receipt-refund")
    # $3.60, of which 80 % are hers; a dollar went back; of the tip she has 80 % as well.
    assert ada.see("receipt-net").get_attribute("data-minor") == str(208 + 400)
    look(ada, "receipt-answered")

    operator = login_of(links["operator"])
    (waiting,) = here.server.api("GET", "/disputes?state=open", login=operator).body["disputes"]
    assert (waiting["call"], waiting["refunded_minor"]) == (call, 100)
    word: Any = {"refund_minor": 80, "answer": "The log shows the silence."}
    decided = here.server.api("POST", f"/disputes/{call}/decision", login=operator, body=word)
    assert decided.status == 200
    sam.page.reload()
    assert sam.wait("dispute").get_attribute("data-state") == "refunded"
    assert "The log shows" in sam.see("dispute-decision").inner_text()
    assert sam.see("receipt-net").get_attribute("data-minor") == str(360 - 180 + 500)
    assert here.balance() == (2_000 - 360 + 180 - 500, 0)
    here.server.assert_reconciled()

    sam.open(f"{here.server.url}/account/calls")
    assert "$1.80 refunded" in sam.wait("refunded").inner_text()
    look(sam, "account-calls-refunded")
    ada.open(f"{here.server.url}/console/calls")
    assert "$1.44 refunded" in ada.wait("refunded").inner_text()
    look(ada, "console-calls-refunded")

    sam.open(f"{here.server.url}/e/ada")
    assert "4.0 of 5 · 1 rating" in sam.wait("rated").inner_text()
    assert sam.errors == []
    assert ada.errors == []
