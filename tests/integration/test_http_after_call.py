"""Tips, ratings and disputes over HTTP: who may, when, and what everybody sees of it."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rig import history
from rig.history import TARIFF
from rig.house import House, Reply, Talk, open_house, until

from metering.tariff import Tariff
from server.mail import DevelopmentMailer, Mail
from signaling.clock import iso
from signaling.messages import TipMessage

ROOT = Path(__file__).parents[2]


async def past_call(
    house: House, used_ms: int = 90_000, hours_ago: float = 0, tariff: Tariff = TARIFF
) -> str:
    """A settled call of Sam with Ada."""
    at = house.services.clock.wall() - timedelta(hours=hours_ago)
    return await history.past_call(house.services.ledger, at, used_ms, tariff)


async def recorded(house: House, call_id: str) -> None:
    """The meter's first event is in the books: it is written behind."""
    while not (await house.services.ledger.call(call_id)).events:  # noqa: ASYNC110 - the writer's thread
        await asyncio.sleep(0.01)


async def post(house: House, call_id: str, what: str, body: dict[str, Any], login: str = "") -> Reply:
    return await house.ask("POST", f"calls/{call_id}/{what}", login or house.sam, body)


def tip(minor: int) -> dict[str, Any]:
    return {"id": secrets.token_hex(12), "amount_minor": minor}


def shown(talk: Talk) -> list[int]:
    """The tips that the host's page was told of during the call."""
    return [each.amount_minor for each in talk.host.sent if isinstance(each, TipMessage)]


async def test_a_tip_during_the_call_and_after_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        talk: Talk = await house.talk()
        await recorded(house, talk.call_id)
        body = tip(50)
        assert (await post(house, talk.call_id, "tips", body)).status == 201
        assert (await post(house, talk.call_id, "tips", body)).status == 201
        # The host is not shown what is only a retry as one tip more.
        other = tip(10)
        await post(house, talk.call_id, "tips", other)
        await until(lambda: len(shown(talk)) >= 2, "the host sees the tips")
        await post(house, talk.call_id, "tips", other)
        await talk.hang_up()
        assert shown(talk) == [40, 8]
        after = (await post(house, talk.call_id, "tips", tip(20))).body
        assert [each["amount_minor"] for each in after["tips"]] == [50, 10, 20]
        seen = (await house.ask("GET", f"calls/{talk.call_id}/after", house.ada)).body
        assert [each["amount_minor"] for each in seen["tips"]] == [40, 8, 16]
        assert not seen["may_tip"]
        assert (await post(house, talk.call_id, "tips", tip(10_000))).code == "wallet.insufficient"
        assert (await house.ask("GET", "wallet", house.sam)).body["available_minor"] >= 0
        assert await house.services.ledger.reconcile() == []


async def test_a_tip_needs_a_call_that_was_talked_in(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.online()
        ringing = await house.ring()
        assert (await post(house, ringing, "tips", tip(5))).code == "tip.closed"
        old = await past_call(house, hours_ago=49)
        assert (await post(house, old, "tips", tip(5))).code == "tip.closed"


async def test_a_paid_minute_can_be_rated_and_changed_for_a_day(tmp_path: Path) -> None:
    # The template as it stands: the build only changes what is around it.
    folder = tmp_path / "build"
    folder.mkdir()
    template = (ROOT / "web/profile.html").read_text()
    (folder / "profile.html").write_text(template.replace(" vite-ignore", ""))
    async with open_house(tmp_path, web_folder=str(folder)) as house:
        call_id = await past_call(house)
        assert 'data-testid="rated"' not in (await house.ask("GET", "/e/ada")).text
        assert (await house.ask("GET", "experts/ada/rating")).body == {"count": 0, "stars_tenths": 0}
        for stars in (2, 5):
            body = {"stars": stars, "text": " Clear and kind. "}
            assert (await post(house, call_id, "rating", body)).body["rating"]["stars"] == stars
        other = await past_call(house)
        await post(house, other, "rating", {"stars": 4})
        assert (await house.ask("GET", "experts/ada/rating")).body == {"count": 2, "stars_tenths": 45}
        page = (await house.ask("GET", "/e/ada")).text
        assert "<strong>4.5</strong> of 5 · 2 ratings" in page
        seen = (await house.ask("GET", f"calls/{call_id}/after", house.ada)).body
        assert (seen["rating"]["text"], seen["may_rate"]) == ("Clear and kind.", False)
        rating = await house.services.ratings.get(call_id)
        assert rating is not None
        before = iso(house.services.clock.wall() - timedelta(hours=25))
        with sqlite3.connect(tmp_path / "talktime.db") as raw:
            raw.execute("UPDATE ratings SET given_at = ? WHERE call_id = ?", (before, call_id))
        assert (await post(house, call_id, "rating", {"stars": 1})).code == "rating.too_late"


@pytest.mark.parametrize(
    ("used_ms", "tariff"),
    [(59_999, TARIFF), (90_000, Tariff("USD", 0)), (90_000, Tariff("USD", 240, free_ms=31_000))],
)
async def test_less_than_a_paid_minute_is_not_rated(tmp_path: Path, used_ms: int, tariff: Tariff) -> None:
    async with open_house(tmp_path) as house:
        call_id = await past_call(house, used_ms, tariff=tariff)
        assert (await post(house, call_id, "rating", {"stars": 5})).code == "rating.too_short"


def give(minor: int) -> dict[str, Any]:
    return {"id": secrets.token_hex(12), "amount_minor": minor, "reason": "Sorry."}


REASON = {"reason": "I could hear nothing for the last half minute."}


async def test_a_dispute_from_the_objection_to_the_refund(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        call_id = await past_call(house)
        opened = await post(house, call_id, "dispute", REASON)
        assert (opened.status, opened.body["dispute"]["state"]) == (201, "open")
        answer = {"text": "My microphone was on."}
        hers = (await post(house, call_id, "dispute/answer", answer, house.ada)).body
        assert (hers["side"], hers["may_answer"], hers["refundable_minor"]) == ("host", False, 360)
        assert (await post(house, call_id, "dispute/answer", {"text": "No."}, house.ada)).code == (
            "dispute.answered"
        )
        (waiting,) = (await house.ask("GET", "disputes?state=open", house.ola)).body["disputes"]
        assert (waiting["call"], waiting["charge_minor"], waiting["dispute"]["host_answer"]) == (
            call_id, 360, "My microphone was on.",
        )  # fmt: skip
        assert (await house.ask("GET", "disputes?state=open", house.ada)).body["disputes"] == [waiting]
        assert (await house.ask("GET", "disputes", house.grace)).body == {"disputes": []}
        receipt = (await house.ask("GET", f"calls/{call_id}/receipt", house.ola)).body
        assert [event["event"] for event in receipt["events"]] == ["began", "stopped"]
        before = (await house.ask("GET", "wallet", house.sam)).body["available_minor"]
        path, word = f"disputes/{call_id}/decision", {"refund_minor": 120, "answer": "The log agrees."}
        for _ in range(2):
            assert (await house.ask("POST", path, house.ola, word)).status == 200
        assert (await house.ask("GET", "wallet", house.sam)).body["available_minor"] == before + 120
        mine = (await house.ask("GET", f"calls/{call_id}/after", house.sam)).body
        hers = (await house.ask("GET", f"calls/{call_id}/after", house.ada)).body
        assert (mine["dispute"]["state"], mine["refunded_minor"]) == ("refunded", 120)
        assert [(each["amount_minor"], each["host_minor"]) for each in mine["refunds"]] == [(120, 0)]
        assert [(each["by"], each["host_minor"]) for each in hers["refunds"]] == [("operator", 96)]
        assert hers["dispute"]["decision"] == "The log agrees."
        again = await house.ask("POST", path, house.ola, {"refund_minor": 1, "answer": "No."})
        assert again.code == "dispute.decided"
        assert (await house.ask("GET", "disputes?state=open", house.ola)).body == {"disputes": []}
        assert len((await house.ask("GET", "disputes", house.ola)).body["disputes"]) == 1
        assert (await house.ask("GET", "disputes?state=odd", house.ola)).code == "request.invalid"
        assert await house.services.ledger.reconcile() == []
        assert (await house.ask("GET", f"calls/{call_id}/receipt", house.sam)).body["charge_minor"] == 360
        for login, amount, back in ((house.sam, 360, 120), (house.ada, 288, 96)):
            (line,) = (await house.ask("GET", "calls", login)).body["calls"]
            assert (line["amount_minor"], line["refunded_minor"]) == (amount, back)
        (line,) = (await house.ask("GET", "operator/overview", house.ola)).body["recent"]
        assert (line["amount_minor"], line["refunded_minor"]) == (360, 120)
        log = await house.services.audit_log.read(about=call_id)
        assert [entry.action for entry in reversed(log)] == [
            "dispute.opened", "dispute.answered", "call.refunded", "dispute.refunded",
        ]  # fmt: skip


async def test_the_expert_gives_back_what_was_charged_and_no_more(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        call_id = await past_call(house)
        await post(house, call_id, "dispute", REASON)
        part = give(60)
        for _ in range(2):
            assert (await post(house, call_id, "refunds", part, house.ada)).status == 201
        assert (await post(house, call_id, "refunds", give(301), house.ada)).code == "refund.amount"
        assert (await post(house, call_id, "refunds", part | {"amount_minor": 61}, house.ada)).code == (
            "metering.id_reused"
        )
        whole = (await post(house, call_id, "refunds", give(300), house.ada)).body
        assert (whole["dispute"]["state"], whole["refundable_minor"]) == ("refunded", 0)
        assert (await post(house, call_id, "refunds", give(1), house.ola)).code == "refund.amount"
        assert await house.services.ledger.reconcile() == []


async def read_mail(house: House, count: int) -> list[Mail]:
    mailer = house.services.mailer
    assert isinstance(mailer, DevelopmentMailer)
    await until(lambda: len(mailer.kept) >= count, f"{count} mails")
    return [each.mail for each in mailer.kept]


async def test_operators_read_of_a_dispute_by_mail(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        call_id = await past_call(house)
        await house.services.addresses.attach(
            "ola", "ola@example.org", iso(house.services.clock.wall()), "ola"
        )
        await post(house, call_id, "dispute", REASON)
        await post(house, call_id, "dispute", REASON)
        (opened,) = await read_mail(house, 1)
        assert (opened.to, opened.subject) == ("ola@example.org", "Sam objects to a charge of Ada's")
        assert "> I could hear nothing" in opened.text
        assert "($3.60)" in opened.text
        assert f"{house.life.public_url()}/operator/disputes" in opened.text
        await post(house, call_id, "dispute/answer", {"text": "It was on."}, house.ada)
        answered = (await read_mail(house, 2))[-1]
        assert (answered.to, "> It was on." in answered.text) == ("ola@example.org", True)


async def test_everybody_reads_of_it_by_mail(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        addresses = {"sam": "sam@example.org", "ada": "ada@example.org"}
        for person, address in addresses.items():
            await house.services.addresses.attach(person, address, iso(house.services.clock.wall()), person)
        call_id = await past_call(house)
        (receipt,) = await read_mail(house, 1)
        assert (receipt.to, receipt.subject) == ("sam@example.org", "Your call with Ada: $3.60")
        assert f"{house.life.public_url()}/receipt/{call_id}" in receipt.text
        assert "Talked: 1 min 30 s" in receipt.text
        await post(house, call_id, "dispute", REASON)
        assert "> I could hear nothing" in (await read_mail(house, 2))[-1].text
        await post(house, call_id, "dispute/answer", {"text": "It was on."}, house.ada)
        answered = (await read_mail(house, 3))[-1]
        assert (answered.to, "> It was on." in answered.text) == ("sam@example.org", True)
        await post(house, call_id, "refunds", give(60), house.ada)
        assert "$0.60 of what" in (await read_mail(house, 4))[-1].text
        word = {"refund_minor": 0, "answer": "A part is fair."}
        await house.ask("POST", f"disputes/{call_id}/decision", house.ola, word)
        decided = (await read_mail(house, 6))[4:]
        assert {(mail.to, mail.subject) for mail in decided} == {
            ("sam@example.org", "It was decided: $0.60 went back"),
            ("ada@example.org", "It was decided: $0.48 went back"),
        }
        await post(house, call_id, "refunds", give(100), house.ola)
        back = (await read_mail(house, 8))[6:]
        assert {(mail.to, mail.subject) for mail in back} == {
            ("sam@example.org", "$1.00 came back to you"),
            ("ada@example.org", "$0.80 of your earnings went back"),
        }
        assert all("The reason: Sorry." in mail.text for mail in back)
        await past_call(house)
        await past_call(house, tariff=Tariff("USD", 0))
        assert len(await read_mail(house, 9)) == 9, "a call that cost nothing has no letter"


async def test_what_cannot_be_disputed(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        reason = {"reason": "This was not what I paid for."}
        old = await past_call(house, hours_ago=48.1)
        assert (await post(house, old, "dispute", reason)).code == "dispute.too_late"
        free = await past_call(house, tariff=Tariff("USD", 0))
        assert (await post(house, free, "dispute", reason)).code == "dispute.nothing"
        assert (await post(house, free, "dispute", {"reason": "short"})).code == "request.invalid"
        word = {"refund_minor": 1, "answer": "Yes."}
        path = f"disputes/{free}/decision"
        assert (await house.ask("POST", path, house.ola, word)).code == "dispute.none"


async def test_strangers_experts_and_expired_logins_are_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        call_id = await past_call(house)
        payers = {"tips": tip(5), "rating": {"stars": 5}, "dispute": REASON}
        hosts = {"dispute/answer": {"text": "No."}, "refunds": give(5)}
        for bodies, others, wrong in (
            (payers, (house.kim,), (house.ada, house.ola)),
            (hosts, (house.grace,), (house.sam, house.kim)),
        ):
            for what, body in bodies.items():
                assert (await house.ask("POST", f"calls/{call_id}/{what}", "", body)).code == "auth.missing"
                for login in others:
                    assert (await post(house, call_id, what, body, login)).code == "call.unknown"
                for login in wrong:
                    refused = await post(house, call_id, what, body, login)
                    allowed = what == "refunds" and login == house.ola
                    assert allowed or refused.code == "auth.forbidden", what
        for login in (house.kim, house.grace):
            assert (await house.ask("GET", f"calls/{call_id}/after", login)).code == "call.unknown"
        word = {"refund_minor": 1, "answer": "Yes."}
        for login in (house.sam, house.ada, house.kim):
            decided = await house.ask("POST", f"disputes/{call_id}/decision", login, word)
            assert decided.code == "auth.forbidden"
        for login in (house.sam, house.kim):
            assert (await house.ask("GET", "disputes", login)).code == "auth.forbidden"
        old, _ = house.services.logins.token("sam", "client", hours=-1)
        assert (await house.ask("GET", f"calls/{call_id}/after", old)).code == "auth.expired"
        assert (await house.services.after_calls.of(call_id)).refunds == []
