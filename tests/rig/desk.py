"""A whole desk without a network: a hand-cranked clock, simulated media, a ledger in memory.

`DeskWorld` lets a test play the people: open pages and connections, offer, connect media, hang up. Time
passes only by `world.passes(ms)`; everything that falls due meanwhile happens at its own instant.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from media.simulated import SimulatedMediaEngine
from metering.facts import CallAccount
from metering.ledger import Ledger
from metering.memory import MemoryLedger
from metering.tariff import Tariff
from signaling.clock import HandClock
from signaling.desk import CallDesk
from signaling.errors import Refused
from signaling.heartbeat import Heart
from signaling.messages import (
    AcceptMessage,
    CallView,
    EndedMessage,
    ErrorMessage,
    LeaveMessage,
    MeterMessage,
    OfferMessage,
    PauseMessage,
    PublishLine,
    ResumeMessage,
    RoomMessage,
    WelcomeMessage,
)
from signaling.options import SignalingOptions
from signaling.people import Host, Person
from signaling.supervisor import Supervisor
from signaling.tokens import JoinClaims, JoinTokens, PresenceClaims, TokenSigner

KEY = b"k" * 32
CENT_A_SECOND = Tariff("USD", price_minor=60, per_ms=60_000)
M = TypeVar("M")
_serial = itertools.count(1)


@dataclass(eq=False)
class Line:
    """A connection that remembers what it was sent."""

    id: str = field(default_factory=lambda: f"line-{next(_serial)}")
    got: list[Any] = field(default_factory=list)
    closed: bool = False

    def send(self, message: object) -> None:
        if not self.closed:
            self.got.append(message)

    def close(self) -> None:
        self.closed = True

    def all(self, kind: type[M]) -> list[M]:
        """Every message of a type, oldest first."""
        return [message for message in self.got if isinstance(message, kind)]

    def last(self, kind: type[M]) -> M:
        """The newest message of a type."""
        return self.all(kind)[-1]

    def codes(self) -> list[str]:
        """The codes of all refusals."""
        return [message.code for message in self.all(ErrorMessage)]


class Counts:
    """Metrics that a test can read."""

    def __init__(self) -> None:
        self.counted: dict[tuple[str, ...], int] = {}

    def count(self, name: str, **labels: str) -> None:
        key = (name, *labels.values())
        self.counted[key] = self.counted.get(key, 0) + 1

    def __getitem__(self, key: tuple[str, ...]) -> int:
        return self.counted.get(key, 0)


class DeskWorld:
    """See the module."""

    def __init__(self, options: SignalingOptions | None = None, tariff: Tariff = CENT_A_SECOND) -> None:
        self.clock = HandClock()
        self.media = SimulatedMediaEngine(self.clock.now_ms)
        self.money = MemoryLedger()
        self.ledger: Ledger = self.money
        self.tariff = tariff
        self.options = options or SignalingOptions()
        self.supervisor = Supervisor()
        self.tokens = JoinTokens(TokenSigner(KEY), self.clock)
        self.counts = Counts()
        self.fenced = 0
        self.desk: CallDesk

    async def open(self, funds_minor: int = 10_000, ledger: Ledger | None = None) -> DeskWorld:
        """Start; the wallet `payer` has `funds_minor`."""
        self.ledger = ledger or self.money
        await self.money.take_over("node")
        await self.fund("payer", funds_minor)
        self.desk = CallDesk(
            self.clock, self.media, self.ledger, self.tokens, self.supervisor, self.options, self.counts,
            on_fenced=self._fenced,
        )  # fmt: skip
        return self

    def _fenced(self) -> None:
        self.fenced += 1

    async def fund(self, wallet: str, amount_minor: int) -> None:
        """Make a wallet and put money into it."""
        await self.money.open_wallet(wallet, self.tariff.currency)
        if amount_minor:
            await self.money.top_up(wallet, f"p{next(_serial)}", amount_minor, "test")

    async def passes(self, ms: int) -> None:
        """Let time pass."""
        await self.clock.drive(ms)

    def heart(self) -> Heart:
        """A heartbeat over the desk; not running."""
        return Heart(self.clock, self.money, self.desk, self._fenced, self.options, self.counts)

    # -- people --------------------------------------------------------------------------------------------

    def page(self, host: str = "host") -> Line:
        """The host opens a page."""
        token, _ = self.desk.presence_token(host)
        claims = self.tokens.admit(token)
        assert isinstance(claims, PresenceClaims)
        line = Line()
        assert self.desk.page_joined(host, line) is None
        return line

    async def ring(
        self, call: str = "call", *, payer: str = "payer", host: str = "host", media: Any = "video"
    ) -> CallView | Refused:
        """The payer calls the host."""
        return await self.desk.create(
            call, Person(payer, payer.title(), payer), Host(host, host, host.title(), self.tariff), media
        )

    async def join(self, call: str, person: str, role: Any = None) -> Line:
        """A person opens a connection to the call."""
        given = (
            self.desk.guest_token(call, person, person.title())
            if role == "guest"
            else self.desk.join_token(call, person, role)
        )
        assert not isinstance(given, Refused), given
        return await self.use(given[0])

    async def use(self, token: str) -> Line:
        """Open a connection with a token."""
        claims = self.tokens.admit(token)
        assert isinstance(claims, JoinClaims), claims
        line = Line()
        assert self.desk.join(claims, line) is None
        await self.passes(0)
        return line

    async def say(self, call: str, line: Line, message: Any) -> None:
        """Send a message and let it take effect."""
        refused = self.desk.said(call, line, message)
        assert refused is None, refused
        await self.passes(0)

    async def offer(self, call: str, line: Line, n: int = 1, *, session: str | None = None) -> str:
        """Offer mic and camera from a new peer connection (or that of `session`). Returns the peer's id."""
        mark = session or f"s{next(_serial)}"
        sdp = f"v=0\r\no=- {mark} 1 IN IP4 127.0.0.1\r\na=ice-ufrag:{mark}\r\n"
        publish = [PublishLine("0", "mic"), PublishLine("1", "camera")]
        await self.say(call, line, OfferMessage(n, sdp, publish, []))
        peer = self.media.peer_of(line.last(WelcomeMessage).you)
        assert peer is not None
        return peer

    async def up(self, call: str, line: Line) -> str:
        """Offer, and have media flow. Returns the peer's id."""
        peer = await self.offer(call, line)
        self.media.connect(peer)
        await self.passes(0)
        return peer

    async def hang_up(self, call: str, line: Line) -> None:
        await self.say(call, line, LeaveMessage())

    async def pause(self, call: str, line: Line) -> None:
        await self.say(call, line, PauseMessage())

    async def resume(self, call: str, line: Line) -> None:
        await self.say(call, line, ResumeMessage())

    async def drop(self, call: str, line: Line, *, clean: bool = True) -> None:
        """The connection is gone."""
        self.desk.dropped(call, line, clean=clean)
        await self.passes(0)

    async def ringing(self) -> tuple[Line, Line]:
        """A call that rings: the host's page and the caller's connection."""
        page = self.page()
        assert isinstance(await self.ring(), CallView)
        return page, await self.join("call", "payer")

    def freeze(self, peer_id: str) -> Callable[[], None]:
        """The peer's media stops now, and the engine has not noticed yet. Returns what lets it flow again."""
        died_ms = self.clock.now_ms()
        alive = self.media.last_alive_ms

        def last_alive_ms(asked: str) -> int | None:
            known = alive(asked)
            return known if known is None or asked != peer_id else min(known, died_ms)

        def thaw() -> None:
            self.media.last_alive_ms = alive  # type: ignore[method-assign]

        self.media.last_alive_ms = last_alive_ms  # type: ignore[method-assign]
        return thaw

    async def talking(self, call: str = "call", *, payer: str = "payer", host: str = "host") -> Talk:
        """Ring, accept, connect both: money runs from now on."""
        page = self.page(host)
        rung = await self.ring(call, payer=payer, host=host)
        assert isinstance(rung, CallView), rung
        payer_line = await self.join(call, payer)
        assert self.desk.page_said(host, page, AcceptMessage(call)) is None
        await self.passes(0)
        host_line = await self.join(call, host)
        payer_peer = await self.up(call, payer_line)
        host_peer = await self.up(call, host_line)
        talk = Talk(call, page, payer_line, host_line, payer_peer, host_peer)
        assert talk.meter.state == "running", talk.meter
        return talk

    async def account(self, call: str = "call") -> CallAccount:
        """The call's durable facts."""
        return await self.money.call(call)

    async def clean(self) -> None:
        """Nothing is left behind, and the books are in order."""
        assert await self.money.reconcile() == []
        assert len(self.desk) == 0
        assert self.media.peer_ids == ()
        assert [
            name for name in self.supervisor.names() if name.startswith(("call:", "books:", "grant:"))
        ] == []


@dataclass
class Talk:
    """A call that runs."""

    call: str
    page: Line
    payer: Line
    host: Line
    payer_peer: str
    host_peer: str

    @property
    def meter(self) -> Any:
        """What the payer last heard of the meter."""
        return [m.meter for m in self.payer.got if isinstance(m, MeterMessage | WelcomeMessage)][-1]

    @property
    def ended(self) -> EndedMessage:
        """What the payer was told at the end."""
        return self.payer.last(EndedMessage)

    @property
    def room(self) -> RoomMessage:
        """What the payer last heard of the room."""
        return self.payer.last(RoomMessage)
