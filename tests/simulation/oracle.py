"""Judges a world after it has ended. Computes everything anew, by other means than the code it judges."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import msgspec
from simulation.node import HOST, WALLET, WINDOW_MS, SimCall
from simulation.script import NOTICING_MS
from simulation.world import World

from metering.facts import Began, CallAccount, Gift, Stopped
from metering.memory import Books
from metering.receipt import build_receipt, verify_receipt
from metering.tariff import Tariff

SEED = bytes(range(32))
Spans = list[tuple[int, int]]


def judge(world: World) -> None:
    """Raise AssertionError unless every promise was kept."""
    ledger = world.node.ledger
    finish = world.finish
    accounts = {call.id: finish(ledger.call(call.id)) for call in world.calls}
    for call in world.calls:
        _judge_usage(world, call, accounts[call.id])
        _judge_money(world, call, accounts[call.id])
    balance = finish(ledger.balance(WALLET))
    charged_minor = sum(account.charge_minor for account in accounts.values())
    assert (balance.held_minor, balance.open_holds) == (0, 0), "a hold was not released"
    assert balance.available_minor == world.funds_minor - charged_minor, "money was made or lost"
    assert balance.available_minor >= 0
    assert finish(ledger.reconcile()) == []
    _count(world, accounts, balance.available_minor)


def price(tariff: Tariff, used_ms: int) -> int:
    """The tariff's formula, with fractions instead of integers."""
    if used_ms <= tariff.free_ms:
        return 0
    due = Fraction(max(used_ms - tariff.free_ms, tariff.minimum_ms), tariff.increment_ms)
    return math.floor(math.ceil(due) * tariff.increment_ms * Fraction(tariff.price_minor, tariff.per_ms))


def given(account: CallAccount) -> Spans:
    """The stretches of usage that were given away, each by walking through the events anew."""
    gifts: list[list[int]] = []
    for event in account.events:
        if isinstance(event, Gift):
            gifts.append([event.used_ms, event.gift_ms])
        elif isinstance(event, Stopped):
            for gift in gifts:
                gift[0] = min(gift[0], event.used_ms)
    spans: Spans = []
    for from_ms, gift_ms in gifts:
        begin_ms = max(from_ms, spans[-1][1]) if spans else from_ms
        spans.append((begin_ms, begin_ms + gift_ms))
    return spans


def truth(call: SimCall, noticed: bool = False) -> Spans:
    """When media was delivered between both, nobody had paused, nothing was held, and the call was open.

    `noticed`: without what was over before the meter heard that it had begun.
    """
    payer, host = (call.script.sides[party].spans() for party in ("payer", "host"))
    found: Spans = []
    for (a, b, told), (c, d, also_told) in itertools.product(payer, host):
        spans = _common([(a, b)], [(c, d)])
        spans = _common(spans, [(call.begun_ms, call.closed_ms or call.begun_ms)])
        for begin_ms, end_ms in (*call.pauses, *call.holds) if spans else ():
            spans = _common(spans, [(-(10**12), begin_ms), (end_ms, 10**12)])
        found += [span for span in spans if not noticed or span[1] > max(told, also_told)]
    return sorted(found)


def metered(account: CallAccount) -> Spans:
    """The intervals that the chain of events tells of: each millisecond that counts, no matter how."""
    spans: Spans = []
    start_ms: int | None = None
    for event in account.events:
        if isinstance(event, Stopped):
            if start_ms is not None:
                spans.append((start_ms, max(start_ms, event.at_ms)))
            spans = _common(spans, [(-(10**12), event.at_ms)])
            start_ms = None
        elif isinstance(event, Began):
            assert start_ms is None, "an interval began in another"
            start_ms = event.at_ms
    assert start_ms is None, "an interval was left open"
    return spans


def _judge_usage(world: World, call: SimCall, account: CallAccount) -> None:
    assert account.state == "settled"
    billed, delivered = metered(account), truth(call)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(billed)), "intervals overlap"
    assert _length(billed) == account.used_ms, "the intervals do not sum to the usage"
    undelivered_ms = account.used_ms - _length(_common(billed, delivered))
    # What a crash leaves uncorrected: a stop that was written before the loss was noticed.
    unnoticed_ms = {"exact": 0, "window": WINDOW_MS, "unproven": max(NOTICING_MS)}[world.script.proving]
    slack_ms = unnoticed_ms if call.crashed else 0
    assert undelivered_ms <= slack_ms, f"{call.id}: {undelivered_ms} ms were billed and not delivered"
    granted_ms = call.granted_ms if call.granted_ms is not None else call.closed_ms or 0
    due_ms = _length(_common(truth(call, noticed=True), [(granted_ms, 10**12)]))
    missed_ms = due_ms - account.used_ms
    if not call.crashed:
        assert missed_ms <= call.late_ms, f"{call.id}: {missed_ms} ms were delivered and not billed"
    elif world.script.temper.name == "quick":
        assert missed_ms <= 1_000 + call.late_ms, f"{call.id}: a crash lost {missed_ms} ms"


def _judge_money(world: World, call: SimCall, account: CallAccount) -> None:
    tariff = world.script.tariff
    gifted_ms = _length(_common(given(account), [(0, account.used_ms)]))
    world.reached["calls with time given"] += gifted_ms > 0
    due_minor = price(tariff, account.used_ms - gifted_ms)
    recorded_ms = sum(event.gift_ms for event in account.events if isinstance(event, Gift))
    assert recorded_ms == call.given_ms or call.crashed, "a gift was lost"
    assert 0 <= account.charge_minor <= due_minor
    if not call.crashed:
        assert account.charge_minor == due_minor, "used more than the hold covered"
    assert call.cap_minor is None or account.charge_minor <= call.cap_minor, "charged beyond the cap"
    assert account.host_share_minor == account.charge_minor * tariff.host_share_bp // 10_000
    if world.books is not None:
        _judge_transfers(world.books, call, account)
    if call.settle is not None and not call.crashed:
        assert call.settle.used_ms == account.used_ms
        assert call.settle.charge_minor == account.charge_minor
    if world.seed % 4 == 0:  # signatures take more time than all the rest
        for copy in ("payer", "host"):
            world.reached["receipts"] += 1
            assert verify_receipt(msgspec.json.encode(build_receipt(account, copy, SEED))) == []


def _judge_transfers(books: Books, call: SimCall, account: CallAccount) -> None:
    transfers = [t for t in books.transfers.values() if t.call_id == call.id]
    held = sum(t.amount_minor for t in transfers if t.target == f"wallet:{WALLET}:held")
    earned = sum(t.amount_minor for t in transfers if t.target == f"host:{HOST}:USD:earnings")
    captured = earned + sum(t.amount_minor for t in transfers if t.target == "platform:USD:revenue")
    released = sum(t.amount_minor for t in transfers if t.target == f"wallet:{WALLET}:available")
    assert captured == account.charge_minor, "not settled once"
    assert held == captured + released
    assert earned == account.host_share_minor


def _count(world: World, accounts: dict[str, CallAccount], left_minor: int) -> None:
    reached = world.reached
    reached["calls"] += len(accounts)
    reached["worlds"] += 1
    for call in world.calls:
        account = accounts[call.id]
        reached["calls that used time"] += account.used_ms > 0
        reached["calls that cost money"] += account.charge_minor > 0
        reached["intervals"] += len(metered(account))
        for event in account.events:
            if not isinstance(event, Gift):
                reached[f"reason {event.reason}"] += 1
    cut = [call for call in world.calls if call.cut is not None and call.cut.reason == "funds"]
    if cut and left_minor == 0:
        reached["wallets emptied to zero"] += 1
    if len(cut) > 1:
        reached["wallets emptied by several calls"] += 1


def _common(some: Spans, others: Spans) -> Spans:
    """The intersection of two sets of spans."""
    both = [(max(a, c), min(b, d)) for a, b in some for c, d in others]
    return sorted((begin, end) for begin, end in both if begin < end)


def _length(spans: Spans) -> int:
    return sum(end - begin for begin, end in spans)
