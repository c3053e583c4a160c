"""Where webhooks may go, how they are signed, and that what is written down about them is true."""

from __future__ import annotations

import re
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from server.api.table import ROUTES
from server.event_types import EVERY_TYPE
from server.scopes import SCOPES
from server.webhook_sender import NOT_PUBLIC, Sender, is_public, url_problem
from server.webhook_signature import headers, new_secret, signature
from signaling.clock import SystemClock

TEXT = (Path(__file__).parents[2] / "docs/webhooks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254",  # noqa: S104
        "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
        "2001:0:7f00:1::", "127.1", "2130706433", "0x7f.1", "localhost", "",
    ],
)  # fmt: skip
def test_all_others_are_not_however_they_are_wrapped(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "https://", "https:///path", "not an address", "",
        "https://user:pass@example.org/", "https://example.org/#part", "https://localhost/",
        "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://[::1]/", "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data", "https://[::ffff:127.0.0.1]/", "https://[fe80::1]/",
        "https://printer.local/", "https://db.internal/", "https://a.localhost/", "https://LOCALHOST/",
        "https://exa mple.org/", "https://example.org/\n", "https://example.org:0/",
        "https://example.org/" + "x" * 500,
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_used_says_why(url: str) -> None:
    assert url_problem(url, any_target=False)


@pytest.mark.parametrize("url", ["https://example.org", "https://hooks.example.org:8443/a/b?c=d"])
def test_an_address_of_the_internet_is_taken(url: str) -> None:
    assert url_problem(url, any_target=False) == ""


@pytest.mark.parametrize("url", ["ftp://localhost/", "localhost:80", "http://a@b/", "http:///x"])
def test_even_for_development_it_has_to_be_http(url: str) -> None:
    assert url_problem(url, any_target=True)
    assert url_problem("http://localhost:8000/hook", any_target=True) == ""


def _resolving_to(*addresses: str) -> Any:
    def getaddrinfo(_host: str, port: int, *_rest: Any, **_more: Any) -> list[tuple[Any, ...]]:
        kinds = {True: socket.AF_INET6, False: socket.AF_INET}
        return [
            (
                kinds[":" in each],
                socket.SOCK_STREAM,
                6,
                "",
                (each, port, 0, 0) if ":" in each else (each, port),
            )
            for each in addresses
        ]

    return getaddrinfo


@pytest.mark.parametrize(
    "addresses", [("127.0.0.1",), ("10.1.2.3",), ("::1",), ("93.184.216.34", "127.0.0.1")]
)
async def test_a_name_that_leads_inside_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    """The name was fine when the endpoint was added; by now it points into the house."""
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.setblocking(False)
        monkeypatch.setattr(socket, "getaddrinfo", _resolving_to(*addresses))
        url = f"https://rebound.example:{inside.getsockname()[1]}/"
        answer = await Sender(SystemClock()).post(url, {}, b"{}")
        assert (answer.status, answer.error) == (0, NOT_PUBLIC)
        with pytest.raises(BlockingIOError):
            inside.accept()


async def test_the_last_gate_is_where_the_socket_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the check of names would let through: no socket is made for an address inside."""
    monkeypatch.setattr("server.webhook_sender.url_problem", lambda *_a, **_k: "")
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.setblocking(False)
        port = inside.getsockname()[1]
        answer = await Sender(SystemClock()).post(f"http://127.0.0.1:{port}/", {}, b"{}")
        assert (answer.status, answer.error) == (0, NOT_PUBLIC)
        assert (await Sender(SystemClock()).post(f"http://127.1:{port}/", {}, b"{}")).status == 0
        with pytest.raises(BlockingIOError):
            inside.accept()


def test_a_signature_verifies_with_the_conventions_own_library() -> None:
    old, new, body = new_secret(), new_secret(), b'{"type": "x"}'
    now_s = int(datetime.now(UTC).timestamp())
    sent = headers([new, old], "msg_1", now_s, body)
    for secret in (old, new):
        Webhook(secret).verify(body, sent)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(new_secret()).verify(body, sent)


def test_a_signature_is_the_one_of_the_specification() -> None:
    """The example of the Standard Webhooks specification's own test suite."""
    secret, message, at_s = (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
    )
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(secret, message, at_s, b'{"test": 2432232314}') == expected
    for bad in ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_not base64"):
        with pytest.raises(ValueError, match=r"whsec_|base64|padding|discontinuous|Only|digit"):
            signature(bad, message, at_s, b"")


@pytest.mark.parametrize("name", EVERY_TYPE)
def test_every_event_is_documented_with_its_version_and_fields(name: str) -> None:
    kind = EVERY_TYPE[name]
    (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| `{name}` |")]
    version, who, fields = (row.split("|")[n].strip() for n in (2, 3, 5))
    assert version == str(kind.version)
    assert re.findall(r"`(\w+)`", fields) == list(kind.data.__struct_fields__)
    assert name == "webhook.test" or (who == "expert") is kind.expert


def test_every_scope_is_documented_and_no_other() -> None:
    section = TEXT[TEXT.index("## API keys") :]
    assert set(re.findall(r"^\| `([a-z]+:[a-z]+)` \|", section, re.MULTILINE)) == set(SCOPES)


@pytest.mark.parametrize("scope", SCOPES)
def test_what_a_scope_opens_is_documented(scope: str) -> None:
    (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| `{scope}` |")]
    documented = set(re.findall(r"`((?:GET|POST) /[^`]+)`", row))
    opened = {f"{each.method} {each.path.removeprefix('/api/v1')}" for each in ROUTES if each.scope == scope}
    assert opened, "a scope that opens nothing is a promise"
    roles = {role for each in ROUTES if each.scope == scope for role in each.roles}
    assert SCOPES[scope].roles == roles & {"expert", "operator"}, "whose keys can have it"
    if scope == "webhooks:manage":
        assert all(each.split()[1].startswith(("/webhooks", "/webhook-deliveries")) for each in opened)
    else:
        assert documented == opened
