"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# No limits on wall time: a machine that is busy with something else has found no bug.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
