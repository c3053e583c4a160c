"""Who calls whom: the facts of booking that a call needs, handed in by the server and copied."""

from __future__ import annotations

from dataclasses import dataclass

from metering.tariff import Tariff


@dataclass(frozen=True, slots=True)
class Person:
    """Who pays: `id` from the login, `wallet_id` in the ledger."""

    id: str
    name: str
    wallet_id: str


@dataclass(frozen=True, slots=True)
class Host:
    """Who is called: `id` from the login, `slug` of the public page, and what a call costs."""

    id: str
    slug: str
    name: str
    tariff: Tariff
