"""Every format of the vendor's own charts, with the places that the reader finds: valid, and pointing at what causes it."""

import json
from pathlib import Path

import jsonschema
import pytest
from lxml import etree

from perfana_support.evaluate.verdict import evaluate
from perfana_support.reports import github, gitlab, junit, markdown, sarif
from perfana_support.reports.report import Report
from perfana_support.sources.manifest import read_manifests
from tests.unit.builders import TODAY, policy
from tests.unit.reports.reporting import rendered

DATA = Path(__file__).parents[2] / "data"
SCHEMAS = DATA / "schemas"
CHARTS = sorted((DATA / "charts").glob("*.yaml"))


def _reports(chart: Path) -> list[Report]:
    manifests = read_manifests([str(chart)])
    source = {"kind": "Manifests", "files": list(manifests.files), "documents": manifests.documents}
    return [Report(evaluate(each, policy(), TODAY), policy(), source) for each in manifests.installations]


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: str(chart.stem))
def test_chart_is_valid_in_every_format(chart: Path) -> None:
    reports = _reports(chart)
    log = json.loads(sarif.render(reports))
    jsonschema.validate(log, json.loads((SCHEMAS / "sarif-2.1.0.json").read_text()))
    etree.XMLSchema(etree.parse(SCHEMAS / "junit-10.xsd")).assertValid(etree.fromstring(junit.render(reports).encode()))
    entries = json.loads(gitlab.render(reports))
    jsonschema.validate(entries, json.loads((SCHEMAS / "gitlab-code-quality.json").read_text()))
    assert len(entries) == len(log["runs"][0]["results"]) > 0
    assert all(line.startswith("::") for line in github.render(reports).splitlines())
    assert markdown.render(reports).startswith("## Perfana support: ")
    assert rendered("yaml", reports).startswith("apiVersion: support.perfana.io/v1alpha1\n")
    assert rendered("wide", reports).startswith("NAMESPACE")


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: str(chart.stem))
def test_place_of_an_image_is_where_the_image_stands(chart: Path) -> None:
    lines = chart.read_text().splitlines()
    (run,) = json.loads(sarif.render(_reports(chart)))["runs"]
    pointed = 0
    for result in run["results"]:
        region = result["locations"][0].get("physicalLocation", {}).get("region", {})
        image = result["properties"]["subject"].get("image")
        if image and "startColumn" in region and image in lines[region["startLine"] - 1]:
            assert image in lines[region["startLine"] - 1][region["startColumn"] - 1 :]
            pointed += 1
    assert pointed
