"""What an earlier report makes known: what counted in it, and nothing else."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from perfana_support.reports.document import report_document
from perfana_support.sources.baseline import read_baseline
from tests.unit.reports.hostile import FINDINGS
from tests.unit.reports.reporting import finding, with_findings
from tests.unit.sources.manifests import write


def written(folder: Path, document: Mapping[str, Any]) -> str:
    return write(folder, json.dumps(document), "report.json")


def document_of(*findings: Any) -> dict[str, Any]:  # noqa: ANN401 - findings, without a reason to import them
    made = with_findings(*findings)
    return report_document(made.verdict, made.policy, dict(made.source))


@given(found=st.lists(FINDINGS.filter(lambda each: each.subject.kind != ""), max_size=6), detail=st.text(max_size=9))
def test_known_is_what_counted(tmp_path_factory: Any, found: list[Any], detail: str) -> None:  # noqa: ANN401 - pytest's
    found = [each._replace(detail=detail) for each in found]
    baseline = read_baseline(written(tmp_path_factory.mktemp("baseline"), document_of(*found)))
    assert sorted(baseline.known.elements()) == sorted(each.identity for each in found if each.counts)
    assert not baseline.lacks_details


def test_what_a_baseline_knew_is_known_on(tmp_path: Path) -> None:
    known = finding(ignored_by="--baseline")
    assert read_baseline(written(tmp_path, document_of(known))).known == {known.identity: 1}


def test_report_of_an_older_version_knows_nothing_that_has_a_detail(tmp_path: Path) -> None:
    plain, detailed = finding(), finding(detail="/app/a")
    document = document_of(plain, detailed)
    for entry in document["findings"]:
        del entry["detail"]
    baseline = read_baseline(written(tmp_path, document))
    assert baseline.lacks_details
    assert baseline.known[plain.identity]
    assert not baseline.known[detailed.identity]


def test_report_without_findings_lacks_nothing(tmp_path: Path) -> None:
    assert not read_baseline(written(tmp_path, document_of())).lacks_details
