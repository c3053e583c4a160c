"""Keys, write limits, people, problems and types: the small parts of the server."""

from __future__ import annotations

import base64
import json
import stat
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from booking.people import ADA, Rate
from server import demo, problems, typescript
from server.__main__ import main
from server.errors import StartError
from server.keys import Keys, load_or_make
from server.limits import MAX_PEOPLE, WriteLimit
from signaling.clock import HandClock
from signaling.errors import MESSAGES

ROOT = Path(__file__).resolve().parents[2]


def test_the_command_line_says_what_a_number_must_be(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ("many", "-1", "0", "1001", "1.5"):
        with pytest.raises(SystemExit) as stopped:
            main(["demo", "--clients", wrong])
        assert stopped.value.code == 2
        assert f"must be a whole number, 1 to 1000, not '{wrong}'" in capsys.readouterr().err


def test_the_command_line_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert capsys.readouterr().out == f"talktime {project['version']}\n"


# -- keys --------------------------------------------------------------------------------------------------


def test_keys_are_made_once_and_only_for_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "data" / "keys.json"
    made = load_or_make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(made.token_key) == len(made.receipt_key) == 32
    assert made.token_key != made.receipt_key
    assert load_or_make(path) == made
    assert [each.name for each in path.parent.iterdir()] == ["keys.json"], "no draft is left behind"


def test_keys_are_not_shown() -> None:
    assert "secret" not in repr(Keys(b"secret" * 6, b"secret" * 6))


def test_keys_that_others_can_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    load_or_make(path)
    path.chmod(0o640)
    with pytest.raises(StartError, match="can be read by others"):
        load_or_make(path)


@pytest.mark.parametrize(
    "text",
    ["", "{}", '{"token_key":"AA==","receipt_key":"AA=="}', '{"token_key":"!","receipt_key":"!"}', "\0" * 9],
)
def test_damaged_keys_are_refused_and_not_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(StartError) as raised:
        load_or_make(path)
    assert raised.value.code == "keys.unusable"
    assert path.read_text() == text


def test_the_file_of_keys_is_readable_base64(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys = load_or_make(path)
    assert base64.b64decode(json.loads(path.read_text())["token_key"]) == keys.token_key


# -- write limits ------------------------------------------------------------------------------------------


def test_a_person_may_write_so_often_and_again_later() -> None:
    clock = HandClock()
    limit = WriteLimit(clock, per_minute=60)
    assert [limit.take("sam") for _ in range(60)] == [None] * 60
    assert limit.take("sam") == 1
    assert limit.take("kim") is None, "others are not concerned"
    clock.crank(999)
    assert limit.take("sam") == 1
    clock.crank(1)
    assert limit.take("sam") is None
    assert limit.take("sam") == 1


def test_what_is_refused_costs_nothing() -> None:
    clock = HandClock()
    limit = WriteLimit(clock, per_minute=1)
    assert limit.take("sam") is None
    assert [limit.take("sam") for _ in range(100)] == [60] * 100
    clock.crank(60_000)
    assert limit.take("sam") is None


def test_the_table_is_bounded() -> None:
    limit = WriteLimit(HandClock(), per_minute=1)
    for number in range(MAX_PEOPLE + 5):
        limit.take(f"p{number}")
    assert limit.take("p0") is None, "the longest unseen was forgotten"
    assert limit.take(f"p{MAX_PEOPLE + 4}") == 60


# -- people ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""}, {"id": "a b"}, {"id": "x" * 65}, {"name": " "}, {"name": "x" * 61}, {"name": "a\nb"},
        {"slug": ""}, {"slug": "Ada"}, {"slug": "-ada"}, {"slug": "x" * 41}, {"rate": None},
        {"headline": "x" * 201}, {"rate": Rate("EUR", 1)}, {"role": "client"},
    ],
)  # fmt: skip
def test_a_profile_that_makes_no_sense_is_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        replace(ADA, **wrong)  # type: ignore[arg-type]


def test_the_demo_is_as_large_as_asked_for() -> None:
    cast = demo.people(clients=8, experts=7, price_minor=600)
    assert len({person.id for person in cast}) == 16
    experts = [person for person in cast if person.role == "expert"]
    assert [person.name for person in experts][:3] == ["Ada", "Grace", "Emmy"]
    assert {person.rate.price_minor for person in experts if person.rate} == {600}
    assert len({person.slug for person in experts}) == 7


# -- problems ----------------------------------------------------------------------------------------------


def test_every_refusal_of_signaling_has_a_kind() -> None:
    assert set(MESSAGES) - set(problems.KINDS) == set()


def test_kinds_are_refusals_in_sentences() -> None:
    for code, kind in problems.KINDS.items():
        assert 400 <= kind.status <= 599, code
        assert kind.title[0].isupper()
        assert kind.title.endswith(".")


# -- types -------------------------------------------------------------------------------------------------


def test_the_types_of_the_pages_are_current() -> None:
    for path, text in typescript.render().items():
        assert (ROOT / path).read_text() == text, f"run `talktime types`: {path} is out of date"


def test_types_are_written_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "web/src").mkdir(parents=True)
    assert main(["types", "--check", "--root", str(tmp_path)]) == 1
    assert "messages.ts is out of date" in capsys.readouterr().out
    assert main(["types", "--root", str(tmp_path)]) == 0
    assert main(["types", "--check", "--root", str(tmp_path)]) == 0
    (tmp_path / "web/src/protocol/api.ts").write_text("export {};")
    assert main(["types", "--check", "--root", str(tmp_path)]) == 1


def test_types_say_what_may_be_left_out() -> None:
    api, wire = typescript.api_ts(), typescript.messages_ts()
    assert 'readonly media?: "video" | "voice";' in api, "a client may leave out what has a default"
    assert "readonly headline: string;" in api, "the server sends everything"
    assert 'readonly type: "offer";' in wire
    assert "readonly balance_minor: number | null;" in wire
    assert "export type CallServerMessage =" in wire


def test_types_belong_into_a_tree_of_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["types", "--root", str(tmp_path)]) == 2
    assert "there is no web/src here" in capsys.readouterr().err
