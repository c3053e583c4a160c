"""Login tokens: what is in a person's link. Signed, expiring, one role each. (Cookies: browser_logins.)

The token stands in the link's fragment (`/call/ada#t=...`), which browsers send to no server and put into no
Referer; the page sends it as `Authorization: Bearer`. The codec is signaling's; the purpose "login" is part
of what is signed, so a join token is no login and a login opens no connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec

from server.errors import Problem
from signaling.clock import Clock
from signaling.errors import Refused
from signaling.messages import Id
from signaling.tokens import TokenSigner

LoginRole = Literal["client", "expert", "operator", "guest"]
PURPOSE = "login"
GUEST_HOURS = 12

CLIENT: frozenset[LoginRole] = frozenset({"client"})
EXPERT: frozenset[LoginRole] = frozenset({"expert"})
OPERATOR: frozenset[LoginRole] = frozenset({"operator"})
CALLERS: frozenset[LoginRole] = frozenset({"client", "expert"})
IN_CALL: frozenset[LoginRole] = frozenset({"client", "expert", "guest"})
PEOPLE: frozenset[LoginRole] = frozenset({"client", "expert", "operator"})
EVERYONE: frozenset[LoginRole] = frozenset({"client", "expert", "operator", "guest"})


class LoginClaims(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is signed. `call` and `name` only for guests: scoped to that one call."""

    p: Id
    r: LoginRole
    x: Annotated[int, msgspec.Meta(ge=0)]
    call: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """Who asks. `call_id` is set for guests of a call only, `login_id` for browsers logged in by cookie,

    `key_id` for an API key, which acts as the person who made it. `prolonged`: its cookie has to be set
    again, for it lives longer now.
    """

    person_id: str
    role: LoginRole
    call_id: str = ""
    name: str = ""
    login_id: str = ""
    key_id: str = ""
    prolonged: bool = False


class Logins:
    """Makes and reads login tokens."""

    def __init__(self, signer: TokenSigner, clock: Clock, days: int) -> None:
        self._signer, self._clock, self._days = signer, clock, days

    def token(self, person_id: str, role: LoginRole, hours: int | None = None) -> tuple[str, datetime]:
        """A token for a person's link and the moment it expires; `hours`, else as long as links work."""
        life = timedelta(days=self._days) if hours is None else timedelta(hours=hours)
        expires = self._clock.wall() + life
        return self._seal(LoginClaims(p=person_id, r=role, x=int(expires.timestamp()))), expires

    def guest_token(self, guest_id: str, call_id: str, name: str) -> tuple[str, datetime]:
        """A token for one guest of one call."""
        expires = self._clock.wall() + timedelta(hours=GUEST_HOURS)
        claims = LoginClaims(p=guest_id, r="guest", x=int(expires.timestamp()), call=call_id, name=name)
        return self._seal(claims), expires

    def read(self, token: str) -> Login:
        """Who the token says. Raises `Problem` auth.malformed, auth.forged, auth.expired."""
        claims = self._signer.open(PURPOSE, token, LoginClaims)
        if isinstance(claims, Refused):
            raise Problem(claims.code.replace("token.", "auth."))
        if claims.x <= self._clock.wall().timestamp():
            raise Problem("auth.expired")
        return Login(claims.p, claims.r, claims.call, claims.name)

    def _seal(self, claims: LoginClaims) -> str:
        return self._signer.seal(PURPOSE, claims)
