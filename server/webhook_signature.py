"""Signatures of webhooks, after the Standard Webhooks specification (symmetric, version 1).

What is signed is `{id}.{timestamp}.{body}`, with HMAC-SHA-256 under the secret's bytes. A secret is written
`whsec_` and base64. While secrets are rotated, a message carries a signature of each, parted by spaces, so
that a receiver may change over whenever it likes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """A new secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """One signature: `v1,` and base64. Raises ValueError for what is no secret."""
    if not secret.startswith(PREFIX):
        raise ValueError("a secret begins with whsec_")
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp_s, body)
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def headers(secrets_: Iterable[str], message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The headers of a message, signed with every secret that is valid now."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signature(each, message_id, timestamp_s, body) for each in secrets_),
    }
