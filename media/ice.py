"""ICE-lite, one peer's part of it (RFC 8445, 2.5): credentials, verified addresses, probes.

The server gathers nothing and checks nothing. It answers the client's checks, and sends binding requests of
its own as proof of life (see `media.liveness`), which a lite agent may once a pair is selected.
"""

from __future__ import annotations

import secrets
import string
from typing import TYPE_CHECKING

from media import stun
from media.bases import PathBase
from media.wire import Address

if TYPE_CHECKING:
    from media.peer import Peer

MAX_PATHS = 6
MAX_OUTSTANDING = 64
_ALPHABET = string.ascii_letters + string.digits


def _token(size: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(size))


class Path(PathBase):
    """An address from which a peer has sent a verified binding request.

    `inbound` is the peer's, as soon as there are keys; `selected` is true of the path that is sent to.
    """

    __slots__ = ("address",)

    def __init__(self, address: Address, peer: Peer) -> None:
        self.address, self.peer = address, peer
        self.inbound = peer.inbound
        self.selected = False


class Ice:
    """See the module. `ufrag` and `password` are the server's, `remote_*` the client's."""

    __slots__ = (
        "_old_keys", "_probes", "_questions", "_tie_breaker", "key", "password", "paths", "remote_key",
        "remote_ufrag", "ufrag", "ufrags",
    )  # fmt: skip

    def __init__(self) -> None:
        self._tie_breaker = secrets.token_bytes(8)
        self._probes: dict[bytes, int] = {}
        self.paths: dict[Address, Path] = {}
        self.remote_ufrag = ""
        self.remote_key = b""
        self._old_keys: tuple[bytes, ...] = ()
        self._questions = b""
        self.ufrags: tuple[str, ...] = ()
        """The server's username fragments by which the client may still call: before a restart and after."""
        self._renew()

    def _renew(self) -> None:
        self.ufrag, self.password = _token(12), _token(24)
        self.key = self.password.encode()
        self.ufrags = (*self.ufrags[-1:], self.ufrag)

    def set_remote(self, ufrag: str, password: str) -> bool:
        """Take the client's credentials. True when it restarted ICE: then the server's are new too."""
        restarted = self.remote_ufrag not in {"", ufrag}
        if restarted:
            self._old_keys = (self.key,)
            self._renew()
        self.remote_ufrag, self.remote_key = ufrag, password.encode()
        self._questions = stun.questions(f"{ufrag}:{self.ufrag}", self._tie_breaker)
        return restarted

    def verifies(self, message: stun.Message) -> bool:
        """Whether a request was made by the peer's client (before or after an ICE restart)."""
        return message.verified(self.key) or any(message.verified(key) for key in self._old_keys)

    def probe(self, now_ms: int) -> bytes:
        """A binding request to send now."""
        transaction, datagram = stun.request(self._questions, self.remote_key)
        self._probes[transaction] = now_ms
        while len(self._probes) > MAX_OUTSTANDING:
            del self._probes[next(iter(self._probes))]
        return datagram

    def answered(self, message: stun.Message) -> int | None:
        """When the probe was sent that this response answers; None if it answers none, or is forged."""
        sent_ms = self._probes.get(message.transaction)
        if sent_ms is None or not message.verified(self.remote_key):
            return None
        del self._probes[message.transaction]
        return sent_ms
