"""The chat of a call: in order, once each, kept before it is told, for its two sides alone."""

from __future__ import annotations

import msgspec
import pytest
from rig.desk import DeskWorld, Line

from booking.chat import ChatEntry, NewEntry
from signaling.chat import BURST, HISTORY, KEEP_MS, MAX_LINES, MemoryChat
from signaling.chat_messages import ChatHistoryMessage, ChatLineMessage, ChatMessage
from signaling.clock import HandClock
from signaling.messages import AcceptMessage, ErrorMessage
from storage.errors import CommitFailed


class Books(MemoryChat):
    """A memory that can be slow, or fail, before or after it has written."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__()
        self.clock, self.slow_ms, self.fails, self.loses = clock, 0, 0, 0

    async def keep(self, new: NewEntry) -> ChatEntry | None:
        if self.slow_ms:
            await self.clock.sleep(self.slow_ms / 1000)
        if self.fails:
            self.fails -= 1
            raise CommitFailed("the disk is full")
        kept = await super().keep(new)
        if self.loses:
            self.loses -= 1
            raise CommitFailed("written, and nobody knows")
        return kept


class Talk:
    """A call that is open, with a connection for each side."""

    def __init__(self, world: DeskWorld, books: Books, payer: Line, host: Line) -> None:
        self.world, self.books, self.payer, self.host = world, books, payer, host

    async def say(self, line: Line, text: str, message_id: str = "", file: str | None = None) -> None:
        await self.world.say("call", line, ChatMessage(message_id or text, text, file))


@pytest.fixture
async def talk() -> Talk:
    world = await DeskWorld().open()
    books = Books(world.clock)

    object.__setattr__(world.desk._ports, "chat", books)
    page = world.page()
    await world.ring()
    payer = await world.join("call", "payer")
    assert world.desk.page_said("host", page, AcceptMessage("call")) is None
    await world.passes(0)
    return Talk(world, books, payer, await world.join("call", "host"))


def texts(line: Line) -> list[str]:
    return [message.line.text for message in line.all(ChatLineMessage)]


async def test_both_have_the_same_in_the_same_order(talk: Talk) -> None:
    talk.books.slow_ms = 5
    await talk.say(talk.payer, "hello")
    await talk.say(talk.host, "good day")
    await talk.say(talk.payer, "how are you?")
    await talk.world.passes(100)
    assert texts(talk.payer) == texts(talk.host) == ["hello", "good day", "how are you?"]
    lines = [message.line for message in talk.host.all(ChatLineMessage)]
    assert [(line.seq, line.sender) for line in lines] == [(1, "payer"), (2, "host"), (3, "payer")]


async def test_nothing_is_shown_before_it_is_kept(talk: Talk) -> None:
    talk.books.slow_ms = 1_000
    await talk.say(talk.payer, "hello")
    await talk.world.passes(900)
    assert texts(talk.payer) == texts(talk.host) == []
    await talk.world.passes(200)
    assert texts(talk.host) == ["hello"]


@pytest.mark.parametrize("lost", ["fails", "loses"])
async def test_what_was_not_kept_is_told_and_can_be_sent_again(talk: Talk, lost: str) -> None:
    setattr(talk.books, lost, 1)
    await talk.say(talk.payer, "hello", "m-1")
    assert talk.payer.last(ErrorMessage).code == "chat.unavailable"
    assert talk.payer.last(ErrorMessage).id == "m-1"
    assert talk.host.codes() == []
    await talk.say(talk.payer, "hello", "m-1")
    await talk.say(talk.payer, "again", "m-2")
    assert texts(talk.host) == ["hello", "again"]
    assert [message.line.seq for message in talk.host.all(ChatLineMessage)] == [1, 2]


async def test_a_silent_disk_is_not_waited_for(talk: Talk) -> None:
    talk.books.slow_ms = 10 * KEEP_MS
    await talk.say(talk.payer, "hello", "m-1")
    await talk.world.passes(KEEP_MS + 10)
    assert talk.payer.last(ErrorMessage).code == "chat.unavailable"


async def test_the_same_again_is_not_doubled(talk: Talk) -> None:
    for _ in range(3):
        await talk.say(talk.payer, "hello", "m-1")
    await talk.say(talk.host, "the same id, another side", "m-1")
    assert texts(talk.host) == ["hello", "the same id, another side"]
    assert texts(talk.payer) == ["hello", "hello", "hello", "the same id, another side"]
    assert {message.line.seq for message in talk.payer.all(ChatLineMessage)} == {1, 2}


async def test_who_comes_back_hears_what_was_said(talk: Talk) -> None:
    again = await talk.world.join("call", "payer")
    assert again.all(ChatHistoryMessage) == []
    for line in (again, talk.host):
        await talk.world.up("call", line)
    for number in range(HISTORY + 5):
        await talk.say(talk.host, f"line {number}")
        await talk.world.passes(1_000)
    again = await talk.world.join("call", "payer")
    history = again.last(ChatHistoryMessage)
    assert [line.text for line in history.lines] == [f"line {number}" for number in range(5, HISTORY + 5)]
    assert history.more


async def test_a_flood_is_refused_and_hurts_nobody_else(talk: Talk) -> None:
    for number in range(BURST + 30):
        await talk.say(talk.payer, f"line {number}")
    assert len(texts(talk.host)) == BURST
    assert talk.payer.codes() == ["chat.rate"] * 30
    await talk.say(talk.host, "stop it")
    assert texts(talk.payer)[-1] == "stop it"
    await talk.world.passes(1_000)
    await talk.say(talk.payer, "sorry")
    assert texts(talk.host)[-1] == "sorry"


async def test_a_call_has_room_for_so_much(talk: Talk) -> None:
    chat = talk.world.desk._calls["call"]._chat
    await talk.say(talk.payer, "the first", "m-1")
    chat._lines |= dict.fromkeys(range(2, MAX_LINES + 1), chat._lines[1])
    await talk.say(talk.payer, "one more")
    assert talk.payer.last(ErrorMessage).code == "chat.full"
    await talk.say(talk.payer, "the first", "m-1")
    assert texts(talk.payer)[-1] == "the first", "what is kept can be asked for again"


async def test_it_works_on_hold(talk: Talk) -> None:
    for line in (talk.payer, talk.host):
        await talk.world.up("call", line)
    await talk.world.pause("call", talk.host)
    await talk.say(talk.payer, "still here")
    assert texts(talk.host) == ["still here"]


async def test_who_may_not_and_what_may_not(talk: Talk) -> None:
    guest = await talk.world.join("call", "zoe", "guest")
    await talk.say(guest, "me too", "g-1")
    assert guest.codes() == ["role.forbidden"]
    await talk.say(talk.payer, "secret")
    assert texts(guest) == []
    assert (await talk.world.join("call", "zoe", "guest")).all(ChatHistoryMessage) == []
    await talk.say(talk.host, "  \n ", "h-1")
    await talk.say(talk.host, "look", "h-2", "no-such-file")
    assert [(each.code, each.id) for each in talk.host.all(ErrorMessage)] == [
        ("chat.empty", "h-1"), ("file.unknown", "h-2"),
    ]  # fmt: skip
    assert texts(talk.payer) == ["secret"]


async def test_not_while_it_rings_and_not_after_the_end() -> None:
    world = await DeskWorld().open()
    world.page()
    await world.ring()
    payer = await world.join("call", "payer")
    await world.say("call", payer, ChatMessage("m-1", "anybody?"))
    assert payer.codes() == ["call.not_open"]
    await world.hang_up("call", payer)
    refused = world.desk.said("call", payer, ChatMessage("m-2", "bye"))
    assert refused is None or refused.code == "call.ended"
    assert payer.all(ChatLineMessage) == []


@pytest.mark.parametrize(
    "body",
    [
        '{"id":"a","text":"nul \\u0000"}', '{"id":"a","text":"bell \\u0007"}', '{"id":"a","text":5}',
        '{"id":"","text":"x"}', '{"id":"a b","text":"x"}', '{"text":"x"}', '{"id":"a","text":"x","html":1}',
        '{"id":"a","text":"' + "x" * 2_001 + '"}', '{"id":"a","file":"../../etc"}',
        '{"id":"a","text":"\\ud800"}',
    ],
)  # fmt: skip
def test_what_is_no_message_is_not_decoded(body: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        msgspec.json.decode(body, type=ChatMessage)


def test_what_is_one_is() -> None:
    text = "<script>alert(1)</script>\n\tжжж 👩‍👩‍👧 \u202e"
    sent = msgspec.json.encode({"id": "a-1", "text": text})
    assert msgspec.json.decode(sent, type=ChatMessage) == ChatMessage("a-1", text)
