"""Origins, what a website says of its users, and how its secret is kept."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from booking.sites import MAX_ORIGINS, SiteUser, origin_of, origins_of
from server import vouching
from server.errors import Problem
from server.vault import Vault

SECRET = "ttsk_" + "s" * 43
NOW = 1_800_000_000
AUDIENCE = "https://talk.example"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://www.example.org", "https://www.example.org"),
        ("  https://WWW.Example.org/ ", "https://www.example.org"),
        ("https://example.org:443", "https://example.org"),
        ("https://example.org:8443", "https://example.org:8443"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_an_origin_is_written_as_browsers_do(text: str, origin: str) -> None:
    assert origin_of(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "", "*", "https://*", "https://*.example.org", "example.org", "http://example.org", "ftp://example.org",
        "https://example.org/shop", "https://example.org?x", "https://example.org#x", "https://me@example.org",
        "https://example.org; script-src *", "https://example.org https://evil.example", "https://a,b",
        "https://example.org'", "https://exa\nmple.org;x", "https://[::1", "https://x:99999",
        "javascript:alert(1)", "data:text/html,x", "null", "https://",
        "https://-a.example", "https://" + "a" * 64 + ".example",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        origin_of(text)


def test_a_list_of_origins_has_each_once_and_a_bound() -> None:
    assert origins_of(["https://b.example", "https://a.example", "https://B.example/"]) == (
        "https://b.example",
        "https://a.example",
    )
    with pytest.raises(ValueError, match="at most"):
        origins_of(f"https://{number}.example" for number in range(MAX_ORIGINS + 1))


@pytest.mark.parametrize(
    "wrong",
    [{"external_id": ""}, {"external_id": "a b"}, {"external_id": "x" * 129}, {"name": ""}, {"name": "a\x00"},
     {"mail": "nobody"}, {"mail": "a@b@" + "c" * 260}],
)  # fmt: skip
def test_a_user_that_cannot_be_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        SiteUser(**({"site_id": "s", "external_id": "7", "name": "Sam"} | wrong))


# -- what a website says -------------------------------------------------------------------------------------


def said(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    claims = {
        "iss": "site", "aud": AUDIENCE, "sub": "user-7", "name": "Sam", "mail": "sam@example.org",
        "iat": NOW, "exp": NOW + 300, "jti": "once-only-1",
    } | changes  # fmt: skip
    return jwt.encode({key: value for key, value in claims.items() if value is not None}, secret, algorithm)


def heard(token: str, now_s: int = NOW) -> vouching.SiteClaims:
    return vouching.read(token, SECRET, "site", AUDIENCE, now_s)


def refused(token: str, now_s: int = NOW) -> str:
    with pytest.raises(Problem) as refusal:
        heard(token, now_s)
    return refusal.value.code


def test_a_good_token_says_who_it_is() -> None:
    assert heard(said()).user() == SiteUser("site", "user-7", "Sam", "sam@example.org")
    assert heard(said(mail=None)).user().mail == ""
    assert heard(said(exp=NOW + vouching.MAX_LIFE_S)).exp == NOW + 600


def test_a_signature_that_is_not_the_sites_is_forged() -> None:
    token = said()
    head, _, mac = token.split(".")
    other = said(sub="user-8").split(".")[1]
    assert refused(said(secret="ttsk_" + "x" * 43)) == "jwt.forged"
    assert refused(f"{head}.{other}.{mac}") == "jwt.forged"
    assert refused(token[:-2]) in {"jwt.forged", "jwt.malformed"}


def test_no_other_algorithm_is_taken_whatever_the_header_asks_for() -> None:
    assert refused(said(secret="", algorithm="none")) == "jwt.forged"
    assert refused(said(secret=SECRET * 2, algorithm="HS512")) == "jwt.forged"
    assert refused(said(algorithm="HS384")) == "jwt.forged"


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "name", "iat", "exp", "jti"])
def test_a_claim_that_is_missing_is_refused(claim: str) -> None:
    assert refused(said(**{claim: None})) == "jwt.claims"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example"}, {"aud": [AUDIENCE]}, {"iss": "another"}, {"sub": "a b"},
        {"sub": "x" * 200}, {"name": " "}, {"name": "x" * 61}, {"mail": "nobody"},
        {"jti": "short"}, {"jti": "x" * 129},
        {"exp": NOW + vouching.MAX_LIFE_S + 1}, {"iat": NOW + 120, "exp": NOW + 200}, {"exp": "soon"},
        {"iat": -1}, {"exp": NOW + 1.5},
    ],
)  # fmt: skip
def test_claims_that_do_not_fit_are_refused(changes: dict[str, Any]) -> None:
    def use() -> None:
        heard(said(**changes)).user()

    with pytest.raises(Problem) as refusal:
        use()
    assert refusal.value.code in {"jwt.claims", "jwt.malformed"}


def test_it_expires_by_our_own_clock() -> None:
    assert heard(said(), NOW + 299).sub == "user-7"
    assert refused(said(), NOW + 300) == "jwt.expired"
    assert heard(said(iat=NOW + 59, exp=NOW + 300)).sub == "user-7", "clocks differ a little"


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "....", "é.é.é", "x" * 5_000])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refused(token) in {"jwt.malformed", "jwt.forged"}


# -- the vault -----------------------------------------------------------------------------------------------


def test_a_secret_is_sealed_for_its_place_and_by_its_key() -> None:
    vault = Vault(b"k" * 32)
    sealed = vault.seal("site:a", SECRET)
    assert SECRET not in sealed
    assert vault.seal("site:a", SECRET) != sealed, "a nonce is used once"
    assert vault.open("site:a", sealed) == SECRET
    assert vault.open("site:b", sealed) is None
    assert Vault(b"x" * 32).open("site:a", sealed) is None
