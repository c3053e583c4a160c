"""`talktime verify`: a receipt is checked from its own text alone, without network or database."""

from __future__ import annotations

import sys
from pathlib import Path

from metering.receipt import MAX_RECEIPT_BYTES, verify_receipt
from server.errors import UsageError


def verify(file: Path, trusted_key: str) -> int:
    """Print what is wrong with the receipt in `file` (`-`: standard input). 0 when it is genuine, else 1."""
    problems = verify_receipt(_read(file), trusted_key or None)
    if problems:
        sys.stdout.writelines(f"{problem}\n" for problem in problems)
        return 1
    by = "the trusted key" if trusted_key else "the key it names itself; compare it with the server's"
    sys.stdout.write(f"genuine: sums, intervals, chain and signature agree (signed by {by})\n")
    return 0


def _read(file: Path) -> bytes:
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(MAX_RECEIPT_BYTES + 1)
        with file.open("rb") as stream:
            return stream.read(MAX_RECEIPT_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
