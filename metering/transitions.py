"""The meter's table: what a change of state orders. Its theory stands above the meter itself."""

from __future__ import annotations

from typing import Final, Literal

from .exchange import Shortage, State
from .facts import BeginReason

# Why an interval begins after each kind of shortage.
GONE_ON: Final[dict[Shortage, BeginReason]] = {
    "funds": "topped_up", "cap": "cap_raised", "ledger_silent": "granted",
}  # fmt: skip

Effect = Literal["begin", "hold", "release", "settle"]

# From each state to each it can become, what is ordered on the way, in this order. An interval's end is no
# effect of a change: the fact that caused it has dated it already.
TRANSITIONS: Final[dict[State, dict[State, tuple[Effect, ...]]]] = {
    "waiting": {
        "running": ("begin",),
        "paused": ("hold",),
        "reconnecting": (),
        "exhausted": ("hold",),
        "ended": ("settle",),
    },
    "running": {
        "paused": ("hold",),
        "reconnecting": (),
        "exhausted": ("hold",),
        "ended": ("settle",),
    },
    "paused": {
        "waiting": ("release",),
        "running": ("release", "begin"),
        "reconnecting": ("release",),
        "exhausted": ("hold",),
        "ended": ("settle",),
    },
    "reconnecting": {
        "waiting": (),
        "running": ("begin",),
        "paused": ("hold",),
        "exhausted": ("hold",),
        "ended": ("settle",),
    },
    "exhausted": {
        "waiting": ("release",),
        "running": ("release", "begin"),
        "paused": ("hold",),
        "reconnecting": ("release",),
        "ended": ("settle",),
    },
    "ended": {},
}
