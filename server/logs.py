"""Logs: one JSON object a line on stderr, or coloured text on a terminal. Never a secret in them.

Two processors watch over every line, ours and those of libraries: values under telling names are dropped, and
whatever looks like a token, a bearer header, a database password or a session description inside a text is
cut out. Names of settings are logged at start, their values are not.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[hidden]"
_SECRET_NAMES = frozenset(
    {
        "token",
        "auth",
        "authorization",
        "secret",
        "password",
        "sdp",
        "offer",
        "answer",
        "cookie",
        "key",
        "seed",
    }
)
_SECRET_TEXT = re.compile(
    r"v=0[\s\\rn]+o=.*"  # a session description, to the end of the text
    r"|(?i:bearer)\s+\S+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user:password in a URL
    r"|(?<=[#?&]t=)[^&\s\"']+"  # the token in a person's link
    r"|(?<=[?&]token=)[^&\s\"']+"
    r"|\b[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{32,}(?:\.[A-Za-z0-9_-]+)*\b",  # payload.signature
    re.DOTALL,
)
_MAX_DEPTH = 6


def scrub(value: Any, depth: int = 0) -> Any:
    """The value without secrets; mappings and sequences are copied, never changed."""
    if isinstance(value, str):
        return _SECRET_TEXT.sub(HIDDEN, value)
    if isinstance(value, int | float | None):
        return value
    if isinstance(value, bytes) or depth >= _MAX_DEPTH:
        return HIDDEN
    if isinstance(value, Mapping):
        return {
            name: HIDDEN if str(name).lower() in _SECRET_NAMES else scrub(each, depth + 1)
            for name, each in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [scrub(each, depth + 1) for each in value]
    return scrub(repr(value), depth + 1)


def drop_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The structlog processor; runs after exceptions were rendered to text."""
    cleaned: MutableMapping[str, Any] = {}
    for name, value in event.items():
        if name.startswith("_"):
            cleaned[name] = value
        else:
            cleaned[name] = HIDDEN if name.lower() in _SECRET_NAMES else scrub(value)
    return cleaned


class NotHttp(logging.Filter):
    """Anybody can send bytes that are no HTTP. It is not our mistake, and what they say is not told:
    aiohttp quotes the line, and it may be the one with the cookie.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Make one quiet line of it; whatever else aiohttp logs stays as it is."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None or type(error).__module__ != "aiohttp.http_exceptions":
            return True
        record.msg = f"{record.msg}: not HTTP ({type(error).__name__})"
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.INFO, "INFO"
        return logging.getLogger().isEnabledFor(logging.INFO)


def configure(level: str, form: str, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging through the same processors to `stream` (stderr)."""
    stream = stream or sys.stderr
    console = form == "console" or (form == "auto" and stream.isatty())
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=True, exception_formatter=structlog.dev.plain_traceback)
        if console
        else structlog.processors.JSONRenderer(sort_keys=True)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                drop_secrets,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("aiohttp.access", "engineio.server", "socketio.server", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    logging.getLogger("aiohttp.server").filters[:] = [NotHttp()]


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger of this server."""
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return bound
