"""A verdict for a terminal: tables as kubectl prints them, the verdict first and then what to do."""

import os
from collections.abc import Iterable, Iterator
from itertools import groupby

from perfana_support.model.code import ConditionType, Effect
from perfana_support.model.finding import Finding
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict

_GAP = "   "
_NONE = "<none>"


def table(verdicts: Iterable[Verdict], policy: Policy) -> str:
    """All verdicts, one below the other, with the policy and the day that they hold for."""
    blocks = ["\n".join(_verdict(verdict)) for verdict in verdicts]
    as_of = next((verdict.as_of for verdict in verdicts), None)
    footer = f"As of {as_of} (UTC), policy {policy.name} of {policy.published_on}."
    return "\n\n".join([*blocks, footer]) + "\n"


def columns(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Rows in columns that line up, three spaces apart, nothing behind the last."""
    cells = list(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _verdict(verdict: Verdict) -> Iterator[str]:
    summary = verdict.condition(ConditionType.SUPPORTED)
    header = ("NAMESPACE", "VERSION", "SUPPORTED", "REASON", "UNTIL")
    until = verdict.support_ends_on.isoformat() if verdict.support_ends_on else _NONE
    row = (verdict.namespace or _NONE, verdict.release or _NONE, str(summary.status), summary.reason, until)
    yield from columns([header, row])
    yield ""
    conditions = [(str(condition.type), str(condition.status), condition.reason) for condition in verdict.conditions]
    yield from columns([("CONDITION", "STATUS", "REASON"), *conditions])
    yield ""
    if verdict.findings:
        findings = [_finding(finding) for finding in verdict.findings]
        yield from columns([("EFFECT", "CODE", "SUBJECT", "IMAGE"), *findings])
        yield ""
        yield from _advice(verdict.findings)
    else:
        yield "No findings."
    if verdict.next_transition:
        change = verdict.next_transition
        yield f"Next change by time alone: {change.day}, {change.condition} becomes {change.status} ({change.reason})."


def _finding(finding: Finding) -> tuple[str, str, str, str]:
    subject = finding.subject
    name = f"{subject.kind}/{subject.name}" if subject.name else subject.kind
    effect = f"waived until {finding.waived_until}" if finding.waived_until else str(finding.effect)
    return effect, str(finding.code), name, subject.image or _NONE


def _advice(findings: tuple[Finding, ...]) -> Iterator[str]:
    """Each counting finding that is more than information, in full: where, what was seen, what to do."""
    shown = [finding for finding in findings if finding.counts and finding.effect is not Effect.INFO]
    for code, group in groupby(shown, key=lambda finding: finding.code):
        yield f"{code}: {code.clause}"
        for finding in group:
            place = finding.location
            where = f"{os.path.basename(place.file)}:{place.line}: " if place else ""
            yield f"  {where}{finding.message}"
            yield f"    -> {finding.remediation}"
        yield ""
