"""Files for spreadsheets, spans of days, and earnings that add up whatever the entries and the zone are."""

from __future__ import annotations

import csv
import importlib
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.entries import Earning
from server.earnings import Calls, earnings
from server.errors import Problem
from server.export import exported_tables
from server.sheets import amount, minutes, sheet
from server.spans import span
from signaling.clock import iso
from storage.schema import metadata

NOON = datetime(2026, 5, 31, 12, tzinfo=UTC)
# Half hours, midnights that do not exist or come twice, a day that was left out (Apia, 2011-12-30).
ZONES = (
    "UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Africa/Cairo", "America/Havana",
    "America/Sao_Paulo", "Pacific/Apia", "Asia/Beirut", "Australia/Lord_Howe", "Atlantic/Azores",
)  # fmt: skip
MOMENTS = st.integers(0, 16 * 365 * 24 * 3600).map(
    lambda second: datetime(2011, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
)
YEAR = st.integers(0, 600 * 24 * 3600).map(
    lambda second: datetime(2011, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
)


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


# -- files -------------------------------------------------------------------------------------------------


def test_a_file_is_what_the_standard_says() -> None:
    text = sheet(("name", "amount"), [('Ada "the" Great, PhD', Decimal("-1.20")), ("two\nlines", 3)])
    assert text == '\ufeffname,amount\r\n"Ada ""the"" Great, PhD",-1.20\r\n"two\nlines",3\r\n'


@pytest.mark.parametrize(
    "risky",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "\uff1d1", "\uff0b1",
        "\uff0d1", "\uff20A1", "\ufeff=1",
    ],
)  # fmt: skip
def test_a_text_never_becomes_a_formula(risky: str) -> None:
    (row,) = read(sheet(("a",), [(risky,)]))[1:]
    assert row == ["'" + risky]


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_every_text_comes_back_and_none_is_a_formula(rows: list[tuple[str, str]]) -> None:
    rows = [(left.replace("\0", ""), right.replace("\0", "")) for left, right in rows]
    back = read(sheet(("left", "right"), rows))[1:]
    for row, came in zip(rows, back, strict=True):
        for cell, found in zip(row, came, strict=True):
            assert found in {cell, f"'{cell}"}
            assert not found.lstrip().startswith(("=", "+", "-", "@"))


def test_money_has_the_decimals_of_its_currency() -> None:
    shown = [f"{amount(-1234, each):f}" for each in ("USD", "JPY", "KWD")]
    assert shown == ["-12.34", "-1234", "-1.234"]
    assert f"{amount(2**53 - 1, 'USD'):f}" == "90071992547409.91", "no float on the way"
    assert f"{minutes(83_250):f}" == "1.387500"


# -- spans -------------------------------------------------------------------------------------------------


@given(MOMENTS, st.sampled_from(ZONES))
def test_a_moment_is_in_the_span_of_its_own_day_and_in_no_other(at: datetime, zone: str) -> None:
    wanted = span({"zone": zone}, NOON, 31)
    day = wanted.day(iso(at))
    own = span({"start": f"{day}", "end": f"{day}", "zone": zone}, NOON, 31)
    assert own.start <= iso(at) < own.end
    for other in (day - timedelta(days=1), day + timedelta(days=1)):
        beside = span({"start": f"{other}", "end": f"{other}", "zone": zone}, NOON, 31)
        assert not beside.start <= iso(at) < beside.end


def test_without_dates_it_is_the_last_days_of_the_zone() -> None:
    late = datetime(2026, 5, 31, 23, 30, tzinfo=UTC)
    found = span({"zone": "Europe/Berlin"}, late, 30)
    assert (found.first, found.last) == (date(2026, 5, 3), date(2026, 6, 1))
    assert len(found.days()) == 30
    with pytest.raises(Problem):
        span({"start": "2026-06-02", "zone": "Europe/Berlin"}, late, 30)


# -- earnings ----------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(
            YEAR,
            st.integers(-(10**6), 10**9),
            st.sampled_from(["", *"abcdef"]),
            st.sampled_from(["settle", "tip", "back"]),
        ),
        max_size=30,
    ),
    st.sampled_from(ZONES),
)
def test_days_and_offers_each_add_up_to_the_entries(
    made: list[tuple[datetime, int, str, str]], zone: str
) -> None:
    days = span({"start": "2011-06-01", "end": "2012-06-01", "zone": zone}, NOON, 31)
    entries = [
        Earning(iso(at), kind, minor, call)
        for at, minor, call, kind in made
        if days.start <= iso(at) < days.end
    ]
    known = Calls(dict.fromkeys("abcde", 1000), {"a": "Proofs", "b": "Proofs", "c": "Quick"})
    view = earnings(entries, days, NOON, "USD", known)
    total = sum(each.amount_minor for each in entries)
    assert view.total_minor == total
    assert sum(each.earned_minor for each in view.days) == total
    assert sum(each.earned_minor for each in view.offers) == total
    assert view.calls == len({each.call_id for each in entries if each.kind == "settle"})
    assert sum(each.calls for each in view.offers) == view.calls, "a call has one offer"
    assert [each.day for each in view.days] == [f"{day}" for day in days.days()]


# -- exports -----------------------------------------------------------------------------------------------

NOBODYS = {
    "accounts": "sums of transfers",
    "account_entries": "an index of transfers",
    "deleted_people": "whoever is in it can ask for nothing",
    "heartbeats": "of calls that run",
    "nodes": "servers",
    "outbox": "news under way of what stands in other tables",
    "photos": "public, at the address that the profile has",
    "processor_events": "numbers of the processor's news",
    "sign_in_codes": "hashes for ten minutes",
    "site_origins": "public, in the site's policy",
    "site_sign_ins": "numbers of tokens that were used",
    "webhook_attempts": "how deliveries went",
    "webhook_deliveries": "copies of what stands in other tables",
}


def test_every_table_is_in_the_export_or_is_nobodys() -> None:
    for path in Path(__file__).parents[2].glob("*/*tables.py"):
        importlib.import_module(f"{path.parts[-2]}.{path.stem}")
    forgotten = set(metadata.tables) - exported_tables() - set(NOBODYS)
    assert forgotten == set(), "say in server/export.py whose rows these are, or here why nobody's"
    assert not exported_tables() & set(NOBODYS)
