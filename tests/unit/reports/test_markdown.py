"""Markdown, rendered by GitHub's own library: what is said stays, and no text of a manifest becomes anything but text."""

import re

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given
from lxml import html

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Target
from perfana_support.model.code import Code, Status
from perfana_support.model.installation import Location
from perfana_support.reports import markdown
from perfana_support.reports.markdown import MAX_LENGTH, render
from perfana_support.reports.report import Report
from perfana_support.reports.table import printable
from tests.unit.builders import TODAY, installation, judge, policy, without_dependencies
from tests.unit.reports.hostile import NASTY, REPORTS
from tests.unit.reports.reporting import (
    IGNORED,
    LATEST,
    NEWEST,
    OLD,
    PLACE,
    WAIVED,
    finding,
    report,
    with_findings,
)

# All that a comment consists of; pictures, links and code are not among it.
_TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
ELEMENTS = {"div", "h2", "h3", "p", "strong", "ul", "li", "br", "details", "summary"} | _TABLE
# What GitHub and GitLab make mentions, references and links of, in text as it is shown.
ACTIVE = re.compile(r"(?<!\w)@\w|[#!]\d|\bGH-\d|\w://|(?<!\w)[$&%~]\d", re.IGNORECASE)


def _page(*reports: Report) -> html.HtmlElement:
    text = render(reports)
    assert text.isascii()
    assert len(text) <= MAX_LENGTH + 1
    page = html.fromstring(f"<div>{cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE)}</div>")
    for element in page.iter():
        assert element.tag in ELEMENTS, html.tostring(element)
        assert not element.attrib
    return page


def _shown(*reports: Report) -> str:
    return str(_page(*reports).text_content()).replace("\u200b", "")


def _items(*reports: Report) -> list[str]:
    return [" ".join(item.text_content().replace("\u200b", "").split()) for item in _page(*reports).iter("li")]


@given(reports=REPORTS)
def test_hostile_texts_stay_texts(reports: list[Report]) -> None:
    page = _page(*reports)
    assert not ACTIVE.search(page.text_content())
    rows = [row for table in page.iter("table") for row in table.iter("tr")]
    assert {len(list(row)) for row in rows} == {4, 6}
    shown = " ".join(page.text_content().replace("\u200b", "").split())
    for one in (found for each in reports for found in each.verdict.findings):
        assert " ".join(printable(one.message).split()) in shown


@pytest.mark.parametrize("nasty", NASTY)
def test_nasty_text_is_shown_as_it_is(nasty: str) -> None:
    item, *_ = _items(with_findings(finding(message=f"a{nasty}b {nasty} c")))
    told = " ".join(printable(f"a{nasty}b {nasty} c").split())
    assert item == f"EndOfLife (Unsupported), Deployment/web at deploy/perfana.yaml:12:9: {told} → do this"


def test_verdict_is_the_heading() -> None:
    titles = {
        OLD: "❌ not supported",
        LATEST: "❓ cannot be determined",
        NEWEST: "✅ supported",
        "perfana/perfana-web:0.2.96.20": "⚠️ supported, at risk",
    }
    for image, words in titles.items():
        (heading,) = _page(report(judge(image))).iter("h2")
        assert heading.text_content() == f"Perfana support: {words}"


def test_unknown_is_never_a_tick() -> None:
    for images in ([], [LATEST], ["{{ x }}"], [OLD]):
        assert "✅" not in _shown(report(judge(*images)))


def test_failing_target_is_the_heading() -> None:
    check = Check(target=Target("9.9.9"))
    verdict = evaluate(installation(NEWEST), without_dependencies(policy()), TODAY, check)
    assert verdict.conditions[0].status is Status.TRUE
    page = _page(report(verdict))
    (heading,) = page.iter("h2")
    assert "cannot be determined" in heading.text_content()
    assert "With the target it would be Unknown: no product line" in page.text_content()


def test_overview_has_a_row_for_each_installation_the_worst_first() -> None:
    page = _page(report(judge(NEWEST)), report(judge(OLD)._replace(namespace="legacy")))
    (table, *_) = page.iter("table")
    rows = [[cell.text_content() for cell in row] for row in table.iter("tr")]
    assert rows[1:] == [
        ["❌ not supported", "legacy", "3.1.0", "False", "EndOfLife", "2026-07-12"],
        ["✅ supported", "perfana", "0.2.96.22", "True", "AllRulesMet", "<none>"],
    ]
    assert [heading.text_content() for heading in page.iter("h3")] == ["Namespace legacy", "Namespace perfana"]


def test_what_to_do_stands_before_the_conditions() -> None:
    shown = _shown(with_findings(finding()))
    assert shown.index("What to do") < shown.index("do this") < shown.index("Condition")


def test_finding_has_code_subject_place_message_and_advice() -> None:
    place = Location("-", 40, 2, "perfana/templates/web.yaml")
    assert _items(with_findings(finding(location=place))) == [
        "EndOfLife (Unsupported), Deployment/web at standard input:40:2 (template perfana/templates/web.yaml): seen → do this"
    ]


def test_image_can_be_copied() -> None:
    image = "harbor.example.com:5000/perfana/perfana_web:0.2.96.22@sha256:" + "a" * 64
    assert image in _page(with_findings(finding(message=f"image {image} is old"))).text_content()


def test_every_condition_has_a_row() -> None:
    verdict = judge(OLD)
    shown = [[cell.text_content() for cell in row] for row in _page(report(verdict)).iter("tr")]
    for condition in verdict.conditions:
        assert [str(condition.type), str(condition.status), condition.reason, condition.message] in shown


def test_what_does_not_count_is_folded_away() -> None:
    page = _page(with_findings(finding(Code.FLOATING_TAG), WAIVED, IGNORED))
    titles = [summary.text_content() for summary in page.iter("summary")]
    assert titles == ["Conditions", "Set aside, or for information (3)"]
    assert "What to do" not in page.text_content()
    assert "EndOfLife (waived until 2027-03-31)" in page.text_content()
    assert "EndOfLife (ignored by --ignore)" in page.text_content()


def test_next_change_day_and_policy_stand_last() -> None:
    assert _shown(report(judge(NEWEST))).strip().splitlines()[-2:] == [
        "Next change by time alone: 2027-05-24, VersionSupported is True (PolicyStale).",
        "As of 2026-11-24 (UTC), policy default of 2026-11-24.",
    ]


@pytest.mark.parametrize("message", ["x", "x" * 3000, "|" * 3000, "\U000e0001" * 3000, "@a " * 1000])
@pytest.mark.parametrize("count", [1, 30, 300])
def test_comment_stays_below_its_limit(count: int, message: str) -> None:
    one = with_findings(*(finding(message=f"{place} {message}") for place in range(count)))
    conditions = tuple(condition._replace(message=message) for condition in one.verdict.conditions)
    many = [report(one.verdict._replace(conditions=conditions, findings=one.verdict.findings[:2]))] * (count // 10 + 1)
    for reports in ([one], many[:1], many):
        assert "supported" in _shown(*reports)


def test_what_does_not_fit_is_counted() -> None:
    shown = _shown(with_findings(*(finding(message=f"{place} {'x' * 500}", location=PLACE) for place in range(100))))
    assert "… and 50 more findings; the JSON report has all." in shown


def test_work_follows_what_is_told_and_not_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of findings that a comment has no room for, no text is looked at."""
    looked_at = 0

    def counting(text: str) -> str:
        nonlocal looked_at
        looked_at += len(text)
        return printable(text)

    monkeypatch.setattr(markdown, "printable", counting)
    work = []
    for number in (600, 6000):
        looked_at = 0
        nasty = [finding(message="\x1b\u200b" * 3000, remediation=f"{place}\x1b" * 2000) for place in range(number)]
        assert len(render([with_findings(*nasty)])) <= MAX_LENGTH + 1
        work.append(looked_at)
    assert work[0] == work[1] < 5 * MAX_LENGTH
