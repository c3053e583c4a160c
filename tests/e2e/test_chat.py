"""Two browsers write to each other and send a picture; a lost connection and a reload keep what was said."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image
from playwright.sync_api import expect
from rig.gallery import look
from rig.person import Person
from rig.server import wait_until
from rig.stage import Stage

MakeStage = Callable[..., Stage]
PHONE = {"viewport": {"width": 390, "height": 780}}


def picture() -> bytes:
    made = io.BytesIO()
    Image.linear_gradient("L").resize((640, 400)).convert("RGB").save(made, "PNG")
    return made.getvalue()


def write(person: Person, text: str) -> None:
    person.wait("chat-field").fill(text)
    person.page.keyboard.press("Enter")


def said(person: Person) -> list[str]:
    """What stands in the chat, in order; what was not kept yet is left out."""
    return person.see("chat-text").all_inner_texts()


def wait_said(person: Person, texts: list[str]) -> None:
    wait_until(lambda: said(person) == texts, f"{person.name} reads {texts}")


def test_they_write_send_a_picture_and_a_reload_keeps_it(stage: MakeStage) -> None:
    here = stage(client=PHONE)
    here.call()
    # -- the expert writes; the client's chat is closed and says that there is something new
    here.expert.click("chat-open")
    write(here.expert, "Hello! See https://example.org/a?b=1, or <b>bold</b>")
    badge = here.client.page.locator('[data-testid="chat-open"][data-unread="1"]')
    badge.wait_for(state="visible")
    here.client.click("chat-open")
    wait_said(here.client, ["Hello! See https://example.org/a?b=1, or <b>bold</b>"])
    here.client.page.locator('[data-testid="chat-open"][data-unread="0"]').wait_for(state="visible")
    link = here.client.see("chat-text").first.locator("a")
    assert link.count() == 1
    assert link.get_attribute("href") == "https://example.org/a?b=1"
    assert link.get_attribute("rel") == "noopener noreferrer nofollow"
    assert here.client.see("chat-text").locator("b").count() == 0
    # -- the client sends a picture
    here.client.see("chat-picker").set_input_files(
        {"name": "garden.png", "mimeType": "image/png", "buffer": picture()}
    )
    for person in (here.client, here.expert):
        image = person.wait("chat-picture").locator("img")
        wait_until(lambda found=image: found.evaluate("each => each.naturalWidth") == 640, "it is shown")
    with here.expert.page.expect_download() as saved:
        here.expert.click("chat-picture")
    assert saved.value.suggested_filename == "garden.png"
    # -- what may not be sent is said, and can be taken away
    here.client.see("chat-picker").set_input_files(
        {"name": "game.png", "mimeType": "image/png", "buffer": b"MZ\x00\x01"}
    )
    here.client.page.locator('[data-testid="chat-draft"][data-state="failed"]').wait_for(state="visible")
    look(here.client, "call-chat")
    here.client.click("chat-drop")
    # -- both see how good the connections are, and the figures behind it
    for person in (here.client, here.expert):
        person.click("quality")
        assert person.wait("quality-details").locator("tbody tr").count() == 5
    look(here.expert, "call-quality")
    # -- a lost connection: it waits, and is there once when the connection is back
    here.client.context.set_offline(True)
    here.client.page.evaluate("window.dispatchEvent(new Event('offline'))")
    here.client.wait("chat-waits", 30)
    write(here.client, "from the tunnel")
    waiting = here.client.page.locator('[data-testid="chat-draft"][data-state="waiting"]')
    waiting.wait_for(state="visible")
    here.client.context.set_offline(False)
    texts = ["Hello! See https://example.org/a?b=1, or <b>bold</b>", "from the tunnel"]
    wait_said(here.expert, texts)
    waiting.wait_for(state="hidden")
    # -- a reload
    here.client.page.reload()
    here.client.wait("chat-open")
    here.client.page.locator('[data-testid="chat-open"][data-unread="0"]').wait_for(state="visible")
    here.client.click("chat-open")
    wait_said(here.client, texts)
    here.client.wait("chat-picture")
    # -- the keyboard that closes it goes on from what opened it
    here.client.see("chat-field").press("Escape")
    expect(here.client.see("chat-open")).to_be_focused()
    # -- and after the call, beside the receipt
    here.client.click("hang-up")
    for person in (here.client, here.expert):
        here.wait_ended(person)
        person.open(f"{here.server.url}/receipt/{here.call_id}")
        person.wait("chat-log")
        wait_said(person, texts)
        person.wait("chat-picture")
    look(here.client, "receipt-chat")
    assert here.client.errors == []
    assert here.expert.errors == []
