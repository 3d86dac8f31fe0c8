"""Reports as workflow commands: GitHub Actions makes annotations of them, at their lines in a pull request.

The verdict of each installation comes first, since GitHub keeps only ten errors and ten warnings of a step; findings follow,
what fails the run first. What fails it is an error, whatever it is called; what does not count is a notice. Every line is a
command, so that no text of a manifest can be one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from perfana_support.model.code import DECIDING, Effect, Status
from perfana_support.reports.report import Report, Run
from perfana_support.reports.result import (
    Result,
    from_root,
    full_text,
    is_failing,
    is_file,
    origin_text,
    place_text,
    results,
    subject_text,
)
from perfana_support.reports.table import printable

_ORDER = ("error", "warning", "notice")
# What ends a message or a property of a command, by the rules of GitHub's own toolkit; the percent sign first.
_DATA = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY = (*_DATA, (":", "%3A"), (",", "%2C"))


def render(reports: Sequence[Report]) -> str:
    """All reports as commands, one a line."""
    verdicts = [verdict for report in reports for verdict in _verdict(report)]
    verdicts.sort(key=lambda verdict: _ORDER.index(verdict[0]))
    faults = [_fault(fault, report.run) for report in reports[:1] for fault in report.source.get("faults", ())]
    # A condition that no finding explains stands among the verdicts.
    findings = [_annotation(result) for result in results(reports) if result.is_finding]
    return "\n".join([*(line for _, line in verdicts), *faults, *findings]) + "\n"


def _verdict(report: Report) -> Iterator[tuple[str, str]]:
    """The conditions that decide, each with the name of its command."""
    verdict = report.verdict
    for condition in verdict.conditions:
        if condition.type in DECIDING:
            title = f"{verdict.namespace or '<none>'}: {condition.type} is {condition.status} ({condition.reason})"
            name = "notice" if condition.status is Status.TRUE else "warning"
            name = "error" if is_failing(condition, verdict, report.run) else name
            yield name, _command(name, {"title": title}, condition.message)


def _fault(fault: Mapping[str, Any], run: Run) -> str:
    """What could not be read, which fails every run."""
    place = {"file": from_root(fault["file"], run), "line": str(fault["line"])} if "line" in fault else {}
    return _command("error", {"title": "cannot be read", **place}, fault["message"])


def _annotation(result: Result) -> str:
    aside = f", {result.set_aside}" if result.set_aside else ""
    properties = {"title": f"{result.rule} ({subject_text(result.subject)}){aside}"}
    message = full_text(result)
    place = result.location
    if place and is_file(place.file):
        properties |= {"file": place.file}
        properties |= {"line": str(place.line)} if place.line else {}
        properties |= {"col": str(place.column)} if place.column else {}
    if place and (origin_text(place) or not is_file(place.file)):
        message = f"{place_text(place)}: {message}"
    name = "notice" if result.set_aside or result.effect is Effect.INFO else "warning"
    return _command("error" if result.fails else name, properties, message)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    written = ",".join(f"{key}={_escaped(value, _PROPERTY)}" for key, value in properties.items())
    return f"::{name} {written}::{_escaped(message, _DATA)}"


def _escaped(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    text = printable(text)
    for character, written in escapes:
        text = text.replace(character, written)
    return text
