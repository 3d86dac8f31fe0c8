"""The evidence of an HTML report: every condition, finding and image in full, and what the judgement is made from."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from perfana_support import __version__
from perfana_support.model.code import Effect
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Subject
from perfana_support.model.verdict import Verdict
from perfana_support.reports.markup import (
    NOTHING,
    Markup,
    copyable,
    element,
    facts,
    finding_badge,
    finding_tone,
    grid,
    status_badge,
    text,
)
from perfana_support.reports.report import Report

# More files than this are folded away.
_MOST_FILES = 10


def evidence(report: Report, heading: str) -> Iterator[Markup]:
    """The sections below the picture, each under a heading of that level."""
    verdict = report.verdict
    yield element("section", element(heading, text("Conditions")), _conditions(verdict), class_="conditions")
    yield element("section", element(heading, text("Findings")), *_findings(verdict.findings, heading), class_="findings")
    yield element("section", element(heading, text("Components")), _components(verdict), class_="components")
    yield element("section", element(heading, text("Basis")), facts(_basis(report)), class_="basis")


def subject_of(subject: Subject) -> str:
    """What a finding is about, in one line: `Deployment/perfana-web, container web`."""
    name = f"{subject.kind}/{subject.name}" if subject.name else subject.kind
    return f"{name}, container {subject.container}" if subject.container else name


def _conditions(verdict: Verdict) -> Markup:
    rows = (
        (text(condition.type), status_badge(condition), text(condition.reason), text(f"{condition.message}."))
        for condition in verdict.conditions
    )
    return grid(f"Conditions on {verdict.as_of}", ("Condition", "Status", "Reason", "Message"), rows)


def _findings(findings: tuple[Finding, ...], heading: str) -> Iterator[Markup]:
    """What counts, what is set aside, and, folded away, what is told for information."""
    if not findings:
        yield element("p", text("There are none."))
        return
    command = element("code", text("perfana-support explain CODE"))
    yield element("p", command, text(" says more about a code."), class_="muted")
    told = [finding for finding in findings if finding.effect is not Effect.INFO]
    yield from groups(told, heading)
    information = [finding for finding in findings if finding.effect is Effect.INFO]
    if information:
        summary = element("summary", text(f"For information ({len(information)})"))
        yield element("details", summary, *groups(information, heading))


def groups(findings: Iterable[Finding], heading: str) -> Iterator[Markup]:
    """Findings in full, those of one code together, each group below a heading one smaller than the section's."""
    below = "h3" if heading == "h2" else "h4"
    for _, group in groupby(findings, key=lambda finding: (finding.code, finding.set_aside)):
        same = [*group]
        first = same[0]
        yield element(
            "article",
            element(below, finding_badge(first), text(first.code)),
            element("p", text(first.code.clause), class_="clause"),
            element("ul", *map(_statement, same), class_="statements"),
            class_=f"finding {finding_tone(first)}",
        )


def _statement(finding: Finding) -> Markup:
    subject, place = finding.subject, finding.location
    rows = (
        ("Subject", text(subject_of(subject))),
        ("Namespace", text(subject.namespace)),
        ("Image", element("code", text(subject.image)) if subject.image else NOTHING),
        ("Place", element("code", text(place.text)) if place else NOTHING),
        ("Template", text(place.template) if place else NOTHING),
    )
    remedy = element("p", text("→ "), copyable(finding.remediation), class_="remedy")
    return element("li", element("p", text(f"{finding.message}.")), remedy, facts(rows))


def _components(verdict: Verdict) -> Markup:
    if not verdict.components:
        return element("p", text("No container runs an image of a Perfana component."))
    rows = (
        (
            text(component.repository),
            element("code", text(component.tag)) if component.tag else text("none"),
            text(component.release or "not determined"),
            text(component.line or "not determined"),
            text(component.workloads),
        )
        for component in verdict.components
    )
    return grid("Perfana images in use", ("Image", "Tag", "Release", "Line", "Workloads"), rows)


def _basis(report: Report) -> Iterator[tuple[str, Markup]]:
    policy, verdict = report.policy, report.verdict
    yield "Policy", text(f"{policy.name}, published on {policy.published_on}")
    yield "Judged as of", text(f"{verdict.as_of} (UTC)")
    for name, value in report.source.items():
        label = "Source" if name == "kind" else _spaced(name)
        yield label, _listed(value) if isinstance(value, list | tuple) else text("" if value is None else value)
    yield "Namespace", text(verdict.namespace)
    yield "Program", text(f"perfana-support {__version__}")


def _listed(values: list[object] | tuple[object, ...]) -> Markup:
    shown = (value["message"] if isinstance(value, Mapping) else value for value in values)
    items = element("ul", *(element("li", element("code", text(value))) for value in shown))
    if len(values) <= _MOST_FILES:
        return items if values else NOTHING
    return element("details", element("summary", text(f"{len(values)} of them")), items)


def _spaced(name: str) -> str:
    """A field's name as words: `kubernetesVersion` is "Kubernetes version"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()
