"""A ticket as text for a terminal, and as Markdown to paste: the same sections, each with its own signs."""

import sys
from collections.abc import Iterator
from typing import NamedTuple

from perfana_support.model.code import Status
from perfana_support.reports.markdown import MAX_LENGTH, escaped, written
from perfana_support.reports.phrases import Say, speaker
from perfana_support.reports.table import printable
from perfana_support.reports.ticket import Row, Section, Ticket, sections

_SIGNS = {Status.FALSE: "❌", Status.UNKNOWN: "❓", Status.TRUE: "✅"}
_GAP = "  "


class _Measure(NamedTuple):
    """How much is told: texts of a row, characters of one text."""

    texts: int
    characters: int


# The first that fits is taken; the last one always does.
_MEASURES = (_Measure(500, 2000), _Measure(50, 1000), _Measure(10, 500), _Measure(3, 300), _Measure(1, 100))


def text(ticket: Ticket) -> str:
    """The ticket for a terminal: labels in a column, and what they say beside them."""
    told = tuple(sections(ticket))
    width = max(len(row.label) for section in told for row in section.rows if not section.heading) + len(":" + _GAP)
    lines: list[str] = []
    for section in told:
        lines += _of_section(section, width)
        lines.append("")
    return "\n".join(map(printable, lines))


def _of_section(section: Section, width: int) -> Iterator[str]:
    if section.heading:
        yield f"{section.heading}:"
    for row in section.rows:
        texts = (*row.texts, row.quote) if row.quote else row.texts
        if section.heading and len(texts) == 1:
            yield f"{_GAP}{row.label}: {texts[0]}"
        elif section.heading:
            yield f"{_GAP}{row.label}:"
            yield from (f"{_GAP * 2}{each}" for each in texts)
        else:
            label = f"{row.label}:" if row.label else ""
            for each in texts:
                yield f"{label.ljust(width)}{each}"
                label = ""


def markdown(ticket: Ticket) -> str:
    """The ticket to paste into the portal. Texts of manifests and of the summary are nothing but text there."""
    texts = (written(_lines(ticket, measure), MAX_LENGTH) for measure in _MEASURES)
    return next(filter(None, texts), "") or written(_lines(ticket, _MEASURES[-1]), sys.maxsize)


def _lines(ticket: Ticket, measure: _Measure) -> Iterator[str]:
    say = speaker(ticket.request.language)
    status = ticket.answer.status
    yield f"## {say('title')}: {_SIGNS[status]} {say(str(status))}"
    is_table = False
    for section in sections(ticket):
        if section.heading:
            is_table = False
            yield from ("", f"**{section.heading}**", "")
            for row in section.rows:
                yield from _bullets(row, measure, say)
            continue
        if not is_table:
            yield from ("", "| | |", "|---|---|")
            is_table = True
        for row in section.rows:
            yield f"| {_strong(row.label)} | {'<br>'.join(_texts(row, measure, say))} |"


def _bullets(row: Row, measure: _Measure, say: Say) -> Iterator[str]:
    texts = tuple(_texts(row, measure, say))
    if len(texts) == 1:
        yield f"- {_strong(row.label)}: {texts[0]}"
        return
    yield f"- {_strong(row.label)}:"
    yield from (f"  - {each}" for each in texts)


def _texts(row: Row, measure: _Measure, say: Say) -> Iterator[str]:
    for each in row.texts[: measure.texts]:
        yield escaped(each, measure.characters)
    if len(row.texts) > measure.texts:
        yield say("more", count=len(row.texts) - measure.texts)
    if row.quote:
        yield escaped(row.quote, measure.characters)


def _strong(label: str) -> str:
    return f"**{escaped(label, _MEASURES[0].characters)}**" if label else ""
