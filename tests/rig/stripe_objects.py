"""Objects as Stripe makes them: copies of its published fixtures with the values of our story."""

from __future__ import annotations

import copy
import itertools
import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Json = dict[str, Any]
FIXTURES: dict[str, Json] = json.loads(
    Path(__file__).with_name("stripe_fixtures.json").read_text(encoding="utf-8")
)["resources"]
PREFIX = {
    "customer": "cus", "payment_method": "pm", "checkout.session": "cs_test", "payment_intent": "pi",
    "charge": "ch", "refund": "re", "dispute": "dp", "event": "evt", "balance_transaction": "txn",
}  # fmt: skip
# Parts that are there only sometimes, and whose content in the fixtures is made up: nothing, unless said.
ABSENT = {
    "payment_intent": (
        "canceled_at", "last_payment_error", "next_action", "processing", "shipping", "transfer_data",
        "payment_method_configuration_details", "automatic_payment_methods", "managed_payments",
    ),
    "checkout.session": (
        "after_expiration", "consent", "consent_collection", "invoice_creation", "shipping_cost",
        "payment_method_configuration_details", "shipping_address_collection", "collected_information",
        "currency_conversion", "payment_intent", "managed_payments",
    ),
    "customer": ("discount",),
    "charge": ("source", "transfer_data", "balance_transaction"),
}  # fmt: skip
CARDS: dict[str, tuple[str, str, str]] = {
    # name at the hosted page: brand, last four, behaviour
    "good": ("visa", "4242", "ok"),
    "poor": ("visa", "9995", "insufficient_funds"),
    "bank": ("visa", "3184", "3ds"),
    "later": ("mastercard", "0341", "ok_then_declined"),
}
"""Stripe's test cards: 4242…, …9995 (insufficient funds), …3184 (always authenticates), …0341."""
NAMED = {
    "pm_card_visa": "good", "pm_card_chargeCustomerFail": "later", "pm_card_authenticationRequired": "bank",
}  # fmt: skip
"""Stripe's names of cards for tests that have no page to type them in."""

_numbers = itertools.count(1)
_mark = f"{random.Random().getrandbits(40):010x}"


def new_id(kind: str) -> str:
    """An id as Stripe's look."""
    return f"{PREFIX[kind]}_{_mark}{next(_numbers):08d}"


def make(kind: str, created_s: int, **values: Any) -> Json:
    """An object of a kind: the fixture's shape, these values."""
    made = copy.deepcopy(FIXTURES[kind])
    for name in ABSENT.get(kind, ()):
        made[name] = None
    made |= {"id": new_id(kind), **values}
    for name in ("created",):
        if name in made:
            made[name] = created_s
    return made


def decode_form(pairs: list[tuple[str, str]]) -> Json:
    """Form fields with brackets as a tree: `a[b][0]=c` is {"a": {"b": ["c"]}}."""
    tree: Json = {}
    for name, value in pairs:
        head, *rest = name.replace("]", "").split("[")
        node: Any = tree
        for step, following in itertools.pairwise([head, *rest, ""]):
            if following == "" and step == [head, *rest][-1]:
                node[step] = value
                break
            node = node.setdefault(step, {})
    return _lists(tree)


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    values = {key: _lists(value) for key, value in node.items()}
    if values and all(key.isdigit() for key in values):
        return [values[key] for key in sorted(values, key=int)]
    return values


def misshapen(kind: str, made: Mapping[str, Any]) -> Iterator[str]:
    """How an object differs from the published one: fields that are missing, more, or of another type."""
    yield from _differences(kind, FIXTURES[kind], made, depth=0)


def _differences(path: str, wanted: Any, made: Any, depth: int) -> Iterator[str]:
    if wanted is None or made is None:
        return
    if isinstance(wanted, dict) and isinstance(made, dict):
        if path.endswith(("metadata", ".object", "last_payment_error", "next_action")):
            return
        for name in sorted(set(wanted) | set(made)):
            if name not in made:
                yield f"{path}.{name} is missing"
            elif name not in wanted:
                yield f"{path}.{name} is not known"
            else:
                yield from _differences(f"{path}.{name}", wanted[name], made[name], depth + 1)
    elif (isinstance(wanted, dict) and isinstance(made, str)) or (
        isinstance(wanted, str) and isinstance(made, dict)
    ):
        return  # expanded, or not
    elif type(wanted) is not type(made):
        yield f"{path} is {type(made).__name__}, not {type(wanted).__name__}"
