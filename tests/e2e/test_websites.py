"""Websites from their owner's side: the list and the lines to copy, and the website that the demo brings."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from rig.accessible import PHONE
from rig.gallery import look
from rig.person import Person
from rig.server import START_S, Server, login_of, talktime, wait_until
from rig.website import Website

MakePerson = Callable[..., Person]


def test_an_expert_keeps_the_websites(house: Callable[..., Server], person: MakePerson) -> None:
    server = house(experts=2)
    login = login_of(server.links["experts"][1])
    terms = {"title": "By voice", "media": "voice", "price_minor": 120}
    made = server.api("POST", "/profile/offers", login=login, body={"id": "o" * 24, "terms": terms})
    assert made.status == 201, made.body
    with Website(server.url, '<talktime-call expert="grace"></talktime-call>') as website:
        grace = person("ada")
        grace.open(server.links["experts"][1])
        grace.wait("online")
        grace.open(f"{server.url}/sites")
        grace.wait("no-sites")
        look(grace, "sites-empty")
        grace.see("site-name").fill("My notes")
        grace.see("site-origin").fill("http://shop.example")
        grace.click("add-site")
        assert "must begin with https://" in grace.wait("trouble").inner_text()
        # What people copy is the address of a page.
        grace.see("site-origin").fill(f"{website.url}/about/me?x=1")
        grace.click("add-site")
        first = secret_in(grace)
        look(grace, "sites-new")
        (site,) = server.api("GET", "/sites", login=login).body["sites"]
        assert (site["name"], site["origins"]) == ("My notes", [website.url])

        # The lines to copy are all that a page needs, whichever way it is shown.
        visitor = person("sam")
        lines = grace.see("snippet").locator("code")

        def visit(kind: str) -> None:
            grace.see("kind").select_option(kind)
            website.body = lines.inner_text()
            visitor.open(website.url)

        visit("frame")
        visitor.page.frame_locator("iframe").get_by_test_id("visitor-name").wait_for()
        grace.see("offer").select_option(label="By voice")
        widget = visitor.page.locator("talktime-call")
        visit("floating")
        widget.get_by_text("$1.20/min").wait_for()
        visit("link")
        visitor.page.get_by_role("link", name="Call me").click()
        frame = widget.frame_locator("iframe")
        frame.get_by_test_id("visitor-name").fill("Vera")
        frame.get_by_test_id("visitor-go").click()
        frame.get_by_text("$1.20 a minute").wait_for()
        visit("card")
        widget.get_by_role("button", name="Call Grace").click()
        widget.frame_locator("iframe").get_by_test_id("visitor-name").wait_for()

        grace.page.reload()
        grace.wait("site")
        assert not grace.see("secret").is_visible(), "told once"
        grace.page.get_by_text("Sign in your own users").click()
        grace.click("renew-secret")
        grace.click("yes")
        assert secret_in(grace) != first
        grace.see("origins").fill("")
        grace.click("save-origins")
        wait_until(lambda: "Saved" in grace.see("told").inner_text(), "it is saved")
        visitor.page.reload()
        widget.get_by_role("button", name="Call Grace").click()
        widget.get_by_text("is not among the websites").wait_for()

        grace.click("remove-site")
        grace.click("yes")
        grace.wait("no-sites")
        assert server.api("GET", "/sites", login=login).body["sites"] == []

    for link in (server.links["client"], f"{server.url}/sites"):
        stranger = person("sam")
        stranger.open(link)
        stranger.open(f"{server.url}/sites")
        stranger.wait("problem")
        assert not stranger.see("add-site").is_visible()


def secret_in(person: Person) -> str:
    person.wait("secret")
    secret = person.see("secret").locator("code").inner_text()
    assert re.fullmatch(r"ttsk_[\w-]{43}", secret)
    return secret


def test_the_demo_has_somebody_elses_website(person: MakePerson, tmp_path: Path) -> None:
    environment = Server(tmp_path).environment()
    demo = subprocess.Popen(
        [talktime(), "demo"], env=environment, cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with demo:
        timer = threading.Timer(START_S, demo.kill)
        timer.start()
        try:
            assert demo.stdout is not None
            lines: list[str] = []
            while not lines or "Ctrl-C" not in lines[-1]:
                lines.append(demo.stdout.readline())
                assert lines[-1], "it did not start"
            address = re.search(r"http://127\.0\.0\.1:\d+", "".join(lines))
            assert address is not None, lines
            look_at_the_demo(person("sam", **PHONE), address[0])
        finally:
            timer.cancel()
            demo.terminate()


def look_at_the_demo(visitor: Person, website: str) -> None:
    """A user of that website is known there, and it tells what it hears."""
    visitor.open(website)
    widget = visitor.page.locator("talktime-call")
    widget.get_by_text("Away · $2.40/min").wait_for()
    look(visitor, "website")
    visitor.page.get_by_label("Signed in as Vera").check()
    visitor.page.get_by_role("link", name="Ask Ada now").click()
    frame = widget.frame_locator("iframe")
    frame.get_by_test_id("start-call").wait_for()
    assert frame.get_by_text("Vera").count()
    visitor.page.locator("#heard li", has_text="ready").wait_for()
    look(visitor, "website-open")
    assert visitor.errors == []
