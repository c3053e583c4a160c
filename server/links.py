"""People's links. The login token stands in the fragment, which browsers send to no server."""

from __future__ import annotations

from booking.people import Person


def person_link(public_url: str, person: Person, token: str, expert_slug: str) -> str:
    """The link a person opens: a client calls `expert_slug`, the others have a page of their own."""
    match person.role:
        case "client":
            path = f"/call/{expert_slug}"
        case "expert":
            path = "/expert"
        case "operator":
            path = "/operator"
    return f"{public_url}{path}#t={token}"


def guest_link(public_url: str, host_slug: str, token: str) -> str:
    """The link of one guest: the token says which call it is."""
    return f"{public_url}/call/{host_slug}#t={token}"
