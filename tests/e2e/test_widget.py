"""The widget on somebody else's website: a whole call with its events, and everything that must not work."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import jwt
import pytest
from playwright.sync_api import FrameLocator, Locator
from rig.gallery import look
from rig.person import Person
from rig.server import Server, login_of, wait_until
from rig.website import Website

MakePerson = Callable[..., Person]
INLINE = '<talktime-call expert="ada"></talktime-call>'


class Shop:
    """A website, the site that Ada made for it, and a visitor."""

    def __init__(self, server: Server, website: Website, visitor: Person) -> None:
        self.server, self.website, self.visitor = server, website, visitor
        self.ada = login_of(server.links["expert"])
        order = {"id": secrets.token_hex(12), "name": "The shop", "origins": [website.url]}
        made = server.api("POST", "/sites", login=self.ada, body=order)
        assert made.status == 201, made.body
        self.site, self.secret = made.body["site"], made.body["secret"]

    def visit(self) -> None:
        self.visitor.open(self.website.url)

    @property
    def widget(self) -> Locator:
        return self.visitor.page.locator("talktime-call").first

    @property
    def frame(self) -> FrameLocator:
        return self.widget.frame_locator("iframe")

    def see(self, testid: str) -> Locator:
        """An element inside the frame."""
        return self.frame.get_by_test_id(testid).first

    def open(self) -> None:
        self.widget.get_by_role("button").click()

    def top_up(self) -> str:
        """Fill the wallet; the balance after that."""
        self.see("top-up").click()
        balance = self.see("balance")
        wait_until(lambda: balance.get_attribute("data-minor") != "0", "the money is there")
        return str(balance.get_attribute("data-minor"))

    def said(self, kind: str) -> list[Any]:
        """The events of one kind that the page heard."""
        return [each for each in self.visitor.page.evaluate("window.said") if each["type"] == kind]

    def wait_said(self, kind: str) -> Any:
        return wait_until(lambda: self.said(kind), f"the page hears {kind}")[-1]

    def state(self) -> str:
        return str(self.widget.evaluate("(widget) => widget.state"))

    def vouch(self, secret: str = "", **changes: Any) -> str:
        now_s = int(time.time())
        claims = {
            "iss": self.site["id"], "aud": self.site["audience"], "sub": "user-7", "name": "Vera",
            "iat": now_s, "exp": now_s + 120, "jti": secrets.token_hex(8),
        } | changes  # fmt: skip
        return jwt.encode(claims, secret or self.secret, "HS256")

    def sign_in(self, *tokens: str) -> None:
        """What the website's page does to vouch for its user."""
        self.widget.evaluate("(widget, all) => { widget.signIn = async () => all.shift(); }", list(tokens))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all: every test brings a website and a visitor of its own."""
    with Server(tmp_path_factory.mktemp("server"), experts=2) as running:
        yield running


@pytest.fixture
def shop(server: Server, person: MakePerson) -> Iterator[Callable[..., Shop]]:
    with ExitStack() as stack:

        def make(body: str = INLINE, headers: dict[str, str] | None = None,
                 name: str = "127.0.0.1") -> Shop:  # fmt: skip
            website = stack.enter_context(Website(server.url, body, headers, name))
            return Shop(server, website, person("sam"))

        yield make


def strict(server: str) -> str:
    """The policy that docs/widget.md tells a host page to have, beside what forbids everything else."""
    return (
        "default-src 'none'; base-uri 'none'; require-trusted-types-for 'script'; "
        f"script-src 'self' {server}; connect-src {server}; frame-src {server}"
    )


def test_a_whole_call_on_somebody_elses_website(shop: Callable[..., Shop], person: MakePerson) -> None:
    here = shop()
    # As strict as a website can be, but for the documented lines.
    here.website.headers["Content-Security-Policy"] = strict(here.server.url)
    ada = person("ada")
    here.visit()
    badge = here.widget.locator(".badge")
    badge.get_by_text("Away").wait_for()
    assert "$2.40/min" in badge.inner_text()
    ada.open(here.server.links["expert"])
    ada.wait("online")
    badge.get_by_text("Available now").wait_for()
    assert here.visitor.page.evaluate("performance.getEntriesByType('resource').length") <= 4

    here.open()
    here.see("visitor-name").fill("Vera")
    here.see("visitor-go").click()
    assert here.wait_said("ready")["expert"] == "ada"
    here.see("top-up").click()
    here.see("start-call").click()
    ada.wait("incoming")
    call_id = here.wait_said("ringing")["call"]
    badge_state = here.widget.locator(".badge")
    assert badge_state.count() == 1
    ada.click("accept")
    assert here.wait_said("started")["call"] == call_id
    ada.wait_media()
    frame = here.visitor.page.frames[1]
    assert frame.evaluate("window.__peers.length") >= 1
    here.see("remote-video").wait_for()
    wait_until(lambda: len(here.said("tick")) >= 2, "the meter ticks")
    ticks = here.said("tick")
    assert ticks[-1]["duration_ms"] > ticks[0]["duration_ms"]
    assert here.state() == "call"
    assert not here.widget.locator(".close").is_visible(), "a call is not put out of sight"
    look(here.visitor, "widget-call")

    here.widget.evaluate("(widget) => widget.hangUp()")
    ended = here.wait_said("ended")
    ada.wait("ended")
    (known,) = here.server.api("GET", "/calls", login=here.ada).body["calls"]
    assert (ended["call"], ended["reason"]) == (call_id, "payer_left")
    assert ended["currency"] == "USD"
    assert ended["duration_ms"] == known["used_ms"]
    assert ended["cost_minor"] == ended["duration_ms"] * 240 // 60_000
    assert here.said("ended") == [ended], "once"
    here.server.assert_reconciled()

    here.see("ended").wait_for()
    with here.visitor.context.expect_page() as opened:
        here.see("receipt-link").click()
    opened.value.get_by_test_id("receipt-total").wait_for()
    here.widget.evaluate("(widget) => widget.close()")
    assert here.state() == "closed"
    assert here.visitor.errors == []

    here.visitor.page.reload()
    here.open()
    here.see("forgets").wait_for()
    assert "forget" in here.see("forgets").inner_text(), (
        "what a browser that stores nothing means is told before"
    )


def test_a_guest_keeps_name_and_wallet_and_a_plain_frame_will_do(shop: Callable[..., Shop]) -> None:
    here = shop(name="localhost")
    here.visit()
    here.open()
    here.see("visitor-name").fill("Vera")
    assert not here.see("forgets").is_visible()
    here.see("visitor-go").click()
    balance = here.top_up()
    here.visitor.page.reload()
    here.open()
    here.see("start-call").wait_for()
    assert here.see("balance").get_attribute("data-minor") == balance

    here.website.body = (
        f'<iframe src="{here.server.url}/embed/ada?origin={here.website.url}" title="Call Ada" '
        'allow="camera; microphone; display-capture; autoplay" width="400" height="700"></iframe>'
    )
    here.visit()
    frame = here.visitor.page.frame_locator("iframe")
    frame.get_by_test_id("start-call").wait_for()
    frame.get_by_test_id("preview").wait_for()


def test_a_site_signs_in_its_own_users(shop: Callable[..., Shop]) -> None:
    here = shop()
    here.visit()
    here.sign_in(here.vouch())
    here.open()
    here.see("start-call").wait_for()
    balance = here.top_up()
    here.visit()
    here.sign_in(here.vouch())
    here.open()
    here.see("start-call").wait_for()
    assert here.see("balance").get_attribute("data-minor") == balance, "the same wallet on the next day"
    here.visit()
    here.sign_in(here.vouch(sub="user-8", name="Ida"))
    here.open()
    here.see("start-call").wait_for()
    assert here.see("balance").get_attribute("data-minor") == "0", "another user does not inherit it"


def test_what_a_website_says_falsely_opens_nothing(shop: Callable[..., Shop]) -> None:
    here = shop()
    here.visit()
    used = here.vouch()
    here.sign_in(used, used, here.vouch(secret="x" * 48))
    here.open()
    here.see("start-call").wait_for()
    for code in ("jwt.reused", "jwt.forged"):
        here.widget.evaluate("(widget) => widget.close()")
        here.open()
        here.see("problem").wait_for()
        assert here.see("problem").get_attribute("data-code") == code
        assert here.wait_said("problem")["code"] == code
        assert not here.see("start-call").is_visible()
        assert not here.see("visitor-name").is_visible()


def test_a_website_that_is_not_listed_shows_nothing(shop: Callable[..., Shop]) -> None:
    here = shop()
    path = f"/sites/{here.site['id']}/origins"
    here.server.api("POST", path, login=here.ada, body={"origins": ["https://elsewhere.example"]})
    here.visit()
    here.open()
    here.widget.get_by_text("is not among the websites").wait_for()
    assert here.wait_said("problem")["code"] == "embed.refused"
    assert here.state() == "refused"
    look(here.visitor, "widget-refused")

    here.website.headers["Content-Security-Policy"] = strict(here.server.url).partition("; frame-src")[0]
    here.visit()
    here.open()
    here.widget.get_by_text(f"frame-src {here.server.url}").wait_for()
    assert here.wait_said("problem")["code"] == "embed.forbidden", "what the policy lacks is told, too"
    here.website.headers.clear()

    # One that lies about where it is: it gets the page, and the browser does not show it.
    listed = "https://elsewhere.example"
    here.website.body = f'<iframe src="{here.server.url}/embed/ada?origin={listed}"></iframe>'
    console: list[str] = []
    here.visitor.page.on("console", lambda line: console.append(line.text))
    here.visit()
    wait_until(
        lambda: (here.visitor.rest(0.1), "frame-ancestors" in " ".join(console))[1], "the browser refuses"
    )
    frame = here.visitor.page.locator("iframe").content_frame
    assert frame.locator("tt-embed-page").count() == 0


def test_a_website_that_forbids_the_camera_is_told_what_to_add(shop: Callable[..., Shop]) -> None:
    here = shop(headers={"Permissions-Policy": "camera=(), microphone=()"})
    here.visit()
    here.open()
    here.see("visitor-name").fill("Vera")
    here.see("visitor-go").click()
    here.see("problem").wait_for()
    assert here.see("problem").get_attribute("data-code") == "host_forbids"
    assert here.see("own-page").get_attribute("href") == "/e/ada"
    look(here.visitor, "widget-camera-forbidden")
    line = f'camera=(self "{here.server.url}")'
    assert line in here.see("problem").inner_text()
    told = here.wait_said("problem")
    assert told["code"] == "embed.microphone_forbidden"
    assert line in told["detail"]
    # With the line that it tells, it works.
    here.website.headers["Permissions-Policy"] = told["detail"].partition(": ")[2]
    here.visit()
    here.open()
    here.see("visitor-name").fill("Vera")
    here.see("visitor-go").click()
    here.see("start-call").wait_for()
    here.see("preview").wait_for()
    assert not here.see("problem").is_visible()


def test_every_way_to_open_it(shop: Callable[..., Shop]) -> None:
    here = shop(
        '<talktime-call expert="ada" mode="floating" label="Ask Ada" theme="dark"></talktime-call>'
        '<a href="#" data-talktime-open="grace">Grace</a><p id="mine">Ask her</p>'
        '<talktime-call expert="ada" mode="dialog" opener="#mine"></talktime-call>'
    )
    page = here.visitor.page
    here.visit()
    here.widget.get_by_role("button", name="Ask Ada").click()
    here.see("visitor-name").wait_for()
    frame = page.frames[1]
    assert frame.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    here.widget.get_by_role("button", name="Close").click()
    assert here.state() == "closed"
    dialog = page.locator('talktime-call[opener="#mine"]')
    page.locator("#mine").click()
    dialog.frame_locator("iframe").get_by_test_id("visitor-name").wait_for()
    page.keyboard.press("Escape")
    wait_until(lambda: dialog.evaluate("(widget) => widget.state") == "closed", "escape closes it")
    page.get_by_text("Grace").click()
    made = page.locator('talktime-call[expert="grace"]')
    wait_until(
        lambda: made.evaluate("(widget) => widget.state") == "refused", "Ada's site may not show Grace", 60
    )


def test_a_place_in_line_is_kept_out_of_sight_until_the_turn(
    shop: Callable[..., Shop], person: MakePerson
) -> None:
    here = shop('<talktime-call expert="ada" mode="floating"></talktime-call>')
    ada = person("ada")
    ada.open(here.server.links["expert"])
    ada.wait("online")
    here.server.api("POST", "/office", login=here.ada, body={"pause": "begin"})
    here.visit()
    here.widget.get_by_text("Back soon").wait_for()
    here.sign_in(here.vouch(sub="waiting"))
    here.open()
    here.top_up()
    here.see("voice-only").click()
    here.see("start-call").click()
    here.see("position").wait_for()
    assert here.state() == "waiting"
    here.widget.get_by_role("button", name="Close").click()
    here.widget.get_by_text("You are in line").wait_for()
    look(here.visitor, "widget-in-line")
    assert not here.widget.locator("iframe").is_visible()
    here.widget.get_by_role("button", name="Show").click()
    here.see("position").wait_for()
    here.widget.get_by_role("button", name="Close").click()

    here.server.api("POST", "/office", login=here.ada, body={"pause": "end"})
    ada.wait("incoming")
    here.widget.locator("iframe").wait_for()
    ada.click("decline")
    here.wait_said("ended")
    here.server.assert_reconciled()
