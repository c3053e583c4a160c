"""What a page promises is what the meter charges: both agree with one list of examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from metering.tariff import Tariff

FILE = Path(__file__).parents[2] / "web/test/tariff-vectors.json"
VECTORS = [
    (vector["tariff"], used_ms, charge_minor)
    for vector in json.loads(FILE.read_text())["vectors"]
    for used_ms, charge_minor in vector["charges"]
]


def test_there_is_something_to_compare() -> None:
    assert len(VECTORS) > 25


@pytest.mark.parametrize(("tariff", "used_ms", "charge_minor"), VECTORS)
def test_the_meter_charges_what_the_pages_promise(
    tariff: dict[str, int], used_ms: int, charge_minor: int
) -> None:
    assert Tariff(**tariff).charge(used_ms) == charge_minor  # type: ignore[arg-type]
