"""What a call works with, handed down from the desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from media.engine import MediaEngine
from metering.ledger import Ledger

from .alarms import Alarms
from .clock import Clock
from .events import Connection
from .metrics import Metrics
from .options import SignalingOptions
from .supervisor import Supervisor
from .tokens import JoinTokens

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
    on_settled: Callable[[CallActor], None]
