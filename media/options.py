"""Settings of the media engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaOptions:
    """Where the engine listens and what it bounds.

    `host` is the address to bind (`0.0.0.0` and `::` mean all); `port` 0 takes any free one.
    `announced_host` goes into the candidates: one address, or several separated by commas; None announces
    the bound address or, if that is a wildcard, the machine's own. `announced_port` None is the bound port.
    `gather_ms`: under load, how long a packet may wait for others to be handled with it (see `udp`); 0 never.
    """

    host: str = "0.0.0.0"  # noqa: S104 - a relay listens to the outside
    port: int = 0
    announced_host: str | None = None
    announced_port: int | None = None
    gather_ms: int = 2
    max_peers: int = 2_000
    max_publish: int = 8
    max_subscribe: int = 40
    max_sdp_chars: int = 100_000
