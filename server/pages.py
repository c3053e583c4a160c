"""The pages: the web side's build, served with strict headers. Assets are hashed and live for ever.

Page routes name files of the build (web/vite.config): `/call/{slug}` is call.html and so on. The build goes
to `static` beside this file, so that it is in the wheel; the setting `web_folder` names another folder.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from aiohttp import web

from server import problems

PAGES = {
    "/": "index.html",
    "/call/{slug}": "call.html",
    "/expert": "expert.html",
    "/console": "expert.html",
    "/console/{view}": "expert.html",
    "/start": "start.html",
    "/expert/profile": "start.html",
    "/operator": "operator.html",
    "/sites": "sites.html",
    "/operator/{view}": "operator.html",
    "/operator/people/{person_id}": "operator.html",
    "/sign-in": "sign-in.html",
    "/account": "account.html",
    "/account/{view}": "account.html",
    "/logins": "logins.html",
    "/integrations": "integrations.html",
    "/wallet": "wallet.html",
    "/development/mail": "development.html",
    "/receipt/{call_id}": "receipt.html",
}
FOLDER = web.AppKey("pages_folder", Path)
NOT_FOUND = web.AppKey("pages_not_found", str)
"""The text of the page for an address that is nothing."""
OWN_HEADERS = web.ResponseKey("own_headers", Mapping[str, str])
"""The headers of a response whose page may stand in a frame, in place of those of every other answer."""

FILE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "talktime",
}
"""The headers of a file that somebody sent: whoever opens it opens nothing of ours."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Talktime: pages are not built</title></head>
<body><main><h1>The web side is not built</h1>
<p>The server runs, but there are no pages in <code>{folder}</code>.
Build them with <code>make run</code>, which also starts the server.</p></main></body></html>
"""
_NOT_FOUND = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Talktime: not found</title></head>
<body><main><h1>There is nothing here</h1><p>The address may be mistyped, or the link is an old one.
<a href="/">To the start</a></p></main></body></html>
"""


def find_folder(setting: str) -> Path:
    """The folder of the built pages; it may not exist."""
    return Path(setting).expanduser().resolve() if setting else Path(__file__).parent / "static"


def security_headers(
    public_url: str, frame_ancestors: str = "'none'", frames: str = "'none'"
) -> dict[str, str]:
    """Headers of every answer. `connect-src` names the WebSocket origin for browsers that want it named.

    `frame_ancestors`: the one origin that may show the page in a frame. `frames`: what it may show in one.
    """
    sockets = public_url.replace("http", "ws", 1)
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "media-src": "'self' blob: mediastream:",
        "connect-src": f"'self' {sockets}",
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "frame-src": frames,
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": frame_ancestors,
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Server": "talktime",
    }
    if frame_ancestors == "'none'":
        headers["X-Frame-Options"] = "DENY"
    return headers


def add_pages(app: web.Application, folder: Path) -> None:
    """Add the routes of pages and assets."""
    app[FOLDER] = folder
    lost = folder / "not-found.html"
    app[NOT_FOUND] = lost.read_text(encoding="utf-8") if lost.is_file() else _NOT_FOUND
    for path, file in PAGES.items():
        app.router.add_get(path, _page(folder / file))
    app.router.add_get("/assets/{name:[A-Za-z0-9_.-]+}", _asset)
    app.router.add_get("/embed.js", _widget)
    for file in ("favicon.ico", "favicon.svg", "robots.txt", "site.webmanifest"):
        app.router.add_get(f"/{file}", _single(folder / file))


def not_found(request: web.Request) -> web.Response:
    """The answer to an address that is nothing: a page for people, a problem for programs."""
    if "text/html" in request.headers.get("Accept", ""):
        return web.Response(text=request.app[NOT_FOUND], content_type="text/html", status=404)
    return problems.response("request.not_found")


def not_built(folder: Path) -> web.Response:
    """The answer where a page should be and the build is missing."""
    text = _NOT_BUILT.format(folder=folder.name)
    return web.Response(text=text, content_type="text/html", status=503)


def _page(file: Path) -> _Handler:
    async def page(_request: web.Request) -> web.StreamResponse:
        if not await asyncio.to_thread(file.is_file):
            return not_built(file.parent)
        return web.FileResponse(file, headers={"Cache-Control": "no-cache"})

    return page


def _single(file: Path) -> _Handler:
    async def single(request: web.Request) -> web.StreamResponse:
        if not await asyncio.to_thread(file.is_file):
            return not_found(request)
        return web.FileResponse(file, headers={"Cache-Control": "public, max-age=3600"})

    return single


async def _asset(request: web.Request) -> web.StreamResponse:
    file = request.app[FOLDER] / "assets" / request.match_info["name"]
    if not await asyncio.to_thread(file.is_file):
        return not_found(request)
    return web.FileResponse(file, headers={"Cache-Control": "public, max-age=31536000, immutable"})


async def _widget(request: web.Request) -> web.StreamResponse:
    """The widget's script: for pages of every origin, and asked for anew so that it never grows old."""
    file = request.app[FOLDER] / "embed.js"
    if not await asyncio.to_thread(file.is_file):
        return not_found(request)
    response = web.FileResponse(file, headers={"Cache-Control": "public, max-age=300"})
    response[OWN_HEADERS] = {
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Server": "talktime",
    }
    return response
