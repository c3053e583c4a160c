"""One-time codes by mail: made, sent, hashed, and limited.

Whether an address belongs to anybody changes nothing of what the asker sees: a code goes to every address,
and who is behind it is told to whoever types it in. The database has the code's HMAC under the server's key
and the ticket, so that its file alone does not give away a code that is under way.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from booking.code_store import CodeStore, Guess
from server import logs
from server.errors import Problem
from server.limits import Limit
from server.mail import Mail, Mailer, MailError
from signaling.clock import Clock, iso

DIGITS = 6
LIVES_MINUTES = 10
PER_HOUR = 5
PER_DAY = 30
"""Codes to one address in all. With five guesses each, whoever guesses has a chance of 1 in 6,000 a day."""
HOUR_MS = 3_600_000

_ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*"
                      r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # fmt: skip
_SPACES = re.compile(r"[\s-]+")
_log = logs.logger("talktime.codes")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A code was sent; the ticket is what it has to be typed in with. `expires_at`: ISO 8601 UTC."""

    id: str
    expires_at: str


def clean_address(text: str) -> str:
    """A mail address in the form we keep, lower-case. Raises `Problem` address.invalid.

    The characters are those of HTML's `input type=email`: what browsers let people type.
    """
    address = text.strip().lower()
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        raise Problem("address.invalid")
    return address


class Codes:
    """See the module. `key`: the server's secret for hashing."""

    def __init__(self, store: CodeStore, mailer: Mailer, clock: Clock, key: bytes) -> None:
        self._store, self._mailer, self._clock, self._key = store, mailer, clock, key
        self._hourly = Limit(clock, PER_HOUR, HOUR_MS)
        self._daily = Limit(clock, PER_DAY, 24 * HOUR_MS)

    async def send(self, address: str, network: str) -> Ticket:
        """Mail a code to a clean `address`. Raises `Problem` request.rate, mail.unavailable.

        `network`: the asker's, so that others cannot easily keep somebody from signing in.
        """
        wait_s = self._hourly.take(f"{address} {network}") or self._daily.take(address)
        if wait_s is not None:
            raise Problem(
                "request.rate", "This address was sent several codes already.", retry_after_s=wait_s
            )
        ticket = secrets.token_urlsafe(18)
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        now = self._clock.wall()
        expires_at = iso(now + timedelta(minutes=LIVES_MINUTES))
        await self._store.add(ticket, address, self._hash(ticket, code), iso(now), expires_at)
        try:
            await self._mailer.send(code_mail(address, code))
        except MailError as error:
            _log.error("a code could not be mailed", code=error.code, why=str(error))
            raise Problem(error.code) from error
        return Ticket(ticket, expires_at)

    def guess(self, ticket: str, code: str) -> Guess:
        """A code as somebody typed it, with or without the gap in the middle."""
        return Guess(ticket, self._hash(ticket, _SPACES.sub("", code)), iso(self._clock.wall()))

    def _hash(self, ticket: str, code: str) -> str:
        text = f"sign-in code\0{ticket}\0{code}".encode()
        return hmac.digest(self._key, text, hashlib.sha256).hex()


def code_mail(address: str, code: str) -> Mail:
    """The mail with a code; the code stands in the subject, where a phone shows it."""
    half = DIGITS // 2
    spoken = f"{code[:half]} {code[half:]}"
    text = (
        f"Your code for Talktime is\n\n    {spoken}\n\n"
        f"It works for {LIVES_MINUTES} minutes, in the window in which you asked for it.\n"
        "If you did not ask for it, somebody mistyped an address: there is nothing to do.\n"
    )
    return Mail(to=address, subject=f"{spoken} is your code for Talktime", text=text)
