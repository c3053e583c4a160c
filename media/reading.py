"""When the port is read: at once when something arrives, or, while much does, what has gathered.

A wake-up costs as much as several packets. While many come, reading them together costs half, and a few
packets wait for `gather_ms` at most; while few come, none waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from media.wire import Wire

PACE_MS = 50
# From so many datagrams a second on they are gathered, below half of it no more.
GATHER_PER_S = 2_000
GATHER_BATCHES = 8


class Reading:
    """Calls `read` when it is time. `gather_ms` 0: always at once.

    With `pulses`, `read` is the pump's (see `media._pump`), and a timer of the kernel that goes on by itself
    calls it; without, a timer of the loop.
    """

    def __init__(self, wire: Wire, gather_ms: int, read: Callable[[], None], *, pulses: bool) -> None:
        self._wire, self._gather_ms, self._read, self._pulses = wire, gather_ms, read, pulses
        self._timer: asyncio.TimerHandle | None = None
        self.gathering = False
        """Whether so much arrives that it is read in bursts."""

    @property
    def batches(self) -> int:
        """How many batches to read at a time."""
        return GATHER_BATCHES if self.gathering else 1

    def start(self) -> None:
        """Begin, with a wire that has its socket."""
        asyncio.get_running_loop().add_reader(self._socket(), self._read)

    def stop(self) -> None:
        """Read no more; before the wire gives its socket back."""
        if self.gathering:
            self._scatter()
        else:
            asyncio.get_running_loop().remove_reader(self._socket())

    def pace(self) -> None:
        """Every `PACE_MS`: what arrived since decides."""
        arrived, self._wire.arrived = self._wire.arrived * 1000 // PACE_MS, 0
        if self._wire.socket is None or not self._gather_ms:
            return
        if not self.gathering and arrived >= GATHER_PER_S:
            asyncio.get_running_loop().remove_reader(self._socket())
            self._gather()
        elif self.gathering and arrived < GATHER_PER_S // 2:
            self._scatter()
            self.start()

    def _socket(self) -> int:
        return self._wire.socket.fileno() if self._wire.socket is not None else -1

    def _gather(self) -> None:
        self.gathering = True
        if self._pulses:
            self._wire.batches = self.batches
            asyncio.get_running_loop().add_reader(self._wire.gather(self._gather_ms), self._read)
        else:
            self._gathered()

    def _gathered(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._gather_ms / 1000, self._gathered)
        self._read()

    def _scatter(self) -> None:
        self.gathering = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        else:
            self._wire.batches = self.batches
            asyncio.get_running_loop().remove_reader(self._wire.gather(0))
