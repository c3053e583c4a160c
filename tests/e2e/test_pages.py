"""Every page and state: nothing for axe to find, a face for every trouble, and room on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Playwright, expect
from rig.accessible import assert_accessible
from rig.gallery import look, view
from rig.person import Chromium, Person, launch
from rig.server import Server, wait_until
from rig.stage import Stage

MakeStage = Callable[..., Stage]


def test_axe_finds_nothing_from_the_first_page_to_the_receipt(
    stage: MakeStage, person: Callable[..., Person]
) -> None:
    here = stage(balance_minor=200, price_minor=600, soft_landing_s=60, min_talk_s=0)
    client = here.client

    def check(state: str, page: Page | None = None) -> None:
        page = page or client.page
        view(page, f"call-{state}")
        before = page.viewport_size
        page.set_viewport_size({"width": 390, "height": 844})
        page.emulate_media(color_scheme="dark")
        assert_accessible(page, f"{state}, dark, on a phone")
        page.emulate_media(color_scheme="light")
        if before is not None:
            page.set_viewport_size(before)

    here.open_pages()
    check("before")
    expect(client.see("own-pages")).to_have_attribute("href", "/account")
    check("expert-online", here.expert.page)
    here.ring()
    check("ringing")
    check("incoming", here.expert.page)
    here.expert.see("decline-note").focus()
    here.expert.page.keyboard.press("Tab")
    expect(here.expert.see("accept")).to_be_focused()
    here.expert.page.keyboard.press("Enter")
    client.wait_media()
    here.wait_meter("running")
    check("running")
    check("running-expert", here.expert.page)
    client.click("pause")
    here.wait_meter("paused")
    check("on-hold")
    client.click("pause")
    here.wait_meter("exhausted")
    client.wait("soft-landing")
    check("soft-landing")
    client.click("hang-up")
    here.wait_ended()
    check("ended")
    here.wait_ended(here.expert)
    check("ended-expert", here.expert.page)
    client.click("receipt-link")
    client.wait("receipt")
    check("receipt")
    client.page.emulate_media(media="print")
    client.wait("receipt-total")
    for dead in ("print", "download", "meter-log"):
        expect(client.see(dead)).to_be_hidden()
    client.page.emulate_media(media="screen")
    expect(client.see("meter-log")).to_be_visible()
    operator = person("kim")
    operator.open(here.server.links["operator"])
    operator.page.get_by_role("main").wait_for()
    check("operator", operator.page)


def test_a_broken_link_is_explained(house: Callable[..., Server], person: Callable[..., Person]) -> None:
    server, visitor = house(), person("sam")
    visitor.open(f"{server.url}/call/ada#t=nonsense")
    assert visitor.wait("problem").get_attribute("data-code")
    assert not visitor.see("start-call").count()


def test_an_expert_who_is_not_there_cannot_be_called(stage: MakeStage) -> None:
    here = stage()
    here.client.open(here.server.links["client"])
    here.client.wait("start-call")
    assert not here.client.see("start-call").first.is_enabled()
    here.expert.open(here.server.links["expert"])
    here.expert.wait("online")
    wait_until(here.client.see("start-call").first.is_enabled, "the page notices that the expert came")


def test_an_empty_wallet_can_be_filled_before_the_call(stage: MakeStage) -> None:
    here = stage(balance_minor=0)
    here.expert.open(here.server.links["expert"])
    here.expert.wait("online")
    here.client.open(here.server.links["client"])
    here.client.wait("start-call")
    assert not here.client.see("start-call").first.is_enabled()
    here.client.click("top-up")
    here.ring()
    here.expert.click("accept")
    here.client.wait_media()


def test_a_price_that_was_raised_unseen_rings_nobody(stage: MakeStage) -> None:
    """The page does not hear of it in time: the click is not taken for a yes to another price."""
    here = stage(balance_minor=2_000, price_minor=240)
    here.open_pages()
    expert = here.server.links["expert"].partition("#t=")[2]
    [offer] = here.server.api("GET", "/profile", login=expert).body["offers"]
    asked = "**/api/v1/experts/ada"
    here.client.page.route(asked, lambda route: route.abort())
    terms = {"title": offer["title"], "media": "video", "price_minor": 990}
    path = f"/profile/offers/{offer['id']}"
    assert here.server.api("POST", path, login=expert, body={"terms": terms}).status == 200
    assert "$2.40" in here.client.wait("price").inner_text()
    here.client.click("start-call")
    assert "price" in here.client.wait("refusal").inner_text()
    assert not here.expert.see("incoming").count()
    here.client.page.unroute(asked)
    wait_until(lambda: "$9.90" in here.client.wait("price").inner_text(), "the new price is there")
    here.client.click("start-call")
    here.expert.wait("incoming")


@pytest.fixture(params=["refused", "missing"])
def poor_chromium(request: pytest.FixtureRequest, playwright: Playwright) -> Iterator[tuple[str, Chromium]]:
    """A browser that refuses its devices, and one that has none."""
    refused = request.param == "refused"
    chromium = launch(playwright, devices=refused, consent=not refused)
    yield request.param, chromium
    chromium.close()


def test_a_person_without_devices_is_helped(
    house: Callable[..., Server], poor_chromium: tuple[str, Chromium], people: list[Person]
) -> None:
    why, chromium = poor_chromium
    server = house()
    visitor = Person(chromium, why)
    people.append(visitor)
    visitor.open(server.links["client"])
    problem = visitor.wait("problem")
    assert problem.get_attribute("data-code") == {"refused": "permission_denied", "missing": "no_device"}[why]
    assert len(problem.inner_text()) > 40, "the page says what to do"
    look(visitor, f"call-devices-{why}")
    assert (
        server.api("GET", "/wallet", login=server.links["client"].partition("#t=")[2]).body["held_minor"] == 0
    )
