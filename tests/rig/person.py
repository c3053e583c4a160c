"""A person at a headless Chromium: opens a link, and tells what the browser sees, hears and sends.

Every person has a browser process of their own (a browser can be killed) with a camera of their own. WebRTC
is watched from inside the page by standing between it and `RTCPeerConnection`; the page does not know.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, Playwright, Request
from rig.server import wait_until

CHROMIUM = shutil.which(os.environ.get("TEST_CHROMIUM", "chromium")) or "chromium"
QUIET = [
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--auto-select-desktop-capture-source=Entire screen",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--metrics-recording-only",
    "--no-first-run",
    "--mute-audio",
]
# Chromium heeds this switch once, so what Playwright switches off is said again. Ours are the two pages that
# every window loads for its address bar: nobody sees them, and each costs as much as a page of Talktime.
WITHOUT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding",
    "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin",
    "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup",
)  # fmt: skip
QUIET.append(f"--disable-features={','.join(WITHOUT)}")
TIMEOUT_MS = 30_000

# Keeps every RTCPeerConnection of the page, the newest last.
WATCH = """
(() => {
  const Native = window.RTCPeerConnection;
  window.__peers = [];
  window.RTCPeerConnection = class extends Native {
    constructor(...parameters) { super(...parameters); window.__peers.push(this); }
  };
})();
"""

STATS = """
async () => {
  const peer = (window.__peers ?? []).filter((each) => each.connectionState !== 'closed').at(-1);
  const sum = { state: peer?.connectionState ?? 'none', decoded: 0, heard: 0, energy: 0, sentVideo: 0,
                sentAudio: 0, videos: 0, codecs: [], sentCodecs: [], received: 0, lost: 0,
                peers: window.__peers.length };
  if (!peer) return sum;
  const report = await peer.getStats();
  for (const each of report.values()) {
    const codec = each.codecId ? report.get(each.codecId)?.mimeType : undefined;
    if (each.type === 'inbound-rtp' && each.kind === 'video') {
      sum.decoded += each.framesDecoded ?? 0;
      if (each.framesDecoded) sum.videos += 1;
      if (codec) sum.codecs.push(codec);
    }
    if (each.type === 'inbound-rtp' && each.kind === 'audio') {
      sum.heard += each.packetsReceived ?? 0;
      sum.energy += each.totalAudioEnergy ?? 0;
    }
    if (each.type === 'inbound-rtp') {
      sum.received += each.packetsReceived ?? 0;
      sum.lost += each.packetsLost ?? 0;
    }
    if (each.type === 'outbound-rtp' && each.kind === 'video') {
      sum.sentVideo += each.framesEncoded ?? 0;
      if (codec) sum.sentCodecs.push(codec);
    }
    if (each.type === 'outbound-rtp' && each.kind === 'audio') sum.sentAudio += each.packetsSent ?? 0;
  }
  return sum;
}
"""

UFRAGS = """
() => (window.__peers ?? []).map((each) => /a=ice-ufrag:(\\S+)/.exec(each.localDescription?.sdp ?? '')?.[1])
  .filter((each) => each)
"""

NEXT_FRAME = """
(video) => new Promise((resolve, reject) => {
  setTimeout(() => reject(new Error('no frame was shown')), 20000);
  video.requestVideoFrameCallback(() => resolve([video.videoWidth, video.videoHeight]));
})
"""


@dataclass(frozen=True, slots=True)
class Stats:
    """What the newest connection of the page has done so far."""

    state: str
    decoded: int
    heard: int
    energy: float
    sentVideo: int  # noqa: N815 - the page's words
    sentAudio: int  # noqa: N815
    videos: int
    codecs: list[str]
    sentCodecs: list[str]  # noqa: N815
    received: int
    lost: int
    peers: int


@dataclass(slots=True)
class Chromium:
    """One browser process."""

    browser: Browser
    mark: str

    @property
    def pid(self) -> int:
        """The process id of the browser itself (not of its renderers)."""
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError):
                    line = (folder / "cmdline").read_bytes()
                    if self.mark.encode() in line and b"--type=" not in line:
                        return int(folder.name)
        raise AssertionError("the browser does not run")

    def kill(self) -> None:
        """SIGKILL: nothing in the page gets to say goodbye."""
        os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """End it, also when it was killed before."""
        with contextlib.suppress(Error):
            self.browser.close()


def launch(
    playwright: Playwright, *, camera: Path | None = None, devices: bool = True, consent: bool = True
) -> Chromium:
    """Start a Chromium. Without `devices` it has no camera, without `consent` it refuses what there is."""
    mark = f"--talktime-mark={uuid.uuid4().hex}"
    flags = [*QUIET, mark]
    if devices:
        flags.append("--use-fake-device-for-media-stream")
    if consent:
        flags.append("--use-fake-ui-for-media-stream")
    if camera is not None:
        flags.append(f"--use-file-for-fake-video-capture={camera}")
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM,
        headless=not os.environ.get("TEST_HEADED"),
        args=flags,
        chromium_sandbox=os.geteuid() != 0,
    )
    return Chromium(browser, mark)


class Person:
    """One page of one person."""

    def __init__(self, chromium: Chromium, name: str, **options: Any) -> None:
        self.chromium = chromium
        self.name = name
        options.setdefault("viewport", {"width": 1280, "height": 800})
        self.context: BrowserContext = chromium.browser.new_context(**options)
        self.context.add_init_script(WATCH)
        self.context.set_default_timeout(TIMEOUT_MS)
        self.errors: list[str] = []
        self.calls: list[str] = []
        self._ufrags: list[str] = []
        self.page: Page = self.new_page()

    def new_page(self) -> Page:
        """Another tab of the same person (the same storage)."""
        page = self.context.new_page()
        page.on("request", self._note_call)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console",
            lambda line: self.errors.append(line.text) if "Content Security Policy" in line.text else None,
        )
        return page

    def _note_call(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/api/v1/calls"):
            call_id = request.post_data_json["id"]
            if call_id not in self.calls:
                self.calls.append(call_id)

    def close(self) -> None:
        """Close all tabs. Idempotent."""
        with contextlib.suppress(Error):
            self.context.close()

    def open(self, link: str) -> None:
        """Open a link."""
        self.page.goto(link)

    def see(self, testid: str) -> Locator:
        """The element with this data-testid, shadow roots included."""
        return self.page.get_by_test_id(testid)

    def wait(self, testid: str, timeout_s: float = TIMEOUT_MS / 1000) -> Locator:
        """Wait until the element is visible."""
        found = self.see(testid).first
        found.wait_for(state="visible", timeout=timeout_s * 1000)
        return found

    def click(self, testid: str) -> None:
        """Click it as soon as that is possible."""
        self.see(testid).first.click()

    # --- media ---

    def stats(self) -> Stats:
        """Counters of the page's newest connection."""
        return Stats(**self.page.evaluate(STATS))

    def ufrags(self) -> list[str]:
        """The ICE user fragments of every connection this person made, as far as they were asked for."""
        with contextlib.suppress(Error):
            for fragment in self.page.evaluate(UFRAGS):
                if fragment not in self._ufrags:
                    self._ufrags.append(fragment)
        return self._ufrags

    def wait_connected(self, timeout_s: float = 30.0) -> None:
        """Wait until the newest connection says so."""
        wait_until(lambda: self.stats().state == "connected", f"{self.name} is connected", timeout_s)

    def wait_frame(self, tile: str = "tile-remote") -> tuple[int, int]:
        """Wait until a frame of the first remote picture was shown; its size in pixels."""
        video = self.see(tile).first.locator("video").first
        video.wait_for(state="visible")
        width, height = video.evaluate(NEXT_FRAME)
        return width, height

    def wait_media(self, frames: int = 10, timeout_s: float = 30.0) -> Stats:
        """Wait until connected, a remote frame was shown, and decoded frames and heard packets grow."""
        return self.wait_grown(self.wait_first_media(timeout_s), frames, timeout_s)

    def wait_first_media(self, timeout_s: float = 30.0) -> Stats:
        """Wait until connected and a remote frame was shown."""
        self.wait_connected(timeout_s)
        self.ufrags()
        self.wait_frame()
        return self.stats()

    def wait_grown(self, before: Stats, frames: int = 10, timeout_s: float = 30.0) -> Stats:
        """Wait until so many more frames were decoded, and packets heard."""

        def grown() -> Stats | None:
            now = self.stats()
            if now.peers != before.peers:
                return now if now.decoded >= frames and now.heard > 10 else None
            return now if now.decoded >= before.decoded + frames and now.heard > before.heard + 10 else None

        found: Stats = wait_until(grown, f"{self.name} sees and hears the other", timeout_s)
        return found

    def rest(self, seconds: float) -> None:
        """Let time pass while the page lives on."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.page.wait_for_timeout(min(left, 0.5) * 1000)
