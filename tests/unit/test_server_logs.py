"""Logs carry no secrets, whoever writes them and wherever the secret stands."""

from __future__ import annotations

import io
import json
import logging

import pytest
from aiohttp.http_exceptions import BadHttpMessage

from server import logs
from signaling.clock import SystemClock
from signaling.tokens import JoinTokens, TokenSigner

SDP = "v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns=-\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\n"


@pytest.fixture
def token() -> str:
    token, _ = JoinTokens(TokenSigner(b"k" * 32), SystemClock()).for_call("c" * 20, "sam", "Sam", "payer")
    return token


@pytest.fixture
def log() -> io.StringIO:
    stream = io.StringIO()
    logs.configure("debug", "json", stream)
    return stream


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_line_is_one_json_object(log: io.StringIO) -> None:
    logs.logger("talktime.test").warning("low balance", call="c1", left_ms=900, at=None, ok=True)
    (line,) = lines(log)
    assert {key: line[key] for key in ("event", "level", "logger", "call", "left_ms", "at", "ok")} == {
        "event": "low balance", "level": "warning", "logger": "talktime.test", "call": "c1", "left_ms": 900,
        "at": None, "ok": True,
    }  # fmt: skip
    assert str(line["timestamp"]).endswith("Z")


def test_values_under_telling_names_are_dropped(log: io.StringIO) -> None:
    logs.logger("t").info(
        "came",
        token="abc",
        SDP="x",
        headers={"Authorization": "Bearer q", "Accept": "*"},
        parts=[{"key": "k"}],
    )
    (line,) = lines(log)
    assert line["token"] == line["SDP"] == logs.HIDDEN
    assert line["headers"] == {"Authorization": logs.HIDDEN, "Accept": "*"}
    assert line["parts"] == [{"key": logs.HIDDEN}]


def test_secrets_inside_texts_are_cut_out(log: io.StringIO, token: str) -> None:
    logger = logs.logger("t")
    logger.info(f"refused {token} at once")
    logger.info("opened", url=f"http://localhost:8080/call/ada#t={token}")
    logger.info("sent", header=f"authorization: bearer {token[:20]}")
    logger.info("offer came", text=f"n=1 {SDP}")
    logger.info("connecting", database="postgresql://talk:hunter2@db/talk")
    logger.info("raw", data=b"secret bytes")
    logger.info("object", thing=type("Thing", (), {"__repr__": lambda _self: f"Thing({token})"})())
    text = log.getvalue()
    assert len(lines(log)) == 7
    for secret in (
        token,
        token.split(".")[1],
        token[:20],
        "asd88fgpdd777uzjYhagZg",
        "hunter2",
        "secret bytes",
    ):
        assert secret not in text
    assert "http://localhost:8080/call/ada#t=[hidden]" in text
    assert "refused [hidden] at once" in text


def test_exceptions_and_their_texts_are_cleaned(log: io.StringIO, token: str) -> None:
    try:
        raise ValueError(f"cannot read {token}")  # noqa: TRY301
    except ValueError:
        logs.logger("t").exception("failed")
    (line,) = lines(log)
    assert token not in log.getvalue()
    assert "ValueError: cannot read [hidden]" in str(line["exception"])


def test_what_libraries_log_goes_the_same_way(log: io.StringIO, token: str) -> None:
    logging.getLogger("some.library").warning("bad token %s from %s", token, "10.0.0.1")
    (line,) = lines(log)
    assert line["event"] == "bad token [hidden] from 10.0.0.1"
    assert line["logger"] == "some.library"


@pytest.mark.parametrize(("level", "told"), [("info", True), ("warning", False)])
def test_bytes_that_are_no_http_are_told_in_one_quiet_line(level: str, told: bool) -> None:
    stream = io.StringIO()
    logs.configure(level, "json", stream)
    for error in (BadHttpMessage("b'Cookie: talktime=0123456789'"), ValueError("our own")):
        try:
            raise error
        except (BadHttpMessage, ValueError):
            logging.getLogger("aiohttp.server").exception("Error handling request from %s", "10.0.0.1")
    *quiet, ours = lines(stream)
    event = "Error handling request from 10.0.0.1: not HTTP (BadHttpMessage)"
    assert [(line["event"], line["level"], "exception" in line) for line in quiet] == (
        [(event, "info", False)] if told else []
    )
    assert ours["level"] == "error"
    assert "ValueError: our own" in str(ours["exception"]), "what is our mistake is told in full"


def test_ordinary_figures_stay_as_they_are(log: io.StringIO) -> None:
    logs.logger("t").info("call ended", call="2b76b6cd0658ac8c309840ed", version="1.2.3", took_ms=12)
    (line,) = lines(log)
    assert line["call"] == "2b76b6cd0658ac8c309840ed"
    assert (line["version"], line["took_ms"]) == ("1.2.3", 12)


def test_the_level_is_kept() -> None:
    stream = io.StringIO()
    logs.configure("warning", "json", stream)
    logs.logger("t").info("quiet")
    logging.getLogger("aiohttp.access").info("quiet too")
    logs.logger("t").error("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_on_a_terminal_it_is_for_people() -> None:
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    logs.configure("info", "auto", stream)
    logs.logger("t").info("ready", token="abc")
    assert not stream.getvalue().startswith("{")
    assert "ready" in stream.getvalue()
    assert "abc" not in stream.getvalue()
