"""A verdict as one HTML file for people: the verdict, what to do, the support windows, the evidence.

There is no script in it and nothing from elsewhere.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from perfana_support import __version__
from perfana_support.model.code import ConditionType, Effect, Status
from perfana_support.model.finding import Finding
from perfana_support.model.verdict import Condition, Verdict
from perfana_support.reports.evidence import evidence, groups, subject_of
from perfana_support.reports.markup import (
    VERDICT_TONES,
    Markup,
    Tone,
    badge,
    copyable,
    element,
    facts,
    finding_badge,
    finding_tone,
    grid,
    join,
    status_badge,
    text,
    verdict_tone,
)
from perfana_support.reports.report import Report
from perfana_support.reports.stylesheet import STYLESHEET
from perfana_support.reports.timeline import own_lines, picture, window_table

# Nothing is loaded and nothing runs, whatever a manifest manages to bring along.
CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
# Places named with a remediation; all of them stand in the evidence.
_MOST_PLACES = 5


def render(reports: Sequence[Report]) -> str:
    """The page of one or more installations; of several, a summary comes first. The same reports give the same page.

    ASCII alone, so that no encoding can harm it.
    """
    if len(reports) == 1:
        tone = _tone(reports[0].verdict)
        title = f"{tone.word}: {_name(reports[0].verdict)}"
        content = join(_installation(reports[0], 1, "h1"))
    else:
        title = f"Perfana support report of {len(reports)} installations"
        sections = (_section_of(report, number) for number, report in enumerate(reports, 1))
        content = join((_summary(reports, title), *sections))
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=CONTENT_SECURITY_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", text(title)),
        element("style", Markup(STYLESHEET)),
    )
    footer = element("footer", text(f"perfana-support {__version__}"))
    page = element("html", head, element("body", element("main", content), footer), lang="en")
    return f"<!DOCTYPE html>\n{page}\n".encode("ascii", "xmlcharrefreplace").decode()


def _section_of(report: Report, number: int) -> Markup:
    return element("section", *_installation(report, number, "h2"), id=f"installation-{number}", class_="installation")


def _installation(report: Report, number: int, heading: str) -> Iterator[Markup]:
    below = "h2" if heading == "h1" else "h3"
    yield _verdict(report, heading)
    yield element("section", element(below, text("What to do")), *_tasks(report.verdict, below), class_="to-do")
    if report.verdict.brought_findings:
        told = element("p", text("What would be found after the upgrade to the target and is not found now."))
        after = groups(report.verdict.brought_findings, below)
        yield element("section", element(below, text("After the upgrade")), told, *after, class_="findings")
    yield element("section", element(below, text("Support windows")), *_windows(report, number), class_="support-windows")
    yield from evidence(report, below)


def _summary(reports: Sequence[Report], title: str) -> Markup:
    """All installations at a glance, counted with the worst first."""
    counts = Counter(_tone(report.verdict) for report in reports)
    worst = next(tone for tone in VERDICT_TONES if tone in counts)
    words = (element("li", badge(tone), text(f" {counts[tone]} of {len(reports)}")) for tone in VERDICT_TONES if counts[tone])
    rows = (_summary_row(number, report.verdict) for number, report in enumerate(reports, 1))
    header = ("Installation", "Verdict", "Reason", "Release", "End of life", "Next change")
    verdict = element(
        "header",
        element("p", text(title), class_="name"),
        _headline("h1", worst, f"{worst.word}: {counts[worst]} of {len(reports)}"),
        element("ul", *words, class_="counts"),
        class_=f"verdict {worst.name}",
    )
    return join((verdict, element("section", grid("All installations", header, rows), class_="summary")))


def _summary_row(number: int, verdict: Verdict) -> tuple[Markup, ...]:
    change, aside = verdict.next_transition, len(_aside(verdict.findings))
    return (
        element("a", text(_name(verdict)), href=f"#installation-{number}"),
        join((badge(_tone(verdict)), text(f" {aside} set aside" if aside else "")), ""),
        text(verdict.condition(ConditionType.SUPPORTED).reason),
        text(verdict.release or "not determined"),
        text(_end(verdict)),
        text(change.day if change else "none known"),
    )


def _verdict(report: Report, heading: str) -> Markup:
    """The one thing to read: a sign, a word, the sentence behind them, and what the verdict holds for."""
    verdict = report.verdict
    tone = _tone(verdict)
    supported = verdict.condition(ConditionType.SUPPORTED)
    return element(
        "header",
        element("p", text(_name(verdict)), class_="name"),
        _headline(heading, tone, tone.word),
        element("p", element("strong", text(supported.reason)), text(f": {supported.message}."), class_="why"),
        *_set_aside(verdict.findings),
        facts(_facts(report)),
        class_=f"verdict {tone.name}",
    )


def _headline(heading: str, tone: Tone, words: str) -> Markup:
    sign = element("span", text(tone.sign), aria_hidden="true", class_="sign")
    return element(heading, sign, element("span", text(words), class_="word"))


def _facts(report: Report) -> Iterator[tuple[str, Markup]]:
    verdict, policy, change = report.verdict, report.policy, report.verdict.next_transition
    yield "Release", text(verdict.release or "not determined")
    yield "End of life", text(_end(verdict))
    yield "Support ticket", _status(verdict.condition(ConditionType.TICKET_ELIGIBLE))
    for condition in verdict.conditions:
        if condition.type is ConditionType.UPGRADE_SUPPORTED:
            yield "After the upgrade", join((_status(condition), text(condition.message + ".")), " ")
    if change:
        yield "Next change by time alone", text(f"{change.day}: {change.condition} is {change.status} ({change.reason})")
    yield "As of", text(f"{verdict.as_of} (UTC), policy {policy.name} of {policy.published_on}")


def _status(condition: Condition) -> Markup:
    return join((status_badge(condition), text(condition.reason)), " ")


def _set_aside(findings: tuple[Finding, ...]) -> Iterator[Markup]:
    """A verdict that holds only because something is not looked at says so beside the word."""
    aside = _aside(findings)
    if aside:
        kinds = Counter(f"{finding.code} {finding.set_aside}" for finding in aside)
        words = ", ".join(f"{kind} ({number})" for kind, number in kinds.items())
        yield element("p", element("strong", text("Set aside and not counted: ")), text(f"{words}."), class_="set-aside")


def _aside(findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if not finding.counts and finding.effect is not Effect.INFO]


def _tasks(verdict: Verdict, heading: str) -> Iterator[Markup]:
    """What to do, the worst first: a task a code, a remediation each with the places that it is for."""
    tasks = [finding for finding in verdict.findings if finding.counts and finding.effect is not Effect.INFO]
    if tasks:
        groups = groupby(tasks, key=lambda finding: finding.code)
        yield element("ol", *(_task([*group], heading) for _, group in groups), class_="tasks")
        return
    supported = verdict.condition(ConditionType.SUPPORTED)
    if supported.status is Status.TRUE:
        yield element("p", text("Nothing: no finding asks for action."))
    else:
        yield element("p", text(f"No finding says what to do. Supported is {supported.status}: {supported.message}."))


def _task(findings: list[Finding], heading: str) -> Markup:
    first = findings[0]
    below = "h3" if heading == "h2" else "h4"
    remedies: dict[str, list[Finding]] = {}
    for finding in findings:
        remedies.setdefault(finding.remediation, []).append(finding)
    title = element(below, finding_badge(first), text(first.code))
    return element("li", title, *(_remedy(words, of) for words, of in remedies.items()), class_=f"task {finding_tone(first)}")


def _remedy(words: str, findings: Iterable[Finding]) -> Markup:
    places = [text(f"{subject_of(finding.subject)}{_at(finding)}") for finding in findings]
    shown = [element("li", place) for place in places[:_MOST_PLACES]]
    if len(places) > _MOST_PLACES:
        shown.append(element("li", text(f"and {len(places) - _MOST_PLACES} more, all of them below Findings")))
    return join((element("p", copyable(words), class_="remedy"), element("ul", *shown, class_="places")))


def _at(finding: Finding) -> str:
    return f", {finding.location.text}" if finding.location else ""


def _windows(report: Report, number: int) -> Iterator[Markup]:
    verdict, policy = report.verdict, report.policy
    if not policy.lines:
        yield element("p", text(f"Policy {policy.name} lists no line."))
        return
    own = own_lines(verdict, policy)
    told = f"▸ marks where this installation is: line {', '.join(own)}." if own else "No line of this installation is known."
    undetermined = sum(not component.line for component in verdict.components)
    told += f" The line of {undetermined} image(s) is not determined." if undetermined else ""
    change = verdict.next_transition
    told += f" ◆ {change.day}: {change.condition} is {change.status} ({change.reason})." if change else ""
    yield element("figure", picture(verdict, policy, number), element("figcaption", text(told)))
    yield element("details", element("summary", text("The same as a table")), window_table(verdict, policy))


def _tone(verdict: Verdict) -> Tone:
    return verdict_tone(verdict, verdict.condition(ConditionType.SUPPORTED).status)


def _name(verdict: Verdict) -> str:
    return f"Perfana in namespace {verdict.namespace}" if verdict.namespace else "Perfana without a namespace"


def _end(verdict: Verdict) -> str:
    """The end of life of what ends first; what has none yet is told from what nobody knows."""
    if verdict.support_ends_on:
        return str(verdict.support_ends_on)
    return "none yet" if verdict.release else "not determined"
