"""API keys: `ttk_` and 256 random bits, shown once. A site's server sends one as `Authorization: Bearer`.

Kept is only SHA-256 of a key, which is enough for something that nobody can guess; the first characters are
kept too, so that people can tell their keys apart.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict

from server.auth import Login
from server.errors import Problem
from server.key_store import ApiKey, KeyStore
from server.limits import Limit
from signaling.clock import Clock, iso

PREFIX = "ttk_"
SHOWN_CHARS = 12
MAX_KEYS = 20
USED_EVERY_MS = 60_000
MAX_REMEMBERED = 10_000
DAY_MS = 24 * 3_600_000


def digest_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


class ApiKeys:
    """Makes, reads and revokes keys."""

    def __init__(self, store: KeyStore, clock: Clock, limit: Limit) -> None:
        self.store, self.clock = store, clock
        self._limit = limit
        self._noted: OrderedDict[str, int] = OrderedDict()
        """Key → when its use was last noted: once a minute is enough."""

    def now_ms(self) -> int:
        """The wall clock, in milliseconds since 1970."""
        return round(self.clock.wall().timestamp() * 1000)

    async def make(
        self, login: Login, name: str, scopes: tuple[str, ...], days: int | None
    ) -> tuple[ApiKey, str]:
        """A new key for the person, and the key itself, which cannot be read again. Raises key.limit."""
        secret = PREFIX + secrets.token_urlsafe(32)
        now_ms = self.now_ms()
        key = ApiKey(
            id=f"key_{secrets.token_hex(8)}", person_id=login.person_id, role=login.role, name=name,
            prefix=secret[:SHOWN_CHARS], hash=digest_of(secret), scopes=scopes, made_ms=now_ms,
            expires_ms=None if days is None else now_ms + days * DAY_MS,
        )  # fmt: skip
        if not await self.store.add(key, iso(self.clock.wall()), MAX_KEYS):
            raise Problem("key.limit", f"There may be {MAX_KEYS} keys; revoke one first.")
        return key, secret

    async def revoke(self, login: Login, key_id: str) -> ApiKey:
        """Revoke a key of the person. Raises key.unknown."""
        key = await self.store.revoke(login.person_id, key_id, self.now_ms(), iso(self.clock.wall()))
        if key is None:
            raise Problem("key.unknown")
        return key

    async def read(self, secret: str, scope: str) -> Login:
        """Who a key says, for a route of this scope. Raises auth.* problems and request.rate."""
        if not scope:
            raise Problem("auth.scope", "No API key opens this.")
        now_ms = self.now_ms()
        key = await self.store.by_hash(digest_of(secret))
        if key is None:
            raise Problem("auth.key_unknown")
        if key.revoked_ms is not None:
            raise Problem("auth.key_revoked")
        if key.has_expired(now_ms):
            raise Problem("auth.key_expired")
        if scope not in key.scopes:
            raise Problem("auth.scope", f"The key needs the scope {scope}.")
        wait_s = self._limit.take(key.id)
        if wait_s is not None:
            raise Problem("request.rate", retry_after_s=wait_s)
        await self._note(key.id, now_ms)
        return Login(key.person_id, key.role, key_id=key.id)

    async def _note(self, key_id: str, now_ms: int) -> None:
        if now_ms - self._noted.get(key_id, 0) < USED_EVERY_MS:
            return
        self._noted[key_id] = now_ms
        self._noted.move_to_end(key_id)
        while len(self._noted) > MAX_REMEMBERED:
            self._noted.popitem(last=False)
        await self.store.used(key_id, now_ms)
