"""Mail that states a fact: put into the outbox with the fact, delivered by the mailer until it is taken."""

from __future__ import annotations

import msgspec

from server.deliverer import Delivered, Failed, Hopeless, Outcome, Policy
from server.mail import Mail, Mailer, MailError
from storage.outbox import Parcel, put
from storage.worker import Transaction

KIND = "mail"


class _Payload(msgspec.Struct, frozen=True):
    to: str
    subject: str
    text: str
    html: str = ""


def put_mail(transaction: Transaction, key: str, mail: Mail) -> bool:
    """Put a mail into the outbox, inside the job that writes what it says. Once for each `key`."""
    return put(transaction, KIND, key, _Payload(mail.to, mail.subject, mail.text, mail.html))


async def post(mailer: Mailer, mail: Mail) -> Outcome:
    """Send a mail, as the end of a delivery."""
    try:
        await mailer.send(mail)
    except MailError as error:
        return Failed(str(error)) if error.passing else Hopeless(str(error))
    return Delivered()


class MailCourier:
    """Delivers the outbox's mail."""

    policy = Policy(at_once=4)

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    async def deliver(self, parcel: Parcel, *, last: bool) -> Outcome:  # noqa: ARG002 - the port's signature
        """See `Courier`. A mail that a server refuses for good is not tried again."""
        payload = msgspec.json.decode(parcel.payload, type=_Payload)
        return await post(self._mailer, Mail(payload.to, payload.subject, payload.text, payload.html))
