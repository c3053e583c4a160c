"""Secrets that must be read again: sealed with a key of their own, derived from the server's.

AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits in front; what the secret is for is authenticated
along, so that one row's secret is no use in another's. The key comes from `token_key` by HKDF-SHA-256
(RFC 5869), so that a copy of the database without the file of keys tells nothing.
"""

from __future__ import annotations

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


class Vault:
    """Seals and opens. `key`: at least 32 random bytes, the server's secret."""

    def __init__(self, key: bytes) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"talktime vault 1").derive(key)
        self._cipher = AESGCM(derived)

    def seal(self, what: str, secret: str) -> str:
        """The sealed secret as text. `what` names its place, such as `site:abc`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret.encode(), what.encode())
        return base64.b64encode(nonce + sealed).decode()

    def open(self, what: str, sealed: str) -> str | None:
        """The secret; None when it was sealed with another key, for another place, or was changed."""
        raw = base64.b64decode(sealed)
        try:
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], what.encode()).decode()
        except InvalidTag:
            return None
