"""Somebody else's website, on an origin of its own: pages and headers as the test wants them.

The server under test is `localhost`, this is `127.0.0.1`: another site to the browser, so the frame is in
a third-party context, which gets neither cookies nor storage here. As `localhost` it is another origin of the
same site, whose frames may store.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The shop</title><script type="module" src="{server}/embed.js"></script>
<script src="/record.js"></script></head>
<body><main><h1>The shop</h1>{body}</main></body></html>
"""
RECORD = """
window.said = [];
document.addEventListener('DOMContentLoaded', () => {
  const listen = (element) => {
    for (const type of ['ready', 'state', 'ringing', 'started', 'tick', 'ended', 'problem'])
      element.addEventListener(type, (event) => window.said.push({ type, ...event.detail }));
  };
  document.querySelectorAll('talktime-call').forEach(listen);
});
"""


class Website:
    """`body` is what stands on the page, `headers` go with it. Both can be changed while it runs."""

    def __init__(self, server: str, body: str = "", headers: dict[str, str] | None = None,
                 name: str = "127.0.0.1") -> None:  # fmt: skip
        self.name = name
        self.server, self.body, self.headers = server, body, headers or {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                script = self.path == "/record.js"
                text = RECORD if script else PAGE.format(server=site.server, body=site.body)
                self.send_response(200)
                self.send_header("Content-Type", "text/javascript" if script else "text/html; charset=utf-8")
                for header, value in site.headers.items():
                    self.send_header(header, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, name="website", daemon=True)

    @property
    def url(self) -> str:
        """The origin."""
        return f"http://{self.name}:{self._http.server_port}"

    def __enter__(self) -> Website:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
