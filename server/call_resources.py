"""The API's resources about what people decide during and after a call."""

from __future__ import annotations

import msgspec

from server.resources import Body, CapMinor


class CallCap(msgspec.Struct, frozen=True):
    """GET /api/v1/wallet/cap: `cap_minor` in the wallet's currency; null: my calls have no cap."""

    cap_minor: int | None
    currency: str


class SetCallCap(Body, frozen=True):
    """POST /api/v1/wallet/cap: the cap of my next calls. One that is open keeps what it has."""

    cap_minor: CapMinor | None
