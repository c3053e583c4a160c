"""What a host earned, by day and by offer: sums of the ledger's entries, none left out and none twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from metering.entries import Earning
from server.area_resources import DayEarnings, Earnings, OfferEarnings
from server.spans import Span
from signaling.clock import iso


@dataclass(frozen=True, slots=True)
class Calls:
    """What is known of the calls in the entries: their metered time, the titles of their offers."""

    used_ms: Mapping[str, int]
    titles: Mapping[str, str]


@dataclass(slots=True)
class _Sum:
    """What some entries come to. A call counts where it was settled, not where tips or refunds came in."""

    minor: int = 0
    calls: set[str] = field(default_factory=set)

    def add(self, entry: Earning) -> None:
        self.minor += entry.amount_minor
        if entry.kind == "settle":
            self.calls.add(entry.call_id)

    def figures(self, calls: Calls) -> tuple[int, int, int]:
        return self.minor, len(self.calls), sum(calls.used_ms.get(each, 0) for each in self.calls)


def earnings(entries: Sequence[Earning], days: Span, now: datetime, currency: str, calls: Calls) -> Earnings:
    """The view. `entries` are those of the span; every day of it is listed, also the empty ones."""
    total = _Sum()
    by_day: dict[date, _Sum] = {day: _Sum() for day in days.days()}
    by_offer: defaultdict[str, _Sum] = defaultdict(_Sum)
    for entry in entries:
        title = calls.titles.get(entry.call_id, "")
        for each in (total, by_day[days.day(entry.at)], by_offer[title]):
            each.add(entry)
    total_minor, count, used_ms = total.figures(calls)
    ordered = sorted(by_offer.items(), key=lambda each: (-each[1].minor, each[0]))
    return Earnings(
        currency=currency,
        zone=days.zone.key,
        start=days.first.isoformat(),
        end=days.last.isoformat(),
        total_minor=total_minor,
        calls=count,
        used_ms=used_ms,
        days=[DayEarnings(day.isoformat(), *each.figures(calls)) for day, each in by_day.items()],
        offers=[OfferEarnings(title, *each.figures(calls)) for title, each in ordered],
        today=days.day(iso(now)).isoformat(),
    )
