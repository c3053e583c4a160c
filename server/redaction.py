"""News of a deleted person, told or still to be told, without the person's name and own words.

What a website was told already is its own matter; what we keep of it, and what still leaves, is ours.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Column, Table, select, update
from sqlalchemy.engine import Connection

from server.webhook_tables import webhook_deliveries
from storage.outbox import outbox

OWN_WORDS = ("wish", "text")


def redact_news(connection: Connection, person_id: str, name: str) -> None:
    """Everywhere news are kept: `name` instead of the payer's, and nothing instead of the payer's words."""
    _redact(connection, outbox, outbox.c.seq, outbox.c.payload, person_id, name)
    deliveries = webhook_deliveries.c
    _redact(connection, webhook_deliveries, deliveries.seq, deliveries.body, person_id, name)


def _redact(
    connection: Connection, table: Table, number: Column[Any], text: Column[Any], person_id: str, name: str
) -> None:
    named = f'"payer":"{person_id}"'
    for seq, kept in connection.execute(select(number, text).where(text.contains(named, autoescape=True))):
        news = json.loads(kept)
        data = news.get("data", {})
        if data.get("payer") != person_id:
            continue
        if "payer_name" in data:
            data["payer_name"] = name
        # `text` is the payer's own in a rating; in what a host answers it is the host's.
        if news.get("type") in {"line.joined", "call.rated"}:
            data.update({word: "" for word in OWN_WORDS if word in data})
        plain = json.dumps(news, ensure_ascii=False, separators=(",", ":"))
        connection.execute(update(table).where(number == seq).values({text.name: plain}))
