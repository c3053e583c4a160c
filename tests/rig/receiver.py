"""A receiver of webhooks as a process of its own: a real HTTP server that keeps what it got, and has faults.

The path says how it behaves: `/ok`; `/status/500` (any status); `/fails/2/name` fails twice, then takes;
`/slow` keeps the answer back; `/reset` closes in the middle; `/redirect/port` leads elsewhere; `/garbage` is
no HTTP; `/endless` never stops answering. `GET /seen` tells what came, in order.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

PATIENCE_S = 30.0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[dict[str, Any]]] = []
    failed: ClassVar[Counter[str]] = Counter()
    lock = threading.Lock()

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        with self.lock:
            self._answer(200, json.dumps(self.seen).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.lock:
            self.seen.append({"path": self.path, "headers": headers, "body": body.decode()})
        kind, *rest = self.path.strip("/").split("/")
        match kind:
            case "status":
                self._answer(int(rest[0]), b"as you wish")
            case "fails":
                with self.lock:
                    self.failed[self.path] += 1
                    bad = self.failed[self.path] <= int(rest[0])
                self._answer(503 if bad else 200, b"not yet" if bad else b"thank you")
            case "slow":
                time.sleep(PATIENCE_S)
            case "reset":
                self.close_connection = True
                self.connection.close()
            case "redirect":
                self.send_response(307)
                self.send_header("Location", f"http://127.0.0.1:{rest[0]}/ok")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "garbage":
                self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
                self.close_connection = True
            case "endless":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                with contextlib.suppress(OSError):
                    for _ in range(100_000):
                        self.wfile.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            case _:
                self._answer(200, b"thank you")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status in {429, 503}:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Receiver:
    """The process, from outside."""

    def __init__(self) -> None:
        self.url = ""
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Receiver:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def seen(self, event_type: str = "", path: str = "") -> list[dict[str, Any]]:
        """What came so far: `path`, `headers` and `body` (text), narrowed to a type of event or a path."""
        with urllib.request.urlopen(f"{self.url}/seen", timeout=PATIENCE_S) as answer:
            every: list[dict[str, Any]] = json.loads(answer.read())
        return [
            each
            for each in every
            if (not event_type or json.loads(each["body"])["type"] == event_type)
            and (not path or each["path"] == path)
        ]


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
