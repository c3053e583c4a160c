"""Browsers, servers and stages for the end-to-end tests."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Playwright, sync_playwright
from rig.camera import LOOKS, WIDTH, record
from rig.person import Chromium, Person, launch
from rig.server import ROOT, Server
from rig.stage import Stage
from rig.udp_gate import GateThread

RESULTS = ROOT / "test-results"
MakeStage = Callable[..., Stage]
MakePerson = Callable[..., Person]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def cameras(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What each person's camera sees: small, for encoding takes time, unless pictures are kept."""
    folder = tmp_path_factory.mktemp("cameras")
    width = WIDTH if os.environ.get("TEST_SCREENS") else WIDTH // 2
    studio = launch(playwright)
    try:
        return {who: record(studio.browser, folder / f"{who}.y4m", who, width) for who in LOOKS}
    finally:
        studio.close()


class Browsers:
    """One running Chromium a person, started anew when it was killed."""

    def __init__(self, playwright: Playwright, cameras: dict[str, Path]) -> None:
        self._playwright, self._cameras = playwright, cameras
        self._running: dict[str, Chromium] = {}

    def of(self, who: str) -> Chromium:
        chromium = self._running.get(who)
        if chromium is None or not chromium.browser.is_connected():
            chromium = self._running[who] = launch(self._playwright, camera=self._cameras[who])
        return chromium

    def close(self) -> None:
        for chromium in self._running.values():
            chromium.close()


@pytest.fixture(scope="session")
def browsers(playwright: Playwright, cameras: dict[str, Path]) -> Iterator[Browsers]:
    running = Browsers(playwright, cameras)
    yield running
    running.close()


@pytest.fixture
def people(request: pytest.FixtureRequest) -> Iterator[list[Person]]:
    """Everyone who took part; their pages are kept as pictures when the test fails."""
    everyone: list[Person] = []
    yield everyone
    if _failed(request):
        for number, person in enumerate(everyone):
            with contextlib.suppress(Error):
                person.page.screenshot(path=_result(request, f"{number}-{person.name}.png"), timeout=5_000)
    for person in everyone:
        person.close()


@pytest.fixture
def person(browsers: Browsers, people: list[Person]) -> MakePerson:
    """Make a person: `person("sam")`, with options of Playwright's contexts."""

    def make(who: str, **options: Any) -> Person:
        made = Person(browsers.of(who), who, **options)
        people.append(made)
        return made

    return make


@pytest.fixture
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start a server behind a gate: `house(balance_minor=…, soft_landing_s=…)`."""
    with contextlib.ExitStack() as stack:
        started: list[Server] = []

        def make(**settings: Any) -> Server:
            gate = stack.enter_context(GateThread())
            folder = tmp_path / f"server{len(started)}"
            started.append(stack.enter_context(Server(folder, gate=gate, **settings)))
            return started[-1]

        yield make
        if _failed(request):
            for number, server in enumerate(started):
                _result(request, f"server{number}.log").write_text(server.log())


@pytest.fixture
def stage(house: Callable[..., Server], person: MakePerson) -> MakeStage:
    """Make a stage: the server with these settings, Sam and Ada with a browser each."""

    def make(*, client: dict[str, Any] | None = None, **settings: Any) -> Stage:
        server = house(**settings)
        assert server.gate is not None
        return Stage(server, server.gate, person("sam", **(client or {})), person("ada"))

    return make


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


def _failed(request: pytest.FixtureRequest) -> bool:
    return request.node.stash.get(FAILED, False)


def _result(request: pytest.FixtureRequest, name: str) -> Path:
    folder = RESULTS / re.sub(r"[^\w.-]+", "-", request.node.name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
