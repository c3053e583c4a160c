"""A WebRTC implementation we did not write talks through the engine: aiortc's RTCPeerConnection."""

from __future__ import annotations

import asyncio
import fractions
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aioice import ice
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack
from av import VideoFrame
from rig.rooms import make_engine
from rig.waiting import until

from media.engine import Offer, PeerConnected, PeerEvent, PeerGone, Publish, Subscribe
from media.udp import UdpMediaEngine


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """aioice leaves loopback out; here it is the only network."""
    monkeypatch.setattr(ice, "get_host_addresses", lambda *_args, **_kwargs: ["127.0.0.1"])


class Picture(VideoStreamTrack):
    """A plain colour, told by its brightness."""

    def __init__(self, brightness: int) -> None:
        super().__init__()
        self.brightness = brightness

    async def recv(self) -> VideoFrame:
        pts, _ = await self.next_timestamp()
        frame = VideoFrame(160, 120, "yuv420p")
        for plane, value in zip(frame.planes, (self.brightness, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, fractions.Fraction(1, 90_000)
        return frame


def _spread(answer: str) -> str:
    """Candidates on every line: aiortc looks at the last one of a bundle, browsers at the first."""
    candidates = "".join(f"{line}\r\n" for line in answer.splitlines() if line.startswith("a=candidate:"))
    head, first, *others = answer.split("m=")
    return "m=".join([head, first, *(other + candidates for other in others)])


class Person:
    """A peer connection that publishes sound and a picture and watches the others."""

    def __init__(self, engine: UdpMediaEngine, name: str, brightness: int) -> None:
        self.engine, self.name = engine, name
        # With any other policy aiortc leaves the fourth line on a transport of its own.
        policy = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self.connection = RTCPeerConnection(policy)
        self.events: list[PeerEvent] = []
        self.heard: dict[str, int] = {}
        self.seen: dict[str, float] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.published: list[MediaStreamTrack] = [AudioStreamTrack(), Picture(brightness)]

    async def join(self, others: tuple[str, ...]) -> None:
        for track in self.published:
            self.connection.addTransceiver(track, direction="sendonly")
        wanted: list[str] = []
        for other in others:
            for source, kind in (("mic", "audio"), ("camera", "video")):
                self.connection.addTransceiver(kind, direction="recvonly")
                wanted.append(f"{other}.{source}")
        await self.connection.setLocalDescription(await self.connection.createOffer())
        mids = [transceiver.mid for transceiver in self.connection.getTransceivers()]
        publish = (Publish(mids[0], "mic"), Publish(mids[1], "camera"))
        subscribe = tuple(Subscribe(mid, track) for mid, track in zip(mids[2:], wanted, strict=True))
        self.engine.open_peer(self.name, self.name, "room", self.events.append)
        sdp = self.connection.localDescription.sdp
        answer = await self.engine.answer(self.name, Offer(sdp, publish, subscribe))
        await self.connection.setRemoteDescription(RTCSessionDescription(_spread(answer), "answer"))
        for transceiver, name in zip(self.connection.getTransceivers()[2:], wanted, strict=True):
            self._watch(transceiver.receiver.track, name)

    def _watch(self, track: MediaStreamTrack, name: str) -> None:
        async def drain() -> None:
            while True:
                frame = await track.recv()
                if isinstance(frame, VideoFrame):
                    middle = bytes(frame.planes[0])[60 * frame.planes[0].line_size :][:160]
                    self.seen[name] = sum(middle) / len(middle)
                self.heard[name] = self.heard.get(name, 0) + 1

        task = asyncio.create_task(drain())
        self.tasks.add(task)

    async def leave(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.connection.close()


@asynccontextmanager
async def room(*names: str) -> AsyncIterator[tuple[UdpMediaEngine, dict[str, Person]]]:
    engine = make_engine()
    await engine.start()
    people = {name: Person(engine, name, 60 + 70 * n) for n, name in enumerate(names)}
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.close)
        for name, person in people.items():
            stack.push_async_callback(person.leave)
            await person.join(tuple(other for other in names if other != name))
        yield engine, people


@pytest.mark.parametrize("names", [("ada", "bob"), ("ada", "bob", "cyd")])
async def test_everybody_sees_and_hears_everybody(names: tuple[str, ...]) -> None:
    async with room(*names) as (engine, people):
        for name, person in people.items():
            others = [other for other in names if other != name]
            await until(
                lambda p=person, o=others: all(  # type: ignore[misc]
                    p.heard.get(f"{other}.{source}", 0) > 10 for other in o for source in ("mic", "camera")
                ),
                f"{name} sees and hears",
                timeout_s=60,
            )
            for other in others:
                assert abs(person.seen[f"{other}.camera"] - people[other].published[1].brightness) < 12  # type: ignore[attr-defined]
        for person in people.values():
            assert any(isinstance(event, PeerConnected) for event in person.events)
        counters = engine.counters()
        assert counters["drop_srtp_forged"] == counters["drop_protect"] == counters["drop_no_codec"] == 0


async def test_who_closes_is_gone_at_once() -> None:
    async with room("ada", "bob") as (_, people):
        ada = people["ada"]
        await until(lambda: any(isinstance(event, PeerConnected) for event in ada.events), "connected", 60)
        await ada.leave()
        await until(lambda: any(isinstance(event, PeerGone) for event in ada.events), "gone", 20)
