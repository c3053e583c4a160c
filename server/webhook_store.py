"""Endpoints, deliveries and attempts in the database. Instants are wall-clock milliseconds since 1970.

An endpoint belongs to a person, or to the house (`HOUSE`, every operator). Secrets are sealed before they
come here. A deleted endpoint stays as a row for as long as its deliveries do.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import msgspec
from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, select, update
from sqlalchemy.dialects.sqlite import insert
from yarl import URL

from server.mail import Mail
from server.mail_courier import put_mail
from server.webhook_tables import webhook_attempts, webhook_deliveries, webhook_endpoints
from storage.audit_log import note
from storage.database import Database
from storage.outbox import outbox, put
from storage.worker import Transaction

HOUSE = "*"
KIND = "webhook"
EndpointState = Literal["active", "disabled", "deleted"]
DeliveryState = Literal["waiting", "delivered", "dead", "cancelled"]

_endpoints, _deliveries, _attempts = webhook_endpoints.c, webhook_deliveries.c, webhook_attempts.c


class SealedSecret(msgspec.Struct, frozen=True):
    """A secret as it is kept; `until_ms` 0: until it is rotated."""

    sealed: str
    until_ms: int = 0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that is told of events."""

    id: str
    owner: str
    made_by: str
    made_at: str
    url: str
    about: str
    events: tuple[str, ...]
    secrets: tuple[SealedSecret, ...]
    state: EndpointState = "active"
    why: str = ""
    failing_since_ms: int | None = None

    def wants(self, event_type: str) -> bool:
        """Whether it is told of events of this type; an empty choice is all of them."""
        return not self.events or event_type in self.events


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver. `status` 0: no answer came."""

    number: int
    at_ms: int
    status: int
    took_ms: int
    error: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to one endpoint, and how it went the last time (None: not tried yet)."""

    id: str
    endpoint_id: str
    event_id: str
    type: str
    body: str
    made_ms: int
    state: DeliveryState
    attempts: int
    last: Attempt | None


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be sent to endpoints: `event_id` is the header webhook-id, `body` exactly what is sent."""

    event_id: str
    type: str
    body: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Who changed an endpoint, for the audit log, and a mail that tells of it."""

    at: str
    actor: str
    action: str
    mail: Mail | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """What an attempt says of its endpoint: columns to set, and what is noted of that."""

    endpoint: Endpoint
    values: dict[str, Any]
    noted: Noted | None = None


class Order(msgspec.Struct, frozen=True):
    """What a parcel of the outbox says: send this delivery."""

    delivery: str


class WebhookStore:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- endpoints ------------------------------------------------------------------------------------------

    async def add(self, endpoint: Endpoint, limit: int) -> bool:
        """Keep a new endpoint. False when the owner has `limit` of them already."""
        row = {
            "id": endpoint.id, "owner": endpoint.owner, "made_by": endpoint.made_by,
            "made_at": endpoint.made_at, "url": endpoint.url, "about": endpoint.about,
            "events": _json(endpoint.events), "secrets": _json(endpoint.secrets),
        }  # fmt: skip
        count = select(func.count()).where(_endpoints.owner == endpoint.owner, _endpoints.state != "deleted")

        def job(transaction: Transaction) -> bool:
            if transaction.connection.execute(count).scalar_one() >= limit:
                return False
            transaction.connection.execute(webhook_endpoints.insert(), row)
            detail = {"endpoint": endpoint.id, "host": URL(endpoint.url).host or ""}
            note(transaction, endpoint.made_at, endpoint.made_by, "webhook.created", endpoint.owner, detail)
            return True

        return await self._database.write(job)

    async def of_owner(self, owner: str) -> list[Endpoint]:
        """The owner's endpoints, the oldest first."""
        wanted = select(webhook_endpoints).where(_endpoints.owner == owner, _endpoints.state != "deleted")
        rows = await self._rows(wanted.order_by(_endpoints.seq))
        return [_endpoint(row) for row in rows]

    async def endpoint(self, endpoint_id: str) -> Endpoint | None:
        """One endpoint, unless it was deleted."""
        wanted = select(webhook_endpoints).where(_endpoints.id == endpoint_id, _endpoints.state != "deleted")
        rows = await self._rows(wanted)
        return _endpoint(rows[0]) if rows else None

    async def change(self, endpoint: Endpoint, noted: Noted | None = None, **values: Any) -> None:
        """Set `state`, `why`, `secrets` or `failing_since_ms`. What waits for a disabled one is cancelled.

        The audit log and the mail go with the change, and only with a change.
        """
        if "secrets" in values:
            values["secrets"] = _json(values["secrets"])
        await self._database.write(lambda transaction: _change(transaction, endpoint, noted, values))

    # -- deliveries -----------------------------------------------------------------------------------------

    async def fan_out(self, message: Message, concerns: Sequence[str], now_ms: int) -> int:
        """Order the delivery to every endpoint that wants it: those of `concerns`, and the house's.

        Doing it again orders nothing twice. Returns how many were ordered now.
        """
        owners = [HOUSE, *concerns]
        wanted = select(webhook_endpoints).where(_endpoints.owner.in_(owners), _endpoints.state == "active")

        def job(transaction: Transaction) -> int:
            found = [_endpoint(row) for row in transaction.connection.execute(wanted)]
            return sum(
                _order(transaction, endpoint.id, message, now_ms) is not None
                for endpoint in found
                if endpoint.wants(message.type)
            )

        return await self._database.write(job)

    async def order(self, endpoint_id: str, message: Message, now_ms: int) -> str | None:
        """Order the delivery to one endpoint. Returns its id; None when it was ordered before."""
        return await self._database.write(
            lambda transaction: _order(transaction, endpoint_id, message, now_ms)
        )

    async def deliveries(self, endpoint_id: str, limit: int) -> list[Delivery]:
        """The endpoint's log, the newest first."""
        rows = await self._rows(_log().where(_deliveries.endpoint_id == endpoint_id).limit(limit))
        return [_delivery(row) for row in rows]

    async def delivery(self, delivery_id: str) -> tuple[Delivery, list[Attempt]] | None:
        """One delivery and all its attempts, the first one first."""
        rows = await self._rows(_log().where(_deliveries.id == delivery_id))
        if not rows:
            return None
        tried = select(webhook_attempts).where(_attempts.delivery_id == delivery_id)
        attempts = await self._rows(tried.order_by(_attempts.number))
        return _delivery(rows[0]), [_attempt(row) for row in attempts]

    async def replay(self, delivery_id: str) -> None:
        """Send it now, with the same webhook-id: once more when it is over, or the next attempt at once."""
        chosen = _deliveries.id == delivery_id
        again = update(webhook_deliveries).where(chosen, _deliveries.state != "waiting")
        again = again.values(state="waiting", replays=_deliveries.replays + 1)

        def job(transaction: Transaction) -> None:
            connection = transaction.connection
            connection.execute(again)
            replays = connection.execute(select(_deliveries.replays).where(chosen)).scalar_one_or_none()
            if replays is None:
                return
            key = f"{delivery_id}:{replays}"
            if not put(transaction, KIND, key, Order(delivery_id)):
                mine = and_(outbox.c.kind == KIND, outbox.c.key == key, outbox.c.state == "waiting")
                connection.execute(update(outbox).where(mine).values(due_ms=0))

        await self._database.write(job)

    async def tried(
        self, delivery_id: str, attempt: Attempt, state: DeliveryState, health: Health | None = None
    ) -> None:
        """Note an attempt (its number is given here), what became of the delivery, and of the endpoint."""

        def job(transaction: Transaction) -> None:
            counted = (
                update(webhook_deliveries)
                .where(_deliveries.id == delivery_id)
                .values(attempts=_deliveries.attempts + 1, state=state)
                .returning(_deliveries.attempts)
            )
            number = transaction.connection.execute(counted).scalar_one()
            row = {
                "delivery_id": delivery_id, "number": number, "at_ms": attempt.at_ms,
                "status": attempt.status, "took_ms": attempt.took_ms, "error": attempt.error,
                "excerpt": attempt.excerpt,
            }  # fmt: skip
            transaction.connection.execute(webhook_attempts.insert(), row)
            if health is not None:
                _change(transaction, health.endpoint, health.noted, health.values)

        await self._database.write(job)

    async def cancel(self, delivery_id: str) -> None:
        """Do not send it: its endpoint is disabled or deleted."""
        statement = update(webhook_deliveries).where(_deliveries.id == delivery_id).values(state="cancelled")
        await self._database.write(lambda transaction: transaction.connection.execute(statement).rowcount)

    async def forget(self, before_ms: int, limit: int = 1_000) -> int:
        """Drop up to `limit` deliveries that were made before and are over, with all that belongs to them."""
        old = (
            select(_deliveries.id)
            .where(_deliveries.made_ms < before_ms, _deliveries.state != "waiting")
            .limit(limit)
        )

        def job(transaction: Transaction) -> int:
            connection = transaction.connection
            ids = list(connection.execute(old).scalars())
            connection.execute(delete(webhook_attempts).where(_attempts.delivery_id.in_(ids)))
            connection.execute(delete(webhook_deliveries).where(_deliveries.id.in_(ids)))
            dead = and_(outbox.c.kind == KIND, outbox.c.state == "dead", outbox.c.ended_ms < before_ms)
            connection.execute(delete(outbox).where(dead))
            unused = ~exists().where(_deliveries.endpoint_id == _endpoints.id)
            connection.execute(delete(webhook_endpoints).where(_endpoints.state == "deleted", unused))
            return len(ids)

        return await self._database.write(job)

    async def _rows(self, statement: Any) -> list[Row[Any]]:
        return await self._database.read(lambda transaction: list(transaction.connection.execute(statement)))


def _change(
    transaction: Transaction, endpoint: Endpoint, noted: Noted | None, values: dict[str, Any]
) -> None:
    connection = transaction.connection
    mine: list[ColumnElement[bool]] = [_endpoints.id == endpoint.id, _endpoints.state != "deleted"]
    if "state" in values:
        # Two deliveries that fail at the same time must not disable, and mail, twice.
        mine.append(_endpoints.state != values["state"])
    if not connection.execute(update(webhook_endpoints).where(*mine).values(**values)).rowcount:
        return
    if values.get("state", "active") != "active":
        waiting = update(webhook_deliveries).where(
            _deliveries.endpoint_id == endpoint.id, _deliveries.state == "waiting"
        )
        connection.execute(waiting.values(state="cancelled"))
    if noted is not None:
        note(transaction, noted.at, noted.actor, noted.action, endpoint.owner, {"endpoint": endpoint.id})
        if noted.mail is not None:
            put_mail(transaction, f"{noted.action}:{endpoint.id}:{noted.at}", noted.mail)


def _order(transaction: Transaction, endpoint_id: str, message: Message, now_ms: int) -> str | None:
    delivery_id = new_id("dlv")
    row = {
        "id": delivery_id, "endpoint_id": endpoint_id, "event_id": message.event_id, "type": message.type,
        "body": message.body, "made_ms": now_ms,
    }  # fmt: skip
    made = insert(webhook_deliveries).on_conflict_do_nothing(index_elements=["endpoint_id", "event_id"])
    if transaction.connection.execute(made, row).rowcount != 1:
        return None
    put(transaction, KIND, f"{delivery_id}:0", Order(delivery_id))
    return delivery_id


def new_id(prefix: str) -> str:
    """A new id that nobody guesses."""
    return f"{prefix}_{secrets.token_hex(12)}"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        id=row.id, owner=row.owner, made_by=row.made_by, made_at=row.made_at, url=row.url, about=row.about,
        events=msgspec.json.decode(row.events, type=tuple[str, ...]),
        secrets=msgspec.json.decode(row.secrets, type=tuple[SealedSecret, ...]),
        state=cast("EndpointState", row.state), why=row.why, failing_since_ms=row.failing_since_ms,
    )  # fmt: skip


def _log() -> Any:
    last = and_(_attempts.delivery_id == _deliveries.id, _attempts.number == _deliveries.attempts)
    columns = (_attempts.number, _attempts.at_ms, _attempts.status, _attempts.took_ms, _attempts.error,
               _attempts.excerpt)  # fmt: skip
    joined = webhook_deliveries.outerjoin(webhook_attempts, last)
    return select(webhook_deliveries, *columns).select_from(joined).order_by(_deliveries.seq.desc())


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(row.number, row.at_ms, row.status, row.took_ms, row.error, row.excerpt)


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id, endpoint_id=row.endpoint_id, event_id=row.event_id, type=row.type, body=row.body,
        made_ms=row.made_ms, state=cast("DeliveryState", row.state), attempts=row.attempts,
        last=None if row.number is None else _attempt(row),
    )  # fmt: skip
