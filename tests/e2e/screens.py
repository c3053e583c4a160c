"""Take the pictures of docs/images: a real call with the meter running, and the receipt after it."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from rig.camera import record
from rig.person import Person, launch
from rig.server import ROOT, Server
from rig.stage import Stage
from rig.udp_gate import GateThread

IMAGES = ROOT / "docs/images"
TALK_S = 22.0


def main() -> None:
    """Call, talk for a while, take the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        playwright = stack.enter_context(sync_playwright())
        gate = stack.enter_context(GateThread())
        server = stack.enter_context(Server(folder / "server", gate=gate, balance_minor=1_500))
        studio = launch(playwright)
        people = []
        for who in ("sam", "ada"):
            film = record(studio.browser, folder / f"{who}.y4m", who)
            chromium = launch(playwright, camera=film)
            stack.callback(chromium.close)
            people.append(Person(chromium, who, viewport={"width": 1280, "height": 760}))
        studio.close()
        stage = Stage(server, gate, *people)
        stage.call()
        stage.client.rest(TALK_S)
        stage.client.page.mouse.move(640, 20)
        stage.client.page.screenshot(path=IMAGES / "call.png")
        stage.client.page.set_viewport_size({"width": 390, "height": 800})
        stage.client.rest(1)
        stage.client.page.screenshot(path=IMAGES / "call-phone.png")
        stage.client.page.set_viewport_size({"width": 1280, "height": 760})
        stage.client.click("hang-up")
        stage.wait_ended()
        stage.client.click("receipt-link")
        stage.client.wait("receipt-total")
        stage.client.page.screenshot(path=IMAGES / "receipt.png", full_page=True)


if __name__ == "__main__":
    main()
