"""Findings that whoever asks sets aside: by their code, or because a baseline has them. They stay visible and do not count."""

from collections.abc import Iterable, Iterator

from perfana_support.model.check import Check
from perfana_support.model.finding import Finding


def set_aside(findings: Iterable[Finding], check: Check) -> Iterator[Finding]:
    """The findings, those to be ignored marked with the option that says so; what a waiver covers is left to it."""
    for finding in findings:
        if not finding.counts:
            yield finding
        elif finding.code in check.ignored:
            yield finding._replace(ignored_by="--ignore")
        elif finding.identity in check.known:
            yield finding._replace(ignored_by="--baseline")
        else:
            yield finding
