"""Calls over a ledger that is slow, silent or broken: nobody is over-charged, no hang-up is moved."""

from __future__ import annotations

import asyncio

import pytest
from rig.desk import DeskWorld, Talk
from rig.ledger_faults import FaultyLedger

from signaling.errors import Refused
from signaling.messages import EndedMessage, LeaveMessage, MeterMessage


async def faulty(funds_minor: int = 10_000) -> tuple[DeskWorld, FaultyLedger]:
    world = DeskWorld()
    ledger = FaultyLedger(world.money, world.clock)
    await world.open(funds_minor, ledger)
    return world, ledger


async def test_slow_ledger_does_not_move_the_hang_up() -> None:
    world, ledger = await faulty()
    talk = await world.talking()
    await world.passes(6_000)
    ledger.delays_ms = {"extend": 1_500, "record": 1_500, "settle": 1_500}
    await world.passes(4_000)
    world.desk.said("call", talk.payer, LeaveMessage())
    await world.passes(10_000)
    assert talk.ended.used_ms == 10_000
    await world.clean()


async def test_hang_up_while_a_renewal_is_in_flight_leaves_no_hold() -> None:
    world, ledger = await faulty(100)
    talk = await world.talking()
    ledger.delays_ms = {"extend": 1_000}
    asked = ledger.asked["extend"]
    while ledger.asked["extend"] == asked:
        await world.passes(100)
    await world.hang_up("call", talk.host)
    await world.passes(5_000)
    balance = await world.money.balance("payer")
    assert balance.held_minor == 0
    assert balance.available_minor == 100 - talk.ended.charge_minor
    await world.clean()


async def test_silent_ledger_lets_the_call_live_to_the_end_of_its_grant_and_no_further() -> None:
    world, ledger = await faulty()
    talk = await world.talking()
    await world.passes(2_000)
    held_minor = (await world.money.balance("payer")).held_minor
    ledger.faults = {"extend": "silent"}
    await world.passes(60_000)
    assert talk.meter.why == "ledger_silent"
    await world.passes(60_000)
    ended = talk.ended
    assert ended.reason == "ledger_silent"
    assert ended.charge_minor <= held_minor
    assert ended.used_ms <= (held_minor + 1) * 1_000
    await world.clean()


async def test_ledger_that_answers_again_in_the_soft_landing_goes_on() -> None:
    world, ledger = await faulty()
    talk = await world.talking()
    ledger.faults = {"extend": "unavailable"}
    await world.passes(60_000)
    assert talk.meter.state == "exhausted"
    used_ms = talk.meter.used_ms
    ledger.heal()
    await world.passes(1_000)
    assert talk.meter.state == "running"
    await world.passes(10_000)
    await world.hang_up("call", talk.payer)
    assert used_ms + 9_000 < talk.ended.used_ms <= used_ms + 11_000


@pytest.mark.parametrize("fault", ["unavailable", "silent", "lost_answer"])
async def test_settlement_is_tried_until_it_succeeds_and_the_end_is_told_in_time(fault: str) -> None:
    world, ledger = await faulty()
    talk = await world.talking()
    await world.passes(10_000)
    ledger.faults = {"settle": fault}  # type: ignore[dict-item]
    await world.hang_up("call", talk.payer)
    assert talk.payer.all(EndedMessage) == []
    assert talk.meter.state == "ended"
    await world.passes(2_000)
    assert (talk.ended.settled, talk.ended.charge_minor, talk.ended.used_ms) == (False, 10, 10_000)
    assert talk.payer.closed
    await world.passes(60_000)
    assert len(world.desk) == 1
    assert ledger.asked["settle"] > 5
    ledger.heal()
    await world.passes(10_000)
    assert (await world.account()).charge_minor == 10
    assert len(talk.payer.all(EndedMessage)) == 1
    await world.clean()


async def test_records_keep_their_order_over_failures() -> None:
    world, ledger = await faulty()
    talk = await world.talking()
    ledger.faults = {"record": "unavailable"}
    for _ in range(3):
        await world.passes(1_000)
        await world.pause("call", talk.payer)
        await world.passes(500)
        await world.resume("call", talk.payer)
    ledger.faults = {"record": "lost_answer"}
    await world.passes(2_000)
    ledger.heal()
    await world.passes(10_000)
    await world.hang_up("call", talk.payer)
    account = await world.account()
    assert [event.reason for event in account.events] == [
        "media_up", *["payer_paused", "resumed"] * 3, "payer_left",
    ]  # fmt: skip
    assert account.used_ms == talk.ended.used_ms == 15_000
    await world.clean()


async def test_books_that_overflow_end_the_call() -> None:
    world, ledger = await faulty()
    talk = await world.talking()
    ledger.faults = {"record": "silent"}
    for _ in range(260):
        await world.pause("call", talk.payer)
        await world.passes(500)
        await world.resume("call", talk.payer)
        await world.passes(500)
    assert world.desk.view("call").end_reason == "ledger_silent"  # type: ignore[union-attr]
    ledger.heal()
    await world.passes(20_000)
    assert (await world.account()).reason == "ledger_silent"
    await world.clean()


@pytest.mark.parametrize(("operation", "fault"), [("balance", "silent"), ("open_call", "unavailable")])
async def test_call_that_cannot_be_opened_is_refused_and_frees_the_host(operation: str, fault: str) -> None:
    world, ledger = await faulty()
    world.page()
    ledger.faults = {operation: fault}  # type: ignore[dict-item]
    asked = asyncio.ensure_future(world.ring())
    await world.passes(2_500)
    assert await asked == Refused.of("server.unavailable")
    assert not world.desk.busy("host")
    ledger.heal()
    await world.passes(5_000)
    assert not isinstance(await world.ring("second"), Refused)


async def test_call_that_was_opened_without_an_answer_is_settled_at_nothing() -> None:
    world, ledger = await faulty()
    world.page()
    ledger.faults = {"open_call": "lost_answer"}
    assert await world.ring() == Refused.of("server.unavailable")
    ledger.heal()
    await world.passes(5_000)
    account = await world.account()
    assert (account.state, account.charge_minor, account.reason) == ("settled", 0, "cancelled")
    await world.clean()


async def test_fenced_server_is_told_to_stop() -> None:
    world, ledger = await faulty()
    await world.talking()
    assert world.fenced == 0
    ledger.faults = {"extend": "fenced"}
    await world.passes(40_000)
    assert world.fenced > 0


async def test_fenced_settlement_ends_the_call_here_without_claiming_to_be_settled() -> None:
    world, ledger = await faulty()
    talk: Talk = await world.talking()
    await world.passes(4_000)
    ledger.break_all("fenced")
    await world.hang_up("call", talk.payer)
    await world.passes(3_000)
    assert world.fenced > 0
    assert talk.ended.settled is False
    assert len(world.desk) == 0


async def test_payer_sees_the_balance_that_other_calls_leave() -> None:
    world, _ = await faulty()
    talk = await world.talking()
    await world.passes(60_000)
    await world.pause("call", talk.payer)
    assert talk.payer.last(MeterMessage).meter.balance_minor == 9_940
