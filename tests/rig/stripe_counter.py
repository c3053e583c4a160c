"""The fake Stripe's HTTP side, run as a process of its own: `python -m rig.stripe_counter`.

Form-encoded requests, a key in `Authorization`, idempotency keys with fingerprints (the first answer is
repeated, a 500 too), signed webhooks, pages that a person can click. Faults are drawn from a seed:

    lost_before   the connection drops, nothing happened      lost_after   it drops after the effect
    error_before  503, nothing happened, nothing remembered   error_after  500 after the effect, remembered
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import aiohttp
import stripe
from aiohttp import web
from rig.stripe_objects import CARDS, NAMED, Json, decode_form, misshapen
from rig.stripe_till import Till, Wrong

FAULTS = ("lost_before", "lost_after", "error_before", "error_after")
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><main><h1>{title}</h1><form method="post">{fields}</form></main></body></html>"""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Counter:
    """One fake, with its faults and its memory of idempotency keys."""

    till: Till = field(init=False)
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    faults: dict[str, float] = field(default_factory=dict)
    keys: dict[str, tuple[str, int, bytes] | None] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    webhook: str = ""
    secret: str = "whsec_test"
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    http: aiohttp.ClientSession | None = None
    refusals: list[str] = field(default_factory=list)
    requests: int = 0

    def told(self, event: Json) -> None:
        self.events.append(event)
        if self.webhook:
            task = asyncio.get_running_loop().create_task(self._deliver(event, 30))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _deliver(self, event: Json, tries: int) -> None:
        assert self.http is not None
        body = json.dumps(event)
        for _ in range(tries):
            signed = stripe.WebhookSignature.generate_signature_header(body, self.secret)
            headers = {"Stripe-Signature": signed, "Content-Type": "application/json"}
            try:
                async with self.http.post(self.webhook, data=body, headers=headers) as answer:
                    if answer.status == 200:
                        return
                    self.refusals.append(f"{event['type']}: {answer.status} {(await answer.text())[:200]}")
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)

    def draw(self, *names: str) -> bool:
        return any(self.rng.random() < self.faults.get(name, 0.0) for name in names)

    # -- the API ---------------------------------------------------------------------------------------------

    def api(self, work: Callable[[web.Request, Json], Json]) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            self.requests += 1
            raw = await request.read()
            if not request.headers.get("Authorization", "").startswith("Bearer sk_test_"):
                return _json(401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key"}})
            if self.draw("lost_before"):
                return _lost(request)
            if self.draw("error_before"):
                return _json(503, {"error": {"type": "api_error", "message": "try again"}})
            status, body = self._once(request, raw, work)
            if self.draw("lost_after"):
                return _lost(request)
            return web.Response(status=status, body=body, content_type="application/json")

        return handler

    def _once(
        self, request: web.Request, raw: bytes, work: Callable[[web.Request, Json], Json]
    ) -> tuple[int, bytes]:
        key = request.headers.get("Idempotency-Key", "") if request.method == "POST" else ""
        fingerprint = hashlib.sha256(request.path.encode() + b"?" + raw).hexdigest()
        known = self.keys.get(key)
        if known is not None:
            if known[0] != fingerprint:
                text = "Keys for idempotent requests can only be used with the same parameters."
                return 400, json.dumps({"error": {"type": "idempotency_error", "message": text}}).encode()
            return known[1], known[2]
        form = decode_form(parse_qsl(raw.decode() or request.query_string, keep_blank_values=True))
        try:
            status, body = 200, json.dumps(work(request, form)).encode()
        except Wrong as wrong:
            status, body = wrong.status, json.dumps(wrong.body).encode()
        if request.method == "POST" and self.draw("error_after"):
            status, body = 500, json.dumps({"error": {"type": "api_error", "message": "sorry"}}).encode()
        if key:
            self.keys[key] = (fingerprint, status, body)
        return status, body

    # -- control ---------------------------------------------------------------------------------------------

    async def control(self, request: web.Request) -> web.Response:
        """The test's own orders: `{"do": name, ...}`."""
        order = await request.json()
        till = self.till
        answer: object = None
        match order["do"]:
            case "set":
                self.faults = order.get("faults", self.faults)
                self.webhook = order.get("webhook", self.webhook)
                if "seed" in order:
                    self.rng = random.Random(order["seed"])
            case "forget":
                for known in (till.things, till.behaviours, till.charges_of_order, self.keys, self.refusals):
                    known.clear()
                self.events.clear()
                self.webhook, self.faults = "", {}
            case "card":
                answer = till.make_card(order["card"], order["customer"])
            case "pay":
                answer = till.pay_session(order["session"], order["card"])
            case "authenticate":
                answer = till.authenticate(order["intent"], agreed=order["agreed"])
            case "dispute":
                answer = till.dispute(order["intent"], inquiry=order.get("inquiry", False))
            case "win":
                answer = till.win(order["dispute"])
            case "refund":
                answer = till.make_refund(order["form"], fails=order.get("fails", False))
            case "fail_refund":
                answer = till.fail_refund(order["refund"])
            case "things":
                answer = list(till.all(order["kind"]).values())
            case "charges":
                answer = till.charges_of_order
            case "events":
                answer = self.events
            case "requests":
                answer = self.requests
            case "refusals":
                answer = self.refusals
            case "misshapen":
                kinds = [kind for kind in till.things if kind != "plan"]
                answer = [
                    line
                    for kind in kinds
                    for each in till.all(kind).values()
                    for line in misshapen(kind, each)
                ] + [line for event in self.events for line in misshapen("event", event)]
        return web.json_response(answer)


def _json(status: int, body: Json) -> web.Response:
    return web.Response(status=status, body=json.dumps(body).encode(), content_type="application/json")


def _lost(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _page_of(kind: str, till: Till) -> Callable[[web.Request, Json], Json]:
    def work(request: web.Request, form: Json) -> Json:
        found = list(reversed(till.all(kind).values()))
        for name in ("customer", "payment_intent"):
            if name in request.query:
                found = [each for each in found if each.get(name) == request.query[name]]
        if since := request.query.get("created[gte]"):
            found = [each for each in found if each["created"] >= int(since)]
        names = [each["id"] for each in found]
        after = request.query.get("starting_after")
        start = names.index(after) + 1 if after in names else 0
        limit = int(request.query.get("limit", 10))
        data = [dict(each) for each in found[start : start + limit]]
        if any(
            "payment_intent" in value for name, value in request.query.items() if name.startswith("expand")
        ):
            for each in data:
                if each.get("payment_intent"):
                    each["payment_intent"] = till.get("payment_intent", each["payment_intent"])
        return {"object": "list", "data": data, "has_more": start + limit < len(found), "url": request.path}

    return work


def _session(till: Till) -> Callable[[web.Request, Json], Json]:
    def work(request: web.Request, form: Json) -> Json:
        session = dict(till.get("checkout.session", request.match_info["id"]))
        if session["payment_intent"] and "payment_intent" in request.query_string:
            session["payment_intent"] = till.get("payment_intent", session["payment_intent"])
        return session

    return work


def told(counter: Counter, request: web.Request) -> Json:
    """A page of events, the newest first."""
    since, after = int(request.query.get("created[gte]", 0)), request.query.get("starting_after")
    found = [each for each in reversed(counter.events) if each["created"] >= since]
    start = next((at + 1 for at, each in enumerate(found) if each["id"] == after), 0)
    data = found[start : start + int(request.query.get("limit", 10))]
    return {"object": "list", "data": data, "has_more": start + len(data) < len(found), "url": request.path}


def routes(counter: Counter) -> list[web.RouteDef]:
    """Everything the fake answers."""
    till, api = counter.till, counter.api

    def named(work: Callable[[str], Json]) -> Handler:
        return api(lambda request, form: work(request.match_info["id"]))

    async def hosted(request: web.Request) -> web.StreamResponse:
        """The hosted checkout: a button for each card."""
        name = request.match_info["id"]
        try:
            session = till.get("checkout.session", name)
            note = ""
            if request.method == "POST":
                form = await request.post()
                if form.get("card") == "cancel":
                    raise web.HTTPSeeOther(session["cancel_url"])
                intent = till.pay_session(name, str(form["card"]))
                if intent["status"] == "succeeded":
                    raise web.HTTPSeeOther(session["success_url"])
                if intent["status"] == "requires_action":
                    raise web.HTTPSeeOther(intent["next_action"]["redirect_to_url"]["url"])
                note = f"<p role=alert>{intent['last_payment_error']['message']}</p>"
        except Wrong as wrong:
            return web.Response(text=str(wrong), status=wrong.status)
        buttons = "".join(
            f'<button name="card" value="{card}" data-testid="card-{card}">{card}</button>'
            for card in [*CARDS, "cancel"]
        )
        title = f"Pay {session['amount_total'] / 100:.2f} {session['currency'].upper()} to Talktime (test)"
        return web.Response(text=PAGE.format(title=title, fields=note + buttons), content_type="text/html")

    async def bank(request: web.Request) -> web.StreamResponse:
        """The bank's page of 3-D Secure."""
        if request.method == "POST":
            form = await request.post()
            try:
                back = till.authenticate(request.match_info["id"], agreed=form.get("answer") == "agree")
            except Wrong as wrong:
                return web.Response(text=str(wrong), status=wrong.status)
            raise web.HTTPSeeOther(back)
        buttons = "".join(
            f'<button name="answer" value="{word}" data-testid="bank-{word}">{word}</button>'
            for word in ("agree", "refuse")
        )
        return web.Response(text=PAGE.format(title="Your bank", fields=buttons), content_type="text/html")

    return [
        web.post("/v1/customers", api(lambda request, form: till.make_customer(form))),
        web.post("/v1/checkout/sessions", api(lambda request, form: till.make_session(form))),
        web.get("/v1/checkout/sessions", api(_page_of("checkout.session", till))),
        web.get("/v1/checkout/sessions/{id}", api(_session(till))),
        web.post("/v1/checkout/sessions/{id}/expire", named(till.expire)),
        web.post("/v1/payment_intents", api(lambda request, form: till.make_intent(form))),
        web.get("/v1/payment_intents", api(_page_of("payment_intent", till))),
        web.get("/v1/payment_intents/{id}", named(lambda name: till.get("payment_intent", name))),
        web.post(
            "/v1/payment_intents/{id}/confirm",
            api(lambda request, form: till.confirm(request.match_info["id"], form)),
        ),
        web.post("/v1/payment_intents/{id}/cancel", named(till.cancel)),
        web.get("/v1/payment_methods/{id}", named(lambda name: till.get("payment_method", name))),
        web.post(
            "/v1/payment_methods/{id}/attach",
            api(lambda request, form: till.make_card(NAMED[request.match_info["id"]], form["customer"])),
        ),
        web.post("/v1/payment_methods/{id}/detach", named(till.detach)),
        web.get("/v1/events", api(lambda request, form: told(counter, request))),
        web.post("/v1/refunds", api(lambda request, form: till.make_refund(form))),
        web.get("/v1/refunds", api(_page_of("refund", till))),
        web.get("/v1/disputes", api(_page_of("dispute", till))),
        web.get("/c/pay/{id}", hosted),
        web.post("/c/pay/{id}", hosted),
        web.get("/acs/{id}", bank),
        web.post("/acs/{id}", bank),
        web.post("/control", counter.control),
    ]


async def serve() -> None:
    """Listen on a free port, print it, and serve until standard input closes."""
    counter = Counter()
    app = web.Application()
    runner = web.AppRunner(app, access_log=None)
    counter.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))
    counter.till = Till("", lambda: int(time.time()), counter.told)
    app.add_routes(routes(counter))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    counter.till.address = f"http://{host}:{port}"
    sys.stdout.write(f"{counter.till.address}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await counter.http.close()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve())
