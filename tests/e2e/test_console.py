"""An expert looks things up while being live, and the operator looks after the house."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rig.gallery import look
from rig.person import Person
from rig.server import login_of, wait_until
from rig.stage import Stage

MakeStage = Callable[..., Stage]
MakePerson = Callable[..., Person]

NOTE = "Asks about <Bernoulli> numbers; call in the morning."


def go(who: Person, name: str) -> None:
    """Click a place of the navigation."""
    who.see("desk-nav").get_by_role("link", name=name, exact=True).click()


def test_an_expert_earns_and_looks_it_up(stage: MakeStage, person: MakePerson, tmp_path: Path) -> None:
    here = stage(min_talk_s=0)
    ada, sam = here.expert, here.client
    here.open_pages()
    go(ada, "Clients")
    ada.wait("no-clients")
    go(ada, "Earnings")
    ada.wait("no-earnings")

    # It rings on whatever view is open, and what was noted stands beside the next call.
    here.ring()
    ada.wait("caller-card")
    ada.click("write-note")
    ada.wait("note-text").fill(NOTE)
    look(ada, "console-ringing")
    ada.click("save-note")
    assert ada.wait("client-note").inner_text() == NOTE
    ada.click("accept")
    here.wait_meter("running")
    sam.rest(4)
    sam.click("hang-up")
    here.wait_ended(ada)
    receipt = here.receipt()
    ada.click("call-again")

    earned = receipt["charge_minor"] * 8 // 10
    go(ada, "Today")
    wait_until(lambda: ada.wait("today-calls").inner_text() == "1", "the day has a call")
    look(ada, "console-today")
    go(ada, "Earnings")
    assert ada.wait("sum-earned").get_attribute("data-minor") == str(earned)
    ada.click("as-table")
    sums = ada.see("table-sum").evaluate_all("all => all.map((each) => each.dataset.minor)")
    assert sums == [str(earned)] * 2
    look(ada, "console-earnings")

    go(ada, "Calls")
    ada.wait("call-row")
    look(ada, "console-calls")
    with ada.page.expect_download() as file:
        ada.click("calls-csv")
    file.value.save_as(tmp_path / "calls.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "calls.csv").read_text("utf-8-sig"))))
    assert [(row["client"], row["earned"]) for row in rows] == [("Sam", f"{earned / 100:.2f}")]
    ada.wait("search").fill("nobody like that")
    ada.wait("no-calls")
    ada.page.go_back()
    ada.wait("earnings-chart")

    go(ada, "Clients")
    assert ada.wait("client-note").inner_text() == NOTE
    look(ada, "console-clients")
    ada.click("block")
    look(ada, "console-block")
    ada.click("block-confirm")
    ada.wait("unblock")
    order = {"id": "x" * 20, "host": "ada"}
    refused = here.server.api("POST", "/calls", login=here.client_login, body=order)
    assert refused.body["code"] == "host.declines"
    ada.click("show-blocked")
    ada.click("unblock")
    ada.wait("block")
    assert ada.errors == []

    # The operator decides on what the meter recorded.
    objection = {"reason": "Nobody could be heard for a while."}
    path = f"/calls/{here.call_id}/dispute"
    assert here.server.api("POST", path, login=here.client_login, body=objection).status == 201
    before, _ = here.balance()
    kim = person("kim")
    kim.open(here.server.links["operator"])
    go(kim, "Disputes")
    kim.click("load-log")
    kim.wait("meter-log")
    kim.click("decide")
    look(kim, "house-dispute")
    kim.wait("decide-amount").fill("0.01")
    kim.wait("decide-answer").fill("A cent for the trouble.")
    kim.click("decide-send")
    kim.page.locator('[data-testid="disputed"][data-state="refunded"]').wait_for()
    assert here.balance() == (before + 1, 0)
    assert kim.errors == []


def test_the_operator_looks_after_the_house(stage: MakeStage, person: MakePerson) -> None:
    here = stage(balance_minor=700)
    here.open_pages()
    kim = person("kim")
    kim.open(here.server.links["operator"])
    kim.wait("calls-now")
    here.ring()
    kim.click("look-at-meter")
    assert kim.wait("meter-facts").get_attribute("data-state") == "waiting"
    look(kim, "house-meter")
    kim.click("dialog-close")
    kim.click("end-call")
    kim.click("end-call-confirm")
    here.wait_ended(reason="operator")
    kim.see("live-row").wait_for(state="detached")

    go(kim, "People")
    kim.wait("search").fill("sam")
    wait_until(lambda: kim.see("person-row").count() == 1, "one is found")
    look(kim, "house-people")
    kim.see("person-row").get_by_role("link").click()
    kim.wait("call-row")
    look(kim, "house-person")

    def adjust(way: str, amount: str, reason: str) -> None:
        kim.click(way)
        kim.wait("adjust-amount").fill(amount)
        kim.wait("adjust-reason").fill(reason)
        kim.click("adjust-send")

    adjust("take", "7.01", "More than there is")
    kim.wait("adjust-problem")
    adjust("give", "2.50", "For the trouble")
    kim.wait("adjustment")
    assert kim.see("available").get_attribute("data-minor") == "950"
    assert here.balance() == (950, 0)
    kim.page.get_by_role("link", name="What the audit log says").click()
    kim.wait("audit-line")
    kim.wait("audit-action").select_option("wallet.")
    actions = "all => all.map((each) => each.dataset.action)"
    wait_until(
        lambda: kim.see("audit-line").evaluate_all(actions) == ["wallet.adjusted"], "the log is narrowed"
    )
    assert "For the trouble" in kim.see("audit-line").inner_text()
    look(kim, "house-audit")
    go(kim, "Payments")
    kim.wait("no-payments")
    look(kim, "house-payments")

    # Nobody else gets in.
    for stranger in (here.expert, here.client):
        token = login_of(stranger_link(here, stranger))
        stranger.open(f"{here.server.url}/operator/people#t={token}")
        assert stranger.wait("problem").get_attribute("data-code") == "page.role"
    assert kim.errors == []


def stranger_link(here: Stage, who: Person) -> Any:
    return here.server.links["expert" if who is here.expert else "client"]
