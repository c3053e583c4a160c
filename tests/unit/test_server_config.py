"""Settings: where they come from, what is refused, and that each is documented as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from media.bases import NO_PUMP
from server.config import CONFIG_VARIABLE, Config, load, settings
from server.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


def written(folder: Path, text: str) -> Path:
    path = folder / "talktime.toml"
    path.write_text(text)
    return path


def test_without_anything_there_are_defaults() -> None:
    assert load({}) == Config()
    assert load({"PATH": "/bin", "TALKTIMES_PORT": "1"}) == Config()


def test_what_switches_the_compiled_relay_off_is_no_setting_and_no_mistake() -> None:
    assert load({NO_PUMP: "1"}) == Config()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, 'port = 9000\nring_s = 20\nlog_level = "debug"\n')
    config = load({"TALKTIME_PORT": " 9001 ", CONFIG_VARIABLE: str(file)})
    assert (config.port, config.ring_s, config.log_level) == (9001, 20, "debug")


def test_the_file_of_the_command_line_wins_over_the_variable(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    other = written(tmp_path / "a", "port = 1\n")
    assert load({CONFIG_VARIABLE: str(other)}, written(tmp_path, "port = 2\n")).port == 2


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("TALKTIME_PORT", "eighty", "TALKTIME_PORT must be a whole number, not 'eighty'"),
        ("TALKTIME_PORT", "tcp://10.0.0.1:8080", "TALKTIME_PORT must be a whole number"),
        ("TALKTIME_PORT", "65536", "TALKTIME_PORT must be 0 to 65535, not 65536"),
        ("TALKTIME_PORT", "", "TALKTIME_PORT must be a whole number, not ''"),
        ("TALKTIME_PORT", "8080.0", "TALKTIME_PORT must be a whole number"),
        ("TALKTIME_RING_S", "0", "TALKTIME_RING_S must be 1 to 600 s, not 0"),
        ("TALKTIME_HOST_SHARE_BP", "10001", "must be 0 to 10000 basis points"),
        ("TALKTIME_LOG_LEVEL", "loud", "TALKTIME_LOG_LEVEL must be one of debug, info, warning, error"),
        ("TALKTIME_MEDIA", "tcp", "TALKTIME_MEDIA must be one of udp, simulated"),
        ("TALKTIME_PROT", "8080", "there is no setting TALKTIME_PROT (did you mean 'port'?)"),
        ("TALKTIME_port", "8080", "there is no setting TALKTIME_port"),
        ("TALKTIME_PUBLIC_URL", "talk.example.com", "public_url must be http(s)://name"),
        ("TALKTIME_PUBLIC_URL", "https://talk.example.com/calls", "public_url has no path"),
        ("TALKTIME_PUBLIC_URL", "https://me:secret@talk.example.com", "public_url has no path, query"),
        ("TALKTIME_UDP_HOST", "localhost", "udp_host must be an IP address"),
    ],
)
def test_a_bad_variable_is_named(variable: str, value: str, says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)) as raised:
        load({variable: value})
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port = '8080'", "port must be a whole number"),
        ("port = true", "port must be a whole number, not True"),
        ("port = 8080.5", "port must be a whole number"),
        ("host = 1", "host must be text, not 1"),
        ("prot = 1", "there is no setting 'prot' (did you mean 'port'?)"),
        ("[server]\nport = 1", "there is no setting 'server'"),
        ("port = ", "is not TOML"),
        ("min_quantum_ms = 20000\nmax_quantum_ms = 10000", "min_quantum_ms must not be larger"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)) as raised:
        load({}, written(tmp_path, text))
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml: cannot be read \(No such file"):
        load({}, tmp_path / "missing.toml")


@pytest.mark.parametrize(
    ("public_url", "local"),
    [
        ("", True), ("http://localhost:8080", True), ("http://127.8.0.1", True), ("http://[::1]:1", True),
        ("https://call.localhost", True), ("https://example.com", False), ("http://10.0.0.1", False),
        ("http://localhost.example.com", False), ("http://0.0.0.0", False),
    ],
)  # fmt: skip
def test_what_counts_as_local(public_url: str, local: bool) -> None:
    assert Config(public_url=public_url).is_local is local


def test_the_public_address_has_no_slash_at_its_end() -> None:
    assert Config().public(8081) == "http://localhost:8081"
    assert Config(public_url="https://talk.example.com/").public(8081) == "https://talk.example.com"


def test_defaults_are_within_their_own_bounds() -> None:
    every = list(settings())
    assert len(every) > 25
    for each in every:
        assert load({each.variable: str(each.default)} if each.default != "" else {})
        if isinstance(each.default, int):
            assert each.low is not None
            assert each.high is not None
            assert each.low <= each.default <= each.high
            assert each.unit, f"{each.name} has a unit"


def test_the_table_in_the_documents_is_right() -> None:
    rows = {}
    for line in (ROOT / "docs/operations.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 5 and cells[0].startswith("`TALKTIME_"):
            rows[cells[0].strip("`")] = cells[1:]
    for each in settings():
        default = f"`{each.default}`" if each.default != "" else "empty"
        span = (
            f"{each.low} to {each.high}"
            if each.low is not None
            else ", ".join(f"`{c}`" for c in each.choices)
        )
        assert rows.pop(each.variable) == [default, each.unit, span, each.about], each.variable
    assert rows == {}, "no setting is described that is not there"
