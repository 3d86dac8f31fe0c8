"""The JSON report of the vendor's charts, to the letter (tests/data/golden/README.md)."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from perfana_support.cli.main import main
from tests.unit.reports.shape import fits

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"
CHARTS = sorted(chart.relative_to(ROOT) for chart in (DATA / "charts").glob("*.yaml"))
RENEW = "PERFANA_RENEW_GOLDEN"

# Every field of a report with the type of its value; None beside a type: the field may be null.
SHAPE: dict[str, Any] = {
    "apiVersion": str,
    "kind": str,
    "asOf": str,
    "policy": {"name": str, "publishedOn": str},
    "source": {"kind": str, "files": [str], "documents": int, "namespace": str},
    "conditions": [{"type": str, "status": str, "reason": str, "message": str}],
    "release": (str, None),
    "supportEndsOn": (str, None),
    "findings": [
        {
            "code": str,
            "effect": str,
            "subject": ({"kind": str, "name": str, "container": str, "image": str}, {"kind": str, "name": str}),
            "message": str,
            "remediation": str,
            "clause": str,
            "detail": str,
            "location": (
                {"file": str, "line": int, "column": int, "template": str},
                {"file": str, "line": int, "column": int},
                None,
            ),
        }
    ],
    "components": [{"repository": str, "tag": str, "release": str, "line": str, "workloads": int}],
    "nextTransition": ({"time": str, "condition": str, "status": str, "reason": str}, None),
}


def _report(chart: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(ROOT)
    main(["check", "-f", str(chart), "--as-of", "2026-11-24", "-o", "json"])
    return capsys.readouterr().out


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: str(chart.stem))
def test_report_of_a_chart(chart: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    golden = DATA / "golden" / f"{chart.stem}.json"
    report = _report(chart, capsys, monkeypatch)
    if os.environ.get(RENEW):
        golden.write_text(report)
    assert json.loads(report) == json.loads(golden.read_text())
    assert report == golden.read_text()


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: str(chart.stem))
def test_report_has_the_published_shape(chart: Path) -> None:
    report = json.loads((DATA / "golden" / f"{chart.stem}.json").read_text())
    assert fits(report, SHAPE)
    assert report["findings"]


def test_every_chart_has_its_report_and_no_other() -> None:
    assert sorted(file.stem for file in (DATA / "golden").glob("*.json")) == [chart.stem for chart in CHARTS]
