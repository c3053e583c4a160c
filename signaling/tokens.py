"""Signed tokens. `TokenSigner` is the codec, `JoinTokens` are the short-lived ones for one connection.

A token is `base64url(claims as JSON) . base64url(HMAC-SHA256(key, purpose 0x00 claims))`. The purpose is
signed but not sent, so a token for one thing is a forgery for every other. A join token names one role in
one call, or the presence of one host; it lives for a minute, opens one connection, once, and only at the
process that made it: after a restart its call is over anyway.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, TypeVar

import msgspec

from .clock import Clock, iso
from .errors import Refused
from .messages import Id, Role

MAX_TOKEN_CHARS = 2_048
MAX_REMEMBERED = 100_000
C = TypeVar("C", bound=msgspec.Struct)


class TokenSigner:
    """Seals claims with one key. `key`: at least 32 random bytes, the server's secret."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("the key has at least 32 bytes")
        self._key = key

    def seal(self, purpose: str, claims: msgspec.Struct) -> str:
        """The token for `claims`. What is in it is signed, not secret."""
        body = msgspec.json.encode(claims)
        return f"{_text(body)}.{_text(self._mac(purpose, body))}"

    def open(self, purpose: str, token: str, claims_type: type[C]) -> C | Refused:
        """The claims, or `token.malformed`, `token.forged`. Whether they still hold is not judged."""
        parts = token.split(".") if len(token) <= MAX_TOKEN_CHARS else []
        if len(parts) != 2:
            return Refused.of("token.malformed")
        try:
            body, mac = (_bytes(part) for part in parts)
        except (binascii.Error, ValueError):
            return Refused.of("token.malformed")
        if not hmac.compare_digest(mac, self._mac(purpose, body)):
            return Refused.of("token.forged")
        try:
            return msgspec.json.decode(body, type=claims_type)
        except msgspec.MsgspecError:
            return Refused.of("token.malformed")

    def is_for(self, purpose: str, token: str) -> bool:
        """Whether the token is genuine and for `purpose`, whatever it claims."""
        return not isinstance(self.open(purpose, token, _Anything), Refused)

    def _mac(self, purpose: str, body: bytes) -> bytes:
        return hmac.digest(self._key, purpose.encode() + b"\0" + body, hashlib.sha256)


class _Anything(msgspec.Struct, frozen=True):
    pass


class JoinClaims(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="join"):
    """One connection of `person` to `call` in `role`."""

    call: Id
    person: str
    name: str
    role: Role
    made_by: str
    expires_ms: Annotated[int, msgspec.Meta(ge=0)]
    jti: str


class PresenceClaims(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="presence"):
    """One connection of the page of `host`."""

    host: Id
    made_by: str
    expires_ms: Annotated[int, msgspec.Meta(ge=0)]
    jti: str


class LineClaims(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="line"):
    """One connection of the page of `person`, who has `place` in a line."""

    place: Id
    person: Id
    made_by: str
    expires_ms: Annotated[int, msgspec.Meta(ge=0)]
    jti: str


ConnectClaims = JoinClaims | PresenceClaims | LineClaims
PURPOSE = "connect"


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is signed: claims of one kind or the other."""

    claims: ConnectClaims


class JoinTokens:
    """Makes tokens for connections and admits each of them once.

    `other_purposes`: what else the signer signs; such a token is refused as token.wrong_role, not as forged.
    """

    def __init__(
        self, signer: TokenSigner, clock: Clock, lifetime_ms: int = 60_000, other_purposes: Iterable[str] = ()
    ) -> None:
        self._signer, self._clock, self._lifetime_ms = signer, clock, lifetime_ms
        self._other_purposes = tuple(other_purposes)
        self._made_by = secrets.token_urlsafe(9)
        self._used: set[str] = set()
        self._used_until: deque[tuple[int, str]] = deque()

    def for_call(self, call: str, person: str, name: str, role: Role) -> tuple[str, str]:
        """A token, and the moment it expires (ISO 8601)."""
        expires_ms, expires_at = self._expiry()
        claims = JoinClaims(call, person, name, role, self._made_by, expires_ms, secrets.token_urlsafe(12))
        return self._signer.seal(PURPOSE, Sealed(claims)), expires_at

    def for_presence(self, host: str) -> tuple[str, str]:
        """A token, and the moment it expires (ISO 8601)."""
        expires_ms, expires_at = self._expiry()
        claims = PresenceClaims(host, self._made_by, expires_ms, secrets.token_urlsafe(12))
        return self._signer.seal(PURPOSE, Sealed(claims)), expires_at

    def for_line(self, place: str, person: str) -> tuple[str, str]:
        """A token, and the moment it expires (ISO 8601)."""
        expires_ms, expires_at = self._expiry()
        claims = LineClaims(place, person, self._made_by, expires_ms, secrets.token_urlsafe(12))
        return self._signer.seal(PURPOSE, Sealed(claims)), expires_at

    def admit(self, token: object) -> ConnectClaims | Refused:
        """Use the token up. Refusals: token.malformed, .forged, .wrong_role, .expired, .reused."""
        claims = self._read(token)
        if isinstance(claims, Refused):
            return claims
        now_ms = self._clock.now_ms()
        self._forget(now_ms)
        if claims.expires_ms <= now_ms or claims.made_by != self._made_by:
            return Refused.of("token.expired")
        if claims.jti in self._used:
            return Refused.of("token.reused")
        if len(self._used) >= MAX_REMEMBERED:
            # Rather turn people away for a moment than admit a token twice.
            return Refused.of("rate.limited")
        self._used.add(claims.jti)
        self._used_until.append((claims.expires_ms, claims.jti))
        return claims

    def _read(self, token: object) -> ConnectClaims | Refused:
        if not isinstance(token, str):
            return Refused.of("token.malformed")
        sealed = self._signer.open(PURPOSE, token, Sealed)
        if isinstance(sealed, Refused):
            other = any(self._signer.is_for(purpose, token) for purpose in self._other_purposes)
            return Refused.of("token.wrong_role") if other else sealed
        return sealed.claims

    @property
    def remembered(self) -> int:
        """How many used ids are kept; each until its token expires."""
        return len(self._used)

    def _forget(self, now_ms: int) -> None:
        # Tokens are used in another order than they were made, so an entry may stay up to a lifetime longer
        # than it must; none goes before its token has expired.
        while self._used_until and self._used_until[0][0] <= now_ms:
            self._used.discard(self._used_until.popleft()[1])

    def _expiry(self) -> tuple[int, str]:
        # Monotonic, for a wall clock that is set back must not make a forgotten token good again. Tokens
        # never leave the process that made them, so its own clock is enough.
        moment = self._clock.wall() + timedelta(milliseconds=self._lifetime_ms)
        return self._clock.now_ms() + self._lifetime_ms, iso(moment)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    if not text.isascii():
        raise ValueError("not base64url")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
