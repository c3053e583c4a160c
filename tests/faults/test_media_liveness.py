"""Who is here: what the engine says of peers while the network and the clients misbehave.

The meter believes these events, so their instants are money: an interruption must be dated at the last
packet, never after it. Every scenario has an engine, a gate and clients of its own; they mostly wait, so they
run side by side.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest
import pytest_asyncio
from OpenSSL import SSL
from rig.complaints import no_complaints
from rig.dtls import Certificate
from rig.media_client import MediaClient, closing
from rig.media_process import MediaProcess
from rig.pacer import Pacer
from rig.rooms import Seat, call_of_two, make_engine, now_ms, take_seat
from rig.streams import SMALL_SHAPES, TransportSequence
from rig.udp_gate import UdpGate
from rig.waiting import Pulse, until

from media.engine import PeerConnected, PeerGone, PeerInterrupted
from media.peer import UNSURE_MS
from media.udp import UdpMediaEngine

# From sending to reading, the loop goes round three times (client, gate, engine).
BUSY_MS = 30
# A loop that was away for so long within a scenario proves nothing about silence.
STARVED_MS = 800
PULSE = Pulse()


@dataclass(slots=True)
class Stage:
    """An engine behind a gate, and a call of two on it."""

    engine: UdpMediaEngine
    gate: UdpGate
    ada: Seat
    bob: Seat
    since_ms: int


@asynccontextmanager
async def gated_engine() -> AsyncIterator[tuple[UdpMediaEngine, UdpGate]]:
    async with UdpGate(seed=7) as gate:
        engine = make_engine(announced_port=gate.port)
        await engine.start()
        gate.aim("127.0.0.1", engine.port)
        try:
            yield engine, gate
        finally:
            await engine.close()


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    async with gated_engine() as (engine, gate):
        since_ms = now_ms()
        ada, bob = await call_of_two(engine, shapes=SMALL_SHAPES)
        async with closing(ada.client, bob.client):
            # Long enough for the checks of both sides to settle.
            await asyncio.sleep(1.0)
            yield Stage(engine, gate, ada, bob, since_ms)


SCENARIOS: dict[str, Callable[[], Awaitable[None]]] = {}


def side_by_side(scenario: Callable[[], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Make a test of a scenario that runs together with the other selected ones."""
    name = scenario.__name__
    SCENARIOS[name] = scenario

    async def test(running: dict[str, asyncio.Task[None]]) -> None:
        await running[name]

    test.__name__, test.__doc__ = name, scenario.__doc__
    return pytest.mark.asyncio(loop_scope="module")(test)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(request: pytest.FixtureRequest) -> AsyncIterator[dict[str, asyncio.Task[None]]]:
    """The selected scenarios, begun; and in the end, nothing may have gone wrong unnoticed."""
    selected = [item.name for item in request.session.items if item.name in SCENARIOS]
    tasks: dict[str, asyncio.Task[None]] = {}
    async with no_complaints():
        PULSE.start()
        for name in selected:
            tasks[name] = asyncio.create_task(SCENARIOS[name](), name=name)
            # Handshakes of all at once would measure the machine.
            await asyncio.sleep(0.1)
        yield tasks
        PULSE.stop()
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


def assert_dated(at_ms: int, last_packet_ms: float, early_ms: int = 100) -> None:
    """The instant is that of the last packet, but for the time that this machine took to handle it."""
    away_ms = PULSE.away_ms(last_packet_ms - 1_000, last_packet_ms + 1_000)
    assert last_packet_ms - early_ms - away_ms <= at_ms <= last_packet_ms + BUSY_MS + away_ms


async def assert_never_interrupted(*seats: Seat, since_ms: int) -> None:
    """Nobody was interrupted, unless this process itself was starved; then it must have healed."""
    starved = PULSE.away_ms(since_ms, now_ms()) > STARVED_MS
    for seat in seats:
        assert seat.all(PeerGone) == []
        interruptions = len(seat.all(PeerInterrupted))
        assert starved or not interruptions
        await seat.connected(1 + interruptions)


async def flows(seat: Seat, label: str, packets: int = 10) -> None:
    """Wait until fresh packets of a subscription arrive."""
    before = seat.client.stream(label).packets
    await until(lambda: seat.client.stream(label).packets >= before + packets, f"{label} flows")


async def test_a_connection_never_begins_before_its_media_though_the_process_stood_still() -> None:
    # This one blocks its loop, so it comes before the others, which run on one together.
    engine = make_engine()
    await engine.start()
    seat = await take_seat(engine, "room", "ada", ("bob",), shapes=SMALL_SHAPES, reports=False)
    async with closing(seat.client):
        await seat.client.ready()
        await asyncio.sleep(0.5)
        stream, srtp = seat.client.sent["mic"], seat.client.srtp
        assert srtp is not None
        time.sleep(0.4)  # noqa: ASYNC251 - the loop is to stand still
        sent_ms = now_ms()
        for _ in range(3):
            stream.step(sent_ms * 1_000_000, srtp, TransportSequence(), seat.client.send_raw)
        await asyncio.sleep(0.3)
        seat.client.play()
        assert (await seat.connected()).at_ms >= sent_ms
    await engine.close()


@side_by_side
async def test_silence_is_an_interruption_at_the_last_packet() -> None:
    async with stage() as call:
        call.ada.client.silent = True
        last_ms = call.ada.client.last_sent_ns / 1e6
        event = await call.ada.interrupted()
        assert_dated(event.at_ms, last_ms)
        assert 2_400 <= call.ada.heard_ms[-1] - event.at_ms <= 3_500
        assert call.engine.last_alive_ms(call.ada.peer) == event.at_ms
        await assert_never_interrupted(call.bob, since_ms=call.since_ms)


@side_by_side
async def test_a_killed_browser_is_an_interruption_at_the_last_packet() -> None:
    async with stage() as call:
        call.ada.client.vanish()
        last_ms = call.ada.client.last_sent_ns / 1e6
        event = await call.ada.interrupted()
        assert_dated(event.at_ms, last_ms)
        assert call.ada.all(PeerGone) == []


@side_by_side
async def test_silence_counts_sooner_when_signaling_was_closed() -> None:
    async with stage() as call:
        call.ada.client.silent = True
        last_ms = call.ada.client.last_sent_ns / 1e6
        call.engine.signaling_lost(call.ada.peer)
        event = await call.ada.interrupted()
        assert_dated(event.at_ms, last_ms)
        assert 900 <= call.ada.heard_ms[-1] - event.at_ms <= 2_000


@side_by_side
async def test_lost_signaling_alone_changes_nothing() -> None:
    async with stage() as call:
        call.engine.signaling_lost(call.ada.peer)
        await asyncio.sleep(4)
        await assert_never_interrupted(call.ada, since_ms=call.since_ms)


@side_by_side
async def test_a_goodbye_is_final_at_once() -> None:
    async with stage() as call:
        said_ms = now_ms()
        call.ada.client.close()
        await until(lambda: call.ada.all(PeerGone), "ada gone", 2)
        (event,) = call.ada.all(PeerGone)
        assert_dated(event.at_ms, said_ms)
        assert call.ada.all(PeerInterrupted) == []


@side_by_side
async def test_a_muted_peer_that_answers_probes_stays_connected() -> None:
    async with stage() as call:
        call.ada.client.mute()
        call.ada.client.reports = False
        await asyncio.sleep(1)
        sent = call.ada.client.sent["mic"].packets
        probes = call.ada.client.tally.probes
        await asyncio.sleep(5)
        assert call.ada.client.sent["mic"].packets == sent
        assert call.ada.client.tally.probes - probes >= 5
        await assert_never_interrupted(call.ada, since_ms=call.since_ms)
        alive_ms = call.engine.last_alive_ms(call.ada.peer)
        assert alive_ms is not None
        assert now_ms() - alive_ms < 1_500


@side_by_side
async def test_a_cut_uplink_is_an_interruption_at_the_cut() -> None:
    async with stage() as call:
        cut_ms = now_ms()
        call.gate.cut("up", only=call.ada.client.ufrag)
        event = await call.ada.interrupted()
        assert_dated(event.at_ms, cut_ms)
        await assert_never_interrupted(call.bob, since_ms=call.since_ms)


@side_by_side
async def test_a_cut_downlink_is_an_interruption_though_packets_still_come_in() -> None:
    async with stage() as call:
        cut_ms = now_ms()
        call.gate.cut("down", only=call.ada.client.ufrag)
        event = await call.ada.interrupted()
        # The way down is proven about once a second; what is not proven is not charged.
        assert_dated(event.at_ms, cut_ms, early_ms=1_500)
        assert call.ada.client.last_sent_ns / 1e6 > event.at_ms + 2_000
        await assert_never_interrupted(call.bob, since_ms=call.since_ms)


@side_by_side
async def test_an_outage_heals_on_the_same_peer() -> None:
    async with stage() as call:
        cut_ms = now_ms()
        call.gate.cut(only=call.ada.client.ufrag)
        await asyncio.sleep(5)
        healed_ms = now_ms()
        call.gate.heal(only=call.ada.client.ufrag)
        interruption, back = await call.ada.interrupted(), await call.ada.connected(2)
        assert_dated(interruption.at_ms, cut_ms)
        assert healed_ms - 1 <= back.at_ms <= healed_ms + 2_000
        assert call.ada.all(PeerGone) == []
        await asyncio.gather(flows(call.ada, "room-bob.mic"), flows(call.bob, "room-ada.camera"))
        await assert_never_interrupted(call.bob, since_ms=call.since_ms)


@side_by_side
async def test_a_blip_is_no_interruption() -> None:
    async with stage() as call:
        for _ in range(2):
            call.gate.cut(only=call.ada.client.ufrag)
            await asyncio.sleep(0.5)
            call.gate.heal(only=call.ada.client.ufrag)
            await asyncio.sleep(1.5)
        await assert_never_interrupted(call.ada, since_ms=call.since_ms)
        await flows(call.bob, "room-ada.mic")


@side_by_side
async def test_a_silence_that_heals_is_an_interruption_from_its_beginning_to_its_end() -> None:
    async with stage() as call:
        for times in (1, 2):
            cut_ms = now_ms()
            call.gate.cut(only=call.ada.client.ufrag)
            await asyncio.sleep(2)
            healed_ms = now_ms()
            call.gate.heal(only=call.ada.client.ufrag)
            interruption = await call.ada.interrupted(times)
            back = await call.ada.connected(times + 1)
            assert_dated(interruption.at_ms, cut_ms)
            assert healed_ms - 1 <= back.at_ms <= healed_ms + 2_000
            await asyncio.sleep(1)
        await flows(call.bob, "room-ada.mic")
        await assert_never_interrupted(call.bob, since_ms=call.since_ms)


@side_by_side
async def test_who_confirms_nothing_is_not_charged_and_gets_nothing_until_it_does() -> None:
    async with stage() as call:
        ada = call.ada.client
        ada.answers_probes = ada.reports = False
        await call.ada.interrupted()
        heard = call.bob.client.stream("room-ada.mic").packets
        await asyncio.sleep((UNSURE_MS + 1_000) / 1000)
        got = [ada.stream(label).packets for label in ("room-bob.mic", "room-bob.camera")]
        await asyncio.sleep(1)
        assert [ada.stream(label).packets for label in ("room-bob.mic", "room-bob.camera")] == got
        assert call.bob.client.stream("room-ada.mic").packets > heard + 100
        ada.answers_probes = ada.reports = True
        await call.ada.connected(2)
        await asyncio.gather(flows(call.ada, "room-bob.mic"), flows(call.ada, "room-bob.camera"))
        await assert_never_interrupted(call.bob, since_ms=call.since_ms)


@side_by_side
async def test_a_changed_address_keeps_the_peer_connected() -> None:
    async with stage() as call:
        for _ in range(2):
            call.ada.client.move()
            await asyncio.gather(flows(call.ada, "room-bob.mic"), flows(call.bob, "room-ada.mic"))
        # Also when only its checks can tell the server.
        call.ada.client.mute()
        call.ada.client.reports = False
        await asyncio.sleep(0.2)
        call.ada.client.move()
        await flows(call.ada, "room-bob.mic")
        await asyncio.sleep(4)
        await assert_never_interrupted(call.ada, since_ms=call.since_ms)


@side_by_side
async def test_a_new_mapping_of_the_nat_is_followed_by_the_next_check() -> None:
    async with stage() as call:
        assert call.gate.rebind(only=call.ada.client.ufrag) == 1
        # The browser knows nothing of it; its next check comes within 2.5 s.
        await asyncio.gather(flows(call.ada, "room-bob.mic"), flows(call.bob, "room-ada.mic"))
        assert call.ada.all(PeerGone) == []
        if call.ada.all(PeerInterrupted):
            await call.ada.connected(2)


@side_by_side
async def test_heavy_loss_both_ways_does_not_flap() -> None:
    async with stage() as call:
        call.gate.lose(0.3)
        await asyncio.sleep(5)
        # The second half without media: only probes and checks are left to be lost.
        call.ada.client.mute()
        await asyncio.sleep(5)
        await assert_never_interrupted(call.ada, call.bob, since_ms=call.since_ms)
        counts = call.gate.counts()
        assert counts.dropped_up > 0.2 * counts.passed_up
        assert counts.dropped_down > 0.2 * counts.passed_down


@side_by_side
async def test_a_wrong_fingerprint_never_connects() -> None:
    async with gated_engine() as (engine, _):
        honest, impostor = Certificate(), Certificate()
        seat = await take_seat(engine, "room", "eve", ("bob",), certificate=honest, shapes=SMALL_SHAPES)
        async with closing(seat.client):
            # The offer names one certificate; another one shakes hands.
            seat.client.certificate = impostor
            # To be refused during the handshake is as right as not to be believed after it.
            with contextlib.suppress(SSL.Error, TimeoutError):
                await seat.client.ready(3)
            if seat.client.srtp is not None:
                seat.client.play()
            await asyncio.sleep(3)
            assert seat.all(PeerConnected) == []
            assert engine.last_alive_ms(seat.peer) is None


@side_by_side
async def test_a_handshake_without_media_is_no_connection() -> None:
    async with gated_engine() as (engine, _):
        seat = await take_seat(engine, "room", "ada", ("bob",), shapes=SMALL_SHAPES, reports=False)
        async with closing(seat.client):
            await seat.client.ready()
            await asyncio.sleep(2)
            assert seat.all(PeerConnected) == []
            played_ms = now_ms()
            seat.client.play()
            event = await seat.connected()
            assert played_ms <= event.at_ms <= now_ms()


@side_by_side
async def test_a_superseded_peer_says_nothing_and_keeps_nobody_alive() -> None:
    async with stage() as call:
        second = await take_seat(call.engine, "room", "room-ada", ("room-bob",), shapes=SMALL_SHAPES)
        async with closing(second.client):
            await second.client.ready()
            second.client.play()
            await second.connected()
            events = len(call.ada.events)
            assert call.engine.last_alive_ms(call.ada.peer) is None
            # The old tab goes on sending; it must not prolong the new one's life.
            second.client.silent = True
            last_ms = second.client.last_sent_ns / 1e6
            event = await second.interrupted()
            assert_dated(event.at_ms, last_ms)
            assert len(call.ada.events) == events


@side_by_side
async def test_a_stopped_server_declares_nobody_dead() -> None:
    async with MediaProcess() as server, AsyncExitStack() as stack:
        assert server.process is not None
        assert server.link is not None
        pacer = Pacer()
        clients = []
        for me, other in (("ada", "bob"), ("bob", "ada")):
            client = MediaClient(
                me,
                publish={"mic": "audio"},
                subscribe={f"{other}.mic": "audio"},
                pacer=pacer,
            )
            await stack.enter_async_context(closing(client))
            client.accept(await server.link.join(f"p-{me}", me, "room", client))
            await client.ready()
            client.play()
            clients.append(client)
        await asyncio.sleep(2)
        stopped_ms = now_ms()
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(5)
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        went_on_ms = now_ms()
        await asyncio.sleep(2.5)
        for client in clients:
            events = await server.link.events(f"p-{client.name}")
            kinds = [kind for kind, _, _ in events if kind != "TracksChanged"]
            assert "PeerGone" not in kinds
            assert kinds[-1] == "PeerConnected", kinds
            # What the server could not deliver while it stood still must not count as connected.
            (interrupted_ms,) = [at_ms for kind, at_ms, _ in events if kind == "PeerInterrupted"]
            assert_dated(interrupted_ms, stopped_ms)
            back_ms = [at_ms for kind, at_ms, _ in events if kind == "PeerConnected"][-1]
            assert went_on_ms - 1 <= back_ms <= went_on_ms + 2_000
        heard = clients[0].stream("bob.mic").packets
        await until(lambda: clients[0].stream("bob.mic").packets > heard + 20, "media goes on")
