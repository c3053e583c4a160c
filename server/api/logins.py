"""A person's logins, seen and revoked; the operator's view of the audit log; mail on a development server."""

from __future__ import annotations

import msgspec

from server.api.route import Ask, Route
from server.auth import OPERATOR, PEOPLE
from server.errors import Problem
from server.mail import DevelopmentMailer
from server.sign_in_resources import (
    AuditLine,
    AuditPage,
    BrowserLogin,
    KeptMail,
    KeptMails,
    LoginList,
    RevokeLogins,
    SignedOut,
)

BASE = "/api/v1"
LINES = 100


async def list_logins(ask: Ask) -> LoginList:
    """Where I am logged in."""
    return LoginList(
        [
            BrowserLogin(
                each.id, each.device, each.opened_at, each.seen_at, each.expires_at,
                current=each.id == ask.who.login_id,
            )
            for each in await ask.services.browser_logins.of(ask.who.person_id)
        ]
    )  # fmt: skip


async def revoke_login(ask: Ask) -> SignedOut:
    """End one of my logins; that browser is nobody from its next request on."""
    me, login_id = ask.who.person_id, ask.path["login_id"]
    if not await ask.services.browser_logins.revoke(me, login_id, me):
        raise Problem("login.unknown")
    ask.services.let_go(me)
    if login_id == ask.who.login_id:
        ask.reply.log_out()
    return SignedOut(1)


async def revoke_logins(ask: Ask) -> SignedOut:
    """End all of my logins, or all but the one that asks."""
    me, order = ask.who.person_id, ask.body_as(RevokeLogins)
    kept = ask.who.login_id if order.but_this else ""
    count = await ask.services.browser_logins.revoke_all(me, me, kept)
    if count:
        ask.services.let_go(me)
    if not order.but_this:
        ask.reply.log_out()
    return SignedOut(count)


async def get_audit(ask: Ask) -> AuditPage:
    """Who did what to money and access, the newest first, a hundred lines at a time."""
    before = ask.query.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) <= 15):
        raise Problem("request.invalid", "`before` is a line's number.")
    found = await ask.services.audit_log.read(
        before=int(before) if before else None,
        about=ask.query.get("about", ""),
        action=ask.query.get("action", ""),
        limit=LINES + 1,
    )
    lines = [
        AuditLine(
            each.seq,
            each.at,
            each.actor,
            each.action,
            each.subject,
            msgspec.json.encode(each.detail).decode(),
        )
        for each in found[:LINES]
    ]
    return AuditPage(lines, lines[-1].seq if len(found) > LINES else None)


async def list_mails(ask: Ask) -> KeptMails:
    """The mail that a local server without an SMTP server kept. Refused everywhere else."""
    mailer = ask.services.mailer
    is_local = ask.services.config.is_local and ask.visitor.is_here
    if not isinstance(mailer, DevelopmentMailer) or not is_local:
        raise Problem("development.refused")
    return KeptMails(
        [KeptMail(each.at, each.mail.to, each.mail.subject, each.mail.text) for each in reversed(mailer.kept)]
    )


ROUTES: tuple[Route, ...] = (
    Route("GET", f"{BASE}/logins", list_logins, "My logins", LoginList, PEOPLE),
    Route(
        "POST", f"{BASE}/logins/revoke", revoke_logins, "End all my logins", SignedOut, PEOPLE,
        body=RevokeLogins,
    ),
    Route(
        "POST", f"{BASE}/logins/{{login_id}}/revoke", revoke_login, "End one of my logins", SignedOut, PEOPLE,
        codes=("login.unknown",),
    ),
    Route(
        "GET", f"{BASE}/operator/audit", get_audit, "The audit log", AuditPage, OPERATOR,
        query=("before", "about", "action"), scope="audit:read",
    ),
    Route(
        "GET", f"{BASE}/development/mails", list_mails, "Mail that was not sent", KeptMails,
        codes=("development.refused",), kept_here=True,
    ),
)  # fmt: skip
