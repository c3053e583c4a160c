"""The whole wiring on one page: `create_app(config)` makes every part and says who knows whom.

Order of life (server.life does it, docs/closing.md has the table): the database is opened and locked here; at
start-up the ledger takes over and settles what a crash left open, then media binds its port, then the
heartbeat begins, and only then does the server listen. It stops the other way round: no new calls and clients
are told, calls settle, media closes, storage last.
"""

from __future__ import annotations

from functools import partial
from typing import cast

from aiohttp import web

from booking.address_store import AddressStore
from booking.caps import CapStore
from booking.chat_store import ChatStore, FileStore
from booking.client_book import ClientBook
from booking.code_store import CodeStore
from booking.login_store import LoginStore
from booking.office_store import AvailabilityStore, LineStore
from booking.profile_store import ProfileStore
from booking.ratings import RatingStore
from booking.site_store import SiteStore
from booking.store import PeopleStore
from media.engine import MediaEngine
from media.options import MediaOptions
from media.simulated import SimulatedMediaEngine
from media.udp import UdpMediaEngine
from metering.adjusting import Adjustments
from metering.after_call import AfterCalls
from metering.after_letters import KIND as LETTER
from metering.entries import EntryStore
from metering.history import CallHistory
from metering.meter import MeterOptions
from metering.payment_letters import KIND as PAYMENT_LETTER
from metering.payment_store import PaymentStore
from metering.payments import PaymentProcessor
from metering.sandbox_processor import SandboxProcessor
from metering.sql import SqlLedger
from server import http, live, pages, probes, profile_page
from server.api.services import Services
from server.api.table import ROUTES
from server.attachments import Attachments, Limits
from server.audit import Audit
from server.auth import PURPOSE, Logins
from server.browser_logins import BrowserLogins
from server.call_letters import LetterCourier
from server.callback import KIND, LineCallBack, TurnCourier
from server.codes import Codes
from server.config import Config
from server.deletion import Deletions
from server.deliverer import Deliverer
from server.directory import Directory
from server.embed import PURPOSE as EMBED
from server.embed import EmbedPages, EmbedTokens
from server.file_shelf import FileShelf
from server.integrations import LowWallets, make_integrations
from server.keys import load_or_make
from server.life import Life
from server.limits import Limit, WriteLimit
from server.mail import DevelopmentMailer, Mailer, NoMailer
from server.mail_courier import KIND as MAIL
from server.mail_courier import MailCourier
from server.measured import MeasuredLedger
from server.metrics import Metrics
from server.payment_letters import PaymentLetterCourier
from server.payment_pages import PaidPage, bank_frames
from server.payment_webhook import PaymentWebhook
from server.payments import Payments
from server.photos import Darkroom
from server.real_money import checked_books
from server.receipts import Receipts
from server.smtp import SmtpMailer, SmtpOptions, Tls
from server.vault import Vault
from signaling.clock import Clock, SystemClock
from signaling.desk import CallDesk
from signaling.gateway import Gateway
from signaling.heartbeat import Heart
from signaling.office import Office, OfficeStores
from signaling.options import SignalingOptions
from signaling.quality import QualityWatch
from signaling.supervisor import Supervisor
from signaling.tokens import JoinTokens, TokenSigner
from storage.audit_log import AuditLog
from storage.database import Database
from storage.outbox import Outbox

LIFE = web.AppKey("life", Life)
SERVICES = web.AppKey("services", Services)


def create_app(config: Config, clock: Clock | None = None) -> web.Application:
    """The server, not started yet. Raises `StartError` and `StorageError` for what cannot be opened."""
    clock = clock or SystemClock()
    metrics = Metrics()
    keys = load_or_make(config.secret_path)
    database = Database.open(config.sql_url)
    ledger = MeasuredLedger(SqlLedger(database), metrics, clock)
    people, sites = PeopleStore(database), SiteStore(database)
    chats = ChatStore(database)
    supervisor = Supervisor(metrics)
    media = make_media(config, clock)
    signer = TokenSigner(keys.token_key)
    tokens = JoinTokens(signer, clock, config.join_token_s * 1000, other_purposes=(PURPOSE, EMBED))
    life = Life(config, clock, metrics, database, ledger, media, supervisor)
    outbox = Outbox(database)
    deliverer = Deliverer(outbox, clock, supervisor, metrics)
    mailer, code_store = make_mailer(config, clock), CodeStore(database)
    deliverer.register(MAIL, MailCourier(mailer))
    options = signaling_options(config)
    stores = OfficeStores(AvailabilityStore(database), LineStore(database), people, ledger)
    office = Office(clock, supervisor, stores, LineCallBack(database))
    desk = CallDesk(clock, media, ledger, tokens, supervisor, options, metrics, life.fenced,
                    LowWallets(database, clock, supervisor).tell, office, chats)  # fmt: skip
    office.attach(desk)
    darkroom = Darkroom()
    attachments = make_attachments(config, clock, database, chats, darkroom)
    origins = [config.public(config.port)] if config.public_url else None
    gateway = Gateway(desk, tokens, origins, office)
    heart = Heart(clock, ledger, desk, life.fenced, options, metrics)
    integrations = make_integrations(config, clock, database, keys, deliverer)
    services = Services(
        config=config,
        clock=clock,
        metrics=metrics,
        ledger=ledger,
        people=people,
        profiles=ProfileStore(database),
        darkroom=darkroom,
        desk=desk,
        office=office,
        logins=Logins(signer, clock, config.login_days),
        receipts=Receipts(keys.receipt_key),
        audit=Audit(ledger, clock),
        write_limit=WriteLimit(clock, config.writes_per_minute),
        visitor_limit=Limit(clock, config.starts_per_hour, 3_600_000),
        browser_logins=BrowserLogins(LoginStore(database), clock, config.login_days),
        addresses=AddressStore(database),
        mailer=mailer,
        codes=Codes(code_store, mailer, clock, keys.token_key),
        code_store=code_store,
        audit_log=AuditLog(database),
        life=life,
        outbox=outbox,
        sites=sites,
        vault=Vault(keys.token_key),
        embeds=EmbedTokens(signer, clock),
        caps=CapStore(database),
        chats=chats,
        attachments=attachments,
        after_calls=AfterCalls(database),
        ratings=RatingStore(database),
        integrations=integrations,
        database=database,
        history=CallHistory(database),
        entries=EntryStore(database),
        adjustments=Adjustments(database),
        client_book=ClientBook(database),
        deletions=Deletions(database),
        directory=Directory(database),
        let_go=gateway.let_go,
        payments=make_payments(config, clock, database, supervisor, life, desk),
    )
    frames = bank_frames(config)
    app = web.Application(middlewares=[http.shell(services, partial(pages.security_headers, frames=frames))])
    http.add_routes(app, services, ROUTES)
    probes.add_probes(app, services)
    live.LiveFeed(services).attach(app)
    add_pages(app, services, frames)
    gateway.attach(app)
    if services.payments is not None:
        app.on_startup.append(checked_books(services.payments))
    life.attach(app, desk, gateway, heart)
    life.keep_office(app, office)
    addresses = services.addresses
    for kind, courier in (
        (KIND, TurnCourier(clock, addresses, mailer, life)),
        (LETTER, LetterCourier(ledger, services.after_calls, addresses, mailer, life.public_url, database)),
        (PAYMENT_LETTER, PaymentLetterCourier(addresses, mailer, life.public_url)),
    ):
        deliverer.register(kind, courier)
    life.run_beside("outbox", deliverer.run)
    life.run_beside("quality", QualityWatch(clock, desk.quality_looks).run)
    life.run_beside("attachments", attachments.keep_tidy)
    life.run_beside("webhooks", integrations.webhooks.keep_tidy)
    if services.payments is not None:
        life.run_beside("payments", services.payments.run)
        PaymentWebhook(services.payments).attach(app)
    app[LIFE], app[SERVICES] = life, services
    return app


def add_pages(app: web.Application, services: Services, frames: str) -> None:
    """Everything that a browser opens. `frames`: what pages may show in one."""
    folder = pages.find_folder(services.config.web_folder)
    pages.add_pages(app, folder)
    EmbedPages(services.sites, services.people, services.embeds, services.life, folder, frames).attach(app)
    PaidPage(services.life, folder).attach(app)
    profile_page.ProfilePages(services, folder).attach(app)


def make_media(config: Config, clock: Clock) -> MediaEngine:
    """The media engine that the settings name."""
    if config.media == "simulated":
        return SimulatedMediaEngine(clock.now_ms, automatic=True)
    options = MediaOptions(
        host=config.udp_host,
        port=config.udp_port,
        announced_host=config.announced_host or None,
        announced_port=config.announced_port or None,
        gather_ms=config.udp_gather_ms,
    )
    return UdpMediaEngine(options, clock.now_ms)


def make_payments(
    config: Config, clock: Clock, database: Database, supervisor: Supervisor, life: Life, desk: CallDesk
) -> Payments | None:
    """Who takes payments: Stripe when there is a key; on a local server test money; else nobody."""
    processor: PaymentProcessor
    if config.stripe_key:
        # Imported when it is used: it is large.
        from metering.stripe_processor import StripeProcessor  # noqa: PLC0415

        processor = StripeProcessor(config.stripe_key, config.stripe_webhook_secret, config.stripe_address)
    elif config.is_local:
        processor = SandboxProcessor()
    else:
        return None
    store = PaymentStore(database, processor.name)
    return Payments(store, processor, clock, supervisor, life.public_url, desk.funds_arrived)


def make_attachments(
    config: Config, clock: Clock, database: Database, chats: ChatStore, darkroom: Darkroom
) -> Attachments:
    """Where the files go that people send in calls."""
    mib = 1024 * 1024
    limits = Limits(config.chat_file_mb * mib, config.chat_call_mb * mib, config.chat_keep_days)
    shelf = FileShelf(config.data_path / "files")
    return Attachments(FileStore(database), chats, shelf, darkroom, clock, limits)


def make_mailer(config: Config, clock: Clock) -> Mailer:
    """How mail leaves: by SMTP; a local server without one keeps it, to be read on the development page."""
    if config.smtp_host:
        options = SmtpOptions(
            host=config.smtp_host,
            port=config.smtp_port,
            tls=cast("Tls", config.smtp_tls),
            user=config.smtp_user,
            password=config.smtp_password,
            sender=config.mail_from,
            name="Talktime",
            ca_file=config.smtp_ca_file,
        )
        return SmtpMailer(options, clock)
    return DevelopmentMailer(clock) if config.is_local else NoMailer()


def signaling_options(config: Config) -> SignalingOptions:
    """The settings as signaling names them."""
    return SignalingOptions(
        ring_ms=config.ring_s * 1000,
        setup_ms=config.setup_s * 1000,
        gone_ms=config.gone_s * 1000,
        min_talk_ms=config.min_talk_s * 1000,
        max_guests=config.max_participants - 2,
        beat_ms=config.heartbeat_ms,
        closing_ms=config.stop_s * 500,
        meter=MeterOptions(
            min_quantum_ms=config.min_quantum_ms,
            max_quantum_ms=config.max_quantum_ms,
            warn_left_ms=config.warn_left_s * 1000,
            soft_landing_ms=config.soft_landing_s * 1000,
        ),
    )
