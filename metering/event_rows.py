"""Meter events as rows: what the database stores and what a receipt tells of each."""

from __future__ import annotations

from typing import Any, cast

from .facts import Began, Gift, MeterEvent, Stopped


def event_row(event: MeterEvent) -> tuple[str, int, str, int, str, int, str]:
    """A meter event as it is stored: kind, at_ms, at, used_ms, reason, gift_ms, note."""
    match event:
        case Began():
            return "began", event.at_ms, event.at, event.used_ms, event.reason, 0, ""
        case Stopped():
            return "stopped", event.at_ms, event.at, event.used_ms, event.reason, 0, event.note
        case Gift():
            return "gift", event.at_ms, event.at, event.used_ms, "gift", event.gift_ms, ""


def event_of(
    kind: str, at_ms: int, at: str, used_ms: int, reason: str, gift_ms: int, note: str
) -> MeterEvent:
    """A stored meter event."""
    if kind == "gift":
        return Gift(at_ms, at, used_ms, gift_ms)
    if kind == "began":
        return Began(at_ms, at, used_ms, cast("Any", reason))
    return Stopped(at_ms, at, used_ms, cast("Any", reason), note)
