"""Reports for a wide terminal: the table with every finding, information too, with its clause and its place."""

from collections.abc import Iterable, Iterator, Sequence

from perfana_support.model.finding import Finding
from perfana_support.model.verdict import Verdict
from perfana_support.reports.report import Report
from perfana_support.reports.result import place_text, subject_text
from perfana_support.reports.table import blocks, closing, columns, overview, printable

_HEADER = ("EFFECT", "CODE", "SUBJECT", "CONTAINER", "IMAGE", "LOCATION", "CLAUSE")
_NONE = "<none>"


def pieces(reports: Iterable[Report]) -> Iterator[str]:
    """All verdicts, one below the other, with the policy and the day that they hold for."""
    return blocks(reports, _verdict)


def _verdict(verdict: Verdict) -> Iterator[str]:
    yield from overview(verdict)
    if verdict.findings:
        yield from columns([_HEADER, *map(_row, verdict.findings)])
        yield ""
        yield from _advice(verdict.findings)
        yield ""
    if verdict.brought_findings:
        yield "After the upgrade there would be as well:"
        yield from columns([_HEADER, *map(_row, verdict.brought_findings)])
        yield ""
        yield from _advice(verdict.brought_findings)
        yield ""
    yield from closing(verdict)


def _row(finding: Finding) -> tuple[str, ...]:
    subject = finding.subject
    effect = f"{finding.effect}, {finding.set_aside}" if finding.set_aside else str(finding.effect)
    cells = (subject.container, subject.image, place_text(finding.location))
    return (effect, str(finding.code), subject_text(subject), *(cell or _NONE for cell in cells), str(finding.code.clause))


def _advice(findings: Sequence[Finding]) -> Iterator[str]:
    """Each finding in full; what is set aside asks for nothing."""
    for finding in findings:
        yield printable(f"{finding.code}, {subject_text(finding.subject)}: {finding.message}")
        if finding.counts:
            yield printable(f"  -> {finding.remediation}")
