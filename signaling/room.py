"""The room of a call: who is in it, on which connection, with which peer. Knows no money.

A participant is a person in the room and outlives connections and peers. It has at most one of each:

    a new connection (reload, second tab, new network)   supersedes the old one, which is told and closed
    an offer of a new peer connection                    supersedes the old peer, which is closed
    a connection that is lost                            leaves the peer: media may go on without signaling
    a peer that is gone                                  leaves the connection: the page offers again

Payer and host are in the room from its beginning; a guest from joining until both its connection and its peer
are gone. Only the current peer's events count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import structlog

from media.engine import (
    Offer,
    PeerConnected,
    PeerEvent,
    PeerGone,
    PeerInterrupted,
    Publish,
    Subscribe,
    Track,
    TracksChanged,
)
from media.errors import MediaError
from metering.facts import Party

from .errors import MESSAGES, Refused
from .events import Answered, Connection, Event
from .messages import (
    AnswerMessage,
    CallServerMessage,
    ErrorMessage,
    OfferMessage,
    ParticipantView,
    Role,
    StateMessage,
    SupersededMessage,
    TrackView,
)
from .offers import OfferMark
from .ports import RoomPorts
from .quality import CallQuality
from .supervisor import within
from .tokens import JoinClaims

log = structlog.get_logger("signaling.room")


@dataclass(slots=True)
class Participant:
    """A person in the room."""

    id: str
    person: str
    name: str
    role: Role
    connection: Connection | None = None
    peer_id: str | None = None
    peer_state: Literal["none", "new", "up", "down"] = "none"
    mark: OfferMark | None = None
    was_up: bool = False
    proof_ms: int | None = None
    """The last proof of life that was seen; of the newest peer that had any."""
    tracks: tuple[Track, ...] = ()
    devices: StateMessage = StateMessage(mic=False, camera=False, screen=False)  # noqa: RUF009 - frozen
    answering: bool = False
    waiting_offer: tuple[Connection, OfferMessage] | None = None

    def view(self) -> ParticipantView:
        """As the others see it."""
        presence: Literal["absent", "connecting", "connected", "interrupted"]
        match self.peer_state:
            case "up":
                presence = "connected"
            case "down":
                presence = "interrupted"
            case "none" | "new":
                presence = "absent" if self.connection is None else "connecting"
        return ParticipantView(
            id=self.id, name=self.name, role=self.role, presence=presence,
            mic=self.devices.mic, camera=self.devices.camera, screen=self.devices.screen,
            tracks=[TrackView(track.id, track.kind, track.source, track.active) for track in self.tracks],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class MediaTurn:
    """A participant's media came (`up`) or went; `at_ms` may lie in the past."""

    participant: Participant
    up: bool
    at_ms: int


class Room:
    """See the module. `post` puts an event into the call's inbox."""

    def __init__(
        self, room_id: str, payer: tuple[str, str], host: tuple[str, str], *, voice_only: bool,
        ports: RoomPorts, post: Callable[[Event], object],
    ) -> None:  # fmt: skip
        self.id = room_id
        self.payer = Participant(f"{room_id}-payer", *payer, role="payer")
        self.host = Participant(f"{room_id}-host", *host, role="host")
        self._guests: dict[str, Participant] = {}
        self._guest_numbers = 0
        self._peers = 0
        self._held = False
        self._voice_only = voice_only
        self._ports = ports
        self._post = post
        self._quality = CallQuality()
        self._own_track = re.compile(
            rf"{re.escape(room_id)}-(payer|host|guest-[0-9]+)\.(mic|camera|screen|screen_audio)"
        )

    def __iter__(self) -> Iterator[Participant]:
        yield self.payer
        yield self.host
        yield from self._guests.values()

    def party(self, party: Party) -> Participant:
        """Payer or host."""
        return self.payer if party == "payer" else self.host

    def of_connection(self, connection: Connection) -> Participant | None:
        """Who is on this connection; None for a superseded one."""
        return next((one for one in self if one.connection is connection), None)

    def has_place_for(self, guest: str) -> bool:
        """Whether this guest is in already or there is room for one more."""
        return guest in self._guests or len(self._guests) < self._ports.options.max_guests

    # -- connections ---------------------------------------------------------------------------------------

    def join(self, claims: JoinClaims, connection: Connection) -> Participant | Refused:
        """Let a connection in; an older one of the same person is told that it is superseded."""
        match claims.role:
            case "payer":
                participant = self.payer
            case "host":
                participant = self.host
            case "guest":
                if not self.has_place_for(claims.person):
                    return Refused.of("room.full")
                participant = self._guest(claims)
        if participant.connection is not None:
            participant.connection.send(SupersededMessage())
            participant.connection.close()
        participant.connection = connection
        participant.waiting_offer = None
        return participant

    def drop(self, connection: Connection, *, clean: bool) -> Participant | None:
        """A connection is gone. `clean`: silence of its media is judged sooner from now on."""
        participant = self.of_connection(connection)
        if participant is None:
            return None
        participant.connection = None
        participant.waiting_offer = None
        if clean and participant.peer_id is not None:
            self._ports.media.signaling_lost(participant.peer_id)
        self._forget_absent_guest(participant)
        return participant

    def remove(self, participant: Participant) -> None:
        """A guest hung up."""
        if participant.connection is not None:
            participant.connection.close()
        self._close_peer(participant)
        self._guests.pop(participant.person, None)

    def close(self) -> None:
        """Close every peer. Connections stay until they were told the end."""
        for participant in self:
            self._close_peer(participant)
            participant.waiting_offer = None

    def _guest(self, claims: JoinClaims) -> Participant:
        guest = self._guests.get(claims.person)
        if guest is None:
            self._guest_numbers += 1
            guest_id = f"{self.id}-guest-{self._guest_numbers}"
            guest = self._guests[claims.person] = Participant(guest_id, claims.person, claims.name, "guest")
        return guest

    def _forget_absent_guest(self, participant: Participant) -> None:
        if participant.role == "guest" and participant.connection is None and participant.peer_id is None:
            self._guests.pop(participant.person, None)

    # -- peers ---------------------------------------------------------------------------------------------

    def offer(self, participant: Participant, message: OfferMessage) -> MediaTurn | Refused | None:
        """Negotiate; the answer comes back as `Answered`. A turn when the old peer's media ends by this."""
        connection = participant.connection
        if connection is None:
            return None
        refused = self._check(message)
        if refused is not None:
            return refused
        if participant.answering:
            # One negotiation at a time. A page that offers again has given the waiting offer up.
            participant.waiting_offer = (connection, message)
            return None
        mark = OfferMark.of(message.sdp)
        turn = None
        if (
            participant.peer_id is None
            or participant.mark is None
            or not mark.is_same_connection(participant.mark)
        ):
            turn = self._open_peer(participant)
        participant.mark = mark
        participant.answering = True
        answering = self._answer(participant.id, participant.peer_id, connection, message)
        self._ports.supervisor.spawn(f"answer:{participant.id}", answering)
        return turn

    def answered(self, event: Answered) -> MediaTurn | None:
        """Pass the answer on, then take up the offer that waited."""
        participant = next((one for one in self if one.id == event.participant_id), None)
        if event.sdp is not None:
            event.connection.send(AnswerMessage(n=event.n, sdp=event.sdp))
        else:
            event.connection.send(ErrorMessage(code=event.code, message=event.message, n=event.n))
        if participant is None:
            return None
        participant.answering = False
        waiting, participant.waiting_offer = participant.waiting_offer, None
        if waiting is None or waiting[0] is not participant.connection:
            return None
        turn = self.offer(participant, waiting[1])
        return turn if isinstance(turn, MediaTurn) else None

    def peer_event(self, event: PeerEvent) -> MediaTurn | None:
        """Take in what the media engine tells; a turn when payer's, host's or guest's media came or went."""
        participant = next((one for one in self if one.peer_id == event.peer_id), None)
        if participant is None:
            return None
        match event:
            case TracksChanged():
                participant.tracks = event.tracks
                return None
            case PeerConnected():
                participant.peer_state, participant.was_up = "up", True
                participant.proof_ms = max(event.at_ms, participant.proof_ms or event.at_ms)
                return MediaTurn(participant, up=True, at_ms=event.at_ms)
            case PeerInterrupted():
                return self._down(participant, event.at_ms)
            case PeerGone():
                turn = self._down(participant, event.at_ms)
                self._close_peer(participant)
                self._forget_absent_guest(participant)
                return turn

    def proof_of(self, participant: Participant) -> int | None:
        """The last proof of life of the participant's media, or None before the first."""
        if participant.peer_state == "up" and participant.peer_id is not None:
            alive_ms = self._ports.media.last_alive_ms(participant.peer_id)
            if alive_ms is not None:
                participant.proof_ms = alive_ms
        return participant.proof_ms

    def proof_ms(self) -> int | None:
        """Until when both payer's and host's delivery is proven; None while either never delivered."""
        payer_ms, host_ms = self.proof_of(self.payer), self.proof_of(self.host)
        return None if payer_ms is None or host_ms is None else min(payer_ms, host_ms)

    def _down(self, participant: Participant, at_ms: int) -> MediaTurn | None:
        if participant.peer_state != "up":
            return None
        participant.peer_state, participant.proof_ms = "down", at_ms
        return MediaTurn(participant, up=False, at_ms=at_ms)

    def _open_peer(self, participant: Participant) -> MediaTurn | None:
        last_ms = self.proof_of(participant)
        turn = None if last_ms is None else self._down(participant, last_ms)
        self._close_peer(participant)
        self._peers += 1
        participant.peer_id = f"{participant.id}.{self._peers}"
        if not participant.was_up:
            participant.peer_state = "new"
        try:
            self._ports.media.open_peer(participant.peer_id, participant.id, self.id, self._heard)
        except MediaError as error:
            log.warning("peer_refused", peer=participant.peer_id, code=error.code)
            participant.peer_id = None
        if self._held:
            # The engine forgets a hold with the room's last peer, and a room without peers cannot be held.
            self._ports.media.hold_room(self.id)
        return turn

    def _heard(self, event: PeerEvent) -> None:
        self._post(event)

    def _close_peer(self, participant: Participant) -> None:
        if participant.peer_id is not None:
            self._ports.media.close_peer(participant.peer_id)
        participant.peer_id, participant.mark, participant.tracks = None, None, ()
        if participant.peer_state != "none":
            participant.peer_state = "down" if participant.was_up else "none"

    async def _answer(
        self, participant_id: str, peer_id: str | None, connection: Connection, message: OfferMessage
    ) -> None:
        """Negotiate and post the answer. `peer_id` is None when the engine had no place for a new peer."""
        offer = Offer(
            message.sdp,
            tuple(Publish(line.mid, line.source) for line in message.publish),
            tuple(Subscribe(line.mid, line.track) for line in message.subscribe),
        )
        timeout_ms = self._ports.options.answer_timeout_ms
        sdp, code, text = None, "media.full", MESSAGES["media.full"]
        try:
            if peer_id is not None:
                sdp = await within(self._ports.clock, timeout_ms, self._ports.media.answer(peer_id, offer))
        except MediaError as error:
            code, text = error.code, str(error)
        except Exception:
            # Whatever an offer provokes, the call goes on.
            code, text = "media.unavailable", MESSAGES["media.unavailable"]
            log.exception("answer_failed", peer=peer_id)
        self._post(Answered(participant_id, connection, message.n, sdp, code, text))

    def _check(self, message: OfferMessage) -> Refused | None:
        if self._voice_only and any(line.source in ("camera", "screen") for line in message.publish):
            return Refused.of("call.voice_only")
        mids = [line.mid for line in message.publish] + [line.mid for line in message.subscribe]
        if len(mids) != len(set(mids)):
            return Refused("message.malformed", "An m-line is named twice.")
        if any(self._own_track.fullmatch(line.track) is None for line in message.subscribe):
            return Refused("role.forbidden", "The track belongs to another room.")
        return None

    # -- holding -------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Nothing is forwarded, for peers that come meanwhile either."""
        self._held = True
        self._ports.media.hold_room(self.id)

    def release(self) -> None:
        """Forward again."""
        self._held = False
        self._ports.media.release_room(self.id)

    # -- telling -------------------------------------------------------------------------------------------

    def views(self) -> list[ParticipantView]:
        """Everybody in the room."""
        return [participant.view() for participant in self]

    def tell(self, message_for: Callable[[Participant], CallServerMessage]) -> None:
        """Send each connected participant its message."""
        for participant in self:
            if participant.connection is not None:
                participant.connection.send(message_for(participant))

    def tell_quality(self, now_ms: int) -> None:
        """Tell payer and host how good their connections are, when that is news."""
        media = self._ports.media
        payer, host = (
            (each.peer_id, media.stats(each.peer_id) if each.peer_id and each.peer_state == "up" else None)
            for each in (self.payer, self.host)
        )
        message = self._quality.look(payer, host, now_ms)
        for each in (self.payer, self.host):
            if message is not None and each.connection is not None:
                each.connection.send(message)

    def disconnect(self) -> None:
        """Close every connection, after what was sent."""
        for participant in self:
            if participant.connection is not None:
                participant.connection.close()
                participant.connection = None
