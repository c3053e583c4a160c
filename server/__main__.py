"""The command line: `talktime <command>`. docs/operations.md describes every command and exit code.

Exit codes: 0 done; 1 a check found something wrong (reconcile, verify) or the server failed while running;
2 a mistake in the command line or the settings; 3 the server or the database could not be used.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from server.errors import ServerError, StartError

if TYPE_CHECKING:
    from server.config import Config

_ABOUT = "Self-hosted real-time call server with per-second metering."
_MORE = """\
settings: TALKTIME_* in the environment, or a TOML file (--config, TALKTIME_CONFIG); the environment wins.
exit codes: 0 done, 1 a check failed, 2 wrong command line or settings, 3 port, folder or database unusable.
"""


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(
        prog="talktime",
        description=_ABOUT,
        epilog=_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"talktime {metadata.version('talktime')}")
    top.add_argument("--config", type=Path, metavar="FILE", help="TOML file with settings")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    commands.add_parser(
        "serve", help="run the server", description="Run the server until it is told to stop."
    )

    demo = commands.add_parser(
        "demo", help="run the server with demo people",
        description="Run the server with an expert, a client with a little test money and an operator, and "
        "print their links. The data is kept: a second start goes on where the first one stopped.",
    )  # fmt: skip
    demo.add_argument("--balance-minor", type=_amount, default=None, metavar="N",
                      help="test money each client starts with, in minor units (500)")  # fmt: skip
    demo.add_argument("--price-minor", type=_amount, default=None, metavar="N",
                      help="price of a minute on the first start, in minor units (240)")  # fmt: skip
    demo.add_argument("--clients", type=_count, default=1, metavar="N", help="how many clients (1)")
    demo.add_argument("--experts", type=_count, default=1, metavar="N", help="how many experts (1)")
    demo.add_argument("--json", action="store_true", help="print address and links as one line of JSON")

    commands.add_parser(
        "migrate", help="bring the database up to date",
        description="Create the database or bring it up to date. `serve` does this by itself.",
    )  # fmt: skip
    reconcile = commands.add_parser(
        "reconcile", help="check every invariant of the ledger",
        description="Check every invariant of the ledger over all data; exits 1 when one is broken.",
    )  # fmt: skip
    reconcile.add_argument(
        "--stripe", action="store_true", help="compare with Stripe, too: finds what never came"
    )
    reconcile.add_argument(
        "--days", type=_count, default=7, metavar="N", help="how far to look back there (7)"
    )
    reconcile.add_argument("--json", action="store_true", help="print the breaches as JSON")

    verify = commands.add_parser(
        "verify", help="check a receipt, offline",
        description="Check a receipt's sums, chain and signature, without network or database.",
    )  # fmt: skip
    verify.add_argument(
        "receipt", type=Path, metavar="RECEIPT.json", help="the receipt, `-` for standard input"
    )
    verify.add_argument("--public-key", default="", metavar="KEY",
                        help="the server's public key; without it the receipt's own is used")  # fmt: skip

    link = commands.add_parser(
        "link", help="print a fresh link for a person",
        description="Print a fresh link for a person; older links go on working until they expire.",
    )  # fmt: skip
    link.add_argument("person", metavar="PERSON", help="the person's id, or an expert's slug")
    link.add_argument("--to", default="", metavar="SLUG", help="for a client: the expert the link leads to")

    operator = commands.add_parser(
        "operator", help="add, remove or list operators",
        description="Say who looks after this server and signs in by mail. The server must be stopped.",
    )  # fmt: skip
    deeds = operator.add_subparsers(dest="deed", metavar="add|remove|list", required=True)
    adding = deeds.add_parser("add", help="make an operator who signs in with this address")
    adding.add_argument("address", metavar="ADDRESS")
    adding.add_argument("--name", default="Operator", metavar="NAME", help="the operator's name (Operator)")
    removing = deeds.add_parser("remove", help="take an operator's profile, address and logins away")
    removing.add_argument("address", metavar="ADDRESS")
    deeds.add_parser("list", help="print the operators")

    types = commands.add_parser(
        "types", help="write the TypeScript types of the wire",
        description="Write web/src/protocol/*.ts from the server's messages and resources.",
    )  # fmt: skip
    types.add_argument(
        "--root", type=Path, default=Path(), metavar="FOLDER", help="the repository's root (.)"
    )
    types.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when a file is out of date"
    )
    return top


def _amount(text: str) -> int:
    return _whole(text, 0, 1_000_000_000)


def _count(text: str) -> int:
    return _whole(text, 1, 1_000)


def _whole(text: str, least: int, most: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"must be a whole number, {least} to {most}, not {text!r}")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    given = parser().parse_args(arguments)
    try:
        return _command(given)
    except ServerError as error:
        # The codes of what cannot start are stable: docs/operations.md says what to do about each.
        code = f" ({error.code})" if isinstance(error, StartError) else ""
        sys.stderr.write(f"talktime: {error}{code}\n")
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain while it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _command(given: argparse.Namespace) -> int:
    # Commands are imported when they are run: `--help` and `verify` need neither web server nor database.
    if given.command == "verify":
        from server.verification import verify  # noqa: PLC0415

        return verify(given.receipt, given.public_key)
    if given.command == "types":
        from server.typescript import types_command  # noqa: PLC0415

        return types_command(given.root, check=given.check)

    from server.config import load  # noqa: PLC0415

    settings = load(os.environ, given.config)
    if given.command in {"serve", "demo"}:
        from server.serving import DemoOptions, demo, serve  # noqa: PLC0415

        return serve(settings) if given.command == "serve" else demo(settings, DemoOptions.of(given))

    if given.command == "operator":
        return _operator(settings, given)
    from server.commands import link, migrate, reconcile  # noqa: PLC0415

    runs: dict[str, Callable[[], int]] = {
        "migrate": lambda: migrate(settings),
        "reconcile": lambda: reconcile(
            settings, as_json=given.json, stripe_days=given.days if given.stripe else 0
        ),
        "link": lambda: link(settings, given.person, given.to),
    }
    return runs[given.command]()


def _operator(settings: Config, given: argparse.Namespace) -> int:
    from server import operators  # noqa: PLC0415

    match given.deed:
        case "add":
            return operators.add(settings, given.address, given.name)
        case "remove":
            return operators.remove(settings, given.address)
        case _:
            return operators.show(settings)


if __name__ == "__main__":
    sys.exit(main())
