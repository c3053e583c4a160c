"""Everything a client can do wrong over real sockets: clear codes, no crash, the call beside it unharmed."""

from __future__ import annotations

import asyncio
import json
import random
import string
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
from rig.desk import KEY
from rig.gateway import House, Voice, offer, open_house, until

from signaling import transport
from signaling.clock import SystemClock
from signaling.messages import MAX_MESSAGE_BYTES, ErrorMessage
from signaling.tokens import JoinTokens, TokenSigner


@asynccontextmanager
async def beside() -> Any:
    """A house with a call that runs; afterwards it must still run, for nobody else's sake."""
    async with open_house() as house:
        call, _, payer, host = await house.talking()
        yield house
        before = len(payer.all("meter"))
        await payer.say("pause")
        await until(lambda: len(payer.all("meter")) > before, "the call beside it answers")
        assert payer.all("meter")[-1]["meter"]["state"] == "paused"
        assert payer.codes() == host.codes() == []
        await payer.say("leave")
        assert (await payer.hears("ended"))["reason"] == "payer_left"
        assert house.counts["task_crashes", "call"] == 0
        await until(lambda: house.desk.view(call).state == "ended")


async def victim(house: House) -> Voice:
    """Another call, whose payer misbehaves."""
    _, _, payer, _ = await house.talking("call-bad0000000000000", "payer2", "host2")
    return payer


class Raw:
    """A WebSocket that speaks Engine.IO by hand."""

    def __init__(self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.session, self.socket = session, socket

    @staticmethod
    async def open(house: House, token: str | None = None) -> Raw:
        session = aiohttp.ClientSession()
        url = f"{house.url}/socket.io/?EIO=4&transport=websocket"
        raw = Raw(session, await session.ws_connect(url))
        assert (await raw.socket.receive_str()).startswith("0{")
        if token is not None:
            await raw.socket.send_str("40/v1," + json.dumps({"token": token}))
            assert (await raw.socket.receive_str()).startswith("40/v1,{")
        return raw

    async def errors(self, n: int) -> list[str]:
        """The codes of the next `n` errors."""
        codes: list[str] = []
        async with asyncio.timeout(10):
            while len(codes) < n:
                text = await self.socket.receive_str()
                if text.startswith('42/v1,["error"'):
                    codes.append(json.loads(text[len("42/v1,") :])[1]["code"])
        return codes

    async def is_closed(self) -> bool:
        async with asyncio.timeout(15):
            while not self.socket.closed:
                await self.socket.receive()
        return True

    async def close(self) -> None:
        await self.socket.close()
        await self.session.close()


# -- at the door -------------------------------------------------------------------------------------------


class Login(msgspec.Struct):
    person: str


async def test_tokens_at_the_door() -> None:
    async with beside() as house:
        used, _ = house.desk.presence_token("host")
        await house.voice().come({"token": used})
        late = JoinTokens(TokenSigner(KEY), SystemClock()).for_presence("host")[0]
        forged = JoinTokens(TokenSigner(b"x" * 32), SystemClock()).for_presence("host")[0]
        unknown = house.tokens.for_call("call-never", "ann", "Ann", "payer")[0]
        login = TokenSigner(KEY).seal("login", Login("ann"))
        for auth, code in (
            (None, "token.malformed"), ({}, "token.malformed"), ({"token": 7}, "token.malformed"),
            ("text", "token.malformed"), ([used], "token.malformed"), ({"token": used}, "token.reused"),
            ({"token": late}, "token.expired"), ({"token": forged}, "token.forged"),
            ({"token": login}, "token.forged"), ({"token": unknown}, "call.unknown"),
        ):  # fmt: skip
            voice = await house.voice().come(auth)
            assert voice.code == code, auth
            assert voice.refused["message"]
        assert house.counts["refusals", "token.malformed"] == 5


async def test_ended_call_is_not_joined() -> None:
    async with open_house() as house:
        call, _, payer, _ = await house.talking()
        token = house.desk.join_token(call, "payer")
        assert isinstance(token, tuple)
        await payer.say("leave")
        await payer.hears("ended")
        assert (await house.voice().come({"token": token[0]})).code == "call.ended"


async def test_stopping_server_admits_nobody() -> None:
    async with open_house() as house:
        token, _ = house.desk.presence_token("host")
        await house.desk.close()
        assert (await house.voice().come({"token": token})).code == "server.stopping"


async def test_transport_that_never_joins_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "JOIN_WITHIN_MS", 300)
    async with beside() as house:
        raw = await Raw.open(house)
        assert await raw.is_closed()
        await raw.close()


async def test_transports_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async with beside() as house, aiohttp.ClientSession() as session:
        monkeypatch.setattr(transport, "MAX_TRANSPORTS", 5)
        statuses = []
        for _ in range(4):
            async with session.get(f"{house.url}/socket.io/?EIO=4&transport=polling") as response:
                statuses.append(response.status)
        assert statuses == [200, 200, 503, 503]


async def test_other_namespaces_do_not_exist() -> None:
    async with beside() as house:
        raw = await Raw.open(house)
        await raw.socket.send_str("40")
        assert (await raw.socket.receive_str()).startswith("44")
        await raw.socket.send_str("40/admin,")
        assert (await raw.socket.receive_str()).startswith("44/admin,")
        await raw.close()


# -- messages ----------------------------------------------------------------------------------------------

MALFORMED = [
    '42/v1,["pause"]',
    '42/v1,["pause",{},{}]',
    '42/v1,["pause",[]]',
    '42/v1,["pause",null]',
    '42/v1,["pause",{"extra":1}]',
    '42/v1,["pause",{"type":"resume"}]',
    '42/v1,["state",{"mic":1,"camera":true,"screen":false}]',
    '42/v1,["state",{"mic":true}]',
    '42/v1,["offer",{"n":-1,"sdp":"v=0","publish":[],"subscribe":[]}]',
    '42/v1,["offer",{"n":1,"sdp":"","publish":[],"subscribe":[]}]',
    '42/v1,["offer",{"n":1,"sdp":"v=0","publish":[{"mid":"0","source":"nose"}],"subscribe":[]}]',
    '42/v1,["offer",{"n":1.5,"sdp":"v=0","publish":[],"subscribe":[]}]',
    '42/v1,["offer",' + "[" * 5_000 + "]" * 5_000 + "]",
    "42/v1,[",
    "42/v1,{}",
    "42/v1,[7,{}]",
    "42/v1,7",
    "42/v1,",
    '42/v1,12["pause",{}]',
    "43/v1,1[]",
    '451-/v1,["pause",{"_placeholder":true,"num":0}]',
    "44/v1,{}",
    "42",
    '42/other,["pause",{}]',
    "49",
]
UNKNOWN = [
    '42/v1,["connect",{}]',
    '42/v1,["disconnect",{}]',
    '42/v1,["accept",{"call":"x"}]',
    '42/v1,["",{}]',
    '42/v1,["welcome",{}]',
]


async def test_malformed_and_unknown_messages_get_their_codes() -> None:
    async with beside() as house:
        await victim(house)
        token = house.desk.join_token("call-bad0000000000000", "payer2")
        assert isinstance(token, tuple)
        raw = await Raw.open(house, token[0])
        for frames, code in ((MALFORMED, "message.malformed"), (UNKNOWN, "message.unknown")):
            for frame in frames:
                await raw.socket.send_str(frame)
                assert await raw.errors(1) == [code], frame
        await raw.socket.send_str('42/v1,["pause",{}]')
        async with asyncio.timeout(5):
            while '"paused"' not in await raw.socket.receive_str():
                pass
        await raw.close()


async def test_oversized_messages_are_refused_and_huge_ones_close_the_transport() -> None:
    async with beside() as house:
        await victim(house)
        token = house.desk.join_token("call-bad0000000000000", "payer2")
        assert isinstance(token, tuple)
        raw = await Raw.open(house, token[0])
        body = offer(1, "x")
        body["sdp"] = "v=0" + "x" * 100_001
        await raw.socket.send_str("42/v1," + json.dumps(["offer", body]))
        assert await raw.errors(1) == ["message.malformed"]
        await raw.socket.send_str('42/v1,["offer",{"sdp":"' + "ü" * (MAX_MESSAGE_BYTES // 2) + '"}]')
        await raw.socket.send_str('42/v1,["offer",{"sdp":"' + "x" * MAX_MESSAGE_BYTES + '"}]')
        assert await raw.errors(2) == ["message.too_large"] * 2
        await raw.socket.send_str('42/v1,["offer",{"sdp":"' + "x" * 2 * MAX_MESSAGE_BYTES + '"}]')
        assert await raw.is_closed()
        await raw.close()


async def test_flood_is_limited_and_then_disconnected() -> None:
    async with beside() as house:
        await victim(house)
        token = house.desk.join_token("call-bad0000000000000", "payer2")
        assert isinstance(token, tuple)
        raw = await Raw.open(house, token[0])
        for n in range(400):
            await raw.socket.send_str(
                f'42/v1,["state",{{"mic":{str(n % 2 == 0).lower()},"camera":false,"screen":false}}]'
            )
        assert await raw.errors(1) == ["rate.limited"]
        assert await raw.is_closed()
        assert house.counts["refusals", "rate.limited"] == 1
        await raw.close()


async def test_guests_and_pages_keep_to_their_roles() -> None:
    async with beside() as house:
        _, page, payer, _ = await house.talking("call-two000000000000", "payer2", "host2")
        given = house.desk.guest_token("call-two000000000000", "g", "Gus")
        assert isinstance(given, tuple)
        guest = await house.voice().come({"token": given[0]})
        await guest.hears("welcome")
        await guest.say("pause")
        await until(lambda: guest.codes() == ["role.forbidden"])
        await page.say("pause")
        await page.say("accept", {"call": "call-0000000000000000"})
        await page.say("accept", {"call": "call-two000000000000"})
        await page.say("decline", {"call": "../x"})
        expected = ["message.unknown", "call.not_yours", "call.taken", "message.malformed"]
        await until(lambda: sorted(page.codes()) == sorted(expected), page.codes)
        await payer.say("leave")
        await payer.hears("ended")


async def test_bad_offers_get_codes_with_their_number() -> None:
    async with beside() as house:
        payer = await victim(house)
        await payer.say("offer", {"n": 7, "sdp": "nonsense", "publish": [], "subscribe": []})
        error = await payer.hears("error")
        assert (error["code"], error["n"]) == ("media.bad_sdp", 7)


# -- frames ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame", ["", "x", "9", "4", "4{", "2[[[[[[", "{}", "\x1e", b"\x00\xff", "0{}", "4" * 9]
)
async def test_garbage_frames_close_the_transport_or_are_refused(frame: str | bytes) -> None:
    async with beside() as house:
        raw = await Raw.open(house)
        if isinstance(frame, bytes):
            await raw.socket.send_bytes(frame)
        else:
            await raw.socket.send_str(frame)
        await raw.socket.send_str("x")
        assert await raw.is_closed()
        await raw.close()
        await until(lambda: house.gateway.transport.transports_open == 3)


async def test_garbage_posts_are_refused() -> None:
    async with beside() as house, aiohttp.ClientSession() as session:
        base = f"{house.url}/socket.io/?EIO=4&transport=polling"
        for body in (b"", b"x", b"\xff\xfe", b"4{", b"d=40", b"\x1e".join([b"2"] * 17), b"4" * 300_000):
            async with session.get(base) as response:
                sid = json.loads((await response.text())[1:])["sid"]
            async with session.post(f"{base}&sid={sid}", data=body) as response:
                assert response.status == 400, body[:20]
        async with session.post(f"{base}&sid=unknown", data=b"40/v1,") as response:
            assert response.status == 400
        await until(lambda: house.gateway.transport.transports_open == 3)


async def test_two_thousand_mutated_frames() -> None:
    chance = random.Random(11)
    seeds = [*MALFORMED, *UNKNOWN, '42/v1,["pause",{}]', "40/v1,{}", "41/v1,", "2", "3", "1", "5", "6"]
    async with beside() as house:
        for _ in range(40):
            raw = await Raw.open(house)
            for _ in range(50):
                frame = list(chance.choice(seeds))
                for _ in range(chance.randrange(3)):
                    place = chance.randrange(len(frame) + 1)
                    frame[place : place + chance.randrange(3)] = chance.choices(
                        string.printable, k=chance.randrange(4)
                    )
                if raw.socket.closed:
                    break
                try:
                    await raw.socket.send_str("".join(frame))
                except ConnectionError:
                    break
            await raw.close()
        await until(lambda: house.gateway.transport.transports_open == 3)
        assert len(house.gateway) == 3


# -- connections that end ----------------------------------------------------------------------------------


async def test_closed_transport_is_told_from_a_silent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "PING_S", 1)
    monkeypatch.setattr(transport, "PONG_S", 1)
    async with open_house() as house:
        call, _, payer, host = await house.talking()
        heard: list[bool] = []
        dropped = house.desk.dropped

        def note(call_id: str, connection: Any, *, clean: bool) -> None:
            heard.append(clean)
            dropped(call_id, connection, clean=clean)

        house.desk.dropped = note
        silent = await Raw.open(house, house.desk.join_token(call, "payer")[0])
        await payer.hears("superseded")
        await until(lambda: heard == [False], "a silent transport times out")
        closed = await Raw.open(house, house.desk.join_token(call, "payer")[0])
        await closed.close()
        await until(lambda: heard == [False, True], "a closed transport")
        aborted = await Raw.open(house, house.desk.join_token(call, "payer")[0])
        aborted.socket._response.connection.transport.abort()
        await until(lambda: heard == [False, True, True], "a reset one")
        await silent.close()
        await aborted.close()
        await host.say("leave")
        await host.hears("ended")


async def test_who_does_not_read_is_disconnected() -> None:
    async with beside() as house:
        await victim(house)
        token = house.desk.join_token("call-bad0000000000000", "payer2")
        assert isinstance(token, tuple)
        raw = await Raw.open(house, token[0])
        (connection,) = [
            one for one in house.gateway._connections.values()
            if getattr(one.claims, "person", "") == "payer2"
        ]  # fmt: skip
        for _ in range(2_000):
            connection.send(ErrorMessage("message.malformed", "x" * 1_000))
        await until(lambda: connection.closed, "the connection is given up")
        await raw.close()


async def test_connections_come_and_go_without_a_trace() -> None:
    async with beside() as house:
        for _ in range(30):
            page = await house.page("host3")
            await page.disconnect()
        await until(lambda: house.gateway.transport.transports_open == 3)
        sio = house.gateway.transport
        assert (
            len(sio.environ) == len(sio.eio.sockets) == len(sio._allowances) == len(sio.eio.web_sockets) == 3
        )
        assert len(sio.manager.rooms["/v1"][None]) == 3
