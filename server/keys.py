"""The server's keys: made on the first start, kept in one file that only its owner may read.

`token_key` (32 bytes) signs login and join tokens with HMAC-SHA-256; `receipt_key` (32 bytes) is the Ed25519
seed that signs receipts. Losing the file voids all links and makes new receipts verify under a new key.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

import msgspec

from server.errors import StartError

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """Never logged: the fields are left out of the representation."""

    token_key: bytes
    receipt_key: bytes

    def __repr__(self) -> str:
        return "Keys(...)"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token_key: str
    receipt_key: str


def load_or_make(path: Path) -> Keys:
    """Read the keys, or make them with mode 0600. Raises `StartError("keys.unusable")`."""
    with contextlib.suppress(FileExistsError):
        _make(path)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        raw = path.read_bytes()
    except OSError as error:
        raise StartError("keys.unusable", f"{path}: the keys cannot be read ({error.strerror})") from error
    if mode & 0o077:
        raise StartError("keys.unusable", f"{path}: the keys can be read by others; chmod 600 it")
    try:
        file = msgspec.json.decode(raw, type=_File)
        keys = Keys(base64.b64decode(file.token_key), base64.b64decode(file.receipt_key))
    except (msgspec.MsgspecError, ValueError) as error:
        raise StartError("keys.unusable", f"{path}: is not a file of keys") from error
    if len(keys.token_key) != KEY_BYTES or len(keys.receipt_key) != KEY_BYTES:
        raise StartError("keys.unusable", f"{path}: the keys have the wrong length")
    return keys


def _make(path: Path) -> None:
    """Write new keys whole or not at all: a crash half way leaves no torn file behind the real name."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    made = {
        name: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() for name in _File.__struct_fields__
    }
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(made) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        draft.unlink()
