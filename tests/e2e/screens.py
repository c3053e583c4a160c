"""Take the pictures of docs: the README's in docs/images, and every page at both widths in docs/screens.

The former are of a real call with the meter running and the receipt after it. The latter are what the tests
look at (`rig.gallery`): they run with `TEST_SCREENS` set, and docs/screens/README.md lists what came of it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from rig.camera import record
from rig.gallery import WIDTHS
from rig.history import write_past_days
from rig.person import Person, launch
from rig.server import ROOT, Server
from rig.stage import Stage
from rig.udp_gate import GateThread

IMAGES, SCREENS = ROOT / "docs/images", ROOT / "docs/screens"
TALK_S = 22.0
# Calls on each of the last days.
WEEK = (9, 14, 6, 17, 12, 3, 11, 15, 8, 19, 13, 5)


def take_call() -> None:
    """Call, talk for a while, take the README's pictures."""
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


def take_business() -> None:
    """An expert's public page on a phone and on a desk, and what a week came to."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        playwright = stack.enter_context(sync_playwright())
        server = stack.enter_context(Server(folder / "server", balance_minor=60_000))
        server.stop()
        write_past_days(folder / "server/data", WEEK)
        server.start()
        chromium = launch(playwright)
        stack.callback(chromium.close)
        ada, visitor = (
            Person(chromium, who, viewport={"width": 1280, "height": 800}) for who in ("ada", "lou")
        )
        ada.open(server.links["expert"])
        ada.wait("online")
        visitor.open(f"{server.url}/e/ada")
        visitor.page.locator('[data-testid="live"][data-state="available"]').wait_for()
        visitor.rest(1)
        visitor.page.screenshot(path=IMAGES / "public-page.png")
        ada.see("desk-nav").get_by_role("link", name="Earnings", exact=True).click()
        ada.wait("earnings-chart")
        ada.rest(1)
        ada.page.screenshot(path=IMAGES / "console.png")


def take_screens() -> int:
    """Run the scenes that look at pages; returns pytest's status."""
    for old in SCREENS.glob("*.webp"):
        old.unlink()
    scenes = [
        str(file)
        for file in sorted((ROOT / "tests/e2e").glob("test_*.py"))
        if "rig.gallery" in file.read_text()
    ]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "3", "--dist", "loadfile", *scenes]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "TEST_SCREENS": str(SCREENS)}, check=False
    ).returncode


def list_screens() -> None:
    """Write the page that shows them."""
    wide, narrow = sorted(WIDTHS, reverse=True)
    lines = ["# Every page, at both widths", "", "Taken by `make screens`; do not edit.", ""]
    for picture in sorted(SCREENS.glob(f"*-{wide}.webp")):
        name = picture.stem.removesuffix(f"-{wide}")
        pair = [
            f'<img src="{name}-{width}.webp" width="{shown}" alt="">'
            for width, shown in ((wide, 600), (narrow, 200))
        ]
        lines += [f"## {name.replace('-', ' ').capitalize()}", "", " ".join(pair), ""]
    SCREENS.mkdir(parents=True, exist_ok=True)
    (SCREENS / "README.md").write_text("\n".join(lines))


if __name__ == "__main__":
    take_call()
    take_business()
    status = take_screens()
    list_screens()
    raise SystemExit(status)
