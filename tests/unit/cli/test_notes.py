"""Notes: what sets nothing aside, and what nobody reads, is told on standard error and changes neither report nor exit code."""

import json
from dataclasses import fields
from pathlib import Path

import pytest

from perfana_support.cli import check
from perfana_support.controller.settings import Settings, variable
from perfana_support.model.code import Code
from tests.unit.cli.program import CHARTS, Program
from tests.unit.sources.manifests import text, write

AT = ("--as-of", "2026-11-24")
OLD = str(CHARTS / "perfana-3.1.2.yaml")
WAIVER = "{{code: {code}, reason: r, agreedBy: a, expiresOn: 2027-01-01{subject}}}"
CHECK = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportCheck\nmetadata: {{name: a}}\nspec: {{waivers: [{waivers}]}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("code", Code)
def test_ignored_code_is_told_exactly_where_it_is_not_found(program: Program, folder: Path, code: Code) -> None:
    assert folder
    plain, ignored = program("check", "-f", OLD, *AT, "-o", "wide"), program("check", "-f", OLD, *AT, "--ignore", code)
    note = f"note: --ignore {code} matches nothing: no such finding is there\n"
    assert ignored.err == ("" if f" {code} " in plain.out else note)


def test_note_changes_nothing_else(program: Program, folder: Path) -> None:
    assert folder
    plain = program("check", "-f", OLD, *AT, "-o", "json")
    noted = program("check", "-f", OLD, *AT, "-o", "json", "--ignore", "SnapshotBuild")
    assert (noted.code, noted.out) == (plain.code, plain.out)
    assert noted.err.startswith("note: ")


@pytest.mark.parametrize(
    ("code", "subject", "told"),
    [
        ("SnapshotBuild", "", ""),
        ("SnapshotBuild", ", subject: {kind: Deployment, name: a}", ""),
        ("SnapshotBuild", ", subject: {name: b}", "SnapshotBuild for b until 2027-01-01"),
        ("EndOfLife", "", "EndOfLife for anything until 2027-01-01"),
        ("EndOfLife", ", subject: {kind: Deployment, name: a}", "EndOfLife for Deployment/a until 2027-01-01"),
    ],
)
def test_waiver_that_covers_nothing_is_told(program: Program, folder: Path, code: str, subject: str, told: str) -> None:
    file = write(folder, text("a", image="perfana/perfana-web:0.2.96.22-SNAPSHOT"))
    write(folder, CHECK.format(waivers=WAIVER.format(code=code, subject=subject)), "check.yaml")
    outcome = program("check", "-f", file, *AT, "--check", "check.yaml")
    assert outcome.err == (f"note: the waiver of {told} matches nothing that was found\n" if told else "")


def test_baseline_that_knows_nothing_of_what_is_there_is_told(program: Program, folder: Path) -> None:
    web = write(folder, text(image="perfana/perfana-web:0.2.96.22-SNAPSHOT"), "web.yaml")
    other = write(folder, text(image="nginx:1.29"), "other.yaml")
    assert program("check", "-f", web, *AT, "-o", "json=base.json").err == ""
    assert program("check", "-f", web, *AT, "--baseline", "base.json").err == ""
    known = len(json.loads((folder / "base.json").read_text())["findings"])
    outcome = program("check", "-f", other, *AT, "--baseline", "base.json")
    assert outcome.code == 5
    assert outcome.err == f"note: --baseline base.json matches nothing: none of the {known} findings that it knows is there\n"
    program("check", "-f", other, *AT, "-o", "json=empty.json")
    assert program("check", "-f", web, *AT, "--baseline", "empty.json").err == ""


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("PERFANA_SUPPORT_FAILON", " (is PERFANA_SUPPORT_FAIL_ON meant?)"),
        ("PERFANA_SUPPORT_IGNORES", " (is PERFANA_SUPPORT_IGNORE meant?)"),
        ("PERFANA_SUPPORT_fail_on", " (is PERFANA_SUPPORT_FAIL_ON meant?)"),
        ("PERFANA_SUPPORT_", ""),
    ],
)
def test_variable_that_nobody_reads_is_told(
    program: Program, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, near: str
) -> None:
    assert folder
    monkeypatch.setenv(name, "at-risk")
    outcome = program("check", "-f", OLD, *AT)
    assert outcome.code == 3
    assert outcome.err.startswith(f"note: variable {name} is read by nobody{near}")


@pytest.mark.parametrize(
    "name",
    [
        "PERFANA_SUPPORT_SERVICE_HOST",
        "PERFANA_SUPPORT_SERVICE_PORT",
        "PERFANA_SUPPORT_SERVICE_PORT_HTTP",
        "PERFANA_SUPPORT_PORT",
        "PERFANA_SUPPORT_PORT_8080_TCP",
        "PERFANA_SUPPORT_PORT_8080_TCP_ADDR",
        "PERFANA_SUPPORT_METRICS_SERVICE_HOST",
        "PERFANA_SUPPORTED",
        *(variable(one.name) for one in fields(Settings)),
    ],
)
def test_variables_of_the_operator_and_of_services_are_none_of_these(
    program: Program, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert folder
    if name in {option.variable for option in check.OPTIONS}:
        return  # its value would count
    monkeypatch.setenv(name, "x")
    assert program("check", "-f", OLD, *AT).err == ""
