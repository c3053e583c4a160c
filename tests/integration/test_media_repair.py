"""What keeps a call watchable: retransmission, keyframes, reports and continuity, seen from the other end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from types import MappingProxyType

import pytest
from rig.complaints import no_complaints
from rig.media_client import MediaClient, closing
from rig.pacer import Pacer
from rig.rooms import Seat, call_of_two, make_engine, now_ms, take_seat
from rig.rtcp import Remb, unix_ns_of
from rig.session_description import MID_URI
from rig.streams import H264_SHAPES, SHAPES, SMALL_SHAPES, Received, ReceivedStream, SentStream
from rig.udp_gate import UdpGate
from rig.waiting import until

from media.engine import PeerInterrupted, TracksChanged
from media.udp import UdpMediaEngine

ADA, BOB = "room-ada", "room-bob"
CAMERA, MIC = f"{ADA}.camera", f"{ADA}.mic"


@pytest.fixture
async def gate() -> AsyncIterator[UdpGate]:
    async with no_complaints(), UdpGate(seed=3) as gate:
        yield gate


@pytest.fixture
async def engine(gate: UdpGate) -> AsyncIterator[UdpMediaEngine]:
    engine = make_engine(announced_port=gate.port)
    await engine.start()
    gate.aim("127.0.0.1", engine.port)
    yield engine
    await engine.close()


@pytest.fixture
async def seats(engine: UdpMediaEngine) -> AsyncIterator[tuple[Seat, Seat]]:
    ada, bob = await call_of_two(engine)
    async with closing(ada.client, bob.client):
        await until(lambda: bob.client.stream(CAMERA).packets > 50, "video flows")
        yield ada, bob


def clean(*clients: MediaClient) -> None:
    """Everything the server said was well-formed and authentic."""
    for client in clients:
        assert client.tally.bad_rtcp == []
        assert (client.tally.bad_stun, client.tally.unauthentic, client.tally.unknown_ssrc) == (0, 0, 0)
        assert client.tally.role_conflicts == 0
        assert sum(stream.damaged for stream in client.received.values()) == 0


async def test_packets_arrive_unharmed_and_in_the_subscribers_terms(seats: tuple[Seat, Seat]) -> None:
    ada, bob = seats
    await asyncio.sleep(0.5)
    assert bob.client.answer is not None
    for label in (CAMERA, MIC):
        stream, line = bob.client.stream(label), bob.client.answer.lines[bob.client.subscribe_mids[label]]
        sent = ada.client.sent[label.partition(".")[2]]
        assert stream.missing() == []
        numbers = [record.number for record in stream.records]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert len(numbers) == len({record.sequence for record in stream.records})
        # Nothing of the sender's leaks: not its SSRC, not its mid.
        assert stream.ssrc != sent.ssrc
        assert {record.payload_type for record in stream.records} <= set(line.codecs)
        for record in stream.records:
            assert set(record.extensions) <= set(line.extensions.values())
            mid = record.extensions.get(line.extensions.get(MID_URI, 0))
            assert mid in {None, line.mid.encode()}
        frames = [record.marker for record in stream.records]
        assert any(frames) == (stream.kind == "video")
    assert bob.client.stream(CAMERA).started_with_keyframe
    clean(ada.client, bob.client)


async def test_a_nack_is_answered_by_a_retransmission(seats: tuple[Seat, Seat]) -> None:
    ada, bob = seats
    stream = bob.client.stream(CAMERA)
    wanted = stream.records[-30:-10:2]
    asked = [record.sequence for record in wanted]
    bob.client.request_packets(CAMERA, asked)
    await until(lambda: stream.repaired >= len(asked), "retransmissions")
    repaired = {record.sequence: record for record in stream.records if record.repaired}
    assert set(repaired) == set(asked)
    for original in wanted:
        again = repaired[original.sequence]
        assert (again.number, again.time, again.marker) == (original.number, original.time, original.marker)
        assert again.payload_type != original.payload_type
    # What was never sent cannot be sent again.
    bob.client.request_packets(CAMERA, [stream.highest + 5_000])
    await asyncio.sleep(0.2)
    assert stream.repaired == len(asked)
    assert ada.client.tally.nacked == []
    clean(ada.client, bob.client)


async def test_loss_on_the_way_down_is_repaired_by_the_server(
    gate: UdpGate, seats: tuple[Seat, Seat]
) -> None:
    ada, bob = seats
    stream = bob.client.stream(CAMERA)
    bob.client.repair = True
    gate.lose(0.1, "down", only=bob.client.ufrag)
    await asyncio.sleep(3)
    gate.heal(only=bob.client.ufrag)
    await asyncio.sleep(0.7)
    assert stream.lost() > 20
    assert stream.repaired >= stream.lost() * 0.9
    assert stream.missing() == []
    # The sender is not bothered with what the server had.
    assert ada.client.tally.nacked == []
    clean(ada.client, bob.client)


async def test_loss_on_the_way_up_is_asked_for_and_repaired(seats: tuple[Seat, Seat]) -> None:
    ada, bob = seats
    chance = random.Random(11)
    sent = ada.client.sent["camera"]
    sent.skip = lambda _: chance.random() < 0.05
    await asyncio.sleep(3)
    sent.skip = None
    await asyncio.sleep(0.7)
    lost = set(sent.skipped)
    assert len(lost) > 10
    assert {sequence for ssrc, sequence in ada.client.tally.nacked if ssrc == sent.ssrc} == lost
    assert bob.client.stream(CAMERA).missing() == []
    numbers = sorted({record.number for record in bob.client.stream(CAMERA).records})
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    clean(ada.client, bob.client)


async def test_disorder_on_the_way_up_loses_nothing(gate: UdpGate, seats: tuple[Seat, Seat]) -> None:
    ada, bob = seats
    gate.delay(20, 15, only=ada.client.ufrag)
    await asyncio.sleep(1.5)
    gate.heal(only=ada.client.ufrag)
    await asyncio.sleep(0.5)
    for label in (CAMERA, MIC):
        stream = bob.client.stream(label)
        assert stream.missing() == []
        # Each packet keeps its number's place, so the receiver can put them in order again.
        by_sequence = {record.sequence: record.number for record in stream.records}
        assert len({number - sequence for sequence, number in by_sequence.items()}) == 1
    clean(ada.client, bob.client)


@pytest.mark.parametrize("request_kind", ["pli", "fir"])
async def test_keyframe_requests_are_forwarded_and_throttled(
    seats: tuple[Seat, Seat], request_kind: str
) -> None:
    ada, bob = seats
    await asyncio.sleep(1)
    ada.client.tally.plis.clear()
    keyframes = sum(record.keyframe for record in bob.client.stream(CAMERA).records)
    ask = bob.client.request_keyframe if request_kind == "pli" else bob.client.request_keyframe_by_fir
    for _ in range(20):
        ask(CAMERA)
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert 1 <= len(ada.client.tally.plis) <= 3
    assert {ssrc for _, ssrc in ada.client.tally.plis} == {ada.client.sent["camera"].ssrc}
    await until(lambda: sum(record.keyframe for record in bob.client.stream(CAMERA).records) > keyframes)
    # A later request, when the first one's picture may be lost too, passes again.
    await asyncio.sleep(1.5)
    before = len(ada.client.tally.plis)
    ask(CAMERA)
    await until(lambda: len(ada.client.tally.plis) > before, "a later request")
    clean(ada.client, bob.client)


def capture_ns(stream: ReceivedStream, record: Received) -> int:
    """When a packet was captured, by the newest sender report (RFC 3550 6.4.1)."""
    _, report = stream.reports[-1]
    step = (record.time - report.rtp_time) & 0xFFFFFFFF
    if step >= 1 << 31:
        step -= 1 << 32
    return unix_ns_of(report.ntp) + step * 1_000_000_000 // SHAPES[stream.kind].clock_hz  # type: ignore[index]


def skews_ms(stream: ReceivedStream, sent: SentStream, records: list[Received]) -> list[float]:
    """How far the reports' idea of each capture lies from the truth."""
    return sorted((capture_ns(stream, record) - sent.captures[record.number]) / 1e6 for record in records)


async def assert_lips_in_sync(ada: Seat, bob: Seat, skip: Mapping[str, int] = MappingProxyType({})) -> None:
    """Sound and picture, mapped by the reports that the subscriber got, belong to the same instants.

    `skip`: how many of the packets received are older than the present source.
    """
    before = {label: len(bob.client.stream(label).reports) for label in (CAMERA, MIC)}
    await until(
        lambda: all(len(bob.client.stream(label).reports) > n for label, n in before.items()), "reports"
    )
    middles = []
    for label in (CAMERA, MIC):
        stream, sent = bob.client.stream(label), ada.client.sent[label.partition(".")[2]]
        found = skews_ms(stream, sent, stream.records[skip.get(label, 0) :][-200:])
        assert found, label
        middles.append(found[len(found) // 2])
        # The clock of one stream does not run away from its reports.
        assert found[-1] - found[0] < 10
        _, report = stream.reports[-1]
        assert 0 < report.packets <= stream.packets + stream.lost() + 5
        assert report.packets >= (stream.packets + stream.lost()) * 0.5 - 60
    assert abs(middles[0] - middles[1]) < 10


async def test_sender_reports_match_the_rewritten_time_stamps(seats: tuple[Seat, Seat]) -> None:
    ada, bob = seats
    await assert_lips_in_sync(ada, bob)
    clean(ada.client, bob.client)


async def test_a_reload_keeps_the_stream_continuous_for_the_others(
    engine: UdpMediaEngine, seats: tuple[Seat, Seat]
) -> None:
    ada, bob = seats
    ssrcs = {label: bob.client.stream(label).ssrc for label in (CAMERA, MIC)}
    ada.client.vanish()
    await asyncio.sleep(0.5)
    again = await take_seat(engine, "room", ADA, (BOB,), seed=99)
    async with closing(again.client):
        await again.client.ready()
        switched = {label: len(bob.client.stream(label).records) for label in ssrcs}
        again.client.play()
        await again.connected()
        for label, ssrc in ssrcs.items():
            stream = bob.client.stream(label)
            await until(lambda s=stream, n=switched[label]: len(s.records) > n + 60, f"{label} goes on")  # type: ignore[misc]
            assert stream.ssrc == ssrc
            assert stream.missing() == []
            old, new = stream.records[switched[label] - 1], stream.records[switched[label]]
            assert new.number < old.number, "the new source counts from one"
            assert new.sequence == old.sequence + 1
            # RTP time goes on about as real time did.
            passed_s = (new.arrived_ns - old.arrived_ns) / 1e9
            stepped_s = ((new.time - old.time) & 0xFFFFFFFF) / SHAPES[stream.kind].clock_hz  # type: ignore[index]
            assert 0 < stepped_s < passed_s + 0.5
            if label == CAMERA:
                assert new.keyframe, "the picture begins anew with a keyframe"
        await assert_lips_in_sync(again, bob, switched)
        clean(bob.client, again.client)


async def test_a_superseded_tab_is_not_heard_any_more(
    engine: UdpMediaEngine, seats: tuple[Seat, Seat]
) -> None:
    ada, bob = seats
    second = await take_seat(engine, "room", ADA, (BOB,), seed=5)
    async with closing(second.client):
        await second.client.ready()
        heard = len(bob.client.stream(MIC).records)
        await asyncio.sleep(0.3)
        assert ada.client.playing
        assert len(bob.client.stream(MIC).records) <= heard + 2
        second.client.play()
        await until(lambda: len(bob.client.stream(MIC).records) > heard + 30, "the second tab is heard")
        fresh = bob.client.stream(MIC).records[heard + 2 :]
        assert max(record.number for record in fresh) <= second.client.sent["mic"].packets
        assert bob.client.stream(MIC).missing() == []
        clean(bob.client, second.client)


async def test_a_held_room_is_silent_and_alive_and_comes_back_with_a_keyframe(
    engine: UdpMediaEngine, seats: tuple[Seat, Seat]
) -> None:
    ada, bob = seats
    engine.hold_room("room")
    await asyncio.sleep(0.05)
    held = {label: len(bob.client.stream(label).records) for label in (CAMERA, MIC)}
    await asyncio.sleep(3)
    assert {label: len(bob.client.stream(label).records) for label in held} == held
    assert [ada.all(PeerInterrupted), bob.all(PeerInterrupted)] == [[], []]
    alive_ms = engine.last_alive_ms(ada.peer)
    assert alive_ms is not None
    assert now_ms() - alive_ms < 1_000
    engine.release_room("room")
    for label, count in held.items():
        stream = bob.client.stream(label)
        await until(lambda s=stream, n=count: len(s.records) > n + 20, f"{label} goes on")  # type: ignore[misc]
        assert stream.missing() == []
        first = stream.records[count]
        assert first.sequence == stream.records[count - 1].sequence + 1
        assert first.keyframe == (label == CAMERA)
    await assert_lips_in_sync(ada, bob, held)
    clean(ada.client, bob.client)


async def test_who_comes_late_and_who_was_awaited_are_both_served(engine: UdpMediaEngine) -> None:
    people = ("ada", "bob", "cyd")
    seats: list[Seat] = []
    async with AsyncExitStack() as stack:
        for number, name in enumerate(people):
            others = tuple(other for other in people if other != name)
            seat = await take_seat(engine, "three", name, others)
            await stack.enter_async_context(closing(seat.client))
            seats.append(seat)
            await seat.client.ready()
            seat.client.play()
            await seat.connected()
            if number == 1:
                await until(lambda: seats[0].client.stream("bob.camera").packets > 30, "ada sees bob")
        for seat in seats:
            for label in seat.client.subscribe_mids:
                await until(
                    lambda s=seat, x=label: s.client.stream(x).packets > 30, f"{seat.name} gets {label}"
                )  # type: ignore[misc]
                assert seat.client.stream(label).missing() == []
                if label.endswith("camera"):
                    assert seat.client.stream(label).started_with_keyframe, label
        clean(*(seat.client for seat in seats))


async def test_h264_begins_and_goes_on_with_keyframes_too(engine: UdpMediaEngine) -> None:
    ada, bob = await call_of_two(engine, shapes=H264_SHAPES)
    async with closing(ada.client, bob.client):
        stream = bob.client.stream(CAMERA)
        await until(lambda: stream.packets > 50, "video flows")
        assert bob.client.answer is not None
        codecs = bob.client.answer.lines[bob.client.subscribe_mids[CAMERA]].codecs
        assert {codecs[record.payload_type] for record in stream.records} == {"H264/90000"}
        assert stream.started_with_keyframe
        bob.client.request_packets(CAMERA, [stream.records[-5].sequence])
        await until(lambda: stream.repaired == 1, "a retransmission")
        engine.hold_room("room")
        await asyncio.sleep(0.1)
        held = len(stream.records)
        engine.release_room("room")
        await until(lambda: len(stream.records) > held + 20, "video goes on")
        assert stream.records[held].keyframe
        assert stream.missing() == []
        clean(ada.client, bob.client)


async def test_a_screen_is_shared_and_withdrawn_while_the_call_runs(
    engine: UdpMediaEngine, seats: tuple[Seat, Seat]
) -> None:
    ada, bob = seats
    screen = f"{ADA}.screen"
    bob.client.add_subscribe(screen, "video")
    await bob.negotiate()
    ada.client.add_publish("screen", "video")
    await ada.negotiate()
    ada.client.play("screen")
    await until(lambda: bob.client.stream(screen).packets > 50, "the screen is seen")
    assert bob.client.stream(screen).started_with_keyframe
    assert {track.source for track in ada.all(TracksChanged)[-1].tracks} == {"mic", "camera", "screen"}
    for label in (CAMERA, MIC, screen):
        assert bob.client.stream(label).missing() == []
    ada.client.remove("screen")
    await ada.negotiate()
    assert {track.source for track in ada.all(TracksChanged)[-1].tracks} == {"mic", "camera"}
    await asyncio.sleep(0.1)
    seen = bob.client.stream(screen).packets
    flowing = bob.client.stream(CAMERA).packets
    await until(lambda: bob.client.stream(CAMERA).packets > flowing + 50, "the camera flows on")
    assert bob.client.stream(screen).packets == seen
    assert [seat.all(PeerInterrupted) for seat in seats] == [[], []]
    clean(ada.client, bob.client)


async def test_six_people_hear_and_see_each_other(engine: UdpMediaEngine) -> None:
    people = tuple("abcdef")
    pacer = Pacer()
    async with AsyncExitStack() as stack:
        seats = []
        for name in people:
            others = tuple(other for other in people if other != name)
            seat = await take_seat(engine, "six", name, others, pacer=pacer, shapes=SMALL_SHAPES)
            await stack.enter_async_context(closing(seat.client))
            await seat.client.ready()
            seat.client.play()
            seats.append(seat)
        for seat in seats:
            assert len(seat.client.subscribe_mids) == 10
            for label in seat.client.subscribe_mids:
                await until(
                    lambda s=seat, x=label: s.client.stream(x).packets > 10, f"{seat.name} gets {label}"
                )  # type: ignore[misc]
        for seat in seats:
            for stream in seat.client.received.values():
                assert stream.missing() == []
                assert stream.kind == "audio" or stream.started_with_keyframe
        clean(*(seat.client for seat in seats))


async def test_a_sender_hears_how_much_it_may_send_and_what_arrived(seats: tuple[Seat, Seat]) -> None:
    ada, bob = seats
    await until(
        lambda: ada.client.sent["camera"].reports and ada.client.sent["mic"].reports, "reports of receipt"
    )
    tally = ada.client.tally
    await until(lambda: tally.transport_acknowledged > 300 or len(tally.rembs) > 1, "bandwidth feedback")
    for label in ("camera", "mic"):
        stream = ada.client.sent[label]
        block = stream.reports[-1]
        assert (block.lost, block.fraction_lost) == (0, 0)
        assert 0 <= (stream.sequence - block.highest) & 0xFFFF < 400
    assert tally.rtcp_kinds[Remb.__name__] == 0 or max(tally.rembs) >= 1_500_000
    clean(ada.client, bob.client)
