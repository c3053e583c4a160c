"""Letters about a call's money: the receipt, refunds, and what becomes of a dispute.

Through the outbox: the fact and its letter are written together, and a mail server that is away delays the
letter and loses nothing. What a letter says is read when it is written, so a late one is never out of date.
Who gave no address gets none; the same stands on the receipt's page. What operators shall read becomes a
letter for each of them, once: one whose address fails does not have the others written to again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import msgspec

from booking.address_store import AddressStore, operators_of
from metering.after_call import AfterCalls, Aftermath
from metering.after_letters import Letter
from metering.errors import UnknownCall
from metering.facts import CallAccount
from metering.ledger import Ledger
from server import wording
from server.deliverer import Delivered, Hopeless, Outcome, Policy
from server.mail import Mail, Mailer
from server.mail_courier import post, put_mail
from storage.database import Database
from storage.outbox import Parcel
from storage.worker import Transaction


@dataclass(slots=True)
class LetterCourier:
    """Writes and delivers letters."""

    ledger: Ledger
    after_calls: AfterCalls
    addresses: AddressStore
    mailer: Mailer
    public_url: Callable[[], str]
    database: Database
    policy: Policy = field(default_factory=lambda: Policy(at_once=4))

    async def deliver(self, parcel: Parcel, *, last: bool) -> Outcome:
        """See `Courier`."""
        del last
        letter = msgspec.json.decode(parcel.payload, type=Letter)
        try:
            account = await self.ledger.call(letter.call)
        except UnknownCall:
            return Hopeless("there is no such call")
        terms = account.terms
        if letter.to == "operators":
            after = await self.after_calls.of(letter.call)
            await self.database.write(partial(_tell_operators, letter, account, after, self.public_url()))
            return Delivered()
        reader = terms.wallet_id if letter.to == "payer" else terms.host_id
        address = await self.addresses.of(reader)
        if not address:
            return Delivered()
        after = await self.after_calls.of(letter.call)
        return await post(self.mailer, mail_of(letter, account, after, address, self.public_url()))


def _tell_operators(
    letter: Letter, account: CallAccount, after: Aftermath, public_url: str, transaction: Transaction
) -> None:
    terms, dispute = account.terms, after.dispute
    charge = wording.money(account.charge_minor, terms.tariff.currency)
    if letter.topic == "dispute_opened":
        subject = f"{terms.payer_name} objects to a charge of {terms.host_name}'s"
        said = [
            f"{terms.payer_name} objects to what a call with {terms.host_name} cost ({charge}), and writes:",
            _quoted(dispute.reason if dispute else ""),
            f"{terms.host_name} was told and can answer. You decide:",
        ]
    else:
        subject = f"{terms.host_name} answers {terms.payer_name}'s objection"
        said = [
            f"{terms.host_name} writes about the call with {terms.payer_name} ({charge}):",
            _quoted(dispute.host_answer if dispute else ""),
            "You decide:",
        ]
    for person, address in operators_of(transaction):
        text = "\n\n".join([f"Hello {person.name},", *said, f"{public_url}/operator/disputes"])
        key = f"{letter.call}:{letter.topic}:{person.id}"
        put_mail(transaction, key, Mail(address, _one_line(subject), f"{text}\n"))


def mail_of(letter: Letter, account: CallAccount, after: Aftermath, address: str, public_url: str) -> Mail:
    """What the reader reads."""
    terms = account.terms
    reader, other = terms.payer_name, terms.host_name
    if letter.to == "host":
        reader, other = other, reader
    subject, body = _written(letter, account, after, other)
    text = "\n\n".join(
        [
            f"Hello {reader},",
            *body,
            f"{public_url}/receipt/{terms.call_id}",
            "Sign in with this address to open it.",
        ]
    )
    return Mail(address, _one_line(subject), f"{text}\n")


def _written(letter: Letter, account: CallAccount, after: Aftermath, other: str) -> tuple[str, list[str]]:
    currency = account.terms.tariff.currency
    charge = wording.money(account.charge_minor, currency)
    match letter.topic:
        case "receipt":
            return f"Your call with {other}: {charge}", _receipt(account, after)
        case "refunded":
            return _refunded(letter, after, currency, other)
        case "dispute_opened":
            reason = after.dispute.reason if after.dispute else ""
            return f"{other} objects to a charge", [
                f"{other} objects to what your call cost ({charge}), and writes:",
                _quoted(reason),
                "You can answer, or give a part or all of it back, on the receipt's page.",
                "The meter's log is there too. The operator decides after that.",
            ]
        case "dispute_answered":
            answer = after.dispute.host_answer if after.dispute else ""
            return f"{other} answers your objection", [
                f"{other} writes about your call:", _quoted(answer), "The operator decides next.",
            ]  # fmt: skip
        case "dispute_decided":
            return _decided(letter, account, after, other)


def _receipt(account: CallAccount, after: Aftermath) -> list[str]:
    terms, currency = account.terms, account.terms.tariff.currency
    lines = [
        f"Talked: {wording.duration(account.used_ms)}",
        f"Cost: {wording.money(account.charge_minor, currency)}",
    ]
    if account.balance_after_minor is not None:
        lines.append(f"Your balance after the call: {wording.money(account.balance_after_minor, currency)}")
    tipped_minor = sum(tip.amount_minor for tip in after.tips)
    if tipped_minor:
        lines.append(f"Tip, beside that: {wording.money(tipped_minor, currency)}")
    return [
        f"thank you for your call with {terms.host_name}.",
        "\n".join(lines),
        "The signed receipt is here. If something was wrong, say so there within 48 hours.",
    ]


def _refunded(letter: Letter, after: Aftermath, currency: str, other: str) -> tuple[str, list[str]]:
    refund = next((each for each in after.refunds if each.id == letter.refund), None)
    why = [f"The reason: {refund.reason}"] if refund and refund.reason else []
    if letter.to == "host":
        amount = wording.money(refund.host_minor if refund else 0, currency)
        said = f"The operator gave {other} money back for your call; {amount} of it were your earnings."
        return f"{amount} of your earnings went back", [said, *why]
    amount = wording.money(refund.amount_minor if refund else after.refunded_minor, currency)
    said = f"{amount} of what your call with {other} cost came back. It is on your balance."
    return f"{amount} came back to you", [said, *why]


def _decided(letter: Letter, account: CallAccount, after: Aftermath, other: str) -> tuple[str, list[str]]:
    currency = account.terms.tariff.currency
    back_minor = after.refunded_minor
    if letter.to == "host":
        back_minor = sum(each.host_minor for each in after.refunds)
    amount = wording.money(back_minor, currency)
    decision = [_quoted(after.dispute.decision)] if after.dispute and after.dispute.decision else []
    if after.refunded_minor == 0:
        return "The charge stands", [f"It was decided about your call with {other}: the charge stands.",
                                     *decision]  # fmt: skip
    if letter.to == "host":
        said = f"{amount} of your earnings from the call with {other} went back."
    else:
        said = f"{amount} of what your call with {other} cost came back. It is on your balance."
    return f"It was decided: {amount} went back", [said, *decision]


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())


def _one_line(text: str) -> str:
    return "".join(character if ord(character) >= 32 else " " for character in text)
