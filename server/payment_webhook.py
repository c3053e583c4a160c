"""POST /webhooks/stripe: what the processor tells. Verified on the raw body, stored before it is answered.

No login: the signature is the proof. An answer other than 200 makes the processor try again later, for days;
so a ledger that does not answer loses nothing, and what cannot be verified is refused with a 400.
"""

from __future__ import annotations

from aiohttp import web

from metering.payments import BadSignature
from server import logs
from server.errors import Problem
from server.payments import Payments

PATH = "/webhooks/stripe"
MAX_BYTES = 512 * 1024
_log = logs.logger("talktime.payments")


class PaymentWebhook:
    """See the module."""

    def __init__(self, payments: Payments) -> None:
        self._payments = payments

    def attach(self, app: web.Application) -> None:
        """Add the route. Only one real processor sends events; the sandbox has no webhook."""
        if self._payments.processor.mode != "sandbox":
            app.router.add_post(PATH, self._receive)

    async def _receive(self, request: web.Request) -> web.Response:
        raw = bytearray()
        while chunk := await request.content.read(MAX_BYTES + 1 - len(raw)):
            raw += chunk
            if len(raw) > MAX_BYTES:
                raise Problem("request.too_large", f"A webhook may have {MAX_BYTES} bytes.")
        try:
            await self._payments.receive(bytes(raw), request.headers.get("Stripe-Signature", ""))
        except BadSignature as error:
            _log.warning("a webhook that is not the processor's", why=str(error))
            raise Problem("webhook.signature") from None
        return web.json_response({"received": True})
