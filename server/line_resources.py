"""The HTTP API's resources of office hours and of the line."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from server.resources import Body
from signaling.messages import OfficeView, PlaceView, TariffView

Minute = Annotated[int, msgspec.Meta(ge=0, le=1_440)]


class JoinLine(Body, frozen=True):
    """POST /api/v1/experts/{slug}/line: wait for the expert.

    `offer`: at whose price; empty: the default one's. `wish`: what it is about, for the expert to read.
    `shown`: the tariff that the caller saw, which is the one that is promised, or nothing is.
    """

    media: Literal["video", "voice"] = "video"
    offer: Annotated[str, msgspec.Meta(max_length=64)] = ""
    wish: Annotated[str, msgspec.Meta(max_length=200)] = ""
    shown: TariffView | None = None


class LinePlace(msgspec.Struct, frozen=True):
    """A place in a line, as its caller sees it."""

    place: PlaceView


class LinePlaces(msgspec.Struct, frozen=True):
    """GET /api/v1/line: my places, in whatever lines."""

    places: list[PlaceView]


class OpeningHours(Body, frozen=True):
    """One stretch of wall time on a weekday (0 is Monday), in minutes after midnight."""

    weekday: Annotated[int, msgspec.Meta(ge=0, le=6)]
    from_min: Minute
    to_min: Minute


class OfficeHours(msgspec.Struct, frozen=True):
    """GET and POST /api/v1/office: when I take calls. `zone` is an IANA name."""

    office: OfficeView
    zone: str
    openings: list[OpeningHours]


class SetOffice(Body, frozen=True):
    """POST /api/v1/office: what shall be different; what is left out stays. `pause`: 20 minutes, or back now.

    Setting `mode` also ends a pause.
    """

    mode: Literal["off", "open", "hours"] | None = None
    zone: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    openings: Annotated[list[OpeningHours], msgspec.Meta(max_length=42)] | None = None
    pause: Literal["begin", "end"] | None = None
    stop_after_call: bool | None = None
    auto_accept: bool | None = None
