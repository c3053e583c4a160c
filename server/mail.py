"""Mail: the port, an adapter for development, and one for a server that has no way to send.

`Mailer.send` returns when the mail was taken over by somebody who will deliver it; raises `MailError` else.
Mail that states a fact goes through the outbox, which calls the mailer again until it succeeds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from server import logs
from signaling.clock import Clock, iso

MAX_KEPT = 50
_log = logs.logger("talktime.mail")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one address. `text` is always there; `html` may be empty."""

    to: str
    subject: str
    text: str
    html: str = ""

    def __post_init__(self) -> None:
        if any(ord(character) < 32 for character in self.to + self.subject):
            # A line break here would let whoever chose the text add headers of their own.
            raise ValueError("address and subject are one line each")


class MailError(Exception):
    """The mail was not taken. `code` is stable; the text is for the log. `passing`: trying again may help."""

    def __init__(self, code: str, message: str, *, passing: bool = True) -> None:
        super().__init__(message)
        self.code, self.passing = code, passing


class Mailer(Protocol):
    """See the module."""

    async def send(self, mail: Mail) -> None:
        """Hand the mail over. Raises `MailError`; gives up by itself after a bounded time."""


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail that was not sent but kept; `at` is ISO 8601 UTC."""

    at: str
    mail: Mail


class DevelopmentMailer:
    """Sends nothing: the mail is in the log and on the development page. Only for local addresses."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.kept: deque[KeptMail] = deque(maxlen=MAX_KEPT)

    async def send(self, mail: Mail) -> None:
        """See `Mailer`."""
        self.kept.append(KeptMail(iso(self._clock.wall()), mail))
        _log.info(
            "mail kept, not sent: no SMTP server is set", to=mail.to, subject=mail.subject, text=mail.text
        )


class NoMailer:
    """A public server without an SMTP server: whatever needs a mail is refused."""

    async def send(self, mail: Mail) -> None:  # noqa: ARG002 - the port's signature
        """See `Mailer`."""
        raise MailError("mail.unavailable", "TALKTIME_SMTP_HOST is not set")
