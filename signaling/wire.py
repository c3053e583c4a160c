"""What the messages of the wire are made of: ids, bounded texts, and the base of every message."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
Mid = Annotated[str, msgspec.Meta(min_length=1, max_length=16, pattern=r"^[A-Za-z0-9_.:-]+$")]
TrackId = Annotated[str, msgspec.Meta(min_length=1, max_length=96, pattern=r"^[A-Za-z0-9_.:-]+$")]
Minor = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Note = Annotated[str, msgspec.Meta(max_length=200)]
ChatText = Annotated[str, msgspec.Meta(max_length=2_000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
"""Lines of plain text: no control characters but line feeds and tabs."""
Role = Literal["payer", "host", "guest"]
Source = Literal["mic", "camera", "screen", "screen_audio"]


class Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    """Base: a frozen object whose tag is the event's name."""
