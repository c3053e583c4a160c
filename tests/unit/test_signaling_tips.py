"""A tip in a call: the host's page shows it, nobody else's."""

from __future__ import annotations

from rig.desk import DeskWorld

from signaling.messages import TipMessage


async def test_only_the_host_hears_of_a_tip() -> None:
    world = await DeskWorld().open(1_000)
    talk = await world.talking()
    guest = await world.join("call", "gus", "guest")
    world.desk.tipped("call", 160, "USD")
    await world.passes(10)
    assert talk.host.all(TipMessage) == [TipMessage(160, "USD")]
    assert talk.payer.all(TipMessage) == guest.all(TipMessage) == []
    await world.hang_up("call", talk.payer)
    await world.clean()


async def test_a_tip_for_a_host_who_is_away_or_a_call_that_is_over_is_told_nobody() -> None:
    world = await DeskWorld().open(1_000)
    talk = await world.talking()
    await world.drop("call", talk.host)
    world.desk.tipped("call", 160, "USD")
    await world.hang_up("call", talk.payer)
    world.desk.tipped("call", 160, "USD")
    world.desk.tipped("nothing", 160, "USD")
    await world.passes(10)
    assert talk.host.all(TipMessage) == talk.payer.all(TipMessage) == []
    await world.clean()
