"""Every payment is told by mail, so that a card that somebody else uses is not used in silence."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from rig.fake_stripe import FakeStripe, fake_stripe
from rig.house import House, until
from rig.paying import paying_house

from server.mail import DevelopmentMailer, Mail
from signaling.clock import iso
from storage.audit_log import SYSTEM

RULE = {"on": True, "threshold_minor": 1_000_000, "amount_minor": 700, "cap_minor": 700}


@pytest.fixture(scope="module")
def stripe_process() -> Iterator[FakeStripe]:
    with fake_stripe() as fake:
        yield fake


@pytest.fixture
async def house(tmp_path: Path, stripe_process: FakeStripe) -> AsyncIterator[House]:
    async with paying_house(tmp_path, stripe_process) as house:
        yield house


async def pay_in(house: House, fake: FakeStripe, how: str) -> None:
    wish: dict[str, Any] = {
        "id": secrets.token_hex(12), "amount_minor": 1_000, "currency": "USD", "how": how
    }  # fmt: skip
    made = await house.ask("POST", "wallet/payments", house.sam, wish)
    assert made.status == 201, made.text
    if how == "checkout":
        session = made.body["url"].rpartition("/")[2]
        await asyncio.to_thread(lambda: fake.do("pay", session=session, card="good"))


async def mails(house: House, count: int) -> list[Mail]:
    mailer = house.services.mailer
    assert isinstance(mailer, DevelopmentMailer)
    await until(lambda: len(mailer.kept) >= count, f"{count} mails")
    return [each.mail for each in mailer.kept]


async def delivered(house: House) -> None:
    """The outbox holds no letter about a payment any more."""
    async with asyncio.timeout(20):
        while "payment.letter" in await house.services.outbox.next_due():  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.02)


async def test_each_payment_is_told_once_by_mail_and_how_it_was_made(
    house: House, stripe_process: FakeStripe
) -> None:
    now = iso(house.services.clock.wall())
    await house.services.addresses.attach("sam", "sam@example.com", now, SYSTEM)
    await pay_in(house, stripe_process, "checkout")
    await mails(house, 1)
    await pay_in(house, stripe_process, "card")
    await mails(house, 2)
    talk = await house.talk()
    rule = await house.ask("POST", "wallet/auto-top-up", house.sam, RULE)
    assert rule.status == 200, rule.text
    payments = house.services.payments
    assert payments is not None
    await payments.round()
    await mails(house, 3)
    # The same news again, as a webhook that comes twice or the daily comparison brings it.
    await payments.sweep()
    await talk.hang_up()
    await delivered(house)
    sent = [each for each in await mails(house, 3) if each.subject.startswith("You paid in")]
    assert {each.to for each in sent} == {"sam@example.com"}
    assert [each.subject for each in sent] == ["You paid in $10.00"] * 2 + ["You paid in $7.00"]
    for mail, how in zip(sent, ("payment page", "one tap", "by the rule"), strict=True):
        assert how in mail.text
        assert "/logins" in mail.text


async def test_who_gave_no_address_gets_no_mail_and_the_money_all_the_same(
    house: House, stripe_process: FakeStripe
) -> None:
    await pay_in(house, stripe_process, "checkout")

    async with asyncio.timeout(20):
        while (await house.ask("GET", "wallet", house.sam)).body["available_minor"] != 1_500:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await delivered(house)
    assert isinstance(house.services.mailer, DevelopmentMailer)
    assert not house.services.mailer.kept
