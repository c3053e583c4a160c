"""What may lie in a call's inbox: facts, in the past tense. Stamped by `CallActor.post` on arrival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from booking.chat import ChatEntry
from media.engine import PeerEvent
from metering.errors import Refused as LedgerRefused
from metering.facts import CallAccount, Grant

from .messages import CallClientMessage, EndReason, ServerMessage
from .tokens import JoinClaims


class Connection(Protocol):
    """One Socket.IO connection as a call or a host's presence sees it. Nothing here waits or raises."""

    @property
    def id(self) -> str:
        """Unique in this process."""

    def send(self, message: ServerMessage) -> None:
        """Send in order; after `close`, and to a connection that is gone, nothing happens."""

    def close(self) -> None:
        """Close after what was sent. No `Dropped` follows."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A connection with a good token came."""

    claims: JoinClaims
    connection: Connection


@dataclass(frozen=True, slots=True)
class Said:
    """A participant's connection sent a message."""

    connection: Connection
    message: CallClientMessage


@dataclass(frozen=True, slots=True)
class Dropped:
    """A connection is gone. `clean`: its transport was closed; otherwise it went silent."""

    connection: Connection
    clean: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """The host took the call on this page."""

    page: Connection


@dataclass(frozen=True, slots=True)
class Declined:
    """The host did not take the call on this page."""

    page: Connection
    note: str
    to_line: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The media engine answered the offer `n` of a connection: with an SDP, or else why not."""

    participant_id: str
    connection: Connection
    n: int
    sdp: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class GrantAnswered:
    """The ledger answered an extension; None: it failed or did not answer in time."""

    answer: Grant | LedgerRefused | None


@dataclass(frozen=True, slots=True)
class WalletChanged:
    """Money arrived in the payer's wallet, or another call gave back its hold."""


@dataclass(frozen=True, slots=True)
class TipGiven:
    """The payer gave a tip, of which the host has `host_minor`. It is in the books already."""

    host_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class EndAsked:
    """Somebody outside the call ends it: the operator, or the shutdown."""

    reason: EndReason


@dataclass(frozen=True, slots=True)
class BooksOverflowed:
    """So many meter events wait for the ledger that the call cannot go on."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The ledger has settled the call. None: it never will (this process was fenced, or a fault)."""

    account: CallAccount | None


@dataclass(frozen=True, slots=True)
class Rang:
    """The call's alarm rang."""


@dataclass(frozen=True, slots=True)
class ChatKept:
    """A chat message was written, or was not: `code` says why."""

    participant_id: str
    message_id: str
    entry: ChatEntry | None
    code: str = ""


FromPeople = Joined | Said | Dropped | Accepted | Declined
FromMedia = Answered | PeerEvent
FromMoney = GrantAnswered | WalletChanged | TipGiven | BooksOverflowed | Settled
Event = FromPeople | FromMedia | FromMoney | ChatKept | EndAsked | Rang
