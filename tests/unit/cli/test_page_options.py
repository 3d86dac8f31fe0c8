"""docs/command-line.md about options that stand in a file and in variables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from perfana_support.cli.options import CONFIG_FILE
from tests.snippets import ROOT, snippet
from tests.unit.cli.program import CHARTS, Program
from tests.unit.sources.manifests import write

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/command-line.md"
AT = ("--as-of", "2026-11-24")
SUPPORTED, AT_RISK = 0, 4


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, (CHARTS / "perfana-4.0.3.yaml").read_text(), "manifests/perfana.yaml")
    return tmp_path


def test_options_of_the_page_hold_from_a_file(program: Program, folder: Path) -> None:
    write(folder, snippet(PAGE, "options"), CONFIG_FILE)
    outcome = program("check", *AT, "-o", "json")
    report = json.loads(outcome.out)
    assert outcome.code == AT_RISK
    assert "line 0.2" in str(report["upgrade"])
    assert _set_aside(report) == {"UpgradeAvailable"}


@pytest.mark.parametrize(
    ("variable", "code", "set_aside"),
    [
        ("PERFANA_SUPPORT_FAIL_ON=at-risk", AT_RISK, set()),
        ("PERFANA_SUPPORT_IGNORE=UpgradeAvailable,KnownDefect", SUPPORTED, {"UpgradeAvailable"}),
    ],
)
def test_variables_of_the_page_hold(  # noqa: PLR0913 - a case, and what it is run with
    variable: str, code: int, set_aside: set[str], program: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"`{variable}`" in (ROOT / PAGE).read_text(encoding="utf-8")
    monkeypatch.setenv(*variable.split("=", 1))
    outcome = program("check", "-f", str(folder / "manifests"), *AT, "-o", "json")
    assert (outcome.code, _set_aside(json.loads(outcome.out))) == (code, set_aside)


def _set_aside(report: dict[str, Any]) -> set[str]:
    return {each["code"] for each in report["findings"] if each.get("ignoredBy")}
