"""The gateway over real sockets: a happy call on both transports, and what it refuses."""

from __future__ import annotations

import pytest
from rig.gateway import open_house


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_happy_call(transport: str) -> None:
    async with open_house() as house:
        call, page, payer, host = await house.talking()
        late = await house.join(call, "payer", transport)
        await payer.hears("superseded")
        await late.say("leave")
        ended = await late.hears("ended")
        assert ended["reason"] == "payer_left"
        assert (await host.hears("ended"))["earned_minor"] == ended["charge_minor"]
        assert page.all("presence")[-1]["open_call"] is None
