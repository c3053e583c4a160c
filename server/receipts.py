"""Receipts as this server signs them."""

from __future__ import annotations

from typing import Literal

from metering.facts import CallAccount
from metering.receipt import Receipt, build_receipt, public_key


class Receipts:
    """Signs with the server's key. A receipt is built anew each time and is the same each time."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self.public_key = public_key(seed)
        """What `talktime verify --public-key` compares with, base64url."""

    def receipt(self, account: CallAccount, copy: Literal["payer", "host"]) -> Receipt:
        """The copy for one side of a settled call."""
        return build_receipt(account, copy, self._seed)
