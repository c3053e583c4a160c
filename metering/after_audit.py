"""Rules of reconciliation for tips and refunds of calls. See `metering.reconciliation`."""

from __future__ import annotations

_TIPS = "FROM tips t JOIN metered_calls c ON c.id = t.call_id JOIN wallets w ON w.id = c.wallet_id"
_REFUNDS = "FROM call_refunds r JOIN metered_calls c ON c.id = r.call_id JOIN wallets w ON w.id = c.wallet_id"

_EXPECTED = f"""
    WITH due AS (
        SELECT 'tip:' || t.id || ':host' AS id, 'wallet:' || c.wallet_id || ':available' AS source,
            'host:' || c.host_id || ':' || w.currency || ':earnings' AS target, t.host_minor AS minor {_TIPS}
        UNION ALL
        SELECT 'tip:' || t.id || ':platform', 'wallet:' || c.wallet_id || ':available',
            'platform:' || w.currency || ':revenue', t.amount_minor - t.host_minor {_TIPS}
        UNION ALL
        SELECT 'back:' || r.id || ':host', 'host:' || c.host_id || ':' || w.currency || ':earnings',
            'processor:call-refunds:' || w.currency, r.clawed_minor {_REFUNDS}
        UNION ALL
        SELECT 'back:' || r.id || ':owed', 'receivable:host:' || c.host_id || ':' || w.currency,
            'processor:call-refunds:' || w.currency, r.host_minor - r.clawed_minor {_REFUNDS}
        UNION ALL
        SELECT 'back:' || r.id || ':platform', 'platform:' || w.currency || ':revenue',
            'processor:call-refunds:' || w.currency, r.platform_minor {_REFUNDS}
        UNION ALL
        SELECT 'back:' || r.id || ':loss', 'processor:losses:' || w.currency,
            'processor:call-refunds:' || w.currency, r.amount_minor - r.host_minor - r.platform_minor
            {_REFUNDS}
    ), expected AS (SELECT * FROM due WHERE minor > 0)
"""  # noqa: S608 - texts of our own

AFTER_RULES: dict[str, str] = {
    "after.route": f"""
        {_EXPECTED}
        SELECT t.id || ': from ' || t.source || ' to ' || t.target || ', ' || t.amount_minor
        FROM transfers t LEFT JOIN expected e ON e.id = t.id
        WHERE t.call_id = '' AND (t.id LIKE 'tip:%' OR t.id LIKE 'back:%') AND (
            e.id IS NULL OR e.source <> t.source OR e.target <> t.target OR e.minor <> t.amount_minor)
    """,  # noqa: S608 - texts of our own
    "after.posted": f"""
        {_EXPECTED}
        SELECT e.id || ': ' || e.minor || ' was not posted' FROM expected e
        WHERE e.id NOT IN (SELECT id FROM transfers)
    """,  # noqa: S608 - texts of our own
    "after.refund": """
        SELECT r.id || ': ' || r.amount_minor || ' refunded, credited ' || coalesce(p.amount_minor, 0)
        FROM call_refunds r JOIN metered_calls c ON c.id = r.call_id
        LEFT JOIN top_ups p ON p.payment_id = 'call_refund:' || r.id AND p.wallet_id = c.wallet_id
            AND p.source = 'call-refunds'
        WHERE r.amount_minor <> coalesce(p.amount_minor, 0)
    """,
    "after.refunds": """
        SELECT c.id || ': ' || c.charge_minor || ' charged, ' || sum(r.amount_minor)
            || ' refunded; of that the host''s ' || c.host_share_minor || ' and ' || sum(r.host_minor)
        FROM call_refunds r JOIN metered_calls c ON c.id = r.call_id
        GROUP BY c.id HAVING sum(r.amount_minor) > c.charge_minor OR sum(r.host_minor) > c.host_share_minor
            OR (sum(r.amount_minor) = c.charge_minor AND sum(r.host_minor) <> c.host_share_minor)
    """,
    "after.credited": """
        SELECT p.payment_id || ': no refund of a call' FROM top_ups p
        WHERE p.source = 'call-refunds' AND substr(p.payment_id, 13) NOT IN (SELECT id FROM call_refunds)
    """,
    "after.decided": """
        SELECT d.call_id || ': ' || d.state || ', refunded in all ' || coalesce(sum(r.amount_minor), 0)
        FROM disputes d LEFT JOIN call_refunds r ON r.call_id = d.call_id
        GROUP BY d.call_id HAVING (d.state = 'refunded' AND count(r.id) = 0) OR d.decided_minor <> coalesce(
            sum(CASE WHEN r.id = d.call_id || ':decision' THEN r.amount_minor END), 0)
    """,
    "after.cleared": """
        SELECT id || ': ' || balance_minor FROM accounts
        WHERE id LIKE 'processor:call-refunds:%' AND balance_minor <> 0
    """,
}
