"""Somebody else's website for the demo: on an origin of its own, with the widget on it and a strict policy.

It is what docs/widget.md describes, to be looked at: two lines in a page, three in a policy, a user whom the
website vouches for, and what it gets to hear of a call. It stands beside the demo's server on the next port,
as 127.0.0.1, so that to a browser it is another site altogether.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from dataclasses import dataclass

import jwt
from aiohttp import web

from booking.people import ADA
from booking.site_store import SiteStore
from booking.sites import Site
from server.api.services import Services
from server.vault import Vault
from signaling.clock import Clock, iso

SITE_ID = "demo-website-of-ada"
HOST = "127.0.0.1"

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The Engine Room</title><link rel="stylesheet" href="/style.css">
<script type="module" src="{server}/embed.js"></script>
<script type="module" src="/page.js"></script></head>
<body>
<header><strong>The Engine Room</strong>
<label><input type="checkbox" id="known"> Signed in as Vera</label></header>
<main>
<section class="lead"><p class="kicker">Computing, explained by people who do it</p>
<h1>Your program is slow.<br>Let us find out why.</h1>
<p>Send no tickets, fill in no forms. Ask somebody who has read more profiles than you have had hot dinners,
and pay for the minutes you talk.</p>
<p><a class="button" href="#talk" data-talktime-open="ada">Ask Ada now</a></p></section>
<section id="talk"><h2>On call today</h2>
<talktime-call expert="ada"></talktime-call>
<p class="fine">This is a website of its own, on another origin than the call. It learns that a call began and
what it cost, and neither hears nor sees it. All that it was told:</p>
<ol id="heard" class="fine"><li>nothing yet</li></ol></section>
</main>
<footer>A demonstration that came with Talktime</footer>
</body></html>
"""
_STYLE = """
:root { color-scheme: light; --talktime-accent: #9a3412; --talktime-on-accent: #fff; --talktime-radius: 4px;
  --talktime-surface: #fffdf9; --talktime-line: #e2d6c4; --talktime-font: Georgia, "Times New Roman", serif; }
* { box-sizing: border-box; }
body { margin: 0; background: #faf5ec; color: #2b2118;
  font: 1.0625rem/1.6 Georgia, "Times New Roman", serif; }
header, main, footer { max-width: 62rem; margin-inline: auto; padding-inline: 1.5rem; }
header { display: flex; justify-content: space-between; padding-block: 1.5rem;
  border-bottom: 1px solid #e2d6c4; }
a { color: #9a3412; }
.lead { max-width: 40rem; padding-block: 4rem 3rem; }
.kicker, .fine, footer { color: #6b5a48; font-size: .9375rem; }
.kicker { margin: 0; }
h1 { margin: .5rem 0 1rem; font-size: clamp(2rem, 6vw, 3.25rem); line-height: 1.1; letter-spacing: -.02em; }
h2 { margin: 0 0 1rem; font-size: 1.375rem; }
.button { display: inline-block; padding: .75rem 1.5rem; border-radius: 4px; background: #9a3412; color: #fff;
  text-decoration: none; }
footer { padding-block: 3rem; }
label { display: inline-flex; align-items: center; gap: .5rem; }
input { width: 1.25rem; height: 1.25rem; accent-color: #9a3412; }
ol { min-height: 6rem; padding-inline-start: 1.5rem; font-variant-numeric: tabular-nums; }
"""
_SCRIPT = """
const widget = document.querySelector("talktime-call");
const known = document.querySelector("#known");
const heard = document.querySelector("#heard");

// A user whom this website knows need not tell a name, and finds the same wallet on every visit.
known.onchange = () => {
  widget.close();
  widget.signIn = known.checked ? async () => (await fetch("/visitor")).text() : null;
};

const money = ({ cost_minor, currency }) => {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  return format.format(cost_minor / 10 ** format.resolvedOptions().maximumFractionDigits);
};
for (const type of ["ready", "ringing", "started", "tick", "ended", "problem"]) {
  widget.addEventListener(type, ({ detail }) => {
    const last = heard.lastElementChild;
    const again = type === "tick" && last?.dataset.type === "tick";
    const line = again ? last : document.createElement("li");
    const cost = detail.currency ? `: ${Math.round(detail.duration_ms / 1000)} s, ${money(detail)}` : "";
    line.dataset.type = type;
    line.textContent = type + cost + (detail.detail ? `: ${detail.detail}` : "");
    if (type === "ready") heard.replaceChildren();
    if (!again) heard.append(line);
  });
}
"""


@dataclass(frozen=True, slots=True)
class DemoWebsite:
    """The website, which shows experts of the Talktime server at `server`; `secret`: its API secret."""

    server: str
    secret: str
    clock: Clock

    def application(self) -> web.Application:
        """Its page, and what its server says about its user."""
        policy = (
            "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"script-src 'self' {self.server}; connect-src 'self' {self.server}; frame-src {self.server}"
        )
        texts = {
            "/": (_PAGE.format(server=self.server), "text/html"),
            "/style.css": (_STYLE, "text/css"),
            "/page.js": (_SCRIPT, "text/javascript"),
        }

        async def answer(request: web.Request) -> web.Response:
            text, kind = texts.get(request.path) or (self.vouch(), "text/plain")
            headers = {
                "Content-Security-Policy": policy,
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
            }
            return web.Response(text=text, content_type=kind, headers=headers)

        app = web.Application()
        app.router.add_routes([web.get(path, answer) for path in (*texts, "/visitor")])
        return app

    def vouch(self) -> str:
        """A JWT for one opening of the widget: that it is Vera who asks. Empty without a secret."""
        if not self.secret:
            return ""
        now_s = int(self.clock.wall().timestamp())
        claims = {
            "iss": SITE_ID, "aud": self.server, "sub": "vera-1815", "name": "Vera",
            "iat": now_s, "exp": now_s + 120, "jti": secrets.token_urlsafe(16),
        }  # fmt: skip
        return jwt.encode(claims, self.secret, "HS256")


async def open_beside(services: Services) -> str:
    """Open the website on the port after the server's. Its address; empty when that port is taken."""
    server, port = services.life.public_url(), services.life.port + 1
    listener = _listener(port)
    if listener is None:
        return ""
    origin = f"http://{HOST}:{port}"
    secret = await _let_in(services.sites, services.vault, origin, iso(services.clock.wall()))
    website = DemoWebsite(server, secret, services.clock)
    services.life.supervisor.spawn("demo website", _keep(website, listener))
    return origin


# -- inside ------------------------------------------------------------------------------------------------


def _listener(port: int) -> socket.socket | None:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except (OSError, OverflowError):
        listener.close()
        return None
    listener.setblocking(False)
    return listener


async def _let_in(sites: SiteStore, vault: Vault, origin: str, at: str) -> str:
    """List the website as one of Ada's, whatever its port is today. Its API secret; empty when removed."""
    place = f"site:{SITE_ID}"
    site = Site(SITE_ID, ADA.id, "The Engine Room (demo)", (origin,), at)
    await sites.add(site, vault.seal(place, secrets.token_urlsafe(32)))
    known = await sites.get(SITE_ID)
    # Whoever removed it from the list meant it.
    if known is not None and not known.revoked_at and origin not in known.origins:
        await sites.set_origins(known, (origin,), at)
    sealed = await sites.secret(SITE_ID)
    return (vault.open(place, sealed) or "") if sealed else ""


async def _keep(website: DemoWebsite, listener: socket.socket) -> None:
    """Answer until cancelled, then close."""
    runner = web.AppRunner(website.application(), access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
