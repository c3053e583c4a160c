"""From nothing to a link to share, and a stranger on it who calls: two people, no accounts, no help."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image
from rig.gallery import look
from rig.person import Person
from rig.server import Server, wait_until

MakeServer = Callable[..., Server]
MakePerson = Callable[..., Person]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def portrait() -> dict[str, Any]:
    """A file as a person would choose it."""
    target = io.BytesIO()
    Image.new("RGB", (800, 600), "peru").save(target, "PNG")
    return {"name": "me.png", "mimeType": "image/png", "buffer": target.getvalue()}


def check(person: Person, state: str) -> None:
    look(person, f"public-{state}")


def test_from_nothing_to_a_shared_link_and_a_stranger_who_calls(
    house: MakeServer, person: MakePerson
) -> None:
    server = house()
    ada, lou = person("ada"), person("sam", **PHONE, color_scheme="dark")

    # Ada has nothing but the address of the server. Her name's address is taken, so she takes another.
    ada.open(f"{server.url}/start")
    ada.wait("publish")
    check(ada, "start-empty")
    ada.see("name").fill("Ada")
    ada.see("headline").fill("Engines & numbers.")
    ada.see("price-field").fill("2.40")
    assert "7 min 20 s costs $17.60" in ada.wait("examples").inner_text()
    ada.see("photo").set_input_files(portrait())
    ada.wait("photo-remove")
    ada.wait("suggestion")
    check(ada, "start-half")
    ada.see("suggestion").first.click()
    ada.click("publish")
    link = ada.wait("share-link").input_value()
    assert link.startswith(f"{server.url}/e/")
    check(ada, "start-made")

    # A cheaper offer by voice, later. It is one that a caller can choose.
    ada.open(f"{server.url}/expert/profile")
    ada.click("add-offer")
    ada.click("kind-voice")
    ada.see("price-field").fill("1,20")
    ada.click("save-offer")
    wait_until(lambda: ada.see("offer").count() == 2, "both offers are listed")
    check(ada, "profile")

    # Lou opens the link while Ada is away, and sees her come within a moment.
    lou.open(link)
    lou.page.locator('[data-testid="live"][data-state="away"]').wait_for()
    assert not lou.see("call-now").first.is_enabled()
    assert lou.page.get_by_role("heading", level=1).inner_text() == "Ada"
    assert lou.page.evaluate("document.querySelector('.portrait').naturalWidth") == 512
    check(lou, "away")
    ada.open(f"{server.url}/expert")
    ada.wait("online")
    lou.page.locator('[data-testid="live"][data-state="available"]').wait_for()

    # A name, some money, and the call: no account.
    lou.page.get_by_label("Voice call").click()
    wait_until(lambda: "$8.80" in lou.wait("example").inner_text(), "the price of the other offer")
    lou.click("call-now")
    lou.see("my-name").fill("Lou")
    check(lou, "name")
    lou.click("entry-next")
    lou.wait("top-up")
    check(lou, "money")
    lou.click("top-up")
    lou.wait("start-call")
    assert "$1.20" in lou.wait("price").inner_text()
    assert lou.see("with-video").count() == 0, "a voice offer has no camera"
    wait_until(lou.see("start-call").first.is_enabled, "the devices are there")
    lou.click("start-call")
    assert "Lou" in ada.wait("incoming").inner_text()
    ada.click("accept")
    lou.wait_connected()
    meter = lou.page.locator('[data-testid="meter"][data-state="running"]').first
    meter.wait_for()
    assert lou.errors == ada.errors == []


def test_a_link_that_is_no_good_any_more_is_in_nobodys_way(house: MakeServer, person: MakePerson) -> None:
    """It stays in the browser when it expires, and when the server is set up anew at the same address."""
    server = house()
    ada, lou = person("ada"), person("sam", **PHONE)
    ada.open(server.links["expert"])
    ada.wait("online")
    lou.open(f"{server.url}/call/ada#t=an.old-link")
    lou.wait("problem")
    lou.open(f"{server.url}/e/ada")
    lou.click("call-now")
    lou.see("my-name").fill("Lou")
    lou.click("entry-next")
    lou.click("top-up")
    wait_until(lou.wait("start-call").is_enabled, "Lou can call")


def test_the_page_is_read_without_scripts_and_without_anybody_there(
    house: MakeServer, person: MakePerson
) -> None:
    server = house()
    reader = person("sam", **PHONE, java_script_enabled=False)
    reader.open(f"{server.url}/e/ada")
    text = reader.page.locator("main").inner_text()
    for words in ("Ada", "$2.40 a minute", "7 min 20 s costs $17.60.", "switch JavaScript on", "Away"):
        assert words in text
    boxes = [reader.page.locator(each).bounding_box() for each in ("tt-caller", ".rest")]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"], "nothing covers anything"

    visitor = person("ada")
    gone = visitor.page.goto(f"{server.url}/e/nobody")
    assert gone is not None
    assert gone.status == 404
    check(visitor, "nobody")
