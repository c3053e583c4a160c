"""What connects Talktime with other servers, made in one place: API keys, webhooks, and their couriers."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from booking.address_store import AddressStore
from metering.news import WalletLow, wallet_low
from server import logs
from server.api_keys import ApiKeys
from server.config import Config
from server.deliverer import Deliverer
from server.key_store import KeyStore
from server.keys import Keys
from server.limits import Limit
from server.vault import Vault
from server.webhook_sender import Sender
from server.webhook_store import KIND, WebhookStore
from server.webhooks import EventCourier, WebhookCourier, Webhooks
from signaling.clock import Clock, iso
from signaling.supervisor import Supervisor
from storage import announcements
from storage.database import Database
from storage.errors import StorageError

_log = logs.logger("talktime.integrations")


@dataclass(frozen=True, slots=True)
class Integrations:
    """What the API works with. `any_target`: webhooks may go to addresses inside the house."""

    keys: ApiKeys
    webhooks: Webhooks
    any_target: bool


def make_integrations(
    config: Config, clock: Clock, database: Database, keys: Keys, deliverer: Deliverer
) -> Integrations:
    """Make the parts, and register their couriers."""
    any_target = config.webhook_targets == "any"
    webhooks = Webhooks(
        WebhookStore(database), AddressStore(database), clock, Vault(keys.token_key),
        config.webhook_disable_days,
    )  # fmt: skip
    deliverer.register(announcements.KIND, EventCourier(webhooks))
    deliverer.register(KIND, WebhookCourier(webhooks, Sender(clock, any_target=any_target)))
    api_keys = ApiKeys(KeyStore(database), clock, Limit(clock, config.key_requests_per_minute, 60_000))
    return Integrations(api_keys, webhooks, any_target)


class LowWallets:
    """Announces that a wallet runs dry in a call: a fact that stands in no table of its own."""

    def __init__(self, database: Database, clock: Clock, supervisor: Supervisor) -> None:
        self._database, self._clock, self._supervisor = database, clock, supervisor

    def tell(self, wallet_id: str, call_id: str, left_ms: int) -> None:
        """See `MoneyPorts.on_low`."""
        self._supervisor.spawn(f"low:{call_id}", self._tell(WalletLow(wallet_id, call_id, left_ms)))

    async def _tell(self, data: WalletLow) -> None:
        at = iso(self._clock.wall())
        try:
            await self._database.write(lambda transaction: wallet_low(transaction, data, at))
        except (StorageError, SQLAlchemyError, sqlite3.Error) as error:
            _log.warning("a low wallet was not announced", call=data.call, error=str(error))
