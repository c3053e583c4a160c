"""An expert connects a site: an endpoint that fails at first, a key, and no one else's business."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Playwright, expect
from rig.gallery import look
from rig.person import TIMEOUT_MS, Person, launch
from rig.receiver import Receiver
from rig.server import Server
from standardwebhooks import Webhook

House = Callable[..., Server]
MakePerson = Callable[..., Person]
expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture
def person(playwright: Playwright, people: list[Person]) -> Iterator[MakePerson]:
    """People without cameras."""
    chromium = launch(playwright, devices=False)

    def make(who: str, **options: Any) -> Person:
        people.append(Person(chromium, who, **options))
        return people[-1]

    yield make
    chromium.close()


def check(who: Person, state: str) -> None:
    who.rest(0.2)
    look(who, f"integrations-{state}")


def test_an_expert_connects_a_site(house: House, person: MakePerson) -> None:
    server = house(media="simulated", webhook_targets="any")
    ada = person("ada")
    link = server.links["expert"].replace("/expert", "/integrations")
    with Receiver() as receiver:
        ada.open(link)
        ada.wait("new-endpoint")
        check(ada, "empty")

        # An endpoint: the secret is shown once, and what it signs verifies.
        ada.click("new-endpoint")
        ada.see("endpoint-url").fill(f"{receiver.url}/fails/1/e2e")
        check(ada, "new-endpoint")
        ada.click("some-events")
        ada.page.get_by_label("call.ended").wait_for()
        check(ada, "new-endpoint-events")
        ada.click("add-endpoint")
        secret = ada.wait("secret").inner_text().strip()
        check(ada, "secret")
        ada.click("secret-done")
        expect(ada.see("secret")).to_have_count(0)

        # A test: the site says 503, the log shows it, and sent again by hand it is taken.
        ada.click("send-test")
        log = ada.page.get_by_test_id("delivery")
        expect(log).to_contain_text("HTTP 503")
        log.get_by_role("button").first.click()
        ada.wait("replay").click()
        expect(log).to_contain_text("Delivered")
        expect(ada.see("delivery-detail")).to_contain_text("thank you")
        check(ada, "delivery")
        first, second = receiver.seen()
        assert first["headers"]["webhook-id"] == second["headers"]["webhook-id"]
        assert Webhook(secret).verify(second["body"], second["headers"])["type"] == "webhook.test"

        # A key: it opens what it was made for, until it is revoked.
        ada.click("new-key")
        ada.see("key-name").fill("Website")
        check(ada, "new-key")
        ada.click("make-key")
        key = ada.wait("secret").inner_text().strip()
        ada.click("secret-done")
        assert server.api("GET", "/calls", login=key).status == 200
        ada.click("revoke-key")
        ada.click("revoke-confirm")
        expect(ada.see("key")).to_contain_text("Revoked")
        assert server.api("GET", "/calls", login=key).body["code"] == "auth.key_revoked"

        # An address that cannot be is explained where it was typed.
        ada.click("new-endpoint")
        ada.see("endpoint-url").fill("ftp://example.org")
        ada.click("add-endpoint")
        expect(ada.page.get_by_role("alert")).to_contain_text("https://")
        ada.page.keyboard.press("Escape")

        ada.click("switch-endpoint")
        expect(ada.see("endpoint")).to_contain_text("Disabled")
        expect(ada.see("endpoint")).to_contain_text("All events")
        check(ada, "disabled")
        assert json.loads(first["body"])["data"]["asked_by"] == "ada"


def test_whoever_has_no_site_is_told_so(house: House, person: MakePerson) -> None:
    server = house(media="simulated")
    sam = person("sam")
    sam.open(f"{server.url}/integrations")
    sam.wait("problem")
    check(sam, "refused")
    sam.page.goto("about:blank")
    sam.open(f"{server.url}/integrations#t=forged.token")
    sam.wait("problem")
    client = person("client")
    client.open(server.links["client"].replace("/call/ada", "/integrations"))
    expect(client.wait("problem")).to_have_attribute("data-code", "auth.forbidden")
