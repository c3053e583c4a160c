"""Browsers that are logged in by cookie: opening, recognising, listing and revoking them.

The cookie is 32 random bytes and says nothing; the database knows its SHA-256 only. Every request looks it
up, so a login that is revoked is refused at the very next one. A login that is used goes on: who started as
a guest has nothing else to come back to their money with.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime, timedelta

from booking.login_store import LoginStore, NewLogin, OpenLogin
from booking.people import Person
from server.auth import Login
from server.errors import Problem
from signaling.clock import Clock, iso

SEEN_EVERY_MS = 60_000
PROLONG_BELOW = 0.9
"""Of a login's life: with more than that left, it is not prolonged yet."""
MAX_SEEN = 10_000
MAX_COOKIE_CHARS = 64

_BROWSERS = (
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|Chromium/|CriOS/", "Chrome"),
    (r"Safari/", "Safari"),
)
_SYSTEMS = (
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "Mac"),
    (r"CrOS", "ChromeOS"),
    (r"Linux", "Linux"),
)


def device_of(agent: str) -> str:
    """A browser in the words of its owner, from its User-Agent: `Chrome on Linux`. Only ever shown."""
    browser = next((name for pattern, name in _BROWSERS if re.search(pattern, agent)), "")
    system = next((name for pattern, name in _SYSTEMS if re.search(pattern, agent)), "")
    return " on ".join(part for part in (browser, system) if part)


def token_hash(token: str) -> str:
    """How a cookie is known to the database. The cookie is random enough for a plain hash."""
    return hashlib.sha256(token.encode()).hexdigest()


class BrowserLogins:
    """See the module."""

    def __init__(self, store: LoginStore, clock: Clock, days: int) -> None:
        self._store, self._clock, self._days = store, clock, days
        self._seen_ms: OrderedDict[str, int] = OrderedDict()
        """When the use of a login was last written down; one write a minute is enough."""

    def prepare(self, person_id: str, agent: str) -> tuple[str, NewLogin]:
        """A new login that is not stored yet, and its cookie: for jobs that do more in one transaction."""
        token = secrets.token_urlsafe(32)
        now = self._clock.wall()
        expires = now + timedelta(days=self._days)
        return token, NewLogin(
            id=secrets.token_urlsafe(9),
            token_hash=token_hash(token),
            person_id=person_id,
            device=device_of(agent),
            opened_at=iso(now),
            expires_at=iso(expires),
        )

    async def open(self, person_id: str, agent: str, how: str) -> str:
        """Log a browser in as somebody who exists; returns the cookie's value."""
        token, new = self.prepare(person_id, agent)
        await self._store.open(new, how)
        return token

    async def move_in(self, person: Person, agent: str) -> str:
        """Make a person and log the browser in as that one; returns the cookie's value."""
        token, new = self.prepare(person.id, agent)
        await self._store.move_in(person, new)
        return token

    async def read(self, cookie: str) -> Login:
        """Who the cookie is. Raises `Problem` auth.expired, whether it is unknown, revoked or old."""
        found = await self.find(cookie)
        if found is None:
            raise Problem("auth.expired", "This login is over. Sign in again.")
        return Login(
            found.person_id, found.role, name=found.name, login_id=found.id, prolonged=found.prolonged
        )

    async def find(self, cookie: str) -> OpenLogin | None:
        """The login of a cookie, if it is good; notes that it was used, and prolongs it now and then."""
        if not cookie or len(cookie) > MAX_COOKIE_CHARS:
            return None
        now = self._clock.wall()
        found = await self._store.by_token(token_hash(cookie), iso(now))
        if found is not None and self._due(found.id):
            life = timedelta(days=self._days)
            prolonged = datetime.fromisoformat(found.expires_at) - now < life * PROLONG_BELOW
            expires_at = iso(now + life) if prolonged else found.expires_at
            await self._store.seen(found.id, iso(now), expires_at)
            found = replace(found, expires_at=expires_at, prolonged=prolonged)
        return found

    async def of(self, person_id: str) -> list[OpenLogin]:
        """A person's logins, the last seen first."""
        return await self._store.of(person_id, self._now())

    async def revoke(self, person_id: str, login_id: str, actor: str) -> bool:
        """End one login of a person; False when there is none of that id."""
        return await self._store.revoke(person_id, login_id, self._now(), actor)

    async def revoke_all(self, person_id: str, actor: str, but: str = "") -> int:
        """End every login of a person, but perhaps one."""
        return await self._store.revoke_all(person_id, self._now(), actor, but)

    def _now(self) -> str:
        return iso(self._clock.wall())

    def _due(self, login_id: str) -> bool:
        now_ms = self._clock.now_ms()
        last_ms = self._seen_ms.pop(login_id, None)
        due = last_ms is None or now_ms - last_ms >= SEEN_EVERY_MS
        self._seen_ms[login_id] = now_ms if due or last_ms is None else last_ms
        while len(self._seen_ms) > MAX_SEEN:
            self._seen_ms.popitem(last=False)
        return due
