"""The receipt: what it says, and that nobody can change a word of it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rig.metered import ADA

from metering.chain import canonical_json, genesis, link
from metering.facts import Began, CallAccount, CallTerms, Stopped
from metering.receipt import build_receipt, public_key, verify_receipt
from metering.tariff import Tariff

SEED = bytes(range(32))
TERMS = CallTerms(
    "call-1", "wallet-bob", "host-ada", "Bob", "Ada Łovelace", replace(ADA, host_share_bp=8_000),
    "2026-01-01T10:00:00.000Z",
)  # fmt: skip
EVENTS = (
    Began(5_000, "2026-01-01T10:00:05.000Z", 0, "media_up"),
    Stopped(65_000, "2026-01-01T10:01:05.000Z", 60_000, "payer_paused"),
    Stopped(64_500, "2026-01-01T10:01:04.500Z", 59_500, "host_lost"),
    Began(70_000, "2026-01-01T10:01:10.000Z", 59_500, "reconnected"),
    Stopped(100_500, "2026-01-01T10:01:40.500Z", 90_000, "payer_left"),
)


def account(**changes: object) -> CallAccount:
    head = genesis(TERMS)
    for event in EVENTS:
        head = link(head, event)
    settled = CallAccount(
        terms=TERMS, state="settled", events=EVENTS, chain_head=head, held_minor=0, used_ms=90_000,
        charge_minor=360, host_share_minor=288, reason="payer_left", ended_at="2026-01-01T10:01:40.600Z",
        balance_before_minor=1_000, balance_after_minor=1_090, topped_up_minor=500,
    )  # fmt: skip
    return replace(settled, **changes)  # type: ignore[arg-type]


def as_json(copy: str = "payer", **changes: object) -> bytes:
    return msgspec.json.encode(build_receipt(account(**changes), copy, SEED))  # type: ignore[arg-type]


def signed(members: dict[str, object], seed: bytes = SEED) -> bytes:
    """A receipt that was changed and signed anew by somebody with the key."""
    body = {name: value for name, value in members.items() if name != "signature"}
    raw = Ed25519PrivateKey.from_private_bytes(seed).sign(canonical_json(body))
    return json.dumps(body | {"signature": base64.urlsafe_b64encode(raw).rstrip(b"=").decode()}).encode()


class TestWhatItSays:
    def test_each_interval_with_why_it_began_and_ended(self):
        first, second = build_receipt(account(), "payer", SEED).intervals
        assert (first.duration_ms, first.begin_reason, first.end_reason) == (59_500, "media_up", "host_lost")
        assert (first.started_at, first.ended_at) == ("2026-01-01T10:00:05.000Z", "2026-01-01T10:01:04.500Z")
        assert (second.duration_ms, second.begin_reason) == (30_500, "reconnected")

    def test_time_and_charge(self):
        receipt = build_receipt(account(), "payer", SEED)
        assert (receipt.used_ms, receipt.billed_ms, receipt.charge_minor, receipt.waived_minor) == (
            90_000, 90_000, 360, 0,
        )  # fmt: skip

    def test_the_payers_copy_has_the_balances_and_no_earnings(self):
        receipt = build_receipt(account(), "payer", SEED)
        assert receipt.balance_before_minor == 1_000
        assert receipt.topped_up_minor == 500
        assert receipt.other_calls_minor == 50
        assert receipt.balance_after_minor == 1_090
        assert (receipt.earned_minor, receipt.tariff.host_share_bp) == (None, None)

    def test_the_hosts_copy_has_the_earnings_and_no_balances(self):
        receipt = build_receipt(account(), "host", SEED)
        assert (receipt.earned_minor, receipt.tariff.host_share_bp) == (288, 8_000)
        assert receipt.balance_before_minor is receipt.balance_after_minor is receipt.topped_up_minor is None

    def test_both_copies_lead_to_the_same_head(self):
        payers, hosts = (build_receipt(account(), copy, SEED) for copy in ("payer", "host"))
        assert payers.chain_head == hosts.chain_head == account().chain_head

    def test_what_the_hold_did_not_cover_is_waived(self):
        receipt = build_receipt(account(charge_minor=350, balance_after_minor=1_100), "payer", SEED)
        assert (receipt.charge_minor, receipt.waived_minor) == (350, 10)
        assert verify_receipt(msgspec.json.encode(receipt)) == []

    def test_a_call_that_cost_nothing_has_one_too(self):
        nothing = account(
            events=(), chain_head=genesis(TERMS), used_ms=0, charge_minor=0, host_share_minor=0,
            balance_after_minor=1_500,
        )  # fmt: skip
        for copy in ("payer", "host"):
            assert verify_receipt(msgspec.json.encode(build_receipt(nothing, copy, SEED))) == []

    def test_an_open_call_has_none(self):
        with pytest.raises(ValueError, match="not settled"):
            build_receipt(account(state="open"), "payer", SEED)


def paths(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Where every scalar of a receipt is."""
    if isinstance(value, dict):
        return [found for key, each in value.items() for found in paths(each, (*path, key))]
    if isinstance(value, list):
        return [found for at, each in enumerate(value) for found in paths(each, (*path, at))]
    return [path]


def changed(members: dict[str, object], path: tuple[object, ...]) -> dict[str, object]:
    """A copy in which the scalar at `path` is another of its kind."""
    copy = json.loads(json.dumps(members))
    *way, last = path
    target = copy
    for step in way:
        target = target[step]
    match target[last]:
        case None:
            target[last] = 1
        case int(number):
            target[last] = number + (100 if last == "host_share_bp" else 1)  # one may round to the same cent
        case "payer":
            target[last] = "host"
        case "host":
            target[last] = "payer"
        case "began":
            target[last] = "stopped"
        case "stopped":
            target[last] = "began"
        case "media_up" | "reconnected":
            target[last] = "granted"
        case "payer_paused" | "host_lost" | "payer_left" if way:
            target[last] = "operator"
        case str(text):
            target[last] = ("B" if text[:1] == "A" else "A") + text[1:]
    return copy


class TestTampering:
    @pytest.mark.parametrize("copy", ["payer", "host"])
    def test_an_untouched_receipt_is_genuine(self, copy):
        assert verify_receipt(as_json(copy)) == []
        assert verify_receipt(as_json(copy), trusted_key=public_key(SEED)) == []

    @pytest.mark.parametrize("copy", ["payer", "host"])
    def test_spelling_and_order_do_not_matter(self, copy):
        members = json.loads(as_json(copy))
        shuffled = dict(reversed(members.items()))
        assert verify_receipt(json.dumps(shuffled, indent=4).encode()) == []

    @pytest.mark.parametrize("copy", ["payer", "host"])
    def test_every_changed_field_is_detected(self, copy):
        members = json.loads(as_json(copy))
        found = paths(members)
        assert len(found) > 50
        for path in found:
            assert verify_receipt(json.dumps(changed(members, path)).encode()), path

    @pytest.mark.parametrize("copy", ["payer", "host"])
    def test_even_with_the_key_what_adds_up_must_add_up(self, copy):
        """What a signature alone would not show: the server itself cannot issue a receipt that is wrong."""
        members = json.loads(as_json(copy))
        free = {("ended_at",), ("reason",)}  # told, not computed
        for path in paths(members):
            if path not in free and path[0] != "signature":
                assert verify_receipt(signed(changed(members, path))), path

    @pytest.mark.parametrize("name", ["version", "copy", "events", "charge_minor", "signature", "public_key"])
    def test_a_missing_field_is_detected(self, name):
        members = json.loads(as_json())
        del members[name]
        assert verify_receipt(json.dumps(members).encode())

    def test_an_added_field_is_detected(self):
        members = json.loads(as_json()) | {"discount_minor": 5}
        assert verify_receipt(signed(members))

    def test_a_field_given_twice_is_detected(self):
        twice = as_json().replace(b'{"version":2', b'{"version":2,"charge_minor":1', 1)
        assert "given twice" in verify_receipt(twice)[0]

    def test_a_removed_event_is_detected(self):
        members = json.loads(as_json())
        del members["events"][2]
        assert "the chain of events does not lead to its head" in verify_receipt(signed(members))

    def test_events_in_another_order_are_detected(self):
        members = json.loads(as_json())
        members["events"].reverse()
        assert verify_receipt(signed(members))

    def test_a_receipt_of_ones_own_making_needs_the_trusted_key_to_be_seen(self):
        other = bytes(32)
        forged = msgspec.json.encode(build_receipt(account(), "payer", other))
        assert verify_receipt(forged) == []
        assert verify_receipt(forged, trusted_key=public_key(SEED)) == [
            "it is signed with another key than the trusted one"
        ]

    @pytest.mark.parametrize(
        "junk",
        [
            b"", b"{}", b"[]", b"null", b"\xff", b"{" * 100_000, b"0" * 5_000_000, b'{"version": 1.0}',
            as_json().replace(b'"used_ms":90000', b'"used_ms":90000.0'),
            as_json().replace(b'"used_ms":90000', b'"used_ms":' + b"9" * 400),
            as_json().replace(b'"version":2', b'"version":3'),
            as_json().replace(b'"per_ms":60000', b'"per_ms":0'),
        ],
        ids=range(12),
    )  # fmt: skip
    def test_junk_is_told_apart_without_a_crash(self, junk):
        assert verify_receipt(junk)

    def test_a_second_spelling_of_the_signature_is_refused(self):
        members = json.loads(as_json())
        assert len(members["signature"]) == 86
        last = members["signature"][-1]
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        members["signature"] = members["signature"][:-1] + alphabet[alphabet.index(last) + 1]
        assert verify_receipt(json.dumps(members).encode()) == ["the signature does not match"]


def test_a_tariff_of_started_minutes_shows_more_billed_than_used():
    terms = replace(TERMS, tariff=Tariff("USD", 240, increment_ms=60_000))
    receipt = build_receipt(
        account(terms=terms, charge_minor=480, host_share_minor=480, balance_after_minor=1_020), "host", SEED
    )
    assert (receipt.used_ms, receipt.billed_ms) == (90_000, 120_000)
    assert verify_receipt(msgspec.json.encode(receipt)) == []
