"""A client and an expert in two browsers, the server between them, and the gate before its media port."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rig.person import Person
from rig.server import Server, login_of, wait_until
from rig.udp_gate import GateThread

MINOR = 100


@dataclass(frozen=True, slots=True)
class Truth:
    """What the gate saw of both sides, in ms: how long both sent, and the last packet of each (wall time)."""

    together_ms: float
    ended_at: list[float]


@dataclass(slots=True)
class Stage:
    """Everything a scene needs."""

    server: Server
    gate: GateThread
    client: Person
    expert: Person

    @property
    def client_login(self) -> str:
        """The client's login token."""
        return login_of(self.server.links["client"])

    # --- scenes ---

    def open_pages(self) -> None:
        """Expert and client open their links; the expert is reachable."""
        self.expert.open(self.server.links["expert"])
        self.expert.wait("online")
        self.client.open(self.server.links["client"])
        self.client.wait("start-call")

    def ring(self, *, voice: bool = False) -> None:
        """The client calls, and it rings at the expert's."""
        if voice:
            self.client.click("voice-only")
        self.client.click("start-call")
        self.client.wait("ringing")
        self.expert.wait("incoming")

    def begin(self) -> None:
        """The client calls and the expert accepts; what comes then is the scene's matter."""
        self.open_pages()
        self.ring()
        self.expert.click("accept")

    def call(self) -> str:
        """A whole beginning: both see and hear each other and the meter runs. Returns the call's id."""
        self.begin()
        self.wait_media()
        self.wait_meter("running")
        return self.call_id

    def wait_media(self) -> None:
        """Wait until both see and hear each other."""
        begun = [(person, person.wait_first_media()) for person in (self.client, self.expert)]
        for person, before in begun:
            person.wait_grown(before)

    def wait_meter(self, state: str, why: str = "", timeout_s: float = 40.0) -> None:
        """Wait until the client's page shows that state of the meter."""
        wanted = f'[data-state="{state}"]' + (f'[data-why="{why}"]' if why else "")
        meter = self.client.page.locator(f'[data-testid="meter"]{wanted}').first
        meter.wait_for(state="visible", timeout=timeout_s * 1000)

    def wait_ended(self, person: Person | None = None, reason: str = "", timeout_s: float = 60.0) -> None:
        """Wait until the page shows the end of the call, and why."""
        person = person or self.client
        ended = person.wait("ended", timeout_s)
        if reason:
            assert ended.get_attribute("data-reason") == reason

    # --- figures ---

    @property
    def call_id(self) -> str:
        """The id of the call that the client's page made last."""
        return self.client.calls[-1]

    def figures(self) -> tuple[int, int]:
        """(used_ms, charge_minor) of the call by the ledger."""
        body = self.server.api("GET", f"/calls/{self.call_id}", login=self.client_login).body
        return body["used_ms"], body["charge_minor"]

    def shown_minor(self, person: Person | None = None) -> int:
        """The figure on the meter, in minor units."""
        text = (person or self.client).wait("meter-cost").inner_text()
        return round(float("".join(sign for sign in text if sign.isdigit() or sign == ".")) * MINOR)

    def receipt(self) -> Any:
        """The client's receipt; waits until the call is settled."""
        path = f"/calls/{self.call_id}/receipt"

        def ask() -> Any:
            reply = self.server.api("GET", path, login=self.client_login)
            return reply.body if reply.status == 200 else None

        return wait_until(ask, "the call is settled")

    def balance(self) -> tuple[int, int]:
        """(available, held) of the client's wallet."""
        wallet = self.server.wallet(self.client_login)
        return wallet["available_minor"], wallet["held_minor"]

    def truth(self) -> Truth:
        """How long both sides' packets passed the gate. Flows are told apart by the side's user fragments."""
        mine, theirs = self.spans(self.client), self.spans(self.expert)
        both = sum(
            max(0.0, min(one[1], other[1]) - max(one[0], other[0])) for one in mine for other in theirs
        )
        return Truth(both, [mine[-1][1], theirs[-1][1]])

    def spans(self, person: Person) -> list[list[float]]:
        """When the person's packets passed the gate: [first, last] without a break (ms, monotonic)."""
        names = set(person.ufrags())
        spans = sorted(span for flow in self.gate.flows() if flow["ufrag"] in names for span in flow["spans"])
        merged: list[list[float]] = []
        for span in spans:
            if merged and span[0] <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], span[1])
            else:
                merged.append(list(span))
        return merged

    def assert_receipt_adds_up(self) -> Any:
        """The receipt is consistent in itself and with the wallet; the ledger reconciles."""
        receipt = self.receipt()
        assert sum(each["duration_ms"] for each in receipt["intervals"]) == receipt["used_ms"]
        tariff = receipt["tariff"]
        price_of = receipt["billed_ms"] * tariff["price_minor"] // tariff["per_ms"]
        assert receipt["charge_minor"] <= price_of
        paid_in = receipt["topped_up_minor"] or 0
        assert receipt["balance_after_minor"] == (
            receipt["balance_before_minor"] + paid_in - receipt["charge_minor"]
        )
        available, held = self.balance()
        assert (available, held) == (receipt["balance_after_minor"], 0)
        self.server.assert_reconciled()
        return receipt


def moment_ms(at: str) -> float:
    """An ISO 8601 moment as milliseconds since the epoch."""
    return datetime.fromisoformat(at).timestamp() * 1000
