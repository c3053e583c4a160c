"""Commands that run a server: serve and demo. What people read goes to stdout, the log to stderr."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import msgspec
from aiohttp import web

from media.udp import UdpMediaEngine
from server import demo as demonstration
from server import demo_website, process
from server.app import LIFE, SERVICES
from server.config import Config
from server.errors import ConfigError
from signaling.clock import iso


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What `talktime demo` was asked for."""

    balance_minor: int | None
    price_minor: int | None
    clients: int
    experts: int
    as_json: bool

    @staticmethod
    def of(given: argparse.Namespace) -> DemoOptions:
        """From the command line."""
        return DemoOptions(given.balance_minor, given.price_minor, given.clients, given.experts, given.json)


def serve(config: Config) -> int:
    """Run until told to stop."""

    async def ready(app: web.Application) -> None:
        sys.stdout.write(f"Talktime is running on {app[LIFE].public_url()}\n")
        sys.stdout.flush()

    return process.run(config, when_ready=ready)


def demo(config: Config, options: DemoOptions) -> int:
    """Run with demo people; they are made on the first start and kept."""
    if not config.is_local:
        text = (
            "the demo gives away test money, so host and public_url must be local addresses, "
            f"not {config.host} and {config.public_url or 'none'}"
        )
        raise ConfigError(text)
    if config.stripe_key and "_test_" not in config.stripe_key[:8]:
        raise ConfigError("the demo gives away test money, so stripe_key must be a test key")
    cast = demonstration.people(options.clients, options.experts, options.price_minor)

    async def settle_in(app: web.Application) -> None:
        services = app[SERVICES]
        await demonstration.move_in(services.people, services.ledger, cast, options.balance_minor)
        await demonstration.give_addresses(services.addresses, cast, iso(services.clock.wall()))

    async def ready(app: web.Application) -> None:
        services = app[SERVICES]
        links = demonstration.links(cast, services.logins, app[LIFE].public_url())
        if options.as_json:
            media = services.life.media
            port = media.port if isinstance(media, UdpMediaEngine) else 0
            text = msgspec.json.encode(
                {"url": app[LIFE].public_url(), "udp_port": port, "links": demonstration.by_role(cast, links)}
            ).decode()
        else:
            website = await demo_website.open_beside(services)
            text = demonstration.announcement(app[LIFE].public_url(), cast, links, website)
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    return process.run(config, before_listening=settle_in, when_ready=ready)
