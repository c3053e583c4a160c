"""The gateway over real sockets: happy calls on every transport, coming back, and going down in order."""

from __future__ import annotations

import asyncio

import pytest
from rig.gateway import offer, open_house, until

from signaling.errors import Refused


@pytest.mark.parametrize("transport", ["websocket", "polling", "upgrade"])
async def test_happy_call(transport: str) -> None:
    async with open_house() as house:
        call, page, payer, host = await house.talking()
        late = await house.join(call, "payer", transport)
        await payer.hears("superseded")
        await until(lambda: payer.gone, "the superseded connection is closed")
        await late.say("offer", offer(1, "late", ("mic", "camera")))
        assert (await late.hears("answer"))["n"] == 1
        await until(
            lambda: late.all("meter")[-1]["meter"]["state"] == "running" if late.all("meter") else False
        )
        await asyncio.sleep(0.3)
        await late.say("leave")
        ended = await late.hears("ended")
        assert ended["reason"] == "payer_left"
        assert ended["used_ms"] >= 250
        assert (await host.hears("ended"))["earned_minor"] == ended["charge_minor"]
        await until(lambda: late.gone and host.gone, "both are disconnected after the end")
        assert late.got[-1][0] == host.got[-1][0] == "ended"
        assert page.all("presence")[-1]["open_call"] is None
        account = await house.ledger.call(call)
        assert (account.used_ms, account.charge_minor) == (ended["used_ms"], ended["charge_minor"])


async def test_messages_of_one_connection_take_effect_in_order() -> None:
    async with open_house() as house:
        call, _, payer, host = await house.talking()
        for n in range(20):
            await payer.say("state", {"mic": n % 2 == 0, "camera": False, "screen": n == 19})
        await until(lambda: host.all("room")[-1]["participants"][0]["screen"], "the last one arrives")
        assert host.all("room")[-1]["participants"][0]["mic"] is False
        for _ in range(5):
            await payer.say("pause")
            await payer.say("resume")
        await payer.say("leave")
        ended = await payer.hears("ended")
        events = (await house.ledger.call(call)).events
        assert [event.reason for event in events][1:-1] == ["payer_paused", "resumed"] * 5
        assert ended["reason"] == "payer_left"


async def test_two_pages_ring_and_one_gets_the_call() -> None:
    async with open_house() as house:
        first, second = await house.page(), await house.page()
        call = await house.ring()
        payer = await house.join(call, "payer")
        await until(lambda: all(page.all("presence")[-1]["ringing"] for page in (first, second)))
        await asyncio.gather(first.say("accept", {"call": call}), second.say("accept", {"call": call}))
        await until(lambda: first.all("accepted") or second.all("accepted"))
        winner, loser = (first, second) if first.all("accepted") else (second, first)
        assert (await loser.hears("stopped_ringing"))["why"] == "accepted_elsewhere"
        await until(lambda: loser.codes() == ["call.taken"])
        assert winner.codes() == []
        host = await house.voice().come({"token": winner.all("accepted")[0]["token"]})
        assert (await host.hears("welcome"))["role"] == "host"
        assert payer.codes() == []


async def test_shutdown_is_told_before_the_sockets_close() -> None:
    async with open_house() as house:
        call, page, payer, host = await house.talking()
        await asyncio.sleep(0.3)
        await house.desk.close()
        await house.gateway.close()
        for voice in (payer, host):
            await until(lambda voice=voice: voice.gone, "disconnected")
            names = [name for name, _ in voice.got]
            assert names.index("stopping") < names.index("ended") == len(names) - 1
        assert payer.all("ended")[0]["reason"] == "shutdown"
        assert page.all("stopping")
        assert (await house.ledger.call(call)).state == "settled"


async def test_page_that_reloads_gets_its_ringing_call_back() -> None:
    async with open_house() as house:
        page = await house.page()
        call = await house.ring()
        payer = await house.join(call, "payer")
        await page.disconnect()
        again = await house.page()
        ringing = again.all("presence")[0]["ringing"]
        assert [one["id"] for one in ringing] == [call]
        assert 0 < ringing[0]["ring_left_ms"] <= 45_000
        await again.say("decline", {"call": call, "note": "later"})
        assert (await payer.hears("ended"))["note"] == "later"
        assert isinstance(house.desk.join_token(call, "payer"), Refused)
