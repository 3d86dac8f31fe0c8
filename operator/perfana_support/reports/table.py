"""A verdict for a terminal: tables as kubectl prints them, the verdict first and then what to do."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from perfana_support.model.code import ConditionType, Effect
from perfana_support.model.finding import Finding
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict
from perfana_support.reports.job_log import harmless
from perfana_support.reports.report import Report

_GAP = "   "
_NONE = "<none>"
# A whole image reference with registry, tag and digest fits, and any name that an API server takes.
_MAX_CELL = 512
_MAX_PADDED = 160


def pieces(reports: Iterable[Report]) -> Iterator[str]:
    """The reports as tables, one below the other, with the policy and the day that they hold for."""
    yield from blocks(reports, _verdict)


def blocks(reports: Iterable[Report], lines: Callable[[Verdict], Iterable[str]]) -> Iterator[str]:
    """A block of lines for each verdict, an empty line between, and the footer."""
    for report in reports:
        yield "\n".join(lines(report.verdict)) + "\n\n"
    yield footer(report.verdict, report.policy) + "\n"


def table(verdicts: Sequence[Verdict], policy: Policy) -> str:
    """All verdicts as tables."""
    return "".join(pieces(Report(verdict, policy, {}) for verdict in verdicts))


def footer(verdict: Verdict, policy: Policy) -> str:
    """What the verdicts hold for: a day and a policy."""
    return printable(f"As of {verdict.as_of} (UTC), policy {policy.name} of {policy.published_on}.")


def printable(text: str) -> str:
    """A text that can do nothing to a terminal or a job's log: what a manifest brings along may hold anything."""
    return harmless(text if text.isprintable() else text.translate({ord(each): _escaped(each) for each in set(text)}))


def columns(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Rows in columns that line up, three spaces apart, nothing behind the last.

    One long text must not make every row as long: cells are cut, and a column lines up as far as texts of common length do.
    """
    cells = [tuple(map(_cell, row)) for row in rows]
    widths = [min(max(map(len, column)), _MAX_PADDED) for column in zip(*cells, strict=True)]
    for row in cells:
        yield _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def overview(verdict: Verdict) -> Iterator[str]:
    """The verdict in a row, its conditions, and the sentences behind it; an empty line last."""
    summary = verdict.condition(ConditionType.SUPPORTED)
    header = ("NAMESPACE", "VERSION", "SUPPORTED", "REASON", "UNTIL")
    until = verdict.support_ends_on.isoformat() if verdict.support_ends_on else _NONE
    row = (verdict.namespace or _NONE, verdict.release or _NONE, str(summary.status), summary.reason, until)
    yield from columns([header, row])
    yield ""
    conditions = [(str(condition.type), str(condition.status), condition.reason) for condition in verdict.conditions]
    yield from columns([("CONDITION", "STATUS", "REASON"), *conditions])
    yield ""
    yield printable(f"{summary.message}.")
    yield from (
        printable(f"Target: {condition.message}.")
        for condition in verdict.conditions
        if condition.type is ConditionType.UPGRADE_SUPPORTED
    )
    yield ""


def closing(verdict: Verdict) -> Iterator[str]:
    """The next change that time alone brings, if there is one."""
    if verdict.next_transition:
        change = verdict.next_transition
        yield f"Next change by time alone: {change.day}, {change.condition} is {change.status} ({change.reason})."


def _verdict(verdict: Verdict) -> Iterator[str]:
    yield from overview(verdict)
    yield from _findings(verdict.findings)
    yield from closing(verdict)


def _findings(findings: tuple[Finding, ...]) -> Iterator[str]:
    """What needs a reader's attention row by row and then in full; mere information as a count."""
    shown = [finding for finding in findings if finding.effect is not Effect.INFO]
    if shown:
        yield from columns([("EFFECT", "CODE", "SUBJECT", "IMAGE"), *map(_row, shown)])
        yield ""
        yield from _advice(finding for finding in shown if finding.counts)
    information = Counter(str(finding.code) for finding in findings if finding.effect is Effect.INFO)
    if information:
        counts = ", ".join(f"{code} ({number})" for code, number in information.items())
        yield f"For information: {counts}; -o json has the details."


def _row(finding: Finding) -> tuple[str, str, str, str]:
    subject = finding.subject
    name = f"{subject.kind}/{subject.name}" if subject.name else subject.kind
    return finding.set_aside or str(finding.effect), str(finding.code), name, subject.image or _NONE


def _advice(findings: Iterable[Finding]) -> Iterator[str]:
    """Each finding in full, below its code: where, what was seen, what to do."""
    for code, group in groupby(findings, key=lambda finding: finding.code):
        yield f"{code}: {code.clause}"
        for finding in group:
            place = finding.location
            where = f"{place._replace(column=0).text}: " if place else ""
            yield printable(f"  {where}{finding.message}")
            yield printable(f"    -> {finding.remediation}")
        yield ""


def _cell(text: str) -> str:
    shown = printable(text[: _MAX_CELL + 1])
    return shown if len(shown) <= _MAX_CELL else f"{shown[: _MAX_CELL - 1]}…"


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
