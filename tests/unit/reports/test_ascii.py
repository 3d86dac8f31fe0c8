"""Formats that other programs read are the same in every encoding of a terminal, a pipe or a file."""

import html
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfana_support.reports.formats import FORMATS
from perfana_support.reports.report import Report
from perfana_support.reports.table import printable
from tests.unit.builders import judge
from tests.unit.cli.program import CHARTS, start
from tests.unit.reports.hostile import REPORTS
from tests.unit.reports.reporting import OLD, rendered, report

# People read these in an encoding that a terminal or a comment has.
FOR_PEOPLE = {"table", "wide", "markdown", "github"}
PLAIN = sorted(FORMATS.keys() - FOR_PEOPLE)


@pytest.mark.parametrize("name", PLAIN)
@settings(max_examples=30)
@given(reports=REPORTS)
def test_format_is_ascii_whatever_a_manifest_holds(name: str, reports: list[Report]) -> None:
    assert rendered(name, reports).isascii()


@given(st.text(alphabet=st.characters(min_codepoint=0xA1), max_size=9))
def test_page_shows_the_characters_themselves(text: str) -> None:
    verdict = judge(OLD)
    odd = verdict.findings[0]._replace(message=f"<{text}>")
    page = html.unescape(rendered("html", [report(verdict._replace(findings=(odd,)))]))
    assert f"<{printable(text)}>" in page
    assert "✗" in page


@pytest.mark.parametrize("name", PLAIN)
def test_narrow_standard_output_gets_what_a_file_gets(name: str) -> None:
    command = ("check", "-f", str(CHARTS / "perfana-3.1.2.yaml"), "--as-of", "2026-11-24", "-o", name)
    narrow, wide = (start(*command, environment={**os.environ, "PYTHONIOENCODING": each}) for each in ("ascii", "utf-8"))
    assert narrow == wide
    assert narrow.code == 3
