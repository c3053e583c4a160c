"""What signaling counts. The server turns it into Prometheus metrics; without one it counts for nobody."""

from __future__ import annotations

from typing import Protocol


class Metrics(Protocol):
    """A counter by name and labels. The names are listed in docs/operations.md.

    `calls_opened`; `calls_ended` {reason}; `connections` {kind}; `messages` {type}; `refusals` {code};
    `task_crashes` {task}; `ledger_retries` {operation}; `grants` {result}; `beats` {result}.
    """

    def count(self, name: str, **labels: str) -> None:
        """Add one."""


class NoMetrics:
    """Counts nothing."""

    def count(self, name: str, **labels: str) -> None:
        """See `Metrics`."""
