"""A verdict as a versioned document: the shape of `-o json`, frozen with apiVersion v1alpha1."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain, islice
from typing import Any

from perfana_support.model.code import ConditionType
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Location, Subject
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Condition, Transition, Verdict
from perfana_support.reports.job_log import harmless_json
from perfana_support.reports.report import Report

API_VERSION = "support.perfana.io/v1alpha1"
# What a list of reports begins with, before its items.
LIST_HEAD = {"apiVersion": API_VERSION, "kind": "SupportReportList"}


def report_document(verdict: Verdict, policy: Policy, source: dict[str, Any]) -> dict[str, Any]:
    """One verdict as a `SupportReport`; `source` says where the facts came from."""
    has_target = any(condition.type is ConditionType.UPGRADE_SUPPORTED for condition in verdict.conditions)
    return {
        "apiVersion": API_VERSION,
        "kind": "SupportReport",
        "asOf": verdict.as_of.isoformat(),
        "policy": {"name": policy.name, "publishedOn": policy.published_on.isoformat()},
        "source": {**source, "namespace": verdict.namespace},
        "conditions": [condition_document(condition) for condition in verdict.conditions],
        "release": verdict.release,
        "supportEndsOn": day_text(verdict.support_ends_on),
        "findings": list(map(_placed, verdict.findings)),
        **({"upgrade": {"findings": list(map(_placed, verdict.upgrade_findings))}} if has_target else {}),
        "components": component_documents(verdict),
        "nextTransition": transition_document(verdict.next_transition) if verdict.next_transition else None,
    }


def pieces(reports: Iterable[Report]) -> Iterator[str]:
    """The reports as JSON, a list of them where there are several; in plain ASCII, which every reader takes."""
    import json  # noqa: PLC0415 - the operator shares this module and needs none

    documents, is_list = documents_of(reports)
    if not is_list:
        yield harmless_json(json.dumps(next(documents), indent=2)) + "\n"
        return
    head = json.dumps(LIST_HEAD, indent=2).removesuffix("\n}")
    lead = f'{head},\n  "items": [\n    '
    for document in documents:
        yield lead + harmless_json(json.dumps(document, indent=2)).replace("\n", "\n    ")
        lead = ",\n    "
    yield "\n  ]\n}\n"


def documents_of(reports: Iterable[Report]) -> tuple[Iterator[dict[str, Any]], bool]:
    """The reports as documents, one made after the other, and whether they are several: a single one stands for itself."""
    documents = (report_document(report.verdict, report.policy, dict(report.source)) for report in reports)
    first = tuple(islice(documents, 2))
    return chain(first, documents), len(first) > 1


def condition_document(condition: Condition) -> dict[str, Any]:
    """A condition without the times that only a resource's status has."""
    return {
        "type": str(condition.type),
        "status": str(condition.status),
        "reason": condition.reason,
        "message": condition.message,
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """A finding without its place in a file, as reports and a resource's status share it."""
    document = {
        "code": str(finding.code),
        "effect": str(finding.effect),
        "subject": subject_document(finding.subject),
        "message": finding.message,
        "remediation": finding.remediation,
        "clause": str(finding.code.clause),
    }
    if finding.waived_until:
        document["waivedUntil"] = finding.waived_until.isoformat()
    if finding.ignored_by:
        document["ignoredBy"] = finding.ignored_by
    return document


def _placed(finding: Finding) -> dict[str, Any]:
    return finding_document(finding) | {"detail": finding.detail, "location": location_document(finding.location)}


def location_document(location: Location | None) -> dict[str, Any] | None:
    """Where a finding stands, with the parts that are known; None for what stands in no file."""
    if location is None:
        return None
    parts = {("renderedLine" if part == "rendered_line" else part): value for part, value in location._asdict().items()}
    return {part: value for part, value in parts.items() if value}


def subject_document(subject: Subject) -> dict[str, str]:
    """A subject with the parts that it has."""
    return {part: text for part, text in subject._asdict().items() if text}


def component_documents(verdict: Verdict) -> list[dict[str, Any]]:
    """The Perfana images in use; without `release` and `line` where they are undetermined."""
    return [{part: value for part, value in component._asdict().items() if value != ""} for component in verdict.components]


def transition_document(transition: Transition) -> dict[str, Any]:
    """The next change that time alone brings; days begin at 00:00 UTC."""
    return {
        "time": f"{transition.day.isoformat()}T00:00:00Z",
        "condition": str(transition.condition),
        "status": str(transition.status),
        "reason": transition.reason,
    }


def day_text(day: date | None) -> str | None:
    """A day as text, None when there is none."""
    return day.isoformat() if day else None
