"""The message about the quality of both sides' connections. Part of signaling.messages."""

from __future__ import annotations

from typing import Literal

import msgspec

from .wire import Wire

QualityLevel = Literal["good", "fair", "weak"]


class SideQuality(msgspec.Struct, frozen=True):
    """One side's connection to the server, over the last seconds; None where nothing can be told.

    `loss_up_permille`: of what the side sends, `loss_down_permille`: of what is sent to it; `rtt_ms`: there
    and back; `jitter_ms`: the larger one of both ways (RFC 3550, 6.4.1).
    """

    level: QualityLevel
    loss_up_permille: int | None
    loss_down_permille: int | None
    rtt_ms: int | None
    jitter_ms: int | None
    up_kbps: int
    down_kbps: int


class QualityMessage(Wire, tag="quality", frozen=True):
    """How good the connections of payer and host are; None: no media at the moment. At most every 2 s."""

    payer: SideQuality | None
    host: SideQuality | None
