"""The HTTP API's resources of signing in: guests, codes, logins."""

from __future__ import annotations

from typing import Annotated

import msgspec

from server.resources import Body

PersonName = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^\S(.*\S)?$")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]


class CreateClient(Body, frozen=True):
    """POST /api/v1/clients: start as a guest, with a name and an empty wallet."""

    name: PersonName
    currency: Currency = "USD"
