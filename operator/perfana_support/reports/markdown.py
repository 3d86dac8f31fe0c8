"""Reports as Markdown, for a comment on a pull request: the verdict first, then what to do, the conditions folded away.

Texts come from manifests that anybody may propose, while a comment speaks with the rights of whoever posts it. So they can be
no markup, no picture and no address, and mention neither people nor issues. A comment has a longest length: what does not fit
is counted. ASCII alone, so that no encoding can harm it.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from perfana_support.model.code import DECIDING, ConditionType, Effect, Status
from perfana_support.model.finding import Finding
from perfana_support.model.verdict import Verdict
from perfana_support.reports.document import day_text
from perfana_support.reports.report import Report
from perfana_support.reports.result import place_text, subject_text
from perfana_support.reports.table import printable


class _Measure(NamedTuple):
    """How much is told: findings of an installation, installations, characters of one text."""

    findings: int
    installations: int
    characters: int


# GitHub refuses a comment of more than 65,536 characters; the rest is left for what a pipeline adds.
MAX_LENGTH = 60_000
# The first that fits is taken; the last one always does.
_MEASURES = (_Measure(500, 500, 2000), _Measure(50, 50, 1000), _Measure(10, 20, 500), _Measure(3, 5, 300), _Measure(1, 1, 100))
_ORDER = (Status.FALSE, Status.UNKNOWN, Status.TRUE)
_WORDS = {Status.FALSE: "❌ not supported", Status.UNKNOWN: "❓ cannot be determined", Status.TRUE: "✅ supported"}
_AT_RISK = "⚠️ supported, at risk"
# What Markdown may read as markup, as references, which are text wherever they stand.
_MARKUP = {character: f"&#{ord(character)};" for character in "\\`*_{}[]|~$^"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_TABLE = str.maketrans(_MARKUP)
# Mentions, references and addresses are made of the text as it is shown: a gap of no width ends them. An image reference keeps
# its form, so that it can be copied.
_ACTIVE = re.compile(r"(?<!\w)@(?=\w)|@(?=[\w-]+\.)|[#!](?=\d)|(?<!\w)[$&%~](?=\d)|\bGH-(?=\d)|:(?=//)", re.IGNORECASE)
_WORLD_WIDE = re.compile(r"(www)\.", re.IGNORECASE)
_GAP = "\u200b"


def render(reports: Sequence[Report]) -> str:
    """All reports as one comment, the worst installation first."""
    ordered = sorted(reports, key=lambda report: (_ORDER.index(_worst([report.verdict])), not report.verdict.is_at_risk))
    texts = (written(_Comment(measure).lines(ordered), MAX_LENGTH) for measure in _MEASURES)
    return next(filter(None, texts), "") or written(_Comment(_MEASURES[-1]).lines(ordered), sys.maxsize)


def escaped(text: str, limit: int) -> str:
    """A text that is nothing but text, cut to its measure."""
    shown = printable(text if len(text) <= limit else f"{text[:limit]}…")
    shown = _ACTIVE.sub(lambda match: match[0] + _GAP, shown).translate(_TABLE)
    return _WORLD_WIDE.sub(r"\1&#46;", shown)


def written(lines: Iterable[str], limit: int) -> str:
    """The lines as text, "" where they are longer than the limit: what does not fit is not written to its end."""
    written, length = [], 0
    for line in lines:
        text = line.encode("ascii", "xmlcharrefreplace").decode() + "\n"
        length += len(text)
        if length > limit:
            return ""
        written.append(text)
    return "".join(written)


def _worst(verdicts: Iterable[Verdict]) -> Status:
    """The worst that is said, of what runs and of what a target would make of it: as the exit code has it."""
    said = {each.status for verdict in verdicts for each in verdict.conditions if each.type in DECIDING}
    return next(status for status in _ORDER if status in said)


def _words(status: Status, *, is_at_risk: bool) -> str:
    return _AT_RISK if status is Status.TRUE and is_at_risk else _WORDS[status]


class _Comment(NamedTuple):
    measure: _Measure

    def lines(self, reports: Sequence[Report]) -> Iterator[str]:
        verdicts = [report.verdict for report in reports]
        worst = _worst(verdicts)
        yield f"## Perfana support: {_words(worst, is_at_risk=any(each.is_at_risk for each in verdicts))}"
        yield ""
        yield from self._overview(verdicts)
        for report in reports[: self.measure.installations]:
            yield from self._installation(report.verdict, has_heading=len(reports) > 1)
        policy = reports[0].policy
        yield ""
        yield f"As of {verdicts[0].as_of} (UTC), policy {self._text(policy.name)} of {policy.published_on}."

    def _overview(self, verdicts: Sequence[Verdict]) -> Iterator[str]:
        yield "| | Namespace | Version | Supported | Reason | Until |"
        yield "|---|---|---|---|---|---|"
        for verdict in verdicts[: self.measure.installations]:
            summary = verdict.condition(ConditionType.SUPPORTED)
            words = _words(summary.status, is_at_risk=verdict.is_at_risk)
            cells = (verdict.namespace, verdict.release, str(summary.status), summary.reason, day_text(verdict.support_ends_on))
            yield f"| {words} | {' | '.join(self._text(cell or '<none>') for cell in cells)} |"
        yield from self._more(len(verdicts) - self.measure.installations, "installations")

    def _installation(self, verdict: Verdict, *, has_heading: bool) -> Iterator[str]:
        summary = verdict.condition(ConditionType.SUPPORTED)
        if has_heading:
            yield from ("", f"### Namespace {self._text(verdict.namespace or '<none>')}")
        yield from ("", f"Supported is **{summary.status}**: {self._text(summary.message)}.")
        for condition in verdict.conditions:
            if condition.type is ConditionType.UPGRADE_SUPPORTED:
                yield from ("", f"With the target it would be **{condition.status}**: {self._text(condition.message)}.")
        shown = [finding for finding in verdict.findings if _wants_attention(finding)]
        if shown:
            yield from ("", "**What to do**", "")
            yield from self._findings(shown)
        brought = [finding for finding in verdict.brought_findings if finding.counts]
        if brought:
            yield from ("", "**What the upgrade would bring**", "")
            yield from self._findings(brought)
        yield from self._folded("Conditions", self._conditions(verdict))
        others = [finding for finding in verdict.findings if not _wants_attention(finding)]
        if others:
            yield from self._folded(f"Set aside, or for information ({len(others)})", self._findings(others))
        if verdict.next_transition:
            change = verdict.next_transition
            what = f"{change.condition} is {change.status} ({self._text(change.reason)})"
            yield from ("", f"Next change by time alone: {change.day}, {what}.")

    def _conditions(self, verdict: Verdict) -> Iterator[str]:
        yield "| Condition | Status | Reason | Message |"
        yield "|---|---|---|---|"
        for condition in verdict.conditions:
            cells = (str(condition.type), str(condition.status), condition.reason, condition.message)
            yield f"| {' | '.join(map(self._text, cells))} |"

    def _findings(self, findings: Sequence[Finding]) -> Iterator[str]:
        for finding in findings[: self.measure.findings]:
            effect = self._text(finding.set_aside or finding.effect)
            place = place_text(finding.location)
            where = self._text(subject_text(finding.subject) + (f" at {place}" if place else ""))
            yield f"- **{finding.code}** ({effect}), {where}: {self._text(finding.message)}"
            if finding.remediation:
                yield f"  <br>→ {self._text(finding.remediation)}"
        yield from self._more(len(findings) - self.measure.findings, "findings")

    @staticmethod
    def _folded(title: str, lines: Iterable[str]) -> Iterator[str]:
        yield from ("", "<details>", f"<summary>{title}</summary>", "")
        yield from lines
        yield from ("", "</details>")

    @staticmethod
    def _more(count: int, what: str) -> Iterator[str]:
        if count > 0:
            yield from ("", f"… and {count} more {what}; the JSON report has all.")

    def _text(self, text: str) -> str:
        return escaped(text, self.measure.characters)


def _wants_attention(finding: Finding) -> bool:
    return finding.counts and finding.effect is not Effect.INFO
