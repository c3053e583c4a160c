"""What every ledger promises about processes that die: fencing, heartbeats, recovery."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from rig.shelf import Shelf, began, funded, moment, stopped, terms

from metering.errors import Fenced, Refused
from metering.facts import Balance, Heartbeat, MeterEvent, Settlement
from metering.ledger import Ledger

LATER = "2026-01-01T12:30:00.000Z"

RUNNING: tuple[MeterEvent, ...] = (began(10_000),)
RESUMED: tuple[MeterEvent, ...] = (
    began(0),
    stopped(4_000, 4_000, "host_paused"),
    began(9_000, 4_000, "resumed"),
)
STOPPED: tuple[MeterEvent, ...] = (began(0), stopped(4_000, 4_000, "host_paused"))


@pytest.mark.parametrize(
    ("events", "heartbeat", "used_ms", "ended_at"),
    [
        pytest.param(RUNNING, Heartbeat(25_000), 15_000, moment(25_000), id="alive until the heartbeat"),
        pytest.param(RESUMED, Heartbeat(10_500), 5_500, moment(10_500), id="with usage from before"),
        pytest.param(RUNNING, Heartbeat(25_000, {"call": 12_000}), 2_000, moment(12_000), id="exception"),
        pytest.param(RUNNING, Heartbeat(25_000, {"call": 3_000}), 0, moment(10_000), id="older exception"),
        pytest.param(
            RUNNING, Heartbeat(25_000, {"call": 90_000}), 15_000, moment(25_000), id="newer exception"
        ),
        pytest.param(
            RUNNING, Heartbeat(25_000, {"x": 11_000}), 15_000, moment(25_000), id="another's exception"
        ),
        pytest.param(RUNNING, Heartbeat(9_999), 0, moment(10_000), id="heartbeat older than the interval"),
        pytest.param(RESUMED, Heartbeat(8_000), 4_000, moment(9_000), id="heartbeat before it resumed"),
        pytest.param(RUNNING, None, 0, moment(10_000), id="no heartbeat at all"),
        pytest.param(STOPPED, Heartbeat(60_000), 4_000, LATER, id="meter stopped"),
        pytest.param((), Heartbeat(60_000), 0, LATER, id="never began"),
    ],
)
async def test_an_orphan_is_settled_at_its_last_proof_of_life(
    shelf: Shelf, events: tuple[MeterEvent, ...], heartbeat: Heartbeat | None, used_ms: int, ended_at: str
) -> None:
    old = await funded(shelf.ledger(), 1_000, calls=(terms(),))
    await old.extend("call", 400)
    await old.record("call", events)
    if heartbeat is not None:
        await old.beat(Heartbeat(500))
        await old.beat(heartbeat)
    await shelf.restart()
    new = shelf.ledger()
    await new.take_over("node")
    (account,) = await new.recover(LATER)
    charge = -(-used_ms // 1_000) * 4
    assert (account.state, account.reason, account.ended_at) == ("settled", "recovered", ended_at)
    assert (account.used_ms, account.charge_minor, account.held_minor) == (used_ms, charge, 0)
    assert await new.balance("sam") == Balance("sam", "USD", 1_000 - charge, 0, 0)
    assert await new.recover(LATER) == []
    assert await new.call("call") == account


async def test_recovery_charges_at_most_the_hold(shelf: Shelf) -> None:
    old = await funded(shelf.ledger(), 1_000, calls=(terms(),))
    await old.extend("call", 12)
    await old.record("call", [began(0)])
    await old.beat(Heartbeat(600_000))
    new = shelf.ledger()
    await new.take_over("node")
    (account,) = await new.recover(LATER)
    assert (account.charge_minor, account.balance_after_minor) == (12, 988)


async def test_a_heartbeat_of_the_new_process_proves_nothing_for_the_old_one(shelf: Shelf) -> None:
    old = await funded(shelf.ledger(), 1_000, calls=(terms(),))
    await old.extend("call", 400)
    await old.record("call", [began(0)])
    await old.beat(Heartbeat(2_000))
    new = shelf.ledger()
    await new.take_over("node")
    await new.beat(Heartbeat(50_000))
    (account,) = await new.recover(LATER)
    assert account.used_ms == 2_000


async def test_a_process_that_dies_before_it_recovers_leaves_the_calls_to_the_next(shelf: Shelf) -> None:
    first = await funded(shelf.ledger(), 1_000, calls=(terms("a"), terms("b")))
    for call_id in ("a", "b"):
        await first.extend(call_id, 100)
        await first.record(call_id, [began(0)])
    await first.beat(Heartbeat(3_000))
    second = shelf.ledger()
    await second.take_over("node")
    await second.open_call(terms("c"))
    await second.extend("c", 100)
    await second.record("c", [began(50_000)])
    await second.beat(Heartbeat(51_000))
    await shelf.restart()
    third = shelf.ledger()
    assert await third.take_over("node") == 3
    recovered = {account.terms.call_id: account.used_ms for account in await third.recover(LATER)}
    assert recovered == {"a": 3_000, "b": 3_000, "c": 1_000}
    assert (await third.balance("sam")).held_minor == 0


async def test_recovery_leaves_the_living_alone(shelf: Shelf) -> None:
    other = await funded(shelf.ledger(), 1_000, calls=(terms("other"),), node_id="elsewhere")
    mine = shelf.ledger()
    for _ in range(3):  # its epoch is newer than the other node's
        await mine.take_over("node")
    await mine.open_call(terms("mine"))
    assert await mine.recover(LATER) == []
    assert [(await mine.call(each)).state for each in ("other", "mine")] == ["open", "open"]
    assert (await other.extend("other", 10)) != Refused("call.settled")


async def test_many_orphans_are_all_settled(shelf: Shelf) -> None:
    calls = tuple(terms(f"call-{n}") for n in range(300))
    old = await funded(shelf.ledger(), 10_000, calls=calls)
    for each in calls[::3]:
        await old.extend(each.call_id, 8)
        await old.record(each.call_id, [began(0)])
    await old.beat(Heartbeat(2_000))
    new = shelf.ledger()
    await new.take_over("node")
    accounts = await new.recover(LATER)
    assert [account.terms.call_id for account in accounts] == [each.call_id for each in calls]
    assert await new.balance("sam") == Balance("sam", "USD", 10_000 - 100 * 8, 0, 0)


Write = Callable[[Ledger], Awaitable[object]]
OF_CALLS: dict[str, Write] = {
    "open_call": lambda ledger: ledger.open_call(terms("new")),
    "extend": lambda ledger: ledger.extend("call", 900),
    "record": lambda ledger: ledger.record("call", [began(0)]),
    "settle": lambda ledger: ledger.settle(Settlement("call", 0, "payer_left", LATER)),
    "beat": lambda ledger: ledger.beat(Heartbeat(90_000)),
    "recover": lambda ledger: ledger.recover(LATER),
}
OF_WALLETS: dict[str, Write] = {
    "open_wallet": lambda ledger: ledger.open_wallet("kim", "USD"),
    "top_up": lambda ledger: ledger.top_up("sam", "new", 100, "test"),
}


@pytest.mark.parametrize("name", [*OF_CALLS, *OF_WALLETS])
async def test_a_superseded_process_can_write_nothing_and_may_read(shelf: Shelf, name: str) -> None:
    old = await funded(shelf.ledger(), 1_000, calls=(terms(),))
    await old.extend("call", 100)
    new = shelf.ledger()
    assert await new.take_over("node") == 2
    before = await new.recent_calls(), await new.balance("sam")
    with pytest.raises(Fenced) as caught:
        await (OF_CALLS | OF_WALLETS)[name](old)
    assert caught.value.code == "metering.fenced"
    assert (await old.recent_calls(), await old.balance("sam")) == before


@pytest.mark.parametrize("name", OF_CALLS)
async def test_calls_belong_to_a_process_that_took_over(shelf: Shelf, name: str) -> None:
    owner = await funded(shelf.ledger(), 1_000, calls=(terms(),))
    before = await owner.recent_calls()
    with pytest.raises(Fenced):
        await OF_CALLS[name](shelf.ledger())
    assert await owner.recent_calls() == before


async def test_wallets_can_be_filled_without_taking_over(shelf: Shelf) -> None:
    owner = await funded(shelf.ledger(), 1_000, calls=(terms(),))
    await OF_WALLETS["open_wallet"](shelf.ledger())
    await OF_WALLETS["top_up"](shelf.ledger())
    assert (await owner.balance("sam")).available_minor == 1_100
    assert await owner.extend("call", 100) != Refused("call.settled")


async def test_a_superseded_process_that_wakes_late_cannot_undo_the_recovery(shelf: Shelf) -> None:
    old = await funded(shelf.ledger(), 1_000, calls=(terms(),))
    await old.extend("call", 400)
    await old.record("call", [began(0)])
    await old.beat(Heartbeat(1_000))
    new = shelf.ledger()
    await new.take_over("node")
    (account,) = await new.recover(LATER)
    for write in (OF_CALLS["extend"], OF_CALLS["settle"], OF_CALLS["beat"]):
        with pytest.raises(Fenced):
            await write(old)
    assert await new.call("call") == account
    assert (await new.balance("sam")).available_minor == 996
