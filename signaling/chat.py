"""The chat of one call, between payer and host: in order, once each, and kept before it is shown.

A message is written first and told to both sides when it is durable, so that what is on the screen survives
a reload. One is written at a time; the rest waits in a bounded queue. The sender's page takes its own message
back as the sign that it was kept, and sends it again under the same id when none comes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from booking.chat import ChatEntry, NewEntry, Side
from storage.errors import StorageError

from .allowance import Allowance
from .chat_messages import ChatFile, ChatHistoryMessage, ChatLine, ChatLineMessage, ChatMessage
from .clock import iso
from .errors import Refused
from .events import ChatKept
from .messages import CallServerMessage, ErrorMessage
from .ports import ChatRecords, RoomPorts
from .room import Participant, Room
from .supervisor import within

log = structlog.get_logger("signaling.chat")

PER_SECOND, BURST = 1, 20
"""How many messages one side may send on average, and at once."""
MAX_WAITING = 40
MAX_LINES = 1_000
HISTORY = 100
KEEP_MS = 5_000


class MemoryChat:
    """Messages in memory, without files: for a desk alone."""

    def __init__(self) -> None:
        self._kept: dict[str, list[ChatEntry]] = {}

    async def keep(self, new: NewEntry) -> ChatEntry | None:
        """See `ChatRecords`."""
        kept = self._kept.setdefault(new.call_id, [])
        before = next((each for each in kept if (each.sender, each.id) == (new.sender, new.id)), None)
        if before is not None or new.file_id:
            return before
        kept.append(ChatEntry(len(kept) + 1, new.id, new.sender, new.text, new.at))
        return kept[-1]


def line_of(entry: ChatEntry) -> ChatLine:
    """A message as the pages see it."""
    file = entry.file
    shown = None
    if file is not None:
        shown = ChatFile(file.id, file.name, file.kind, file.size, file.width, file.height)
    return ChatLine(entry.seq, entry.id, entry.sender, entry.text, entry.at, shown)


class Chat:
    """See the module. `post` puts what came of a write into the call's inbox."""

    def __init__(
        self, room: Room, ports: RoomPorts, records: ChatRecords, post: Callable[[ChatKept], object]
    ) -> None:
        self._room, self._ports, self._records, self._post = room, ports, records, post
        self._lines: dict[int, ChatLine] = {}
        self._seqs: dict[tuple[str, str], int] = {}
        self._waiting: deque[tuple[Participant, NewEntry]] = deque()
        self._task: asyncio.Task[None] | None = None
        now_ms = ports.clock.now_ms()
        self._allowances = {side: Allowance(now_ms, PER_SECOND, BURST) for side in ("payer", "host")}

    def said(self, participant: Participant, message: ChatMessage) -> Refused | None:
        """Take a message of one side. Refusals: role.forbidden, chat.empty, chat.rate, chat.full."""
        side = participant.role
        if side == "guest":
            return Refused.of("role.forbidden")
        text = message.text.strip()
        code = self._check(side, text or message.file)
        if code:
            return Refused.of(code)
        seq = self._seqs.get((side, message.id))
        if seq is not None:
            # Sent again because the sign that it was kept was lost.
            self._tell(participant, ChatLineMessage(self._lines[seq]))
            return None
        if len(self._lines) >= MAX_LINES:
            return Refused.of("chat.full")
        self._write(participant, side, message, text)
        return None

    def _check(self, side: Side, content: str | None) -> str:
        if not content:
            return "chat.empty"
        passed = self._allowances[side].take(self._ports.clock.now_ms()) == "pass"
        return "" if passed and len(self._waiting) < MAX_WAITING else "chat.rate"

    def kept(self, event: ChatKept) -> None:
        """Tell both sides of a message that is durable; its sender, of one that is not."""
        if event.entry is None:
            sender = next((each for each in self._room if each.id == event.participant_id), None)
            if sender is not None:
                refused = Refused.of(event.code)
                self._tell(sender, ErrorMessage(refused.code, refused.message, id=event.message_id))
            return
        line = line_of(event.entry)
        self._lines[line.seq] = line
        self._seqs[line.sender, line.id] = line.seq
        for participant in (self._room.payer, self._room.host):
            self._tell(participant, ChatLineMessage(line))

    def welcome(self, participant: Participant) -> None:
        """What was said so far, to a new connection of one side."""
        if participant.role != "guest" and self._lines:
            newest = sorted(self._lines)[-HISTORY:]
            lines = [self._lines[seq] for seq in newest]
            self._tell(participant, ChatHistoryMessage(lines, more=len(self._lines) > len(lines)))

    def _write(self, participant: Participant, side: Side, message: ChatMessage, text: str) -> None:
        at = iso(self._ports.clock.wall())
        new = NewEntry(self._room.id, message.id, side, text, at, message.file or "")
        self._waiting.append((participant, new))
        if self._task is None:
            self._task = self._ports.supervisor.spawn(f"chat:{self._room.id}", self._write_all())

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                participant, new = self._waiting.popleft()
                entry, code = await self._keep(new)
                self._post(ChatKept(participant.id, new.id, entry, code))
        finally:
            self._task = None

    async def _keep(self, new: NewEntry) -> tuple[ChatEntry | None, str]:
        try:
            entry = await within(self._ports.clock, KEEP_MS, self._records.keep(new))
        except (StorageError, TimeoutError) as error:
            log.warning("chat_not_kept", call=self._room.id, error=type(error).__name__)
            return None, "chat.unavailable"
        except Exception:
            # Whatever the storage does, the call goes on, and the page tries again.
            log.exception("chat_failed", call=self._room.id)
            return None, "chat.unavailable"
        return entry, "" if entry is not None else "file.unknown"

    @staticmethod
    def _tell(participant: Participant, message: CallServerMessage) -> None:
        if participant.connection is not None:
            participant.connection.send(message)
