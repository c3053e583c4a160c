"""The small parts of signing in: origins, cookies, addresses, devices, limits, and operators by command."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from booking.address_store import masked
from server.__main__ import main
from server.browser_logins import device_of, token_hash
from server.codes import clean_address, code_mail
from server.cookies import check_own_page, cookie_name, set_cookie
from server.errors import Problem
from server.http import client_address, network_of
from server.limits import Limit
from signaling.clock import HandClock

OURS = {"X-Talktime-Csrf": "1", "Host": "talk.example:8080"}


# -- cookies and origins -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("public_url", "strict", "headers", "allowed"),
    [
        ("http://localhost:8080", False, {}, True),
        ("http://localhost:8080", False, {"Origin": "http://talk.example:8080"}, True),
        ("http://localhost:8080", False, {"Origin": "http://localhost:8080"}, True),
        ("http://localhost:8080", False, {"Origin": "http://talk.example:8081"}, False),
        ("http://localhost:8080", False, {"Origin": "https://talk.example:8080"}, False),
        ("https://talk.example", True, {"Origin": "https://talk.example"}, True),
        ("https://talk.example", True, {"Origin": "https://TALK.example:443"}, True),
        ("https://talk.example", True, {"Origin": "http://talk.example"}, False),
        ("https://talk.example", True, {"Origin": "https://talk.example.evil"}, False),
        ("https://talk.example", True, {"Origin": "https://evil.talk.example"}, False),
        ("https://talk.example", True, {"Origin": "null"}, False),
        ("https://talk.example", True, {"Origin": ""}, False),
        ("https://talk.example", True, {"Origin": "https://talk.example:99999"}, False),
        ("https://talk.example", True, {"Sec-Fetch-Site": "none"}, True),
        ("https://talk.example", True, {"Sec-Fetch-Site": "cross-site"}, False),
    ],
)
def test_only_our_own_pages_may_write(
    public_url: str, strict: bool, headers: dict[str, str], allowed: bool
) -> None:
    request = make_mocked_request("POST", "/", headers=OURS | headers)
    if allowed:
        check_own_page(request, public_url, strict=strict)
    else:
        with pytest.raises(Problem, match=r"auth\.cross_site"):
            check_own_page(request, public_url, strict=strict)


def test_the_header_is_needed_whatever_the_origin() -> None:
    request = make_mocked_request("POST", "/", headers={"Origin": "https://talk.example"})
    with pytest.raises(Problem, match=r"auth\.cross_site"):
        check_own_page(request, "https://talk.example", strict=True)


def test_a_cookie_is_taken_away_as_it_was_set() -> None:
    response = web.Response()
    set_cookie(response, "", 30, "https://talk.example")
    morsel = response.cookies[cookie_name("https://talk.example")]
    assert (morsel["max-age"], morsel["path"], morsel["secure"]) == ("0", "/", True)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "192.0.2.1", "127.0.0.1"),
        (1, "192.0.2.1", "192.0.2.1"),
        (1, "192.0.2.9, 192.0.2.1", "192.0.2.1"),
        (2, "192.0.2.9, 192.0.2.1, 10.0.0.1", "192.0.2.1"),
        (2, "192.0.2.1", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "192.0.2.1, ", "127.0.0.1"),
    ],
)
def test_who_is_at_the_other_end(proxies: int, forwarded: str, address: str) -> None:
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": forwarded})
    request = request.clone(remote="127.0.0.1")
    assert client_address(request, proxies) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_who_has_many_addresses_is_limited_as_one(address: str, network: str) -> None:
    assert network_of(address) == network


# -- words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537 Chrome/150.0 Safari/537", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/150 Safari/537 Edg/150", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18) Version/18 Safari/604", "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15) Firefox/150", "Firefox on Mac"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/150 Mobile Safari/537", "Chrome on Android"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_a_browser_has_a_name_its_owner_knows(agent: str, device: str) -> None:
    assert device_of(agent) == device


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" Lou@Example.ORG\n", "lou@example.org"),
        ("a.b+c_d@x-y.example", "a.b+c_d@x-y.example"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_an_address_has_one_form(typed: str, address: str) -> None:
    assert clean_address(typed) == address


def test_an_address_is_masked_in_logs() -> None:
    assert masked("lou@example.org") == "l…@example.org"


def test_the_mail_says_the_code_where_a_phone_shows_it() -> None:
    mail = code_mail("lou@example.org", "012345")
    assert mail.subject.startswith("012 345 ")
    assert "012 345" in mail.text


def test_a_cookie_is_known_by_a_hash() -> None:
    assert token_hash("a") != token_hash("b")
    assert len(token_hash("a")) == 64


def test_a_limit_refills_evenly() -> None:
    clock = HandClock()
    limit = Limit(clock, most=5, per_ms=3_600_000)
    assert [limit.take("k") for _ in range(6)] == [None] * 5 + [720]
    clock.crank(719_000)
    assert limit.take("k") == 1
    clock.crank(1_000)
    assert limit.take("k") is None
    assert limit.take("k") == 720


# -- operators on the command line ------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TALKTIME_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("TALKTIME_PUBLIC_URL", "https://talk.example")
    return tmp_path


def test_an_operator_is_made_once_and_taken_away(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for said in ("may sign in now", "was an operator already"):
        assert main(["operator", "add", "Ola@Example.org", "--name", "Ola"]) == 0
        out = capsys.readouterr().out
        assert said in out
        assert "https://talk.example/sign-in" in out
    assert main(["operator", "list"]) == 0
    assert capsys.readouterr().out.startswith("Ola\tola@example.org\toperator-")

    assert main(["operator", "remove", "ola@example.org"]) == 0
    assert main(["operator", "remove", "ola@example.org"]) == 2
    assert "there is no operator" in capsys.readouterr().err
    with closing(sqlite3.connect(data / "talktime.db")) as database:
        noted = database.execute("SELECT actor, action FROM audit_log ORDER BY seq").fetchall()
        left = database.execute("SELECT count(*) FROM people").fetchone()
    assert noted == [("cli", "person.added"), ("cli", "address.added"), ("cli", "person.removed")]
    assert left == (0,)


def test_what_an_operator_who_goes_leaves_behind(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["operator", "add", "ola@example.org"]) == 0
    with closing(sqlite3.connect(data / "talktime.db")) as database:
        (person_id,) = database.execute("SELECT id FROM people").fetchone()
        database.execute(
            "INSERT INTO webhook_endpoints (id, owner, made_by, made_at, url, about, events, secrets)"
            " VALUES ('we_1', '*', ?, '', 'https://theirs.example/', '', '[]', '[]')",
            (person_id,),
        )
        database.execute(
            "INSERT INTO api_keys (id, person_id, role, name, prefix, hash, scopes, made_ms)"
            " VALUES ('key_1', ?, 'operator', 'Mine', 'ttk_', 'x', '[]', 0)",
            (person_id,),
        )
        database.commit()
    capsys.readouterr()
    assert main(["operator", "remove", "ola@example.org"]) == 0
    assert "1 webhook endpoints that they made are still told" in capsys.readouterr().out
    with closing(sqlite3.connect(data / "talktime.db")) as database:
        assert database.execute("SELECT count(*) FROM api_keys").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM webhook_endpoints").fetchone() == (1,)


@pytest.mark.parametrize("arguments", [["add", "nobody"], ["add", "a@b.org", "--name", " "], ["remove", "x"]])
def test_an_operator_that_makes_no_sense_is_refused(data: Path, arguments: list[str]) -> None:
    assert main(["operator", *arguments]) == 2


def test_the_audit_log_does_not_change(data: Path) -> None:
    assert main(["operator", "add", "ola@example.org"]) == 0
    with closing(sqlite3.connect(data / "talktime.db")) as database:
        for statement in ("UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log"):
            with pytest.raises(sqlite3.IntegrityError, match="immutable"):
                database.execute(statement)
