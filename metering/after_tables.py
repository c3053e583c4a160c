"""What happens to a call's money after it: tips, refunds, disputes. Minor units; moments ISO 8601 UTC."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text

from storage.schema import Int64, metadata

tips = Table(
    "tips",
    metadata,
    Column("id", Text, primary_key=True),
    Column("call_id", Text, ForeignKey("metered_calls.id"), nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("host_minor", Int64, nullable=False),
    Column("at", Text, nullable=False),
    CheckConstraint("amount_minor > 0 AND host_minor BETWEEN 0 AND amount_minor", name="amounts"),
    Index("ix_tips_call", "call_id"),
    sqlite_strict=True,
)

call_refunds = Table(
    "call_refunds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("call_id", Text, ForeignKey("metered_calls.id"), nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("host_minor", Int64, nullable=False, comment="the host's part"),
    Column("clawed_minor", Int64, nullable=False, comment="of that, out of the earnings"),
    Column("platform_minor", Int64, nullable=False, comment="out of the revenue"),
    Column("by_side", Text, nullable=False),
    Column("by_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Text, nullable=False),
    CheckConstraint("amount_minor > 0", name="amount"),
    CheckConstraint("by_side IN ('host', 'operator')", name="side"),
    CheckConstraint(
        "host_minor BETWEEN 0 AND amount_minor AND clawed_minor BETWEEN 0 AND host_minor", name="host"
    ),
    CheckConstraint("platform_minor BETWEEN 0 AND amount_minor - host_minor", name="platform"),
    Index("ix_call_refunds_call", "call_id"),
    sqlite_strict=True,
)

disputes = Table(
    "disputes",
    metadata,
    Column("call_id", Text, ForeignKey("metered_calls.id"), primary_key=True),
    Column("opened_at", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("host_answer", Text, nullable=False, server_default=""),
    Column("answered_at", Text, nullable=False, server_default=""),
    Column("decided_minor", Int64, nullable=False, server_default="0", comment="what the decision refunded"),
    Column("decided_at", Text, nullable=False, server_default=""),
    Column("decided_by", Text, nullable=False, server_default=""),
    Column("decision", Text, nullable=False, server_default=""),
    CheckConstraint("state IN ('open', 'refunded', 'declined')", name="state"),
    CheckConstraint("(state = 'open') = (decided_at = '')", name="decided"),
    CheckConstraint("decided_minor >= 0 AND (decided_minor = 0 OR state = 'refunded')", name="refund"),
    Index("ix_disputes_state", "state", "opened_at"),
    sqlite_strict=True,
)
