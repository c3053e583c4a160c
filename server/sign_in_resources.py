"""The HTTP API's resources of signing in: guests, codes, logins."""

from __future__ import annotations

from typing import Annotated

import msgspec

from server.resources import Body, Me, PersonRole

PersonName = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^\S(.*\S)?$")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]


class CreateClient(Body, frozen=True):
    """POST /api/v1/clients: start as a guest, with a name and an empty wallet."""

    name: PersonName
    currency: Currency = "USD"


class CreateCode(Body, frozen=True):
    """POST /api/v1/sign-in/codes: mail a one-time code to an address, whosever it is."""

    address: Annotated[str, msgspec.Meta(min_length=3, max_length=254)]


class SignInTicket(msgspec.Struct, frozen=True):
    """The code is on its way. It has to be typed in together with the ticket, until it expires."""

    ticket: str
    expires_at: str


Ticket = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
Code = Annotated[str, msgspec.Meta(min_length=4, max_length=16, pattern=r"^[0-9 -]+$")]


class SignIn(Body, frozen=True):
    """POST /api/v1/sign-in: a code, and who to be where the address leaves a choice.

    `profile` is the id of one of the address's profiles. `name` (with `currency`) starts a new client with
    this address. With neither, the address's only profile is taken, and else nothing is used up yet.
    """

    ticket: Ticket
    code: Code
    profile: str = ""
    name: PersonName | None = None
    currency: Currency = "USD"


class Profile(msgspec.Struct, frozen=True):
    """Somebody whom an address may sign in as."""

    id: str
    role: PersonRole
    name: str
    slug: str


class SignedIn(msgspec.Struct, frozen=True):
    """`me` once the browser is logged in; while it is null, choose one of `profiles`, or give a name."""

    me: Me | None
    profiles: list[Profile]


class SignedOut(msgspec.Struct, frozen=True):
    """The browser is nobody any more. `revoked`: how many logins ended."""

    revoked: int


class AttachAddress(Body, frozen=True):
    """POST /api/v1/address: make the address of a code mine, in place of an older one."""

    ticket: Ticket
    code: Code


class BrowserLogin(msgspec.Struct, frozen=True):
    """A browser that is logged in as me. `device` may be empty. `current`: the one that asks."""

    id: str
    device: str
    opened_at: str
    seen_at: str
    expires_at: str
    current: bool


class LoginList(msgspec.Struct, frozen=True):
    """GET /api/v1/logins: my logins, the last seen first. Links are no logins: they expire by themselves."""

    logins: list[BrowserLogin]


class RevokeLogins(Body, frozen=True):
    """POST /api/v1/logins/revoke: end all of my logins, `but_this` one perhaps."""

    but_this: bool = True


class AuditLine(msgspec.Struct, frozen=True):
    """Who did what to whom. `detail` is JSON: what the action needs."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    detail: str


class AuditPage(msgspec.Struct, frozen=True):
    """GET /api/v1/operator/audit: the newest first; `before` asks for the next page, null at the end."""

    lines: list[AuditLine]
    before: int | None


class KeptMail(msgspec.Struct, frozen=True):
    """A mail that was not sent."""

    at: str
    to: str
    subject: str
    text: str


class KeptMails(msgspec.Struct, frozen=True):
    """GET /api/v1/development/mails: what would have been sent, the newest first. Local servers only."""

    mails: list[KeptMail]
