"""A fake Stripe as a process of its own, and the test's hand on it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY = "sk_test_fake"
WEBHOOK_SECRET = "whsec_test"


@dataclass(frozen=True, slots=True)
class FakeStripe:
    """Where it is, and what a test can make happen there."""

    address: str

    def do(self, what: str, **order: Any) -> Any:
        """An order to the fake: see `rig.stripe_counter.Counter.control`."""
        body = json.dumps({"do": what, **order}).encode()
        request = urllib.request.Request(
            f"{self.address}/control", data=body, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def settings(self) -> dict[str, str]:
        """What a server needs to use it."""
        return {
            "stripe_key": KEY,
            "stripe_webhook_secret": WEBHOOK_SECRET,
            "stripe_address": self.address,
        }


@contextmanager
def fake_stripe() -> Iterator[FakeStripe]:
    """Start one; it ends with the block, or with the test's process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rig.stripe_counter"],
        cwd=Path(__file__).resolve().parents[1],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert address, "the fake Stripe did not start"
        yield FakeStripe(address)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(timeout=20)
