"""Everything the house keeps about one person, as one JSON document that the person can take away.

What an expert notes about a client, and whether the client is blocked, is the expert's own: it stands in the
expert's document and not in the client's, and goes with the client's profile when that is deleted. What a
client's wallet had when a call began and ended stands in the client's document alone.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, RowMapping, Table, and_, or_, select

from booking.call_tables import call_caps, ratings
from booking.chat_tables import call_chat, call_files
from booking.client_tables import call_offers, client_blocks, client_notes
from booking.identity_tables import addresses, logins
from booking.office_tables import availability, line_places
from booking.profile_tables import offers, profiles
from booking.site_tables import site_users, sites
from booking.tables import people
from metering.accounts import available_of, held_of
from metering.after_tables import call_refunds, disputes, tips
from metering.entry_tables import account_entries, adjustments
from metering.payment_tables import auto_top_ups, clawbacks, payers, payment_orders, refunds, withdrawals
from metering.tables import meter_events, metered_calls, top_ups, transfers, wallets
from server.key_tables import api_keys
from server.webhook_tables import webhook_endpoints
from storage.audit_log import audit_log
from storage.database import Database
from storage.worker import Transaction

SECRET = frozenset({"token_hash", "hash", "secret", "secrets", "key", "request"})
"""Columns that prove something to somebody, and say nothing about the person."""
PAYERS_ALONE = frozenset({
    "held_minor", "balance_before_minor", "topped_up_before_minor", "balance_after_minor", "topped_up_minor",
})  # fmt: skip
"""Columns of a call that only its payer sees, as on the copies of the receipt."""


def _whose(person_id: str) -> list[tuple[Table, ColumnElement[bool]]]:
    """Every table with something about a person, and which of its rows that is."""
    purse = (available_of(person_id), held_of(person_id))
    mine = or_(metered_calls.c.wallet_id == person_id, metered_calls.c.host_id == person_id)
    calls = select(metered_calls.c.id).where(mine)
    by_person = (addresses, logins, call_caps, availability, profiles, offers, site_users, api_keys)
    by_wallet = (top_ups, payment_orders, payers, auto_top_ups, withdrawals, refunds, adjustments, clawbacks)
    by_call = (call_offers, meter_events, tips, call_refunds, disputes, call_chat, call_files)
    return [
        (people, people.c.id == person_id),
        *((table, table.c.person_id == person_id) for table in by_person),
        (sites, sites.c.owner_id == person_id),
        (webhook_endpoints, webhook_endpoints.c.owner == person_id),
        (line_places, line_places.c.client_id == person_id),
        (wallets, wallets.c.id == person_id),
        *((table, table.c.wallet_id == person_id) for table in by_wallet),
        (transfers, or_(transfers.c.seq.in_(_entries(person_id)), transfers.c.source.in_(purse))),
        (metered_calls, mine),
        *((table, table.c.call_id.in_(calls)) for table in by_call),
        (ratings, or_(ratings.c.client_id == person_id, ratings.c.expert_id == person_id)),
        (client_notes, client_notes.c.expert_id == person_id),
        (client_blocks, client_blocks.c.expert_id == person_id),
        (audit_log, or_(audit_log.c.actor == person_id, _about(person_id))),
    ]


def _about(person_id: str) -> ColumnElement[bool]:
    """What was done to the person; but whom an expert blocks is the expert's own, as the notes are."""
    return and_(audit_log.c.subject == person_id, audit_log.c.action.not_like("client.%"))


def _entries(person_id: str) -> Any:
    own = account_entries.c.account
    earned = f"host:{person_id}:"
    return select(account_entries.c.seq).where(
        or_(own.in_([available_of(person_id), held_of(person_id)]), own.startswith(earned, autoescape=True))
    )


def exported_tables() -> frozenset[str]:
    """The names of all tables that a person's document may have rows of."""
    return frozenset(table.name for table, _ in _whose(""))


async def export(database: Database, person_id: str, at: str) -> str:
    """The document. Rows as they are stored: money in minor units, times as in the API."""

    def hidden(table: Table, row: RowMapping) -> frozenset[str]:
        others_call = table is metered_calls and row[metered_calls.c.wallet_id] != person_id
        return SECRET | PAYERS_ALONE if others_call else SECRET

    def job(transaction: Transaction) -> dict[str, list[dict[str, Any]]]:
        return {
            table.name: [
                {name: value for name, value in row.items() if name not in hidden(table, row)}
                for row in transaction.connection.execute(select(table).where(which)).mappings()
            ]
            for table, which in _whose(person_id)
        }

    document = {"person": person_id, "exported_at": at, "tables": await database.read(job)}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
