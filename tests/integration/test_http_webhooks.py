"""Webhooks over real HTTP: signed, told to whom they concern, tried again, never led astray."""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rig.house import House, open_house
from rig.receiver import Receiver
from standardwebhooks import Webhook, WebhookVerificationError

PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, webhook_targets="any") as house:
        yield house


async def add(house: House, login: str, url: str, *events: str) -> tuple[str, str]:
    """Add an endpoint; its id and its secret."""
    made = await house.ask("POST", "webhooks", login, {"url": url, "events": list(events)})
    assert made.status == 201, made.text
    return made.body["endpoint"]["id"], made.body["secret"]


async def soon(true: Callable[[], Any], what: str) -> Any:
    """Wait until another process has seen something."""
    async with asyncio.timeout(PATIENCE_S):
        while not (result := await asyncio.to_thread(true)):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    assert result, what
    return result


async def log(house: House, login: str, endpoint: str) -> list[dict[str, Any]]:
    reply = await house.ask("GET", f"webhooks/{endpoint}/deliveries", login)
    return list(reply.body["deliveries"])


async def until_log(house: House, login: str, endpoint: str, state: str) -> dict[str, Any]:
    """The newest delivery, as soon as it has this state."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = await log(house, login, endpoint)
            if found and found[0]["state"] == state and found[0]["last"]:
                return found[0]
            await asyncio.sleep(0.05)


def here() -> str:
    """A path of the test's own."""
    return f"/ok/{secrets.token_hex(4)}"


async def top_up(house: House, login: str = "", amount_minor: int = 700) -> None:
    order = {"id": secrets.token_hex(12), "amount_minor": amount_minor, "currency": "USD"}
    assert (await house.ask("POST", "wallet/top-ups", login or house.sam, order)).status == 201


def amounts(receiver: Receiver, path: str) -> list[int]:
    """The top-ups that were told there (the demo's own at the start may be among them)."""
    told = receiver.seen("topup.succeeded", path)
    return [json.loads(each["body"])["data"]["amount_minor"] for each in told]


# -- what is told ------------------------------------------------------------------------------------------


async def test_a_whole_call_is_told_signed_and_verifiable(house: House, receiver: Receiver) -> None:
    path = here()
    _, secret = await add(house, house.ada, receiver.url + path)
    talk = await house.talk()
    await talk.hang_up()
    await soon(lambda: receiver.seen("call.ended", path), "the end was told")
    messages = await soon(lambda: len(got := receiver.seen(path=path)) >= 3 and got, "all was told")
    told = {}
    for message in messages:
        event = Webhook(secret).verify(message["body"], message["headers"])
        assert (event["version"], message["headers"]["content-type"]) == (1, "application/json")
        told[event["type"]] = event
    assert set(told) == {"call.ringing", "call.started", "call.ended"}
    ended = told["call.ended"]["data"]
    account = await house.services.ledger.call(talk.call_id)
    assert (ended["call"], ended["host"], ended["payer"]) == (talk.call_id, "ada", "sam")
    assert (ended["charge_minor"], ended["used_ms"]) == (account.charge_minor, account.used_ms)
    assert ended["host_share_minor"] == account.host_share_minor
    assert (ended["reason"], told["call.ended"]["timestamp"]) == ("payer_left", account.ended_at)


async def test_a_forged_message_does_not_verify(house: House, receiver: Receiver) -> None:
    path = here()
    endpoint, secret = await add(house, house.ada, receiver.url + path)
    await house.ask("POST", f"webhooks/{endpoint}/test", house.ada)
    (message,) = await soon(lambda: receiver.seen(path=path), "the test came")
    assert Webhook(secret).verify(message["body"], message["headers"])["type"] == "webhook.test"
    for body, headers in (
        (message["body"].replace("test", "best"), message["headers"]),
        (message["body"], message["headers"] | {"webhook-id": "msg_other"}),
        (message["body"], message["headers"] | {"webhook-timestamp": "1"}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, headers)


async def test_pausing_and_resuming_are_told_in_the_meters_words(house: House, receiver: Receiver) -> None:
    from signaling.messages import PauseMessage, ResumeMessage  # noqa: PLC0415

    path = here()
    await add(house, house.ada, receiver.url + path, "call.paused", "call.resumed")
    talk = await house.talk()
    house.services.desk.said(talk.call_id, talk.payer, PauseMessage())
    (paused,) = await soon(lambda: receiver.seen("call.paused", path), "the pause was told")
    house.services.desk.said(talk.call_id, talk.payer, ResumeMessage())
    (resumed,) = await soon(lambda: receiver.seen("call.resumed", path), "going on was told")
    await talk.hang_up()
    assert json.loads(paused["body"])["data"]["reason"] == "payer_paused"
    assert json.loads(resumed["body"])["data"]["reason"] == "resumed"
    assert len(receiver.seen(path=path)) == 2, "nothing else was asked for, and hanging up is no pause"


async def test_everybody_hears_only_what_concerns_them(house: House, receiver: Receiver) -> None:
    ada, grace, ola = here(), here(), here()
    await add(house, house.ada, receiver.url + ada)
    await add(house, house.grace, receiver.url + grace)
    await add(house, house.ola, receiver.url + ola)
    await top_up(house)
    talk = await house.talk()
    await talk.hang_up()
    await soon(lambda: receiver.seen("call.ended", ola), "the operator hears of the call")
    await soon(lambda: 700 in amounts(receiver, ola), "and of the top-up")
    await soon(lambda: receiver.seen("call.ended", ada), "the expert hears of her call")
    assert receiver.seen("topup.succeeded", ada) == [], "a client's money is not the expert's business"
    assert receiver.seen(path=grace) == []


async def test_a_wallet_that_runs_dry_in_a_call_is_told(tmp_path: Path, receiver: Receiver) -> None:
    path = here()
    async with open_house(tmp_path, webhook_targets="any", warn_left_s=3_600) as house:
        await add(house, house.ola, receiver.url + path, "wallet.low")
        talk = await house.talk()
        (low,) = await soon(lambda: receiver.seen("wallet.low", path), "the operator hears of it")
        data = json.loads(low["body"])["data"]
        assert (data["wallet"], data["call"]) == ("sam", talk.call_id)
        assert 0 < data["left_ms"] <= 3_600_000


async def test_a_top_up_that_is_asked_for_twice_is_told_once(house: House, receiver: Receiver) -> None:
    path = here()
    await add(house, house.ola, receiver.url + path, "topup.succeeded")
    order = {"id": secrets.token_hex(12), "amount_minor": 700, "currency": "USD"}
    for _ in range(3):
        await house.ask("POST", "wallet/top-ups", house.sam, order)
    await top_up(house, amount_minor=800)
    await soon(lambda: 800 in amounts(receiver, path), "the last was told")
    await soon(lambda: 700 in amounts(receiver, path), "and the first")
    assert amounts(receiver, path).count(700) == amounts(receiver, path).count(800) == 1


# -- when it goes wrong ------------------------------------------------------------------------------------


async def test_what_fails_comes_again_with_the_same_id(house: House, receiver: Receiver) -> None:
    path = f"/fails/1/{secrets.token_hex(4)}"
    endpoint, secret = await add(house, house.ada, receiver.url + path)
    await house.ask("POST", f"webhooks/{endpoint}/test", house.ada)
    waiting = await until_log(house, house.ada, endpoint, "waiting")
    assert (waiting["attempts"], waiting["last"]["status"], waiting["last"]["excerpt"]) == (1, 503, "not yet")
    # Now, not in five seconds.
    await house.ask("POST", f"webhook-deliveries/{waiting['id']}/replay", house.ada)
    delivered = await until_log(house, house.ada, endpoint, "delivered")
    assert (delivered["attempts"], delivered["last"]["status"]) == (2, 200)
    first, second = receiver.seen(path=path)
    assert first["headers"]["webhook-id"] == second["headers"]["webhook-id"] == delivered["event"]
    assert first["body"] == second["body"]
    Webhook(secret).verify(second["body"], second["headers"])
    detail = (await house.ask("GET", f"webhook-deliveries/{delivered['id']}", house.ada)).body
    assert [each["status"] for each in detail["attempts"]] == [503, 200]
    assert detail["body"] == first["body"]
    (listed,) = (await house.ask("GET", "webhooks", house.ada)).body["endpoints"]
    assert listed["failing_since"] == "", "it takes things again"


async def test_who_takes_nothing_for_days_is_told_nothing_more(
    house: House, receiver: Receiver, tmp_path: Path
) -> None:
    endpoint, _ = await add(house, house.ada, f"{receiver.url}/status/500")
    await house.ask("POST", f"webhooks/{endpoint}/test", house.ada)
    waiting = await until_log(house, house.ada, endpoint, "waiting")
    with sqlite3.connect(tmp_path / "talktime.db") as raw:
        # Six days ago, by the clock that the server reads.
        raw.execute("UPDATE webhook_endpoints SET failing_since_ms = failing_since_ms - 6 * 86400000")
    await house.ask("POST", f"webhook-deliveries/{waiting['id']}/replay", house.ada)
    cancelled = await until_log(house, house.ada, endpoint, "cancelled")
    (listed,) = (await house.ask("GET", "webhooks", house.ada)).body["endpoints"]
    assert (listed["state"], listed["why"]) == ("disabled", "It took nothing for 5 days.")
    assert cancelled["attempts"] == 2, "the log says of the last attempt, too"


@pytest.mark.parametrize(
    ("path", "status", "why"),
    [
        ("/status/500", 500, ""),
        ("/status/404", 404, ""),
        ("/reset", 0, "The connection was closed before an answer came."),
        ("/garbage", 0, "The answer was not HTTP."),
        ("/redirect/{port}", 307, "Redirects are not followed."),
    ],
)
async def test_every_fault_is_a_failure_that_is_told_apart(
    house: House, receiver: Receiver, path: str, status: int, why: str
) -> None:
    endpoint, _ = await add(house, house.ada, receiver.url + path.format(port=receiver.port))
    before = len(receiver.seen(path="/ok"))
    await house.ask("POST", f"webhooks/{endpoint}/test", house.ada)
    waiting = await until_log(house, house.ada, endpoint, "waiting")
    assert (waiting["last"]["status"], waiting["last"]["error"]) == (status, why)
    (listed,) = (await house.ask("GET", "webhooks", house.ada)).body["endpoints"]
    assert listed["failing_since"], "and the list of endpoints says so"
    assert len(receiver.seen(path="/ok")) == before, "nobody was led there"


async def test_an_answer_without_end_is_cut(house: House, receiver: Receiver) -> None:
    endpoint, _ = await add(house, house.ada, f"{receiver.url}/endless")
    await house.ask("POST", f"webhooks/{endpoint}/test", house.ada)
    delivered = await until_log(house, house.ada, endpoint, "delivered")
    assert 0 < len(delivered["last"]["excerpt"]) <= 1_000


async def test_nobody_listening_is_a_failure(house: House) -> None:
    endpoint, _ = await add(house, house.ada, "http://127.0.0.1:9/")
    await house.ask("POST", f"webhooks/{endpoint}/test", house.ada)
    assert (await until_log(house, house.ada, endpoint, "waiting"))["last"]["error"] == "No connection."


async def test_what_is_gone_is_disabled_and_its_maker_told(house: House, receiver: Receiver) -> None:
    await house.services.addresses.attach("ada", "ada@example.org", "2026-01-01T00:00:00Z", "ada")
    endpoint, _ = await add(house, house.ada, f"{receiver.url}/status/410")
    await house.ask("POST", f"webhooks/{endpoint}/test", house.ada)
    await soon(lambda: "webhook endpoint was disabled" in house.log.getvalue(), "the mail went out")
    (listed,) = (await house.ask("GET", "webhooks", house.ada)).body["endpoints"]
    assert (listed["state"], listed["why"]) == ("disabled", "It answered 410: gone.")
    refused = await house.ask("POST", f"webhooks/{endpoint}/test", house.ada)
    assert (refused.status, refused.code) == (409, "webhook.disabled")
    await house.ask("POST", f"webhooks/{endpoint}/enable", house.ada)
    assert (await house.ask("POST", f"webhooks/{endpoint}/test", house.ada)).status == 201
    lines = await house.services.audit_log.read(about="ada", action="webhook.")
    assert [line.action for line in lines][-3:] == ["webhook.enabled", "webhook.disabled", "webhook.created"]


async def test_disabling_cancels_what_waits_and_replay_sends_it_later(
    house: House, receiver: Receiver
) -> None:
    path = f"/fails/1/{secrets.token_hex(4)}"
    endpoint, _ = await add(house, house.ada, receiver.url + path)
    await house.ask("POST", f"webhooks/{endpoint}/test", house.ada)
    await until_log(house, house.ada, endpoint, "waiting")
    await house.ask("POST", f"webhooks/{endpoint}/disable", house.ada)
    cancelled = await until_log(house, house.ada, endpoint, "cancelled")
    await house.ask("POST", f"webhooks/{endpoint}/enable", house.ada)
    await house.ask("POST", f"webhook-deliveries/{cancelled['id']}/replay", house.ada)
    assert (await until_log(house, house.ada, endpoint, "delivered"))["id"] == cancelled["id"]


async def test_while_a_secret_is_rotated_both_verify(house: House, receiver: Receiver) -> None:
    path = here()
    endpoint, old = await add(house, house.ada, receiver.url + path)
    rotated = await house.ask("POST", f"webhooks/{endpoint}/rotate", house.ada)
    new = rotated.body["secret"]
    assert new != old
    assert rotated.body["endpoint"]["rotating_until"]
    await house.ask("POST", f"webhooks/{endpoint}/test", house.ada)
    (message,) = await soon(lambda: receiver.seen(path=path), "the test came")
    for secret in (old, new):
        Webhook(secret).verify(message["body"], message["headers"])


async def test_a_secret_is_shown_once_and_kept_sealed(house: House, receiver: Receiver) -> None:
    _, secret = await add(house, house.ada, receiver.url + here())
    listed = await house.ask("GET", "webhooks", house.ada)
    assert secret not in listed.text
    stored = b"".join(path.read_bytes() for path in house.config.data_path.glob("talktime.db*"))
    assert secret.removeprefix("whsec_").encode() not in stored
    assert secret not in house.log.getvalue()


# -- who may -----------------------------------------------------------------------------------------------


async def test_endpoints_and_deliveries_are_their_owners_alone(house: House, receiver: Receiver) -> None:
    endpoint, _ = await add(house, house.ada, receiver.url + here())
    await house.ask("POST", f"webhooks/{endpoint}/test", house.ada)
    delivery = (await until_log(house, house.ada, endpoint, "delivered"))["id"]
    expired = "eyJwIjoiYWRhIn0.bad"
    for method, path, code in (
        ("POST", f"webhooks/{endpoint}/test", "webhook.unknown"),
        ("POST", f"webhooks/{endpoint}/rotate", "webhook.unknown"),
        ("POST", f"webhooks/{endpoint}/disable", "webhook.unknown"),
        ("POST", f"webhooks/{endpoint}/enable", "webhook.unknown"),
        ("POST", f"webhooks/{endpoint}/delete", "webhook.unknown"),
        ("GET", f"webhooks/{endpoint}/deliveries", "webhook.unknown"),
        ("GET", f"webhook-deliveries/{delivery}", "delivery.unknown"),
        ("POST", f"webhook-deliveries/{delivery}/replay", "delivery.unknown"),
    ):
        for other in (house.grace, house.ola):
            assert (await house.ask(method, path, other)).code == code
        assert (await house.ask(method, path, house.sam)).code == "auth.forbidden"
        assert (await house.ask(method, path)).code == "auth.missing"
        assert (await house.ask(method, path, expired)).status == 401
    assert (await house.ask("GET", "webhooks", house.grace)).body["endpoints"] == []
    assert (await house.ask("GET", "webhooks", house.ola)).body["endpoints"] == []
    (mine,) = (await house.ask("GET", "webhooks", house.ada)).body["endpoints"]
    assert mine["state"] == "active"


async def test_experts_cannot_ask_for_what_is_the_operators(house: House) -> None:
    body = {"url": "https://example.org/", "events": ["topup.succeeded"]}
    assert (await house.ask("POST", "webhooks", house.ada, body)).code == "webhook.event"
    assert (await house.ask("POST", "webhooks", house.ola, body)).status == 201
    types = (await house.ask("GET", "webhooks", house.ada)).body["event_types"]
    assert "topup.succeeded" not in types


async def test_there_is_an_end_to_endpoints_and_deleting_makes_room(house: House) -> None:
    made = [(await add(house, house.ada, f"https://example.org/{n}"))[0] for n in range(10)]
    body = {"url": "https://example.org/"}
    assert (await house.ask("POST", "webhooks", house.ada, body)).code == "webhook.limit"
    await house.ask("POST", f"webhooks/{made[0]}/delete", house.ada)
    assert (await house.ask("POST", "webhooks", house.ada, body)).status == 201
    assert (await house.ask("POST", f"webhooks/{made[0]}/test", house.ada)).code == "webhook.unknown"


async def test_addresses_inside_the_house_are_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for url in ("http://example.org/", "https://127.0.0.1/", "https://[::1]/", "not an address"):
            refused = await house.ask("POST", "webhooks", house.ada, {"url": url})
            assert (refused.status, refused.code) == (422, "webhook.url"), url
        assert (await house.ask("GET", "webhooks", house.ada)).body["endpoints"] == []
