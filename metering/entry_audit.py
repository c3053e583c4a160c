"""Rules of reconciliation for what stands beside the ledger: entries of accounts, and adjustments."""

from __future__ import annotations

_INNER = "t.source LIKE 'wallet:%' AND t.target LIKE 'wallet:%'"

ENTRY_RULES: dict[str, str] = {
    "entry.complete": f"""
        SELECT s.id || ': no entry of ' || s.account FROM (
            SELECT t.seq, t.id, t.source AS account FROM transfers t WHERE NOT ({_INNER})
            UNION ALL
            SELECT t.seq, t.id, t.target FROM transfers t WHERE NOT ({_INNER})
        ) s LEFT JOIN account_entries e ON e.account = s.account AND e.seq = s.seq
        WHERE e.seq IS NULL
        UNION ALL
        SELECT e.account || ': an entry of transfer ' || e.seq || ', which is none of its'
        FROM account_entries e
        LEFT JOIN transfers t ON t.seq = e.seq AND e.account IN (t.source, t.target) AND NOT ({_INNER})
        WHERE t.seq IS NULL
    """,  # noqa: S608 - texts of our own
    "adjustment.posted": """
        WITH wanted AS (SELECT 'adjust:' || id AS id, wallet_id, amount_minor FROM adjustments),
        made AS (
            SELECT payment_id AS id, wallet_id, amount_minor FROM top_ups WHERE payment_id LIKE 'adjust:%'
            UNION ALL
            SELECT id, wallet_id, -amount_minor FROM withdrawals WHERE id LIKE 'adjust:%'
        )
        SELECT id || ': ' || amount_minor || ' was not posted'
        FROM (SELECT * FROM wanted EXCEPT SELECT * FROM made)
        UNION ALL
        SELECT id || ': ' || amount_minor || ' was posted, and nobody gave a reason'
        FROM (SELECT * FROM made EXCEPT SELECT * FROM wanted)
    """,
}
