"""The support windows of all lines: a picture to look at and a table that says the same."""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from perfana_support.model.code import Status
from perfana_support.model.policy import Line, Policy
from perfana_support.model.verdict import Verdict
from perfana_support.reports.markup import NOTHING, Markup, element, grid, text

# Heights in pixels. Widths are shares of the picture's, so that letters keep their size on every screen.
_ROW, _BAR, _HEAD, _FOOT = 26, 18, 44, 24
_LETTERS = 4
# Where the bars begin and end, in percent; in front of them stand the lines' names.
_LEFT, _RIGHT = 13.0, 96.0
# A label that begins further right than this ends with its bar instead: at 400 pixels it needs a third of the width.
_LAST_START = 66.0
# How many years are shown before and after what matters, at most: a policy may state a day in 9999.
_MOST_BEFORE, _MOST_AFTER = 15, 6
_MOST_TICKS = 8
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
# In which colour the next transition stands: by what becomes of the condition; what stays True needs attention.
_TONES = {Status.TRUE: "risk", Status.FALSE: "bad", Status.UNKNOWN: "unclear"}


class State(StrEnum):
    """Where a line is in its life on a day, as the table words it."""

    AHEAD = "not out yet"
    CURRENT = "within its support window"
    ENDING = "support ends soon"
    ENDED = "end of life"


class _Axis(NamedTuple):
    """The years from edge to edge."""

    first: int
    last: int

    def place(self, day: date) -> float:
        """Where a day stands, in percent of the width; a day outside stands at the edge."""
        share = (_years(day) - self.first) / (self.last - self.first)
        return _LEFT + (_RIGHT - _LEFT) * min(max(share, 0.0), 1.0)

    def reaches(self, day: date) -> bool:
        """Whether a day is not behind the last year."""
        return _years(day) <= self.last


def own_lines(verdict: Verdict, policy: Policy) -> tuple[str, ...]:
    """The lines that the installation's components are on, in order of succession."""
    used = {component.line for component in verdict.components}
    return tuple(name for name in policy.lines if name in used)


def picture(verdict: Verdict, policy: Policy, number: int) -> Markup:
    """One bar a line from its first release to its end of life; `number` keeps the names of several pictures apart."""
    axis = _axis(verdict, policy)
    height = _HEAD + _ROW * len(policy.lines) + _FOOT
    name, description = f"windows-{number}", f"windows-{number}-text"
    return element(
        "svg",
        element("title", text(f"Support windows of all lines on {verdict.as_of}"), id=name),
        element("desc", text(" ".join(_sentences(verdict, policy))), id=description),
        *_years_below(axis, height),
        *(piece for line in policy.lines.values() for piece in _bar(line, verdict, policy, axis)),
        *_days_above(verdict, axis, height),
        *(piece for line in policy.lines.values() for piece in _labels(line, verdict, policy, axis)),
        role="img",
        aria_labelledby=f"{name} {description}",
        class_="windows",
        width="100%",
        height=str(height),
    )


def window_table(verdict: Verdict, policy: Policy) -> Markup:
    """The same in words."""
    own = own_lines(verdict, policy)
    rows = (
        (
            text(line.name),
            text(line.first_released_on),
            text(line.end_of_life_on or "none yet"),
            text(state(line, verdict.as_of, policy)),
            text("yes") if line.name in own else NOTHING,
        )
        for line in policy.lines.values()
    )
    header = ("Line", "First release", "Last day of support", f"On {verdict.as_of}", "Runs here")
    return grid("Support windows of all lines, in order of succession", header, rows)


def state(line: Line, as_of: date, policy: Policy) -> State:
    """Where a line is in its life on a day."""
    end, warned_from = line.end_of_life_on, policy.at_risk_from(line)
    if end and as_of > end:
        return State.ENDED
    if as_of < line.first_released_on:
        return State.AHEAD
    return State.ENDING if warned_from and as_of >= warned_from else State.CURRENT


def _axis(verdict: Verdict, policy: Policy) -> _Axis:
    """Whole years around all windows, today and the next transition, with room behind today for what has no end yet."""
    lines = policy.lines.values()
    centre = max(verdict.as_of, *(line.first_released_on for line in lines))
    earliest = min(verdict.as_of, *(line.first_released_on for line in lines))
    ends = [line.end_of_life_on.year for line in lines if line.end_of_life_on]
    if verdict.next_transition:
        ends.append(verdict.next_transition.day.year)
    last = max([centre.year + 1, *(year for year in ends if year <= centre.year + _MOST_AFTER)])
    return _Axis(max(earliest.year, min(centre.year - _MOST_BEFORE, verdict.as_of.year)), last + 1)


def _sentences(verdict: Verdict, policy: Policy) -> Iterator[str]:
    """The picture in words, for who does not see it."""
    own = own_lines(verdict, policy)
    yield f"The installation runs line {', '.join(own)}." if own else "The installation's line is not determined."
    if verdict.next_transition:
        change = verdict.next_transition
        yield f"Next change by time alone: {change.day}, {change.condition} is {change.status} ({change.reason})."
    for line in policy.lines.values():
        yield f"Line {line.name}: {_label(line, state(line, verdict.as_of, policy))}."


def _label(line: Line, of: State) -> str:
    if of is State.AHEAD:
        return f"from {line.first_released_on}"
    if line.end_of_life_on is None:
        return "no end yet"
    return f"ended {line.end_of_life_on}" if of is State.ENDED else f"until {line.end_of_life_on}"


def _bar(line: Line, verdict: Verdict, policy: Policy, axis: _Axis) -> Iterator[Markup]:
    top = _HEAD + _ROW * line.place
    middle = top + _ROW // 2
    kind = state(line, verdict.as_of, policy).name.lower()
    is_own = line.name in own_lines(verdict, policy)
    start, end = _ends(line, axis)
    own = " own" if is_own else ""
    if is_own:
        yield element("rect", x="0", y=str(top), width="100%", height=str(_ROW), class_="own-row")
    yield element(
        "rect",
        x=_percent(start),
        y=str(middle - _BAR // 2),
        width=_percent(max(end - start, 0.5)),
        height=str(_BAR),
        rx="3",
        class_=f"bar {kind}{own}",
    )
    if end == _RIGHT:
        arrow = element("path", d=f"M0 -{_BAR // 2}L9 0L0 {_BAR // 2}Z", class_=f"bar {kind}{own}")
        yield element("svg", arrow, x=_percent(end), y=str(middle), overflow="visible", width="1", height="1")


def _labels(line: Line, verdict: Verdict, policy: Policy, axis: _Axis) -> Iterator[Markup]:
    """A line's name and its end; written last, so that no mark of a day runs through them."""
    middle = _HEAD + _ROW * line.place + _ROW // 2
    of = state(line, verdict.as_of, policy)
    is_own = line.name in own_lines(verdict, policy)
    own = " own" if is_own else ""
    start, end = _ends(line, axis)
    yield _write(1.0, middle, f"▸ {line.name}" if is_own else line.name, f"name{own}")
    kind = f"label on-{of.name.lower()}{own}"
    if start > _LAST_START:
        yield _write(end - 1, middle, _label(line, of), kind, "end")
    else:
        yield _write(start + 1, middle, _label(line, of), kind)


def _ends(line: Line, axis: _Axis) -> tuple[float, float]:
    """Where a bar begins and ends; one that goes on beyond the picture ends at its edge, with an arrow."""
    end = line.end_of_life_on
    return axis.place(line.first_released_on), axis.place(end) if end and axis.reaches(end) else _RIGHT


def _years_below(axis: _Axis, height: int) -> Iterator[Markup]:
    count = axis.last - axis.first
    step = next((step for step in _STEPS if count <= step * _MOST_TICKS), _STEPS[-1])
    for year in range(-(-axis.first // step) * step, axis.last + 1, step):
        place = _percent(_LEFT + (_RIGHT - _LEFT) * (year - axis.first) / count)
        yield element("line", x1=place, x2=place, y1=str(_HEAD), y2=str(height - _FOOT), class_="tick")
        yield element("text", text(year), x=place, y=str(height - _FOOT // 2 + _LETTERS), text_anchor="middle", class_="year")


def _days_above(verdict: Verdict, axis: _Axis, height: int) -> Iterator[Markup]:
    """Today and the next transition: a line each, named above the bars in a row of its own so that they never collide."""
    days = [(verdict.as_of, f"as of {verdict.as_of}", "today", "today-label", 0)]
    change = verdict.next_transition
    if change and axis.reaches(change.day):
        tone = _TONES[change.status]
        days.append((change.day, f"◆ next change {change.day}", f"next {tone}", f"next-label {tone}", _HEAD // 2))
    for day, _, kind, _, top in days:
        at_day = _percent(axis.place(day))
        yield element("line", x1=at_day, x2=at_day, y1=str(top + 2), y2=str(height - _FOOT), class_=kind)
    for day, label, _, name, top in days:
        place = axis.place(day)
        is_right = place > (_LEFT + _RIGHT) / 2
        at = place - 1 if is_right else place + 1
        yield _write(at, top + _HEAD // 4, label, f"day {name}", "end" if is_right else "start")


def _write(place: float, middle: int, words: str, kind: str, anchor: str = "start") -> Markup:
    return element("text", text(words), x=_percent(place), y=str(middle + _LETTERS), text_anchor=anchor, class_=kind)


def _percent(place: float) -> str:
    return f"{place:.2f}%"


def _years(day: date) -> float:
    return day.year + (day.timetuple().tm_yday - 1) / 366
