"""What a call tells the people in its room: everything to whom it concerns, and no more than that.

Changes are gathered while the inbox is worked off and told once, so that ten events at one instant are one
`room` and one `meter` message. What answers a message is sent at once.
"""

from __future__ import annotations

from collections.abc import Callable

from .chat_messages import ChatMessage
from .errors import Refused
from .events import Connection
from .messages import (
    PROTOCOL_VERSION,
    CallView,
    EndedMessage,
    ErrorMessage,
    MeterMessage,
    MeterView,
    OfferMessage,
    Role,
    RoomMessage,
    StoppingMessage,
    TipMessage,
    WelcomeMessage,
)
from .room import Participant, Room


def refusal(refused: Refused, message: object = None) -> ErrorMessage:
    """The `error` that answers a message; it names the offer (`n`) or the chat message (`id`)."""
    n = message.n if isinstance(message, OfferMessage) else None
    said = message.id if isinstance(message, ChatMessage) else None
    return ErrorMessage(refused.code, refused.message, n, said)


class Telling:
    """See the module. `call` and `meter` give the views of a role as they are now."""

    def __init__(
        self, room: Room, call: Callable[[Role], CallView], meter: Callable[[Role], MeterView]
    ) -> None:
        self._room, self._call, self._meter = room, call, meter
        self._room_changed = self._meter_changed = False
        self.ended = False

    def room_changed(self) -> None:
        """Who is here, what they publish or the call's state has changed."""
        self._room_changed = True

    def meter_changed(self) -> None:
        """The meter has changed."""
        self._meter_changed = True

    def changes(self) -> None:
        """Tell what has changed since the last time."""
        if self._room_changed:
            participants = self._room.views()
            self._room.tell(lambda one: RoomMessage(self._call(one.role), participants))
        if self._meter_changed:
            self._room.tell(lambda one: MeterMessage(self._meter(one.role)))
        self._room_changed = self._meter_changed = False

    def welcome(self, participant: Participant, connection: Connection) -> None:
        """The first message on a connection."""
        role = participant.role
        connection.send(
            WelcomeMessage(
                v=PROTOCOL_VERSION, call=self._call(role), you=participant.id, role=role,
                participants=self._room.views(), meter=self._meter(role),
            )
        )  # fmt: skip
        self.room_changed()

    def tipped(self, host_minor: int, currency: str) -> None:
        """The payer gave a tip: the host sees it at once."""
        connection = self._room.party("host").connection
        if connection is not None:
            connection.send(TipMessage(host_minor, currency))

    def stopping(self, message: StoppingMessage) -> None:
        """The server is going down."""
        self._room.tell(lambda _: message)

    def end(self, message_for: Callable[[Role], EndedMessage]) -> None:
        """The last message to everybody, once; then they are disconnected."""
        if self.ended:
            return
        self.ended = True
        self._room.tell(lambda one: message_for(one.role))
        self._room.disconnect()

    @staticmethod
    def refuse(connection: Connection, refused: Refused, message: object = None) -> None:
        """Say no to a message."""
        connection.send(refusal(refused, message))

    @staticmethod
    def turn_away(connection: Connection, message: EndedMessage | ErrorMessage) -> None:
        """Tell a connection why it cannot stay."""
        connection.send(message)
        connection.close()
