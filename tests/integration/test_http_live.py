"""The live badge: server-sent events to whoever listens, from any site."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rig.house import House, open_house, until

from server import live
from signaling.messages import DeclineMessage


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path / "data") as house:
        yield house


class Badge:
    """What one listener reads."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self) -> dict[str, Any]:
        """The next event's data."""
        async with asyncio.timeout(10):
            while line := await self.response.content.readline():
                if line.startswith(b"data: "):
                    return dict(json.loads(line[6:]))
        raise EOFError

    async def ended(self) -> bool:
        async with asyncio.timeout(10):
            await self.response.content.read()
            return True


@asynccontextmanager
async def badge(house: House, slug: str = "ada") -> AsyncIterator[Badge]:
    url = f"{house.url}/api/v1/experts/{slug}/live"
    async with (
        aiohttp.ClientSession() as http,
        http.get(url, headers={"Origin": "https://a.site"}) as response,
    ):
        assert response.status == 200, await response.text()
        yield Badge(response)


async def test_the_badge_follows_the_expert(house: House) -> None:
    async with badge(house) as ada, badge(house, "grace") as grace:
        assert ada.response.headers["Content-Type"] == "text/event-stream"
        assert ada.response.headers["Access-Control-Allow-Origin"] == "*"
        assert ada.response.headers["Cache-Control"] == "no-store"
        assert (await ada.next())["state"] == "away"
        assert (await grace.next())["state"] == "away"
        page = house.online()
        assert (await ada.next())["state"] == "available"
        call_id = await house.ring()
        assert (await ada.next())["state"] == "busy"
        assert (await house.ask("GET", "experts/ada")).body["live"]["state"] == "busy"
        house.services.desk.page_said("ada", page, DeclineMessage(call_id))
        assert (await ada.next())["state"] == "available"
        house.services.desk.page_dropped("ada", page)
        assert (await ada.next())["state"] == "away"
        house.online("grace")
        assert (await grace.next())["state"] == "available", "nothing of Ada's was told of Grace"


async def test_nobody_hears_of_an_expert_who_is_not(house: House) -> None:
    assert (await house.ask("GET", "experts/nobody/live")).code == "expert.unknown"


async def test_listeners_are_bounded_and_let_go(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MAX_LISTENERS", 1)
    monkeypatch.setattr(live, "HEARTBEAT_MS", 50)
    async with badge(house) as one:
        await one.next()
        refused = await house.ask("GET", "experts/ada/live")
        assert (refused.status, refused.code) == (503, "live.full")
        assert int(refused.headers["Retry-After"]) > 0
    # The comment finds out that nobody listens any more.
    await until(lambda: len(house.services.desk.watch) == 0, "the listener is let go")
    async with badge(house) as another:
        await another.next()


async def test_a_silent_stream_is_kept_alive(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_MS", 50)
    async with badge(house) as ada:
        await ada.next()
        async with asyncio.timeout(10):
            while not (await ada.response.content.readline()).startswith(b":"):
                pass


async def test_the_stream_ends_with_the_server(tmp_path: Path) -> None:
    async with open_house(tmp_path / "data") as house, badge(house) as ada:
        await ada.next()
        await house.life.stop_calls()
        stopped = asyncio.ensure_future(ada.ended())
        house.services.desk.watch.changed("ada")
        assert await stopped
        assert (await house.ask("GET", "experts/ada/live")).code == "server.stopping"
