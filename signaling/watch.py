"""Who wants to know when something about a host changed: its pages, its calls, its hours, its line.

Nothing is said of what changed; who hears of it looks for itself. Callbacks are synchronous, never wait, and
may stop listening while they are called.
"""

from __future__ import annotations

from collections.abc import Callable

Unwatch = Callable[[], None]


class HostWatch:
    """See the module."""

    def __init__(self) -> None:
        self._of_one: dict[str, dict[int, Callable[[], None]]] = {}
        self._of_all: list[Callable[[str], None]] = []
        self._next = 0

    def changed(self, host_id: str) -> None:
        """Something about the host is different now, or may be."""
        for tell in self._of_all:
            tell(host_id)
        self.shown_otherwise(host_id)

    def shown_otherwise(self, host_id: str) -> None:
        """Only what is shown of the host is different: tell those who watch this one, not `watch_all`'s."""
        for wake in list(self._of_one.get(host_id, {}).values()):
            wake()

    def watch(self, host_id: str, wake: Callable[[], None]) -> Unwatch:
        """Call `wake` at every change of this host, until the returned function is called (once or more)."""
        self._next += 1
        key, watchers = self._next, self._of_one.setdefault(host_id, {})
        watchers[key] = wake

        def unwatch() -> None:
            watchers.pop(key, None)
            if not watchers and self._of_one.get(host_id) is watchers:
                del self._of_one[host_id]

        return unwatch

    def watch_all(self, tell: Callable[[str], None]) -> None:
        """Call `tell` with the host's id at every change of any host, for good."""
        self._of_all.append(tell)

    def __len__(self) -> int:
        """How many watch one host each."""
        return sum(len(watchers) for watchers in self._of_one.values())
