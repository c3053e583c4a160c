"""A small world of packets, loss and delay in pure time, around one `Liveness`."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from media.liveness import (
    Liveness,
    Verdict,
)

STEP_MS = 10
SWEEP_MS = 50
TICK_MS = 250


@dataclass
class World:
    """A client that sends media every 20 ms and answers probes, over a network, in steps of 10 ms."""

    media: bool = True
    answers: bool = True
    uplink: bool = True
    downlink: bool = True
    loss: float = 0.0
    delay_ms: int = 20
    seed: int = 1
    now_ms: int = 1_000_000
    live: Liveness = field(default_factory=Liveness)
    verdicts: list[Verdict] = field(default_factory=list)
    sent_ms: int = 0
    heard_ms: int = 0
    probes: int = 0
    began_ms: int = 0
    flowing: bool = False

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.flying: list[tuple[int, str, int]] = []

    def run(self, ms: int) -> None:
        for _ in range(ms // STEP_MS):
            self.now_ms += STEP_MS
            self._client()
            self._arrive()
            if self.now_ms % SWEEP_MS == 0 and self.live.probe_due(self.now_ms):
                self.live.probed(self.now_ms)
                self.probes += 1
                if self.downlink and self.chance.random() >= self.loss:
                    self.flying.append((self.now_ms + self.delay_ms, "probe", self.now_ms))
            if self.now_ms % TICK_MS == 0:
                self.live.flowed(self.now_ms, self.flowing)
                self.flowing = False
                verdict = self.live.judge(self.now_ms)
                if verdict is not None:
                    self.verdicts.append(verdict)

    def _send_up(self, what: str, when_ms: int) -> None:
        self.sent_ms = self.now_ms
        if self.uplink and self.chance.random() >= self.loss:
            self.flying.append((self.now_ms + self.delay_ms, what, when_ms))

    def _client(self) -> None:
        if self.media and self.now_ms % 20 == 0:
            self._send_up("media", self.now_ms)

    def _arrive(self) -> None:
        landed = [each for each in self.flying if each[0] <= self.now_ms]
        self.flying = [each for each in self.flying if each[0] > self.now_ms]
        for _, what, when_ms in landed:
            if what == "probe":
                if self.answers:
                    self._send_up("answer", when_ms)
                continue
            self.live.hear(self.now_ms)
            self.heard_ms = self.now_ms
            if what == "media":
                self.flowing = True
                self.live.media(self.now_ms)
            else:
                self.live.proven(when_ms)

    def states(self) -> list[str]:
        return [verdict.state for verdict in self.verdicts]


def connected(**world: object) -> World:
    """A world in which the peer has just connected."""
    made = World(**world)  # type: ignore[arg-type]
    made.run(1_500)
    assert made.states() == ["connected"]
    made.began_ms = made.verdicts.pop().at_ms
    return made
