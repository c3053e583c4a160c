"""Reconciliation: check every invariant over everything that is stored, believing nothing.

Each rule is a query that finds what breaks it; what needs the tariff or the chain is checked call by call
(`metering.audit`). Runs on one snapshot of a database that may be in use. Sums are made anew from the
transfers, so a balance that was changed by hand, or a row that was lost, is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing

from sqlalchemy import select
from sqlalchemy.engine import Connection

from storage.location import connect, make_engine
from storage.migrations import check

from .after_audit import AFTER_RULES
from .audit import audit_call
from .entry_audit import ENTRY_RULES
from .facts import Breach
from .payment_audit import PAYMENT_RULES
from .rows import account_of, events_of
from .tables import metered_calls

_PAGE = 500

# Each query gives one text a breach.
_RULES: dict[str, str] = {
    "currency.zero": """
        SELECT currency || ': all balances sum to ' || sum(balance_minor) FROM accounts
        GROUP BY currency HAVING sum(balance_minor) <> 0
    """,
    "account.floor": """
        SELECT id || ': ' || balance_minor || ', its floor is ' || coalesce(floor_minor, 'missing')
        FROM accounts WHERE id NOT LIKE 'processor:%' AND id NOT LIKE 'receivable:%'
        AND (floor_minor IS NOT 0 OR balance_minor < 0)
    """,
    "account.sum": """
        WITH moved AS (
            SELECT source AS id, -amount_minor AS minor FROM transfers
            UNION ALL SELECT target, amount_minor FROM transfers
        ), sums AS (SELECT id, sum(minor) AS minor FROM moved GROUP BY id)
        SELECT a.id || ': ' || a.balance_minor || ', its transfers give ' || coalesce(s.minor, 0)
        FROM accounts a LEFT JOIN sums s ON s.id = a.id WHERE a.balance_minor <> coalesce(s.minor, 0)
        UNION ALL SELECT s.id || ': transfers of an account that is not there' FROM sums s
        WHERE s.id NOT IN (SELECT id FROM accounts)
    """,
    "transfer.shape": """
        SELECT t.id || ': ' || t.amount_minor || ' ' || t.currency FROM transfers t
        LEFT JOIN accounts s ON s.id = t.source LEFT JOIN accounts g ON g.id = t.target
        WHERE t.amount_minor <= 0 OR s.currency IS NOT t.currency OR g.currency IS NOT t.currency
    """,
    "transfer.route": """
        SELECT t.id || ': from ' || t.source || ' to ' || t.target FROM transfers t
        LEFT JOIN metered_calls c ON c.id = t.call_id
        LEFT JOIN top_ups p ON p.payment_id = substr(t.id, 7)
        WHERE CASE
            WHEN t.call_id = '' AND (
                t.id LIKE 'out:%' OR t.id LIKE 'refunded:%' OR t.id LIKE 'owed:%' OR t.id LIKE 'owed_back:%'
                OR t.id LIKE 'tip:%' OR t.id LIKE 'back:%'
            ) THEN 0  -- metering.payment_audit and metering.after_audit look at these
            WHEN t.call_id = '' THEN
                t.id IS NOT 'topup:' || p.payment_id OR p.amount_minor IS NOT t.amount_minor
                OR t.source IS NOT 'processor:' || p.source || ':' || t.currency
                OR t.target IS NOT 'wallet:' || p.wallet_id || ':available'
            WHEN substr(t.id, 1, length(c.id) + 6) = 'hold:' || c.id || ':' THEN
                t.source <> 'wallet:' || c.wallet_id || ':available'
                OR t.target <> 'wallet:' || c.wallet_id || ':held'
            WHEN t.id = 'settle:' || c.id || ':host' THEN
                t.source <> 'wallet:' || c.wallet_id || ':held'
                OR t.target <> 'host:' || c.host_id || ':' || t.currency || ':earnings'
            WHEN t.id = 'settle:' || c.id || ':platform' THEN
                t.source <> 'wallet:' || c.wallet_id || ':held'
                OR t.target <> 'platform:' || t.currency || ':revenue'
            WHEN t.id = 'release:' || c.id THEN
                t.source <> 'wallet:' || c.wallet_id || ':held'
                OR t.target <> 'wallet:' || c.wallet_id || ':available'
            ELSE 1
        END
    """,
    "wallet.accounts": """
        SELECT w.id || ': its accounts are missing or in another currency than ' || w.currency FROM wallets w
        WHERE 2 <> (
            SELECT count(*) FROM accounts a WHERE a.currency = w.currency
            AND a.id IN ('wallet:' || w.id || ':available', 'wallet:' || w.id || ':held')
        )
    """,
    "wallet.held": """
        SELECT a.id || ': ' || a.balance_minor || ', its open calls hold ' || coalesce(sum(c.held_minor), 0)
        FROM wallets w JOIN accounts a ON a.id = 'wallet:' || w.id || ':held'
        LEFT JOIN metered_calls c ON c.wallet_id = w.id AND c.state = 'open'
        GROUP BY a.id HAVING a.balance_minor <> coalesce(sum(c.held_minor), 0)
    """,
    "wallet.topped_up": """
        SELECT w.id || ': ' || w.topped_up_minor || ', its top-ups are ' || coalesce(sum(p.amount_minor), 0)
        FROM wallets w LEFT JOIN top_ups p ON p.wallet_id = w.id
        GROUP BY w.id HAVING w.topped_up_minor <> coalesce(sum(p.amount_minor), 0)
    """,
    "top_up.posted": """
        SELECT p.payment_id || ': not credited' FROM top_ups p
        WHERE 'topup:' || p.payment_id NOT IN (SELECT id FROM transfers)
    """,
    "call.held": """
        WITH moved AS (
            SELECT call_id, sum(CASE WHEN id LIKE 'hold:%' THEN amount_minor ELSE -amount_minor END) AS minor
            FROM transfers WHERE call_id <> '' GROUP BY call_id
        )
        SELECT c.id || ': ' || c.held_minor || ', its transfers give ' || coalesce(m.minor, 0)
        FROM metered_calls c LEFT JOIN moved m ON m.call_id = c.id
        WHERE c.held_minor <> coalesce(m.minor, 0) OR (c.state = 'settled' AND c.held_minor <> 0)
    """,
    "call.captured": """
        SELECT c.id || ': ' || c.charge_minor || ' charged, ' || c.host_share_minor || ' of it to the host; '
            || 'posted ' || coalesce(h.amount_minor, 0) || ' and ' || coalesce(p.amount_minor, 0)
        FROM metered_calls c
        LEFT JOIN transfers h ON h.id = 'settle:' || c.id || ':host'
        LEFT JOIN transfers p ON p.id = 'settle:' || c.id || ':platform'
        WHERE c.host_share_minor <> coalesce(h.amount_minor, 0)
        OR c.charge_minor - c.host_share_minor <> coalesce(p.amount_minor, 0)
    """,
    "call.wallet": """
        SELECT c.id || ': its wallet is not there' FROM metered_calls c
        WHERE c.wallet_id NOT IN (SELECT id FROM wallets)
    """,
    "call.events": """
        SELECT c.id || ': ' || c.events || ' meter events, there are ' || count(e.seq)
        FROM metered_calls c LEFT JOIN meter_events e ON e.call_id = c.id
        GROUP BY c.id HAVING c.events <> count(e.seq) OR c.events <> coalesce(max(e.seq), 0)
    """,
    "event.call": """
        SELECT DISTINCT call_id || ': meter events of a call that is not there' FROM meter_events
        WHERE call_id NOT IN (SELECT id FROM metered_calls)
    """,
}

_GRANTED = """
    SELECT call_id, sum(amount_minor) FROM transfers WHERE id LIKE 'hold:%' GROUP BY call_id
"""


def breaches(connection: Connection) -> list[Breach]:
    """Every broken invariant on this connection's snapshot."""
    return [*_damage(connection), *_broken_rules(connection), *_broken_calls(connection)]


def reconcile(database_url: str) -> list[Breach]:
    """Check a database that may be in use. Changes nothing.

    Raises the `storage.errors` of `storage.migrations.check`.
    """
    check(database_url)
    with closing(connect(make_engine(database_url, writes=False))) as connection:
        return breaches(connection)


def _damage(connection: Connection) -> Iterator[Breach]:
    for (line,) in connection.exec_driver_sql("PRAGMA integrity_check(100)"):
        if line != "ok":
            yield Breach("database.integrity", line)
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield Breach("database.references", f"{row[0]}: row {row[1]} refers to a missing row of {row[2]}")


def _broken_rules(connection: Connection) -> Iterator[Breach]:
    for name, query in (_RULES | PAYMENT_RULES | AFTER_RULES | ENTRY_RULES).items():
        for (detail,) in connection.exec_driver_sql(query):
            yield Breach(name, str(detail))


def _broken_calls(connection: Connection) -> Iterator[Breach]:
    granted: defaultdict[str, int] = defaultdict(int)
    for call_id, amount_minor in connection.exec_driver_sql(_GRANTED):
        granted[call_id] = amount_minor
    last = -1
    page = select(metered_calls).order_by(metered_calls.c.seq).limit(_PAGE)
    while rows := connection.execute(page.where(metered_calls.c.seq > last)).all():
        events = events_of(connection, [row.id for row in rows])
        for row in rows:
            try:
                call = account_of(row, events.get(row.id, ()))
            except ValueError as error:
                yield Breach("call.tariff", f"{row.id}: {error}")
                continue
            yield from audit_call(call, granted[row.id])
        last = rows[-1].seq
