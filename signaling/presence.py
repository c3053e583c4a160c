"""Hosts' open pages: where calls ring, and whether a host is online.

A host may have several pages open; all of them ring, and the first to accept stops the others. A page that
comes (a reload, a lost connection) is told at once what rings. Nothing here is remembered but who is
connected: the calls are asked for what rings and what is open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .clock import Clock
from .events import Connection
from .messages import (
    PROTOCOL_VERSION,
    AcceptedMessage,
    IncomingCall,
    OfficeView,
    PresenceMessage,
    PresenceServerMessage,
    StoppedRingingMessage,
    SupersededMessage,
    WaitingCaller,
)
from .options import SignalingOptions
from .watch import HostWatch


@dataclass(frozen=True, slots=True)
class HostCalls:
    """What concerns a host now: the calls that ring, and the id of the one that is open."""

    ringing: list[IncomingCall]
    open_call: str | None = None
    line: list[WaitingCaller] = field(default_factory=list)
    office: OfficeView | None = None


class Presence:
    """See the module. Implements `signaling.actor.HostPages`."""

    def __init__(
        self, clock: Clock, options: SignalingOptions, calls_of: Callable[[str], HostCalls],
        watch: HostWatch | None = None,
    ) -> None:  # fmt: skip
        self._clock, self._options, self._calls_of = clock, options, calls_of
        self._watch = HostWatch() if watch is None else watch
        self._pages: dict[str, list[Connection]] = {}
        self._left_ms: dict[str, int] = {}

    def join(self, host_id: str, page: Connection) -> None:
        """A page came; it is told what rings. One too many supersedes the oldest."""
        pages = self._pages.setdefault(host_id, [])
        if len(pages) >= self._options.max_pages:
            oldest = pages.pop(0)
            oldest.send(SupersededMessage())
            oldest.close()
        pages.append(page)
        self._left_ms.pop(host_id, None)
        page.send(self._message(host_id))
        self._watch.changed(host_id)

    def drop(self, host_id: str, page: Connection) -> None:
        """A page is gone."""
        pages = self._pages.get(host_id, [])
        if page not in pages:
            return
        pages.remove(page)
        if not pages:
            del self._pages[host_id]
            now_ms = self._clock.now_ms()
            grace_ms = self._options.presence_grace_ms
            self._left_ms = {host: at for host, at in self._left_ms.items() if now_ms - at <= grace_ms}
            self._left_ms[host_id] = now_ms
            # Nothing else happens at the instant at which the host no longer counts as online.
            self._clock.call_at(now_ms + grace_ms + 1, lambda: self._watch.changed(host_id))

    def is_there(self, host_id: str) -> bool:
        """Whether a page is connected at this moment."""
        return host_id in self._pages

    def is_online(self, host_id: str) -> bool:
        """Whether the host can be called: a page is there, or was a moment ago (it may be reloading)."""
        left_ms = self._left_ms.get(host_id)
        if left_ms is None:
            return self.is_there(host_id)
        return self._clock.now_ms() - left_ms <= self._options.presence_grace_ms

    def count(self) -> int:
        """How many hosts have a page open."""
        return len(self._pages)

    def accepted(self, host_id: str, page: Connection, call_id: str, token: str) -> None:
        """See `HostPages`."""
        for other in self._pages.get(host_id, []):
            if other is not page:
                other.send(StoppedRingingMessage(call_id, "accepted_elsewhere"))
        page.send(AcceptedMessage(call_id, token))
        self.refresh(host_id)

    def stopped_ringing(self, host_id: str, call_id: str, why: str) -> None:
        """See `HostPages`."""
        self._tell(host_id, StoppedRingingMessage(call_id, why))

    def refresh(self, host_id: str) -> None:
        """See `HostPages`."""
        self.tell_office(host_id)
        self._watch.changed(host_id)

    def tell_office(self, host_id: str) -> None:
        """Tell every page of the host how its calls, its office and its line are now."""
        if host_id in self._pages:
            self._tell(host_id, self._message(host_id))

    def tell_all(self, message: PresenceServerMessage) -> None:
        """Send every page of every host the same."""
        for host_id in list(self._pages):
            self._tell(host_id, message)

    def _tell(self, host_id: str, message: PresenceServerMessage) -> None:
        for page in list(self._pages.get(host_id, [])):
            page.send(message)

    def _message(self, host_id: str) -> PresenceMessage:
        calls = self._calls_of(host_id)
        return PresenceMessage(
            PROTOCOL_VERSION, calls.ringing, calls.open_call, line=calls.line, office=calls.office
        )
