"""Mail by SMTP, through aiosmtplib: one connection a mail, every step timed out.

A recipient or a mail that is refused with 5xx is refused for good. Everything else may pass: 4xx, no
connection, no answer, and also a wrong password or sender, for the operator will mend those.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Literal

import aiosmtplib

from server.mail import Mail, MailError
from signaling.clock import Clock

Tls = Literal["starttls", "tls", "none"]
TIMEOUT_S = 8.0
"""Less than a request may take, so that the asker hears why."""


@dataclass(frozen=True, slots=True)
class SmtpOptions:
    """Where mail goes. `user` empty: no authentication. `ca_file` empty: the system's certificates."""

    host: str
    port: int
    tls: Tls
    user: str
    password: str
    sender: str
    name: str
    ca_file: str = ""
    timeout_s: float = TIMEOUT_S

    def __repr__(self) -> str:
        return f"SmtpOptions({self.host}:{self.port}, {self.tls})"


def message_of(mail: Mail, options: SmtpOptions, clock: Clock) -> EmailMessage:
    """The mail as it goes over the wire (RFC 5322)."""
    message = EmailMessage()
    message["From"] = Address(options.name, addr_spec=options.sender)
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(clock.wall())
    message["Message-ID"] = make_msgid(domain=options.sender.rpartition("@")[2])
    # Nobody shall be answered by a machine that is away (RFC 3834, section 5).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    return message


class SmtpMailer:
    """See the module; a `server.mail.Mailer`."""

    def __init__(self, options: SmtpOptions, clock: Clock) -> None:
        self._options, self._clock = options, clock
        self._context = ssl.create_default_context(cafile=options.ca_file or None)

    async def send(self, mail: Mail) -> None:
        """See `Mailer`."""
        options = self._options
        try:
            async with asyncio.timeout(options.timeout_s):
                await aiosmtplib.send(
                    message_of(mail, options, self._clock),
                    sender=options.sender,
                    recipients=[mail.to],
                    hostname=options.host,
                    # Else the name of this machine is looked up, which may take as long as DNS does.
                    local_hostname=options.sender.rpartition("@")[2],
                    port=options.port,
                    username=options.user or None,
                    password=options.password or None,
                    use_tls=options.tls == "tls",
                    start_tls=options.tls == "starttls",
                    tls_context=self._context if options.tls != "none" else None,
                    timeout=options.timeout_s,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(each.code >= 500 for each in error.recipients):
                raise MailError("mail.refused", str(error), passing=False) from error
            raise MailError("mail.unavailable", str(error)) from error
        except aiosmtplib.SMTPDataError as error:
            if error.code >= 500:
                raise MailError("mail.refused", str(error), passing=False) from error
            raise MailError("mail.unavailable", str(error)) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            raise MailError("mail.unavailable", str(error) or type(error).__name__) from error
