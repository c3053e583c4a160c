"""What every media engine promises (see `media.engine`), asked of the simulated and of the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Protocol

import pytest
from rig.media_client import MediaClient
from rig.rooms import make_engine, now_ms
from rig.waiting import until

from media.engine import (
    MediaEngine,
    Offer,
    PeerConnected,
    PeerEvent,
    PeerGone,
    Publish,
    Source,
    Subscribe,
    TracksChanged,
    track_id,
)
from media.errors import MediaError
from media.simulated import SimulatedMediaEngine
from media.udp import UdpMediaEngine


class Hand(Protocol):
    """How a test moves the people of an engine."""

    async def talk(self, seat: Seat) -> None:
        """Connect and send media."""

    async def leave(self, seat: Seat) -> None:
        """Close in order, as a page does."""


@dataclass
class Seat:
    """A participant's client, its peer, and what was said of the peer."""

    engine: MediaEngine
    peer: str
    participant: str
    client: MediaClient
    events: list[PeerEvent] = field(default_factory=list)

    def open(self, room: str = "room") -> None:
        self.engine.open_peer(self.peer, self.participant, room, self.events.append)

    def offer(self) -> Offer:
        publish = tuple(Publish(mid, source) for source, mid in self.client.publish_mids.items())  # type: ignore[arg-type]
        subscribe = tuple(Subscribe(mid, track) for track, mid in self.client.subscribe_mids.items())
        return Offer(self.client.offer(), publish, subscribe)

    async def negotiate(self) -> str:
        return await self.engine.answer(self.peer, self.offer())


@dataclass
class SimulatedHand:
    """Tells the simulated engine what happens."""

    engine: SimulatedMediaEngine

    async def talk(self, seat: Seat) -> None:
        await seat.negotiate()
        sources: list[Source] = list(seat.client.publish_mids)  # type: ignore[arg-type]
        self.engine.publish(seat.peer, sources)
        self.engine.connect(seat.peer)

    async def leave(self, seat: Seat) -> None:
        self.engine.go(seat.peer)


class RealHand:
    """Has a client do it over the network."""

    async def talk(self, seat: Seat) -> None:
        seat.client.accept(await seat.negotiate())
        await seat.client.ready()
        seat.client.play()
        await until(
            lambda: (
                any(isinstance(event, PeerConnected) for event in seat.events)
                and any(
                    isinstance(event, TracksChanged) and all(track.active for track in event.tracks)
                    for event in seat.events
                )
            ),
            "connected and heard",
        )

    async def leave(self, seat: Seat) -> None:
        seat.client.close()
        await until(lambda: any(isinstance(event, PeerGone) for event in seat.events), "gone")


@dataclass
class House:
    """An engine, its hand, and people to seat."""

    engine: MediaEngine
    hand: Hand
    seats: list[Seat] = field(default_factory=list)

    def seat(self, participant: str, *watched: str, peer: str | None = None) -> Seat:
        client = MediaClient(
            participant,
            publish={"mic": "audio", "camera": "video"},
            subscribe={track_id(other, "camera"): "video" for other in watched},
        )
        seat = Seat(self.engine, peer or f"peer-{len(self.seats)}", participant, client)
        self.seats.append(seat)
        return seat


def _simulated() -> tuple[MediaEngine, Hand]:
    engine = SimulatedMediaEngine(now_ms)
    return engine, SimulatedHand(engine)


def _real() -> tuple[MediaEngine, Hand]:
    return make_engine(), RealHand()


@pytest.fixture(params=[_simulated, _real], ids=["simulated", "udp"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    make: Callable[[], tuple[MediaEngine, Hand]] = request.param
    house = House(*make())
    await house.engine.start()
    yield house
    for seat in house.seats:
        seat.client.close()
    await house.engine.close()


async def test_a_peer_connects_and_its_tracks_are_told(house: House) -> None:
    ada = house.seat("ada")
    ada.open()
    began_ms = now_ms()
    await house.hand.talk(ada)
    (connected,) = [event for event in ada.events if isinstance(event, PeerConnected)]
    assert connected.peer_id == ada.peer
    assert began_ms <= connected.at_ms <= now_ms()
    told = [event for event in ada.events if isinstance(event, TracksChanged)][-1].tracks
    assert [(track.id, track.kind, track.source, track.active) for track in told] == [
        ("ada.mic", "audio", "mic", True),
        ("ada.camera", "video", "camera", True),
    ]
    assert tuple(house.engine.tracks("room")) == told


async def test_the_last_proof_of_life_is_none_before_the_first_and_then_now(house: House) -> None:
    ada = house.seat("ada")
    assert house.engine.last_alive_ms(ada.peer) is None
    ada.open()
    assert house.engine.last_alive_ms(ada.peer) is None
    await ada.negotiate()
    assert house.engine.last_alive_ms(ada.peer) is None
    await house.hand.talk(ada)
    alive_ms = house.engine.last_alive_ms(ada.peer)
    assert alive_ms is not None
    assert now_ms() - 5_000 < alive_ms <= now_ms()


async def test_statistics_are_of_open_peers_and_begin_at_nought(house: House) -> None:
    ada = house.seat("ada")
    assert house.engine.stats(ada.peer) is None
    ada.open()
    stats = house.engine.stats(ada.peer)
    assert stats is not None
    assert (stats.packets_received, stats.packets_sent, stats.bytes_received, stats.bytes_sent) == (
        0,
        0,
        0,
        0,
    )
    house.engine.close_peer(ada.peer)
    assert house.engine.stats(ada.peer) is None


async def test_leaving_is_final(house: House) -> None:
    ada = house.seat("ada")
    ada.open()
    await house.hand.talk(ada)
    await house.hand.leave(ada)
    (gone,) = [event for event in ada.events if isinstance(event, PeerGone)]
    assert gone.at_ms <= now_ms()
    assert house.engine.last_alive_ms(ada.peer) == gone.at_ms


async def test_a_closed_peer_says_nothing_and_is_forgotten(house: House) -> None:
    ada = house.seat("ada")
    ada.open()
    await house.hand.talk(ada)
    said = len(ada.events)
    house.engine.close_peer(ada.peer)
    house.engine.close_peer(ada.peer)
    assert len(ada.events) == said
    assert house.engine.tracks("room") == []
    assert house.engine.last_alive_ms(ada.peer) is None
    with pytest.raises(MediaError) as caught:
        await ada.negotiate()
    assert caught.value.code == "media.unknown_peer"


async def test_a_new_peer_of_a_participant_supersedes_the_older_silently(house: House) -> None:
    old, new = house.seat("ada"), house.seat("ada")
    old.open()
    await house.hand.talk(old)
    said = len(old.events)
    new.open()
    assert len(old.events) == said
    assert house.engine.stats(old.peer) is None
    with pytest.raises(MediaError):
        await old.negotiate()
    await house.hand.talk(new)
    assert len(old.events) == said
    assert [track.id for track in house.engine.tracks("room")] == ["ada.mic", "ada.camera"]


async def test_the_same_participant_in_two_rooms_is_two(house: House) -> None:
    here, there = house.seat("ada"), house.seat("ada")
    here.open("room")
    there.open("other")
    assert house.engine.stats(here.peer) is not None
    assert house.engine.stats(there.peer) is not None


async def test_rooms_keep_their_tracks_apart(house: House) -> None:
    ada, bob = house.seat("ada"), house.seat("bob")
    ada.open("room")
    bob.open("other")
    await house.hand.talk(ada)
    assert {track.id for track in house.engine.tracks("room")} == {"ada.mic", "ada.camera"}
    assert house.engine.tracks("other") == []
    assert house.engine.tracks("nowhere") == []


async def test_every_offer_is_answered(house: House) -> None:
    ada = house.seat("ada", "bob")
    ada.open()
    first = await ada.negotiate()
    ada.client.add_subscribe("cyd.camera", "video")
    second = await ada.negotiate()
    for text, lines in ((first, 3), (second, 4)):
        assert text.startswith("v=0\r\n")
        assert text.count("\r\nm=") == lines


async def test_nonsense_is_refused_and_forgotten(house: House) -> None:
    ada = house.seat("ada")
    ada.open()
    with pytest.raises(MediaError) as caught:
        await house.engine.answer(ada.peer, Offer("hello", (), ()))
    assert caught.value.code == "media.bad_sdp"
    many = tuple(Subscribe(str(n), f"bob.{n}") for n in range(200))
    with pytest.raises(MediaError) as caught:
        await house.engine.answer(ada.peer, Offer(ada.client.offer(), (), many))
    assert caught.value.code == "media.too_many_tracks"
    assert await ada.negotiate()


async def test_a_room_on_hold_keeps_its_peers(house: House) -> None:
    house.engine.hold_room("nowhere")
    house.engine.release_room("nowhere")
    ada = house.seat("ada")
    ada.open()
    await house.hand.talk(ada)
    said = len(ada.events)
    house.engine.hold_room("room")
    house.engine.release_room("room")
    house.engine.release_room("room")
    assert len(ada.events) == said
    assert house.engine.stats(ada.peer) is not None


async def test_signaling_lost_is_heard_for_any_peer(house: House) -> None:
    ada = house.seat("ada")
    house.engine.signaling_lost(ada.peer)
    ada.open()
    house.engine.signaling_lost(ada.peer)
    assert ada.events == []


async def test_closing_the_engine_closes_everything_silently(house: House) -> None:
    ada = house.seat("ada")
    ada.open()
    await house.hand.talk(ada)
    said = len(ada.events)
    await house.engine.close()
    assert len(ada.events) == said
    assert house.engine.stats(ada.peer) is None


async def test_a_taken_port_is_refused_by_name() -> None:
    first = make_engine()
    await first.start()
    second = UdpMediaEngine(type(first.options)(host="127.0.0.1", port=first.port), now_ms)
    with pytest.raises(MediaError) as caught:
        await second.start()
    assert caught.value.code == "media.port_in_use"
    await first.close()


async def test_an_unknown_announced_host_is_refused_by_name() -> None:
    options = type(make_engine().options)(host="127.0.0.1", announced_host="no.such.host.invalid")
    with pytest.raises(MediaError) as caught:
        await UdpMediaEngine(options, now_ms).start()
    assert caught.value.code == "media.bad_address"


async def test_a_full_engine_refuses_by_name() -> None:
    options = type(make_engine().options)(host="127.0.0.1", max_peers=2)
    engine = UdpMediaEngine(options, now_ms)
    for name in ("ada", "bob"):
        engine.open_peer(name, name, "room", lambda _: None)
    with pytest.raises(MediaError) as caught:
        engine.open_peer("cyd", "cyd", "room", lambda _: None)
    assert caught.value.code == "media.full"
    # Who supersedes takes no more room.
    engine.open_peer("ada again", "ada", "room", lambda _: None)
    engine.close_peer("bob")
    engine.open_peer("cyd", "cyd", "room", lambda _: None)


async def test_an_owner_that_fails_harms_nobody() -> None:
    engine = make_engine()
    await engine.start()
    house = House(engine, RealHand())
    ada = house.seat("ada")

    def fail(event: PeerEvent) -> None:
        ada.events.append(event)
        raise RuntimeError(str(event))

    engine.open_peer(ada.peer, "ada", "room", fail)
    await house.hand.talk(ada)
    await house.hand.leave(ada)
    assert isinstance(ada.events[-1], PeerGone)
    await engine.close()
