"""What is written in a call, and the files that are sent in it: for the call's two sides alone."""

from __future__ import annotations

import re
from urllib.parse import quote

from booking.chat import Side
from server import chat_resources
from server.api import calls
from server.api.route import Ask, FileAnswer, Route, Upload
from server.auth import CALLERS
from server.errors import Problem
from signaling.chat import HISTORY, line_of
from signaling.messages import ChatFile

BASE = "/api/v1"
UPLOAD_BYTES = 50 * 1024 * 1024
"""Of any setting; `chat_file_mb` says how many there may be."""
_ID = re.compile(r"[A-Za-z0-9_-]{16,40}")


async def get_chat(ask: Ask) -> chat_resources.ChatPage:
    """What was written in a call of mine, also after its end, a hundred lines at a time."""
    call_id, _ = await _side(ask)
    before = ask.query.get("before")
    if before is not None and not (before.isascii() and before.isdigit() and len(before) <= 9):
        raise Problem("request.invalid", "before must be the number of a line.")
    entries = await ask.services.chats.page(call_id, int(before) if before else None, HISTORY + 1)
    lines = [line_of(entry) for entry in entries[-HISTORY:]]
    return chat_resources.ChatPage(lines, more=len(entries) > HISTORY)


async def send_file(ask: Ask) -> ChatFile:
    """Send a file to the other side: its bytes are the body. It is seen when a chat message names its id."""
    call_id, side = await _side(ask)
    file = await ask.services.attachments.add(
        call_id, side, ask.query["id"], ask.query.get("name", ""), ask.upload
    )
    return ChatFile(file.id, file.name, file.kind, file.size, file.width, file.height)


async def get_file(ask: Ask) -> FileAnswer:
    """The bytes of a file. It can be saved but not opened as a page: it comes as an attachment."""
    call_id, _ = await _side(ask)
    file, data = await ask.services.attachments.get(call_id, ask.path["file_id"])
    return FileAnswer(data, file.kind, f"attachment; filename*=UTF-8''{quote(file.name, safe='')}")


async def _side(ask: Ask) -> tuple[str, Side]:
    """The call in the path and the asker's side of it. A stranger is told that it does not exist."""
    account, side = await calls.mine(ask)
    if side not in ("payer", "host"):
        raise Problem("auth.forbidden")
    return account.terms.call_id, side


async def _may_send(ask: Ask) -> None:
    """Before a byte is read: one's own call, open, and an id."""
    call_id, _ = await _side(ask)
    if not _ID.fullmatch(ask.query.get("id", "")):
        raise Problem("request.invalid", "id must have 16 to 40 characters of A-Z a-z 0-9 _ -.")
    call = ask.services.desk.view(call_id)
    if call is None or call.state == "ended":
        raise Problem("call.ended")
    if call.state != "open":
        raise Problem("call.not_open")


FILE = Upload(
    ("application/octet-stream",),
    UPLOAD_BYTES,
    check=_may_send,
    limit=lambda services: services.attachments.limits.file_bytes,
)

ROUTES: tuple[Route, ...] = (
    Route(
        "GET", f"{BASE}/calls/{{call_id}}/chat", get_chat, "What was written", chat_resources.ChatPage,
        CALLERS, query=("before",), codes=("call.unknown",),
    ),
    Route(
        "POST", f"{BASE}/calls/{{call_id}}/files", send_file, "Send a file", ChatFile, CALLERS, status=201,
        upload=FILE, query=("id", "name"),
        codes=(
            "call.unknown", "call.ended", "call.not_open", "file.type", "file.pixels", "file.unreadable",
            "file.quota", "file.exists", "file.unavailable",
        ),
    ),
    Route(
        "GET", f"{BASE}/calls/{{call_id}}/files/{{file_id}}", get_file, "A file", FileAnswer, CALLERS,
        codes=("call.unknown", "file.unknown"),
    ),
)  # fmt: skip
