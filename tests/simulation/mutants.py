"""Plants each known bug into a copy of the metering package: the suite must catch it. `make mutants`.

    python tests/simulation/mutants.py [--jobs N] [--only TEXT] [TEST_PATH ...]

The suite runs on an unchanged copy, too, and must pass, for a suite that always fails catches everything.
Every bug has a process of its own; what it forks from has imported all but the code to be tested.
Exits 1 when a bug survives or can no longer be planted. Other test paths (`tests/simulation`) show what a
part of the suite catches alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

import cryptography.hazmat.primitives.asymmetric.ed25519
import hypothesis
import msgspec
import pytest
import pytest_asyncio
import sqlalchemy
from simulation.planted import BUGS, Bug

ROOT = Path(__file__).parents[2]
SUITE = (
    "tests/unit/test_metering_tariff.py",
    "tests/unit/test_metering_chain.py",
    "tests/unit/test_metering_receipt.py",
    "tests/unit/test_metering_meter.py",
    "tests/unit/test_metering_funds.py",
    "tests/unit/test_metering_cap.py",
    "tests/unit/test_metering_gifts.py",
    "tests/contract/test_ledger.py",
    "tests/contract/test_ledger_recovery.py",
    "tests/contract/test_after_calls.py",
    "tests/contract/test_after_calls_properties.py",
    "tests/simulation/test_meter_properties.py",
    "tests/simulation/test_simulation.py",
)
FIRST = {  # where a bug in this file is looked for first, so that most are found in a second
    "meter.py": SUITE[3:7], "sides.py": SUITE[3:5], "tally.py": SUITE[3:5], "credit.py": SUITE[4:6],
    "memory.py": SUITE[7:9], "progress.py": SUITE[7:9], "chain.py": SUITE[1:2], "usage.py": SUITE[1:2],
    "receipt.py": SUITE[2:3], "sql.py": SUITE[7:9], "bookkeeping.py": SUITE[7:9], "price.py": SUITE[6:7],
    "call_refunds.py": SUITE[10:11], "after_call.py": SUITE[10:11],
}  # fmt: skip
ADAPTER_LEFT_OUT = {
    "sql.py": "not memory",
    "bookkeeping.py": "not memory",
}  # elsewhere memory is the quicker one
WORLDS = "600"  # enough to meet each bug many times; what a run must reach is asserted in the full run only
OPTIONS = (
    "-x", "-q", "--tb=line", "--no-header", "-p", "no:cacheprovider",
    # Plugins that take a second to import, and that nothing here asks for.
    "-p", "no:schemathesis", "-p", "no:xdist", "-p", "no:xdist.looponfail", "-p", "no:aiohttp",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip
WRONG_COPY = 99
PRELOADED = (cryptography, hypothesis, msgspec, pytest_asyncio, sqlalchemy)


class CannotPlant(Exception):
    """The patch does not apply (any more)."""


def plant(bug: Bug | None, folder: Path) -> None:
    """Copy the package into `folder`, with the bug in it. Raises `CannotPlant`."""
    # With what is compiled already: a copy keeps its times, and the file with the bug gets another.
    shutil.copytree(ROOT / "metering", folder / "metering")
    if bug is None:
        return
    file = folder / "metering" / bug.file
    text = file.read_text(encoding="utf-8")
    if text.count(bug.old) != 1:
        raise CannotPlant(f"{bug.file} has the text to be replaced {text.count(bug.old)} times: {bug.old!r}")
    file.write_text(text.replace(bug.old, bug.new), encoding="utf-8")


@dataclass(slots=True)
class Trial:
    """One run of the suite in a child process."""

    bug: Bug | None
    folder: Path
    pid: int = 0
    begun: float = 0.0

    def start(self, paths: list[str]) -> None:
        """Fork, put the copy first on the path, run pytest."""
        self.begun = time.perf_counter()
        self.pid = os.fork()
        if self.pid:
            return
        status = 3
        try:
            with (self.folder / "output").open("wb") as output:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
            os.chdir(ROOT)
            os.environ["TALKTIME_SIM_WORLDS"] = WORLDS
            sys.path.insert(0, str(self.folder))
            first = [path for path in FIRST.get(self.bug.file if self.bug else "", ()) if path in paths]
            kept = ADAPTER_LEFT_OUT.get(self.bug.file, "not sqlite") if self.bug else ""
            # Collecting all of the suite takes longer than to find most bugs.
            status = int(pytest.main([*OPTIONS, "-k", kept, *first])) if first else int(pytest.ExitCode.OK)
            if status in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                rest = [path for path in paths if path not in first]
                status = int(pytest.main([*OPTIONS, "-k", kept, *rest]))
            tested = sys.modules["metering"].__file__ or ""
            status = status if tested.startswith(str(self.folder)) else WRONG_COPY
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def verdict(self) -> str:
        """What pytest wrote at the end: the name of the test that failed."""
        lines = (self.folder / "output").read_text(encoding="utf-8", errors="replace").splitlines()
        named = [line.split()[1] for line in lines if line.startswith(("FAILED", "ERROR"))]
        return named[0].partition("tests/")[2] if named else "\n".join(lines[-15:])


def run(trials: list[Trial], paths: list[str], jobs: int) -> list[str]:
    """Run all trials, `jobs` at a time; returns what is wrong."""
    waiting, running, wrong = list(reversed(trials)), dict[int, Trial](), list[str]()
    while waiting or running:
        while waiting and len(running) < jobs:
            trial = waiting.pop()
            trial.start(paths)
            running[trial.pid] = trial
        pid, status = os.wait()
        trial = running.pop(pid)
        code, seconds = os.waitstatus_to_exitcode(status), time.perf_counter() - trial.begun
        if trial.bug is None:
            if code != pytest.ExitCode.OK:
                wrong.append(f"the suite fails without any bug (exit {code}):\n{trial.verdict()}")
        elif code == pytest.ExitCode.TESTS_FAILED:
            print(f"  caught in {seconds:4.1f} s  {trial.bug.name}\n{'':18}{trial.verdict()}", flush=True)
        elif code == pytest.ExitCode.OK:
            wrong.append(f"survived: {trial.bug.name} ({trial.bug.file})")
        else:
            wrong.append(f"could not be tested (exit {code}): {trial.bug.name}\n{trial.verdict()}")
    return wrong


def main() -> int:
    """Plant and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=max(1, len(os.sched_getaffinity(0))))
    parser.add_argument("--only", default="", help="only bugs whose name has this text")
    parser.add_argument("paths", nargs="*", default=list(SUITE))
    arguments = parser.parse_args()
    begun = time.perf_counter()
    bugs = [bug for bug in BUGS if arguments.only in bug.name]
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="talktime-mutants-") as name:
        trials = []
        for number, bug in enumerate([None, *bugs]):
            folder = Path(name) / str(number)
            try:
                plant(bug, folder)
                trials.append(Trial(bug, folder))
            except CannotPlant as error:
                wrong.append(f"cannot be planted: {bug.name if bug else ''}: {error}")
        # The unchanged copy takes longest, so it begins.
        wrong += run(trials, arguments.paths, arguments.jobs)
    for each in wrong:
        print(each, file=sys.stderr)
    seconds = time.perf_counter() - begun
    print(f"{len(bugs) - len(wrong)} of {len(bugs)} planted bugs were caught in {seconds:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
