"""What a call works with, handed down from the desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from booking.chat import ChatEntry, NewEntry
from media.engine import MediaEngine
from metering.ledger import Ledger

from .alarms import Alarms
from .clock import Clock
from .errors import Refused
from .events import Connection
from .messages import EndReason, OfficeView, WaitingCaller
from .metrics import Metrics
from .options import SignalingOptions
from .supervisor import Supervisor
from .tokens import JoinTokens
from .views import CallFacts

if TYPE_CHECKING:
    from .actor import CallActor


class HostPages(Protocol):
    """The host's open pages, as a call sees them (signaling.presence)."""

    def accepted(self, host_id: str, page: Connection, call_id: str, token: str) -> None:
        """Tell the page that the call is its own, and the other pages that it rings no more."""

    def stopped_ringing(self, host_id: str, call_id: str, why: str) -> None:
        """Tell every page that the call rings no more."""

    def refresh(self, host_id: str) -> None:
        """Tell every page what rings and what is open now."""

    def is_there(self, host_id: str) -> bool:
        """Whether a page is connected at this moment."""


class CallOffice(Protocol):
    """The host's office, as calls see it (signaling.office). Nothing here waits."""

    def may_ring(self, payer_id: str, host_id: str) -> Refused | None:
        """Whether this caller may ring now. Refusals: host.offline, host.paused, host.busy (the line)."""

    def rings(self, payer_id: str, host_id: str, call_id: str) -> None:
        """A call is being made and will ring."""

    def not_made(self, host_id: str, call_id: str) -> None:
        """It will not after all."""

    def answered(self, facts: CallFacts) -> None:
        """The host took the call."""

    def unanswered(self, facts: CallFacts, reason: EndReason) -> None:
        """The call ended before it was taken."""

    def call_over(self, facts: CallFacts) -> None:
        """A call that had been taken ended."""

    def funds_arrived(self, wallet_id: str) -> None:
        """There may be more in this wallet now."""

    def host_view(self, host_id: str) -> tuple[list[WaitingCaller], OfficeView | None]:
        """The line and the office as the host's pages see them."""

    def stopping(self) -> None:
        """The server goes down: tell whoever waits."""


class ChatRecords(Protocol):
    """Where messages are kept (booking.chat_store)."""

    async def keep(self, new: NewEntry) -> ChatEntry | None:
        """Append a message once, durable on return; None: there is no such file of this side."""


class OpenOffice:
    """An office that is always open and has no line: for a desk alone."""

    def may_ring(self, payer_id: str, host_id: str) -> Refused | None:
        """See `CallOffice`."""
        del payer_id, host_id
        return None

    def rings(self, payer_id: str, host_id: str, call_id: str) -> None:
        """See `CallOffice`."""

    def not_made(self, host_id: str, call_id: str) -> None:
        """See `CallOffice`."""

    def answered(self, facts: CallFacts) -> None:
        """See `CallOffice`."""

    def unanswered(self, facts: CallFacts, reason: EndReason) -> None:
        """See `CallOffice`."""

    def call_over(self, facts: CallFacts) -> None:
        """See `CallOffice`."""

    def funds_arrived(self, wallet_id: str) -> None:
        """See `CallOffice`."""

    def host_view(self, host_id: str) -> tuple[list[WaitingCaller], OfficeView | None]:
        """See `CallOffice`."""
        del host_id
        return [], None

    def stopping(self) -> None:
        """See `CallOffice`."""


@dataclass(frozen=True, slots=True)
class RoomPorts:
    """What a room works with."""

    clock: Clock
    media: MediaEngine
    supervisor: Supervisor
    options: SignalingOptions


@dataclass(frozen=True, slots=True)
class MoneyPorts:
    """What a call's money works with. `on_fenced` stops the server: another process owns its calls.

    `on_low(wallet id, call id, ms left)` hears that a wallet runs dry in a call; it neither waits nor raises.
    """

    clock: Clock
    ledger: Ledger
    supervisor: Supervisor
    options: SignalingOptions
    metrics: Metrics
    on_fenced: Callable[[], None]
    on_low: Callable[[str, str, int], None] = lambda _wallet, _call, _left_ms: None


@dataclass(frozen=True, slots=True)
class CallPorts:
    """What a call works with. `on_settled` is called once, when the call is over and its money settled."""

    room: RoomPorts
    money: MoneyPorts
    alarms: Alarms
    tokens: JoinTokens
    pages: HostPages
    office: CallOffice
    chat: ChatRecords
    on_settled: Callable[[CallActor], None]
