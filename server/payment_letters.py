"""The receipt of a payment, by mail: whoever's card was used hears of it, also when somebody else used it.

Through the outbox, as letters about calls are (server.call_letters). Who gave no address gets none; every
payment stands on the page of the wallet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from booking.address_store import AddressStore
from metering.payment_letters import PaymentLetter
from server import wording
from server.deliverer import Delivered, Outcome, Policy
from server.mail import Mail, Mailer
from server.mail_courier import post
from storage.outbox import Parcel

HOW = {
    "checkout": "on the payment page",
    "card": "with your kept card, by one tap",
    "auto": "with your kept card, by the rule that you set",
}


@dataclass(slots=True)
class PaymentLetterCourier:
    """Writes and delivers them."""

    addresses: AddressStore
    mailer: Mailer
    public_url: Callable[[], str]
    policy: Policy = field(default_factory=lambda: Policy(at_once=4))

    async def deliver(self, parcel: Parcel, *, last: bool) -> Outcome:
        """See `Courier`."""
        del last
        letter = msgspec.json.decode(parcel.payload, type=PaymentLetter)
        address = await self.addresses.of(letter.wallet)
        if not address:
            return Delivered()
        return await post(self.mailer, mail_of(letter, address, self.public_url()))


def mail_of(letter: PaymentLetter, address: str, public_url: str) -> Mail:
    """What the payer reads."""
    amount = wording.money(letter.amount_minor, letter.currency)
    text = "\n\n".join(
        [
            "Hello,",
            f"{amount} came into your wallet, paid {HOW[letter.kind]}.\nPayment: {letter.payment}",
            f"{public_url}/wallet",
            "Every payment stands there; you can forget the card there, and end the rule.",
            f"If that was not you, end your other logins: {public_url}/logins",
        ]
    )
    return Mail(address, f"You paid in {amount}", f"{text}\n")
