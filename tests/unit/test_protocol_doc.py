"""docs/protocol.md says everything there is to say: every message, field, value, code and end reason."""

from __future__ import annotations

import re
import types
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest

from server.problems import KINDS
from signaling import allowance, chat, chat_messages, messages, options, quality_messages, transport
from signaling.errors import MESSAGES
from signaling.messages import (
    CallClientMessage,
    CallServerMessage,
    EndReason,
    LineClientMessage,
    LineServerMessage,
    MeterState,
    MeterWhy,
    PresenceClientMessage,
    PresenceServerMessage,
    Role,
    Source,
)

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
HOMES = {messages.__name__, chat_messages.__name__, quality_messages.__name__}
STRUCTS = [
    one for one in vars(messages).values()
    if isinstance(one, type) and issubclass(one, msgspec.Struct) and one.__module__ in HOMES
    and not one.__name__.startswith("_")
]  # fmt: skip
MESSAGE_TYPES = [
    *get_args(CallClientMessage), *get_args(CallServerMessage),
    *get_args(PresenceClientMessage), *get_args(PresenceServerMessage), LineClientMessage,
    *get_args(LineServerMessage),
]  # fmt: skip


def section(title: str) -> str:
    """The text under a heading, up to the next one of its level or above."""
    start = re.search(rf"^(#+) {re.escape(title)}$", TEXT, re.MULTILINE)
    assert start is not None, title
    end = re.compile(rf"^#{{1,{len(start.group(1))}}} ", re.MULTILINE).search(TEXT, start.end())
    return TEXT[start.end() : end.start() if end else len(TEXT)]


def values_of(hint: Any) -> set[str]:
    """The literal values in a type."""
    if get_origin(hint) is Literal:
        return {value for value in get_args(hint) if isinstance(value, str)}
    if get_origin(hint) in (Annotated, list, types.UnionType):
        return {value for part in get_args(hint) for value in values_of(part)}
    return set()


def test_there_is_something_to_compare() -> None:
    assert len(STRUCTS) > 20
    assert len(MESSAGE_TYPES) > 18
    assert len(MESSAGES) > 25


@pytest.mark.parametrize("message", sorted(set(MESSAGE_TYPES), key=lambda one: one.__name__))
def test_every_message_has_a_heading_of_its_own(message: Any) -> None:
    assert re.search(rf"^### .*`{message.__struct_config__.tag}`", TEXT, re.MULTILINE)


def test_every_message_type_is_in_one_of_the_unions() -> None:
    tagged = {one for one in STRUCTS if one.__struct_config__.tag is not None}
    assert tagged == set(MESSAGE_TYPES)


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda one: one.__name__)
def test_every_field_and_value_is_named(struct: Any) -> None:
    fields = struct.__struct_fields__
    hints = get_type_hints(struct, include_extras=True)
    values = {value for name in fields for value in values_of(hints[name])}
    assert [name for name in (*fields, *sorted(values)) if f"`{name}`" not in TEXT] == []


def test_every_code_is_explained_in_a_table() -> None:
    table = [line for line in section("Error codes").splitlines() if line.startswith("| `")]
    explained = {code for line in table for code in re.findall(r"`([a-z]+\.[a-z_]+)`", line.split("|")[1])}
    assert set(MESSAGES) - explained == set()


def test_every_code_in_the_document_exists() -> None:
    mentioned = set(re.findall(r"`([a-z]+\.[a-z_]+)`", TEXT))
    assert mentioned - set(MESSAGES) - set(KINDS) == set()


def test_every_end_reason_is_in_its_table_and_no_other() -> None:
    lines = [line for line in section("End reasons").splitlines() if line.startswith("| `")]
    listed = {reason for line in lines for reason in re.findall(r"`([a-z_]+)`", line.split("|")[1])}
    assert listed == set(get_args(EndReason))


def test_every_state_of_the_meter_says_why() -> None:
    rows = [
        line.split("|")[1:3] for line in section("Meter").splitlines() if re.match(r"\| `\w+` \| `", line)
    ]
    rows = [row for row in rows if "`state`" not in row[0]]
    states = {state for row in rows for state in re.findall(r"`(\w+)`", row[0])}
    whys = {why for row in rows for why in re.findall(r"`(\w+)`", row[1])}
    assert states == set(get_args(MeterState))
    assert whys == set(get_args(MeterWhy))


def test_roles_and_sources_are_named() -> None:
    assert all(f"`{value}`" in TEXT for value in (*get_args(Role), *get_args(Source)))


def test_the_figures_are_those_of_the_code() -> None:
    defaults = options.SignalingOptions()
    assert f"{messages.MAX_MESSAGE_BYTES:,} bytes" in TEXT
    assert f"pings every {transport.PING_S} s" in TEXT
    assert f"after {transport.PONG_S} s without an answer" in TEXT
    assert f"within {transport.JOIN_WITHIN_MS // 1000} s" in TEXT
    assert f"no media for {defaults.gone_ms // 1000} s" in TEXT
    assert f"within {defaults.ring_ms // 1000} s" in TEXT
    assert f"within {defaults.setup_ms // 1000} s of the answer" in TEXT
    assert f"no connection for {defaults.caller_absent_ms // 1000} s" in TEXT
    assert f"did not answer within {defaults.settle_late_ms // 1000} s" in TEXT
    assert (defaults.max_pages, defaults.max_guests + 2) == (8, 6)
    assert allowance.Allowance(0).take(0) == "pass"
    limits = allowance.Allowance.__init__.__defaults__
    assert limits == (20, 60, 100)
    assert "20 messages a second on average, 60 at once" in TEXT
    assert f"at most {chat.BURST} at once, then one a second" in TEXT
    assert chat.PER_SECOND == 1
    assert f"{chat.MAX_LINES:,} messages" in TEXT
    assert f"the last {chat.HISTORY} messages" in TEXT
