"""The wallet runs low, runs out, is filled up in time or not, and is shared by two calls."""

from __future__ import annotations

from collections.abc import Callable

from rig.person import Person
from rig.server import Server, login_of, wait_until
from rig.stage import Stage

MakeStage = Callable[..., Stage]
# At $24.00 a minute, 40 minor units a second.
PRICE_MINOR = 2_400


def test_a_low_balance_is_announced_and_a_top_up_prolongs_the_call(stage: MakeStage) -> None:
    here = stage(balance_minor=400, price_minor=PRICE_MINOR, warn_left_s=8, min_talk_s=0)
    here.begin()
    here.client.wait("low-balance")
    here.client.click("top-up")
    here.client.see("low-balance").first.wait_for(state="hidden")
    here.client.rest(1)
    here.wait_meter("running")
    here.client.click("hang-up")
    here.wait_ended()
    receipt = here.assert_receipt_adds_up()
    assert receipt["topped_up_minor"] > 0
    assert len(receipt["intervals"]) == 1, "nobody was interrupted"


def test_funds_run_out_a_top_up_comes_and_the_call_goes_on(stage: MakeStage) -> None:
    here = stage(balance_minor=30, price_minor=600, min_talk_s=0, soft_landing_s=60)
    here.begin()
    here.wait_meter("exhausted", "funds")
    here.client.wait("soft-landing")
    spent = here.figures()
    decoded = here.expert.stats().decoded
    here.client.rest(1.5)
    assert here.figures() == spent, "nothing is charged in the soft landing"
    assert here.expert.stats().decoded - decoded <= 3, "media is held in the soft landing"
    assert spent[1] <= 30
    here.client.click("top-up")
    here.wait_meter("running")
    here.wait_media()
    here.client.click("hang-up")
    here.wait_ended(reason="payer_left")
    receipt = here.assert_receipt_adds_up()
    assert [each["end_reason"] for each in receipt["intervals"]] == ["funds", "payer_left"]
    assert receipt["intervals"][1]["begin_reason"] == "topped_up"


def test_funds_run_out_and_the_call_ends_at_zero(stage: MakeStage) -> None:
    here = stage(balance_minor=120, price_minor=PRICE_MINOR, min_talk_s=0, soft_landing_s=2)
    here.begin()
    here.wait_ended(reason="funds")
    here.wait_ended(here.expert, reason="funds")
    receipt = here.assert_receipt_adds_up()
    assert receipt["charge_minor"] == 120
    assert here.balance() == (0, 0)
    assert 2_990 <= receipt["used_ms"] <= 3_025, "all that the money buys, and not a cent's worth more"


def test_two_calls_empty_one_wallet_together(
    house: Callable[..., Server], person: Callable[..., Person]
) -> None:
    """One client in two tabs, two experts: both calls end, and the wallet is never below zero."""
    server = house(balance_minor=800, price_minor=PRICE_MINOR, experts=2, soft_landing_s=5, min_talk_s=0)
    assert server.gate is not None
    login = login_of(server.links["client"])
    stages = [
        Stage(server, server.gate, person("sam"), person("ada")),
        Stage(server, server.gate, person("sam"), person("kim")),
    ]
    second_host = server.api("GET", "/me", login=login_of(server.links["experts"][1])).body["slug"]
    for here, link in zip(stages, server.links["experts"], strict=True):
        here.expert.open(link)
        here.expert.wait("online")
    first_page = server.links["client"]
    stages[0].client.open(first_page)
    stages[1].client.open(first_page.replace("/call/ada", f"/call/{second_host}"))
    for here in stages:
        # What the last packets do not prove comes back: four pictures at once would make the packets late.
        here.client.click("voice-only")
        here.client.click("start-call")
    for here in stages:
        here.expert.click("accept")
    lowest = min(server.wallet(login)["available_minor"] for _ in range(20))
    for here in stages:
        here.wait_ended(reason="funds")
    receipts = [here.receipt() for here in stages]
    wallet = wait_until(
        lambda: (found := server.wallet(login))["held_minor"] == 0 and found, "all holds are released"
    )
    assert lowest >= 0
    assert wallet["available_minor"] == 800 - sum(each["charge_minor"] for each in receipts)
    assert 0 <= wallet["available_minor"] <= 1, "both used up what there was"
    assert all(each["charge_minor"] > 100 for each in receipts), "neither starved the other"
    server.assert_reconciled()
