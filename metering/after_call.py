"""Tips, disputes and refunds: what happens to a call's money beside and after its settlement.

THEORY. A tip is a transfer of its own, out of what the payer can spend, cut between host and platform by the
share of the call's tariff. How a refund moves money is told in `metering.call_refunds`. A call has one
dispute at most:

    state      what happens                                            becomes
    --------   -----------------------------------------------------   ------------------------------------
    (none)     the payer objects                                       open
    open       the host answers, once                                  open
    open       the host gives back what was left of the charge         refunded
    open       the operator decides: refund more of it, or not         refunded if anything came back at
                                                                       all, declined if not

Host and operator may also refund without any dispute. Ids are chosen before the deed, so a retry changes
nothing. Each step is one transaction, with its line in the audit log and its letters in the outbox.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import Row, Select, select, update
from sqlalchemy.engine import Connection

from storage.audit_log import note
from storage.database import Database
from storage.worker import Transaction

from .accounts import Transfer, available_of, check_amount, earnings_of, revenue_of
from .after_letters import put_letter
from .after_news import dispute_answered, dispute_closed, dispute_opened, tip_given
from .after_tables import disputes, tips
from .bookkeeping import ensure_account, known_call, post, purse
from .call_refunds import CallRefund, RefundOrder, give_back, refunded_minor, refunds_of
from .errors import IdReused, Refused
from .rows import tariff_of
from .tables import metered_calls

DisputeState = Literal["open", "refunded", "declined"]
DECIDED = "decision"
"""Ends the id of the refund that a decision makes; ids that others choose are longer."""


@dataclass(frozen=True, slots=True)
class Tip:
    """A tip that was given; `host_minor` of it went to the host. `again`: it was known before."""

    id: str
    call_id: str
    amount_minor: int
    host_minor: int
    at: str
    again: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Dispute:
    """A payer's objection to what a call cost, and what became of it. `decided_minor`: what the decision

    refunded; refunds before it are their own.
    """

    call_id: str
    opened_at: str
    reason: str
    state: DisputeState
    host_answer: str
    answered_at: str
    decided_minor: int
    decided_at: str
    decided_by: str
    decision: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The operator's word on a dispute: refund `refund_minor` more (0: nothing more), and why."""

    refund_minor: int
    text: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Everything that was given, given back and said of one call."""

    tips: list[Tip]
    refunds: list[CallRefund]
    dispute: Dispute | None

    @property
    def refunded_minor(self) -> int:
        """What came back to the payer in all."""
        return sum(each.amount_minor for each in self.refunds)


class AfterCalls:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- reading ---------------------------------------------------------------------------------------------

    async def of(self, call_id: str) -> Aftermath:
        """What came after the call, on one snapshot."""

        def job(transaction: Transaction) -> Aftermath:
            connection = transaction.connection
            given = select(tips).where(tips.c.call_id == call_id).order_by(tips.c.at, tips.c.id)
            return Aftermath(
                [Tip(*row) for row in connection.execute(given)],
                refunds_of(connection, call_id),
                _dispute(connection, call_id),
            )

        return await self._database.read(job)

    async def disputes(
        self, state: DisputeState | None = None, *, host_id: str | None = None, limit: int = 100
    ) -> list[Dispute]:
        """Those that wait for a decision, the oldest first; then the newest that were decided.

        `host_id`: only about this host's calls.
        """
        order = (disputes.c.state != "open", disputes.c.decided_at.desc(), disputes.c.opened_at)
        wanted: Select[Any] = select(disputes).order_by(*order).limit(limit)
        if state is not None:
            wanted = wanted.where(disputes.c.state == state)
        if host_id is not None:
            theirs = select(metered_calls.c.id).where(metered_calls.c.host_id == host_id)
            wanted = wanted.where(disputes.c.call_id.in_(theirs))
        rows = await self._database.read(lambda transaction: transaction.connection.execute(wanted).all())
        return [Dispute(*row) for row in rows]

    # -- giving ----------------------------------------------------------------------------------------------

    async def tip(self, call_id: str, tip_id: str, amount_minor: int, at: str) -> Tip | Refused:
        """Give a tip, once by `tip_id`. `Refused("wallet.insufficient")` when the wallet has less to spend.

        Raises `UnknownCall`, `AmountOutOfRange`, and `IdReused` for another tip with this id.
        """
        check_amount(amount_minor, least=1)

        def job(transaction: Transaction) -> Tip | Refused:
            connection = transaction.connection
            call = known_call(connection, call_id)
            known = connection.execute(select(tips).where(tips.c.id == tip_id)).one_or_none()
            if known is not None:
                if (known.call_id, known.amount_minor) != (call_id, amount_minor):
                    raise IdReused(f"tip {tip_id} came before for another call or amount")
                return replace(Tip(*known), again=True)
            if purse(connection, call.wallet_id)[0] < amount_minor:
                return Refused("wallet.insufficient")
            made = _give_tip(connection, call, Tip(tip_id, call_id, amount_minor, 0, at))
            note(transaction, at, call.wallet_id, "tip.given", call_id, {"amount_minor": amount_minor})
            tip_given(transaction, call, tip_id, amount_minor, made.host_minor, at)
            return made

        return await self._database.write(job)

    async def refund(self, call_id: str, order: RefundOrder) -> CallRefund | Refused:
        """Give a part of a settled call back, by host or operator. Closes an open dispute when all is back.

        Refusals are those of `call_refunds.give_back`. Raises `UnknownCall`, `AmountOutOfRange`, `IdReused`.
        """
        check_amount(order.amount_minor, least=1)

        def job(transaction: Transaction) -> CallRefund | Refused:
            connection = transaction.connection
            call = known_call(connection, call_id)
            made = give_back(transaction, call, order)
            dispute = _dispute(connection, call_id)
            if (
                isinstance(made, CallRefund)
                and dispute is not None
                and dispute.state == "open"
                and refunded_minor(connection, call_id) == call.charge_minor
            ):
                _close(transaction, call, "refunded", Decision(0, order.reason, order.by_id, order.at))
            return made

        return await self._database.write(job)

    # -- objecting -------------------------------------------------------------------------------------------

    async def object(self, call_id: str, reason: str, at: str) -> Dispute:
        """Open the call's dispute; the one there is when there is one already. Raises `UnknownCall`."""

        def job(transaction: Transaction) -> Dispute:
            connection = transaction.connection
            call = known_call(connection, call_id)
            if _dispute(connection, call_id) is None:
                connection.execute(disputes.insert(), {"call_id": call_id, "opened_at": at, "reason": reason})
                note(transaction, at, call.wallet_id, "dispute.opened", call_id)
                put_letter(transaction, call_id, "dispute_opened", "host")
                put_letter(transaction, call_id, "dispute_opened", "operators")
                dispute_opened(transaction, call, reason, at)
            return _known(connection, call_id)

        return await self._database.write(job)

    async def answer(self, call_id: str, text: str, at: str) -> Dispute | Refused:
        """The host's word, once. The same again changes nothing.

        `Refused("dispute.none")`, `Refused("dispute.decided")`, `Refused("dispute.answered")`.
        """

        def job(transaction: Transaction) -> Dispute | Refused:
            connection = transaction.connection
            call, found = known_call(connection, call_id), _dispute(connection, call_id)
            if found is None:
                return Refused("dispute.none")
            if found.host_answer:
                return found if found.host_answer == text else Refused("dispute.answered")
            if found.state != "open":
                return Refused("dispute.decided")
            said = {"host_answer": text, "answered_at": at}
            connection.execute(update(disputes).where(disputes.c.call_id == call_id).values(said))
            note(transaction, at, call.host_id, "dispute.answered", call_id)
            put_letter(transaction, call_id, "dispute_answered", "payer")
            put_letter(transaction, call_id, "dispute_answered", "operators")
            dispute_answered(transaction, call, text, at)
            return _known(connection, call_id)

        return await self._database.write(job)

    async def decide(self, call_id: str, decision: Decision) -> Dispute | Refused:
        """Refund more, wholly or in part, or nothing more. The same decision again changes nothing.

        `Refused("dispute.none")` without a dispute, `Refused("dispute.decided")` when it was decided
        otherwise, `Refused("refund.amount")` for more than is left of the charge. Raises `UnknownCall`.
        """
        check_amount(decision.refund_minor)

        def job(transaction: Transaction) -> Dispute | Refused:
            connection = transaction.connection
            call, found = known_call(connection, call_id), _dispute(connection, call_id)
            if found is None:
                return Refused("dispute.none")
            if found.state != "open":
                same = (found.decided_minor, found.decision, found.decided_by) == (
                    decision.refund_minor, decision.text, decision.by,
                )  # fmt: skip
                return found if same else Refused("dispute.decided")
            if decision.refund_minor:
                order = RefundOrder(
                    f"{call_id}:{DECIDED}", decision.refund_minor, "operator", decision.by, decision.text,
                    decision.at,
                )  # fmt: skip
                made = give_back(transaction, call, order, tell=False)
                if isinstance(made, Refused):
                    return made
            state: DisputeState = "refunded" if refunded_minor(connection, call_id) else "declined"
            _close(transaction, call, state, decision)
            return _known(connection, call_id)

        return await self._database.write(job)


def _give_tip(connection: Connection, call: Row[Any], wanted: Tip) -> Tip:
    tariff = tariff_of(call.tariff)
    amount_minor, host_minor = wanted.amount_minor, tariff.host_share(wanted.amount_minor)
    made = Tip(wanted.id, wanted.call_id, amount_minor, host_minor, wanted.at)
    connection.execute(tips.insert(), {
        "id": made.id, "call_id": made.call_id, "amount_minor": amount_minor, "host_minor": host_minor,
        "at": made.at,
    })  # fmt: skip
    available = available_of(call.wallet_id)
    for name, target, minor in (
        ("host", earnings_of(call.host_id, tariff.currency), host_minor),
        ("platform", revenue_of(tariff.currency), amount_minor - host_minor),
    ):
        ensure_account(connection, target, tariff.currency)
        post(connection, Transfer(f"tip:{made.id}:{name}", available, target, minor, tariff.currency))
    return made


def _close(transaction: Transaction, call: Row[Any], state: DisputeState, decision: Decision) -> None:
    call_id = call.id
    transaction.connection.execute(
        update(disputes)
        .where(disputes.c.call_id == call_id)
        .values(
            state=state,
            decided_minor=decision.refund_minor,
            decided_at=decision.at,
            decided_by=decision.by,
            decision=decision.text,
        )
    )
    note(transaction, decision.at, decision.by, f"dispute.{state}", call_id,
         {"refund_minor": decision.refund_minor})  # fmt: skip
    put_letter(transaction, call_id, "dispute_decided", "payer")
    put_letter(transaction, call_id, "dispute_decided", "host")
    back_minor = refunded_minor(transaction.connection, call_id)
    dispute_closed(transaction, call, state, back_minor, decision.text, decision.at)


def _dispute(connection: Connection, call_id: str) -> Dispute | None:
    row = connection.execute(select(disputes).where(disputes.c.call_id == call_id)).one_or_none()
    return None if row is None else Dispute(*row)


def _known(connection: Connection, call_id: str) -> Dispute:
    found = _dispute(connection, call_id)
    if found is None:
        raise LookupError("a row that was just written is not there")
    return found
