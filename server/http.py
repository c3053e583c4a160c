"""The shell around every HTTP request, and the dispatcher that turns a `Route` into an aiohttp handler.

Shell (all paths): request id, security headers, errors as problem+json, a log line, metrics. Dispatcher (API
routes only), in this order, so that the cheapest refusal comes first: stopping → login → role → rate → size →
decoding → handler, all inside the request's time-out.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace

import msgspec
import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from server import api_keys, cookies, logs, pages, problems
from server.api.route import DOWNLOADS, MAX_QUERY_CHARS, Ask, FileAnswer, Reply, Route, Upload, Visitor
from server.api.services import Services
from server.auth import Login
from server.config import is_loopback
from server.errors import Problem

MAX_BODY_BYTES = 16 * 1024
REQUEST_ID_HEADER = "X-Request-Id"
EVENT_STREAM = "text/event-stream"

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_PARAMETER = re.compile(r"\{(\w+)\}")
_log = logs.logger("talktime.http")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


# -- the shell ---------------------------------------------------------------------------------------------


def shell(services: Services, headers_for: Callable[[str], Mapping[str, str]]) -> Middleware:
    """The one middleware. `headers_for(public_url)` go on every answer."""
    headers: dict[str, str] = {}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get(REQUEST_ID_HEADER, "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            began_ms = services.clock.now_ms()
            response = await _answered(request, handler)
            took_ms = services.clock.now_ms() - began_ms
            if not headers:
                # Not before the first request: a port of 0 is known only when it is bound.
                headers.update(headers_for(services.life.public_url()))
            if not response.prepared:
                response.headers.update(response.get(pages.OWN_HEADERS, headers))
                response.headers[REQUEST_ID_HEADER] = request_id
            _account(services, request, response, took_ms)
        return response

    return middleware


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Exception as error:  # noqa: BLE001 - the last place where a request's error can be told
        if isinstance(error, web.HTTPNotFound):
            return pages.not_found(request)
        response = problems.of_exception(error)
        if response is None and isinstance(error, web.HTTPException):
            return error
        if response is None:
            _log.exception("request failed", method=request.method, route=route_of(request))
            response = problems.response("server.error")
        return response


def route_of(request: web.Request) -> str:
    """The route's template, never the path: bounded for metrics and free of what people typed."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


def _account(services: Services, request: web.Request, response: web.StreamResponse, took_ms: int) -> None:
    route = route_of(request)
    if route.startswith(("/socket.io", "/assets", "/healthz", "/readyz", "/metrics")):
        return
    if response.content_type == EVENT_STREAM:
        # Listened to for hours: that is no duration of a request.
        return
    code = response.get(CODE, "") if response.content_type == problems.CONTENT_TYPE else ""
    services.metrics.request(route, request.method, response.status, took_ms, code)
    _log.info(
        "request",
        method=request.method,
        route=route,
        status=response.status,
        took_ms=took_ms,
        **({"code": code} if code else {}),
        **({"person": request[PERSON]} if PERSON in request else {}),
    )


# -- the dispatcher ----------------------------------------------------------------------------------------

PERSON = web.RequestKey("person", str)
CODE = problems.CODE


def add_routes(app: web.Application, services: Services, routes: Iterable[Route]) -> None:
    """Add every route of the table to the router."""
    for route in routes:
        path = _PARAMETER.sub(r"{\1:[A-Za-z0-9_.:-]{1,64}}", route.path)
        app.router.add_route(route.method, path, _endpoint(services, route))


def _endpoint(services: Services, route: Route) -> Handler:
    async def endpoint(request: web.Request) -> web.StreamResponse:
        reply = Reply()
        try:
            config = services.config
            async with asyncio.timeout(config.request_s if route.upload is None else config.upload_s):
                answer = await _dispatched(services, route, request, reply)
        except TimeoutError:
            raise Problem("request.timeout") from None
        if isinstance(answer, FileAnswer):
            return _file(answer)
        headers = {"Cache-Control": "no-store"}
        if route.any_origin:
            headers["Access-Control-Allow-Origin"] = "*"
        body, content_type = msgspec.json.encode(answer), "application/json"
        if isinstance(answer, DOWNLOADS):
            body, content_type = answer.text.encode(), answer.media_type
            headers["Content-Disposition"] = f'attachment; filename="{answer.name}"'
        response = web.Response(body=body, status=route.status, content_type=content_type, headers=headers)
        if reply.cookie is not None:
            config = services.config
            cookies.set_cookie(response, reply.cookie, config.login_days, config.public_url)
        return response

    return endpoint


async def _dispatched(services: Services, route: Route, request: web.Request, reply: Reply) -> msgspec.Struct:
    if route.writes and services.life.stopping:
        raise Problem("server.stopping", retry_after_s=2)
    if route.own_page:
        _check_own_page(services, request)
    login = await login_of(services, route, request)
    if login is not None:
        request[PERSON] = login.person_id
        if login.prolonged:
            reply.log_in(cookies.read_cookie(request, services.config.public_url))
        if route.writes:
            wait_s = services.write_limit.take(login.person_id)
            if wait_s is not None:
                raise Problem("request.rate", retry_after_s=wait_s)
    body = await _body(request, route.body) if route.body is not None else None
    query = _query(route, request)
    visitor = _visitor(services, request)
    ask = Ask(services, login, dict(request.match_info), body, query, visitor, reply)
    if route.upload is not None:
        if route.upload.check is not None:
            await route.upload.check(ask)
        ask = replace(ask, upload=await _upload(request, route.upload, route.upload.most(services)))
    return await route.handler(ask)


def _file(answer: FileAnswer) -> web.Response:
    """A file from a stranger: to be saved, and nothing that a browser would run or take for another type."""
    text = answer.kind.startswith("text/")
    response = web.Response(
        body=answer.data,
        content_type=answer.kind,
        charset="utf-8" if text else None,
        headers={"Cache-Control": "private, no-store", "Content-Disposition": answer.disposition},
    )
    response[pages.OWN_HEADERS] = pages.FILE_HEADERS
    return response


async def login_of(services: Services, route: Route, request: web.Request) -> Login | None:
    """Who asks, by link or API key, or else by cookie. Raises auth.* problems. Public routes do not look."""
    if not route.roles:
        return None
    header = request.headers.get(hdrs.AUTHORIZATION, "")
    if header:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Problem("auth.malformed", "Authorization must be: Bearer <token>")
        token = token.strip()
        if token.startswith(api_keys.PREFIX):
            login = await services.integrations.keys.read(token, route.scope)
        else:
            login = services.logins.read(token)
        if login.role != "guest":
            # What was given out once, a link or a key, opens nothing for whoever left the house since.
            await services.person(login)
    else:
        cookie = cookies.read_cookie(request, services.config.public_url)
        if not cookie:
            raise Problem("auth.missing")
        if route.writes:
            # Browsers send cookies whoever asks them to; links are sent by our pages only.
            _check_own_page(services, request)
        login = await services.browser_logins.read(cookie)
    if await services.deletions.has(login.person_id):
        raise Problem("auth.deleted")
    if login.role not in route.roles:
        raise Problem("auth.forbidden", f"This needs the role {' or '.join(sorted(route.roles))}.")
    return login


def _check_own_page(services: Services, request: web.Request) -> None:
    url = services.config.public_url
    cookies.check_own_page(request, url or services.life.public_url(), strict=bool(url))


def _query(route: Route, request: web.Request) -> dict[str, str]:
    given = {name: request.query[name] for name in route.query if name in request.query}
    for name, value in given.items():
        if len(value) > MAX_QUERY_CHARS:
            raise Problem("request.invalid", f"{name} may have {MAX_QUERY_CHARS} characters.")
    return given


def _visitor(services: Services, request: web.Request) -> Visitor:
    return Visitor(
        address=network_of(client_address(request, services.config.proxies)),
        agent=request.headers.get(hdrs.USER_AGENT, "")[:500],
        cookie=cookies.read_cookie(request, services.config.public_url),
        is_here=came_directly(request),
    )


def came_directly(request: web.Request) -> bool:
    """Whether the request was sent to this machine's own address, by no proxy or tunnel that says so.

    A server that is meant to be local may be shown to the world by a tunnel, which it can see in this only.
    """
    return is_loopback(request.url.host or "") and not any(name in request.headers for name in _FORWARDED)


def client_address(request: web.Request, proxies: int) -> str:
    """Who is at the other end, seen through as many reverse proxies of our own as there are.

    Each proxy appends the address that it saw to X-Forwarded-For, so the entry `proxies` from the end is the
    last one that was not written by a stranger.
    """
    entries = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",")]
    if proxies and len(entries) >= proxies and entries[-proxies]:
        return entries[-proxies]
    return request.remote or ""


def network_of(address: str) -> str:
    """What is limited together: an IPv4 address, or the /64 of an IPv6 one: one household's."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


async def _body(request: web.Request, kind: type[msgspec.Struct]) -> msgspec.Struct:
    if request.content_type != "application/json":
        raise Problem("request.media_type")
    raw = await _bytes(request, MAX_BODY_BYTES)
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise Problem("request.invalid", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("request.malformed", "The body is not JSON.") from None


async def _upload(request: web.Request, upload: Upload, most: int) -> bytes:
    if request.content_type not in upload.types:
        raise Problem("request.media_type", f"The body must be {' or '.join(upload.types)}.")
    if (request.content_length or 0) > most:
        raise Problem("request.too_large", f"A body may have {most} bytes.")
    return await _bytes(request, most)


async def _bytes(request: web.Request, most: int) -> bytes:
    """The body. Not a byte more than `most` is read, whatever the client announces."""
    raw = bytearray()
    while chunk := await request.content.read(most + 1 - len(raw)):
        raw += chunk
        if len(raw) > most:
            raise Problem("request.too_large", f"A body may have {most} bytes.")
    return bytes(raw)
