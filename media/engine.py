"""The media port: what a call needs from WebRTC, and nothing more.

Adapters: `media.udp.UdpMediaEngine` (real) and `media.simulated.SimulatedMediaEngine` (in memory, hand
driven, for tests and demonstrations). Both keep the promises of `tests/contract/test_media_engine.py`.

Vocabulary (W3C WebRTC, RFC 8825): a *peer* is the server's end of one WebRTC connection; a *track* is one
audio or video source of a participant; a participant *publishes* and *subscribes*. A participant may have
many peers over time (reload, lost network), but only the newest counts: opening a peer supersedes the
participant's older one.

All instants are integer milliseconds of one monotonic clock, the same the caller reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Source = Literal["mic", "camera", "screen", "screen_audio"]
Kind = Literal["audio", "video"]


def track_id(participant_id: str, source: Source) -> str:
    """The id of a participant's track. Stable over reloads, so that subscriptions outlive a peer."""
    return f"{participant_id}.{source}"


@dataclass(frozen=True, slots=True)
class Publish:
    """One m-line of an offer on which the client sends: `mid` (RFC 8843) carries `source`."""

    mid: str
    source: Source


@dataclass(frozen=True, slots=True)
class Subscribe:
    """One recvonly m-line of an offer that shall carry `track`. The track may not exist yet."""

    mid: str
    track: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A client's SDP offer (RFC 8866) and the meaning of its m-lines. The client always offers."""

    sdp: str
    publish: tuple[Publish, ...]
    subscribe: tuple[Subscribe, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """A track that is published now. `active` is false when nothing arrives on it (muted by removal)."""

    id: str
    kind: Kind
    source: Source
    active: bool


@dataclass(frozen=True, slots=True)
class PeerConnected:
    """Media is delivered: DTLS stands, a first media packet was authenticated, the way back is proven.

    Also sent when an interrupted peer came back; `at_ms` is then the start of the renewed proof.
    """

    peer_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class PeerInterrupted:
    """Proof of life ran out. `at_ms` is the *last* proof of life, so it lies in the past."""

    peer_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class PeerGone:
    """Interrupted for longer than the limit, or closed by DTLS close_notify. Final for this peer."""

    peer_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class TracksChanged:
    """What the participant publishes has changed. `tracks` is the whole list."""

    peer_id: str
    tracks: tuple[Track, ...]


PeerEvent = PeerConnected | PeerInterrupted | PeerGone | TracksChanged
OnPeerEvent = Callable[[PeerEvent], None]


@dataclass(frozen=True, slots=True)
class PeerStats:
    """Counters of one peer since it was opened (the RTCStats names of W3C webrtc-stats).

    `packets_lost`: of what the client sent. Of what is sent to the client, its receiver reports say
    `reported_lost` of `packets_reported`; what was lost before it came to the server is not counted again.
    `jitter_ms`, `reported_jitter_ms`: of what the client sends and gets (RFC 3550, 6.4.1), of sound where
    there is any.
    """

    packets_received: int
    packets_sent: int
    bytes_received: int
    bytes_sent: int
    packets_lost: int
    round_trip_ms: int | None
    packets_reported: int = 0
    reported_lost: int = 0
    jitter_ms: int | None = None
    reported_jitter_ms: int | None = None


class MediaEngine(Protocol):
    """Rooms of peers that hear and see each other. Synchronous except where the network is waited for."""

    async def start(self) -> None:
        """Bind the port.

        Raises `MediaError` with `media.port_in_use` when it is taken, `media.bad_address` when a name in
        the announced host is unknown.
        """

    async def close(self) -> None:
        """Close every peer (DTLS close_notify) and the port. No event is sent after it returns."""

    def open_peer(self, peer_id: str, participant_id: str, room_id: str, on_event: OnPeerEvent) -> None:
        """Make a peer that waits for its first offer; silently closes the participant's older peer.

        `on_event` is called synchronously and must not block. A superseded or closed peer sends nothing.
        Raises `MediaError("media.full")` when the engine has as many peers as it may.
        """

    async def answer(self, peer_id: str, offer: Offer) -> str:
        """Negotiate (JSEP, RFC 8829) and return the SDP answer. Also for every later offer.

        Raises `MediaError` with `media.bad_sdp`, `media.no_codec`, `media.unknown_peer`,
        `media.too_many_tracks`.
        """

    def signaling_lost(self, peer_id: str) -> None:
        """The signaling connection closed cleanly (page gone): judge silence after 1.0 s, not 2.5 s."""

    def hold_room(self, room_id: str) -> None:
        """Stop forwarding in the room; peers stay connected and alive (pause, soft landing).

        A room exists while it has peers: hold again when the first one opens.
        """

    def release_room(self, room_id: str) -> None:
        """Forward again, video from a fresh keyframe."""

    def close_peer(self, peer_id: str) -> None:
        """Close and forget the peer. Idempotent. Sends no event."""

    def last_alive_ms(self, peer_id: str) -> int | None:
        """The last proof of life of a peer, or None before the first and for unknown peers."""

    def tracks(self, room_id: str) -> Sequence[Track]:
        """Every track published in the room."""

    def stats(self, peer_id: str) -> PeerStats | None:
        """Counters of a peer, or None when it is unknown."""
