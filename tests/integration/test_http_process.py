"""The command `talktime` as a process: start, stop, kill, refuse, check. What a person at a terminal sees."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rig.caller import Caller
from rig.server import Server, login_of, talktime, wait_until

COOKIE = "0cookie0of0a0login0with0forty0three0signs00"
CALLS_OPEN = "settled a call that a crash left open"


STATEMENTS = (
    "UPDATE accounts SET balance_minor = balance_minor + 1 WHERE id = 'wallet:sam:available'",
    "UPDATE transfers SET amount_minor = amount_minor + 1 WHERE id LIKE 'topup:%'",
    "DELETE FROM transfers WHERE id LIKE 'topup:%'",
    "UPDATE metered_calls SET charge_minor = charge_minor + 1",
    "UPDATE metered_calls SET used_ms = used_ms + 1",
    "UPDATE meter_events SET at_ms = at_ms - 1 WHERE kind = 'began'",
    "UPDATE metered_calls SET chain_head = substr(chain_head, 2) || '0'",
)


def run(
    folder: Path, *arguments: str, stdin: bytes = b"", **settings: object
) -> subprocess.CompletedProcess[str]:
    """One command to its end, in an empty environment but for these settings."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TALKTIME_")}
    environment |= {f"TALKTIME_{name.upper()}": str(value) for name, value in settings.items()}
    done = subprocess.run(
        [talktime(), *arguments],
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def one_line(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The command failed with one line for people, and no stack trace."""
    assert done.returncode == code, done.stderr
    told = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(told) == 1, done.stderr
    assert told[0].startswith("talktime: ")
    return told[0]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path, media="simulated") as server:
        yield server


@pytest.fixture
def voices(tmp_path: Path) -> Iterator[Server]:
    """A server with real media."""
    with Server(tmp_path) as server:
        yield server


async def talk(server: Server, during: Any) -> str:
    """One call with real media: `during()` is awaited while the meter runs. Returns the call's id."""
    client, expert = (Caller(server.url, login_of(server.links[role]), role) for role in ("client", "expert"))
    async with client, expert:
        await expert.be_present()
        call_id = await client.call("ada")
        joining = asyncio.ensure_future(client.join(call_id))
        _, token = await expert.take_call()
        await asyncio.gather(joining, expert.join(call_id, token))
        await client.wait(lambda heard: heard.type == "meter" and heard.body["meter"]["state"] == "running")
        await during(client)
    return call_id


async def receipt_of(server: Server, role: str, call_id: str) -> Any:
    """The receipt as soon as it is there: settling takes a moment."""
    login = login_of(server.links[role])

    def ready() -> Any:
        reply = server.api("GET", f"/calls/{call_id}/receipt", login=login)
        return reply.body if reply.status == 200 else None

    return await asyncio.to_thread(wait_until, ready, "the receipt is there")


async def leave(client: Caller) -> None:
    """Talk a little, then hang up."""
    await asyncio.sleep(0.6)
    await client.say("leave")
    await client.wait_for("ended")


# -- start and stop ----------------------------------------------------------------------------------------


def test_the_demo_prints_three_links_for_people(tmp_path: Path) -> None:
    environment = Server(tmp_path, media="simulated").environment()
    process = subprocess.Popen(
        [talktime(), "demo"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = []
        while not any("Ctrl-C" in line for line in lines):
            line = process.stdout.readline()
            assert line, process.communicate()
            lines.append(line)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    text = "".join(lines)
    assert process.returncode == 0
    assert "Talktime is running on http://localhost:" in text
    for page in ("/expert#t=", "/call/ada#t=", "/operator#t="):
        assert text.count(page) == 1


def test_a_second_start_keeps_the_data_and_the_links(server: Server) -> None:
    link, login = server.links["client"], login_of(server.links["client"])
    assert server.wallet(login)["available_minor"] == 2_000
    server.top_up(login, 333)
    assert server.stop() == 0
    server.start()
    assert server.wallet(login_of(link))["available_minor"] == 2_333, (
        "an old link works, the start money came once"
    )
    assert server.api("GET", "/experts/ada").body["tariff"]["price_minor"] == 240
    server.assert_reconciled()


async def test_a_stop_is_in_order_with_connections_open(server: Server) -> None:
    async with aiohttp.ClientSession() as http:
        url = server.url.replace("http", "ws", 1)
        async with http.ws_connect(f"{url}/socket.io/?EIO=4&transport=websocket") as websocket:
            await websocket.receive(timeout=20)
            assert await asyncio.to_thread(server.stop) == 0
            kinds = [(await websocket.receive(timeout=20)).type for _ in range(1)]
    assert kinds[-1] in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING}
    events = [json.loads(line)["event"] for line in server.log().splitlines()]
    assert events[-2:] == ["stopping", "stopped"]


async def test_a_stop_settles_the_calls_that_are_open(voices: Server) -> None:
    async def stop(client: Caller) -> None:
        await asyncio.sleep(0.5)
        assert await asyncio.to_thread(voices.stop) == 0
        ended = await client.wait_for("ended")
        assert ended.body["reason"] == "shutdown"

    call_id = await talk(voices, stop)
    voices.assert_reconciled()
    await asyncio.to_thread(voices.start)
    receipt = voices.api("GET", f"/calls/{call_id}/receipt", login=login_of(voices.links["client"]))
    assert receipt.body["reason"] == "shutdown"
    assert receipt.body["used_ms"] > 300
    assert CALLS_OPEN not in voices.log()


async def test_after_a_kill_the_next_start_settles_before_it_serves(voices: Server) -> None:
    async def kill(_client: Caller) -> None:
        await asyncio.sleep(1.5)
        await asyncio.to_thread(voices.kill)

    call_id = await talk(voices, kill)
    await asyncio.to_thread(voices.start)

    login = login_of(voices.links["client"])
    receipt = voices.api("GET", f"/calls/{call_id}/receipt", login=login)
    assert receipt.status == 200
    assert receipt.body["reason"] == "recovered"
    assert receipt.body["charge_minor"] == receipt.body["used_ms"] * 240 // 60_000
    assert voices.wallet(login) == {
        "currency": "USD", "held_minor": 0, "test_money": True,
        "available_minor": 2_000 - receipt.body["charge_minor"],
    }  # fmt: skip
    lines = [json.loads(line) for line in voices.log().splitlines()]
    settled = [line for line in lines if line["event"] == CALLS_OPEN]
    assert [(line["call"], line["charge_minor"]) for line in settled] == [
        (call_id, receipt.body["charge_minor"])
    ]
    assert [line["event"] for line in lines][-1] != CALLS_OPEN
    voices.assert_reconciled()


async def test_the_log_of_a_whole_call_has_no_secret(tmp_path: Path) -> None:
    with Server(tmp_path, log_level="debug") as server:
        heard: list[Any] = []

        async def all_of_it(client: Caller) -> None:
            heard.extend(client.heard)
            async with aiohttp.ClientSession() as http, http.get(f"{server.url}/metrics") as answer:
                figures = dict(line.rsplit(" ", 1) for line in (await answer.text()).splitlines())
            assert float(figures['talktime_media_total{counter="packets_received"}']) > 0
            assert figures['talktime_media_open{thing="peers"}'] == "2.0"
            assert figures['talktime_meters{state="running"}'] == "1.0"
            forged = server.api("GET", "/me", login=login_of(server.links["client"])[:-3] + "AAA")
            assert forged.body["code"] == "auth.forged"
            with socket.create_connection(("127.0.0.1", server.url.rpartition(":")[2])) as stranger:
                stranger.sendall(f"GET / HTTP/1.1\r\nCookie: talktime={COOKIE}\0\r\n\r\n".encode())
                assert b" 400 " in await asyncio.to_thread(stranger.recv, 4_096)
            await leave(client)

        call_id = await talk(server, all_of_it)
        await asyncio.to_thread(server.stop)
        log = server.log()
        keys = json.loads((tmp_path / "data/keys.json").read_text())
        answer = next(each.body["sdp"] for each in heard if each.type == "answer")
        secrets = [login_of(link) for link in server.links["clients"] + server.links["experts"]]
        secrets += [COOKIE, *(token.partition(".")[2] for token in secrets)]
        secrets += [
            *keys.values(),
            answer,
            answer.partition("a=ice-pwd:")[2].splitlines()[0],
            "a=fingerprint",
        ]
        assert call_id in log, "the call itself is told"
        assert "Traceback" not in log, "bytes that are no HTTP are nobody's mistake but the sender's"
        assert len(log.splitlines()) > 10
        assert [secret for secret in secrets if secret in log] == []


# -- what cannot start -------------------------------------------------------------------------------------


def test_a_taken_port_is_said_so_and_nothing_is_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(tmp_path, "serve", port=port, udp_port=0)
        why = "Address already in use; TALKTIME_PORT sets another port (server.port_in_use)"
        assert one_line(done, 3).endswith(f"127.0.0.1 port {port}: {why}")
    assert list(tmp_path.iterdir()) == []


def test_a_taken_media_port_is_said_so(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        line = one_line(run(tmp_path, "serve", port=0, udp_host="127.0.0.1", udp_port=port), 3)
    assert line.endswith(f"UDP port {port} cannot be taken: Address already in use (media.port_in_use)")


def test_an_address_that_is_not_ours_is_said_so(tmp_path: Path) -> None:
    assert "192.0.2.1 port" in one_line(run(tmp_path, "serve", port=0, udp_port=0, udp_host="192.0.2.1"), 3)
    assert "192.0.2.1 port" in one_line(run(tmp_path, "serve", port=0, host="192.0.2.1"), 3)


def test_test_money_and_real_money_do_not_meet(tmp_path: Path) -> None:
    """The demo's folder, and then a live key: its test money would be worth what others paid in."""
    with Server(tmp_path, media="simulated"):
        pass
    settings = {"data_folder": tmp_path / "data", "media": "simulated", "port": 0}
    live = {"stripe_key": "sk_live_1", "stripe_webhook_secret": "whsec_1"}
    assert "have test money (processor:sandbox:USD)" in one_line(
        run(tmp_path, "serve", **settings, **live), 3
    )
    with sqlite3.connect(tmp_path / "data/talktime.db") as database:
        database.execute("UPDATE accounts SET balance_minor = 0 WHERE id = 'processor:sandbox:USD'")
        row = "('processor:stripe-refunds:USD', 'USD', 5, NULL)"
        database.execute(f"INSERT INTO accounts (id, currency, balance_minor, floor_minor) VALUES {row}")  # noqa: S608
    database.close()
    assert "have real money" in one_line(run(tmp_path, "serve", **settings), 3)
    test = {"stripe_key": "sk_test_1", "stripe_webhook_secret": "whsec_1"}
    assert "payments would be test" in one_line(run(tmp_path, "serve", **settings, **test), 3)


def test_a_second_server_on_the_same_data_is_refused(server: Server, tmp_path: Path) -> None:
    settings = {"data_folder": tmp_path / "data", "media": "simulated", "port": 0}
    assert f"process {server.pid} already works on" in one_line(run(tmp_path, "serve", **settings), 3)
    assert f"process {server.pid} already works on" in one_line(run(tmp_path, "migrate", **settings), 3)
    assert server.api("GET", "/me", login=login_of(server.links["client"])).status == 200
    assert server.top_up(login_of(server.links["client"]), 100).status == 201, "the first one was not fenced"


def test_a_database_from_the_future_is_refused(tmp_path: Path) -> None:
    assert run(tmp_path, "migrate").returncode == 0
    with sqlite3.connect(tmp_path / "data/talktime.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    for command in ("serve", "migrate", "reconcile"):
        assert "install a newer version" in one_line(run(tmp_path, command, port=0), 3)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/talktime.db").write_bytes(b"not a database, but long enough to be taken for one" * 40)
    for command in ("serve", "migrate", "reconcile"):
        assert "database" in one_line(run(tmp_path, command, port=0), 3)


@pytest.mark.parametrize(
    ("arguments", "settings", "says"),
    [
        (["serve"], {"prot": 1}, "there is no setting TALKTIME_PROT"),
        (["serve"], {"port": "http"}, "TALKTIME_PORT must be a whole number"),
        (["--config", "missing.toml", "serve"], {}, "missing.toml: cannot be read"),
        (
            ["demo"],
            {"public_url": "https://talk.example.com"},
            "must be local addresses, not 127.0.0.1 and https",
        ),
        (["demo"], {"host": "0.0.0.0", "public_url": ""}, "must be local addresses, not 0.0.0.0"),  # noqa: S104
        (
            ["demo"],
            {"stripe_key": "sk_live_1", "stripe_webhook_secret": "whsec_1"},
            "gives away test money, so stripe_key must be a test key",
        ),
        (["link", "sam"], {"port": 0}, "set TALKTIME_PUBLIC_URL or TALKTIME_PORT"),
    ],
)
def test_bad_settings_are_one_line(
    tmp_path: Path, arguments: list[str], settings: dict[str, object], says: str
) -> None:
    assert says in one_line(run(tmp_path, *arguments, **settings), 2)
    assert list(tmp_path.iterdir()) == []


def test_there_is_help(tmp_path: Path) -> None:
    text = run(tmp_path, "--help").stdout
    commands = ("serve", "demo", "migrate", "reconcile", "verify", "link", "types")
    for command in commands:
        assert f"\n    {command} " in text
        own = run(tmp_path, command, "--help")
        assert own.returncode == 0
        assert len(own.stdout.splitlines()) >= 5
    assert run(tmp_path).returncode == 2
    assert run(tmp_path, "dance").returncode == 2


# -- checks ------------------------------------------------------------------------------------------------


def test_migrate_makes_a_database_once(tmp_path: Path) -> None:
    assert "was brought up to date" in run(tmp_path, "migrate").stdout
    assert "is up to date" in run(tmp_path, "migrate").stdout
    assert (tmp_path / "data/talktime.db").exists()


def test_reconcile_needs_a_database(tmp_path: Path) -> None:
    assert "there is no database" in one_line(run(tmp_path, "reconcile"), 3)
    assert list(tmp_path.iterdir()) == []


async def test_reconcile_finds_what_somebody_planted(voices: Server, tmp_path: Path) -> None:
    await talk(voices, leave)
    clean = voices.cli("reconcile")
    assert (clean.returncode, clean.stdout) == (0, "all invariants hold\n"), "also while the server runs"
    await asyncio.to_thread(voices.stop)

    def planted(*statements: str) -> subprocess.CompletedProcess[str]:
        """Reconcile a copy of the data that somebody has laid hands on."""
        folder = tmp_path / "copy"
        folder.mkdir(exist_ok=True)
        copy = folder / "talktime.db"
        copy.write_bytes((tmp_path / "data/talktime.db").read_bytes())
        database = sqlite3.connect(copy)
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert database.execute(statement).rowcount == 1, statement
        database.commit()
        database.close()
        return run(folder, "reconcile", "--json", database_url=f"sqlite:///{copy}")

    assert json.loads(planted().stdout) == []
    for statement in STATEMENTS:
        done = planted(statement)
        assert done.returncode == 1, statement
        assert json.loads(done.stdout), statement


async def test_verify_finds_every_change_to_a_receipt(voices: Server, tmp_path: Path) -> None:
    call_id = await talk(voices, leave)
    receipts = {role: await receipt_of(voices, role, call_id) for role in ("client", "expert")}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for role, receipt in receipts.items():
        path = elsewhere / f"{role}.json"
        path.write_text(json.dumps(receipt))
        good = run(elsewhere, "verify", str(path))
        assert (good.returncode, good.stdout[:8]) == (0, "genuine:")
        assert run(elsewhere, "verify", str(path), "--public-key", receipt["public_key"]).returncode == 0
        assert run(elsewhere, "verify", "-", stdin=path.read_bytes()).returncode == 0
        assert run(elsewhere, "verify", str(path), "--public-key", "A" * 43).returncode == 1

    receipt = receipts["client"]
    for name, value in receipt.items():
        changed = {int: lambda old: old + 1, str: lambda old: old + "x", type(None): lambda _old: 1}.get(
            type(value), lambda _old: []
        )(value)
        forged = run(elsewhere, "verify", "-", stdin=json.dumps(receipt | {name: changed}).encode())
        assert forged.returncode == 1, name
        assert forged.stdout.strip(), name
    assert run(elsewhere, "verify", "-", stdin=b"{}").returncode == 1
    assert run(elsewhere, "verify", "-", stdin=b"\xff").returncode == 1
    assert "cannot be read" in one_line(run(elsewhere, "verify", "missing.json"), 2)


def test_a_fresh_link_works_while_the_server_runs(server: Server) -> None:
    for person, page in (("sam", "/call/ada"), ("ada", "/expert"), ("ola", "/operator")):
        done = server.cli("link", person)
        assert done.returncode == 0, done.stderr
        assert f"{server.url}{page}#t=" in done.stdout
        assert server.api("GET", "/me", login=login_of(done.stdout.strip())).body["id"] == person
    assert "there is no person 'eve'" in one_line(server.cli("link", "eve"), 2)
    assert "there is no expert 'eve'" in one_line(server.cli("link", "sam", "--to", "eve"), 2)


def test_link_asks_which_expert_when_there_are_several(tmp_path: Path) -> None:
    with Server(tmp_path, media="simulated", experts=2) as server:
        assert "--to SLUG" in one_line(server.cli("link", "sam"), 2)
        assert "/call/grace#t=" in server.cli("link", "sam", "--to", "grace").stdout


def test_a_reader_who_goes_away_is_no_mistake(tmp_path: Path) -> None:
    assert run(tmp_path, "migrate").returncode == 0
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [talktime(), "reconcile"],
        cwd=tmp_path,
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
