"""Pieces of HTML: text and markup are two types, so that a text which nobody escaped does not pass the type checker."""

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import NamedTuple, NewType

from perfana_support.model.code import Effect, Reason, Status
from perfana_support.model.finding import Finding
from perfana_support.model.verdict import Condition, Verdict
from perfana_support.reports.table import printable

Markup = NewType("Markup", str)
NOTHING = Markup("")

_VOID = frozenset({"meta", "line", "rect", "path"})
_DIGEST = "@sha256:[0-9a-f]{64}"
# What a reader copies out of a remediation: an image reference, a command, a field of a resource, the number of a release.
_VALUE = re.compile(
    rf"(?<![\w./:@-])[\w.-]+(?::\d+(?=/))?(?:/[\w.-]+)+(?::\w(?:[\w.-]*\w)?(?:{_DIGEST})?|{_DIGEST})"
    r"|\bkubectl .*"
    r"|\bspec(?:\.\w+)+"
    r"|(?<=\brelease )\d+(?:\.\d+){1,3}",
    re.ASCII,
)


class Tone(NamedTuple):
    """How good or bad something is: the class that colours it, and the sign and the word that say it without colour."""

    name: str
    sign: str
    word: str


SUPPORTED = Tone("good", "✓", "Supported")
AT_RISK = Tone("risk", "!", "Supported, at risk")
NOT_SUPPORTED = Tone("bad", "✗", "Not supported")
UNDETERMINED = Tone("unclear", "?", "Undetermined")
# The worst first, as a summary counts them.
VERDICT_TONES = (NOT_SUPPORTED, UNDETERMINED, AT_RISK, SUPPORTED)

_OF_EFFECT = {
    Effect.UNSUPPORTED: Tone("bad", "✗", "Unsupported"),
    Effect.UNDETERMINED: Tone("unclear", "?", "Undetermined"),
    Effect.AT_RISK: Tone("risk", "!", "AtRisk"),
    Effect.INFO: Tone("info", "i", "Info"),
}
_OF_STATUS = {
    Status.TRUE: Tone("good", "✓", "True"),
    Status.FALSE: Tone("bad", "✗", "False"),
    Status.UNKNOWN: Tone("unclear", "?", "Unknown"),
}


def text(raw: object) -> Markup:
    """A text as markup: escaped, and with control and invisible characters spelt out, which manifests may bring along."""
    return Markup(escape(printable(str(raw))))


def element(tag: str, *content: Markup, **attributes: str) -> Markup:
    """An element; an attribute's name may end in `_` where Python has the word, and an inner `_` is a hyphen."""
    names = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items())
    opening = "".join(f' {name}="{escape(printable(value))}"' for name, value in names)
    return Markup(f"<{tag}{opening}/>" if tag in _VOID else f"<{tag}{opening}>{''.join(content)}</{tag}>")


def join(pieces: Iterable[Markup], separator: str = "\n") -> Markup:
    """Pieces one after the other."""
    return Markup(escape(separator).join(pieces))


def verdict_tone(verdict: Verdict, status: Status) -> Tone:
    """The summary in one word; what counts as supported and needs attention is not said as if it needed none."""
    if status is Status.TRUE:
        return AT_RISK if verdict.is_at_risk else SUPPORTED
    return NOT_SUPPORTED if status is Status.FALSE else UNDETERMINED


def badge(tone: Tone) -> Markup:
    """A sign and a word in the colour of both."""
    sign = element("span", text(tone.sign), aria_hidden="true", class_="sign")
    return element("span", sign, text(tone.word), class_=f"badge {tone.name}")


def status_badge(condition: Condition) -> Markup:
    """A condition's status; one that is True for another reason than that all rules are met needs attention."""
    tone = _OF_STATUS[condition.status]
    if condition.status is Status.TRUE and condition.reason != Reason.ALL_RULES_MET:
        tone = Tone(AT_RISK.name, AT_RISK.sign, tone.word)
    return badge(tone)


def finding_badge(finding: Finding) -> Markup:
    """A finding's effect, or why it has none."""
    tone = _OF_EFFECT[finding.effect]
    if finding.set_aside:
        return badge(Tone("aside", "○", f"{finding.set_aside}, else {tone.word}"))
    return badge(tone)


def finding_tone(finding: Finding) -> str:
    """The class that colours a finding's place."""
    return "aside" if finding.set_aside else _OF_EFFECT[finding.effect].name


def facts(rows: Iterable[tuple[str, Markup]]) -> Markup:
    """Names with their values, without those that have none."""
    shown = (element("div", element("dt", text(name)), element("dd", value)) for name, value in rows if value)
    return element("dl", *shown, class_="facts")


def grid(caption: str, header: tuple[str, ...], rows: Iterable[tuple[Markup, ...]]) -> Markup:
    """A table with a row's name in front; on a narrow screen each row stands as a card and repeats the header.

    The roles are stated since a table that is laid out as cards is none to assistive technology.
    """
    heads = [element("th", text(name), scope="col", role="columnheader") for name in header]
    head = element("thead", element("tr", *heads, role="row"), role="rowgroup")
    body = element("tbody", *(_row(header, row) for row in rows), role="rowgroup")
    return element("table", element("caption", text(caption)), head, body, role="table")


def copyable(sentence: str) -> Markup:
    """A sentence in which each exact value is selected as a whole by one tap or click."""
    return join(_parts(printable(sentence)), "")


def _row(header: tuple[str, ...], row: tuple[Markup, ...]) -> Markup:
    first, *others = row
    name = element("th", first, scope="row", role="rowheader")
    cells = (
        element("td", value, role="cell", data_label=label) if value else element("td", role="cell", class_="empty")
        for label, value in zip(header[1:], others, strict=True)
    )
    return element("tr", name, *cells, role="row")


def _parts(sentence: str) -> Iterator[Markup]:
    end = 0
    for found in _VALUE.finditer(sentence):
        yield text(sentence[end : found.start()])
        yield element("code", text(found.group()), class_="copy")
        end = found.end()
    yield text(sentence[end:])
