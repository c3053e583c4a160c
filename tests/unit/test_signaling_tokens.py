"""Tokens admit one connection, once, in one role, for a minute."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.clock import HandClock
from signaling.errors import Refused
from signaling.tokens import JoinClaims, JoinTokens, PresenceClaims, TokenSigner

KEY = b"0" * 32


class Login(msgspec.Struct, frozen=True):
    person: str


def tokens(clock: HandClock | None = None, key: bytes = KEY) -> JoinTokens:
    return JoinTokens(TokenSigner(key), clock or HandClock(), other_purposes=("login",))


def code(claims: object) -> str:
    assert isinstance(claims, Refused), claims
    return claims.code


def test_token_admits_what_it_names() -> None:
    desk = tokens()
    token, expires_at = desk.for_call("call", "ann", "Ann", "payer")
    claims = desk.admit(token)
    assert isinstance(claims, JoinClaims)
    assert (claims.call, claims.person, claims.name, claims.role) == ("call", "ann", "Ann", "payer")
    assert expires_at == "2026-01-01T00:01:00.000Z"
    page = desk.admit(desk.for_presence("ada")[0])
    assert isinstance(page, PresenceClaims)
    assert page.host == "ada"


def test_token_is_good_once() -> None:
    desk = tokens()
    token, _ = desk.for_call("call", "ann", "Ann", "payer")
    assert isinstance(desk.admit(token), JoinClaims)
    assert code(desk.admit(token)) == "token.reused"


def test_token_expires_after_a_minute() -> None:
    clock = HandClock()
    desk = tokens(clock)
    token, _ = desk.for_call("call", "ann", "Ann", "payer")
    clock.crank(60_000)
    assert code(desk.admit(token)) == "token.expired"


def test_token_of_another_process_has_expired() -> None:
    clock = HandClock()
    token, _ = tokens(clock).for_call("call", "ann", "Ann", "payer")
    assert code(tokens(clock).admit(token)) == "token.expired"


def test_token_of_another_key_is_forged() -> None:
    clock = HandClock()
    token, _ = tokens(clock, b"1" * 32).for_call("call", "ann", "Ann", "payer")
    assert code(tokens(clock).admit(token)) == "token.forged"


def test_token_for_something_else_is_told_so() -> None:
    login = TokenSigner(KEY).seal("login", Login("ann"))
    assert code(tokens().admit(login)) == "token.wrong_role"
    assert code(tokens().admit(TokenSigner(KEY).seal("other", Login("ann")))) == "token.forged"


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", ".", "é.é", "a" * 5_000, None, 7, ["a"], {"token": "x"}, "!!!.???"]
)
def test_nonsense_is_malformed(token: object) -> None:
    assert code(tokens().admit(token)) in {"token.malformed", "token.forged"}


def test_claims_of_another_shape_are_malformed_though_signed() -> None:
    assert code(tokens().admit(TokenSigner(KEY).seal("connect", Login("ann")))) == "token.malformed"


@given(st.data())
def test_no_changed_token_is_admitted(data: st.DataObject) -> None:
    desk = tokens()
    token, _ = desk.for_call("call", "ann", "Ann", "guest")
    body, mac = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split("."))
    whole = bytearray(body + mac)
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    parts = (bytes(whole[: len(body)]), bytes(whole[len(body) :]))
    changed = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    assert code(desk.admit(changed)) == "token.forged"


@given(st.text(max_size=200))
def test_any_text_is_refused_without_a_crash(text: str) -> None:
    assert code(tokens().admit(text)).startswith("token.")


def test_used_ids_are_forgotten_when_their_tokens_have_expired() -> None:
    clock = HandClock()
    desk = tokens(clock)
    for _ in range(500):
        desk.admit(desk.for_presence("ada")[0])
        clock.crank(1_000)
    assert desk.remembered <= 61


def test_no_used_id_is_forgotten_while_its_token_could_be_used_again() -> None:
    clock = HandClock()
    desk = tokens(clock)
    early, _ = desk.for_presence("ada")
    clock.crank(30_000)
    late, _ = desk.for_presence("ada")
    desk.admit(late)
    desk.admit(early)
    clock.crank(30_000)
    desk.admit(desk.for_presence("ben")[0])
    assert code(desk.admit(late)) == "token.reused"
    assert code(desk.admit(early)) == "token.expired"


def test_short_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        TokenSigner(b"short")
