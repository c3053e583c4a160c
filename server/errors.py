"""Errors of the server package.

ServerError               base; its text is one line for the terminal; `exit_code` ends the process
├── ConfigError           a setting is unknown or has a bad value; names the setting (exit 2)
├── StartError            the server cannot start: port taken, folder locked, database too new (exit 3)
└── UsageError            a command was given something that does not exist (exit 2)
Problem                   an HTTP refusal: a stable code and a sentence; server.problems gives it a status
"""

from __future__ import annotations


class ServerError(Exception):
    """See the module."""

    exit_code = 1


class ConfigError(ServerError):
    """A setting that cannot be used."""

    exit_code = 2


class UsageError(ServerError):
    """A command line that asks for something which is not there."""

    exit_code = 2


class StartError(ServerError):
    """The server cannot start; `code` is stable."""

    exit_code = 3

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Problem(Exception):
    """Raised by a handler to answer with problem+json. `retry_after_s` becomes the header Retry-After."""

    def __init__(self, code: str, detail: str = "", *, retry_after_s: int | None = None) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s
