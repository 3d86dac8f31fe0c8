"""GitLab Code Quality: valid by what GitLab documents, a place and a fingerprint of its own for every entry."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from perfana_support.model.code import Code
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Location
from perfana_support.reports.gitlab import render
from perfana_support.reports.report import Report
from tests.unit.builders import judge
from tests.unit.reports.hostile import REPORTS
from tests.unit.reports.reporting import (
    CLUSTER,
    IGNORED,
    LATEST,
    NEWEST,
    OF_CHART,
    OF_KUSTOMIZATION,
    OLD,
    PIPED,
    PLACE,
    SNAPSHOT,
    SOURCE,
    WAIVED,
    finding,
    report,
    with_findings,
)

SCHEMA = json.loads((Path(__file__).parents[2] / "data" / "schemas" / "gitlab-code-quality.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def _entries(*reports: Report) -> list[dict[str, Any]]:
    text = render(reports)
    entries: list[dict[str, Any]] = json.loads(text)
    VALIDATOR.validate(entries)
    assert text.isascii()
    prints = [entry["fingerprint"] for entry in entries]
    assert len(set(prints)) == len(prints)
    return entries


def _location(place: Location | None, source: dict[str, Any] = SOURCE) -> Any:  # noqa: ANN401 - plain data
    (entry,) = _entries(with_findings(finding(location=place), source=source))
    return entry["location"]


def test_schema_is_a_schema_and_refuses() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert not VALIDATOR.is_valid([{"description": "x"}])


@pytest.mark.parametrize("images", [[NEWEST], [OLD], [SNAPSHOT, LATEST], [], ["{{ x }}"]])
def test_report_of_a_verdict_is_valid(images: list[str]) -> None:
    verdict = judge(*images)
    assert len(_entries(report(verdict))) >= len(verdict.findings)


@given(reports=REPORTS)
def test_report_of_hostile_texts_is_valid(reports: list[Report]) -> None:
    entries = _entries(*reports)
    assert all(entry["description"].isprintable() for entry in entries)
    assert len(entries) >= sum(len(each.verdict.findings) for each in reports)


def test_entry_of_a_finding() -> None:
    assert _entries(with_findings(finding())) == [
        {
            "description": "Deployment/web: seen -> do this",
            "check_name": "EndOfLife",
            "fingerprint": finding().fingerprint,
            "severity": "blocker",
            "location": {"path": "deploy/perfana.yaml", "lines": {"begin": 12}},
        }
    ]


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        (Code.END_OF_LIFE, "blocker"),
        (Code.VERSION_UNDETERMINED, "major"),
        (Code.KNOWN_DEFECT, "minor"),
        (Code.FLOATING_TAG, "info"),
    ],
)
def test_severity_is_the_effect(code: Code, severity: str) -> None:
    assert _entries(with_findings(finding(code)))[0]["severity"] == severity


@pytest.mark.parametrize(("aside", "why"), [(WAIVED, "[waived until 2027-03-31] "), (IGNORED, "[ignored by --ignore] ")])
def test_finding_that_does_not_count_is_information(aside: Finding, why: str) -> None:
    (entry,) = _entries(with_findings(aside))
    assert entry["severity"] == "info"
    assert why in entry["description"]


def test_path_is_relative_to_the_repository() -> None:
    assert _location(PLACE._replace(file="./deploy/a.yaml"))["path"] == "deploy/a.yaml"
    assert _location(PLACE._replace(file="\udcff.yaml"))["path"] == "?.yaml"


def test_standard_input_is_no_file() -> None:
    place = Location("-", 40, 2, "perfana/templates/web.yaml")
    (entry,) = _entries(with_findings(finding(location=place), source=PIPED))
    assert entry["location"] == {"path": "standard-input", "lines": {"begin": 40}}
    assert entry["description"].endswith("(template perfana/templates/web.yaml)")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (OF_CHART, "(rendered line 40, template perfana/templates/web.yaml)"),
        (OF_KUSTOMIZATION, "(rendered line 40)"),
    ],
)
def test_rendered_line_is_told_and_is_no_line_of_the_file(place: Location, told: str) -> None:
    (entry,) = _entries(with_findings(finding(location=place)))
    assert entry["location"] == {"path": place.file, "lines": {"begin": 1}}
    assert entry["description"].endswith(f"do this {told}")


def test_finding_without_a_place_stands_at_the_file_of_its_installation() -> None:
    assert _location(None) == {"path": "deploy/perfana.yaml", "lines": {"begin": 1}}


def test_finding_without_any_file_stands_at_its_subject() -> None:
    for source in (CLUSTER, PIPED):
        assert _location(None, source) == {"path": "perfana/Deployment/web", "lines": {"begin": 1}}


def test_unknown_without_a_finding_is_an_entry() -> None:
    (entry,) = _entries(report(judge()))
    assert (entry["check_name"], entry["severity"]) == ("NoComponents", "major")


def test_supported_installation_has_no_entries() -> None:
    assert _entries(report(judge(NEWEST))) == []


def test_findings_that_share_a_fingerprint_are_all_shown() -> None:
    first, second = _entries(with_findings(finding(), finding(message="seen again")))
    assert second["fingerprint"] == f"{first['fingerprint']}:2"
