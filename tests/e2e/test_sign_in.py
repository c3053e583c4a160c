"""Signing in as a person would: keep the wallet by an address, come back elsewhere, end the other login."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Playwright
from rig.accessible import PHONE
from rig.gallery import look
from rig.person import Person, launch
from rig.server import Server, wait_until

House = Callable[..., Server]
MakePerson = Callable[..., Person]

ADDRESS = "lou@example.org"
ADA = "ada@example.com"
FETCH = """
async ([method, path, body]) => {
  const headers = { "Content-Type": "application/json", "X-Talktime-Csrf": "1" };
  const sent = body ? JSON.stringify(body) : undefined;
  const response = await fetch("/api/v1" + path, { method, headers, body: sent });
  return { status: response.status, body: await response.json() };
}
"""


@pytest.fixture
def person(playwright: Playwright, people: list[Person]) -> Iterator[MakePerson]:
    """People without cameras, each with cookies of their own."""
    chromium = launch(playwright, devices=False)

    def make(who: str, **options: Any) -> Person:
        people.append(Person(chromium, who, **options))
        return people[-1]

    yield make
    chromium.close()


def check(who: Person, state: str) -> None:
    who.rest(0.2)
    look(who, f"sign-in-{state}")


def read_mail(who: Person) -> str:
    """Open the development page in another tab, and read the newest code."""
    with who.context.expect_page() as opened:
        who.click("kept-mail")
    mails = opened.value
    mails.get_by_test_id("mail").first.wait_for()
    headings = mails.get_by_role("heading", level=2).all_inner_texts()
    mails.close()
    return newest_code(headings)


def newest_code(subjects: list[str]) -> str:
    found = [match[1] for each in subjects if (match := re.match(r"(\d{3} \d{3}) is your code", each))]
    return found[0]


def prove(who: Person, address: str) -> None:
    """Type the address, read the mail, type the code."""
    who.wait("address").fill(address)
    who.click("send-code")
    who.wait("code").fill(read_mail(who))
    who.click("enter-code")


def wallet(who: Person) -> int:
    # With the browser's cookies, but not in the page, which may be on its way to another one.
    answer = who.context.request.get(urljoin(who.page.url, "/api/v1/wallet"))
    assert answer.status == 200, answer.text()
    return int(answer.json()["available_minor"])


def test_a_guest_keeps_the_wallet_and_ends_the_other_login(house: House, person: MakePerson) -> None:
    server = house()
    lou, ada = person("lou"), person("ada")
    ada.open(server.links["expert"])
    ada.wait("online")
    lou.open(f"{server.url}/e/ada")
    lou.click("call-now")
    lou.wait("my-name").fill("Lou")
    lou.click("entry-next")
    lou.click("top-up")
    wait_until(lambda: wallet(lou) > 0, "the money is there")
    funds = wallet(lou)
    lou.page.wait_for_url("**/call/ada*")
    ada.close()

    # Nobody leaves money behind by mistake.
    lou.open(f"{server.url}/sign-in")
    lou.wait("address")
    check(lou, "guest")
    lou.click("sign-out")
    lou.wait("sign-out-confirm")
    check(lou, "out-without-address")
    lou.click("dialog-close")

    lou.wait("address").fill(ADDRESS)
    lou.click("send-code")
    lou.wait("code")
    check(lou, "code")
    lou.wait("code").fill(read_mail(lou))
    lou.click("enter-code")
    lou.page.wait_for_url("**/account")
    lou.open(f"{server.url}/logins")
    assert lou.wait("my-address").inner_text() == ADDRESS
    check(lou, "logins")
    lou.click("sign-out")
    lou.page.wait_for_url("**/sign-in")
    lou.wait("address")
    assert lou.page.evaluate(FETCH, ["GET", "/wallet", None])["status"] == 401
    prove(lou, ADDRESS)
    lou.page.wait_for_url("**/account")

    phone = person("phone", **PHONE)
    phone.open(f"{server.url}/sign-in")
    phone.wait("address")
    phone.wait("address").fill(ADDRESS)
    phone.click("send-code")
    phone.wait("code").fill("000000")
    phone.click("enter-code")
    phone.wait("sign-in-refusal")
    check(phone, "wrong-code")
    phone.wait("code").fill(read_mail(phone))
    phone.click("enter-code")
    phone.page.wait_for_url("**/account")
    phone.open(f"{server.url}/logins")
    assert wallet(phone) == funds, "the wallet came along"
    wait_until(lambda: phone.see("login").count() == 2, "both browsers are listed")
    check(phone, "logins-phone")

    phone.click("end-login")
    wait_until(lambda: phone.see("login").count() == 1, "one is left")
    lou.page.reload()
    assert lou.wait("problem").get_attribute("data-code") == "auth.expired"
    check(lou, "ended")
    assert wallet(phone) == funds
    assert lou.errors == phone.errors == []


def test_an_expert_signs_in_by_choosing_a_profile(house: House, person: MakePerson) -> None:
    server = house()
    visitor = person("visitor")
    # Sam takes Ada's address, too: the same person calls and is called.
    visitor.open(server.url)
    made = visitor.page.evaluate(FETCH, ["POST", "/sign-in/codes", {"address": ADA}])
    subjects = [mail["subject"] for mail in server.api("GET", "/development/mails").body["mails"]]
    typed = {"ticket": made["body"]["ticket"], "code": newest_code(subjects)}
    sam = server.links["client"].partition("#t=")[2]
    assert server.api("POST", "/address", login=sam, body=typed).status == 200

    visitor.open(f"{server.url}/expert")
    assert visitor.wait("problem").get_attribute("data-code") == "auth.missing"
    visitor.page.get_by_role("link", name="Sign in").click()
    prove(visitor, ADA)
    wait_until(lambda: visitor.see("profile").count() == 2, "two profiles")
    check(visitor, "choose")
    visitor.page.get_by_role("button", name="Ada").click()
    visitor.page.wait_for_url("**/expert")
    visitor.wait("online")
    visitor.open(f"{server.url}/development/mail")
    visitor.wait("mail")
    check(visitor, "kept-mail")
    assert visitor.errors == []
