"""Spans of days as people give them: two dates and a time zone, the last day included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.errors import Problem
from signaling.clock import iso

MAX_DAYS = 3_660
FIRST = date(2000, 1, 1)
LAST = date(2200, 1, 1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a zone, `first` to `last`, both included."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def start(self) -> str:
        """The moment at which it begins, ISO 8601 UTC."""
        return self._midnight(self.first)

    @property
    def end(self) -> str:
        """The moment at which it is over."""
        return self._midnight(self.last + timedelta(days=1))

    def day(self, at: str) -> date:
        """The day of a moment (ISO 8601) in the zone."""
        return datetime.fromisoformat(at).astimezone(self.zone).date()

    def days(self) -> list[date]:
        """Every day."""
        return [self.first + timedelta(days=each) for each in range((self.last - self.first).days + 1)]

    def _midnight(self, day: date) -> str:
        return iso(datetime.combine(day, time(), self.zone).astimezone(UTC))


def span(given: dict[str, str], now: datetime, days: int) -> Span:
    """The span in `start`, `end`, `zone`; without them the last `days` days. Raises request.invalid."""
    try:
        zone = ZoneInfo(given.get("zone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Problem("request.invalid", "zone is the name of a time zone, like Europe/London.") from None
    last = _date(given, "end") or now.astimezone(zone).date()
    first = _date(given, "start") or max(FIRST, last - timedelta(days=days - 1))
    if first > last or (last - first).days >= MAX_DAYS:
        raise Problem("request.invalid", "The last day comes after the first, at most ten years.")
    return Span(first, last, zone)


def _date(given: dict[str, str], name: str) -> date | None:
    text = given.get(name, "")
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or not FIRST <= found < LAST:
        raise Problem("request.invalid", f"{name} is a day like 2026-05-31.")
    return found
