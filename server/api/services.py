"""What the API's handlers work with: one value, made on the wiring page (server.app)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from booking.address_store import AddressStore
from booking.caps import CapStore
from booking.chat_store import ChatStore
from booking.client_book import ClientBook
from booking.code_store import CodeStore
from booking.people import Person, Rate
from booking.profile_store import ProfileStore
from booking.ratings import RatingStore
from booking.site_store import SiteStore
from booking.store import PeopleStore
from metering.adjusting import Adjustments
from metering.after_call import AfterCalls
from metering.entries import EntryStore
from metering.history import CallHistory
from metering.tariff import Tariff
from server import views
from server.attachments import Attachments
from server.audit import Audit
from server.auth import Login, Logins
from server.browser_logins import BrowserLogins
from server.codes import Codes
from server.config import Config
from server.deletion import Deletions
from server.directory import Directory
from server.embed import EmbedTokens
from server.errors import Problem
from server.integrations import Integrations
from server.life import Life
from server.limits import Limit, WriteLimit
from server.mail import Mailer
from server.measured import MeasuredLedger
from server.metrics import Metrics
from server.payments import Payments
from server.photos import Darkroom
from server.receipts import Receipts
from server.vault import Vault
from signaling.clock import Clock
from signaling.desk import CallDesk
from signaling.office import Office
from storage.audit_log import AuditLog
from storage.database import Database
from storage.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Services:
    """Parts and settings; nothing here has a life of its own."""

    config: Config
    clock: Clock
    metrics: Metrics
    ledger: MeasuredLedger
    people: PeopleStore
    profiles: ProfileStore
    darkroom: Darkroom
    desk: CallDesk
    office: Office
    logins: Logins
    receipts: Receipts
    audit: Audit
    write_limit: WriteLimit
    visitor_limit: Limit
    browser_logins: BrowserLogins
    addresses: AddressStore
    mailer: Mailer
    codes: Codes
    code_store: CodeStore
    audit_log: AuditLog
    life: Life
    outbox: Outbox
    caps: CapStore
    chats: ChatStore
    attachments: Attachments
    payments: Payments | None
    after_calls: AfterCalls
    ratings: RatingStore
    sites: SiteStore
    vault: Vault
    embeds: EmbedTokens
    integrations: Integrations
    database: Database
    history: CallHistory
    entries: EntryStore
    adjustments: Adjustments
    client_book: ClientBook
    deletions: Deletions
    directory: Directory
    let_go: Callable[[str], None]
    """Cuts a person's connections; pages whose login is still good connect anew."""

    def check_visitor(self, what: str, address: str) -> None:
        """Raise request.rate when this network address did `what` too often."""
        wait_s = self.visitor_limit.take(f"{what}:{address}")
        if wait_s is not None:
            raise Problem("request.rate", retry_after_s=wait_s)

    async def person_of(self, person_id: str) -> Person:
        """The profile of somebody who is known to exist."""
        person = await self.people.get(person_id)
        if person is None:
            raise Problem("auth.forbidden", "This login's profile does not exist any more.")
        return person

    async def person(self, login: Login) -> Person:
        """The profile behind a login. A person that was taken out of the house may no longer do anything."""
        person = await self.people.get(login.person_id)
        if person is None or person.role != login.role:
            raise Problem("auth.forbidden", "This login's profile does not exist any more.")
        return person

    def tariff(self, expert: Person) -> Tariff:
        """What a call to this expert costs now."""
        if expert.rate is None:
            raise Problem("expert.unknown")
        return self.tariff_of(expert.rate)

    def tariff_of(self, rate: Rate) -> Tariff:
        """What a call at this rate costs, with the share that the house leaves to the expert."""
        return views.tariff_of(rate, self.config.host_share_bp)
