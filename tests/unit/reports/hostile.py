"""Reports of what nobody should write into a manifest, for the property tests of all formats."""

from datetime import date

from hypothesis import strategies as st

from perfana_support.model.code import Code, ConditionType, Status
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Location, Subject
from perfana_support.model.verdict import Condition, Verdict
from perfana_support.reports.report import Report, Run
from tests.unit.builders import judge, policy

# Pieces that end a text, a cell, a comment or a command in one format or another.
NASTY = [
    *("]]>", "-->", "<!--", "</details>", "<script>alert(1)</script>", "&lt;", "&#0;", "<![CDATA[", "%0A", "%25", "%"),
    *("\n::error::x", "\r\n", "\n", "\t", "::set-output name=a::b", "##[error]x", "::stop-commands::x", "::", ",", ":"),
    *("|", "`", "```", "~~~", "*", "_", "![x](http://example.com)", "[x]: http://example.com", "\n# x", "\n- x", "\n\n    x"),
    *("@acme/team", "#1", "acme/web#2", "!3", "https://example.com/acme/issues/1", "www.example.com", "\\", '"', "'", "$1$"),
    *("\x00", "\x07", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff", "\ufffe", "\uffff", "\U0001f40b", "\u0436"),
    *("{{ x }}", "!!python/object:x", "&a", "*a", "? ", "- ", ": ", " #", "---", "...", "null", "yes", "1e3", "~", "0x1f"),
]
TEXTS = st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=6)), max_size=4).map("".join)
_LOCATIONS = st.builds(
    Location, st.one_of(st.just("-"), TEXTS.filter(bool)), st.integers(1, 99), st.integers(0, 9), st.one_of(st.just(""), TEXTS)
)
FINDINGS = st.builds(
    Finding,
    st.sampled_from(Code),
    st.builds(Subject, st.one_of(st.just("Deployment"), TEXTS), TEXTS, TEXTS, TEXTS, TEXTS),
    TEXTS,
    TEXTS,
    st.one_of(st.none(), _LOCATIONS),
    st.one_of(st.none(), st.just(date(2027, 3, 31))),
    st.one_of(st.just(""), st.just("--ignore")),
)
_CONDITIONS = st.builds(
    Condition, st.sampled_from(ConditionType), st.sampled_from(Status), st.sampled_from(["EndOfLife", "NoComponents"]), TEXTS
)


@st.composite
def _verdicts(draw: st.DrawFn) -> Verdict:
    conditions = {condition.type: condition for condition in judge().conditions}
    conditions |= {condition.type: condition for condition in draw(st.lists(_CONDITIONS, max_size=4))}
    return judge()._replace(
        namespace=draw(TEXTS),
        conditions=tuple(conditions.values()),
        findings=tuple(draw(st.lists(FINDINGS, max_size=4))),
        release=draw(st.one_of(st.none(), TEXTS)),
    )


_SOURCES = st.one_of(
    st.builds(lambda files: {"kind": "Manifests", "files": files, "documents": 3}, st.lists(TEXTS.filter(bool), max_size=2)),
    st.builds(lambda name: {"kind": "Cluster", "context": name, "server": name}, TEXTS),
)
_RUNS = st.builds(Run, st.booleans(), st.booleans(), st.just(""), st.just(""))
REPORTS = st.lists(st.builds(Report, _verdicts(), st.just(policy()), _SOURCES, _RUNS), min_size=1, max_size=3)
