"""The line across restarts of the real server, killed and stopped; its callers fetched by mail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rig.caller import Caller, Heard
from rig.server import Server, login_of, wait_until


@asynccontextmanager
async def everybody(server: Server) -> AsyncIterator[tuple[Caller, Caller, Caller]]:
    """Sam, Kim and Ada, each with a connection to be opened."""
    sam, kim = (Caller(server.url, login_of(link), link) for link in server.links["clients"])
    ada = Caller(server.url, login_of(server.links["expert"]), "ada")
    async with sam, kim, ada:
        yield sam, kim, ada


async def wait_in_line(caller: Caller, wish: str = "") -> Any:
    return (await caller.api("POST", "/experts/ada/line", {"wish": wish, "media": "voice"}))["place"]


async def places(caller: Caller) -> list[Any]:
    return list((await caller.api("GET", "/line"))["places"])


async def watch_place(caller: Caller, place: Any) -> None:
    """Open the page that waits."""
    await caller.connect((await caller.api("POST", f"/line/{place['id']}/connect"))["token"])


async def turn(caller: Caller) -> Any:
    """The place when it is this caller's turn."""

    def called(heard: Heard) -> bool:
        return heard.type == "place" and heard.body["place"]["state"] == "called"

    return (await caller.wait(called)).body["place"]


async def be_back(ada: Caller) -> None:
    """The expert's page finds its way back."""
    await ada.hang_down()
    ada.heard.clear()
    await ada.be_present()


def seen(ada: Caller) -> list[tuple[str, str]]:
    """The line as the expert's page was told last."""
    told = [each.body["line"] for each in ada.heard if each.type == "presence"][-1]
    return [(each["name"], each["state"]) for each in told]


def mails(server: Server) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in server.log().splitlines()]
    return [each for each in lines if each["event"].startswith("mail kept")]


async def test_the_line_survives_a_kill_and_the_first_is_fetched_by_mail(tmp_path: Path) -> None:
    with Server(tmp_path, media="simulated", clients=2) as server:
        async with everybody(server) as (sam, kim, ada):
            await ada.be_present()
            before = await ada.api("POST", "/office", {"pause": "begin"})
            first, second = await wait_in_line(sam, "my proof"), await wait_in_line(kim)
            assert (first["position"], second["position"]) == (1, 2)
            await asyncio.to_thread(server.restart)

            [mine], [theirs] = await places(sam), await places(kim)
            assert (mine["id"], mine["position"], mine["wish"]) == (first["id"], 1, "my proof")
            assert (theirs["id"], theirs["position"]) == (second["id"], 2)
            assert (mine["tariff"], mine["host"]) == (first["tariff"], "away")
            assert await ada.api("GET", "/office") == before

            await watch_place(kim, theirs)
            await be_back(ada)
            assert seen(ada) == [("Sam", "waiting"), ("Kim", "waiting")]
            await ada.api("POST", "/office", {"pause": "end"})
            # Sam's page is gone, so a mail goes out; Kim, who is there, does not overtake.
            mail = await asyncio.to_thread(wait_until, lambda: mails(server), "a mail is sent")
            assert [each["to"] for each in mail] == ["sam@example.com"]
            assert "/call/ada" in mail[0]["text"]
            [mine] = await places(sam)
            assert mine["state"] == "called"
            assert mine["reserved_left_ms"] > 60_000, "kept as long as for somebody who is there"
            assert [each["state"] for each in await places(kim)] == ["waiting"]

            await watch_place(sam, mine)
            await sam.call("ada", call_id=(await turn(sam))["call"])
            rings = await ada.wait(lambda heard: heard.type == "presence" and bool(heard.body["ringing"]))
            await ada.say("decline", call=rings.body["ringing"][0]["id"], note="Sorry, another day")
            ended = await sam.wait(
                lambda heard: heard.type == "place" and heard.body["place"]["state"] == "ended"
            )
            assert ended.body["place"]["why"] == "declined"
            assert (await turn(kim))["id"] == second["id"]
        assert len(mails(server)) == 1, "Kim was on the page"


async def test_a_kill_while_it_rings_costs_neither_the_place_nor_money(tmp_path: Path) -> None:
    with Server(tmp_path, media="simulated", clients=2) as server:
        async with everybody(server) as (sam, kim, ada):
            await ada.be_present()
            await ada.api("POST", "/office", {"pause": "begin"})
            first = await wait_in_line(sam)
            await wait_in_line(kim)
            await watch_place(sam, first)
            await ada.api("POST", "/office", {"pause": "end"})
            call_id = await sam.call("ada", call_id=(await turn(sam))["call"])
            await ada.wait(lambda heard: heard.type == "presence" and bool(heard.body["ringing"]))
            await asyncio.to_thread(server.restart)

            call = (await sam.api("GET", f"/calls/{call_id}"))["call"]
            assert (call["state"], call["end_reason"]) == ("ended", "recovered")
            wallet = server.wallet(sam.login)
            assert (wallet["available_minor"], wallet["held_minor"]) == (2_000, 0)
            [mine] = await places(sam)
            assert (mine["id"], mine["position"]) == (first["id"], 1)

            await sam.hang_down()
            sam.heard.clear()
            await watch_place(sam, mine)
            await be_back(ada)
            again = await turn(sam)
            assert again["call"] != call_id, "a new turn is a new call"
            server.assert_reconciled()
