"""The rig's client is calibrated against an implementation that is not the server's: aiortc."""

from __future__ import annotations

import logging

import pytest
from aiortc import AudioStreamTrack, RTCPeerConnection, RTCSessionDescription
from rig.media_client import MediaClient, closing
from rig.waiting import until


async def test_the_client_talks_with_a_peer_that_it_was_not_made_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Synthetic sound is not Opus; that aiortc cannot decode it does not matter here.
    caplog.set_level(logging.ERROR, "aiortc")
    # aiortc puts its track on the first audio line, so that one must be to receive.
    client = MediaClient("ada", subscribe={"bob.mic": "audio"})
    client.add_publish("mic", "audio")
    client.add_publish("camera", "video")
    bob = RTCPeerConnection()
    bob.addTrack(AudioStreamTrack())
    # aiortc would take the active role, which a server never does towards a browser.
    offered = client.offer().replace("a=setup:actpass", "a=setup:active")
    try:
        async with closing(client):
            await bob.setRemoteDescription(RTCSessionDescription(offered, "offer"))
            await bob.setLocalDescription(await bob.createAnswer())
            client.accept(bob.localDescription.sdp)
            await client.ready()
            client.play("mic")
            await until(lambda: client.stream("bob.mic").packets > 30)
            await until(lambda: client.sent["mic"].reports)
            await until(lambda: client.tally.rtcp_kinds["SenderReport"])
            heard = client.stream("bob.mic")
            assert heard.lost() == 0
            assert heard.damaged == heard.packets
            assert client.tally.bad_rtcp == []
            assert (client.tally.bad_stun, client.tally.unauthentic) == (0, 0)
            assert client.mapped == ("127.0.0.1", client.local_port)
            block = client.sent["mic"].reports[-1]
            assert block.lost == 0
            assert 0 <= (client.sent["mic"].sequence - block.highest) & 0xFFFF < 100
    finally:
        await bob.close()
