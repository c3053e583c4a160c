"""What every ledger promises: wallets, holds, one settlement a call. See metering/ledger.py."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from rig.shelf import ADA, NOON, Shelf, began, funded, moment, stopped, terms

from metering.accounts import MAX_MINOR
from metering.errors import (
    AmountOutOfRange,
    EventsDisagree,
    IdReused,
    LedgerUnavailable,
    Refused,
    UnknownCall,
    UnknownWallet,
)
from metering.facts import Balance, Grant, Settlement
from metering.ledger import Ledger
from metering.tariff import Tariff

END = "2026-01-01T13:00:00.000Z"


@pytest.fixture
async def ledger(shelf: Shelf) -> Ledger:
    """Sam has 10.00 USD and an open call with Ada."""
    return await funded(shelf.ledger(), 1_000, calls=(terms(),))


async def money(ledger: Ledger) -> tuple[int, int]:
    """Sam's available and held money."""
    balance = await ledger.balance("sam")
    return balance.available_minor, balance.held_minor


def settlement(used_ms: int, call_id: str = "call") -> Settlement:
    return Settlement(call_id, used_ms, "payer_left", END)


# -- wallets -------------------------------------------------------------------------------------------------


async def test_a_new_wallet_is_empty_and_opening_it_again_changes_nothing(shelf: Shelf) -> None:
    ledger = await funded(shelf.ledger(), 700)
    await ledger.open_wallet("sam", "USD")
    await ledger.open_wallet("kim", "EUR")
    assert await ledger.balance("sam") == Balance("sam", "USD", 700, 0, 0)
    assert await ledger.balance("kim") == Balance("kim", "EUR", 0, 0, 0)
    with pytest.raises(IdReused):
        await ledger.open_wallet("sam", "EUR")


async def test_what_nobody_opened_is_unknown(ledger: Ledger) -> None:
    with pytest.raises(UnknownWallet):
        await ledger.balance("nobody")
    with pytest.raises(UnknownWallet):
        await ledger.top_up("nobody", "p", 100, "test")
    with pytest.raises(UnknownWallet):
        await ledger.open_call(terms("other", wallet_id="nobody"))
    for ask in (
        ledger.extend("none", 100),
        ledger.record("none", [began(0)]),
        ledger.settle(settlement(0, "none")),
        ledger.call("none"),
    ):
        with pytest.raises(UnknownCall):
            await ask


async def test_a_payment_credits_once_however_often_it_is_told(shelf: Shelf) -> None:
    ledger = await funded(shelf.ledger(), 0)
    asked = [ledger.top_up("sam", "p1", 250, "test") for _ in range(20)]
    assert {answer.available_minor for answer in await asyncio.gather(*asked)} == {250}
    assert (await ledger.top_up("sam", "p2", 50, "test")).available_minor == 300


@pytest.mark.parametrize(
    ("wallet", "minor", "source"), [("kim", 250, "test"), ("sam", 251, "test"), ("sam", 250, "stripe")]
)
async def test_a_payment_id_with_other_contents_is_refused(
    shelf: Shelf, wallet: str, minor: int, source: str
) -> None:
    ledger = await funded(shelf.ledger(), 0)
    await ledger.open_wallet("kim", "USD")
    await ledger.top_up("sam", "p1", 250, "test")
    with pytest.raises(IdReused):
        await ledger.top_up(wallet, "p1", minor, source)
    assert (await ledger.balance("sam")).available_minor == 250
    assert (await ledger.balance("kim")).available_minor == 0


@pytest.mark.parametrize("minor", [0, -1, -(10**30), MAX_MINOR + 1, 10**30])
async def test_a_top_up_is_a_positive_amount_within_bounds(ledger: Ledger, minor: int) -> None:
    with pytest.raises(AmountOutOfRange) as caught:
        await ledger.top_up("sam", "odd", minor, "test")
    assert caught.value.code == "metering.amount"
    assert await money(ledger) == (1_000, 0)


async def test_a_wallet_is_never_credited_beyond_what_can_be_kept_exactly(shelf: Shelf) -> None:
    ledger = await funded(shelf.ledger(), 0)
    await ledger.top_up("sam", "most", MAX_MINOR, "test")
    with pytest.raises(AmountOutOfRange):
        await ledger.top_up("sam", "more", 1, "test")
    assert (await ledger.top_up("sam", "most", MAX_MINOR, "test")).available_minor == MAX_MINOR


# -- opening -------------------------------------------------------------------------------------------------


async def test_opening_a_call_again_is_a_no_op_only_with_the_same_terms(ledger: Ledger) -> None:
    assert await ledger.open_call(terms()) is None
    with pytest.raises(IdReused):
        await ledger.open_call(replace(terms(), host_id="eve"))
    with pytest.raises(IdReused):
        await ledger.open_call(terms(tariff=replace(ADA, price_minor=241)))
    with pytest.raises(IdReused):
        await ledger.open_call(replace(terms(), media="voice"))
    assert (await ledger.balance("sam")).open_holds == 1
    await ledger.settle(settlement(0))
    assert await ledger.open_call(terms()) == Refused("call.settled")


async def test_a_call_keeps_its_terms(ledger: Ledger) -> None:
    for media in ("video", "voice"):
        wanted = replace(terms(f"by-{media}"), media=media)
        await ledger.open_call(wanted)
        assert (await ledger.call(f"by-{media}")).terms == wanted


async def test_a_tariff_in_another_currency_is_refused(shelf: Shelf) -> None:
    ledger = await funded(shelf.ledger(), 500)
    assert await ledger.open_call(terms(tariff=Tariff("EUR", 240))) == Refused("wallet.currency")
    with pytest.raises(UnknownCall):
        await ledger.call("call")


# -- holds ---------------------------------------------------------------------------------------------------


async def test_a_hold_grows_and_is_never_lowered(ledger: Ledger) -> None:
    assert await ledger.extend("call", 0) == Grant(0, 1_000, final=False, open_holds=1)
    assert await ledger.extend("call", 300) == Grant(300, 700, final=False, open_holds=1)
    assert await ledger.extend("call", 300) == Grant(300, 700, final=False, open_holds=1)
    assert await ledger.extend("call", 100) == Grant(300, 700, final=False, open_holds=1)
    assert await ledger.extend("call", 301) == Grant(301, 699, final=False, open_holds=1)
    assert await money(ledger) == (699, 301)


async def test_the_last_grant_is_what_is_left_and_says_so(ledger: Ledger) -> None:
    assert await ledger.extend("call", 1_000) == Grant(1_000, 0, final=False, open_holds=1)
    assert await ledger.extend("call", 1_001) == Grant(1_000, 0, final=True, open_holds=1)
    await ledger.top_up("sam", "second", 50, "test")
    assert await ledger.extend("call", MAX_MINOR) == Grant(1_050, 0, final=True, open_holds=1)
    assert await money(ledger) == (0, 1_050)


@pytest.mark.parametrize("minor", [-1, -(10**30), MAX_MINOR + 1, 10**30])
async def test_a_hold_is_an_amount_within_bounds(ledger: Ledger, minor: int) -> None:
    with pytest.raises(AmountOutOfRange):
        await ledger.extend("call", minor)
    assert await money(ledger) == (1_000, 0)


async def test_two_calls_drain_one_wallet_together_and_never_below_zero(shelf: Shelf) -> None:
    ledger = await funded(shelf.ledger(), 997, calls=(terms("a"), terms("b")))
    granted = {"a": 0, "b": 0}

    async def drain(call_id: str, step: int) -> None:
        while True:
            grant = await ledger.extend(call_id, granted[call_id] + step)
            assert isinstance(grant, Grant)
            assert grant.available_minor >= 0
            assert grant.open_holds == 2
            granted[call_id] = grant.held_minor
            assert sum(granted.values()) <= 997
            if grant.final:
                return
            await asyncio.sleep(0)

    await asyncio.gather(drain("a", 7), drain("b", 11), drain("a", 3), drain("b", 5))
    assert sum(granted.values()) == 997
    assert min(granted.values()) > 0
    assert await money(ledger) == (0, 997)


async def test_extensions_in_flight_at_once_grant_each_cent_once(shelf: Shelf) -> None:
    calls = tuple(terms(f"call-{n}") for n in range(8))
    ledger = await funded(shelf.ledger(), 100, calls=calls)
    asked = [ledger.extend(each.call_id, to) for to in (10, 20, 30) for each in calls]
    grants = await asyncio.gather(*asked)
    assert all(isinstance(grant, Grant) and grant.available_minor >= 0 for grant in grants)
    held = [(await ledger.call(each.call_id)).held_minor for each in calls]
    assert held == [20, 20, 10, 10, 10, 10, 10, 10]


# -- meter events --------------------------------------------------------------------------------------------


async def test_events_make_the_usage_and_the_chain_grows_with_each(ledger: Ledger) -> None:
    heads = [(await ledger.call("call")).chain_head]
    for event in (began(1_000), stopped(4_000, 3_000), began(9_000, 3_000, "resumed")):
        assert await ledger.record("call", [event]) is None
        heads.append((await ledger.call("call")).chain_head)
    account = await ledger.call("call")
    assert (account.used_ms, len(account.events), len(set(heads))) == (3_000, 3, 4)


async def test_events_that_repeat_the_end_are_a_retry(ledger: Ledger) -> None:
    first, second, third = began(0), stopped(500, 500), began(700, 500)
    await ledger.record("call", [first])
    await ledger.record("call", [first])
    await ledger.record("call", [first, second])
    await ledger.record("call", [first, second, third])
    await ledger.record("call", [])
    assert (await ledger.call("call")).events == (first, second, third)


@pytest.mark.parametrize(
    "wrong",
    [
        [stopped(100, 50)],  # nothing ran
        [began(100, 50)],  # nothing was used before
        [began(0), began(10)],
        [began(0), stopped(100, 99)],  # does not add up
        [began(0), stopped(100, 100), began(50, 100)],  # overlaps what was counted
        [began(0), stopped(100, 100), stopped(40, 100)],  # a correction says what remains
    ],
)
async def test_events_that_do_not_add_up_are_refused_whole(ledger: Ledger, wrong: list[object]) -> None:
    with pytest.raises(EventsDisagree) as caught:
        await ledger.record("call", wrong)  # type: ignore[arg-type]
    assert caught.value.code == "metering.events"
    account = await ledger.call("call")
    assert (account.events, account.used_ms) == ((), 0)


async def test_older_news_corrects_the_usage_downwards(ledger: Ledger) -> None:
    await ledger.record("call", [began(0), stopped(5_000, 5_000, "payer_paused")])
    await ledger.record("call", [began(6_000, 5_000, "resumed"), stopped(4_000, 4_000, "host_lost")])
    assert (await ledger.call("call")).used_ms == 4_000
    await ledger.record("call", [stopped(1_000, 1_000, "host_lost")])
    await ledger.extend("call", 100)
    account = await ledger.settle(settlement(1_000))
    assert (account.used_ms, account.charge_minor, len(account.events)) == (1_000, 4, 5)


# -- settlement ----------------------------------------------------------------------------------------------


async def test_settling_captures_the_charge_and_releases_the_rest(ledger: Ledger) -> None:
    await ledger.extend("call", 500)
    await ledger.record("call", [began(0), stopped(30_001, 30_001)])
    account = await ledger.settle(settlement(30_001))
    assert (account.state, account.held_minor, account.used_ms) == ("settled", 0, 30_001)
    assert (account.charge_minor, account.host_share_minor) == (124, 99)  # 31 s; 80 %, rounded down
    assert (account.reason, account.ended_at) == ("payer_left", END)
    assert await ledger.balance("sam") == Balance("sam", "USD", 876, 0, 0)
    assert await ledger.call("call") == account


async def test_a_charge_never_exceeds_the_hold(ledger: Ledger) -> None:
    await ledger.extend("call", 50)
    await ledger.record("call", [began(0), stopped(60_000, 60_000)])
    account = await ledger.settle(settlement(60_000))
    assert (account.charge_minor, account.used_ms) == (50, 60_000)
    assert await money(ledger) == (950, 0)


async def test_a_call_that_used_nothing_costs_nothing(ledger: Ledger) -> None:
    await ledger.extend("call", 500)
    account = await ledger.settle(settlement(0))
    assert (account.charge_minor, account.host_share_minor, account.balance_after_minor) == (0, 0, 1_000)
    assert await money(ledger) == (1_000, 0)


async def test_the_first_settlement_stands(ledger: Ledger) -> None:
    await ledger.extend("call", 500)
    await ledger.record("call", [began(0), stopped(10_000, 10_000)])
    first = await ledger.settle(settlement(10_000))
    again = await asyncio.gather(*(ledger.settle(settlement(10_000)) for _ in range(5)))
    other = await ledger.settle(Settlement("call", 99_000, "operator", NOON))
    assert [*again, other] == [first] * 6
    assert await money(ledger) == (960, 0)


async def test_after_the_settlement_everything_else_is_refused(ledger: Ledger) -> None:
    account = await ledger.settle(settlement(0))
    assert await ledger.extend("call", 100) == Refused("call.settled")
    assert await ledger.record("call", [began(0)]) == Refused("call.settled")
    assert await ledger.call("call") == account


async def test_a_settlement_leaks_no_hold_of_extensions_in_flight(ledger: Ledger) -> None:
    before = [ledger.extend("call", to) for to in range(10, 200, 10)]
    after = [ledger.extend("call", to) for to in range(200, 400, 10)]
    *_, settled, _ = await asyncio.gather(*before, ledger.settle(settlement(0)), asyncio.sleep(0))
    refused = await asyncio.gather(*after)
    assert settled.state == "settled"
    assert set(refused) == {Refused("call.settled")}
    assert await money(ledger) == (1_000, 0)


async def test_requests_take_effect_in_the_order_in_which_they_were_made(shelf: Shelf) -> None:
    ledger = await funded(shelf.ledger(), 0)
    answers = await asyncio.gather(
        ledger.top_up("sam", "p", 100, "test"),
        ledger.open_call(terms()),
        ledger.extend("call", 100),
        ledger.record("call", [began(0)]),
        ledger.record("call", [stopped(2_000, 2_000)]),
        ledger.settle(settlement(2_000)),
        ledger.extend("call", 101),
    )
    assert answers[2] == Grant(100, 0, final=False, open_holds=1)
    assert answers[5].charge_minor == 8
    assert answers[6] == Refused("call.settled")


async def test_an_interval_left_open_is_closed_at_the_settled_usage(ledger: Ledger) -> None:
    await ledger.extend("call", 500)
    await ledger.record("call", [began(0), stopped(1_000, 1_000), began(5_000, 1_000)])
    account = await ledger.settle(settlement(3_500))
    assert account.events[-1] == stopped(7_500, 3_500, "recovered")
    assert (account.used_ms, account.charge_minor) == (3_500, 16)


async def test_what_is_not_recorded_is_not_charged(ledger: Ledger) -> None:
    await ledger.extend("call", 500)
    await ledger.record("call", [began(0), stopped(1_000, 1_000)])
    account = await ledger.settle(settlement(90_000))
    assert (account.used_ms, account.charge_minor) == (1_000, 4)


async def test_a_settlement_below_what_is_recorded_is_a_contradiction(ledger: Ledger) -> None:
    await ledger.record("call", [began(0), stopped(1_000, 1_000)])
    with pytest.raises(EventsDisagree):
        await ledger.settle(settlement(999))
    assert (await ledger.call("call")).state == "open"


async def test_a_receipt_can_add_up_the_wallet(shelf: Shelf) -> None:
    ledger = await funded(shelf.ledger(), 1_000, calls=(terms("a"),))
    await ledger.extend("a", 400)
    assert await ledger.open_call(terms("b")) is None
    await ledger.top_up("sam", "during", 250, "test")
    await ledger.extend("b", 300)
    for call_id, used_ms in (("a", 10_000), ("b", 5_000)):
        await ledger.record(call_id, [began(0), stopped(used_ms, used_ms)])
    a, b = [await ledger.settle(settlement(used, call)) for call, used in (("a", 10_000), ("b", 5_000))]
    assert (a.balance_before_minor, a.topped_up_minor, a.charge_minor, a.balance_after_minor) == (
        1_000, 250, 40, 1_210,
    )  # fmt: skip
    assert (b.balance_before_minor, b.topped_up_minor, b.charge_minor, b.balance_after_minor) == (
        1_000, 250, 20, 1_190,
    )  # fmt: skip
    assert await money(ledger) == (1_190, 0)


@pytest.mark.parametrize(("share_bp", "host", "platform"), [(10_000, 40, 0), (0, 0, 40), (3_333, 13, 27)])
async def test_host_and_platform_share_every_cent(
    shelf: Shelf, share_bp: int, host: int, platform: int
) -> None:
    tariff = replace(ADA, host_share_bp=share_bp)
    ledger = await funded(shelf.ledger(), 100, calls=(terms(tariff=tariff),))
    await ledger.extend("call", 100)
    await ledger.record("call", [began(0), stopped(10_000, 10_000)])
    account = await ledger.settle(settlement(10_000))
    assert (account.host_share_minor, account.charge_minor - account.host_share_minor) == (host, platform)


# -- reading and closing -------------------------------------------------------------------------------------


async def test_calls_are_listed_the_newest_first(shelf: Shelf) -> None:
    calls = (terms("a"), terms("b", host_id="eve"), terms("c"))
    ledger = await funded(shelf.ledger(), 0, calls=calls)
    await ledger.open_wallet("kim", "USD")
    await ledger.open_call(terms("d", wallet_id="kim"))
    await ledger.record("c", [began(0)])

    def ids(accounts: list[object]) -> list[str]:
        return [account.terms.call_id for account in accounts]  # type: ignore[attr-defined]

    assert ids(await ledger.calls_of_wallet("sam")) == ["c", "b", "a"]
    assert ids(await ledger.calls_of_wallet("sam", limit=2)) == ["c", "b"]
    assert ids(await ledger.calls_of_host("ada")) == ["d", "c", "a"]
    assert ids(await ledger.recent_calls()) == ["d", "c", "b", "a"]
    assert await ledger.recent_calls(limit=0) == []
    assert (await ledger.recent_calls())[1] == await ledger.call("c")
    assert await ledger.calls_of_wallet("nobody") == []


async def test_everything_is_there_after_a_restart(shelf: Shelf) -> None:
    ledger = await funded(shelf.ledger(), 1_000, calls=(terms("a"), terms("b")))
    await ledger.extend("a", 100)
    await ledger.record("a", [began(0)])
    await ledger.settle(settlement(0, "b"))
    kept = await ledger.recent_calls(), await ledger.balance("sam")
    await ledger.close()
    await shelf.restart()
    after = shelf.ledger()
    assert (await after.recent_calls(), await after.balance("sam")) == kept


async def test_a_closed_ledger_has_done_what_was_asked_and_takes_no_more(ledger: Ledger) -> None:
    asked = [asyncio.ensure_future(ledger.extend("call", to)) for to in range(1, 50)]
    await asyncio.sleep(0)
    await ledger.close()
    await ledger.close()
    assert all(isinstance(answer, Grant) for answer in await asyncio.gather(*asked))
    for ask in (ledger.balance("sam"), ledger.extend("call", 60), ledger.reconcile()):
        with pytest.raises(LedgerUnavailable):
            await ask


def test_moments_of_this_suite_are_real() -> None:
    assert moment(61_001) == "2026-01-01T12:01:01.001Z"
