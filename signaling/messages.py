"""Every message on the wire, version 1. The TypeScript types in web/src/protocol are generated from this.

Transport: Socket.IO, namespace `/v1`, `auth: {token}`. The event name is the message's tag, the one
argument is the object. Decoding is strict: unknown fields, wrong types and excess sizes are refused with an
`error` message and count against the connection's rate. docs/protocol.md describes each message.
"""
# ruff: noqa: PLC0414 - what is renamed to itself is shown from here, too

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from .chat_messages import ChatFile as ChatFile
from .chat_messages import ChatHistoryMessage as ChatHistoryMessage
from .chat_messages import ChatLine as ChatLine
from .chat_messages import ChatLineMessage as ChatLineMessage
from .chat_messages import ChatMessage as ChatMessage
from .quality_messages import QualityLevel as QualityLevel
from .quality_messages import QualityMessage as QualityMessage
from .quality_messages import SideQuality as SideQuality
from .wire import Id as Id
from .wire import Mid, Minor, Note, TrackId
from .wire import Role as Role
from .wire import Source as Source
from .wire import Wire as _Wire

PROTOCOL_VERSION = 1
MAX_MESSAGE_BYTES = 128 * 1024


# -- client to server, in a call ---------------------------------------------------------------------------


class PublishLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The m-line `mid` of the offer sends `source`."""

    mid: Mid
    source: Source


class SubscribeLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The recvonly m-line `mid` of the offer shall carry `track` (it may come into being later)."""

    mid: Mid
    track: TrackId


class OfferMessage(_Wire, tag="offer", frozen=True):
    """A WebRTC offer; answered by `answer` with the same `n`. The client always offers."""

    n: Annotated[int, msgspec.Meta(ge=0, le=2**31)]
    sdp: Annotated[str, msgspec.Meta(min_length=1, max_length=100_000)]
    publish: Annotated[list[PublishLine], msgspec.Meta(max_length=8)]
    subscribe: Annotated[list[SubscribeLine], msgspec.Meta(max_length=32)]


class PauseMessage(_Wire, tag="pause", frozen=True):
    """Put the call on hold: no media, no charge. `note`: why, for the others and the receipt."""

    note: Note = ""


class ResumeMessage(_Wire, tag="resume", frozen=True):
    """Take back one's own pause. Each side takes back only its own."""


class CapMessage(_Wire, tag="cap", frozen=True):
    """The payer's own limit of the charge of this call; null: none. Never below what is charged already."""

    cap_minor: Minor | None


class GiftMessage(_Wire, tag="gift", frozen=True):
    """The host gives time that is not billed: the next `ms` of use."""

    ms: Annotated[int, msgspec.Meta(ge=1_000, le=3_600_000)]


class StateMessage(_Wire, tag="state", frozen=True):
    """What the others shall see of my devices."""

    mic: bool
    camera: bool
    screen: bool


class LeaveMessage(_Wire, tag="leave", frozen=True):
    """Hang up. When payer or host leaves, the call ends."""


# -- client to server, in presence (an expert's page) ------------------------------------------------------


class AcceptMessage(_Wire, tag="accept", frozen=True):
    """Take the ringing call; answered by `accepted` with a join token."""

    call: Id


class DeclineMessage(_Wire, tag="decline", frozen=True):
    """Do not take the ringing call; the caller is told, with the note if any. `to_line`: they shall wait."""

    call: Id
    note: Note = ""
    to_line: bool = False


# -- client to server, in the line (a caller's page) -------------------------------------------------------


class LeaveLineMessage(_Wire, tag="leave_line", frozen=True):
    """Give the place in the line up."""


CallClientMessage = (
    OfferMessage | PauseMessage | ResumeMessage | CapMessage | GiftMessage | StateMessage | LeaveMessage
    | ChatMessage
)  # fmt: skip
PresenceClientMessage = AcceptMessage | DeclineMessage
LineClientMessage = LeaveLineMessage
ClientMessage = CallClientMessage | PresenceClientMessage | LineClientMessage


# -- server to client --------------------------------------------------------------------------------------


class TariffView(msgspec.Struct, frozen=True):
    """A tariff as the page draws with it: see metering.tariff for the formula."""

    currency: str
    price_minor: int
    per_ms: int
    increment_ms: int
    minimum_ms: int
    free_ms: int


MeterState = Literal["waiting", "running", "paused", "reconnecting", "exhausted", "ended"]
MeterWhy = Literal[
    "ringing",            # waiting: nobody took the call yet
    "payer_connecting",   # waiting: the payer's media is not up yet
    "host_connecting",    # waiting: the host's media is not up yet
    "granting",           # waiting: the ledger has not answered yet
    "running",            # money runs
    "free",               # running, inside the free time
    "gift",               # running, inside time that the host gave away
    "payer_paused",       # paused
    "host_paused",        # paused
    "both_paused",        # paused
    "payer_lost",         # reconnecting
    "host_lost",          # reconnecting
    "funds",              # exhausted: media held, a top-up goes on
    "cap",                # exhausted: the payer's own cap is reached; media held, raising it goes on
    "ledger_silent",      # exhausted: the ledger does not answer
    "ended",              # ended
]  # fmt: skip


class MeterView(msgspec.Struct, frozen=True):
    """The meter, sent on change only; the page draws the running figure from it.

    `used_ms` at the instant of sending; it grows in real time while `state` is "running". For the payer
    `balance_minor` is what the wallet is worth with this call charged so far, `left_ms` the time until the
    funds of this call run out (all holds and the available balance counted), `low` when that is short.
    For others these are None/False. `earned_minor` is the host's share, None for others; with
    `host_share_bp` (basis points of the charge) the host's page draws it on between two messages.
    `soft_left_ms` is what remains of the soft landing while exhausted. `cap_minor` is the payer's own limit
    of the charge, for the payer only; `cap_binds`: it is reached before the funds run out. `gifted_ms` of the
    usage were given away by the host, `gift_left_ms` more come next; neither is billed. `pause_note` is what
    was said about the pause.
    """

    state: MeterState
    why: MeterWhy
    used_ms: int
    charge_minor: int
    tariff: TariffView
    balance_minor: int | None = None
    left_ms: int | None = None
    low: bool = False
    earned_minor: int | None = None
    host_share_bp: int | None = None
    soft_left_ms: int | None = None
    cap_minor: int | None = None
    cap_binds: bool = False
    gifted_ms: int = 0
    gift_left_ms: int = 0
    pause_note: str = ""


class TrackView(msgspec.Struct, frozen=True):
    """A published track one can subscribe to."""

    id: str
    kind: Literal["audio", "video"]
    source: Source
    active: bool


class ParticipantView(msgspec.Struct, frozen=True):
    """A participant as the others see it."""

    id: str
    name: str
    role: Role
    presence: Literal["absent", "connecting", "connected", "interrupted"]
    mic: bool
    camera: bool
    screen: bool
    tracks: list[TrackView]


class CallView(msgspec.Struct, frozen=True):
    """A call from outside. `media` is what the caller asked for; `end_reason` is "" before the end."""

    id: str
    state: Literal["ringing", "open", "ended"]
    media: Literal["video", "voice"]
    host_name: str
    host_slug: str
    payer_name: str
    created_at: str
    tariff: TariffView
    end_reason: str = ""


class WelcomeMessage(_Wire, tag="welcome", frozen=True):
    """First message in a call. `you` is the own participant id, equal over reconnections."""

    v: int
    call: CallView
    you: str
    role: Role
    participants: list[ParticipantView]
    meter: MeterView


class AnswerMessage(_Wire, tag="answer", frozen=True):
    """The SDP answer to offer `n`."""

    n: int
    sdp: str


class RoomMessage(_Wire, tag="room", frozen=True):
    """Who is here and what they publish. The whole list, on every change."""

    call: CallView
    participants: list[ParticipantView]


class MeterMessage(_Wire, tag="meter", frozen=True):
    """The meter changed."""

    meter: MeterView


class TipMessage(_Wire, tag="tip", frozen=True):
    """The payer gave a tip; for the host alone. `amount_minor` is the host's part of it."""

    amount_minor: int
    currency: str


EndReason = Literal[
    "payer_left", "host_left", "payer_gone", "host_gone", "funds", "cap", "declined", "passed", "no_answer",
    "cancelled", "host_offline", "setup_timeout", "ledger_silent", "operator", "shutdown", "recovered",
    "room_empty",
]  # fmt: skip


class EndedMessage(_Wire, tag="ended", frozen=True):
    """The call is over; `receipt` is the path of the receipt's page. The last message.

    `settled` is false when the ledger had not answered in time: the figures are the meter's, the receipt
    follows as soon as the ledger answers, and can only be cheaper.
    """

    call: str
    reason: EndReason
    note: str
    used_ms: int
    charge_minor: int
    currency: str
    receipt: str
    earned_minor: int | None = None
    balance_minor: int | None = None
    settled: bool = True


class SupersededMessage(_Wire, tag="superseded", frozen=True):
    """The same person opened the call elsewhere; this connection closes."""


class StoppingMessage(_Wire, tag="stopping", frozen=True):
    """The server is going down in order; come back in `retry_ms`."""

    retry_ms: int


class ErrorMessage(_Wire, tag="error", frozen=True):
    """A refusal; `code` is stable (docs/protocol.md); it answers the offer `n` or the chat message `id`."""

    code: str
    message: str
    n: int | None = None
    id: str | None = None


class IncomingCall(msgspec.Struct, frozen=True):
    """A call that rings at a host."""

    id: str
    payer_name: str
    media: Literal["video", "voice"]
    tariff: TariffView
    ring_left_ms: int


HostState = Literal["available", "busy", "paused", "away"]


class WaitingCaller(msgspec.Struct, frozen=True):
    """Somebody in the line, as the expert sees them. `here`: their page is open at this moment."""

    place: str
    name: str
    media: Literal["video", "voice"]
    wish: str
    tariff: TariffView
    joined_at: str
    state: Literal["waiting", "called", "ringing", "asleep"]
    here: bool


class OfficeView(msgspec.Struct, frozen=True):
    """Whether an expert takes calls. `back_at` is empty while open, and when nobody knows."""

    mode: Literal["off", "open", "hours"]
    state: Literal["open", "paused", "closed"]
    back_at: str
    stop_after_call: bool
    auto_accept: bool


class PresenceMessage(_Wire, tag="presence", frozen=True):
    """To an expert's page: the calls that ring now, and the call that is open (to come back to it)."""

    v: int
    ringing: list[IncomingCall]
    open_call: str | None = None
    line: list[WaitingCaller] = msgspec.field(default_factory=list)
    office: OfficeView | None = None


class AcceptedMessage(_Wire, tag="accepted", frozen=True):
    """The call is yours: join with `token`."""

    call: str
    token: str


class StoppedRingingMessage(_Wire, tag="stopped_ringing", frozen=True):
    """A call rings no more; `why` is an end reason or "accepted_elsewhere"."""

    call: str
    why: str


class PlaceView(msgspec.Struct, frozen=True):
    """A caller's place in a line. `tariff` is the price on joining, and stays.

    While `called`, it is this caller's turn for `reserved_left_ms`: make the call with the id `call`. While
    `ringing`, `call` is the call that rings. `why` says how it `ended`. `asleep`: a turn passed, and the
    place is stepped over until a page of the caller connects anew.
    """

    id: str
    host_name: str
    host_slug: str
    media: Literal["video", "voice"]
    wish: str
    tariff: TariffView
    state: Literal["waiting", "called", "ringing", "ended"]
    position: int
    wait_ms: int
    host: HostState
    back_at: str
    call: str = ""
    reserved_left_ms: int = 0
    why: Literal["served", "left", "missed", "declined", "expired", "host_gone"] | None = None
    asleep: bool = False


class PlaceMessage(_Wire, tag="place", frozen=True):
    """To a caller's page in the line: the place now, whole. The first message, and after every change."""

    v: int
    place: PlaceView


LineServerMessage = PlaceMessage | SupersededMessage | StoppingMessage | ErrorMessage
CallServerMessage = (
    WelcomeMessage | AnswerMessage | RoomMessage | MeterMessage | TipMessage | EndedMessage
    | ChatLineMessage | ChatHistoryMessage | QualityMessage
    | SupersededMessage | StoppingMessage | ErrorMessage
)  # fmt: skip
PresenceServerMessage = (
    PresenceMessage | AcceptedMessage | StoppedRingingMessage | SupersededMessage | StoppingMessage
    | ErrorMessage
)  # fmt: skip
ServerMessage = CallServerMessage | PresenceServerMessage | LineServerMessage
