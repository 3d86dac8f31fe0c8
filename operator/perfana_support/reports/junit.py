"""Reports as JUnit XML: a test suite for every installation, a test case for every condition.

False is a failure. Unknown is an error where it takes part in the verdict, since every CI system shows an error as something to
look at and none as passed. What cannot be observed here or is not declared takes no part and is skipped, with the reason.
"""

from collections.abc import Iterable, Iterator, Sequence

from perfana_support.model.code import DECIDING, Effect, Reason, Status
from perfana_support.model.finding import Finding
from perfana_support.model.verdict import Condition, Verdict
from perfana_support.reports.document import day_text
from perfana_support.reports.report import Report
from perfana_support.reports.result import place_text, subject_text
from perfana_support.reports.table import printable

_SKIPPED = (Reason.NOT_OBSERVABLE, Reason.NOT_DECLARED)
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def render(reports: Sequence[Report]) -> str:
    """All reports as one document. ASCII alone, so that the declared encoding is right whatever writes it."""
    outcomes = [_outcome(condition) for report in reports for condition in report.verdict.conditions]
    tests = f'tests="{len(outcomes)}" failures="{outcomes.count("failure")}" errors="{outcomes.count("error")}"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="perfana-support" {tests}>']
    for report in reports:
        lines += _suite(report)
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _outcome(condition: Condition) -> str:
    """The element that says how a condition's test ended, "" for one that passed."""
    if condition.status is Status.UNKNOWN:
        return "skipped" if condition.reason in _SKIPPED and condition.type not in DECIDING else "error"
    return "failure" if condition.status is Status.FALSE else ""


def _suite(report: Report) -> Iterator[str]:
    verdict = report.verdict
    outcomes = list(map(_outcome, verdict.conditions))
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
    own = [finding for finding in verdict.findings if condition.type in finding.code.conditions]
    told = "\n".join(_text(line) for line in _told(own))
    if outcome:
        attributes = f'type="{_text(condition.reason)}" message="{_text(condition.message)}"'
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
