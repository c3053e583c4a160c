"""A client's own pages as a person uses them: money, limit, calls, statement, and leaving for good."""

from __future__ import annotations

import csv
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright
from rig.gallery import look
from rig.person import Person, launch
from rig.server import Server, login_of, wait_until

House = Callable[..., Server]
MakePerson = Callable[..., Person]


@pytest.fixture
def person(playwright: Playwright, people: list[Person]) -> Iterator[MakePerson]:
    """People without cameras, each with a browser's storage of their own."""
    chromium = launch(playwright, devices=False)

    def make(who: str, **options: Any) -> Person:
        people.append(Person(chromium, who, **options))
        return people[-1]

    yield make
    chromium.close()


def minor(who: Person, testid: str) -> int:
    return int(who.wait(testid).get_attribute("data-minor") or "")


def view(who: Person, name: str) -> None:
    """Choose a page in the navigation."""
    who.page.get_by_test_id("desk-nav").get_by_role("link", name=name, exact=True).click()


def download(who: Person, testid: str) -> Path:
    with who.page.expect_download() as started:
        who.click(testid)
    return Path(started.value.path())


def test_a_client_looks_after_money_and_calls_and_leaves_for_good(house: House, person: MakePerson) -> None:
    server = house(balance_minor=2_000)
    login, operator = login_of(server.links["client"]), login_of(server.links["operator"])
    sam, ada = person("sam"), person("ada")
    ada.open(server.links["expert"])
    ada.wait("online")

    # Nothing has happened yet.
    sam.open(f"{server.url}/account#t={login}")
    assert minor(sam, "available") == 2_000
    sam.wait("no-calls")
    look(sam, "account-new")

    # Money in, and a limit that is kept.
    sam.click("add-money")
    sam.page.wait_for_url("**/wallet")
    sam.click("top-up")
    wait_until(lambda: minor(sam, "balance") == 3_000, "the money is there")
    look(sam, "account-wallet")
    view(sam, "Account")
    assert minor(sam, "available") == 3_000
    sam.wait("cap").fill("12.5")
    sam.click("save-cap")
    wait_until(lambda: sam.see("cap-told").inner_text() != "", "the limit is kept")
    sam.page.reload()
    assert sam.wait("cap").input_value() == "12.50"

    # A call that did not come about is in the list, with its receipt.
    call_id = secrets.token_hex(12)
    made = server.api("POST", "/calls", login=login, body={"id": call_id, "host": "ada"})
    assert made.status == 201, made.body
    server.api("POST", f"/operator/calls/{call_id}/end", login=operator)
    view(sam, "Calls")
    sam.page.wait_for_url("**/account/calls")
    assert sam.wait("call-row").get_attribute("data-call") == call_id
    look(sam, "account-calls")
    sam.wait("search").fill("nobody at all")
    sam.wait("no-calls")
    look(sam, "account-calls-none")
    sam.wait("search").fill("ad")
    sam.wait("call-row").get_by_role("link").click()
    assert minor(sam, "receipt-total") == 0
    sam.page.go_back()
    sam.wait("call-row")

    # The statement adds up, on the page and in the file.
    view(sam, "Statement")
    assert minor(sam, "closing") == 3_000
    assert sam.see("entry").count() == 2
    look(sam, "account-statement")
    rows = list(csv.reader(download(sam, "statement-csv").read_text("utf-8-sig").splitlines()))
    assert [(row[1], row[4], row[5]) for row in rows[1:]] == [
        ("opening", "", "0.00"), ("top_up", "20.00", "20.00"), ("top_up", "10.00", "30.00"),
        ("closing", "", "30.00"),
    ]  # fmt: skip
    sam.click("span-before")
    sam.wait("quiet")
    assert minor(sam, "opening") == minor(sam, "closing") == 0

    # Everything to take away; then everything gone, after a word about the money.
    view(sam, "Account")
    kept = json.loads(download(sam, "export").read_text())
    assert kept["tables"]["people"][0]["name"] == "Sam"
    assert [each["id"] for each in kept["tables"]["metered_calls"]] == [call_id]
    sam.click("delete")
    sam.wait("delete-name").fill("Sam")
    assert sam.wait("delete-confirm").is_disabled(), "nobody gives up money unasked"
    look(sam, "account-delete")
    sam.wait("give-up").check()
    sam.click("delete-confirm")
    sam.wait("deleted")
    look(sam, "account-deleted")
    sam.open(f"{server.url}/account#t={login}")
    assert sam.wait("problem").get_attribute("data-code") == "auth.deleted"
    assert server.api("GET", "/wallet", login=login).status == 401

    # The pages are a client's alone.
    stranger = person("stranger")
    for path in ("/account", "/account/calls", "/account/statement"):
        stranger.open(f"{server.url}{path}")
        assert stranger.wait("problem").get_attribute("data-code") == "auth.missing"
    ada.open(f"{server.url}/account")
    assert ada.wait("problem").get_attribute("data-code") == "page.role"
    assert sam.errors == ada.errors == stranger.errors == []
