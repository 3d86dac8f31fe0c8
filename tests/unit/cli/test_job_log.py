"""No line that the program prints is a command for the CI system that reads it, whatever files are called and hold."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.program import CHARTS, Program
from tests.unit.sources.manifests import deployment, write

AT = ("--as-of", "2026-11-24")
COMMANDS = re.compile(r"^\s*::|##\w*\[")
OLD = (CHARTS / "perfana-3.1.2.yaml").read_text()
NAMES = ["::warning title=a::x.yaml", "##[error]x.yaml", "a\n::error::x.yaml"]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def commands(text: str) -> list[str]:
    return [line for line in text.splitlines() if COMMANDS.search(line)]


def runs(name: str) -> Iterator[tuple[str, ...]]:
    """Every way in which a file's name is told: as a source, a report's place, and what is wrong with a file."""
    for form in ("table", "wide", "json", "yaml", "markdown", "html", "junit", "sarif", "gitlab"):
        yield ("check", "-f", name, *AT, "-o", form)
    for option in ("--policy", "--check", "--baseline", "--config", "--target", "--ignore", "-o", "--as-of"):
        yield ("check", "-f", name, *AT, option, name)
    yield ("check", "-f", f"{name}.none")
    yield ("check", "-f", name, *AT, "-o", f"json=none/{name}")
    yield from (("policy", action, name) for action in ("lint", "show", "diff"))
    yield ("explain", name)
    yield (name,)
    yield ("check", f"--{name}", name)


@pytest.mark.parametrize("content", [OLD, "a: [", ": ::error::x\n", "{}"])
@pytest.mark.parametrize("name", NAMES)
def test_name_of_a_file_is_no_command(name: str, content: str, program: Program, tmp_path: Path) -> None:
    write(tmp_path, content, name)
    for run in runs(name):
        outcome = program(*run)
        assert commands(outcome.out) == commands(outcome.err) == [], run


@pytest.mark.parametrize("text", ["::error title=pwned::hello", "##[add-mask]a", "  ::stop-commands::x"])
def test_namespace_is_no_command(text: str, program: Program, tmp_path: Path) -> None:
    file = write(tmp_path, json.dumps(deployment("a", image="perfana/perfana-web:0.2-SNAPSHOT", namespace=text)))
    for form in ("table", "wide", "yaml", "markdown"):
        outcome = program("check", "-f", file, *AT, "-o", form)
        assert outcome.code == 3
        assert commands(outcome.out) == [], form


@pytest.mark.parametrize(
    "problem",
    [
        "x ::error::y",
        "::error::y",
        f"{'word ' * 22}::error::y {'word ' * 30}",
        "a\n\n::error::y",
        "a ##[error]y",
        "é" * 30 + " ::x::",
    ],
)
@pytest.mark.parametrize("action", ["lint", "show", "diff"])
def test_text_of_a_policy_is_no_command_and_stays_the_same(action: str, problem: str, program: Program, tmp_path: Path) -> None:
    defect = {
        "name": "acme",
        "repositories": ["docker.io/perfana/perfana-web"],
        "from": "0.2.1",
        "to": "0.2.2",
        "fixedIn": "0.2.3",
    }
    spec = {"publishedOn": "2026-01-01", "defects": [{**defect, "problem": problem}]}
    document = {"apiVersion": "support.perfana.io/v1alpha1", "kind": "SupportPolicy", "metadata": {"name": "a"}, "spec": spec}
    file = write(tmp_path, json.dumps(document), "policy.json")
    outcome = program("policy", action, file)
    assert outcome.code == 0, outcome.err
    assert commands(outcome.out) == []
    if action == "show":
        write(tmp_path, outcome.out, "again.yaml")
        assert program("policy", "diff", "again.yaml").out == program("policy", "diff", file).out
