"""Every page of the server, by whom it is for and by a stranger: nothing for axe to find, and it fits.

The table is the server's own: a page that is added is looked at by that alone, with everything that its
navigation leads to. Whoever it is for sees it wide in light and narrow in dark, with something in it.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Playwright, expect
from rig.accessible import assert_accessible, assert_fits
from rig.caller import Caller
from rig.gallery import WIDTHS, keep
from rig.person import TIMEOUT_MS, Person, launch
from rig.server import Server, login_of

from server.pages import PAGES

OTHERS = ("/e/{slug}", "/embed/{slug}")
"""What is served beside the table of pages."""
NOTHING = ("/call/{slug}#t=nonsense", "/call/nobody", "/e/nobody", "/receipts/x")
"""Where there is nothing."""
FOR = {
    "/operator": "operator",
    "/expert": "expert",
    "/console": "expert",
    "/sites": "expert",
    "/integrations": "expert",
    "/call": "client",
    "/receipt": "client",
    "/logins": "client",
    "/account": "client",
}
"""Whose the pages below a path are; all others are everybody's."""
TALK_S = 1.5
WIDE, NARROW = ({"width": width, "height": height} for width, height in WIDTHS.items())


class Town:
    """A server with something on every page."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.logins = {role: login_of(server.links[role]) for role in ("client", "expert", "operator")}
        # Playwright's own loop runs in this thread.
        with ThreadPoolExecutor(1) as pool:
            self.call_id = pool.submit(asyncio.run, self._talk()).result()
        self._settle()

    async def _talk(self) -> str:
        ada, sam = (Caller(self.server.url, self.logins[role], role) for role in ("expert", "client"))
        async with ada, sam:
            await ada.be_present()
            call_id = await sam.call("ada")
            _, token = await ada.take_call()
            await sam.connect((await sam.api("POST", f"/calls/{call_id}/join"))["token"])
            await ada.hang_down()
            await ada.connect(token)
            for end in (sam, ada):
                await end.say(
                    "offer", n=1, sdp="v=0\r\n", publish=[{"mid": "0", "source": "mic"}], subscribe=[]
                )
            await sam.wait(lambda heard: heard.type == "meter" and heard.body["meter"]["state"] == "running")
            await asyncio.sleep(TALK_S)
            await sam.say("leave")
            await asyncio.sleep(0.2)
        return call_id

    def _settle(self) -> None:
        for role in ("expert", "operator"):
            self._do(role, "/keys", {"name": "A site", "scopes": ["calls:read"]})
            made = self._do(role, "/webhooks", {"url": "http://127.0.0.1:9/"})
            self._do(role, f"/webhooks/{made['endpoint']['id']}/test")
            site = {"id": secrets.token_hex(12), "name": "A site", "origins": ["https://example.org"]}
            self._do(role, "/sites", site)
        self._do("client", f"/calls/{self.call_id}/dispute", {"reason": "I heard nothing."})
        self._do("expert", "/office", {"mode": "open"})

    def _do(self, role: str, path: str, body: Any = None) -> Any:
        done = self.server.api("POST", path, login=self.logins[role], body=body)
        assert done.status < 300, (path, done.body)
        return done.body

    def filled(self, path: str) -> str:
        """The path of a real page."""
        there = {"{slug}": "ada", "{call_id}": self.call_id, "{person_id}": "sam"}
        return re.sub(r"\{\w+\}", lambda found: there[found[0]], path)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    with Server(folder, media="simulated", webhook_targets="any", experts=2, price_minor=6_000) as server:
        yield Town(server)


@pytest.fixture
def person(playwright: Playwright, people: list[Person]) -> Iterator[Person]:
    """Somebody without a login."""
    chromium = launch(playwright)
    people.append(Person(chromium, "somebody"))
    yield people[-1]
    chromium.close()


def paths(role: str) -> list[str]:
    """The pages that are for this role; what only the navigation knows is found there."""
    return [path for path in (*PAGES, *OTHERS) if whose(path) == role and "{view}" not in path]


def whose(path: str) -> str:
    """The role whose page it is, "" for everybody's."""
    return next((role for above, role in FOR.items() if path == above or path.startswith(f"{above}/")), "")


def picture(path: str, role: str, size: dict[str, int]) -> str:
    """What the picture of a role's page is called; ids do not belong there."""
    words = [word for word in path.split("/") if word and len(word) < 20] or ["start"]
    return "-".join(("page", role, *words, str(size["width"])))


def opened(person: Person, address: str) -> None:
    """Open it and wait until it has said what it has to say."""
    if urlsplit(person.page.url).path == urlsplit(address).path:
        # Another fragment alone loads nothing.
        person.page.goto("about:blank")
    person.open(address)
    person.page.get_by_role("main").first.wait_for()
    expect(person.page.get_by_text("One moment…")).to_have_count(0, timeout=TIMEOUT_MS)
    person.rest(0.1)


@pytest.mark.parametrize("role", ["client", "expert", "operator"])
def test_axe_finds_nothing_for_whom_the_page_is(town: Town, person: Person, role: str) -> None:
    todo = [town.filled(path) for path in paths(role)]
    seen: set[str] = set()
    while todo:
        path = todo.pop(0)
        if path in seen:
            continue
        seen.add(path)
        person.page.set_viewport_size(WIDE)
        person.page.emulate_media(color_scheme="light")
        opened(person, f"{town.server.url}{path}#t={town.logins[role]}")
        assert person.see("problem").count() == 0, f"{path} opens for a {role}"
        assert_accessible(person.page, f"{path}, {role}, wide, light")
        assert_fits(person.page, f"{path}, {role}, wide")
        keep(person.page, picture(path, role, WIDE))
        links = person.page.locator("nav a[href^='/']").evaluate_all("all => all.map(each => each.pathname)")
        todo += [link for link in links if whose(link) in {role, ""} or link in PAGES]
        person.page.set_viewport_size(NARROW)
        person.page.emulate_media(color_scheme="dark")
        person.rest(0.1)
        assert_accessible(person.page, f"{path}, {role}, narrow, dark")
        assert_fits(person.page, f"{path}, {role}, narrow")
        keep(person.page, picture(path, role, NARROW))
    assert len(seen) >= 3
    assert person.errors == []


def test_axe_finds_nothing_for_a_stranger(town: Town, person: Person) -> None:
    person.page.set_viewport_size(NARROW)
    refused = 0
    for path in (*PAGES, *OTHERS, *NOTHING):
        if "{view}" in path:
            continue
        opened(person, town.server.url + town.filled(path))
        shut = person.see("problem").count() == 1
        if whose(path) not in {"", "client"} or path.startswith("/receipt/"):
            assert shut, f"{path} is not a stranger's"
        refused += shut
        # Whoever is refused sees the same everywhere: axe need not look again and again.
        if not shut or refused == 1:
            assert_accessible(person.page, f"{path}, a stranger")
        assert_fits(person.page, f"{path}, a stranger")
    assert refused >= 5
    assert person.errors == []
