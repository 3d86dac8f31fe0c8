"""What formats that list results are made from: findings, and conditions that no finding explains.

Tools read a report without results as a pass. An installation without components has no findings and is Unknown, and what a
target would make of one is told by a condition alone: both are results as well.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from perfana_support.model.code import DECIDING, EFFECT_ORDER, ConditionType, Effect, Status
from perfana_support.model.installation import Location, Subject
from perfana_support.model.verdict import Condition, Verdict
from perfana_support.reports.report import Report
from perfana_support.reports.table import printable

# How a source names standard input; no file leads there.
STANDARD_INPUT = "-"
_EFFECTS = {Status.FALSE: Effect.UNSUPPORTED, Status.UNKNOWN: Effect.UNDETERMINED}


class Result(NamedTuple):
    """One row of a report. `rule` is a finding's code, or the reason of a condition that no finding explains (`is_finding`).

    `fingerprint` is the finding's; `occurrence` counts from 1 the results of one report that share it. `home` is a file of the
    installation, for formats that know no result without one; "" where it was read from no file. `set_aside` says by what the
    result does not count, "" for one that does.
    """

    rule: str
    effect: Effect
    namespace: str
    subject: Subject
    message: str
    remediation: str
    location: Location | None
    set_aside: str
    fingerprint: str
    occurrence: int
    home: str
    is_finding: bool = True

    @property
    def unique_fingerprint(self) -> str:
        """A fingerprint that no other result of the report has: the finding's own for the first that has it."""
        return self.fingerprint if self.occurrence == 1 else f"{self.fingerprint}:{self.occurrence}"


def results(reports: Sequence[Report]) -> list[Result]:
    """All results, what counts first and the worst of it, for tools that show only the beginning."""
    seen: Counter[str] = Counter()
    found = []
    for report in reports:
        home = _home(report)
        for result in (*_unexplained(report.verdict), *_findings(report.verdict)):
            seen[result.fingerprint] += 1
            found.append(result._replace(occurrence=seen[result.fingerprint], home=home))
    return sorted(found, key=lambda result: (bool(result.set_aside), EFFECT_ORDER[result.effect]))


def subject_text(subject: Subject) -> str:
    """A subject in one word, as kubectl names objects: Deployment/web."""
    return f"{subject.kind}/{subject.name}" if subject.name else subject.kind


def place_text(location: Location | None) -> str:
    """A place as compilers name it, with the chart's template that it was made from; "" for what stands in no file."""
    if location is None:
        return ""
    file = "standard input" if location.file == STANDARD_INPUT else location.file
    place = location._replace(file=file, rendered_line=0).text
    origin = origin_text(location)
    return f"{place} ({origin})" if origin else place


def origin_text(location: Location | None) -> str:
    """What a place has to do with rendering: the line of what was rendered, the chart's template; "" for nothing."""
    if location is None:
        return ""
    line = f"rendered line {location.rendered_line}" if location.rendered_line else ""
    template = f"template {location.template}" if location.template else ""
    return ", ".join(filter(None, (line, template)))


def full_text(result: Result) -> str:
    """What was seen, what to do about it, and by what it is set aside; in one line that can do nothing to a terminal."""
    aside = f"[{result.set_aside}] " if result.set_aside else ""
    advice = f" -> {result.remediation}" if result.remediation else ""
    return printable(f"{aside}{result.message}{advice}")


def relative(file: str) -> str:
    """A file as tools look for it below the folder of a repository."""
    short = file
    while short.startswith("./"):
        short = short[2:].lstrip("/")
    return short or file


def is_file(name: str) -> bool:
    """Whether a source's name leads to a file."""
    return name not in ("", STANDARD_INPUT)


def title(code: str) -> str:
    """A code as words: "End of life" of `EndOfLife`."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in code).strip()
    return words[:1].upper() + words[1:]


def _home(report: Report) -> str:
    """The first file in which something of the installation was found, else the first that was read."""
    placed = sorted(finding.location.file for finding in report.verdict.findings if finding.location)
    return next(filter(is_file, (*placed, *report.source.get("files", ()))), "")


def _unexplained(verdict: Verdict) -> Iterator[Result]:
    """The conditions that keep the verdict from being True while no finding that counts says why."""
    told = {str(finding.code) for finding in verdict.findings if finding.counts}
    for condition in verdict.conditions:
        if condition.type in DECIDING and condition.status is not Status.TRUE:
            is_target = condition.type is ConditionType.UPGRADE_SUPPORTED
            if is_target or condition.reason not in told:
                yield _of_condition(condition, verdict.namespace)


def _of_condition(condition: Condition, namespace: str) -> Result:
    from hashlib import sha256  # noqa: PLC0415 - as in model/finding.py: few formats need one

    subject = Subject("Installation", namespace)
    digest = sha256(f"{condition.type}\0{condition.reason}\0{namespace}".encode()).hexdigest()[:32]
    message = f"{condition.type} is {condition.status}: {condition.message}"
    effect = _EFFECTS[condition.status]
    return Result(condition.reason, effect, namespace, subject, message, "", None, "", digest, 1, "", is_finding=False)


def _findings(verdict: Verdict) -> Iterator[Result]:
    for finding in verdict.findings:
        yield Result(
            rule=str(finding.code),
            effect=finding.effect,
            namespace=verdict.namespace,
            subject=finding.subject,
            message=finding.message,
            remediation=finding.remediation,
            location=finding.location,
            set_aside=finding.set_aside,
            fingerprint=finding.fingerprint,
            occurrence=1,
            home="",
        )
