"""What the steady case of a packet reads and writes: the fields that Python and the compiled pump share.

Each class here is the base of the class it is named after. Where `media._pump` was built, its classes take
their place: the same fields, but in a C structure that the pump reaches without the interpreter. Everything
that is not steady (see `media._pump`) is Python's in either case.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from media.bandwidth import ArrivalLog
    from media.inbound import Inbound
    from media.liveness import Liveness
    from media.peer import Peer
    from media.route import Route
    from media.srtp import Buffer
    from media.track import Stream, Track
    from media.wire import Counters, Outbound

bytes_ = bytes
"""For the classes below that count `bytes`."""

NO_PUMP = "TALKTIME_NO_PUMP"
"""Set this variable in the environment, and all is Python: for tests, and to find out whose fault it is."""


class LifeBase:
    """Of `liveness.Liveness`. `heard_ms` moves with every authentic packet."""

    __slots__ = ("heard_ms", "watch")

    heard_ms: int | None
    watch: bool


class StallBase:
    """Of `liveness.StallWatch`. `backlog`: whether packets wait that arrived during a stall."""

    __slots__ = ("backlog", "woke_ms")

    woke_ms: int
    backlog: bool


class OutboundBase:
    """Of `wire.Outbound`. `context` is libsrtp's, `context_at` its address (0: none); `overhead` in bytes.

    `packets` and `bytes` are what was sent besides the routes: reports, feedback, retransmissions.
    """

    __slots__ = ("address", "bytes", "context", "context_at", "overhead", "packets", "ssrc")

    ssrc: int
    packets: int
    bytes: int

    address: Any
    context: Any
    context_at: int
    overhead: int


class RouteBase:
    """Of `route.Route`. `types` has 128 bytes: the subscriber's payload type for each of the publisher's."""

    __slots__ = (
        "bytes", "level_head", "out", "packets", "seq_shift", "ssrc", "time_head", "ts_shift", "types",
        "waiting",
    )  # fmt: skip

    out: Outbound
    types: bytes_
    waiting: bool
    seq_shift: int
    ts_shift: int
    ssrc: int
    time_head: int
    level_head: int
    packets: int
    bytes: int


RING = 256


class RingBase:
    """The last `RING` packets of a track by their sequence numbers, for retransmission."""

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places: list[bytes_ | None] = [None] * RING

    def keep(self, seq: int, packet: bytes_) -> None:
        """Remember a packet; the one `RING` numbers before it is forgotten."""
        self._places[seq % RING] = packet

    def recall(self, seq: int) -> bytes_ | None:
        """The packet with this sequence number, if it is still there."""
        packet = self._places[seq % RING]
        return packet if packet is not None and packet[2] << 8 | packet[3] == seq else None


class TrackBase:
    """Of `track.Track`. `ring` is None for sound; `*_head` are heads of extensions."""

    __slots__ = (
        "cc_head", "clock_rate", "key_frame_due", "level_head", "ring", "routes", "stream", "time_head",
        "wanting",
    )  # fmt: skip

    stream: Stream | None
    key_frame_due: bool
    wanting: bool
    routes: tuple[Route, ...]
    ring: RingBase | None
    cc_head: int
    time_head: int
    level_head: int
    clock_rate: int


class StreamBase:
    """Of `track.Stream`. `max_seq` is negative before the first packet; `cycles` is a multiple of 65,536.

    `jitter` is the interarrival jitter in sixteenths of a timestamp unit; `transit` the last packet's arrival
    less its timestamp, in these units modulo 2^32, negative before the first one (RFC 3550, 6.4.1, A.8).
    """

    __slots__ = (
        "bytes", "cycles", "jitter", "last_ts", "max_seq", "missing", "packets", "repairs", "ssrc", "track",
        "transit",
    )  # fmt: skip

    ssrc: int
    track: Track
    repairs: Stream | None
    missing: dict[int, tuple[int, int, int]]
    packets: int
    bytes: int
    max_seq: int
    cycles: int
    last_ts: int
    jitter: int
    transit: int


class LogBase:
    """Of `bandwidth.ArrivalLog`. `expected`: where the next report begins, negative before the first."""

    __slots__ = ("expected", "flushed_ms", "pending", "serial")

    pending: list[int]
    flushed_ms: int
    expected: int
    serial: int


class InboundBase:
    """Of `inbound.Inbound`. `pending` is that of `log`; `streams` by SSRC.

    `recent` is the one that was found there last, None when something was changed there since. `packets` and
    `bytes` count RTCP; media is counted by stream.
    """

    __slots__ = (
        "bytes", "context_at", "live", "log", "out", "packets", "pending", "recent", "streams", "tracks",
    )  # fmt: skip

    streams: dict[int, Stream]
    recent: Stream | None
    packets: int
    bytes: int
    tracks: tuple[Track, ...]
    live: Liveness
    out: Outbound
    log: ArrivalLog
    pending: list[int]
    context_at: int


class PathBase:
    """Of `ice.Path`."""

    __slots__ = ("inbound", "peer", "selected")

    inbound: Inbound | None
    peer: Peer
    selected: bool


class WireBase:
    """Of `wire.Wire`, which says what the fields mean."""

    __slots__ = (
        "arrived", "batches", "counters", "fresh", "inbox", "on_rest", "on_stale", "queue", "send_time",
        "stall", "stamp_ms", "ticks",
    )  # fmt: skip

    counters: Counters
    queue: list[tuple[bytes | memoryview, Any]]
    batches: int
    on_rest: Any
    on_stale: Any
    stall: StallBase
    arrived: int
    stamp_ms: int
    ticks: int
    send_time: int
    fresh: bool
    inbox: Buffer

    def set_instant(self, stamp_ms: int, now_ns: int, fresh: bool = True) -> None:
        """Begin a batch that arrived at `stamp_ms`; `now_ns` is the finer packet clock.

        Not `fresh` is what waited through a stall: it arrived at `stamp_ms` or later.
        """
        self.stamp_ms = stamp_ms
        self.fresh = fresh
        self.ticks = now_ns // 250_000
        self.send_time = ((now_ns << 18) // 1_000_000_000) & 0xFFFFFF

    def learn(self, address: Any, path: PathBase) -> None:
        """Datagrams from `address` are this peer's."""

    def forget(self, address: Any) -> None:
        """They are nobody's."""

    if TYPE_CHECKING:
        # Of the compiled class only; `PUMP` says whether it is there.
        def equip(self, boxes: Any, *functions: int) -> None: ...  # noqa: D102
        def connect(self, fd: int) -> None: ...  # noqa: D102
        def anchor(self, now_ms: int, now_ns: int) -> None: ...  # noqa: D102
        def gather(self, pause_ms: int) -> int: ...  # noqa: D102
        def pulse(self) -> None: ...  # noqa: D102
        def drain(self, batches: int) -> None: ...  # noqa: D102
        def sweep(self, inbounds: list[Any], now_ms: int) -> list[Inbound]: ...  # noqa: D102
        def send_control(self, out: OutboundBase, packet: bytes_) -> None: ...  # noqa: D102


PUMP = False
"""Whether the compiled classes are in use."""

EDITION = 3
"""Raised with every change of what is shared, so that an older build is noticed and not used."""

if not TYPE_CHECKING and not os.environ.get(NO_PUMP):
    try:
        from media import _pump
    except ImportError:
        _pump = None
    if _pump is not None and getattr(_pump, "EDITION", 0) == EDITION:
        from media._pump import (  # noqa: F401 - each takes the place of the class of its name
            InboundBase,
            LifeBase,
            LogBase,
            OutboundBase,
            PathBase,
            RingBase,
            RouteBase,
            StallBase,
            StreamBase,
            TrackBase,
            WireBase,
        )

        PUMP = True
    elif _pump is not None:
        logging.getLogger(__name__).warning("media.pump_is_old: build it anew, with .ci/pump")
