"""YAML: the very document of `-o json`, whatever stands in it."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.reports.report import Report
from tests.unit.builders import judge
from tests.unit.reports.hostile import NASTY, REPORTS
from tests.unit.reports.reporting import CLUSTER, LATEST, NEWEST, OLD, SNAPSHOT, WAIVED, rendered, report, with_findings

WORDS = [
    "null",
    "Null",
    "~",
    "yes",
    "NO",
    "On",
    "off",
    "y",
    "N",
    "true",
    "False",
    "1",
    "1.5",
    "1e3",
    "0x1f",
    ".inf",
    "",
    " ",
    "a ",
]
WORDS += [
    "2026-11-24",
    "12:30:45",
    "a: b",
    "a:",
    "a #b",
    "- a",
    "? a",
    "=",
    "<<",
    "@a",
    "`a",
    "%a",
    "!a",
    "&a",
    "*a",
    "[a",
    "{a",
]


def _read(*reports: Report) -> Any:  # noqa: ANN401 - plain data
    text = rendered("yaml", reports)
    assert text.isascii()
    return yaml.safe_load(text)


def _json(*reports: Report) -> Any:  # noqa: ANN401 - plain data
    return json.loads(rendered("json", reports))


@pytest.mark.parametrize("images", [[NEWEST], [OLD], [SNAPSHOT, LATEST], [], ["{{ x }}"]])
def test_document_is_that_of_json(images: list[str]) -> None:
    one = report(judge(*images))
    assert _read(one) == _json(one)


@given(reports=REPORTS)
def test_hostile_texts_are_those_of_json(reports: list[Report]) -> None:
    assert _read(*reports) == _json(*reports)


@given(text=st.text())
def test_any_text_is_read_back(text: str) -> None:
    one = report(judge(NEWEST)._replace(release=text))
    assert _read(one)["release"] == text


@pytest.mark.parametrize("text", [*WORDS, *NASTY])
def test_text_is_never_taken_for_something_else(text: str) -> None:
    one = report(judge(NEWEST)._replace(release=text), {"kind": "Cluster", text: [text, {text: text}]})
    assert _read(one) == _json(one)


def test_several_reports_are_a_list() -> None:
    document = _read(report(judge(NEWEST)), report(judge(OLD), CLUSTER))
    assert document["kind"] == "SupportReportList"
    assert [item["source"]["kind"] for item in document["items"]] == ["Manifests", "Cluster"]


def test_half_of_a_pair_becomes_the_sign_for_one() -> None:
    assert _read(report(judge(NEWEST)._replace(release="a\udcff")))["release"] == "a\ufffd"


def test_it_reads_as_people_write_it() -> None:
    lines = rendered("yaml", [with_findings(WAIVED)]).splitlines()
    assert lines[:13] == [
        "apiVersion: support.perfana.io/v1alpha1",
        "kind: SupportReport",
        'asOf: "2026-11-24"',
        "policy:",
        "  name: default",
        '  publishedOn: "2026-11-24"',
        "source:",
        "  kind: Manifests",
        "  files:",
        "  - deploy/perfana.yaml",
        "  documents: 1",
        "  namespace: perfana",
        "conditions:",
    ]
    assert "- type: Supported" in lines
    assert "  image: perfana/perfana-web:1" in [line[2:] for line in lines]
    assert "supportEndsOn: null" in lines
