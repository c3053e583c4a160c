"""Weekly hours in a time zone, right across its changes of daylight saving.

THEORY. An instant is inside the hours when a clock on the wall in that zone shows a time inside them. So when
clocks jump forward, wall times in the gap never happen and an opening that begins in it begins at the jump;
when they fall back, wall times in the fold happen twice, and so do openings inside it. `is_open` is that
sentence; `next_change` may only say what `is_open` would say at every instant in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MINUTES = 24 * 60
MAX_OPENINGS = 42
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
# The only opening of a week may vanish in a gap; the next week's does not.
_DAYS_AHEAD = 16


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """One stretch of wall time on one weekday: 0 is Monday, `from_min` ≤ t < `to_min` minutes after midnight.

    Past midnight is a second opening, from 0, on the next weekday.
    """

    weekday: int
    from_min: int
    to_min: int

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6 or not 0 <= self.from_min < self.to_min <= MINUTES:
            raise ValueError("an opening is on weekday 0 to 6, from before to, within one day")


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """When an expert is there in an ordinary week. `zone` is an IANA name, as in "Europe/Berlin"."""

    zone: str = "UTC"
    openings: tuple[Opening, ...] = ()

    def __post_init__(self) -> None:
        zone_of(self.zone)
        if len(self.openings) > MAX_OPENINGS:
            raise ValueError(f"at most {MAX_OPENINGS} openings")
        if list(self.openings) != sorted(self.openings):
            raise ValueError("openings stand in order")
        for one, next_one in pairwise(self.openings):
            if one.weekday == next_one.weekday and next_one.from_min < one.to_min:
                raise ValueError("openings do not overlap")

    def is_open(self, moment: datetime) -> bool:
        """Whether the instant is inside the hours."""
        wall = moment.astimezone(zone_of(self.zone))
        minute, weekday = wall.hour * 60 + wall.minute, wall.weekday()
        return any(
            each.weekday == weekday and each.from_min <= minute < each.to_min for each in self.openings
        )

    def next_change(self, moment: datetime) -> datetime | None:
        """The first instant after `moment` at which `is_open` is different; None: it always stays."""
        now = moment.astimezone(UTC)
        is_open = self.is_open(now)
        for days in range(_DAYS_AHEAD):
            begin = now + days * _DAY
            for instant in sorted(self._edges(begin, begin + _DAY)):
                if instant > now and self.is_open(instant) != is_open:
                    return instant
        return None

    def _edges(self, begin: datetime, end: datetime) -> set[datetime]:
        """Every instant in [begin, end] at which `is_open` may change: wall edges, and clock changes."""
        zone, edges = zone_of(self.zone), set(_clock_changes(self.zone, begin, end))
        day, last = begin.astimezone(zone).date() - _DAY, end.astimezone(zone).date() + _DAY
        while day <= last:
            for each in self.openings:
                if each.weekday == day.weekday():
                    edges |= _instants(zone, day, each.from_min) | _instants(zone, day, each.to_min)
            day += _DAY
        return {edge for edge in edges if begin <= edge <= end}


@lru_cache(maxsize=1_024)
def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises ValueError for what is none."""
    try:
        return ZoneInfo(name if len(name) <= 64 and name.isascii() else "")
    except (ValueError, ZoneInfoNotFoundError, OSError):
        raise ValueError("not a time zone of the IANA database") from None


def _instants(zone: ZoneInfo, day: date, minute: int) -> set[datetime]:
    """The instants at which the clock shows this minute of this day: two in a fold (or near a gap)."""
    # Arithmetic on an aware moment of one zone is arithmetic on its wall.
    wall = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)
    return {wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}


def _clock_changes(zone_name: str, begin: datetime, end: datetime) -> list[datetime]:
    """The instants in (begin, end] from which on the zone has another offset."""
    zone, changes, step = zone_of(zone_name), [], begin
    while step < end:
        after = min(step + _HOUR, end)
        if _offset(zone, step) != _offset(zone, after):
            low, high = step, after
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if _offset(zone, middle) == _offset(zone, step) else (low, middle)
            changes.append(high.replace(microsecond=0))
        step = after
    return changes


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()
