"""Reports as JUnit XML: a test suite for every installation, a test case for every condition.

What fails the run is a failure or an error here, and nothing else is. False is a failure, and so is what is at risk where the
run was asked to fail for it. Unknown is an error, since every CI system shows an error as something to look at and none as
passed; where the run lets it pass, it is skipped. What cannot be observed here or is not declared takes no part and is skipped,
with the reason, and so is what the contract says. What could not be read is a suite of errors of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from perfana_support.model.code import DECIDING, ConditionType, Effect, Reason, Status
from perfana_support.model.finding import Finding
from perfana_support.model.verdict import Condition, Verdict
from perfana_support.reports.document import day_text
from perfana_support.reports.report import Report, Run
from perfana_support.reports.result import findings_of, is_at_risk, place_text, subject_text, takes_part
from perfana_support.reports.table import printable

_SKIPPED = (Reason.NOT_OBSERVABLE, Reason.NOT_DECLARED)
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def render(reports: Sequence[Report]) -> str:
    """All reports as one document. ASCII alone, so that the declared encoding is right whatever writes it."""
    faults = reports[0].source.get("faults", ())
    outcomes = [outcome for report in reports for outcome in _outcomes(report)] + ["error"] * len(faults)
    tests = f'tests="{len(outcomes)}" failures="{outcomes.count("failure")}" errors="{outcomes.count("error")}"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="perfana-support" {tests}>']
    for report in reports:
        lines += _suite(report)
    lines += _unread(faults)
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _outcomes(report: Report) -> list[str]:
    return [_outcome(condition, report.verdict, report.run) for condition in report.verdict.conditions]


def _outcome(condition: Condition, verdict: Verdict, run: Run) -> str:
    """The element that says how a condition's test ended, "" for one that passed."""
    if run.fails_at_risk and condition.status is not Status.FALSE and is_at_risk(condition, verdict):
        return "failure"
    if condition.status is Status.TRUE:
        return ""
    if not takes_part(condition.type):
        return "skipped"
    if condition.status is Status.FALSE:
        return "failure"
    is_out = condition.reason in _SKIPPED and condition.type not in DECIDING
    return "skipped" if is_out or run.passes_unknown else "error"


def _unread(faults: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if faults:
        yield f'  <testsuite name="input" tests="{len(faults)}" failures="0" errors="{len(faults)}" skipped="0">'
        for fault in faults:
            yield f'    <testcase classname="perfana-support.input" name="{_text(fault["file"])}">'
            yield f'      <error type="Unreadable" message="{_text(fault["message"])}"></error>'
            yield "    </testcase>"
        yield "  </testsuite>"


def _suite(report: Report) -> Iterator[str]:
    verdict = report.verdict
    outcomes = _outcomes(report)
    counts = {
        "tests": len(outcomes),
        "failures": outcomes.count("failure"),
        "errors": outcomes.count("error"),
        "skipped": outcomes.count("skipped"),
    }
    attributes = "".join(f' {name}="{count}"' for name, count in counts.items())
    yield f'  <testsuite name="{_text(_name(verdict))}"{attributes}>'
    yield "    <properties>"
    for name, value in _properties(report):
        yield f'      <property name="{name}" value="{_text(value)}"/>'
    yield "    </properties>"
    for condition, outcome in zip(verdict.conditions, outcomes, strict=True):
        yield from _case(condition, outcome, verdict)
    yield "  </testsuite>"


def _name(verdict: Verdict) -> str:
    return verdict.namespace or "<none>"


def _properties(report: Report) -> Iterator[tuple[str, str]]:
    verdict, policy = report.verdict, report.policy
    yield "namespace", verdict.namespace
    yield "release", verdict.release or ""
    yield "supportEndsOn", day_text(verdict.support_ends_on) or ""
    yield "asOf", verdict.as_of.isoformat()
    yield "policy", policy.name
    yield "policyPublishedOn", policy.published_on.isoformat()


def _case(condition: Condition, outcome: str, verdict: Verdict) -> Iterator[str]:
    """A condition with all that was found for it, also where it passes: what is at risk or set aside has to be seen."""
    yield f'    <testcase classname="perfana-support.{_text(_name(verdict))}" name="{condition.type}">'
    own = () if condition.type is ConditionType.SUPPORTED else findings_of(condition, verdict)  # each stands with its own
    told = "\n".join(_text(line) for line in _told(own))
    if outcome:
        reason, message = condition.reason, condition.message
        if outcome == "failure" and condition.status is not Status.FALSE:
            message = f"{condition.type} is {condition.status}, and at risk: {message}"
        attributes = f'type="{_text(reason)}" message="{_text(message)}"'
        yield f"      <{outcome} {attributes}>{told}</{outcome}>"
    else:
        passed = _text(f"{condition.reason}: {condition.message}")
        yield f"      <system-out>{passed}" + (f"\n{told}" if told else "") + "</system-out>"
    yield "    </testcase>"


def _told(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        effect = finding.set_aside or str(finding.effect)
        place = place_text(finding.location)
        yield f"{effect} {finding.code} {subject_text(finding.subject)}" + (f" at {place}" if place else "")
        yield f"  {finding.message}"
        if finding.effect is not Effect.INFO:
            yield f"  -> {finding.remediation}"


def _text(text: str) -> str:
    """A text for an element or an attribute: in one line, without what XML forbids even escaped."""
    return printable(text).translate(_ENTITIES).encode("ascii", "xmlcharrefreplace").decode()
