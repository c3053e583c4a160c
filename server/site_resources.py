"""The HTTP API's resources of websites with the widget, and of the page in its frame."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from server.resources import Body


class CreateSite(Body, frozen=True):
    """POST /api/v1/sites: a website that may show the widget. `id` is chosen by the client."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{16,40}$")]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^\S(.*\S)?$")]
    origins: Annotated[list[Annotated[str, msgspec.Meta(max_length=300)]], msgspec.Meta(max_length=20)]


class ChangeOrigins(Body, frozen=True):
    """POST /api/v1/sites/{site_id}/origins: the whole list anew."""

    origins: Annotated[list[Annotated[str, msgspec.Meta(max_length=300)]], msgspec.Meta(max_length=20)]


class StartEmbed(Body, frozen=True):
    """POST /api/v1/embed/sessions: who calls. A guest's name, or what the website signed."""

    embed: Annotated[str, msgspec.Meta(max_length=2_048)]
    name: Annotated[str, msgspec.Meta(max_length=60)] = ""
    jwt: Annotated[str, msgspec.Meta(max_length=4_096)] = ""


class Site(msgspec.Struct, frozen=True):
    """A website that may show the widget. `audience` is what its JWTs name as `aud`."""

    id: str
    name: str
    origins: list[str]
    created_at: str
    audience: str


class SiteList(msgspec.Struct, frozen=True):
    """GET /api/v1/sites: my websites, the oldest first."""

    sites: list[Site]


class SiteSecret(msgspec.Struct, frozen=True):
    """A website with its API secret, which is shown this once. Empty: it was shown before."""

    site: Site
    secret: str


class EmbedSession(msgspec.Struct, frozen=True):
    """POST /api/v1/embed/sessions: a login for the page inside the frame, which keeps it to itself."""

    token: str
    expires_at: str
    name: str
    kind: Literal["guest", "user"]
