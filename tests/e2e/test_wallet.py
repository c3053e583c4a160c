"""A stranger pays by card, calls, and adds money while they talk; and a wallet is looked after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from rig.fake_stripe import FakeStripe, fake_stripe
from rig.gallery import look, view
from rig.person import Person
from rig.server import Server, wait_until

MakeServer = Callable[..., Server]
MakePerson = Callable[..., Person]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def shop() -> Iterator[FakeStripe]:
    with fake_stripe() as fake:
        yield fake


def test_money_comes_before_and_during_the_call(
    house: MakeServer, person: MakePerson, shop: FakeStripe
) -> None:
    server = house(warn_left_s=130, **shop.settings())
    shop.do("set", webhook=f"{server.url}/webhooks/stripe")
    ada, lou = person("ada"), person("sam", **PHONE)
    ada.open(server.links["expert"])
    ada.wait("online")

    # Lou has a name and a card. The card's page is the processor's; from there it goes straight to the call.
    lou.open(f"{server.url}/e/ada")
    lou.page.locator('[data-testid="live"][data-state="available"]').wait_for()
    lou.click("call-now")
    lou.see("my-name").fill("Lou")
    lou.click("entry-next")
    lou.page.get_by_label("$5.00").check(force=True)
    lou.wait("test-mode")
    look(lou, "entry-pay")
    lou.click("top-up")
    lou.page.wait_for_url("**/c/pay/**")
    lou.click("card-poor")
    assert "insufficient funds" in lou.page.get_by_role("alert").inner_text()
    lou.click("card-good")
    lou.page.wait_for_url("**/call/ada**")
    wait_until(lou.see("start-call").first.is_enabled, "the money is there, and the devices")
    assert "payment=" not in lou.page.url
    lou.click("start-call")
    ada.click("accept")
    lou.wait_media()
    meter = lou.page.locator('[data-testid="meter"][data-state="running"]').first
    meter.wait_for()

    # Five dollars do not last. One tap with the kept card.
    lou.wait("low-balance")
    expect(lou.see("with-card")).to_contain_text("4242", timeout=20_000)
    look(lou, "call-low-balance")
    # On a phone the banner is as wide as the picture, and covers nothing that can be tapped.
    lou.page.set_viewport_size({"width": 390, "height": 844})
    lou.see("quality").first.click(trial=True)
    lou.page.set_viewport_size({"width": 1280, "height": 800})
    lou.click("top-up")
    lou.see("low-balance").first.wait_for(state="hidden")

    # Another card, in a tab beside the call. Its bank wants to see Lou every time.
    lou.click("money")
    panel = lou.see("pay-in")
    with lou.context.expect_page() as opened:
        panel.get_by_test_id("other-card").click()
    beside = opened.value
    beside.get_by_test_id("card-bank").click()
    beside.get_by_test_id("bank-agree").click()
    beside.wait_for_url("**/paid**")
    view(beside, "paid")
    beside.close()
    panel.get_by_test_id("paid").wait_for()
    expect(panel.get_by_test_id("with-card")).to_contain_text("3184", timeout=20_000)
    look(lou, "call-money")

    # The bank's page comes over the call, and the call goes on below.
    panel.get_by_test_id("top-up").click()
    bank = lou.page.frame_locator('[data-testid="bank-page"]')
    bank.get_by_test_id("bank-agree").wait_for()
    look(lou, "call-bank")
    lou.see("bank").get_by_test_id("dialog-close").click()
    panel.get_by_test_id("bank-confirm").click()
    bank.get_by_test_id("bank-agree").click()
    lou.page.get_by_test_id("bank-page").wait_for(state="detached")
    panel.get_by_test_id("paid").wait_for()
    assert meter.is_visible(), "nobody was interrupted"
    charges = shop.do("charges")
    assert sorted(charges.values()) == [1, 1, 1, 1]
    assert lou.errors == ada.errors == []


def test_a_wallet_is_looked_after(house: MakeServer, person: MakePerson, shop: FakeStripe) -> None:
    server = house(balance_minor=500, **shop.settings())
    shop.do("set", webhook=f"{server.url}/webhooks/stripe")
    sam = person("sam")
    sam.open(server.links["client"])
    sam.wait("start-call")
    sam.open(f"{server.url}/wallet")
    sam.wait("test-mark")
    sam.wait("auto-needs-card")
    look(sam, "wallet-new")
    sam.click("top-up")
    sam.click("card-cancel")
    sam.page.wait_for_url("**/wallet")
    sam.click("top-up")
    sam.click("card-later")
    sam.page.wait_for_url("**/wallet**")
    expect(sam.see("balance")).to_have_attribute("data-minor", "1500", timeout=20_000)
    expect(sam.see("kept-card")).to_contain_text("Mastercard •••• 0341", timeout=20_000)

    # The kept card is declined from now on; the reason is told, and nothing is charged.
    sam.click("top-up")
    assert sam.wait("declined").get_attribute("data-reason") == "insufficient_funds"
    expect(sam.see("balance")).to_have_attribute("data-minor", "1500")

    # A rule, with a mistake first.
    sam.see("auto-on").check()
    sam.see("threshold_minor").fill("5")
    sam.see("amount_minor").fill("20")
    sam.see("cap_minor").fill("10")
    sam.click("auto-save")
    assert "must not be less" in sam.page.get_by_role("alert").last.inner_text()
    sam.see("cap_minor").fill("60,00")
    sam.click("auto-save")
    assert "$0.00 of $60.00" in sam.wait("auto-spent").inner_text()
    look(sam, "wallet")
    sam.page.reload()
    sam.wait("auto-spent")
    assert sam.see("auto-on").is_checked()

    # The card goes, and the rule with it.
    sam.click("remove-card")
    look(sam, "wallet-remove-card")
    sam.click("really-remove-card")
    sam.wait("auto-needs-card")
    assert sam.see("kept-card").count() == 0
    assert sam.see("payment").count() == 3
    assert sam.errors == []


def test_test_money_is_plainly_marked(house: MakeServer, person: MakePerson) -> None:
    server = house()
    sam = person("sam")
    sam.open(server.links["client"])
    assert "Test money" in sam.wait("test-money").inner_text()
    sam.open(f"{server.url}/wallet")
    assert "no real payments" in sam.wait("sandbox-mark").inner_text()
    before = int(sam.wait("balance").get_attribute("data-minor") or 0)
    sam.click("top-up")
    expect(sam.see("balance")).to_have_attribute("data-minor", str(before + 1_000))
    sam.wait("kept-card")
    look(sam, "wallet-test-money")
    assert sam.errors == []
