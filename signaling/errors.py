"""Refusals of the signaling package. Expected outcomes are values: `Refused(code, message)`.

message.*   malformed, unknown, too_large       what came is not a message of this protocol
rate.*      limited                             too many messages on this connection
role.*      forbidden                           this role may not do that
token.*     malformed, forged, expired, reused, wrong_role
call.*      unknown, exists, self, not_yours, ringing, not_open, taken, ended, voice_only
room.*      full
host.*      offline, busy, paused
line.*      full, many, unknown
wallet.*    unknown, currency, insufficient
chat.*      empty, rate, full, unavailable
file.*      unknown
server.*    stopping, unavailable
media.*     bad_sdp, no_codec, too_many_tracks, unknown_peer, full, unavailable    (see media.errors)

Each code stands in docs/protocol.md with what a client does about it.
"""

from __future__ import annotations

from dataclasses import dataclass

MESSAGES: dict[str, str] = {
    "message.malformed": "This is not a message of the protocol.",
    "message.unknown": "There is no message of this name here.",
    "message.too_large": "The message is too large.",
    "rate.limited": "Too many messages; slow down.",
    "role.forbidden": "Your role may not do that.",
    "token.malformed": "This is not a token.",
    "token.forged": "The token's signature is not ours.",
    "token.expired": "The token has expired; ask for a new one.",
    "token.reused": "The token was used before; ask for a new one.",
    "token.wrong_role": "The token is for something else.",
    "call.unknown": "There is no such call.",
    "call.exists": "Another call has this id.",
    "call.self": "One cannot call oneself.",
    "call.not_yours": "This call is between other people.",
    "call.ringing": "The call still rings.",
    "call.not_open": "The call is not open.",
    "call.taken": "The call was taken on another page.",
    "call.ended": "The call is over.",
    "call.voice_only": "This is a voice call: no camera and no screen.",
    "room.full": "The room is full.",
    "host.offline": "Not reachable at the moment.",
    "host.busy": "In another call at the moment.",
    "host.paused": "Pausing; back in a moment.",
    "line.full": "The line is as long as it may be.",
    "line.many": "One waits in as many lines as one may.",
    "line.unknown": "There is no such place in a line.",
    "wallet.unknown": "There is no such wallet.",
    "wallet.currency": "The wallet is in another currency.",
    "wallet.insufficient": "The balance does not suffice for a call.",
    "gift.limit": "No more time can be given in this call.",
    "cap.too_low": "The cap is below what is charged already, or does not suffice for a call.",
    "chat.empty": "There is neither text nor file.",
    "chat.rate": "Too many chat messages; send this one again a little later.",
    "chat.full": "No more can be written in this call.",
    "chat.unavailable": "The message was not kept; send it again under the same id.",
    "file.unknown": "There is no such file of yours in this call.",
    "server.stopping": "The server is going down; try again shortly.",
    "server.unavailable": "The ledger does not answer; try again shortly.",
    "media.bad_sdp": "The offer is not a session description we understand.",
    "media.no_codec": "No codec in common.",
    "media.too_many_tracks": "Too many tracks.",
    "media.unknown_peer": "This media connection is gone; make a new one.",
    "media.full": "The server has as many media connections as it can serve.",
    "media.unavailable": "The media engine did not answer; make a new connection.",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """An expected 'no'. `code` is stable, `message` is for people who read logs, not for the screen."""

    code: str
    message: str = ""

    @staticmethod
    def of(code: str) -> Refused:
        """The refusal with the code's own words. A code that is not listed is a KeyError."""
        return Refused(code, MESSAGES[code])
