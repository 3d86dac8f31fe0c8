"""What formats that list results are made from: findings, and conditions that no finding explains.

Tools read a report without results as a pass. An installation without components has no findings and is Unknown, and what a
target would make of one is told by a condition alone: both are results as well.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from perfana_support.evaluate.verdict import SUMMED_UP
from perfana_support.model.code import DECIDING, EFFECT_ORDER, Code, ConditionType, Effect, Status
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Location, Subject
from perfana_support.model.verdict import Condition, Verdict
from perfana_support.reports.report import Report, Run
from perfana_support.reports.table import printable

# How a source names standard input; no file leads there.
STANDARD_INPUT = "-"
_EFFECTS = {Status.FALSE: Effect.UNSUPPORTED, Status.UNKNOWN: Effect.UNDETERMINED}


class Result(NamedTuple):
    """One row of a report. `rule` is a finding's code, or the reason of a condition that no finding explains (`is_finding`).

    `fingerprint` is the finding's; `occurrence` counts from 1 the results of one report that share it. `home` is a file of the
    installation, for formats that know no result without one; "" where it was read from no file. `set_aside` says by what the
    result does not count, "" for one that does. Files are named from the root of the repository, those outside of it
    absolutely. `fails` says whether the run fails for it.
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
    fails: bool = False

    @property
    def unique_fingerprint(self) -> str:
        """A fingerprint that no other result of the report has: the finding's own for the first that has it."""
        return self.fingerprint if self.occurrence == 1 else f"{self.fingerprint}:{self.occurrence}"


def results(reports: Sequence[Report]) -> list[Result]:
    """All results, what fails the run first and the worst of it, for tools that show only the beginning."""
    seen: Counter[str] = Counter()
    found = []
    for report in reports:
        home = from_root(_home(report), report.run)
        for result in (*_unexplained(report.verdict), *_findings(report.verdict)):
            seen[result.fingerprint] += 1
            place = result.location
            found.append(
                result._replace(
                    occurrence=seen[result.fingerprint],
                    home=home,
                    location=place._replace(file=from_root(place.file, report.run)) if place else None,
                    fails=_fails(result, report.run),
                )
            )
    return sorted(found, key=lambda result: (bool(result.set_aside), not result.fails, EFFECT_ORDER[result.effect]))


def is_failing(condition: Condition, verdict: Verdict, run: Run) -> bool:
    """Whether the run fails for one of the conditions that decide its exit code."""
    if condition.status is Status.UNKNOWN:
        return not run.passes_unknown
    if condition.status is Status.TRUE:
        return run.fails_at_risk and is_at_risk(condition, verdict)
    return True


def is_at_risk(condition: Condition, verdict: Verdict) -> bool:
    """Whether something that counts and asks for attention belongs to a condition; to `Supported`, whatever it is."""
    return any(finding.counts and finding.effect is Effect.AT_RISK for finding in findings_of(condition, verdict))


def findings_of(condition: Condition, verdict: Verdict) -> tuple[Finding, ...]:
    """What a condition is made of; `Supported` of all there is."""
    if condition.type is ConditionType.UPGRADE_SUPPORTED:
        return verdict.upgrade_findings
    is_summary = condition.type is ConditionType.SUPPORTED
    return tuple(each for each in verdict.findings if is_summary or condition.type in each.code.conditions)


def takes_part(kind: ConditionType) -> bool:
    """Whether a condition can fail a run. Contract and ticket say what the vendor owes, not whether all is supported."""
    return kind in SUMMED_UP or kind in DECIDING


def _fails(result: Result, run: Run) -> bool:
    if result.set_aside:
        return False
    if result.effect is Effect.AT_RISK:
        return run.fails_at_risk
    if result.is_finding and not any(map(takes_part, Code(result.rule).conditions)):
        return False
    return result.effect is Effect.UNSUPPORTED or (result.effect is Effect.UNDETERMINED and not run.passes_unknown)


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


def from_root(file: str, run: Run) -> str:
    """A file as tools look for it: from the root of the repository, wherever in it the program ran.

    One outside of it is named absolutely: a way out of the repository means nothing to whoever reads the report elsewhere.
    """
    if not is_file(file):
        return file
    if not run.root:
        return file if os.path.isabs(file) else os.path.normpath(file)
    path = os.path.normpath(os.path.join(run.folder, file))
    short = os.path.relpath(path, run.root)
    return path if _leads_out(short) else short


def outside(file: str, run: Run) -> str:
    """A file in a form that stays below a root and is the same on every machine: what leads out of it is left out."""
    short = os.path.relpath(file, run.root) if run.root and os.path.isabs(file) else file
    parts = [part for part in short.split("/") if part not in ("", "..")]
    return "/".join(["outside", *parts]) if os.path.isabs(file) or _leads_out(short) else short


def _leads_out(path: str) -> bool:
    return path == ".." or path.startswith("../")


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
    subject = Subject("Installation", namespace)
    digest = _digest(condition.type, condition.reason, namespace)
    message = f"{condition.type} is {condition.status}: {condition.message}"
    effect = _EFFECTS[condition.status]
    return Result(condition.reason, effect, namespace, subject, message, "", None, "", digest, 1, "", is_finding=False)


def _findings(verdict: Verdict) -> Iterator[Result]:
    """What is found, and what only the upgrade to the target would bring."""
    for finding in verdict.findings:
        yield _of_finding(finding, verdict.namespace)
    for finding in verdict.brought_findings:
        after = _of_finding(finding, verdict.namespace)
        yield after._replace(message=f"After the upgrade: {after.message}", fingerprint=_digest("upgrade", *finding.identity))


def _of_finding(finding: Finding, namespace: str) -> Result:
    return Result(
        rule=str(finding.code),
        effect=finding.effect,
        namespace=namespace,
        subject=finding.subject,
        message=finding.message,
        remediation=finding.remediation,
        location=finding.location,
        set_aside=finding.set_aside,
        fingerprint=finding.fingerprint,
        occurrence=1,
        home="",
    )


def _digest(*parts: str) -> str:
    from hashlib import sha256  # noqa: PLC0415 - as in model/finding.py: few formats need one

    return sha256("\0".join(parts).encode(errors="backslashreplace")).hexdigest()[:32]
