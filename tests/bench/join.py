"""From the click on "accept" to the first remote frame, in two Chromiums on loopback. One JSON line.

`answer_to_frame` counts from the expert's click to the first frame the expert sees of the client (the whole
way: accept, join token, offer and answer, ICE, DTLS, a key frame). The client has connected while it rang.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright
from rig.camera import record
from rig.person import Person, launch
from rig.server import Server, wait_until
from rig.stage import Stage
from rig.udp_gate import GateThread

# Clicks inside the page and notes when the first frame of a new remote video was shown there.
CLICK = """
(testid) => {
  const every = function* (root) {
    for (const each of root.querySelectorAll('*')) {
      yield each;
      if (each.shadowRoot) yield* every(each.shadowRoot);
    }
  };
  const named = (name) => [...every(document)].filter((each) => each.dataset?.testid === name);
  const button = named(testid).at(0);
  window.__clicked = performance.now();
  window.__frame = null;
  button.click();
  const watched = new Set();
  const look = () => {
    for (const tile of named('tile-remote')) {
      const inside = [tile, ...every(tile.shadowRoot ?? tile)];
      const video = inside.find((each) => each.matches('video'));
      if (video && !watched.has(video)) {
        watched.add(video);
        video.requestVideoFrameCallback(() => { window.__frame ??= performance.now(); });
      }
    }
    if (window.__frame === null) setTimeout(look, 5);
  };
  look();
}
"""


def measure(stage: Stage) -> float:
    """One call; milliseconds from the expert's click to the first frame."""
    stage.ring()
    stage.expert.page.evaluate(CLICK, "accept")
    since = "window.__frame && window.__frame - window.__clicked"
    shown = wait_until(lambda: stage.expert.page.evaluate(since), "a frame is shown")
    stage.client.wait_media()
    stage.client.click("hang-up")
    stage.wait_ended()
    stage.client.click("call-again")
    stage.client.wait("start-call")
    stage.expert.wait("online")
    return float(shown)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--calls", type=int, default=10)
    calls = arguments.parse_args().calls
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        playwright = stack.enter_context(sync_playwright())
        gate = stack.enter_context(GateThread())
        server = stack.enter_context(Server(folder / "server", gate=gate, balance_minor=100_000))
        studio = launch(playwright)
        films = [record(studio.browser, folder / f"{who}.y4m", who) for who in ("sam", "ada")]
        studio.close()
        people = []
        for who, film in zip(("sam", "ada"), films, strict=True):
            chromium = launch(playwright, camera=film)
            stack.callback(chromium.close)
            people.append(Person(chromium, who))
        stage = Stage(server, gate, *people)
        stage.open_pages()
        times = [measure(stage) for _ in range(calls)]
    print(
        json.dumps(
            {
                "name": "join.answer_to_frame",
                "calls": calls,
                "p50_ms": round(statistics.median(times)),
                "p99_ms": round(max(times)),
                "min_ms": round(min(times)),
                "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            }
        )
    )


if __name__ == "__main__":
    main()
