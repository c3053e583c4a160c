"""The planted bugs stay plantable. That each is caught is shown by `make mutants`."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulation.planted import BUGS, Bug

PACKAGE = Path(__file__).parents[2] / "metering"


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name.replace(" ", "-"))
def test_it_can_be_planted(bug: Bug):
    text = (PACKAGE / bug.file).read_text(encoding="utf-8")
    assert text.count(bug.old) == 1
    compile(text.replace(bug.old, bug.new), bug.file, "exec")


def test_there_are_many_and_each_is_another():
    assert len(BUGS) >= 16
    assert len({bug.name for bug in BUGS}) == len({(bug.file, bug.old, bug.new) for bug in BUGS}) == len(BUGS)
