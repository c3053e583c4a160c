"""kill -9 between a fact and its delivery: what was answered as true is told, after the next start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rig.caller import Caller
from rig.receiver import Receiver
from rig.server import Server, login_of, wait_until
from standardwebhooks import Webhook


async def test_what_was_true_before_the_kill_is_told_after_it(tmp_path: Path) -> None:
    """Every top-up that was answered, and the call that the crash ended; each under one id, none invented."""
    settings = {"media": "simulated", "webhook_targets": "any", "writes_per_minute": 10_000}
    with Receiver() as receiver, Server(tmp_path, **settings) as server:

        def told(kind: str) -> list[Any]:
            return [json.loads(each["body"])["data"] for each in receiver.seen(kind)]

        operator, expert, client = (login_of(server.links[each]) for each in ("operator", "expert", "client"))
        endpoint = {"url": f"{receiver.url}/ok", "events": ["topup.succeeded", "call.ringing", "call.ended"]}
        made = server.api("POST", "/webhooks", login=operator, body=endpoint)
        assert made.status == 201
        answered = set(range(5_000, 5_005))
        for amount_minor in answered:
            assert server.top_up(client, amount_minor).status == 201
        # At once: the loop that delivers looks five times a second, so the last ones still wait.
        server.restart()
        async with Caller(server.url, expert, "Ada") as ada, Caller(server.url, client, "Sam") as sam:
            await ada.be_present()
            assert server.top_up(client, 6_000).status == 201
            call_id = await sam.call("ada")
            server.kill()
        server.start()

        wait_until(lambda: told("call.ended"), "the recovery settled the call, and that was told")
        wait_until(lambda: told("call.ringing"), "and that it rang before the kill")
        wait_until(
            lambda: {*answered, 6_000} <= {each["amount_minor"] for each in told("topup.succeeded")},
            "every top-up was told",
        )
        credited = {each["amount_minor"] for each in told("topup.succeeded")}
        assert {each for each in credited if each >= 5_000} == {*answered, 6_000}
        ended = told("call.ended")[0]
        assert (ended["call"], ended["reason"], ended["charge_minor"]) == (call_id, "recovered", 0)
        messages = receiver.seen()
        for each in messages:
            Webhook(made.body["secret"]).verify(each["body"], each["headers"])
        by_id = {each["headers"]["webhook-id"]: each["body"] for each in messages}
        facts = {(each["type"], json.dumps(each["data"])) for each in map(json.loads, by_id.values())}
        assert len(by_id) == len(facts), "one id for each fact, however often it came"
