"""GitHub's workflow commands, read back by the rules of the runner."""

from typing import NamedTuple

import pytest
from hypothesis import given

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Target
from perfana_support.model.code import Code
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Location
from perfana_support.reports.github import render
from perfana_support.reports.report import Report
from perfana_support.reports.table import printable
from tests.unit.builders import TODAY, installation, judge, policy, without_dependencies
from tests.unit.reports.hostile import REPORTS
from tests.unit.reports.reporting import (
    IGNORED,
    LATEST,
    NEWEST,
    OF_CHART,
    OF_KUSTOMIZATION,
    OLD,
    PIPED,
    PLACE,
    WAIVED,
    finding,
    report,
    with_findings,
)


class Command(NamedTuple):
    """One command as the runner understands it."""

    name: str
    properties: dict[str, str]
    message: str


def _parsed(line: str) -> Command:
    """Read a line as actions/runner does: `::name key=value,key=value::message`, the percent sign unescaped last."""
    assert line.startswith("::")
    head, end, message = line[2:].partition("::")
    assert end
    name, _, written = head.partition(" ")
    properties = {}
    for pair in filter(None, written.split(",")):
        key, _, value = pair.partition("=")
        for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            value = value.replace(code, character)
        properties[key] = value
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        message = message.replace(code, character)
    return Command(name, properties, message)


def _commands(*reports: Report) -> list[Command]:
    return list(map(_parsed, render(reports).splitlines()))


def _found(one: Report) -> Command:
    """The command of the only finding, which follows the verdict's."""
    _, found = _commands(one)
    return found


@given(reports=REPORTS)
def test_hostile_texts_are_one_command_a_finding(reports: list[Report]) -> None:
    lines = render(reports).split("\n")
    assert lines.pop() == ""
    assert all(line.isprintable() for line in lines)
    commands = list(map(_parsed, lines))
    assert {command.name for command in commands} <= {"error", "warning", "notice"}
    assert {key for command in commands for key in command.properties} <= {"file", "line", "col", "title"}
    findings = [finding for each in reports for finding in each.verdict.findings]
    titles = [command.properties["title"] for command in commands[-len(findings) :]] if findings else []
    assert sorted(title.partition(" ")[0] for title in titles) == sorted(str(finding.code) for finding in findings)
    for one in findings:
        # At the start of a command's message it may be written as one that cannot be a command itself.
        written = (printable(one.message), printable(f"-{one.message}")[1:])
        assert any(each in command.message for command in commands for each in written)


def test_verdict_is_the_first_annotation() -> None:
    first, *_ = _commands(report(judge(NEWEST)), report(judge(OLD)._replace(namespace="legacy")))
    assert first.name == "error"
    assert first.properties == {"title": "legacy: Supported is False (EndOfLife)"}


def test_supported_installation_is_one_notice() -> None:
    (verdict,) = _commands(report(judge(NEWEST)))
    assert verdict.name == "notice"
    assert verdict.properties == {"title": "perfana: Supported is True (AllRulesMet)"}


def test_unknown_without_a_finding_is_an_error() -> None:
    (verdict,) = _commands(report(judge()))
    assert (verdict.name, verdict.properties["title"]) == ("error", "perfana: Supported is Unknown (NoComponents)")


def test_target_has_its_annotation() -> None:
    verdict = evaluate(installation(NEWEST), without_dependencies(policy()), TODAY, Check(target=Target("9.9.9")))
    assert [command.name for command in _commands(report(verdict))] == ["error", "notice"]


def test_finding_points_at_file_line_and_column() -> None:
    assert _found(with_findings(finding())) == Command(
        "error",
        {"title": "EndOfLife (Deployment/web)", "file": "deploy/perfana.yaml", "line": "12", "col": "9"},
        "seen -> do this",
    )


def test_line_is_spelled_as_github_documents_it() -> None:
    line = render([with_findings(finding(message="50%, a: b", location=PLACE._replace(file="a,b:c.yaml")))]).splitlines()[1]
    assert line == ("::error title=EndOfLife (Deployment/web),file=a%2Cb%3Ac.yaml,line=12,col=9::50%25, a: b -> do this")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (Code.END_OF_LIFE, "error"),
        (Code.VERSION_UNDETERMINED, "error"),
        (Code.KNOWN_DEFECT, "warning"),
        (Code.FLOATING_TAG, "notice"),
    ],
)
def test_command_is_what_it_does_to_the_run(code: Code, name: str) -> None:
    assert _found(with_findings(finding(code))).name == name


@pytest.mark.parametrize(("aside", "why"), [(WAIVED, "waived until 2027-03-31"), (IGNORED, "ignored by --ignore")])
def test_finding_that_does_not_count_is_a_notice(aside: Finding, why: str) -> None:
    found = _found(with_findings(aside))
    assert found.name == "notice"
    assert found.properties["title"].endswith(f", {why}")


def test_standard_input_is_told_and_not_linked() -> None:
    found = _found(with_findings(finding(location=Location("-", 40, 2, "perfana/templates/web.yaml")), source=PIPED))
    assert set(found.properties) == {"title"}
    assert found.message == "standard input:40:2 (template perfana/templates/web.yaml): seen -> do this"


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (OF_CHART, "chart/templates/web.yaml (rendered line 40, template perfana/templates/web.yaml): "),
        (OF_KUSTOMIZATION, "overlay/kustomization.yaml (rendered line 40): "),
    ],
)
def test_rendered_line_is_told_and_the_file_annotated_without_a_line(place: Location, told: str) -> None:
    found = _found(with_findings(finding(location=place)))
    assert found.properties == {"title": "EndOfLife (Deployment/web)", "file": place.file}
    assert found.message == f"{told}seen -> do this"


def test_worst_findings_come_first() -> None:
    risk = with_findings(finding(Code.KNOWN_DEFECT))
    commands = _commands(report(judge("perfana/perfana-web:0.2")), risk, report(judge(LATEST)), report(judge(OLD)))
    names = [command.name for command in commands[4:]]
    assert names == sorted(names, key=["error", "warning", "notice"].index)
    assert set(names) == {"error", "warning", "notice"}
