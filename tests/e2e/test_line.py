"""Two callers and one expert: the second waits in line, sees where, and is rung in when the first is done."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect
from rig.accessible import assert_accessible, assert_fits
from rig.person import Person
from rig.server import ROOT, Server
from rig.stage import Stage

PICTURES = ROOT / "test-results" / "line"


def picture(person: Person, name: str) -> None:
    """Keep what a person sees, at both widths, for whoever looks at the pages."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for width, height in ((1280, 800), (390, 844)):
        person.page.set_viewport_size({"width": width, "height": height})
        assert_fits(person.page, f"{name} at {width}")
        person.page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=True)
    person.page.set_viewport_size({"width": 1280, "height": 800})


def test_the_second_caller_waits_and_is_rung_in(
    house: Callable[..., Server], person: Callable[..., Person]
) -> None:
    server = house(clients=2)
    assert server.gate is not None
    first, second, expert = person("sam"), person("kim"), person("ada")
    links = server.links["clients"]
    here = Stage(server, server.gate, first, expert)
    here.open_pages()
    here.ring(voice=True)
    expert.click("accept")
    here.wait_meter("running")

    second.open(links[1])
    second.wait("start-call")
    expect(second.see("presence")).to_have_text("In a call")
    second.click("voice-only")
    second.see("wish").fill("A proof that will not close")
    second.click("start-call")
    second.wait("position")
    expect(second.see("position")).to_have_text("You are next")
    expect(second.see("locked-price")).to_contain_text("$2.40")
    second.see("wait").wait_for()
    picture(second, "waiting")
    assert_accessible(second.page, "the line")

    # A reload keeps the place.
    second.page.reload()
    second.wait("position")

    first.click("hang-up")
    here.wait_ended(reason="payer_left")
    # Kim looks at the page, so the call begins by itself and rings at Ada's.
    incoming = expert.wait("incoming")
    expect(incoming).to_contain_text("is calling")
    expert.click("accept")
    second.wait_connected()
    second.wait("meter")
    second.click("hang-up")
    second.wait("ended")
    assert server.api("GET", "/line", login=links[1].partition("#t=")[2]).body == {"places": []}
    assert first.errors == []
    assert second.errors == []
    assert expert.errors == []


def test_the_experts_office(house: Callable[..., Server], person: Callable[..., Person]) -> None:
    server = house(clients=2)
    assert server.gate is not None
    caller, expert = person("sam"), person("ada")
    here = Stage(server, server.gate, caller, expert)
    here.open_pages()
    expect(expert.see("line-empty")).to_be_visible()

    # A pause: callers wait in line and are called when it is over.
    expert.click("pause-office")
    expect(caller.see("presence")).to_have_text("Pausing")
    caller.see("wish").fill("My engine")
    caller.click("start-call")
    caller.wait("position")
    entry = expert.wait("line-caller")
    expect(entry).to_contain_text("My engine")
    expect(entry).to_contain_text("Waiting")
    picture(expert, "office-paused")
    assert_accessible(expert.page, "the line")
    expert.click("resume-office")

    # Asked to wait, with a word; then declined for good.
    expert.wait("incoming")
    picture(expert, "office-ringing")
    expert.see("decline-note").fill("One minute, please")
    expert.click("to-line")
    caller.wait("position")
    caller.click("leave-line")
    expect(caller.see("line-over")).to_have_attribute("data-why", "left")
    caller.click("line-again")
    caller.wait("start-call")

    # By hours.
    expert.click("mode-hours")
    expert.wait("hours")
    expert.see("zone").fill("America/New_York")
    expert.click("add-0")
    expert.click("save-hours")
    expect(expert.see("office").get_by_text("Saved")).to_be_visible()
    picture(expert, "office-hours")
    assert_accessible(expert.page, "the line")

    # Closed, and live again, taking calls by itself.
    expert.click("mode-off")
    expect(caller.see("presence")).to_have_text("Offline")
    expert.click("mode-open")
    expert.see("auto-accept").check()
    expect(caller.see("presence")).to_have_text("Online now")
    caller.click("start-call")
    caller.wait_connected()
    here.wait_meter("running")
    caller.click("hang-up")
    assert expert.errors == []
    assert caller.errors == []
