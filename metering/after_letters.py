"""Letters about a call's money: put into the outbox with the fact, written by server.call_letters."""

from __future__ import annotations

from typing import Literal

import msgspec

from storage.outbox import put
from storage.worker import Transaction

KIND = "call.letter"

Topic = Literal["receipt", "refunded", "dispute_opened", "dispute_answered", "dispute_decided"]
Reader = Literal["payer", "host", "operators"]


class Letter(msgspec.Struct, frozen=True):
    """Who of a call shall read about what. `refund`: of which refund."""

    call: str
    topic: Topic
    to: Reader
    refund: str = ""


def put_letter(transaction: Transaction, call_id: str, topic: Topic, to: Reader, refund: str = "") -> None:
    """Have a letter written, once for each call, topic and reader (and refund)."""
    put(transaction, KIND, f"{call_id}:{topic}:{to}:{refund}", Letter(call_id, topic, to, refund))
