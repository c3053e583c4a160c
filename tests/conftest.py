"""What holds for every test."""

from __future__ import annotations

import signal
from types import FrameType

from hypothesis import HealthCheck, settings

# No limits on wall time: a machine that is busy with something else has found no bug.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_configure() -> None:
    """A run that is told to end takes its servers and browsers along, as one that is interrupted does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
