"""Calls that are over: straight into the house's ledger, so that no test waits while money is earned."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from rig.house import House
from rig.shelf import began, stopped

from metering.facts import CallTerms, Settlement
from metering.tariff import Tariff
from signaling.clock import iso
from storage.worker import Transaction


@dataclass(frozen=True, slots=True)
class Past:
    """Who talked with whom. The tariff charges exactly what it is asked to: a cent for every 250 ms."""

    payer: str = "sam"
    host: str = "ada"
    payer_name: str = "Sam"
    host_name: str = "Ada"
    offer: str = ""


async def talked(house: House, charge_minor: int, past: Past | None = None) -> str:
    """A call of yesterday's kind, settled now; returns its id."""
    past, call_id = past or Past(), secrets.token_hex(12)
    services = house.services
    ledger, now = services.ledger, iso(services.clock.wall())
    tariff = Tariff("USD", 240, host_share_bp=8_000)
    terms = CallTerms(call_id, past.payer, past.host, past.payer_name, past.host_name, tariff, now)
    assert await ledger.open_call(terms) is None
    if past.offer:
        await services.client_book.remember_offer(call_id, f"offer-{past.offer}", past.offer)
    used_ms = charge_minor * 250
    if charge_minor:
        await ledger.extend(call_id, charge_minor)
        assert await ledger.record(call_id, [began(0), stopped(used_ms, used_ms)]) is None
    account = await ledger.settle(Settlement(call_id, used_ms, "payer_left", now))
    assert account.charge_minor == charge_minor
    return call_id


async def fund(house: House, minor: int, wallet_id: str = "sam") -> None:
    """Put money into a wallet, beside what the demo gave."""
    await house.services.ledger.top_up(wallet_id, secrets.token_hex(12), minor, "test")


async def move_entries(house: House, call_id: str, at: str) -> None:
    """As if the call had been settled at another moment."""
    order = "UPDATE account_entries SET at = ? WHERE seq IN (SELECT seq FROM transfers WHERE call_id = ?)"

    def job(transaction: Transaction) -> int:
        return transaction.connection.exec_driver_sql(order, (at, call_id)).rowcount

    assert await house.services.database.write(job) > 0
