"""The messages of the chat between the two sides of a call. Part of signaling.messages."""

from __future__ import annotations

from typing import Literal

import msgspec

from .wire import ChatText, Id, Wire


class ChatMessage(Wire, tag="chat", frozen=True):
    """Say something to the other side: a text, a file that was sent to the call before, or both.

    `id` is chosen by the page: the same one again, after a lost connection, is the same message.
    """

    id: Id
    text: ChatText = ""
    file: Id | None = None


class ChatFile(msgspec.Struct, frozen=True):
    """A file of the call; `size` in bytes, `width` and `height` in pixels (0: no picture)."""

    id: str
    name: str
    kind: Literal["image/jpeg", "image/png", "application/pdf", "text/plain"]
    size: int
    width: int
    height: int


class ChatLine(msgspec.Struct, frozen=True):
    """A message as both sides have it; `seq` counts from 1 in each call and gives the order."""

    seq: int
    id: str
    sender: Literal["payer", "host"]
    text: str
    at: str
    file: ChatFile | None = None


class ChatLineMessage(Wire, tag="chat_line", frozen=True):
    """Somebody said something, oneself included: then it is kept."""

    line: ChatLine


class ChatHistoryMessage(Wire, tag="chat_history", frozen=True):
    """What was said before this connection, the newest last; `more`: there is older over HTTP."""

    lines: list[ChatLine]
    more: bool
