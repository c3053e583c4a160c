"""The chain of meter events, canonical JSON, and what the events say was used."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rig.metered import ADA

from metering.chain import canonical_json, genesis, link
from metering.facts import Began, CallTerms, Interval, Stopped
from metering.usage import intervals, used_ms

TERMS = CallTerms("call-1", "wallet-1", "host-1", "Bob", "Ada", ADA, "2026-01-01T10:00:00.000Z")
BEGAN = Began(5_000, "2026-01-01T10:00:05.000Z", 0, "media_up")


class TestCanonicalJson:
    def test_members_are_sorted_and_nothing_is_spaced(self):
        assert canonical_json({"b": [1, None, True], "a": {"y": "", "x": -1}}) == (
            b'{"a":{"x":-1,"y":""},"b":[1,null,true]}'
        )

    def test_the_string_example_of_rfc_8785(self):
        """Section 3.2.2.2: only what must be escaped is, in lower case, the rest is UTF-8."""
        text = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/"
        assert canonical_json(text) == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()

    @pytest.mark.parametrize("value", [1.5, float("nan"), 2**53, -(2**53), {"ä": 1}, {1: 1}, {1, 2}, b"x"])
    def test_what_has_no_single_spelling_is_refused(self, value):
        with pytest.raises(ValueError, match=r"canonical|ASCII"):
            canonical_json({"value": value})

    @settings(max_examples=40)
    @given(st.recursive(
        st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abcXYZ_09"), inner),
    ))  # fmt: skip
    def test_it_reads_back_as_the_same(self, value):
        assert json.loads(canonical_json(value)) == value


class TestChain:
    def test_a_link_is_the_digest_of_the_one_before_and_the_event(self):
        head = genesis(TERMS)
        told = canonical_json(
            {"event": "began", "at_ms": 5_000, "at": BEGAN.at, "used_ms": 0, "reason": "media_up"}
        )
        assert link(head, BEGAN) == sha256(bytes.fromhex(head) + told).hexdigest()

    @given(st.text(), st.integers(0, 2**53 - 1))
    def test_its_spelling_is_canonical_for_any_text(self, text, number):
        told = canonical_json(
            {"event": "stopped", "at_ms": number, "at": text, "used_ms": number, "reason": "funds"}
        )
        event = Stopped(number, text, number, "funds")
        assert link("00" * 32, event) == sha256(bytes(32) + told).hexdigest()

    @pytest.mark.parametrize(
        "change",
        [{"at_ms": 5_001}, {"at": "2026-01-01T10:00:05.001Z"}, {"used_ms": 1}, {"reason": "resumed"}],
        ids=str,
    )
    def test_every_field_of_an_event_counts(self, change):
        assert link(genesis(TERMS), BEGAN) != link(genesis(TERMS), replace(BEGAN, **change))

    def test_beginning_and_ending_differ(self):
        ended = Stopped(BEGAN.at_ms, BEGAN.at, BEGAN.used_ms, "funds")
        began = replace(BEGAN, reason="funds")  # type: ignore[arg-type]
        assert link(genesis(TERMS), ended) != link(genesis(TERMS), began)

    @pytest.mark.parametrize(
        "change",
        [
            {"call_id": "call-2"}, {"payer_name": "Rob"}, {"host_name": "Eda"}, {"opened_at": "2026"},
            *({"tariff": replace(ADA, **{name: 7})} for name in (
                "price_minor", "per_ms", "increment_ms", "minimum_ms", "free_ms")),
            {"tariff": replace(ADA, currency="EUR")},
        ],
        ids=str,
    )  # fmt: skip
    def test_what_was_agreed_counts(self, change):
        assert genesis(TERMS) != genesis(replace(TERMS, **change))

    @pytest.mark.parametrize(
        "change",
        [{"wallet_id": "x"}, {"host_id": "x"}, {"tariff": replace(ADA, host_share_bp=1)}],
        ids=["wallet", "host", "share"],
    )
    def test_what_only_one_side_knows_does_not(self, change):
        assert genesis(TERMS) == genesis(replace(TERMS, **change))


def began(at: int, used: int = 0) -> Began:
    return Began(at, "", used, "media_up")


def stopped(at: int, used: int = 0) -> Stopped:
    return Stopped(at, "", used, "host_lost")


def spans(*events: Began | Stopped) -> list[tuple[int, int | None]]:
    return [(interval.start_ms, interval.end_ms) for interval in intervals(events)]


class TestUsage:
    def test_nothing_happened(self):
        assert intervals([]) == ()
        assert used_ms(()) == 0

    def test_an_interval_tells_when_and_why(self):
        first, last = Began(100, "a", 0, "resumed"), Stopped(150, "b", 50, "funds")
        assert intervals([first, last]) == (Interval(100, "resumed", "a", 150, "funds", "b"),)

    def test_the_running_one_has_no_end_and_counts_nothing_yet(self):
        found = intervals([began(0), stopped(10), began(20)])
        assert found[-1].end_ms is None
        assert used_ms(found) == 10

    def test_a_second_stop_shortens(self):
        assert spans(began(100), stopped(200), stopped(150)) == [(100, 150)]

    def test_it_reaches_back_over_whole_intervals(self):
        events = began(100), stopped(200), began(210), stopped(250), began(260), stopped(150)
        assert spans(*events) == [(100, 150)]

    def test_it_never_lengthens(self):
        assert spans(began(100), stopped(150), stopped(200)) == [(100, 150)]

    def test_an_interval_of_no_length_is_not_shown(self):
        assert spans(began(100), stopped(100)) == []
        assert spans(began(100), stopped(90)) == []

    def test_the_reason_of_the_correction_stands(self):
        first, second = intervals(
            [
                began(0),
                stopped(10),
                began(20),
                Stopped(40, "", 30, "payer_paused"),
                Stopped(30, "", 20, "funds"),
            ]
        )
        assert (first.end_reason, second.end_reason) == ("host_lost", "funds")
