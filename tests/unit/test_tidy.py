"""The law is executable: where things stand, how long they are, and what must be written down."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import server
from server.config import settings
from server.problems import KINDS
from signaling import messages

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("server", "signaling", "media", "metering", "booking", "storage")
TOP_LEVEL = {
    *PACKAGES, "web", "tests", "docs", ".ci",
    "pyproject.toml", "requirements.lock", "requirements-dev.lock", "requirements-build.lock",
    "Makefile", "Dockerfile", ".dockerignore",
    "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE",
    ".editorconfig", ".gitignore", ".pre-commit-config.yaml",
}  # fmt: skip
ROOMS = {("storage", "migrations"), ("server", "api")}
TEST_KINDS = {"unit", "contract", "simulation", "integration", "faults", "e2e", "bench", "rig"}
NAMELESS = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"}
GENERATED = ("web/src/protocol/", "storage/migrations/versions/", "docs/openapi")
MAX_LINES = 450


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that git knows or would add, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    files = tuple(Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file())
    assert len(files) > 50, "git lists the files of this tree"
    return files


def texts(*suffixes: str) -> Iterator[tuple[Path, str]]:
    """The tracked text files with these endings."""
    for path in tracked():
        if path.suffix in suffixes:
            yield path, (ROOT / path).read_text(encoding="utf-8")


def test_top_level_holds_only_what_the_architecture_names() -> None:
    assert {path.parts[0] for path in tracked()} - TOP_LEVEL == set()


def test_packages_are_flat_but_for_two_rooms() -> None:
    nested = {
        path for path in tracked()
        if path.suffix == ".py" and path.parts[0] in PACKAGES and len(path.parts) > 2
    }  # fmt: skip
    assert {path.parts[:2] for path in nested} <= ROOMS


def test_tests_are_sorted_by_kind_and_are_no_packages() -> None:
    kinds = {path.parts[1] for path in tracked() if path.parts[0] == "tests" and len(path.parts) > 2}
    assert kinds <= TEST_KINDS
    assert not [path for path in tracked() if path.parts[0] == "tests" and path.name == "__init__.py"]


def test_files_are_short() -> None:
    # The catalogue of strings is a table, one entry a line: splitting it would hide what is missing.
    long = {
        str(path): count
        for path, text in texts(".py", ".ts", ".css")
        if not str(path).startswith((*GENERATED, "web/src/strings/"))
        and (count := text.count("\n")) > MAX_LINES
    }
    assert long == {}


def test_files_are_named_by_a_noun() -> None:
    assert not [path for path in tracked() if NAMELESS & set(re.split(r"[-_./]", str(path).lower()))]


def test_server_is_imported_from_this_tree() -> None:
    """A package of the same name in site-packages would shadow ours, or ours another's."""
    assert Path(server.__file__).resolve() == ROOT / "server" / "__init__.py"


def test_every_package_says_what_it_is() -> None:
    for package in PACKAGES:
        assert (ROOT / package / "__init__.py").read_text().startswith('"""'), package


def test_no_path_of_a_machine_and_no_registry_stands_in_a_file() -> None:
    # Written in pieces, for this file is searched too.
    banned = [
        "/" + "work/", "/" + "root/", "/" + "home/", "/" + "Users/", "/" + "opt/", "file:/" + "//",
        "registry.npmjs" + ".org", "files.pythonhosted" + ".org", "pypi.org/" + "simple",
    ]  # fmt: skip
    pattern = re.compile("|".join(f"(?<![\\w.-]){re.escape(each)}" for each in banned))
    # A container has paths of its own.
    allowed = {Path("Dockerfile"), Path("docs/operations.md")}
    found = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path in tracked()
        if path not in allowed and path.suffix not in {".png", ".ico", ".woff2", ".webp"}
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{path}: {target}"
        for path, text in texts(".md")
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
        if "://" not in target and not (ROOT / path.parent / target).exists()
    ]
    assert broken == []


def test_make_targets_that_documents_name_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        target
        for _, text in texts(".md")
        for target in re.findall(r"(?:^|`)make ([a-z][a-z0-9-]*)", text, re.MULTILINE)
    }
    assert len(named) >= 3
    assert named <= targets


def test_changelog_has_a_place_for_what_comes() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()


def test_every_decision_is_listed() -> None:
    index = (ROOT / "docs/adr/README.md").read_text()
    records = sorted(path.name for path in (ROOT / "docs/adr").glob("0*.md"))
    assert len(records) >= 6
    assert [name for name in records if name not in index] == []


# -- what is pinned ------------------------------------------------------------------------------------------


def pins(lock: str) -> dict[str, str]:
    """Name → version of a requirements file, each with at least one hash."""
    found = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / lock).read_text()):
        pinned = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", entry)
        if pinned:
            assert "--hash=sha256:" in entry, f"{lock}: {pinned[1]} has no hash"
            found[canonicalize_name(pinned[1])] = pinned[2]
    return found


def unmet(requirements: list[str], lock: str) -> list[str]:
    pinned = pins(lock)
    wanted = [Requirement(each) for each in requirements]
    return [
        str(each)
        for each in wanted
        if (version := pinned.get(canonicalize_name(each.name))) is None or version not in each.specifier
    ]


def test_python_locks_are_in_step_with_pyproject() -> None:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed: list[str] = project["project"]["dependencies"]
    assert unmet(needed, "requirements.lock") == []
    assert unmet(needed + project["dependency-groups"]["dev"], "requirements-dev.lock") == []


def test_development_uses_the_versions_that_ship() -> None:
    development = pins("requirements-dev.lock")
    assert {name: development.get(name) for name in pins("requirements.lock")} == pins("requirements.lock")


def test_web_lock_is_in_step_with_its_package_file() -> None:
    package = json.loads((ROOT / "web/package.json").read_text())
    packages = json.loads((ROOT / "web/package-lock.json").read_text())["packages"]
    for kind in ("dependencies", "devDependencies"):
        assert packages[""].get(kind) == package.get(kind)
    unsigned = [name for name, entry in packages.items() if name and not entry.get("integrity")]
    assert unsigned == []


# -- what is written down ------------------------------------------------------------------------------------


def document(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_every_message_is_documented() -> None:
    tags = re.findall(r'tag="([a-z_]+)"', Path(messages.__file__).read_text())
    assert len(tags) > 15
    text = document("protocol.md")
    assert [tag for tag in tags if f"`{tag}`" not in text] == []


def test_every_error_code_is_documented() -> None:
    text = document("protocol.md")
    assert len(KINDS) > 20
    assert [code for code in KINDS if f"`{code}`" not in text] == []


def test_every_code_that_is_raised_has_a_meaning() -> None:
    """A code is two words with a dot between, as a literal. What people or programs get is in the table of

    problems; what only the operator gets, when the server does not start, is described for the operator.
    """
    areas = {code.partition(".")[0] for code in KINDS}
    raised = {
        code
        for path, text in texts(".py")
        if path.parts[0] in PACKAGES
        for code in re.findall(r"""(?:Error|Refused|refuse\w*|problem)\(\s*"([a-z_]+\.[a-z_]+)\"""", text)
        if code.partition(".")[0] in areas
    }
    assert len(raised) > 5
    operations = document("operations.md")
    assert {code for code in raised - set(KINDS) if f"`{code}`" not in operations} == set()


def test_every_setting_is_documented() -> None:
    text = document("operations.md")
    every = list(settings())
    assert len(every) > 20
    assert [each.variable for each in every if f"`{each.variable}`" not in text] == []


def test_every_metric_is_documented() -> None:
    text = document("operations.md")
    metrics = {
        name
        for path, source in texts(".py")
        if path.parts[0] in PACKAGES
        for name in re.findall(r'"(talktime_[a-z_]+)"', source)
    }
    assert len(metrics) >= 5
    assert [name for name in sorted(metrics) if name not in text] == []


@pytest.mark.parametrize("module", ["messages", "api"])
def test_types_of_the_pages_are_generated(module: str) -> None:
    first = (ROOT / f"web/src/protocol/{module}.ts").read_text().splitlines()[0]
    assert first.startswith("// Generated by")
