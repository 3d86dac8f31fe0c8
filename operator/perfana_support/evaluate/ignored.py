"""Findings that whoever asks sets aside: by their code, or because a baseline has them. They stay visible and do not count."""

from collections import Counter
from collections.abc import Iterable, Iterator

from perfana_support.model.check import Check
from perfana_support.model.code import Code
from perfana_support.model.finding import Finding, severity

# What cannot be read today is not what could not be read then, whatever it is called.
_NEVER_KNOWN = frozenset({Code.WORKLOADS_UNREADABLE, Code.PLATFORM_UNREADABLE, Code.VERSION_UNDETERMINED})


def set_aside(findings: Iterable[Finding], check: Check) -> Iterator[Finding]:
    """The findings, those to be ignored marked with the option that says so; what a waiver covers is left to it.

    Of several findings with one identity (two Deployments of one name in the files) as many are known as the baseline has.
    """
    if not check.known and not check.ignored:
        yield from findings
        return
    times: Counter[tuple[str, ...]] = Counter()
    for finding in sorted(findings, key=severity) if check.known else findings:
        identity = finding.identity
        times[identity] += 1
        if not finding.counts:
            yield finding
        elif finding.code in check.ignored:
            yield finding._replace(ignored_by="--ignore")
        elif finding.code not in _NEVER_KNOWN and times[identity] <= check.known.get(identity, 0):
            yield finding._replace(ignored_by="--baseline")
        else:
            yield finding
