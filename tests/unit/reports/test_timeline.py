"""The picture of support windows: whatever the day and the policy, it stays in its frame and tells no window wrong."""

import re
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.code import ConditionType, Status
from perfana_support.model.policy import Policy, StatedLine, date_lines
from perfana_support.model.verdict import Transition
from perfana_support.reports.timeline import picture, window_table
from tests.unit.builders import judge, policy
from tests.unit.reports.pages import Element, Page

NEWEST = judge("perfana/perfana-web:0.2.96.22")


def _policy(*lines: tuple[date, date | None]) -> Policy:
    stated = [StatedLine(f"1.{place}", first, end, "") for place, (first, end) in enumerate(lines)]
    fields = policy().fields
    return Policy(fields._replace(lines=date_lines(stated, fields.end_of_life)))


def _bars(page: Page) -> list[Element]:
    return [each for each in page.elements if each.tag == "rect" and "bar" in each.classes]


def _share(bar: Element, attribute: str) -> float:
    return float(str(bar.attributes[attribute]).removesuffix("%"))


@given(
    as_of=st.dates(),
    change=st.none() | st.dates(),
    lines=st.lists(st.tuples(st.dates(), st.none() | st.dates()), min_size=1, max_size=5),
)
def test_everything_stays_in_the_frame(as_of: date, change: date | None, lines: list[tuple[date, date | None]]) -> None:
    transition = Transition(change, ConditionType.VERSION_SUPPORTED, Status.FALSE, "EndOfLife") if change else None
    verdict = NEWEST._replace(as_of=as_of, next_transition=transition)
    html = picture(verdict, _policy(*lines), 1)
    assert all(0 <= float(share) <= 100 for share in re.findall(r'"(-?[\d.]+)%"', html))
    page = Page(html)
    assert page.faults == []
    assert len(_bars(page)) == len(lines)
    assert all(_share(bar, "x") + _share(bar, "width") <= 96.5 for bar in _bars(page))
    assert len(page.all("text", "year")) <= 10


@given(as_of=st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_today_is_inside_exactly_the_windows_that_are_open(as_of: date) -> None:
    page = Page(picture(NEWEST._replace(as_of=as_of), policy(), 1))
    today = _share(page.one("line", "today"), "x1")
    for bar in _bars(page):
        start, end = _share(bar, "x"), _share(bar, "x") + _share(bar, "width")
        is_open = bool({"current", "ending"} & {*bar.classes})
        assert is_open is (start - 0.01 <= today <= end + 0.01) or min(abs(today - start), abs(today - end)) < 0.1


def test_window_that_ends_in_9999_goes_on() -> None:
    page = Page(picture(NEWEST, _policy((date(2020, 1, 1), date.max), (date(2024, 1, 1), None)), 1))
    assert len(page.all("path")) == 2
    assert [each.text for each in page.all("text", "label")] == ["until 9999-12-31", "no end yet"]


def test_window_longer_ago_than_the_picture_shows_is_closed() -> None:
    page = Page(picture(NEWEST, _policy((date(1900, 1, 1), date(1902, 1, 1)), (date(2024, 1, 1), None)), 1))
    assert [each.classes[1] for each in page.all("path")] == ["current"]
    assert page.all("text", "label")[0].text == "ended 1902-01-01"


def test_line_that_is_not_out_yet_does_not_say_until_when_it_is_supported() -> None:
    verdict = NEWEST._replace(as_of=date(2024, 4, 4))
    assert "from 2024-04-05" in [each.text for each in Page(picture(verdict, policy(), 1)).all("text", "label")]


def test_picture_and_table_agree() -> None:
    labels = [each.text.split()[-1] for each in Page(picture(NEWEST, policy(), 1)).all("text", "label")][:-1]
    rows = Page(window_table(NEWEST, policy())).rows("Support windows")[1:-1]
    assert labels == [row[2] for row in rows]
