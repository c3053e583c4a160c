"""The wallet over HTTP: top-ups credit once, only test money on a local server, and live calls hear of it."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rig.house import House, open_house, until

from booking.people import Person


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house


def order(amount_minor: object = 250, **changed: object) -> dict[str, object]:
    return {"id": secrets.token_hex(12), "amount_minor": amount_minor, "currency": "USD"} | changed


async def test_a_wallet_is_seen_by_its_owner(house: House) -> None:
    wallet = await house.ask("GET", "wallet", house.sam)
    assert wallet.body == {"currency": "USD", "available_minor": 500, "held_minor": 0, "test_money": True}
    for login in (house.ada, house.ola):
        assert (await house.ask("GET", "wallet", login)).code == "auth.forbidden"


async def test_what_is_on_hold_is_told_apart(house: House) -> None:
    await house.talk()
    wallet = (await house.ask("GET", "wallet", house.sam)).body
    assert wallet["held_minor"] > 0
    assert wallet["available_minor"] + wallet["held_minor"] == 500


async def test_a_top_up_credits_once_by_its_id(house: House) -> None:
    once = order(250)
    first = await house.ask("POST", "wallet/top-ups", house.sam, once)
    again = await house.ask("POST", "wallet/top-ups", house.sam, once)
    assert (first.status, again.status) == (201, 201)
    assert first.body["available_minor"] == again.body["available_minor"] == 750
    assert await house.services.ledger.reconcile() == []


async def test_twenty_retries_at_once_credit_once(house: House) -> None:
    once = order(100)
    replies = await asyncio.gather(*(house.ask("POST", "wallet/top-ups", house.sam, once) for _ in range(20)))
    assert {reply.status for reply in replies} == {201}
    assert {reply.body["available_minor"] for reply in replies} == {600}


async def test_an_id_with_another_amount_is_refused(house: House) -> None:
    once = order(250)
    await house.ask("POST", "wallet/top-ups", house.sam, once)
    refused = await house.ask("POST", "wallet/top-ups", house.sam, once | {"amount_minor": 251})
    assert (refused.status, refused.code) == (409, "metering.id_reused")
    assert (await house.ask("GET", "wallet", house.sam)).body["available_minor"] == 750


async def test_two_people_may_choose_the_same_id(house: House) -> None:
    once = order(250)
    await house.ask("POST", "wallet/top-ups", house.sam, once)
    other = await house.ask("POST", "wallet/top-ups", house.kim, once | {"amount_minor": 300})
    assert (other.status, other.body["available_minor"]) == (201, 800)


@pytest.mark.parametrize(
    "bad",
    [
        order(0), order(49), order(-100), order(1_000_001), order("250"), order(2.5), order(None),
        order(True),
        order(currency="usd"), order(currency="USDX"), order(id="short"), order(id="x" * 41),
        order(id="no spaces in it"), order(note="an unknown field"),
        {"amount_minor": 250, "currency": "USD"}, [], "250", None,
    ],
)  # fmt: skip
async def test_a_bad_order_moves_nothing(house: House, bad: object) -> None:
    refused = await house.ask(
        "POST", "wallet/top-ups", house.sam, data=json.dumps(bad).encode(),
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    assert (refused.status, refused.code) == (422, "request.invalid")
    assert refused.body["detail"], "it says what is wrong"
    assert (await house.ask("GET", "wallet", house.sam)).body["available_minor"] == 500


async def test_another_currency_is_refused(house: House) -> None:
    refused = await house.ask("POST", "wallet/top-ups", house.sam, order(currency="EUR"))
    assert (refused.status, refused.code) == (422, "topup.currency")


async def test_only_clients_top_up(house: House) -> None:
    for login in (house.ada, house.ola):
        assert (await house.ask("POST", "wallet/top-ups", login, order())).code == "auth.forbidden"


@pytest.mark.parametrize("headers", [{"Host": "abc.tunnel.example"}, {"X-Forwarded-For": "192.0.2.1"}])
async def test_test_money_does_not_pass_a_tunnel(house: House, headers: dict[str, str]) -> None:
    """The server is local by its settings; a tunnel or a proxy shows it to the world all the same."""
    refused = await house.ask("POST", "wallet/top-ups", house.sam, order(), headers=headers)
    assert (refused.status, refused.code) == (403, "topup.sandbox_refused")
    paid = order() | {"how": "checkout"}
    off = await house.ask("POST", "wallet/payments", house.sam, paid, headers=headers)
    assert (off.status, off.code) == (403, "payment.off")
    told = (await house.ask("GET", "wallet/payments", house.sam, headers=headers)).body
    assert (told["mode"], told["wallet"]["test_money"]) == ("none", False)


@pytest.mark.parametrize(
    "public_url", ["https://talk.example.com", "http://192.0.2.7:8080", "http://localhost.example"]
)
async def test_test_money_is_refused_when_the_address_is_public(tmp_path: Path, public_url: str) -> None:
    async with open_house(tmp_path, public_url=public_url) as house:
        refused = await house.ask("POST", "wallet/top-ups", house.sam, order())
        wallet = (await house.ask("GET", "wallet", house.sam)).body
        paying = (await house.ask("GET", "wallet/payments", house.sam)).body
        off = await house.ask("POST", "wallet/payments", house.sam, order() | {"how": "checkout"})
    assert (refused.status, refused.code) == (403, "topup.sandbox_refused")
    assert (paying["mode"], off.code) == ("none", "payment.off")
    assert (wallet["test_money"], wallet["available_minor"]) == (False, 500)


@pytest.mark.parametrize(
    "public_url", ["http://localhost:9", "http://127.0.0.1", "http://[::1]:8080", "https://t.localhost"]
)
async def test_test_money_is_for_local_addresses(tmp_path: Path, public_url: str) -> None:
    async with open_house(tmp_path, public_url=public_url) as house:
        assert (await house.ask("POST", "wallet/top-ups", house.sam, order())).status == 201


async def test_an_exhausted_call_goes_on_after_a_top_up(tmp_path: Path) -> None:
    async with open_house(tmp_path, min_talk_s=0) as house:
        await house.services.people.add(Person("poor", "client", "Poor", "USD"))
        await house.services.ledger.open_wallet("poor", "USD")
        await house.services.ledger.top_up("poor", "start", 2, "sandbox")
        login, _ = house.services.logins.token("poor", "client")
        talk = await house.talk(login)
        await until(lambda: talk.meter_state() == "exhausted", "two cents are used up")

        await house.ask("POST", "wallet/top-ups", login, order(500))

        await until(lambda: talk.meter_state() == "running", "the call goes on")
        await talk.hang_up()
        assert (await house.ask("GET", "wallet", login)).body["available_minor"] < 502
        assert await house.services.ledger.reconcile() == []
