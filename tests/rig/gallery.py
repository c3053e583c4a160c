"""What people see, looked at in both widths: it fits, axe is content, and `make screens` keeps a picture.

A scene calls `look(person, "a-name")` in each state that is worth seeing. So the pictures in docs/screens
show what the tests have seen, and none is forgotten when a page changes.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page
from rig.accessible import assert_accessible, assert_fits
from rig.person import Person

WIDTHS = {1280: 800, 390: 844}
# A long page is cut here: nobody looks at more.
TALLEST_PX = 2_400
QUALITY = 82


def look(person: Person, name: str) -> None:
    """See to it that the page is well at both widths; `name` says page and state, as `wallet-empty`."""
    view(person.page, name)


def view(page: Page, name: str) -> None:
    """`look` at a page of nobody's."""
    before = page.viewport_size
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        assert_fits(page, f"{name} at {width} px")
        keep(page, f"{name}-{width}")
    if before is not None:
        page.set_viewport_size(before)
    assert_accessible(page, name)


def keep(page: Page, name: str) -> None:
    """Keep a picture of the page as it is, when pictures are wanted."""
    folder = os.environ.get("TEST_SCREENS")
    if not folder:
        return
    # Let transitions end, so that no picture shows something half-way.
    page.wait_for_timeout(400)
    whole = Image.open(io.BytesIO(page.screenshot(full_page=True, animations="disabled")))
    image = whole.crop((0, 0, whole.width, min(whole.height, TALLEST_PX)))
    Path(folder).mkdir(parents=True, exist_ok=True)
    image.save(Path(folder) / f"{name}.webp", quality=QUALITY, method=6)
