"""A meter with a hand-cranked clock and a wallet that answers: the shortest way to say what a call does."""

from __future__ import annotations

from metering.facts import Began, Party, Stopped
from metering.meter import (
    Action,
    AskGrant,
    Event,
    FundsArrived,
    GrantFailed,
    GrantGiven,
    MediaDown,
    MediaUp,
    Meter,
    MeterOptions,
    Record,
    Woke,
)
from metering.tariff import Tariff

ADA = Tariff("USD", 240)  # $2.40 a minute, to the millisecond: 1 cent every 250 ms


class Metered:
    """One call. `wallet_minor` is what the payer has besides the hold; time starts at 0.

    `answer_ms`: how long the ledger takes; None: it never answers by itself. Every order is kept in `log`
    with its instant.
    """

    def __init__(
        self, tariff: Tariff = ADA, wallet_minor: int = 10_000, answer_ms: int | None = 0,
        cap_minor: int | None = None, **options: int,
    ) -> None:  # fmt: skip
        self.now = 0
        self.meter = Meter(tariff, MeterOptions(**options), 0, cap_minor)
        self.wallet_minor = wallet_minor
        self.held_minor = 0
        self.sharers = 1
        self.answer_ms = answer_ms
        self.log: list[tuple[int, Action]] = []
        self._answers: list[tuple[int, int]] = []
        self._obey(self.meter.start(0))

    def tell(self, event: Event, proven_ms: int | None = None) -> list[Action]:
        """Hand in a fact now; returns what was ordered, answers of a quick ledger included."""
        seen = len(self.log)
        self._obey(self.meter.handle(event, self.now, proven_ms))
        return [action for _, action in self.log[seen:]]

    def wait(self, ms: int) -> list[Action]:
        """Let time pass, waking the meter whenever it wants; returns what was ordered."""
        seen, until = len(self.log), self.now + ms
        while (due := self._next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            if self._answers and self._answers[0][0] <= self.now:
                self.answer(self._answers.pop(0)[1])
            else:
                self._obey(self.meter.handle(Woke(), self.now))
                assert self.meter.deadline() != due, "the meter wants to be woken for ever"
        self.now = until
        return [action for _, action in self.log[seen:]]

    def connect(self) -> list[Action]:
        """Both sides deliver media from now on."""
        return [*self.up("payer"), *self.up("host")]

    def up(self, party: Party, at_ms: int | None = None) -> list[Action]:
        return self.tell(MediaUp(party, self.now if at_ms is None else at_ms))

    def down(self, party: Party, at_ms: int | None = None) -> list[Action]:
        return self.tell(MediaDown(party, self.now if at_ms is None else at_ms))

    def top_up(self, minor: int) -> list[Action]:
        self.wallet_minor += minor
        return self.tell(FundsArrived())

    def answer(self, to_minor: int) -> None:
        """The ledger answers the ask for `to_minor` now."""
        extra = max(0, min(to_minor - self.held_minor, self.wallet_minor))
        self.held_minor += extra
        self.wallet_minor -= extra
        self.tell(
            GrantGiven(
                self.held_minor,
                self.held_minor < to_minor,
                self.held_minor + self.wallet_minor,
                self.sharers,
            )
        )

    def fail(self) -> list[Action]:
        """The ledger does not answer the ask in flight."""
        return self.tell(GrantFailed())

    @property
    def used(self) -> int:
        return self.meter.reading(self.now).used_ms

    @property
    def state(self) -> str:
        return self.meter.reading(self.now).state

    @property
    def why(self) -> str:
        return self.meter.reading(self.now).why

    @property
    def events(self) -> list[Began | Stopped]:
        """What was recorded."""
        return [action.event for _, action in self.log if isinstance(action, Record)]

    @property
    def asks(self) -> list[tuple[int, int]]:
        """(instant, hold in minor units) of every ask."""
        return [(at, action.to_minor) for at, action in self.log if isinstance(action, AskGrant)]

    def ordered(self, kind: type[Action]) -> list[tuple[int, Action]]:
        """(instant, order) of one kind."""
        return [(at, action) for at, action in self.log if isinstance(action, kind)]

    def _next_due(self) -> int | None:
        due = [at for at in (self.meter.deadline(), *(at for at, _ in self._answers)) if at is not None]
        return min(due, default=None)

    def _obey(self, actions: list[Action]) -> None:
        self.log += [(self.now, action) for action in actions]
        for action in actions:
            if isinstance(action, AskGrant) and self.answer_ms == 0:
                self.answer(action.to_minor)
            elif isinstance(action, AskGrant) and self.answer_ms is not None:
                self._answers.append((self.now + self.answer_ms, action.to_minor))
