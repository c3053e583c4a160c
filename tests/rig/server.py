"""The real server as a process: `talktime demo` on free ports, with its data in a folder of the test's own.

`Server` is synchronous and can be started, stopped, killed and started again on the same port, as a person
operating it would do. Between the clients and its media port may stand a `GateThread` (rig.udp_gate): then
the server announces the gate's port, and the gate is aimed anew after every start.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rig.nursery import Child
from rig.udp_gate import GateThread

from metering.reconciliation import reconcile
from server import config

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the HTTP API."""

    status: int
    body: Any


class ServerDied(AssertionError):
    """The server ended by itself or did not start; the message has the end of its log."""


class Server:
    """One server process and its folder."""

    def __init__(
        self,
        folder: Path,
        *,
        gate: GateThread | None = None,
        balance_minor: int = 2_000,
        price_minor: int = 240,
        clients: int = 1,
        experts: int = 1,
        **settings: object,
    ) -> None:
        self.folder = folder
        self.gate = gate
        self.url = ""
        self.udp_port = 0
        self.links: dict[str, Any] = {}
        self._port = 0
        self._demo = [
            "--balance-minor", str(balance_minor), "--price-minor", str(price_minor),
            "--clients", str(clients), "--experts", str(experts),
        ]  # fmt: skip
        self._settings = settings
        self._process: Child | None = None
        self._log = folder / "server.log"
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    # --- life ---

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None, "the server is not started"
        return self._process.pid

    def environment(self) -> dict[str, str]:
        """What the process is started with: nothing of the machine's own TALKTIME_* settings."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("TALKTIME_")}
        settings: dict[str, object] = {
            "data_folder": self.folder / "data",
            "host": "127.0.0.1",
            "port": self._port,
            "udp_host": "127.0.0.1",
            "udp_port": 0,
            "announced_host": "127.0.0.1",
            "announced_port": self.gate.port if self.gate else 0,
            "log_format": "json",
            **self._settings,
        }
        return inherited | {f"TALKTIME_{name.upper()}": str(value) for name, value in settings.items()}

    def start(self) -> None:
        """Start and wait until it is ready; on the same port as before, if there was one."""
        assert self._process is None, "the server runs already"
        self._process = Child(["demo", "--json", *self._demo], self.folder, self.environment(), self._log)
        ready = self._first_line()
        self.url = ready["url"]
        self.links = ready["links"]
        self._port = int(self.url.rpartition(":")[2])
        self.udp_port = int(ready["udp_port"])
        if self.gate is not None:
            self.gate.aim("127.0.0.1", self.udp_port)

    def stop(self) -> int:
        """End it in order (SIGTERM) and return its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9. Idempotent."""
        if self._process is not None:
            self._end(signal.SIGKILL)

    def restart(self) -> None:
        """kill -9 and start again at once on the same port and data."""
        self.kill()
        self.start()

    def log(self) -> str:
        """Everything the process logged since the folder was made."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    # --- use ---

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another `talktime` command on the same data."""
        return subprocess.run(
            [talktime(), *arguments],
            cwd=self.folder, env=self.environment(), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def assert_reconciled(self) -> None:
        """What `talktime reconcile` does finds no breach; the server may run meanwhile."""
        assert reconcile(config.load(self.environment()).sql_url) == []

    def api(self, method: str, path: str, *, login: str = "", body: object = None) -> Reply:
        """One request of the HTTP API, as the person with the login token."""
        headers = {"Content-Type": "application/json"}
        if login:
            headers["Authorization"] = f"Bearer {login}"
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return Reply(answer.status, json.loads(answer.read() or b"null"))
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Reply(refusal.code, json.loads(refusal.read() or b"null"))

    def top_up(self, login: str, amount_minor: int, currency: str = "USD") -> Reply:
        """Credit test money to the person's wallet."""
        body = {"id": secrets.token_hex(16), "amount_minor": amount_minor, "currency": currency}
        return self.api("POST", "/wallet/top-ups", login=login, body=body)

    def wallet(self, login: str) -> Any:
        """The person's wallet."""
        return self.api("GET", "/wallet", login=login).body

    # --- inside ---

    def _first_line(self) -> Any:
        process = self._process
        assert process is not None
        timer = threading.Timer(START_S, process.send, [signal.SIGKILL])
        timer.start()
        try:
            for line in process.stdout:
                if line.startswith("{"):
                    return json.loads(line)
        finally:
            timer.cancel()
        self._end(signal.SIGKILL)
        raise ServerDied(f"the server did not start:\n{self.log()[-4000:]}")

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        assert process is not None, "the server is not started"
        process.send(how)
        try:
            return process.wait(STOP_S)
        except TimeoutError:
            process.send(signal.SIGKILL)
            process.wait(STOP_S)
            raise ServerDied(f"the server did not stop:\n{self.log()[-4000:]}") from None


def talktime() -> str:
    """The console script beside the Python that runs the tests."""
    return str(Path(sys.executable).parent / "talktime")


def login_of(link: str) -> str:
    """The login token in a person's link (it stands in the fragment)."""
    return parse_qs(urlsplit(link).fragment)["t"][0]


def wait_until(true: Any, what: str, timeout_s: float = 30.0, every_s: float = 0.05) -> Any:
    """Call `true` until it returns something truthy, and return that; fail with `what` after the time-out."""
    end = time.monotonic() + timeout_s
    while True:
        if result := true():
            return result
        assert time.monotonic() < end, f"waited {timeout_s} s in vain: {what}"
        time.sleep(every_s)
