"""Completion: what is offered, and the scripts in the shells themselves."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from perfana_support.cli.completion import SCRIPTS
from perfana_support.cli.main import COMMANDS
from perfana_support.reports.formats import FORMATS
from tests.unit.cli.program import Program

PROGRAM = f'#!/bin/sh\nexec {sys.executable} -m perfana_support "$@"\n'


def offered(program: Program, *words: str) -> tuple[list[str], str]:
    outcome = program("__complete", *words)
    assert outcome.code == 0
    *candidates, directive = outcome.out.splitlines()
    return candidates, directive


def test_commands_are_offered_first(program: Program) -> None:
    assert offered(program, "") == (sorted([*COMMANDS, "--help", "--version"]), ":4")
    assert offered(program, "ch") == (["check"], ":4")
    assert offered(program) == offered(program, "")


@pytest.mark.parametrize(
    ("words", "candidates", "directive"),
    [
        (["check", "--fail"], ["--fail-on"], ":4"),
        (["check", "--fail-on", ""], ["at-risk", "not-supported"], ":4"),
        (["check", "--fail-on=at"], ["--fail-on=at-risk"], ":4"),
        (["check", "-o", "j"], ["json"], ":4"),
        (["check", "-o", "json="], [], ":0"),
        (["check", "--output=json=re"], [], ":0"),
        (["check", "--output=j"], ["--output=json"], ":4"),
        (["check", "-f", ""], [], ":0"),
        (["check", "--policy", "our"], [], ":0"),
        (["check", "--ignore", "SnapshotB"], ["SnapshotBuild"], ":4"),
        (["check", "-n", ""], [], ":4"),
        (["policy", "l"], ["lint"], ":4"),
        (["completion", ""], ["bash", "fish", "kubectl", "zsh"], ":4"),
        (["status", "-o", ""], ["json", "table"], ":4"),
        (["ticket", "-o", ""], ["json", "markdown", "text"], ":4"),
        (["ticket", "--output=json="], [], ":0"),
        (["ticket", "--severity", ""], ["SEV1", "SEV2", "SEV3", "SEV4"], ":4"),
        (["ticket", "--users-affected", "m"], ["many"], ":4"),
        (["ticket", "--language", ""], ["en", "nl"], ":4"),
        (["ticket", "--check", ""], [], ":0"),
        (["nothing", ""], [], ":4"),
    ],
)
def test_what_is_offered(program: Program, words: list[str], candidates: list[str], directive: str) -> None:
    found, told = offered(program, *words)
    assert ([each for each in candidates if each not in found], told) == ([], directive)
    if candidates:
        assert all(each.startswith(words[-1]) for each in found)


@pytest.mark.parametrize("shell", SCRIPTS)
def test_script_is_printed(program: Program, shell: str) -> None:
    assert program("completion", shell).out == SCRIPTS[shell]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    for name in ("perfana-support", "kubectl-perfana_support"):
        (tmp_path / name).write_text(PROGRAM)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def run(path: Path, *command: str) -> str:
    environment = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
    done = subprocess.run(command, capture_output=True, check=True, timeout=30, env=environment, text=True)
    return done.stdout


def test_bash_completes(path: Path) -> None:
    ask = 'COMP_WORDS=(perfana-support check --fail-on ""); COMP_CWORD=3; _perfana_support; echo "${COMPREPLY[*]}"'
    assert run(path, "bash", "-c", f"{SCRIPTS['bash']}\n{ask}") == "at-risk not-supported\n"


@pytest.mark.parametrize("breaks", [True, False])
@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        ("check --output=js", "--output=json"),
        ("check --output=", f"--output={' --output='.join(sorted(FORMATS))}"),
        ("check --fail-on=at", "--fail-on=at-risk"),
        ("check --fail-on at", "at-risk"),
        ("check --outp", "--output"),
        ("check -o json=rep", ""),
        ("check --output=json=rep", ""),
        ("check --policy=rep", ""),
        ("che", "check"),
        ("check -f a=b --fail-on at", "at-risk"),
        ("check --policy=a --fail-on=at", "--fail-on=at-risk"),
        ("check --policy= --fail-on=at", "--fail-on=at-risk"),
    ],
)
def test_bash_completes_behind_an_equals_sign(path: Path, typed: str, reply: str, breaks: bool) -> None:  # noqa: FBT001
    """With `=` among COMP_WORDBREAKS, as it is by default, bash hands on three words and replaces what is behind the sign."""
    words = ["perfana-support", *typed.split(" ")]
    if breaks:
        words = [part for word in words for part in re.findall("=|[^=]+", word) or [""]]
        reply = re.sub("(^| )--[a-z-]+=", r"\1", reply)
    ask = f'COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; _perfana_support; echo "${{COMPREPLY[*]}}"'
    assert run(path, "bash", "-c", f"{SCRIPTS['bash']}\n{ask}") == f"{reply}\n"


def test_kubectl_gets_its_answer(path: Path) -> None:
    script = path / "kubectl_complete-perfana_support"
    script.write_text(SCRIPTS["kubectl"])
    script.chmod(0o755)
    assert run(path, str(script), "check", "--fail-on", "at") == "at-risk\n:4\n"
