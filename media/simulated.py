"""A media engine without a network: the twin of `media.udp` for tests and demonstrations.

By hand (the default) nothing happens until it is told: `connect`, `interrupt`, `resume`, `go`, `publish`.
With `automatic=True` a peer connects as soon as its first offer was answered, publishes what the offer
names, and stays alive until it is closed or its signaling is lost, which is how the real server runs with
simulated media (`kill -9` tests, load tests of the meter).

A connected peer's media flows without a gap: its last proof of life is the present instant. After
`interrupt(at_ms)` it stays at `at_ms`.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from media.engine import (
    Kind,
    Offer,
    OnPeerEvent,
    PeerConnected,
    PeerEvent,
    PeerGone,
    PeerInterrupted,
    PeerStats,
    Source,
    Track,
    TracksChanged,
    track_id,
)
from media.errors import MediaError

GONE_AFTER_MS = 30_000
MAX_LINES = 40


def kind_of(source: Source) -> Kind:
    """The kind of media a source is made of."""
    return "audio" if source in {"mic", "screen_audio"} else "video"


@dataclass(slots=True)
class _Peer:
    participant_id: str
    room_id: str
    on_event: OnPeerEvent
    state: Literal["new", "connected", "interrupted", "gone"] = "new"
    since_ms: int = 0
    alive_ms: int | None = None
    offers: int = 0
    subscribed: tuple[str, ...] = ()
    sources: dict[Source, bool] = field(default_factory=dict)


class SimulatedMediaEngine:
    """See the module. `now_ms` is the caller's monotonic clock."""

    def __init__(self, now_ms: Callable[[], int], *, automatic: bool = False) -> None:
        self._now_ms = now_ms
        self._automatic = automatic
        self._peers: dict[str, _Peer] = {}
        self._newest: dict[tuple[str, str], str] = {}
        self._held: set[str] = set()
        self._serial = itertools.count(1)
        self._timers: set[asyncio.TimerHandle] = set()
        self.lost: list[str] = []
        """Peers whose `signaling_lost` was called, in order, for tests to look at."""

    # -- the port ------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """See `MediaEngine`."""

    async def close(self) -> None:
        """See `MediaEngine`."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._peers.clear()
        self._newest.clear()
        self._held.clear()

    def open_peer(self, peer_id: str, participant_id: str, room_id: str, on_event: OnPeerEvent) -> None:
        """See `MediaEngine`."""
        self.close_peer(peer_id)
        older = self._newest.get((room_id, participant_id))
        if older is not None:
            self.close_peer(older)
        self._peers[peer_id] = _Peer(participant_id, room_id, on_event)
        self._newest[room_id, participant_id] = peer_id

    async def answer(self, peer_id: str, offer: Offer) -> str:
        """See `MediaEngine`. The answer is plausible, no more: no browser could use it."""
        peer = self._peers.get(peer_id)
        if peer is None:
            raise MediaError("media.unknown_peer", "This peer is closed or was never opened.")
        if not offer.sdp.startswith("v=0"):
            raise MediaError("media.bad_sdp", "The offer is not a session description.")
        if len(offer.publish) + len(offer.subscribe) > MAX_LINES:
            raise MediaError("media.too_many_tracks", f"An offer may have {MAX_LINES} lines.")
        peer.offers += 1
        peer.subscribed = tuple(line.track for line in offer.subscribe)
        if self._automatic:
            sources = [line.source for line in offer.publish]
            self._later(0, lambda: self._run(peer_id, sources))
        return self._sdp(offer)

    def signaling_lost(self, peer_id: str) -> None:
        """See `MediaEngine`. In automatic mode the client is taken to be gone with its signaling."""
        peer = self._peers.get(peer_id)
        if peer is None:
            return
        self.lost.append(peer_id)
        if self._automatic and peer.state == "connected":
            self.interrupt(peer_id)
            self._later(GONE_AFTER_MS, lambda: self.go(peer_id))

    def hold_room(self, room_id: str) -> None:
        """See `MediaEngine`."""
        self._held.add(room_id)

    def release_room(self, room_id: str) -> None:
        """See `MediaEngine`."""
        self._held.discard(room_id)

    def close_peer(self, peer_id: str) -> None:
        """See `MediaEngine`."""
        peer = self._peers.pop(peer_id, None)
        if peer is None:
            return
        key = (peer.room_id, peer.participant_id)
        if self._newest.get(key) == peer_id:
            del self._newest[key]
        if not any(other.room_id == peer.room_id for other in self._peers.values()):
            self._held.discard(peer.room_id)

    def last_alive_ms(self, peer_id: str) -> int | None:
        """See `MediaEngine`."""
        peer = self._peers.get(peer_id)
        if peer is None:
            return None
        return self._now_ms() if peer.state == "connected" else peer.alive_ms

    def tracks(self, room_id: str) -> Sequence[Track]:
        """See `MediaEngine`."""
        return [
            track
            for peer in self._peers.values()
            if peer.room_id == room_id
            for track in self._tracks_of(peer)
        ]

    def stats(self, peer_id: str) -> PeerStats | None:
        """See `MediaEngine`. 50 packets of 100 bytes a second each way while connected."""
        peer = self._peers.get(peer_id)
        if peer is None:
            return None
        end_ms = self.last_alive_ms(peer_id)
        packets = 0 if end_ms is None else max(0, end_ms - peer.since_ms) // 20
        return PeerStats(packets, packets, packets * 100, packets * 100, 0, 1 if packets else None)

    # -- the hand ------------------------------------------------------------------------------------------

    def connect(self, peer_id: str, at_ms: int | None = None) -> None:
        """Media is delivered from `at_ms` (default now) on. Also brings an interrupted peer back."""
        peer = self._peers[peer_id]
        if peer.state in {"connected", "gone"}:
            return
        at_ms = self._now_ms() if at_ms is None else at_ms
        peer.since_ms, peer.alive_ms, peer.state = at_ms, at_ms, "connected"
        self._send(peer_id, PeerConnected(peer_id, at_ms))

    def interrupt(self, peer_id: str, at_ms: int | None = None) -> None:
        """Media stopped; the last proof of life was at `at_ms` (default now)."""
        peer = self._peers[peer_id]
        if peer.state != "connected":
            return
        at_ms = self._now_ms() if at_ms is None else at_ms
        peer.alive_ms, peer.state = at_ms, "interrupted"
        self._send(peer_id, PeerInterrupted(peer_id, at_ms))

    def go(self, peer_id: str, at_ms: int | None = None) -> None:
        """The peer is gone; `at_ms` is its last proof of life (default: what is known, else now)."""
        peer = self._peers.get(peer_id)
        if peer is None or peer.state == "gone":
            return
        if at_ms is None:
            alive_ms = self.last_alive_ms(peer_id)
            at_ms = self._now_ms() if alive_ms is None else alive_ms
        peer.alive_ms, peer.state = at_ms, "gone"
        self._send(peer_id, PeerGone(peer_id, at_ms))

    def publish(self, peer_id: str, sources: Iterable[Source], *, active: bool = True) -> None:
        """From now on the peer's participant publishes exactly `sources`."""
        peer = self._peers[peer_id]
        peer.sources = dict.fromkeys(sources, active)
        self._send(peer_id, TracksChanged(peer_id, self._tracks_of(peer)))

    # -- for tests to look at ------------------------------------------------------------------------------

    @property
    def peer_ids(self) -> tuple[str, ...]:
        """The open peers, oldest first."""
        return tuple(self._peers)

    def peer_of(self, participant_id: str) -> str | None:
        """The newest open peer of a participant, in whatever room."""
        found = [peer_id for peer_id, peer in self._peers.items() if peer.participant_id == participant_id]
        return found[-1] if found else None

    def held(self, room_id: str) -> bool:
        """Whether the room is on hold."""
        return room_id in self._held

    def subscriptions(self, peer_id: str) -> tuple[str, ...]:
        """The track ids that the peer's last offer asked for."""
        return self._peers[peer_id].subscribed

    def offers(self, peer_id: str) -> int:
        """How many offers of the peer were answered."""
        return self._peers[peer_id].offers

    # -- inside --------------------------------------------------------------------------------------------

    def _run(self, peer_id: str, sources: list[Source]) -> None:
        peer = self._peers.get(peer_id)
        if peer is None:
            return
        if set(peer.sources) != set(sources):
            self.publish(peer_id, sources)
        self.connect(peer_id)

    def _later(self, ms: int, callback: Callable[[], None]) -> None:
        def fire() -> None:
            self._timers.discard(timer)
            callback()

        timer = asyncio.get_running_loop().call_later(ms / 1000, fire)
        self._timers.add(timer)

    def _send(self, peer_id: str, event: PeerEvent) -> None:
        peer = self._peers.get(peer_id)
        if peer is not None:
            peer.on_event(event)

    def _tracks_of(self, peer: _Peer) -> tuple[Track, ...]:
        return tuple(
            Track(track_id(peer.participant_id, source), kind_of(source), source, active)
            for source, active in peer.sources.items()
        )

    def _sdp(self, offer: Offer) -> str:
        mids = [line.mid for line in offer.publish] + [line.mid for line in offer.subscribe]
        lines = [
            "v=0",
            f"o=- {next(self._serial)} 1 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            "a=ice-lite",
            f"a=group:BUNDLE {' '.join(mids)}",
        ]
        sources = {line.mid: line.source for line in offer.publish}
        for mid in mids:
            source = sources.get(mid)
            kind = "video" if source is None else kind_of(source)
            lines += [
                f"m={kind} 9 UDP/TLS/RTP/SAVPF 96",
                "c=IN IP4 0.0.0.0",
                f"a=mid:{mid}",
                f"a={'sendonly' if source is None else 'recvonly'}",
                "a=rtcp-mux",
                "a=setup:passive",
            ]
        return "\r\n".join(lines) + "\r\n"
