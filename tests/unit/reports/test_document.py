"""The JSON report: what is there, what is null, what is left out."""

import json
from datetime import date
from typing import Any

from perfana_support.model.code import Code
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Location, Subject
from perfana_support.model.verdict import Verdict
from perfana_support.reports.document import day_text, finding_document, report_document, subject_document
from perfana_support.reports.report import Report
from tests.unit.builders import judge, policy, waiver
from tests.unit.reports.reporting import OF_CHART, rendered

SOURCE = {"kind": "Manifests", "files": ["f.yaml"], "documents": 1}


def _report(verdict: Verdict) -> dict[str, Any]:
    return report_document(verdict, policy(), SOURCE)


def test_report_of_a_supported_installation() -> None:
    report = _report(judge("perfana/perfana-web:0.2.96.22"))
    head = {field: report[field] for field in report if field not in ("conditions", "findings")}
    assert head == {
        "apiVersion": "support.perfana.io/v1alpha1",
        "kind": "SupportReport",
        "asOf": "2026-11-24",
        "policy": {"name": "default", "publishedOn": "2026-11-24"},
        "source": {"kind": "Manifests", "files": ["f.yaml"], "documents": 1, "namespace": "perfana"},
        "release": "0.2.96.22",
        "supportEndsOn": None,
        "components": [
            {"repository": "perfana/perfana-web", "tag": "0.2.96.22", "release": "0.2.96.22", "line": "0.2", "workloads": 1}
        ],
        "nextTransition": {
            "time": "2027-05-24T00:00:00Z",
            "condition": "VersionSupported",
            "status": "True",
            "reason": "PolicyStale",
        },
    }
    assert report["findings"] == []


def test_report_of_nothing_has_every_field() -> None:
    report = _report(judge())
    assert list(report) == list(_report(judge("perfana/perfana-web:0.2.96.22")))
    assert (report["release"], report["supportEndsOn"], report["nextTransition"], report["components"]) == (
        None,
        None,
        None,
        [],
    )


def test_report_does_not_change_the_source() -> None:
    _report(judge())
    assert "namespace" not in SOURCE


def test_undetermined_component_has_no_release_and_no_line() -> None:
    (component,) = _report(judge("perfana/perfana-web:latest"))["components"]
    assert component == {"repository": "perfana/perfana-web", "tag": "latest", "workloads": 1}


def test_finding_without_place_has_a_null_location() -> None:
    assert {finding["location"] for finding in _report(judge("perfana/perfana-web:latest"))["findings"]} == {None}


def test_place_in_a_rendered_folder_has_the_rendered_line_alone() -> None:
    finding = Finding(Code.END_OF_LIFE, Subject("Deployment", name="a"), "old", "upgrade", OF_CHART)
    (found,) = _report(judge()._replace(findings=(finding,)))["findings"]
    assert found["location"] == {"file": OF_CHART.file, "template": OF_CHART.template, "renderedLine": 40}


def test_finding_with_a_place() -> None:
    finding = Finding(Code.END_OF_LIFE, Subject("Deployment", name="a"), "old", "upgrade", Location("f.yaml", 7))
    report = _report(judge()._replace(findings=(finding,)))
    assert report["findings"] == [
        {
            "code": "EndOfLife",
            "effect": "Unsupported",
            "subject": {"kind": "Deployment", "name": "a"},
            "message": "old",
            "remediation": "upgrade",
            "clause": str(Code.END_OF_LIFE.clause),
            "detail": "",
            "location": {"file": "f.yaml", "line": 7},
        }
    ]


def test_waived_finding_keeps_its_effect_and_says_until_when() -> None:
    verdict = judge("perfana/perfana-fe:perfana-3.1.0", waivers=(waiver("EndOfLife", date(2027, 3, 31)),))
    waived = next(finding_document(finding) for finding in verdict.findings if finding.code == "EndOfLife")
    assert (waived["effect"], waived["waivedUntil"]) == ("Unsupported", "2027-03-31")
    assert all("waivedUntil" not in finding_document(finding) for finding in verdict.findings if finding.counts)


def test_subject_has_the_parts_that_it_has() -> None:
    assert subject_document(Subject("SupportPolicy", name="default")) == {"kind": "SupportPolicy", "name": "default"}


def test_one_report_stands_for_itself_and_several_are_a_list() -> None:
    one = Report(judge(), policy(), {})
    document = report_document(one.verdict, one.policy, {})
    assert rendered("json", [one]) == json.dumps(document, indent=2) + "\n"
    several = {"apiVersion": "support.perfana.io/v1alpha1", "kind": "SupportReportList", "items": [document] * 3}
    assert rendered("json", [one] * 3) == json.dumps(several, indent=2) + "\n"


def test_report_is_plain_json() -> None:
    report = _report(judge("perfana/perfana-web:0.2.96.22-SNAPSHOT", "perfana/perfana-fe:perfana-3.1.0", "{{ x }}"))
    assert json.loads(json.dumps(report)) == report


def test_absent_day_is_null() -> None:
    assert (day_text(None), day_text(date(2027, 2, 1))) == (None, "2027-02-01")
