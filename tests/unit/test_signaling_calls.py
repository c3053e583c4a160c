"""Whole calls in milliseconds: what people do, what it costs, what everybody is told."""

from __future__ import annotations

from rig.desk import DeskWorld

from signaling.messages import EndedMessage


async def test_happy_call_is_billed_for_the_time_both_were_there() -> None:
    world = await DeskWorld().open()
    talk = await world.talking()
    await world.passes(20_000)
    await world.hang_up("call", talk.payer)
    ended = talk.ended
    assert (ended.reason, ended.used_ms, ended.charge_minor, ended.balance_minor) == (
        "payer_left",
        20_000,
        20,
        9_980,
    )
    assert talk.host.last(EndedMessage).earned_minor == 20
    assert talk.host.last(EndedMessage).balance_minor is None
    assert talk.payer.closed
    assert talk.host.closed
    await world.clean()
