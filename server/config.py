"""Every setting of the server: its name, unit, bounds and default, in one place.

A setting `port` is read from the environment as TALKTIME_PORT, else from the TOML file named by --config or
TALKTIME_CONFIG as `port = 8080`, else it has its default. Reading is strict: an unknown name, a wrong type or
a value out of bounds is a `ConfigError` that names the setting and where it came from. docs/operations.md
has the table of all settings; a test compares it with this file.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from server.errors import ConfigError

PREFIX = "TALKTIME_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
# Read before there are settings: here, and where the relay's compiled part is looked for (media.bases).
NOT_SETTINGS = frozenset({CONFIG_VARIABLE, f"{PREFIX}NO_PUMP"})


def _number(default: int, about: str, unit: str, low: int, high: int) -> Any:
    meta = {"default": default, "about": about, "unit": unit, "low": low, "high": high}
    return field(default=default, metadata=meta)


def _text(default: str, about: str, *, choices: tuple[str, ...] = (), secret: bool = False) -> Any:
    meta = {"default": default, "about": about, "unit": "", "choices": choices}
    return field(default=default, metadata=meta, repr=not secret)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings. Units are in the names; money and time are integers."""

    # where people reach the server
    host: str = _text("127.0.0.1", "Address that HTTP and WebSocket listen on. `0.0.0.0` for all.")
    port: int = _number(8080, "TCP port of HTTP and WebSocket. 0 takes any free one.", "port", 0, 65_535)
    public_url: str = _text(
        "", "Address in people's browsers, without a path. Empty: `http://localhost:PORT`."
    )
    udp_host: str = _text("0.0.0.0", "IP address that media listens on.")  # noqa: S104 - media is authenticated
    udp_port: int = _number(
        8080, "UDP port of media, one for all calls. 0 takes any free one.", "port", 0, 65_535
    )
    announced_host: str = _text(
        "", "Address that browsers send media to. Empty: the one of `udp_host`, or this machine's own."
    )
    announced_port: int = _number(
        0, "UDP port that browsers send media to. 0: the port that media listens on.", "port", 0, 65_535
    )
    udp_gather_ms: int = _number(
        2, "Under load, how long media waits so that packets are handled together. 0: never.", "ms", 0, 10
    )

    # what is kept
    data_folder: str = _text("data", "Folder of the database and the keys. One server at a time.")
    database_url: str = _text("", "SQLAlchemy URL. Empty: SQLite in the data folder.")
    secret_file: str = _text("", "File of the signing keys, made on first start. Empty: in the data folder.")
    web_folder: str = _text("", "Folder of the built pages. Empty: those that came with the server.")
    node_id: str = _text("node-1", "Name of this server in the ledger; keeps its name over restarts.")

    # a call
    ring_s: int = _number(45, "How long a call rings before it ends unanswered.", "s", 1, 600)
    setup_s: int = _number(60, "How long both sides may take to connect after the answer.", "s", 1, 600)
    soft_landing_s: int = _number(
        60, "How long an exhausted call waits for a top-up, on hold and free.", "s", 1, 600
    )
    gone_s: int = _number(30, "How long a lost side may stay away before the call ends.", "s", 1, 600)
    min_talk_s: int = _number(10, "Time that a wallet must afford before a call may ring.", "s", 0, 600)
    warn_left_s: int = _number(60, "Time left at which the payer is warned.", "s", 0, 3_600)
    join_token_s: int = _number(60, "How long a join token can be used to connect.", "s", 5, 3_600)
    max_calls: int = _number(1_000, "Calls at once; the next one is refused.", "calls", 1, 100_000)
    max_participants: int = _number(6, "People in one room, payer and host included.", "people", 2, 6)

    # chat and files
    chat_file_mb: int = _number(5, "Most that one file sent in a call may have.", "MiB", 1, 50)
    chat_call_mb: int = _number(25, "Most that all files of one call may have.", "MiB", 1, 1_000)
    chat_keep_days: int = _number(30, "How long messages and files of calls are kept.", "days", 1, 3_650)
    upload_s: int = _number(120, "Time that sending a file may take.", "s", 5, 3_600)

    # the meter and the money
    min_quantum_ms: int = _number(1_000, "Least time the meter asks to be covered for.", "ms", 100, 60_000)
    max_quantum_ms: int = _number(30_000, "Most time the meter asks to be covered for.", "ms", 100, 600_000)
    heartbeat_ms: int = _number(
        250,
        "Interval of the durable proof of life; a crash costs this and 0.3 s a call at most.",
        "ms",
        50,
        10_000,
    )
    host_share_bp: int = _number(
        8_000, "The expert's share of a charge; the platform keeps the rest.", "basis points", 0, 10_000
    )

    # people and limits
    login_days: int = _number(
        30, "How long a person's link works, or a browser's login that is not used.", "days", 1, 3_650
    )
    starts_per_hour: int = _number(
        60, "Codes, guesses and new guests of one network address, each.", "requests/h", 1, 1_000_000
    )
    proxies: int = _number(
        0, "Reverse proxies before the server, whose X-Forwarded-For is believed.", "proxies", 0, 10
    )
    writes_per_minute: int = _number(60, "Writing requests of one person.", "requests/min", 1, 100_000)
    key_requests_per_minute: int = _number(600, "Requests with one API key.", "requests/min", 1, 1_000_000)
    webhook_targets: str = _text(
        "public",
        "Where webhooks may go. `any` allows private and local addresses and plain HTTP: for development.",
        choices=("public", "any"),
    )
    webhook_disable_days: int = _number(
        5, "A webhook endpoint that takes nothing for so long is disabled.", "days", 1, 365
    )
    request_s: int = _number(10, "Time an HTTP request may take before it is given up.", "s", 1, 300)
    stop_s: int = _number(10, "Time to stop in order before the process ends anyway.", "s", 1, 300)

    # mail
    smtp_host: str = _text("", "SMTP server for mail. Empty: none; a local server keeps its mail instead.")
    smtp_port: int = _number(587, "Port of the SMTP server.", "port", 1, 65_535)
    smtp_tls: str = _text(
        "starttls", "How the connection to it is encrypted.", choices=("starttls", "tls", "none")
    )
    smtp_user: str = _text("", "User name at the SMTP server. Empty: no authentication.")
    smtp_password: str = _text("", "Password at the SMTP server.", secret=True)
    smtp_ca_file: str = _text("", "Certificates the SMTP server is checked by. Empty: the system's.")
    mail_from: str = _text("", "Address that mail comes from. Needed with `smtp_host`.")

    # payments
    stripe_key: str = _text("", "Secret key of Stripe. Empty: test money, on a local server.", secret=True)
    stripe_webhook_secret: str = _text(
        "", "Signing secret of the webhook at `/webhooks/stripe`. Needed with `stripe_key`.", secret=True
    )
    stripe_address: str = _text("", "Address of Stripe's API. Empty: its own. Another one is for tests.")

    # how it runs
    media: str = _text(
        "udp", "Media engine. `simulated` has no network and is for tests.", choices=("udp", "simulated")
    )
    log_level: str = _text(
        "info", "Least severity that is logged.", choices=("debug", "info", "warning", "error")
    )
    log_format: str = _text(
        "auto",
        "`json` lines, `console` for people; `auto` by the terminal.",
        choices=("auto", "json", "console"),
    )

    def __post_init__(self) -> None:
        if self.min_quantum_ms > self.max_quantum_ms:
            raise ConfigError("min_quantum_ms must not be larger than max_quantum_ms")
        if self.smtp_host and "@" not in self.mail_from:
            raise ConfigError("mail_from must be an address when smtp_host is set")
        if self.public_url:
            _check_url(self.public_url)
        self._check_stripe()
        try:
            ipaddress.ip_address(self.udp_host)
        except ValueError:
            raise ConfigError(f"udp_host must be an IP address, not {self.udp_host!r}") from None

    def _check_stripe(self) -> None:
        """Mistakes are told by the setting's name, never with its secret."""
        if bool(self.stripe_key) != bool(self.stripe_webhook_secret):
            raise ConfigError("stripe_key and stripe_webhook_secret must be set together")
        if self.stripe_key and not self.stripe_key.startswith(
            ("sk_test_", "sk_live_", "rk_test_", "rk_live_")
        ):
            raise ConfigError("stripe_key must begin with sk_test_, sk_live_, rk_test_ or rk_live_")
        name = urlsplit(self.stripe_address).hostname or ""
        if self.stripe_address and (not is_loopback(name) or "_test_" not in self.stripe_key):
            raise ConfigError("stripe_address must be this machine's own, and stripe_key a test key")

    @property
    def data_path(self) -> Path:
        """The data folder."""
        return Path(self.data_folder).expanduser().resolve()

    @property
    def secret_path(self) -> Path:
        """The file of the signing keys."""
        return (
            Path(self.secret_file).expanduser().resolve()
            if self.secret_file
            else self.data_path / "keys.json"
        )

    @property
    def sql_url(self) -> str:
        """The database's SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{self.data_path / 'talktime.db'}"

    def public(self, port: int) -> str:
        """The address in people's browsers, without a trailing slash; `port` is the one bound."""
        return self.public_url.rstrip("/") if self.public_url else f"http://localhost:{port}"

    @property
    def is_local(self) -> bool:
        """Whether people, and the listening port, reach this machine alone: then test money is harmless."""
        return is_loopback(self.host) and (
            not self.public_url or is_loopback(urlsplit(self.public_url).hostname or "")
        )


def is_loopback(name: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(f"public_url must be http(s)://name, not {url!r}")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
        raise ConfigError(f"public_url has no path, query, fragment or user, but is {url!r}")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is documented."""

    name: str
    variable: str
    default: int | str
    unit: str
    about: str
    low: int | None
    high: int | None
    choices: tuple[str, ...]


def settings() -> Iterator[Setting]:
    """Every setting, in the order of `Config`."""
    for each in dataclasses.fields(Config):
        meta = each.metadata
        yield Setting(
            name=each.name,
            variable=PREFIX + each.name.upper(),
            default=meta["default"],
            unit=meta["unit"],
            about=meta["about"],
            low=meta.get("low"),
            high=meta.get("high"),
            choices=meta.get("choices", ()),
        )


def load(environ: Mapping[str, str], file: Path | None = None) -> Config:
    """The configuration from environment and file. Raises `ConfigError`; its text is one clear line."""
    known = {each.name: each for each in settings()}
    path = file or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    values: dict[str, int | str] = {}
    for name, raw in (_read_file(path) if path else {}).items():
        if name not in known:
            raise ConfigError(f"{path}: there is no setting {name!r}{_nearest(name, known)}")
        values[name] = _checked(known[name], raw, f"{path}: {name}")
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable in NOT_SETTINGS:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in known or variable != known[name].variable:
            raise ConfigError(f"environment: there is no setting {variable}{_nearest(name, known)}")
        values[name] = _checked(known[name], _parsed(known[name], text, variable), variable)
    return Config(**values)  # type: ignore[arg-type]


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not TOML ({error})") from error


def _parsed(setting: Setting, text: str, where: str) -> int | str:
    if isinstance(setting.default, str):
        return text.strip()
    try:
        return int(text.strip())
    except ValueError:
        raise ConfigError(f"{where} must be a whole number, not {text!r}") from None


def _checked(setting: Setting, value: Any, where: str) -> int | str:
    unit = f" {setting.unit}" if setting.unit not in {"", "port"} else ""
    if isinstance(setting.default, int):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ConfigError(f"{where} must be a whole number, not {value!r}")
        if setting.low is not None and setting.high is not None and not setting.low <= value <= setting.high:
            raise ConfigError(f"{where} must be {setting.low} to {setting.high}{unit}, not {value}")
        return value
    if not isinstance(value, str):
        raise ConfigError(f"{where} must be text, not {value!r}")
    if setting.choices and value not in setting.choices:
        raise ConfigError(f"{where} must be one of {', '.join(setting.choices)}, not {value!r}")
    return value


def _nearest(name: str, known: Mapping[str, Setting]) -> str:
    import difflib  # noqa: PLC0415 - only needed to explain a typing error

    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
