"""What the fake Stripe knows: customers, cards, checkouts, payments, refunds, disputes, events. No HTTP."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rig.stripe_objects import CARDS, Json, make, new_id


class Wrong(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, kind: str, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "code": code, "message": message, **more}}


def missing(what: str, name: str) -> Wrong:
    """404."""
    return Wrong(404, "invalid_request_error", "resource_missing", f"No such {what}: '{name}'")


@dataclass(slots=True)
class Till:
    """See the module. `address` is where browsers find the fake's pages; `now` gives Unix seconds."""

    address: str
    now: Callable[[], int]
    told: Callable[[Json], None]
    things: dict[str, dict[str, Json]] = field(default_factory=dict)
    behaviours: dict[str, str] = field(default_factory=dict)
    charges_of_order: dict[str, int] = field(default_factory=dict)
    """How often each order's card was really charged: the truth about double charges."""

    def all(self, kind: str) -> dict[str, Json]:
        return self.things.setdefault(kind, {})

    def put(self, kind: str, **values: Any) -> Json:
        made = make(kind, self.now(), **values)
        self.all(kind)[made["id"]] = made
        return made

    def get(self, kind: str, name: str) -> Json:
        if name not in self.all(kind):
            raise missing(kind, name)
        return self.all(kind)[name]

    def tell(self, event_type: str, about: Json) -> None:
        """Make an event with a snapshot of its object."""
        request = {"id": None, "idempotency_key": None}
        data = {"object": copy.deepcopy(about)}
        self.told(make("event", self.now(), type=event_type, data=data, request=request))

    # -- customers and cards ---------------------------------------------------------------------------------

    def make_customer(self, form: Json) -> Json:
        return self.put("customer", metadata=form.get("metadata", {}))

    def make_card(self, name: str, customer: str | None) -> Json:
        brand, last4, behaviour = CARDS[name]
        method = self.put("payment_method", customer=customer, metadata={})
        method["card"] |= {"brand": brand, "display_brand": brand, "last4": last4}
        self.behaviours[method["id"]] = behaviour
        return method

    def detach(self, name: str) -> Json:
        method = self.get("payment_method", name)
        if method["customer"] is None:
            raise Wrong(400, "invalid_request_error", "", "The payment method is not attached to a customer.")
        method["customer"] = None
        return method

    # -- checkout --------------------------------------------------------------------------------------------

    def make_session(self, form: Json) -> Json:
        line = form["line_items"][0]
        amount, currency = int(line["price_data"]["unit_amount"]), line["price_data"]["currency"]
        if amount < 50:
            raise Wrong(400, "invalid_request_error", "amount_too_small", "Amount must be at least $0.50 usd")
        self.get("customer", form["customer"])
        if form["payment_intent_data"].get("setup_future_usage") not in {None, "off_session", "on_session"}:
            raise Wrong(400, "invalid_request_error", "parameter_invalid", "Invalid setup_future_usage")
        session = self.put(
            "checkout.session",
            amount_subtotal=amount, amount_total=amount, currency=currency, customer=form["customer"],
            client_reference_id=form.get("client_reference_id"), metadata=form.get("metadata", {}),
            success_url=form["success_url"], cancel_url=form["cancel_url"], expires_at=self.now() + 86_400,
        )  # fmt: skip
        session["adaptive_pricing"] = {"enabled": form.get("adaptive_pricing", {}).get("enabled") == "true"}
        session["url"] = f"{self.address}/c/pay/{session['id']}"
        self.behaviours[session["id"]] = form["payment_intent_data"].get("setup_future_usage", "")
        session["payment_intent"] = None
        self.things.setdefault("plan", {})[session["id"]] = dict(
            form["payment_intent_data"].get("metadata", {})
        )
        return session

    def expire(self, name: str) -> Json:
        session = self.get("checkout.session", name)
        if session["status"] != "open":
            raise Wrong(
                400,
                "invalid_request_error",
                "",
                "Only Checkout Sessions with a status in open can be expired",
            )
        session |= {"status": "expired", "url": None}
        self.tell("checkout.session.expired", session)
        return session

    def pay_session(self, name: str, card: str) -> Json:
        """What the person at the hosted page does. The session's PaymentIntent as it is then."""
        session = self.get("checkout.session", name)
        if session["status"] != "open":
            raise Wrong(400, "invalid_request_error", "", "This session is over.")
        if session["payment_intent"] is None:
            intent = self.put(
                "payment_intent", amount=session["amount_total"], currency=session["currency"],
                customer=session["customer"], metadata=self.things["plan"][name],
                setup_future_usage=self.behaviours[name] or None,
            )  # fmt: skip
            session["payment_intent"] = intent["id"]
            self.tell("payment_intent.created", intent)
        intent = self.get("payment_intent", session["payment_intent"])
        method = self.make_card(card, None)
        self._attempt(intent, method, present=True, return_url=session["success_url"])
        return intent

    # -- payments --------------------------------------------------------------------------------------------

    def make_intent(self, form: Json) -> Json:
        customer = self.get("customer", form["customer"])
        method = self.get("payment_method", form["payment_method"])
        if method["customer"] != customer["id"]:
            raise Wrong(
                400, "invalid_request_error", "resource_missing", "The payment method is not the customer's."
            )
        if int(form["amount"]) < 50:
            raise Wrong(400, "invalid_request_error", "amount_too_small", "Amount must be at least $0.50 usd")
        intent = self.put(
            "payment_intent", amount=int(form["amount"]), currency=form["currency"], customer=customer["id"],
            metadata=form.get("metadata", {}),
        )  # fmt: skip
        self.tell("payment_intent.created", intent)
        if form.get("confirm") == "true":
            self._attempt(
                intent, method, present=form.get("off_session") != "true", return_url=form.get("return_url")
            )
            self._raise_declined(intent)
        return intent

    def confirm(self, name: str, form: Json) -> Json:
        intent = self.get("payment_intent", name)
        if intent["status"] not in {"requires_payment_method", "requires_confirmation", "requires_action"}:
            raise Wrong(
                400, "invalid_request_error", "payment_intent_unexpected_state",
                f"This PaymentIntent's status is {intent['status']}.", payment_intent=copy.deepcopy(intent),
            )  # fmt: skip
        method = self.get("payment_method", form.get("payment_method") or intent["payment_method"])
        self._attempt(intent, method, present=True, return_url=form.get("return_url"))
        self._raise_declined(intent)
        return intent

    def cancel(self, name: str) -> Json:
        intent = self.get("payment_intent", name)
        if intent["status"] in {"succeeded", "canceled"}:
            raise Wrong(
                400, "invalid_request_error", "payment_intent_unexpected_state",
                f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
                payment_intent=copy.deepcopy(intent),
            )  # fmt: skip
        intent |= {"status": "canceled", "canceled_at": self.now(), "next_action": None}
        self.tell("payment_intent.canceled", intent)
        return intent

    def _attempt(self, intent: Json, method: Json, *, present: bool, return_url: str | None) -> None:
        behaviour = self.behaviours.get(method["id"], "ok")
        intent |= {"last_payment_error": None, "next_action": None}
        if behaviour == "insufficient_funds" or (behaviour == "ok_then_declined" and method["customer"]):
            self._decline(
                intent, method, "card_declined", "insufficient_funds", "Your card has insufficient funds."
            )
        elif behaviour == "3ds" and not present:
            text = "Your card was declined. This transaction requires authentication."
            self._decline(intent, method, "authentication_required", "authentication_required", text)
        elif behaviour == "3ds":
            url = f"{self.address}/acs/{intent['id']}"
            intent |= {
                "status": "requires_action", "payment_method": method["id"],
                "next_action": {
                    "type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url},
                },
            }  # fmt: skip
            self.tell("payment_intent.requires_action", intent)
        else:
            self._succeed(intent, method)

    def authenticate(self, name: str, *, agreed: bool) -> str:
        """What the person at the bank's page does. Where their browser goes then."""
        intent = self.get("payment_intent", name)
        if intent["status"] != "requires_action":
            raise Wrong(400, "invalid_request_error", "", "There is nothing to confirm.")
        back = str(intent["next_action"]["redirect_to_url"]["return_url"])
        method = self.get("payment_method", intent["payment_method"])
        intent["next_action"] = None
        if agreed:
            self._succeed(intent, method)
        else:
            code = "payment_intent_authentication_failure"
            self._decline(intent, method, code, None, "The provided PaymentMethod has failed authentication.")
        return back

    def _succeed(self, intent: Json, method: Json) -> None:
        charge = self.put(
            "charge", amount=intent["amount"], amount_captured=intent["amount"], captured=True,
            currency=intent["currency"], customer=intent["customer"], payment_intent=intent["id"],
            payment_method=method["id"], metadata=intent["metadata"],
        )  # fmt: skip
        intent |= {
            "status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"],
            "payment_method": method["id"], "next_action": None,
        }  # fmt: skip
        order = intent["metadata"].get("talktime-order", intent["id"])
        self.charges_of_order[order] = self.charges_of_order.get(order, 0) + 1
        if intent["setup_future_usage"]:
            method["customer"] = intent["customer"]
            self.tell("payment_method.attached", method)
        self.tell("charge.succeeded", charge)
        self.tell("payment_intent.succeeded", intent)
        for session in self.all("checkout.session").values():
            if session["payment_intent"] == intent["id"]:
                session |= {"status": "complete", "payment_status": "paid", "url": None}
                self.tell("checkout.session.completed", session)

    def _decline(self, intent: Json, method: Json, code: str, decline_code: str | None, text: str) -> None:
        failure = {
            "type": "card_error",
            "code": code,
            "message": text,
            "payment_method": copy.deepcopy(method),
        }
        if decline_code:
            failure["decline_code"] = decline_code
        intent |= {"status": "requires_payment_method", "payment_method": None, "last_payment_error": failure}
        self.tell("payment_intent.payment_failed", intent)

    def _raise_declined(self, intent: Json) -> None:
        failure = intent["last_payment_error"]
        if failure is not None:
            more = {key: value for key, value in failure.items() if key not in {"type", "code", "message"}}
            raise Wrong(
                402,
                "card_error",
                failure["code"],
                failure["message"],
                payment_intent=copy.deepcopy(intent),
                **more,
            )

    # -- money that goes back --------------------------------------------------------------------------------

    def make_refund(self, form: Json, *, fails: bool = False) -> Json:
        intent = self.get("payment_intent", form["payment_intent"])
        given = sum(
            each["amount"] for each in self.all("refund").values()
            if each["payment_intent"] == intent["id"] and each["status"] != "failed"
        )  # fmt: skip
        amount = int(form.get("amount") or intent["amount_received"] - given)
        if amount > intent["amount_received"] - given:
            raise Wrong(400, "invalid_request_error", "charge_already_refunded", "Refund amount is greater.")
        refund = self.put(
            "refund", amount=amount, currency=intent["currency"], charge=intent["latest_charge"],
            payment_intent=intent["id"], metadata=form.get("metadata", {}),
            status="pending" if fails else "succeeded",
        )  # fmt: skip
        self.tell("refund.created", refund)
        return refund

    def fail_refund(self, name: str) -> Json:
        refund = self.get("refund", name)
        refund["status"] = "failed"
        self.tell("refund.failed", refund)
        return refund

    def dispute(self, intent_id: str, *, inquiry: bool = False) -> Json:
        """The payer contests a payment at the bank."""
        intent = self.get("payment_intent", intent_id)
        dispute = self.put(
            "dispute", amount=intent["amount_received"], charge=intent["latest_charge"],
            currency=intent["currency"], payment_intent=intent_id,
            status="warning_needs_response" if inquiry else "needs_response",
        )  # fmt: skip
        if inquiry:
            self.tell("charge.dispute.created", dispute)
            return dispute
        dispute["balance_transactions"] = [self._moved(dispute, -dispute["amount"])]
        self.tell("charge.dispute.created", dispute)
        self.tell("charge.dispute.funds_withdrawn", dispute)
        return dispute

    def win(self, name: str) -> Json:
        """The platform wins the dispute: the money comes back."""
        dispute = self.get("dispute", name)
        dispute["status"] = "won"
        dispute["balance_transactions"].append(self._moved(dispute, dispute["amount"]))
        self.tell("charge.dispute.funds_reinstated", dispute)
        self.tell("charge.dispute.closed", dispute)
        return dispute

    def _moved(self, dispute: Json, amount: int) -> Json:
        values = {"amount": amount, "net": amount, "currency": dispute["currency"], "source": dispute["id"]}
        return make("balance_transaction", self.now(), type="adjustment", **values) | {
            "id": new_id("balance_transaction")
        }
