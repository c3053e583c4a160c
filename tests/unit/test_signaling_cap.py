"""The payer's own cap of a call: at its start, while it goes on, and in the soft landing."""

from __future__ import annotations

from rig.desk import DeskWorld

from signaling.errors import Refused
from signaling.messages import CapMessage, ErrorMessage, MeterMessage, WelcomeMessage
from signaling.people import Host, Person


async def capped(cap_minor: int | None, funds_minor: int = 1_000) -> DeskWorld:
    world = await DeskWorld().open(funds_minor)
    world.page()
    host = Host("host", "host", "Host", world.tariff)
    made = await world.desk.create("call", Person("payer", "Payer", "payer"), host, "video", cap_minor)
    assert not isinstance(made, Refused), made
    return world


async def test_a_call_ends_at_its_cap_and_the_rest_of_the_wallet_stays() -> None:
    world = await capped(30)
    talk = await world.talking()
    await world.passes(31_000)
    assert (talk.meter.state, talk.meter.why, talk.meter.charge_minor) == ("exhausted", "cap", 30)
    assert world.media.held("call")
    await world.passes(61_000)
    assert (talk.ended.reason, talk.ended.charge_minor, talk.ended.balance_minor) == ("cap", 30, 970)
    await world.clean()


async def test_raising_the_cap_goes_on() -> None:
    world = await capped(30)
    talk = await world.talking()
    await world.passes(31_000)
    await world.say("call", talk.payer, CapMessage(50))
    assert (talk.meter.state, talk.meter.cap_minor) == ("running", 50)
    await world.passes(10_000)
    await world.hang_up("call", talk.payer)
    assert talk.ended.charge_minor < 50
    begun = [event.reason for event in (await world.account()).events]
    assert begun == ["media_up", "cap", "cap_raised", "payer_left"]
    await world.clean()


async def test_only_the_payer_knows_and_sets_it() -> None:
    world = await capped(30)
    talk = await world.talking()
    assert talk.payer.last(WelcomeMessage).meter.cap_minor == 30
    assert talk.meter.cap_binds
    assert talk.host.last(MeterMessage).meter.cap_minor is None
    guest = await world.join("call", "gus", "guest")
    for line in (talk.host, guest):
        await world.say("call", line, CapMessage(1_000))
        assert line.last(ErrorMessage).code == "role.forbidden"
    assert talk.meter.cap_minor == 30


async def test_it_cannot_be_set_below_what_is_charged() -> None:
    world = await capped(None)
    talk = await world.talking()
    await world.passes(20_000)
    await world.say("call", talk.payer, CapMessage(5))
    assert talk.payer.last(ErrorMessage).code == "cap.too_low"
    await world.say("call", talk.payer, CapMessage(25))
    await world.passes(10_000)
    assert (talk.meter.why, talk.meter.charge_minor) == ("cap", 25)


async def test_it_can_be_set_while_it_rings() -> None:
    world = await capped(None)
    payer = await world.join("call", "payer")
    await world.say("call", payer, CapMessage(20))
    assert payer.last(MeterMessage).meter.cap_minor == 20
    talk = await world.talking()
    await world.passes(40_000)
    assert (talk.meter.why, talk.meter.charge_minor) == ("cap", 20)


async def test_a_cap_for_no_time_at_all_is_refused() -> None:
    world = await DeskWorld().open(1_000)
    world.page()
    host = Host("host", "host", "Host", world.tariff)
    made = await world.desk.create("call", Person("payer", "Payer", "payer"), host, "video", 5)
    assert isinstance(made, Refused)
    assert made.code == "cap.too_low"
    assert not world.desk.busy("host")
