"""The line as people live it: two callers, one expert, a page that was closed, and an office with hours."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from rig.gallery import look
from rig.person import Person
from rig.server import Server, login_of, wait_until
from rig.stage import Stage

# Stands between the page and the system's notifications, and looks away from the page when told to.
NOTED = """
(() => {
  window.__noted = [];
  window.Notification = class {
    static permission = 'granted';
    constructor(title, options) { window.__noted.push(`${title} ${options.body}`); }
    close() {}
  };
  const visible = Object.getOwnPropertyDescriptor(Document.prototype, 'visibilityState').get;
  Object.defineProperty(document, 'visibilityState', {
    get: () => window.__away ? 'hidden' : visible.call(document),
  });
})();
"""
LOOK_AWAY = """
(away) => {
  window.__away = away;
  document.dispatchEvent(new Event('visibilitychange'));
}
"""


def mails(server: Server, to: str) -> list[dict[str, Any]]:
    """What would have been sent to this address."""
    lines = [json.loads(line) for line in server.log().splitlines()]
    return [each for each in lines if each["event"].startswith("mail kept") and each["to"] == to]


def test_two_callers_and_one_expert(house: Callable[..., Server], person: Callable[..., Person]) -> None:
    server = house(clients=2)
    assert server.gate is not None
    sam, kim, ada = person("sam"), person("kim"), person("ada")
    kim.context.add_init_script(NOTED)
    here = Stage(server, server.gate, sam, ada)

    # Ada goes live with one switch, and the badge on her page follows at once.
    ada.open(server.links["expert"])
    ada.wait("online")
    ada.click("mode-off")
    badge = kim.new_page()
    badge.goto(f"{server.url}/e/ada")
    live = badge.get_by_test_id("live")
    expect(live).to_have_attribute("data-state", "away")
    ada.click("mode-open")
    expect(live).to_have_attribute("data-state", "available", timeout=5_000)
    sam.open(server.links["client"])
    sam.wait("start-call")
    here.ring(voice=True)
    expect(live).to_have_attribute("data-state", "busy", timeout=5_000)
    ada.click("accept")
    here.wait_meter("running")

    # Kim comes second and waits, at today's price.
    kim.open(server.links["clients"][1])
    expect(kim.wait("presence")).to_have_text("In a call")
    kim.click("voice-only")
    kim.see("wish").fill("A proof that will not close")
    kim.click("start-call")
    expect(kim.wait("position")).to_have_text("You are next")
    expect(kim.see("locked-price")).to_contain_text("$2.40")
    expect(kim.see("wait")).to_contain_text("min")
    expect(kim.see("closing")).to_contain_text("kim@example.com")
    expect(live).to_contain_text("1 person waits")
    badge.close()
    look(kim, "line-waiting")
    kim.page.reload()
    kim.wait("position")

    # Ada sees that during the call.
    expect(ada.see("office-during")).to_contain_text("1")
    ada.click("office-during")
    expect(ada.wait("line-caller")).to_contain_text("A proof that will not close")
    look(ada, "line-during-a-call")
    ada.click("dialog-close")

    # Kim reads something else meanwhile. When Sam hangs up a notification tells Kim, then a mail.
    kim.page.evaluate(LOOK_AWAY, True)
    sam.click("hang-up")
    here.wait_ended(reason="payer_left")
    ada.click("call-again")
    kim.wait("turn")
    assert kim.page.evaluate("window.__noted") == [
        "It is your turn: Ada is free Your turn is kept for two minutes."
    ]
    assert "Your turn" in kim.page.title()
    look(kim, "line-turn")
    kim.page.close()
    mail = wait_until(lambda: mails(server, "kim@example.com"), "a mail is sent")[0]
    assert mail["subject"] == "It is your turn: Ada is free now"
    expect(ada.wait("line-caller")).to_contain_text("Left the page")

    # Its link leads straight into the call. Not today, says Ada, and why.
    kim.page = kim.new_page()
    kim.open(next(word for word in mail["text"].split() if word.startswith("http")))
    expect(ada.wait("incoming")).to_contain_text("Kim")
    look(ada, "line-ringing")
    ada.see("decline-note").fill("Sorry, the day is over")
    ada.click("decline")
    expect(kim.wait("ended-note")).to_contain_text("Sorry, the day is over")
    look(kim, "line-declined")
    assert server.api("GET", "/line", login=login_of(server.links["clients"][1])).body == {"places": []}
    assert [sam.errors, kim.errors, ada.errors] == [[], [], []]


def test_the_experts_office(house: Callable[..., Server], person: Callable[..., Person]) -> None:
    server = house()
    assert server.gate is not None
    caller, expert = person("sam"), person("ada")
    here = Stage(server, server.gate, caller, expert)
    expert.open(server.links["expert"])
    expect(expert.see("line-empty")).to_be_visible()

    # A pause: Lou, of whom nobody knows anything, waits in line and has not paid yet.
    expert.click("pause-office")
    caller.open(f"{server.url}/e/ada")
    caller.click("join-line")
    caller.see("my-name").fill("Lou")
    caller.click("entry-next")
    caller.click("entry-wait")
    expect(caller.wait("presence")).to_have_text("Pausing")
    caller.see("wish").fill("My engine")
    caller.click("start-call")
    caller.wait("position")
    expect(caller.see("closing")).to_contain_text("nobody can tell you")
    look(caller, "line-guest")
    entry = expert.wait("line-caller")
    expect(entry).to_contain_text("My engine")
    expect(entry).to_contain_text("Waiting")
    look(expert, "office-paused")
    # The server dies and comes back; nobody has to do anything.
    server.kill()
    expert.wait("offline")
    caller.wait("line-lost")
    server.start()
    expert.wait("online")
    caller.see("line-lost").wait_for(state="hidden")
    expect(caller.see("line")).to_have_attribute("data-position", "1")
    expect(expert.see("line-caller")).to_contain_text("On the page")

    # The turn is reserved while Lou tops up; but not now, says Ada: later.
    expert.click("resume-office")
    expect(caller.wait("turn")).to_contain_text("reserved for 1:")
    look(caller, "line-turn-without-money")
    caller.see("turn").get_by_test_id("top-up").first.click()
    expect(expert.wait("incoming")).to_contain_text("Lou")
    expert.see("decline-note").fill("One minute, please")
    expert.click("to-line")
    expect(caller.wait("line-note")).to_contain_text("One minute, please")
    look(caller, "line-asked-to-wait")
    caller.click("leave-line")
    expect(caller.see("line-over")).to_have_attribute("data-why", "left")
    look(caller, "line-left")
    caller.click("line-again")
    caller.wait("start-call")

    # By hours.
    expert.click("mode-hours")
    expert.wait("hours")
    expert.see("zone").fill("America/New_York")
    expect(expert.see("zone-now")).to_contain_text("there now")
    expert.click("add-0")
    expert.click("workdays")
    expert.click("save-hours")
    expect(expert.see("office").get_by_text("Saved")).to_be_visible()
    look(expert, "office-hours")

    # Closed, and live again, taking calls by itself, this one as the last.
    expert.click("mode-off")
    expect(caller.see("presence")).to_have_text("Offline")
    look(caller, "call-nobody-there")
    expert.click("mode-open")
    expert.see("auto-accept").check()
    expert.see("stop-after-call").check()
    expect(caller.see("presence")).to_have_text("Online now")
    caller.click("start-call")
    caller.wait_connected()
    here.wait_meter("running")
    caller.click("hang-up")
    expert.click("call-again")
    expect(expert.see("office")).to_have_attribute("data-mode", "off")
    assert [caller.errors, expert.errors] == [[], []]
