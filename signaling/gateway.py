"""The gateway: between connections and the desk. It decodes and posts, and does nothing else.

A connection names itself by its token: one role in one call, or the page of one host. Every message is
decoded strictly into its type, stamped by the call's inbox on arrival, and answered by the call's actor. What
is refused here is refused with an `error` message; a connection that is refused altogether gets the code in
its `connect_error` (`err.data.code` in the browser).
"""

from __future__ import annotations

from typing import Any, Final, get_args

import msgspec
import structlog
from aiohttp import web
from socketio.exceptions import ConnectionRefusedError as Refusal

from .desk import CallDesk
from .errors import Refused
from .messages import (
    CallClientMessage,
    ErrorMessage,
    LineClientMessage,
    PresenceClientMessage,
    ServerMessage,
)
from .office import Office
from .telling import refusal
from .tokens import ConnectClaims, JoinClaims, JoinTokens, LineClaims, PresenceClaims
from .transport import NAMESPACE, Transport

log = structlog.get_logger("signaling.gateway")

_ENCODER = msgspec.json.Encoder()


def _decoders(*types: type[msgspec.Struct]) -> dict[str, msgspec.json.Decoder[Any]]:
    return {str(one.__struct_config__.tag): msgspec.json.Decoder(one) for one in types}


_IN_CALL: Final = _decoders(*get_args(CallClientMessage))
_IN_PRESENCE: Final = _decoders(*get_args(PresenceClientMessage))
_IN_LINE: Final = _decoders(LineClientMessage)


class GatewayConnection:
    """One Socket.IO connection. Implements `signaling.events.Connection`."""

    __slots__ = ("_gateway", "claims", "closed", "id", "joined")

    def __init__(self, sid: str, claims: ConnectClaims, gateway: Gateway) -> None:
        self.id, self.claims, self._gateway = sid, claims, gateway
        self.joined = self.closed = False

    def send(self, message: ServerMessage) -> None:
        """See `Connection`."""
        if not self.closed:
            self._gateway.send(self, message)

    def close(self) -> None:
        """See `Connection`."""
        if not self.closed:
            self.closed = True
            self._gateway.part(self)


class Gateway:
    """The namespace `/v1`. `origins`: as Socket.IO's `cors_allowed_origins`; None: the own origin only."""

    def __init__(
        self, desk: CallDesk, tokens: JoinTokens, origins: list[str] | str | None = None,
        office: Office | None = None,
    ) -> None:  # fmt: skip
        self._desk, self._tokens, self._metrics, self._office = desk, tokens, desk.metrics, office
        self._connections: dict[str, GatewayConnection] = {}
        self.transport = Transport(desk.clock, desk.supervisor, origins)
        self.transport.receiver = self
        self.transport.on("connect", self._on_connect, namespace=NAMESPACE)
        self.transport.on("disconnect", self._on_disconnect, namespace=NAMESPACE)

    def attach(self, app: web.Application) -> None:
        """Add the route `/socket.io/`."""
        self.transport.attach(app)

    async def close(self) -> None:
        """Close every connection and transport. After the desk, before the HTTP server."""
        await self.transport.close()

    def __len__(self) -> int:
        """How many connections there are."""
        return len(self._connections)

    # -- connections ---------------------------------------------------------------------------------------

    def _on_connect(self, sid: str, _environ: dict[str, Any], auth: object) -> None:
        claims = self._admit(auth)
        if isinstance(claims, Refused):
            self._metrics.count("refusals", code=claims.code)
            raise Refusal(claims.message, {"code": claims.code, "message": claims.message})
        self._connections[sid] = GatewayConnection(sid, claims, self)

    def _admit(self, auth: object) -> ConnectClaims | Refused:
        if self._desk.stopping:
            return Refused.of("server.stopping")
        claims = self._tokens.admit(auth.get("token") if isinstance(auth, dict) else None)
        if isinstance(claims, JoinClaims):
            return self._desk.may_join(claims) or claims
        return claims

    def on_joined(self, sid: str) -> None:
        """See `Receiver`."""
        connection = self._connections.get(sid)
        if connection is None or connection.joined:
            return
        connection.joined = True
        match connection.claims:
            case JoinClaims() as claims:
                self._metrics.count("connections", kind=claims.role)
                refused = self._desk.join(claims, connection)
            case PresenceClaims(host=host):
                self._metrics.count("connections", kind="presence")
                refused = self._desk.page_joined(host, connection)
            case LineClaims() as claims:
                self._metrics.count("connections", kind="line")
                unknown = Refused.of("line.unknown")
                refused = unknown if self._office is None else self._office.page_joined(claims, connection)
        if refused is not None:
            connection.send(ErrorMessage(refused.code, refused.message))
            connection.close()

    def _on_disconnect(self, sid: str, reason: str) -> None:
        connection = self._connections.pop(sid, None)
        if connection is None or connection.closed:
            return
        connection.closed = True
        left = reason == self.transport.reason.CLIENT_DISCONNECT
        clean = left or (
            reason == self.transport.reason.TRANSPORT_CLOSE and self.transport.closed_by_peer(sid)
        )
        log.info("disconnected", connection=sid, reason=reason, clean=clean)
        match connection.claims:
            case JoinClaims(call=call):
                self._desk.dropped(call, connection, clean=clean)
            case PresenceClaims(host=host):
                self._desk.page_dropped(host, connection)
            case LineClaims() as claims if self._office is not None:
                self._office.page_dropped(claims, connection)
            case LineClaims():
                pass

    # -- messages ------------------------------------------------------------------------------------------

    def on_event(self, sid: str, name: str, body: msgspec.Raw) -> None:
        """See `Receiver`."""
        connection = self._connections.get(sid)
        if connection is None or connection.closed:
            return
        decoder = _decoders_for(connection.claims).get(name)
        if decoder is None:
            connection.send(_error("message.unknown"))
            return
        self._metrics.count("messages", type=name)
        try:
            message = decoder.decode(body)
        except (msgspec.MsgspecError, RecursionError) as error:
            connection.send(ErrorMessage("message.malformed", str(error)[:200]))
            return
        refused = self._take(connection, message)
        if refused is not None:
            connection.send(refusal(refused, message))

    def _take(self, connection: GatewayConnection, message: Any) -> Refused | None:
        match connection.claims:
            case JoinClaims(call=call):
                return self._desk.said(call, connection, message)
            case PresenceClaims(host=host):
                return self._desk.page_said(host, connection, message)
            case LineClaims(place=place, person=person):
                if self._office is not None:
                    self._office.leave(place, person)
                return None

    def on_refused(self, sid: str, code: str) -> None:
        """See `Receiver`."""
        connection = self._connections.get(sid)
        if connection is not None:
            connection.send(_error(code))

    # -- for connections -----------------------------------------------------------------------------------

    def send(self, connection: GatewayConnection, message: ServerMessage) -> None:
        """Queue a message. Who does not read what was queued is disconnected."""
        if isinstance(message, ErrorMessage):
            self._metrics.count("refusals", code=message.code)
        name = str(message.__struct_config__.tag)
        if not self.transport.put(connection.id, name, _ENCODER.encode(message)):
            log.warning("unread", connection=connection.id)
            self.transport.cut(connection.id)

    def let_go(self, person_id: str) -> None:
        """Cut every connection of a person, for a login was ended. Who still has one comes back at once."""
        for connection in list(self._connections.values()):
            if _person_of(connection.claims) == person_id:
                self.transport.cut(connection.id)

    def part(self, connection: GatewayConnection) -> None:
        """Disconnect after what was queued."""
        self._connections.pop(connection.id, None)
        self.transport.part(connection.id)


def _person_of(claims: ConnectClaims) -> str:
    return claims.host if isinstance(claims, PresenceClaims) else claims.person


def _decoders_for(claims: ConnectClaims) -> dict[str, msgspec.json.Decoder[Any]]:
    match claims:
        case JoinClaims():
            return _IN_CALL
        case PresenceClaims():
            return _IN_PRESENCE
        case LineClaims():
            return _IN_LINE


def _error(code: str) -> ErrorMessage:
    refused = Refused.of(code)
    return ErrorMessage(refused.code, refused.message)
