"""The benchmarks run, in small, and say what they measured by the names that later runs are compared by."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[1] / "bench"
PATHS = f"{BENCH.parents[1]}:{BENCH.parent}"

CASES = {
    "media": (
        ("--rooms", "1", "--seconds", "1", "--warm", "0.5"),
        {"name", "rooms", "pps", "us_per_packet", "p50_us", "p99_us", "kb_per_room", "cpu_ms_per_join"},
    ),
    "meter": (
        ("--calls", "40", "--ramp", "1", "--seconds", "2"),
        {"name", "calls", "cpu_share", "lateness_p99_ms"},
    ),
    "ledger": (
        ("--seconds", "0.2"),
        {"name", "backend", "concurrency", "ops_per_s", "p99_ms"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_benchmark_says_what_it_measured(name: str) -> None:
    options, wanted = CASES[name]
    ran = subprocess.run(
        [sys.executable, "-P", BENCH / f"{name}.py", *options],
        env={"PYTHONPATH": PATHS, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    lines: list[dict[str, Any]] = [json.loads(line) for line in ran.stdout.splitlines()]
    assert lines
    for line in lines:
        assert wanted <= line.keys()
        figures = [value for key, value in line.items() if key in wanted and isinstance(value, int | float)]
        assert all(figure > 0 for figure in figures), line
