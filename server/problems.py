"""What every stable code means over HTTP: problem+json (RFC 9457), one table for all packages.

A code's status and title never change their meaning. docs/protocol.md lists the codes for people; a test
compares the two, and another one that every code raised anywhere is in this table.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from aiohttp import web

from media.errors import MediaError
from metering.errors import MeteringError
from server import resources
from server.errors import Problem

CONTENT_TYPE = "application/problem+json"
CODE = web.ResponseKey("code", str)
"""Where a response keeps its code for log and metrics."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a code is answered."""

    status: int
    title: str


KINDS: dict[str, Kind] = {
    # who is asking
    "auth.missing": Kind(401, "A login token is needed."),
    "auth.malformed": Kind(401, "The token cannot be read."),
    "auth.forged": Kind(401, "The token was not issued by this server."),
    "auth.expired": Kind(401, "The token has expired. Ask for a new link."),
    "auth.deleted": Kind(401, "This profile was deleted."),
    "auth.forbidden": Kind(403, "This login may not do that."),
    "auth.key_unknown": Kind(401, "There is no such API key."),
    "auth.key_revoked": Kind(401, "The API key was revoked."),
    "auth.key_expired": Kind(401, "The API key has expired."),
    "auth.scope": Kind(403, "The API key may not do that."),
    "auth.cross_site": Kind(403, "Only pages of this server may do that with a cookie."),
    "login.other_role": Kind(409, "This browser is signed in as somebody else. Sign out first."),
    "login.guest": Kind(409, "This browser is somebody without an address. Add one, or sign out first."),
    "login.unknown": Kind(404, "There is no such login."),
    "profile.unknown": Kind(404, "The address has no such profile."),
    "code.wrong": Kind(403, "The code is wrong."),
    "code.expired": Kind(410, "The code does not work any more. Ask for a new one."),
    "address.invalid": Kind(422, "This is not a mail address."),
    "development.refused": Kind(403, "This is only for servers with a local address and without SMTP."),
    "mail.refused": Kind(422, "The mail server does not take mail for this address."),
    "mail.unavailable": Kind(503, "Mail cannot be sent at the moment."),
    # the request itself
    "request.not_found": Kind(404, "There is nothing here."),
    "request.method": Kind(405, "This method is not possible here."),
    "request.media_type": Kind(415, "The body must be application/json."),
    "request.malformed": Kind(400, "The request cannot be read."),
    "request.invalid": Kind(422, "The request does not fit its description."),
    "request.too_large": Kind(413, "The request is too large."),
    "request.rate": Kind(429, "Too many requests."),
    "request.timeout": Kind(503, "The server took too long. Try again with the same id."),
    "server.stopping": Kind(503, "The server is stopping. Try again in a moment."),
    "server.error": Kind(500, "The server made a mistake."),
    # people
    "expert.unknown": Kind(404, "There is no such expert."),
    "live.full": Kind(503, "As many listen as the server can serve."),
    # websites with the widget
    "site.unknown": Kind(404, "There is no such website."),
    "site.exists": Kind(409, "Another website has this id."),
    "site.limit": Kind(409, "There are as many websites as there may be."),
    "site.origins": Kind(422, "This is not the address of a website."),
    "embed.forged": Kind(401, "This page was not made by this server. Load it again."),
    "embed.expired": Kind(401, "This page was open for too long. Load it again."),
    "embed.origin": Kind(403, "This website may not show the expert any more."),
    "jwt.malformed": Kind(401, "What the website says about its user cannot be read."),
    "jwt.forged": Kind(401, "The website's signature is not right."),
    "jwt.expired": Kind(401, "What the website says about its user is too old."),
    "jwt.reused": Kind(401, "What the website says about its user was said before."),
    "jwt.claims": Kind(401, "What the website says about its user does not suffice."),
    # integrations
    "key.unknown": Kind(404, "There is no such API key."),
    "key.limit": Kind(409, "There are as many API keys as there may be."),
    "webhook.unknown": Kind(404, "There is no such endpoint."),
    "webhook.url": Kind(422, "Webhooks cannot be sent to this address."),
    "webhook.event": Kind(422, "There is no such type of event."),
    "webhook.limit": Kind(409, "There are as many endpoints as there may be."),
    "webhook.disabled": Kind(409, "The endpoint is disabled. Enable it first."),
    "delivery.unknown": Kind(404, "There is no such delivery."),
    "slug.taken": Kind(409, "This address is taken."),
    "offer.unknown": Kind(404, "There is no such offer."),
    "offer.none": Kind(409, "This expert has no offers."),
    "offer.media": Kind(409, "This offer is for voice calls."),
    "offer.changed": Kind(409, "The price is another one now."),
    "offer.limit": Kind(409, "There are as many offers as there may be."),
    "photo.type": Kind(415, "A photo is a JPEG or a PNG."),
    "photo.unreadable": Kind(422, "The photo cannot be read."),
    "photo.size": Kind(422, "The photo has too few or too many pixels."),
    "person.unknown": Kind(404, "There is no such person."),
    "client.unknown": Kind(404, "There is no such client."),
    "profile.name": Kind(422, "This is not the profile's name."),
    "profile.call_open": Kind(409, "A call is still open. End it first."),
    "profile.payment_open": Kind(409, "A payment is still under way. Wait until it is done."),
    "profile.dispute_open": Kind(409, "A dispute is not decided yet. Wait until it is."),
    "profile.money": Kind(409, "There is money in the wallet. Spend it, ask for it back, or give it up."),
    "statement.long": Kind(422, "Too many entries. Choose a shorter span."),
    # calls
    "call.unknown": Kind(404, "There is no such call."),
    "call.exists": Kind(409, "Another call has this id."),
    "call.self": Kind(409, "One cannot call oneself."),
    "call.not_yours": Kind(403, "The call is between other people."),
    "call.ringing": Kind(409, "The call still rings."),
    "call.not_open": Kind(409, "The call is not open."),
    "call.taken": Kind(409, "The call was taken on another page."),
    "call.ended": Kind(409, "The call is over."),
    "call.not_ended": Kind(409, "The call is not over yet."),
    "call.settled": Kind(409, "The call is over and settled."),
    "call.voice_only": Kind(409, "This is a voice call."),
    "call.limit": Kind(503, "The server has as many calls as it may have."),
    "room.full": Kind(409, "The room is full."),
    "host.declines": Kind(403, "The expert does not take calls from you."),
    "host.offline": Kind(409, "Not reachable at the moment."),
    "host.busy": Kind(409, "In another call at the moment."),
    "host.paused": Kind(409, "Pausing; back in a moment."),
    "line.full": Kind(409, "The line is as long as it may be."),
    "line.many": Kind(409, "One waits in as many lines as one may."),
    "line.ended": Kind(409, "This place in the line is no more."),
    "office.zone": Kind(422, "This is not a time zone of the IANA database."),
    "office.hours": Kind(422, "These are no opening hours of a week."),
    "line.unknown": Kind(404, "There is no such place in a line."),
    # chat and files
    "file.unknown": Kind(404, "There is no such file."),
    "file.type": Kind(415, "A file is a picture, a PDF or a plain text."),
    "file.pixels": Kind(422, "The picture has too many pixels."),
    "file.unreadable": Kind(422, "The picture cannot be read."),
    "file.quota": Kind(409, "The call has as many files as it may have."),
    "file.exists": Kind(409, "Another file of the call has this id."),
    "file.unavailable": Kind(503, "The file was not stored. Try again with the same id."),
    "chat.empty": Kind(400, "There is neither text nor file."),
    "chat.rate": Kind(429, "Too many chat messages."),
    "chat.full": Kind(409, "No more can be written in this call."),
    "chat.unavailable": Kind(503, "The message was not kept."),
    # money
    "wallet.unknown": Kind(404, "There is no such wallet."),
    "wallet.currency": Kind(409, "The wallet is in another currency."),
    "wallet.insufficient": Kind(402, "The balance does not suffice."),
    "wallet.limit": Kind(409, "The wallet cannot hold that much."),
    "tip.closed": Kind(409, "Tips are for calls that were talked in, and for two days after."),
    "rating.too_short": Kind(409, "Only a call of at least a paid minute can be rated."),
    "rating.too_late": Kind(409, "A rating can be changed for a day."),
    "dispute.nothing": Kind(409, "Nothing was charged for this call."),
    "dispute.too_late": Kind(409, "A charge can be disputed for 48 hours."),
    "dispute.none": Kind(409, "Nobody objected to this call."),
    "dispute.decided": Kind(409, "This dispute was decided already."),
    "dispute.answered": Kind(409, "This dispute was answered already."),
    "refund.amount": Kind(409, "No more can be refunded than is left of the charge."),
    "refund.earnings": Kind(409, "The earnings do not cover this refund: only the operator can give it."),
    "gift.limit": Kind(409, "No more time can be given in this call."),
    "cap.too_low": Kind(422, "The cap is too low."),
    "topup.sandbox_refused": Kind(403, "Test money is only for servers with a local address."),
    "topup.currency": Kind(422, "The wallet has another currency."),
    "payment.off": Kind(403, "This server takes no payments."),
    "payment.unknown": Kind(404, "There is no such payment."),
    "payment.no_card": Kind(409, "There is no kept card."),
    "payment.no_rule": Kind(409, "There is no rule for automatic top-ups."),
    "payment.in_flight": Kind(409, "Another automatic top-up is under way."),
    "payment.cap": Kind(409, "The month's cap is reached."),
    "payment.refused": Kind(502, "The payment processor refuses the request."),
    "payment.unanswered": Kind(503, "The payment processor does not answer. Try again with the same id."),
    "refund.too_much": Kind(409, "More than is left of the payment, or in the wallet."),
    "webhook.signature": Kind(400, "The webhook's signature is not the processor's."),
    "metering.error": Kind(500, "The ledger made a mistake."),
    "metering.unknown_wallet": Kind(404, "There is no such wallet."),
    "metering.unknown_call": Kind(404, "There is no such call."),
    "metering.id_reused": Kind(409, "This id was used before for something else."),
    "metering.amount": Kind(422, "The amount is out of range."),
    "metering.events": Kind(500, "The meter's events contradict each other."),
    "metering.fenced": Kind(503, "Another server took over."),
    "metering.unavailable": Kind(503, "The ledger does not answer. Try again with the same id."),
    # answered over Socket.IO only, and here because one table has them all
    "message.malformed": Kind(400, "This is not a message of the protocol."),
    "message.unknown": Kind(400, "There is no message of this name."),
    "message.too_large": Kind(413, "The message is too large."),
    "rate.limited": Kind(429, "Too many messages."),
    "role.forbidden": Kind(403, "This role may not do that."),
    "token.malformed": Kind(401, "This is not a token."),
    "token.forged": Kind(401, "The token's signature is not ours."),
    "token.expired": Kind(401, "The token has expired."),
    "token.reused": Kind(401, "The token was used before."),
    "token.wrong_role": Kind(403, "The token is for something else."),
    "server.unavailable": Kind(503, "The ledger does not answer."),
    "media.unavailable": Kind(503, "The media engine did not answer."),
    "media.bad_sdp": Kind(400, "The session description cannot be used."),
    "media.no_codec": Kind(422, "There is no codec in common."),
    "media.unknown_peer": Kind(409, "The media connection is closed."),
    "media.too_many_tracks": Kind(422, "Too many tracks."),
    "media.full": Kind(503, "The server has as many media connections as it can serve."),
    "media.port_in_use": Kind(503, "The media port is taken."),
    "media.bad_address": Kind(503, "The announced address is unknown."),
}


def problem(code: str, detail: str = "") -> resources.Problem:
    """The body of a refusal. An unknown code is our mistake and is told as such, with the code kept."""
    kind = KINDS.get(code, KINDS["server.error"])
    return resources.Problem(
        type=f"urn:talktime:problem:{code}", title=kind.title, status=kind.status, code=code, detail=detail
    )


def response(code: str, detail: str = "", *, retry_after_s: int | None = None) -> web.Response:
    """The answer of a refusal."""
    body = problem(code, detail)
    headers = {"Cache-Control": "no-store"}
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    if body.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    refused = web.Response(
        body=msgspec.json.encode(body), status=body.status, content_type=CONTENT_TYPE, headers=headers
    )
    refused[CODE] = code
    return refused


def of_exception(error: Exception) -> web.Response | None:
    """The answer to an exception that has a code; None when it is a mistake of ours."""
    match error:
        case Problem(code=code, detail=detail, retry_after_s=retry_after_s):
            return response(code, detail, retry_after_s=retry_after_s)
        case MeteringError():
            return response(error.code)
        case MediaError():
            return response(error.code, str(error))
        case web.HTTPException():
            return _of_router(error)
        case _:
            return None


def _of_router(error: web.HTTPException) -> web.Response | None:
    match error:
        case web.HTTPMethodNotAllowed(allowed_methods=methods):
            refused = response("request.method")
            refused.headers["Allow"] = ", ".join(sorted(methods))
            return refused
        case web.HTTPRequestEntityTooLarge():
            return response("request.too_large")
        case web.HTTPNotFound():
            return response("request.not_found")
        case _:
            return None
