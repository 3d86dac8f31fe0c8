"""`perfana-support policy`: lint, show, diff."""

from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from perfana_support.sources.policy import builtin_document, builtin_policy
from tests.unit.cli.program import Program
from tests.unit.sources.manifests import write

HEAD = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: ours}\n"
GOOD = HEAD + (
    "spec:\n"
    "  maxPolicyAgeDays: 30\n"
    "  endOfLife: {years: 3}\n"
    '  lines: [{name: "3.1", endOfLifeOn: 2027-12-31}]\n'
    "  tools: [acme/tool]\n"
    "  platform: {distributions: [{name: acme, title: Acme}]}\n"
)
BAD = HEAD + "spec: {publishedOn: soon, maxPolicyAgeDays: 0, endOfLive: {}}\n"


@pytest.fixture
def good(tmp_path: Path) -> str:
    """Write a policy that is right."""
    return write(tmp_path, GOOD, "good.yaml")


def test_lint_of_a_good_policy(good: str, program: Program) -> None:
    outcome = program("policy", "lint", good)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"{good}: valid, policy ours of 2026-11-24\n"


def test_lint_reads_standard_input(program: Program) -> None:
    assert program("policy", "lint", "-", stdin=GOOD.encode()).out == "standard input: valid, policy ours of 2026-11-24\n"
    outcome = program("policy", "lint", "-", stdin=BAD.encode())
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: standard input: spec.publishedOn: must be a date")


def test_lint_of_nothing_says_so(program: Program) -> None:
    assert program("policy", "lint", "-").err == "error: standard input: document: must be a SupportPolicy object\n"


@pytest.mark.parametrize("day", [-1, 0, 1, 365])
def test_policy_of_a_day_to_come_is_a_slip(day: int, tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfana_support.cli.policy.today", lambda: date(2027, 1, 1))
    published_on = date(2027, 1, 1) + timedelta(days=day)
    file = write(tmp_path, f"{HEAD}spec: {{publishedOn: {published_on}}}\n")
    outcome = program("policy", "lint", file)
    problem = f"error: {file}: spec.publishedOn: must not be in the future, is {published_on}, today is 2027-01-01 (UTC)\n"
    assert (outcome.code, outcome.err) == ((2, problem) if day > 0 else (0, ""))


@pytest.mark.parametrize("action", ["lint", "show", "diff"])
def test_bad_policy_names_every_problem_by_path(action: str, tmp_path: Path, program: Program) -> None:
    file = write(tmp_path, BAD, "bad.yaml")
    outcome = program("policy", action, file)
    assert (outcome.code, outcome.out) == (2, "")
    lines = outcome.err.splitlines()
    assert len(lines) == 3
    for path in ("spec.endOfLive", "spec.publishedOn", "spec.maxPolicyAgeDays"):
        assert any(line.startswith(f"error: {file}: {path}: ") for line in lines)


@pytest.mark.parametrize("content", ["", "a: [", "- a\n", "kind: ConfigMap\n", HEAD + "spec: {}\n---\n" + HEAD + "spec: {}\n"])
def test_what_is_no_policy_is_bad_input(content: str, tmp_path: Path, program: Program) -> None:
    outcome = program("policy", "lint", write(tmp_path, content))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")


@pytest.mark.parametrize("arguments", [(), ("lint",), ("diff",), ("fix", "a.yaml"), ("lint", "absent.yaml")])
def test_wrong_use_is_bad_input(arguments: tuple[str, ...], program: Program) -> None:
    outcome = program("policy", *arguments)
    assert (outcome.code, outcome.out) == (2, "")


def test_show_prints_the_builtin_policy(program: Program) -> None:
    outcome = program("policy", "show")
    assert outcome.code == 0
    assert yaml.safe_load(outcome.out) == builtin_document()


def test_what_show_prints_is_a_policy_itself(tmp_path: Path, good: str, program: Program) -> None:
    for arguments in ((), (good,)):
        file = write(tmp_path, program("policy", "show", *arguments).out, "shown.yaml")
        assert program("policy", "lint", file).code == 0


def test_show_of_an_overlay_is_the_merged_policy(good: str, program: Program) -> None:
    shown = yaml.safe_load(program("policy", "show", good).out)
    assert shown["metadata"]["name"] == "ours"
    assert shown["spec"]["maxPolicyAgeDays"] == 30
    assert shown["spec"]["endOfLife"] == {"clockStartsAt": "SuccessorRelease", "years": 3, "lookaheadDays": 90}
    assert [line["name"] for line in shown["spec"]["lines"]] == list(builtin_policy().lines)


def test_diff_of_an_overlay_says_what_it_changes(good: str, program: Program) -> None:
    outcome = program("policy", "diff", good)
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert "spec.maxPolicyAgeDays: 180 -> 30" in lines
    assert "spec.endOfLife.years: 2 -> 3" in lines
    assert 'spec.lines["3.1"].endOfLifeOn: (none) -> 2027-12-31' in lines
    assert any(line.startswith('spec.platform.distributions["acme"]') and "Acme" in line for line in lines)
    assert {line.partition(":")[0].partition("[")[0] for line in lines} == {
        "spec.maxPolicyAgeDays",
        "spec.endOfLife.years",
        "spec.lines",
        "spec.tools",
        "spec.platform.distributions",
    }


@pytest.mark.parametrize("spec", ["{}", "{endOfLife: {years: 2}}", "{basePolicy: Default}"])
def test_diff_of_what_changes_nothing_says_so(spec: str, tmp_path: Path, program: Program) -> None:
    outcome = program("policy", "diff", write(tmp_path, f"{HEAD}spec: {spec}\n"))
    assert outcome.code == 0
    assert "spec.endOfLife" not in outcome.out
