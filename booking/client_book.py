"""What an expert keeps about clients: private notes, and whom not to take calls from. Nobody else sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from booking.client_tables import call_offers, client_blocks, client_notes
from storage.audit_log import note
from storage.database import Database
from storage.worker import Transaction


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept about one client; `blocked_since` is empty while calls are taken."""

    note: str = ""
    blocked_since: str = ""


class ClientBook:
    """Notes and blocks by expert and client, and the offer that each call was made by."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, expert_id: str, client_ids: Sequence[str]) -> dict[str, Kept]:
        """What is kept about these clients; who is missing has neither note nor block."""
        notes, blocks = client_notes.c, client_blocks.c
        noted = select(notes.client_id, notes.text).where(
            notes.expert_id == expert_id, notes.client_id.in_(client_ids)
        )
        blocked = select(blocks.client_id, blocks.since).where(
            blocks.expert_id == expert_id, blocks.client_id.in_(client_ids)
        )

        def job(transaction: Transaction) -> dict[str, Kept]:
            texts = dict(transaction.connection.execute(noted).all())
            since = dict(transaction.connection.execute(blocked).all())
            return {each: Kept(texts.get(each, ""), since.get(each, "")) for each in {*texts, *since}}

        return await self._database.read(job)

    async def blocked(self, expert_id: str) -> list[str]:
        """Whom the expert takes no calls from, the last one first."""
        blocks = client_blocks.c
        wanted = select(blocks.client_id).where(blocks.expert_id == expert_id).order_by(blocks.since.desc())
        return await self._database.read(
            lambda transaction: list(transaction.connection.execute(wanted).scalars())
        )

    async def is_blocked(self, expert_id: str, client_id: str) -> bool:
        """Whether the expert takes no calls from this client."""
        blocks = client_blocks.c
        wanted = select(blocks.since).where(blocks.expert_id == expert_id, blocks.client_id == client_id)
        return await self._database.read(
            lambda transaction: transaction.connection.execute(wanted).first() is not None
        )

    async def write_note(self, expert_id: str, client_id: str, text: str, at: str) -> None:
        """Keep a note in place of the last one; an empty one takes it away."""
        row = insert(client_notes).values(expert_id=expert_id, client_id=client_id, text=text, changed_at=at)
        kept = row.on_conflict_do_update(
            index_elements=["expert_id", "client_id"], set_={"text": text, "changed_at": at}
        )
        mine = (client_notes.c.expert_id == expert_id) & (client_notes.c.client_id == client_id)

        def job(transaction: Transaction) -> None:
            transaction.connection.execute(kept if text else delete(client_notes).where(mine))

        await self._database.write(job)

    async def block(self, expert_id: str, client_id: str, at: str) -> None:
        """Take no more calls from this client. Once more changes nothing."""
        row = insert(client_blocks).values(expert_id=expert_id, client_id=client_id, since=at)

        def job(transaction: Transaction) -> None:
            if transaction.connection.execute(row.on_conflict_do_nothing()).rowcount:
                note(transaction, at, expert_id, "client.blocked", client_id)

        await self._database.write(job)

    async def unblock(self, expert_id: str, client_id: str, at: str) -> None:
        """Take calls from this client again."""
        mine = (client_blocks.c.expert_id == expert_id) & (client_blocks.c.client_id == client_id)

        def job(transaction: Transaction) -> None:
            if transaction.connection.execute(delete(client_blocks).where(mine)).rowcount:
                note(transaction, at, expert_id, "client.unblocked", client_id)

        await self._database.write(job)

    # -- by which offer a call was made --------------------------------------------------------------------

    async def remember_offer(self, call_id: str, offer_id: str, title: str) -> None:
        """Keep by which offer a call was made. A retry changes nothing."""
        row = insert(call_offers).values(call_id=call_id, offer_id=offer_id, title=title)
        await self._database.write(
            lambda transaction: transaction.connection.execute(row.on_conflict_do_nothing()).rowcount
        )

    async def offers_of(self, call_ids: Sequence[str]) -> dict[str, str]:
        """The titles of the offers by which these calls were made, as far as that is known."""
        columns = call_offers.c

        def job(transaction: Transaction) -> dict[str, str]:
            found: dict[str, str] = {}
            for start in range(0, len(call_ids), 500):
                some = call_ids[start : start + 500]
                wanted = select(columns.call_id, columns.title).where(columns.call_id.in_(some))
                found.update(transaction.connection.execute(wanted).all())
            return found

        return await self._database.read(job)
