"""What must hold of a single call, whatever stores it: the part of `reconcile` that needs the tariff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from .chain import genesis, link
from .errors import EventsDisagree
from .facts import Breach, CallAccount, MeterEvent
from .price import Price
from .progress import Progress
from .usage import intervals, used_ms


def _first(events: Sequence[MeterEvent], count: int) -> Sequence[MeterEvent]:
    return events[:count]


def audit_call(call: CallAccount, granted_minor: int) -> Iterator[Breach]:
    """The breaches of one call; `granted_minor` is the sum of all that was ever held for it."""
    name = call.terms.call_id
    progress, head = Progress(), genesis(call.terms)
    try:
        for count, event in enumerate(call.events):
            progress = progress.after(event, partial(_first, call.events, count))
            head = link(head, event)
    except EventsDisagree as disagreement:
        yield Breach("call.intervals", f"{name}: {disagreement}")
        return
    if head != call.chain_head:
        yield Breach("call.chain", f"{name}: the events give {head}, stored is {call.chain_head}")
    metered_ms = used_ms(intervals(call.events))
    if call.used_ms != metered_ms or progress.used_ms != metered_ms:
        yield Breach("call.used", f"{name}: intervals of {metered_ms} ms, stored are {call.used_ms} ms")
    if call.state == "open":
        if call.charge_minor or call.host_share_minor:
            yield Breach("call.charge", f"{name} is open and has a charge")
        return
    if progress.running is not None:
        yield Breach("call.intervals", f"{name} is settled and an interval is open")
    due_minor = min(Price.of(call.terms.tariff, call.events).charge(call.used_ms), granted_minor)
    if call.charge_minor != due_minor:
        yield Breach("call.charge", f"{name}: {due_minor} is due, {call.charge_minor} was charged")
    others_minor = (
        call.balance_before_minor + call.topped_up_minor - call.charge_minor - call.balance_after_minor
    )
    if others_minor < 0:
        yield Breach("call.balances", f"{name}: the wallet gained {-others_minor} from nowhere")
    if call.host_share_minor != call.terms.tariff.host_share(call.charge_minor):
        yield Breach("call.share", f"{name}: the host's share is {call.host_share_minor}")
