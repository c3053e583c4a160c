"""One offer after the other on one connection: what it costs the server, and what it must not break."""

from __future__ import annotations

from rig.connection import random_text
from rig.media_client import closing
from rig.rooms import call_of_two, make_engine
from rig.waiting import until

from media.engine import PeerInterrupted


async def test_restarts_of_ice_without_end_leave_no_names_behind_and_media_goes_on() -> None:
    engine = make_engine()
    await engine.start()
    try:
        ada, bob = await call_of_two(engine)
        async with closing(ada.client, bob.client):
            names: set[str] = set()
            for _ in range(50):
                ada.client.ufrag, ada.client.password = random_text(4), random_text(24)
                await ada.negotiate()
                assert ada.client.answer is not None
                names.add(ada.client.answer.ufrag)
            assert len(names) == 50
            assert len(engine._ufrags) <= 4
            answered, seen = ada.client.tally.checks_answered, bob.client.stream("room-ada.camera").packets
            await until(lambda: ada.client.tally.checks_answered > answered + 2, "checks under the new name")
            await until(lambda: bob.client.stream("room-ada.camera").packets > seen + 50, "media")
            assert ada.all(PeerInterrupted) == bob.all(PeerInterrupted) == []
            engine.close_peer(ada.peer)
            engine.close_peer(bob.peer)
            assert engine._ufrags == {}
    finally:
        await engine.close()
