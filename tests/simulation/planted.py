"""Bugs that somebody could write, as patches: the suite must catch each of them.

`old` must occur exactly once in the file. When the code moves on and a patch no longer applies, write the
same mistake into the new code; do not just drop it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bug:
    """A mistake: in `file` of the metering package, `new` instead of `old`."""

    name: str
    file: str
    old: str
    new: str


BUGS = (
    # -- the meter -----------------------------------------------------------------------------------------
    Bug(
        "an interval ends when the loss is noticed, not when it happened",
        "meter.py",
        "isinstance(event, MediaDown | Closed)",
        "isinstance(event, Closed)",
    ),
    Bug(
        "usage counts up to the news of the end, not up to the end",
        "meter.py",
        "isinstance(event, MediaDown | Closed)",
        "isinstance(event, MediaDown)",
    ),
    Bug(
        "a loss that came before a pause takes nothing back",
        "tally.py",
        "while self._closed and self._closed[-1][1] > at_ms:",
        "while self._closed and self._closed[-1][1] > at_ms and first_ms is not None:",
    ),
    Bug(
        "a timer that fires late is paid for by the payer",
        "meter.py",
        "self._stop(end_ms, self._short)",
        "self._stop(instant_ms, self._short)",
    ),
    Bug(
        "what was held back during a pause is billed when media returns",
        "meter.py",
        '            case "release":\n                self._open_since_ms = self._now_ms\n',
        '            case "release":\n',
    ),
    Bug(
        "it begins before the first grant was given",
        "meter.py",
        "            self._open_since_ms = instant_ms\n",
        "            pass\n",
    ),
    Bug(
        "it runs while one of the two is lost",
        "sides.py",
        "if payer.lost or host.lost:",
        "if payer.lost and host.lost:",
    ),
    Bug(
        "each party takes back the other's pause too",
        "sides.py",
        "self._of(party).paused = paused",
        "self._payer.paused = self._host.paused = paused",
    ),
    Bug(
        "an unproven end is believed",
        "meter.py",
        "if self._tally.running and self._proven_ms is not None:",
        "if self._tally.running and self._proven_ms is None:",
    ),
    Bug(
        "the soft landing never ends",
        "meter.py",
        "self._now_ms >= self._soft_until_ms and not self._cut",
        "self._now_ms > self._soft_until_ms + 10**9 and not self._cut",
    ),
    Bug(
        "the warning comes with every fact",
        "meter.py",
        "            self._warned = True\n",
        "            self._warned = False\n",
    ),
    Bug(
        "a call that was lost has too little to come back with",
        "meter.py",
        '_COMING_BACK_MS if self._state == "reconnecting" else 0',
        "0",
    ),
    # -- asking for money ----------------------------------------------------------------------------------
    Bug(
        "several asks are in flight at once",
        "credit.py",
        "if not self._wanted or self._in_flight or not due:",
        "if not self._wanted or not due:",
    ),
    Bug(
        "a call on a shared wallet plans with all of it",
        "credit.py",
        "(0, funds_minor - held_minor) // max(1, sharers)",
        "(0, funds_minor - held_minor)",
    ),
    Bug(
        "a late answer lowers the hold",
        "credit.py",
        "if self.answered and held_minor < self.held_minor:",
        "if self.answered and held_minor < 0:",
    ),
    Bug(
        "a top-up during an ask is forgotten",
        "credit.py",
        "        self._in_flight = False\n        if self.answered",
        "        self._in_flight = self._wanted = False\n        if self.answered",
    ),
    Bug(
        "a failed ask is never repeated",
        "credit.py",
        "        self._wanted = True\n        self._retry_at_ms = now_ms + self._retry_ms",
        "        self._retry_at_ms = now_ms + self._retry_ms",
    ),
    Bug(
        "the meter runs on to the end of the funds, past the payer's own cap",
        "credit.py",
        "self.price.affordable(self._within_cap(self.held_minor))",
        "self.price.affordable(self.held_minor)",
    ),
    Bug(
        "more is held than the payer's cap allows",
        "credit.py",
        "return self._within_cap(self.price.charge(used_ms + self._quantum_ms(used_ms)))",
        "return self.price.charge(used_ms + self._quantum_ms(used_ms))",
    ),
    Bug(
        "a cap that is raised in the soft landing is not looked at",
        "meter.py",
        "        credit.cap(cap_minor, used_ms)\n",
        "        credit.cap_minor = cap_minor\n",
    ),
    Bug(
        "usage that is taken back takes the gift with it",
        "price.py",
        "(min(from_ms, used_ms), ms) for from_ms, ms",
        "(from_ms, ms) for from_ms, ms",
    ),
    Bug(
        "two gifts at once are one",
        "price.py",
        "begin_ms = max(from_ms, end_ms)",
        "begin_ms = from_ms",
    ),
    Bug(
        "a gift is shown and charged all the same",
        "memory.py",
        "due_minor = Price.of(tariff, call.events).charge(call.progress.used_ms)",
        "due_minor = tariff.charge(call.progress.used_ms)",
    ),
    # -- the tariff ----------------------------------------------------------------------------------------
    Bug(
        "funds afford one millisecond too many",
        "tariff.py",
        "((funds_minor + 1) * self.per_ms - 1) // self.price_minor",
        "((funds_minor + 1) * self.per_ms) // self.price_minor",
    ),
    Bug(
        "the charge is rounded up",
        "tariff.py",
        "return self.billable_ms(used_ms) * self.price_minor // self.per_ms",
        "return -(-self.billable_ms(used_ms) * self.price_minor // self.per_ms)",
    ),
    Bug(
        "less than the minimum still buys time",
        "tariff.py",
        "return self.free_ms + billable if billable >= minimum else self.free_ms",
        "return self.free_ms + billable",
    ),
    # -- the ledger ----------------------------------------------------------------------------------------
    Bug(
        "a charge may pass the hold",
        "memory.py",
        "call.charge_minor = min(due_minor, call.held_minor)",
        "call.charge_minor = due_minor",
    ),
    Bug(
        "a settled call can still hold money",
        "memory.py",
        '        if call.state == "settled":\n            return Refused("call.settled")\n        wallet_id',
        "        wallet_id",
    ),
    Bug(
        "what was not charged stays held",
        "memory.py",
        "released_minor = call.held_minor - call.charge_minor",
        "released_minor = 0 * call.charge_minor",
    ),
    Bug(
        "a second settlement settles again",
        "memory.py",
        '        if call.state == "settled":\n            return self._account(call)\n        call_id',
        "        call_id",
    ),
    Bug(
        "a superseded process can go on writing",
        "memory.py",
        "if self._epoch and self._epoch != self.books.epochs[self._node_id]:",
        "if self._epoch and self._epoch > self.books.epochs[self._node_id]:",
    ),
    Bug(
        "recovery bills beyond a call's own last proof of life",
        "progress.py",
        "heartbeat.exceptions.get(call_id, heartbeat.safe_at_ms)",
        "heartbeat.safe_at_ms",
    ),
    # -- the ledger in SQL ---------------------------------------------------------------------------------
    Bug(
        "SQL: the hold is not cut to what is available",
        "sql.py",
        "amount_minor = min(to_minor - held_minor, available_minor)",
        "amount_minor = to_minor - held_minor",
    ),
    Bug(
        "SQL: a superseded process can go on extending",
        "sql.py",
        "            if epoch != self._epoch:\n                self._check_epoch(raw)\n",
        "",
    ),
    Bug(
        "SQL: a renewal in flight at the hang-up still takes money",
        "sql.py",
        """            if state == "settled":
                return Refused("call.settled")
            amount_minor""",
        "            amount_minor",
    ),
    Bug(
        "SQL: a heartbeat of the new process proves life for the old one's calls",
        "sql.py",
        "heartbeats.c.epoch == row.epoch",
        "heartbeats.c.epoch >= row.epoch",
    ),
    Bug(
        "SQL: recovery settles calls of other nodes",
        "sql.py",
        "            metered_calls.c.node_id == self._node_id,\n",
        "",
    ),
    Bug(
        "SQL: a payment's id may come again with another amount",
        "sql.py",
        "elif tuple(known) != (wallet_id, amount_minor, source):",
        "elif known[0] != wallet_id:",
    ),
    Bug(
        "SQL: only the last event of a retry is known again",
        "sql.py",
        "count - max(1, len(offered))",
        "count - 1",
    ),
    Bug(
        "SQL: what is not recorded is charged",
        "bookkeeping.py",
        "        return progress.used_ms\n    append_events",
        "        return used_ms\n    append_events",
    ),
    Bug(
        "SQL: the charge is not cut to the hold",
        "bookkeeping.py",
        "charge_minor = min(due_minor, row.held_minor)",
        "charge_minor = due_minor",
    ),
    Bug(
        "SQL: a second settlement settles again",
        "bookkeeping.py",
        'if row.state == "open":',
        'if row.state != "":',
    ),
    # -- what is told of it --------------------------------------------------------------------------------
    Bug(
        "a later stop lengthens an interval",
        "usage.py",
        "found[-1].end_ms > event.at_ms",
        "found[-1].end_ms != event.at_ms",
    ),
    Bug(
        "a link forgets the chain before it",
        "chain.py",
        "sha256(bytes.fromhex(previous) + told.encode",
        "sha256(told.encode",
    ),
    Bug(
        "any signature will do",
        "receipt.py",
        "        key.verify(_decode(receipt.signature), _message(members))\n",
        "        key.verify  # noqa: B018\n",
    ),
    Bug(
        "a receipt's charge is taken on trust",
        "receipt.py",
        "if receipt.charge_minor + receipt.waived_minor != price.charge(receipt.used_ms):",
        "if receipt.charge_minor + receipt.waived_minor < 0:",
    ),
    # -- tips and refunds ----------------------------------------------------------------------------------
    Bug(
        "each refund may be as large as the charge",
        "call_refunds.py",
        "if order.amount_minor > call.charge_minor - before_minor:",
        "if order.amount_minor > call.charge_minor:",
    ),
    Bug(
        "each refund's share is rounded for itself",
        "call_refunds.py",
        "host_minor = tariff.host_share(kept_minor) - tariff.host_share(kept_minor - wanted_minor)",
        "host_minor = tariff.host_share(wanted_minor)",
    ),
    Bug(
        "a host refunds with the platform's money",
        "call_refunds.py",
        'if order.by_side == "host" and made.clawed_minor < made.host_minor:',
        'if order.by_side == "host" and made.clawed_minor > made.host_minor:',
    ),
    Bug(
        "a tip that was retried is given twice",
        "after_call.py",
        "known = connection.execute(select(tips).where(tips.c.id == tip_id)).one_or_none()",
        "known = None",
    ),
    Bug(
        "a dispute is decided again",
        "after_call.py",
        '            if found.state != "open":\n                same',
        '            if found.state == "declined":\n                same',
    ),
)
