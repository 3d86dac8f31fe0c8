"""No report holds a command for the CI system that keeps what a job prints, whatever a manifest brings along."""

import json
import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from perfana_support.model.installation import Location, Subject
from perfana_support.reports.formats import FORMATS
from perfana_support.reports.job_log import harmless, harmless_json
from perfana_support.reports.report import Report
from perfana_support.reports.table import printable
from tests.unit.builders import judge
from tests.unit.reports.hostile import REPORTS
from tests.unit.reports.reporting import OLD, finding, rendered, report

# As GitHub's runner and Azure's agent find one in a line.
COMMANDS = re.compile(r"^\s*::|##\w*\[")
HOSTILE = [
    "::error title=a::b",
    "  ::warning::x",
    "::stop-commands::x",
    "##[error]x",
    "a ##[add-mask]x",
    "a##vso[task.complete]",
    "###[a]",
]
TEXTS = st.lists(
    st.sampled_from([*HOSTILE, ":", "::", "#", "##", "[", " ", "a", "\n", "\t", "\r", "\\", '"', "&", "/"]), max_size=6
)


def commands(text: str) -> list[str]:
    return [line for line in text.splitlines() if COMMANDS.search(line)]


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "github"])
@settings(max_examples=30)
@given(reports=REPORTS)
def test_no_line_of_a_report_is_a_command(name: str, reports: list[Report]) -> None:
    assert commands(rendered(name, reports)) == []


@given(reports=REPORTS)
def test_annotations_are_the_only_commands_of_theirs(reports: list[Report]) -> None:
    for line in rendered("github", reports).splitlines():
        assert re.match(r"::(error|warning|notice) ", line)
        assert "##[" not in line


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "github"])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_place_of_a_text_makes_it_one(text: str, name: str) -> None:
    """Every text of a report that somebody else writes, all at once."""
    subject = Subject(text, text, text, text, text)
    found = finding(location=Location(text, 1, 1, text))._replace(subject=subject, message=text, remediation=text, detail=text)
    verdict = judge(OLD)._replace(namespace=text, release=text, findings=(found, found._replace(ignored_by="--ignore")))
    source = {"kind": "Manifests", "files": [text], "documents": 1, "context": text}
    assert commands(rendered(name, [report(verdict, source)])) == []
    assert commands(rendered(name, [report(verdict, source)] * 2)) == []


@given(TEXTS.map("".join))
def test_printable_text_is_no_command_and_stays_as_it_is(text: str) -> None:
    shown = printable(text)
    assert commands(shown) == []
    assert shown.isprintable()
    assert printable(shown) == shown


@given(TEXTS.map("".join), st.sampled_from([json, yaml]))
def test_documents_say_the_same_without_a_command(text: str, reader: object) -> None:
    document = json.dumps({text: [text]}, indent=2)
    assert commands(harmless_json(document)) == []
    assert (json.loads if reader is json else yaml.safe_load)(harmless_json(document)) == {text: [text]}


@pytest.mark.parametrize(
    "text", ["a::b", "a ::b", "[::1]:5000/a", "# a", "## a", "##", "a: b", ":a", "sha256:1", "std::vector"]
)
def test_other_texts_are_left_alone(text: str) -> None:
    assert harmless(text) == harmless_json(text) == text
