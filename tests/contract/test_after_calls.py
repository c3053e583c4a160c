"""Tips, disputes and refunds in the books: the payer gets all of it, and nobody goes below zero."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from rig.shelf import migrated_file

from metering.after_call import AfterCalls, Decision, Dispute, Tip
from metering.call_refunds import CallRefund, Giver, RefundOrder
from metering.errors import AmountOutOfRange, IdReused, Refused, UnknownCall
from metering.facts import Began, CallTerms, Settlement, Stopped
from metering.sql import SqlLedger
from metering.tariff import Tariff
from storage import Database

AT = "2026-01-01T00:00:00.000Z"
TARIFF = Tariff("USD", 60_000, host_share_bp=8_000)  # one cent a millisecond


class Books:
    """A ledger on disk, Sam with $100, and what comes after his calls."""

    def __init__(self, file: Path) -> None:
        self.file, self.damaged = file, False
        self.database = Database.open(f"sqlite:///{file}")
        self.ledger = SqlLedger(self.database)
        self.after = AfterCalls(self.database)

    async def open(self) -> Books:
        await self.ledger.take_over("node")
        await self.ledger.open_wallet("sam", "USD")
        await self.ledger.top_up("sam", "p", 10_000, "card")
        return self

    async def call(self, name: str, charge_minor: int, host: str = "ada") -> str:
        """A settled call that cost this much."""
        await self.ledger.open_call(CallTerms(name, "sam", host, "Sam", "Ada", TARIFF, AT))
        await self.ledger.extend(name, charge_minor)
        events = [Began(0, AT, 0, "media_up"), Stopped(charge_minor, AT, charge_minor, "payer_left")]
        await self.ledger.record(name, events)
        account = await self.ledger.settle(Settlement(name, charge_minor, "payer_left", AT))
        assert account.charge_minor == charge_minor
        return name

    def minor(self, account: str) -> int:
        """The balance of an account, as it is on disk."""
        with sqlite3.connect(self.file) as raw:
            row = raw.execute("SELECT balance_minor FROM accounts WHERE id = ?", (account,)).fetchone()
        return 0 if row is None else int(row[0])

    async def decide(self, call: str, refund_minor: int) -> Dispute | Refused:
        return await self.after.decide(call, Decision(refund_minor, "As agreed.", "ola", AT))

    async def refund(
        self, call: str, minor: int, by: Giver = "operator", refund_id: str = "r"
    ) -> CallRefund | Refused:
        who = "ola" if by == "operator" else "ada"
        return await self.after.refund(call, RefundOrder(refund_id, minor, by, who, "Sorry.", AT))

    async def sound(self) -> None:
        assert await self.ledger.reconcile() == []


@pytest_asyncio.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    file = tmp_path / "talktime.db"
    file.write_bytes(migrated_file().read_bytes())
    made = await Books(file).open()
    yield made
    if not made.damaged:
        await made.sound()
    await made.ledger.close()
    await made.database.close()


async def test_a_tip_is_cut_like_the_call_and_given_once(books: Books) -> None:
    call = await books.call("call", 100)
    for _ in range(2):
        tip = await books.after.tip(call, "t", 333, AT)
        assert tip == Tip("t", "call", 333, 266, AT)
    assert books.minor("host:ada:USD:earnings") == 80 + 266
    assert books.minor("platform:USD:revenue") == 20 + 67
    assert books.minor("wallet:sam:available") == 10_000 - 100 - 333
    assert (await books.after.of(call)).tips == [Tip("t", "call", 333, 266, AT)]


async def test_a_tip_never_takes_what_is_not_there(books: Books) -> None:
    call = await books.call("call", 100)
    assert await books.after.tip(call, "t", 9_901, AT) == Refused("wallet.insufficient")
    assert isinstance(await books.after.tip(call, "t", 9_900, AT), Tip)
    assert books.minor("wallet:sam:available") == 0
    for wrong in (0, -1):
        with pytest.raises(AmountOutOfRange):
            await books.after.tip(call, "u", wrong, AT)
    with pytest.raises(IdReused):
        await books.after.tip(call, "t", 1, AT)
    with pytest.raises(UnknownCall):
        await books.after.tip("nothing", "v", 1, AT)


async def test_what_is_held_for_an_open_call_is_not_tipped_away(books: Books) -> None:
    await books.ledger.open_call(CallTerms("live", "sam", "ada", "Sam", "Ada", TARIFF, AT))
    await books.ledger.extend("live", 9_950)
    assert await books.after.tip("live", "t", 51, AT) == Refused("wallet.insufficient")
    assert isinstance(await books.after.tip("live", "t", 50, AT), Tip)


@pytest.mark.parametrize("parts", [[1], [33, 1, 1], [999], [1_000], [334, 333, 333]])
async def test_a_refund_reverses_exactly_what_was_paid(books: Books, parts: list[int]) -> None:
    call, left_minor = await books.call("call", 1_000), 1_000
    for number, part in enumerate(parts):
        for _ in range(2):
            made = await books.refund(call, part, refund_id=f"r{number}")
            assert isinstance(made, CallRefund)
        left_minor -= part
        assert books.minor("host:ada:USD:earnings") == TARIFF.host_share(left_minor)
        assert books.minor("platform:USD:revenue") == left_minor - TARIFF.host_share(left_minor)
        assert books.minor("wallet:sam:available") == 10_000 - left_minor
    assert await books.refund(call, left_minor + 1, refund_id="more") == Refused("refund.amount")
    with pytest.raises(IdReused):
        await books.refund(call, parts[0] + 1, refund_id="r0")


async def test_an_open_call_and_one_that_cost_nothing_have_nothing_to_refund(books: Books) -> None:
    await books.ledger.open_call(CallTerms("live", "sam", "ada", "Sam", "Ada", TARIFF, AT))
    await books.ledger.extend("live", 100)
    assert await books.refund("live", 1) == Refused("refund.amount")
    with pytest.raises(UnknownCall):
        await books.refund("nothing", 1)
    for wrong in (0, -1):
        with pytest.raises(AmountOutOfRange):
            await books.refund("live", wrong)


def pay_out(books: Books, minor: dict[str, int]) -> None:
    """What a payout would leave: earnings and revenue that are elsewhere."""
    with sqlite3.connect(books.file) as raw:
        raw.execute("INSERT INTO accounts (id, currency) VALUES ('processor:bank:USD', 'USD')")
        for source, amount in minor.items():
            raw.execute(
                "INSERT INTO transfers (id, source, target, amount_minor, currency) "
                "VALUES (?, ?, ?, ?, 'USD')",
                (f"out:{source}", source, "processor:bank:USD", amount),
            )


def take_back(books: Books, minor: dict[str, int]) -> None:
    """Undo `pay_out`: no payout is known to the books, and reconciliation says so."""
    with sqlite3.connect(books.file) as raw:
        raw.execute("DROP TRIGGER transfers_delete")
        gone = "SELECT seq FROM transfers WHERE id LIKE 'out:%'"
        raw.execute(f"DELETE FROM account_entries WHERE seq IN ({gone})")  # noqa: S608 - a text of our own
        raw.execute("DELETE FROM transfers WHERE id LIKE 'out:%'")
        for account, amount in minor.items():
            raw.execute(
                "UPDATE accounts SET balance_minor = balance_minor + ? WHERE id = ?", (amount, account)
            )
        raw.execute("DELETE FROM accounts WHERE id = 'processor:bank:USD'")


async def test_what_the_host_no_longer_has_is_owed_and_the_payer_gets_it_all(books: Books) -> None:
    call = await books.call("call", 1_000)
    paid_out = {"host:ada:USD:earnings": 700, "platform:USD:revenue": 150}
    pay_out(books, paid_out)
    assert await books.refund(call, 1_000, "host") == Refused("refund.earnings")
    decided = await books.refund(call, 1_000)
    assert isinstance(decided, CallRefund)
    assert (decided.host_minor, decided.clawed_minor, decided.platform_minor) == (800, 100, 50)
    assert books.minor("wallet:sam:available") == 10_000
    assert books.minor("host:ada:USD:earnings") == books.minor("platform:USD:revenue") == 0
    assert books.minor("receivable:host:ada:USD") == -700
    assert books.minor("processor:losses:USD") == -150
    assert books.minor("processor:call-refunds:USD") == 0
    assert {breach.invariant for breach in await books.ledger.reconcile()} == {"payment.route"}
    take_back(books, paid_out)


async def test_a_dispute_is_decided_once(books: Books) -> None:
    call = await books.call("call", 500)
    assert await books.decide(call, 10) == Refused("dispute.none")
    opened = await books.after.object(call, "It was silent.", AT)
    assert await books.after.object(call, "Something else.", AT) == opened
    assert await books.decide(call, 501) == Refused("refund.amount")
    first = await books.decide(call, 200)
    assert isinstance(first, Dispute)
    assert (first.state, first.decided_minor) == ("refunded", 200)
    assert await books.decide(call, 200) == first
    assert await books.decide(call, 300) == Refused("dispute.decided")
    assert await books.decide(call, 0) == Refused("dispute.decided")
    assert books.minor("wallet:sam:available") == 9_700
    assert await books.after.answer(call, "Too late.", AT) == Refused("dispute.decided")


async def test_the_host_answers_once_and_gives_a_part_back(books: Books) -> None:
    call = await books.call("call", 500)
    assert await books.after.answer(call, "I could hear you.", AT) == Refused("dispute.none")
    await books.after.object(call, "It was silent.", AT)
    answered = await books.after.answer(call, "I could hear you.", AT)
    assert await books.after.answer(call, "I could hear you.", AT) == answered
    assert await books.after.answer(call, "No, wait.", AT) == Refused("dispute.answered")
    assert isinstance(await books.refund(call, 100, "host"), CallRefund)
    assert await books.decide(call, 401) == Refused("refund.amount")
    decided = await books.decide(call, 0)
    assert isinstance(decided, Dispute)
    assert (decided.state, decided.decided_minor, decided.host_answer) == (
        "refunded", 0, "I could hear you.",
    )  # fmt: skip
    assert books.minor("wallet:sam:available") == 9_600


async def test_a_host_who_gives_it_all_back_ends_the_dispute(books: Books) -> None:
    call = await books.call("call", 500)
    await books.after.object(call, "It was silent.", AT)
    await books.refund(call, 200, "host", "r1")
    assert [each.state for each in await books.after.disputes("open")] == ["open"]
    await books.refund(call, 300, "host", "r2")
    (ended,) = await books.after.disputes()
    assert (ended.state, ended.decided_by, ended.decision) == ("refunded", "ada", "Sorry.")
    assert await books.decide(call, 0) == Refused("dispute.decided")


async def test_declining_moves_nothing(books: Books) -> None:
    call = await books.call("call", 500)
    await books.after.object(call, "It was silent.", AT)
    declined = await books.decide(call, 0)
    assert isinstance(declined, Dispute)
    assert (declined.state, declined.decision, declined.decided_minor) == ("declined", "As agreed.", 0)
    assert books.minor("wallet:sam:available") == 9_500
    assert await books.after.disputes("open") == []
    assert [each.call_id for each in await books.after.disputes()] == ["call"]


async def test_calls_that_ran_meanwhile_still_add_up(books: Books) -> None:
    old = await books.call("old", 400)
    await books.ledger.open_call(CallTerms("live", "sam", "ada", "Sam", "Ada", TARIFF, AT))
    await books.after.object(old, "It was silent.", AT)
    await books.decide(old, 400)
    await books.after.tip("live", "t", 70, AT)
    account = await books.ledger.settle(Settlement("live", 0, "payer_left", AT))
    assert (account.topped_up_minor, account.balance_after_minor) == (400, 9_930)


PLANTED = {
    "a refund raised": ("after.refund", "UPDATE call_refunds SET amount_minor = 101"),
    "a refund forgotten": ("after.credited", "DELETE FROM call_refunds"),
    "a refund that took too little": ("after.route", "UPDATE call_refunds SET clawed_minor = 79"),
    "a tip raised": ("after.route", "UPDATE tips SET amount_minor = 10"),
    "a tip forgotten": ("after.route", "DELETE FROM tips"),
    "a tip from nowhere": (
        "after.posted", "INSERT INTO tips VALUES ('u', 'call', 5, 4, '2026-01-01T00:00:00.000Z')",
    ),
    "more refunded than charged": (
        "after.refunds", "UPDATE metered_calls SET charge_minor = 99, host_share_minor = 79",
    ),
    "a decision that paid nothing": ("after.decided", "UPDATE disputes SET decided_minor = 90"),
    "a clearing account that is not clear": (
        "after.cleared",
        "UPDATE accounts SET balance_minor = 1 WHERE id = 'processor:call-refunds:USD'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "damage"), PLANTED.values(), ids=PLANTED.keys())
async def test_tampering_is_found_and_named(books: Books, rule: str, damage: str) -> None:
    call = await books.call("call", 500)
    await books.after.tip(call, "t", 9, AT)
    await books.after.object(call, "It was silent.", AT)
    await books.decide(call, 100)
    await books.sound()
    books.damaged = True
    with sqlite3.connect(books.file) as raw:
        raw.execute(damage)
    assert rule in {each.invariant for each in await books.ledger.reconcile()}
