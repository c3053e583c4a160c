"""The register of what webhooks can tell. A feature that announces something adds its line here.

The structs are what `data` holds; a test compares docs/webhooks.md with them. A type's version grows only
when a receiver of the old one would misread the new one; fields may be added without.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from booking import news as booking_news
from metering import after_news, news

TEST = "webhook.test"


class WebhookTest(msgspec.Struct, frozen=True):
    """`webhook.test`: somebody asked for a test of the endpoint. Sent to that endpoint alone."""

    endpoint: str
    asked_by: str


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event. `expert`: whether experts can hear of it (of their own), or the operator alone."""

    name: str
    data: type[msgspec.Struct]
    version: int = 1
    expert: bool = True


_ALL = (
    EventType("call.ringing", news.CallRinging),
    EventType("call.started", news.CallStarted),
    EventType("call.paused", news.CallPaused),
    EventType("call.resumed", news.CallResumed),
    EventType("call.ended", news.CallEnded),
    EventType("call.rated", booking_news.CallRated),
    EventType("call.refunded", after_news.CallRefunded),
    EventType("tip.given", after_news.TipGiven),
    EventType("dispute.opened", after_news.DisputeOpened),
    EventType("dispute.answered", after_news.DisputeAnswered),
    EventType("dispute.closed", after_news.DisputeClosed),
    EventType("line.joined", booking_news.LineJoined),
    EventType("line.left", booking_news.LineLeft),
    EventType("wallet.low", news.WalletLow, expert=False),
    EventType("topup.succeeded", news.TopUpSucceeded, expert=False),
    EventType("topup.refunded", news.TopUpRefunded, expert=False),
    EventType("topup.taken_back", news.TopUpTakenBack, expert=False),
)

EVENT_TYPES: dict[str, EventType] = {each.name: each for each in _ALL}
EVERY_TYPE: dict[str, EventType] = EVENT_TYPES | {TEST: EventType(TEST, WebhookTest)}


def names_for(*, operator: bool) -> list[str]:
    """The types that an operator or an expert can choose from, in their order."""
    return [each.name for each in _ALL if operator or each.expert]
