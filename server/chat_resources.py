"""The API's resources about the chat of a call."""

from __future__ import annotations

import msgspec

from signaling.messages import ChatLine


class ChatPage(msgspec.Struct, frozen=True):
    """GET /api/v1/calls/{call_id}/chat: the oldest line first; `more`: there are older ones."""

    lines: list[ChatLine]
    more: bool
