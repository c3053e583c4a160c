"""The glue between the rig's clients and the media engine: people in a room, and what was said of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rig.media_client import MediaClient
from rig.pacer import Pacer
from rig.waiting import until

from media.engine import (
    MediaEngine,
    Offer,
    PeerConnected,
    PeerEvent,
    PeerGone,
    PeerInterrupted,
    Publish,
    Subscribe,
    TracksChanged,
    track_id,
)
from media.udp import MediaOptions, UdpMediaEngine

E = TypeVar("E", PeerConnected, PeerInterrupted, PeerGone, TracksChanged)


def now_ms() -> int:
    """The clock of engine and tests."""
    return time.monotonic_ns() // 1_000_000


def make_engine(*, announced_port: int = 0, **options: Any) -> UdpMediaEngine:
    """A real engine on a free loopback port."""
    chosen = MediaOptions(host="127.0.0.1", port=0, announced_host="127.0.0.1", announced_port=announced_port)
    return UdpMediaEngine(chosen, now_ms)


@dataclass(slots=True)
class Seat:
    """A person in a room: client, peer and the events of the peer."""

    name: str
    room: str
    peer: str
    client: MediaClient
    engine: MediaEngine
    events: list[PeerEvent] = field(default_factory=list)
    heard_ms: list[int] = field(default_factory=list)

    def hear(self, event: PeerEvent) -> None:
        """Take an event from the engine, with the instant of its sending."""
        self.events.append(event)
        self.heard_ms.append(now_ms())

    def all(self, kind: type[E]) -> list[E]:
        """Events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    async def connected(self, times: int = 1) -> PeerConnected:
        """Wait for the n-th `PeerConnected`."""
        await until(lambda: len(self.all(PeerConnected)) >= times, f"{self.name} connected")
        return self.all(PeerConnected)[times - 1]

    async def interrupted(self, times: int = 1) -> PeerInterrupted:
        """Wait for the n-th `PeerInterrupted`."""
        await until(lambda: len(self.all(PeerInterrupted)) >= times, f"{self.name} interrupted")
        return self.all(PeerInterrupted)[times - 1]

    async def negotiate(self) -> None:
        """Offer and take the answer."""
        publish = tuple(Publish(mid, source) for source, mid in self.client.publish_mids.items())  # type: ignore[arg-type]
        subscribe = tuple(Subscribe(mid, track) for track, mid in self.client.subscribe_mids.items())
        self.client.accept(
            await self.engine.answer(self.peer, Offer(self.client.offer(), publish, subscribe))
        )


_peers = iter(range(1, 1 << 60))


async def take_seat(
    engine: MediaEngine,
    room: str,
    name: str,
    others: tuple[str, ...] = (),
    *,
    voice: bool = False,
    **client: Any,
) -> Seat:
    """Join: publish microphone and camera, subscribe to the others' (whether they are there or not)."""
    publish = {"mic": "audio"} if voice else {"mic": "audio", "camera": "video"}
    subscribe = {track_id(other, source): kind for other in others for source, kind in publish.items()}  # type: ignore[arg-type]
    seat = Seat(
        name,
        room,
        f"peer{next(_peers)}",
        MediaClient(name, publish=publish, subscribe=subscribe, **client),  # type: ignore[arg-type]
        engine,
    )
    engine.open_peer(seat.peer, name, room, seat.hear)
    await seat.negotiate()
    return seat


async def call_of_two(engine: MediaEngine, room: str = "room", **client: Any) -> tuple[Seat, Seat]:
    """Ada and Bob, connected and playing."""
    client.setdefault("pacer", Pacer())
    seats = (
        await take_seat(engine, room, f"{room}-ada", (f"{room}-bob",), **client),
        await take_seat(engine, room, f"{room}-bob", (f"{room}-ada",), **client),
    )
    for seat in seats:
        await seat.client.ready()
        seat.client.play()
    for seat in seats:
        await seat.connected()
    return seats
