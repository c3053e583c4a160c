"""Pages, assets and probes: what is served to browsers and to machines that watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from rig.house import House, open_house

from metering.errors import LedgerUnavailable
from metering.sql import SqlLedger
from server.pages import PAGES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build of the web side in small."""
    folder = tmp_path / "build"
    (folder / "assets").mkdir(parents=True)
    for file in PAGES.values():
        (folder / file).write_text(f"<!doctype html><title>{file}</title>")
    (folder / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "assets/call-BxY3k9aa.js").write_text("export {};")
    (tmp_path / "secret.txt").write_text("not for the world")
    return folder


@pytest.fixture
async def house(tmp_path: Path, build: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path / "data", web_folder=str(build)) as house:
        yield house


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "index.html"), ("/call/ada", "call.html"), ("/call/nobody-yet", "call.html"),
        ("/expert", "expert.html"), ("/operator", "operator.html"), ("/console", "expert.html"),
        ("/console/earnings", "expert.html"), ("/operator/people/sam", "operator.html"),
        ("/receipt/abc123", "receipt.html"),
    ],
)  # fmt: skip
async def test_pages(house: House, path: str, file: str) -> None:
    page = await house.ask("GET", path)
    assert page.status == 200
    assert f"<title>{file}</title>" in page.text
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Cache-Control"] == "no-cache"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    again = await house.ask("GET", path, headers={"If-None-Match": page.headers["ETag"]})
    assert again.status == 304


async def test_assets_live_for_ever(house: House) -> None:
    asset = await house.ask("GET", "/assets/call-BxY3k9aa.js")
    assert (asset.status, asset.text) == (200, "export {};")
    assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "javascript" in asset.headers["Content-Type"]
    icon = await house.ask("GET", "/favicon.svg")
    assert (icon.status, icon.headers["Content-Type"]) == (200, "image/svg+xml")


@pytest.mark.parametrize(
    "path",
    [
        "/assets/", "/assets/missing.js", "/assets/..%2f..%2fsecret.txt", "/assets/%2e%2e/%2e%2e/secret.txt",
        "/..%2fsecret.txt", "/call/", "/call/a/b", "/robots.txt", "/index.html",
    ],
)  # fmt: skip
async def test_nothing_else_is_served(house: House, path: str) -> None:
    for accept in ("text/html", "*/*"):
        missing = await house.ask("GET", path, headers={"Accept": accept})
        assert missing.status == 404
        assert "not for the world" not in missing.text
    assert "There is nothing here" in (await house.ask("GET", path, headers={"Accept": "text/html"})).text


async def test_without_a_build_it_is_said_what_to_do(tmp_path: Path) -> None:
    async with open_house(tmp_path / "data", web_folder=str(tmp_path / "nothing")) as house:
        page = await house.ask("GET", "/call/ada", headers={"Accept": "text/html"})
        assert page.status == 503
        assert "The web side is not built" in page.text
        assert "make run" in page.text
        assert (await house.ask("GET", "me", house.sam)).status == 200


async def test_health_and_readiness(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await house.ask("GET", "/healthz")).body == {"status": "alive"}
    assert (await house.ask("GET", "/readyz")).body == {"status": "ready"}

    async def full(_self: object, _beat: object) -> None:
        raise LedgerUnavailable

    ledger = house.services.ledger
    monkeypatch.setattr(SqlLedger, "beat", full)
    assert ledger.wrote_ms is not None
    ledger.wrote_ms -= 60_000
    broken = await house.ask("GET", "/readyz")
    assert (broken.status, broken.body) == (503, {"status": "database"})
    assert (await house.ask("GET", "/healthz")).status == 200

    monkeypatch.undo()
    async with asyncio.timeout(20):
        while (await house.ask("GET", "/readyz")).status != 200:  # noqa: ASYNC110 - it is asked for over HTTP
            await asyncio.sleep(0.05)


async def test_a_server_that_was_fenced_is_not_ready(house: House) -> None:
    house.life.fenced()
    fenced = await house.ask("GET", "/readyz")
    assert (fenced.status, fenced.body) == (503, {"status": "failed"})
    assert house.life.stop_asked.is_set()


async def test_a_heart_that_crashed_stops_the_server(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def crash(_self: object, _beat: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(SqlLedger, "beat", crash)
    async with asyncio.timeout(20):
        await house.life.stop_asked.wait()
    assert house.life.failed
    assert "the heartbeat crashed" in house.log.getvalue()


async def test_a_server_that_stops_is_not_ready(house: House) -> None:
    await house.life.stop_calls()
    stopping = await house.ask("GET", "/readyz")
    assert (stopping.status, stopping.body) == (503, {"status": "stopping"})


async def samples(house: House) -> dict[tuple[str, str], float]:
    """Value by (name, label values joined)."""
    text = (await house.ask("GET", "/metrics")).text
    return {
        (sample.name, ",".join(str(value) for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_metrics_tell_what_happens(house: House) -> None:
    talk = await house.talk()
    await house.ask("GET", "calls/" + "z" * 20, house.sam)
    during = await samples(house)
    assert during["talktime_ready", ""] == 1
    assert during["talktime_calls_live", ""] == 1
    assert during["talktime_meters", "running"] == 1
    assert during["talktime_experts_online", ""] == 1
    assert during["talktime_holds", "USD"] == 1
    assert during["talktime_held_minor", "USD"] > 0
    assert during["talktime_refusals_total", "call.unknown"] == 1
    assert during["talktime_http_requests_total", "POST,/api/v1/calls,201"] == 1
    assert during["talktime_ledger_seconds_count", "extend"] >= 1
    assert during["talktime_database_total", "commits"] >= 1

    await talk.hang_up()
    await asyncio.sleep(0)
    after = await samples(house)
    assert after["talktime_calls_live", ""] == 0
    assert after["talktime_meters", "running"] == 0
    assert after["talktime_calls_ended_total", "payer_left"] == 1
    assert ("talktime_holds", "USD") not in after


async def test_every_metric_is_in_the_documents(house: House) -> None:
    text = (ROOT / "docs/operations.md").read_text()
    names = house.services.metrics.names()
    assert len(names) > 20
    assert [name for name in names if f"`{name}`" not in text] == []


async def test_routes_of_strangers_do_not_become_labels(house: House) -> None:
    for number in range(20):
        await house.ask("GET", f"/made-up-{number}")
        await house.ask("GET", f"calls/made-up-{number}", house.sam)
    routes = {labels for (name, labels) in await samples(house) if name == "talktime_http_requests_total"}
    assert not any("made-up" in route for route in routes)
