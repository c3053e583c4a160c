"""Rules of reconciliation for payments: queries that find what breaks them. See `metering.reconciliation`."""

from __future__ import annotations

_EXPECTED = """
    WITH expected AS (
        SELECT 'out:' || w.id AS id, 'wallet:' || w.wallet_id || ':available' AS source,
            'processor:' || w.target || ':' || o.currency AS target, w.amount_minor AS minor
        FROM withdrawals w JOIN wallets o ON o.id = w.wallet_id
        UNION ALL
        SELECT 'refunded:' || r.id, 'processor:' || r.source || '-refunds:' || r.currency,
            'processor:' || r.source || ':' || r.currency, r.amount_minor
        FROM refunds r WHERE r.state = 'succeeded' OR (r.state = 'failed' AND EXISTS (
            SELECT 1 FROM top_ups p WHERE p.payment_id = 'refund_back:' || r.id AND p.source = r.source))
        UNION ALL
        SELECT 'owed:' || c.id, 'receivable:' || c.wallet_id || ':' || c.currency,
            'processor:' || c.source || ':' || c.currency, c.owed_minor
        FROM clawbacks c WHERE c.owed_minor > 0
        UNION ALL
        SELECT 'owed_back:' || c.id, 'processor:' || c.source || ':' || c.currency,
            'receivable:' || c.wallet_id || ':' || c.currency, c.owed_minor
        FROM clawbacks c WHERE c.owed_minor > 0 AND c.undone = 1
    )
"""

_OUTGOING = """
    (t.id LIKE 'out:%' OR t.id LIKE 'refunded:%' OR t.id LIKE 'owed:%' OR t.id LIKE 'owed_back:%')
"""

PAYMENT_RULES: dict[str, str] = {
    "payment.route": f"""
        {_EXPECTED}
        SELECT t.id || ': from ' || t.source || ' to ' || t.target || ', ' || t.amount_minor
        FROM transfers t LEFT JOIN expected e ON e.id = t.id
        WHERE t.call_id = '' AND {_OUTGOING} AND (
            e.id IS NULL OR e.source <> t.source OR e.target <> t.target OR e.minor <> t.amount_minor)
    """,  # noqa: S608 - texts of our own
    "payment.posted": f"""
        {_EXPECTED}
        SELECT e.id || ': ' || e.minor || ' was not posted' FROM expected e
        WHERE e.id NOT IN (SELECT id FROM transfers)
    """,  # noqa: S608 - texts of our own
    "payment.credited": """
        SELECT o.id || ': ' || o.state || ', its payment ' || coalesce(o.intent_id, 'has no id')
            || CASE WHEN p.payment_id IS NULL THEN ' was not credited' ELSE ' was credited' END
        FROM payment_orders o LEFT JOIN top_ups p ON p.payment_id = o.intent_id AND p.wallet_id = o.wallet_id
        WHERE (o.state = 'succeeded') <> (p.payment_id IS NOT NULL)
    """,
    "payment.refunds": """
        SELECT p.payment_id || ': ' || p.amount_minor || ' came in, ' || sum(r.amount_minor) || ' went back'
        FROM top_ups p JOIN refunds r ON r.intent_id = p.payment_id AND r.state <> 'failed'
        GROUP BY p.payment_id, p.amount_minor HAVING sum(r.amount_minor) > p.amount_minor
    """,
    "payment.refund": """
        SELECT r.id || ': ' || r.state || ', reserved ' || (w.id IS NOT NULL)
            || ', back ' || (b.payment_id IS NOT NULL)
        FROM refunds r LEFT JOIN withdrawals w ON w.id = 'refund:' || r.id AND w.amount_minor = r.amount_minor
        LEFT JOIN top_ups b ON b.payment_id = 'refund_back:' || r.id AND b.amount_minor = r.amount_minor
        WHERE w.id IS NULL OR (r.state = 'failed') <> (b.payment_id IS NOT NULL)
    """,
    "payment.clawback": """
        SELECT c.id || ': ' || c.wallet_minor || ' from the wallet, undone ' || c.undone FROM clawbacks c
        LEFT JOIN withdrawals w ON w.id = 'clawback:' || c.id AND w.amount_minor = c.wallet_minor
        LEFT JOIN top_ups b ON b.payment_id = 'clawback_back:' || c.id AND b.amount_minor = c.wallet_minor
        WHERE c.wallet_minor > 0 AND (w.id IS NULL OR (c.undone = 1) <> (b.payment_id IS NOT NULL))
    """,
    "payment.clawbacks_due": """
        SELECT c.id || ': its payment was credited, and nothing was taken' FROM clawbacks c
        JOIN top_ups p ON p.payment_id = c.intent_id
        WHERE c.taken = 1 AND c.returned = 0 AND c.wallet_minor IS NULL
    """,
    "payment.reserve": """
        SELECT a.id || ': ' || a.balance_minor || ', on its way back are ' || coalesce(sum(r.amount_minor), 0)
        FROM accounts a LEFT JOIN refunds r ON r.state IN ('asked', 'pending')
            AND a.id = 'processor:' || r.source || '-refunds:' || r.currency
        WHERE a.id LIKE 'processor:%-refunds:%'
        GROUP BY a.id, a.balance_minor HAVING a.balance_minor <> coalesce(sum(r.amount_minor), 0)
    """,
    "payment.receivable": """
        SELECT a.id || ': ' || a.balance_minor FROM accounts a
        WHERE a.id LIKE 'receivable:%' AND (a.balance_minor > 0 OR a.floor_minor IS NOT NULL)
    """,
}
