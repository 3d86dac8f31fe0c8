"""Where findings stand in charts and kustomizations, rendered by the real tools here or elsewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.charts import OLD, TEMPLATES, write_chart, write_kustomization
from tests.integration.judging import AT, judge, output
from tests.unit.cli.program import start
from tests.unit.sources.manifests import write

if TYPE_CHECKING:
    from tests.unit.cli.program import Outcome


def test_place_is_the_template_and_the_line_is_of_what_helm_renders(folder: Path, helm: Path) -> None:
    chart = write_chart(folder)
    lines = output(helm, "template", "perfana", chart).splitlines()
    found = list(judge("-f", chart))
    for subject, image, place in found:
        assert place["file"] == f"chart/{TEMPLATES[subject]}"
        assert place["template"] == f"perfana/{TEMPLATES[subject]}"
        assert image in lines[place["renderedLine"] - 1]
        assert not {"line", "column"} & place.keys()
    assert {subject for subject, *_ in found} == TEMPLATES.keys()


@pytest.mark.usefixtures("helm")
def test_packed_chart_in_a_chart_is_the_matter_of_chart_yaml(folder: Path, helm: Path) -> None:
    chart = write_chart(folder)
    output(helm, "package", chart / "charts/database", "--destination", chart / "charts")
    for file in ("templates/database.yaml", "Chart.yaml"):
        (chart / "charts/database" / file).unlink()
    places = [place for subject, _, place in judge("-f", chart) if subject == "StatefulSet/database"]
    assert places
    assert {(place["file"], place["template"]) for place in places} == {
        ("chart/Chart.yaml", "perfana/charts/database/templates/database.yaml")
    }


@pytest.mark.usefixtures("helm")
def test_chart_in_a_chart_under_another_name_is_the_matter_of_chart_yaml(folder: Path) -> None:
    chart = write_chart(folder)
    dependency = "dependencies: [{name: database, alias: store, version: 1.0.0, repository: ''}]\n"
    with (chart / "Chart.yaml").open("a") as file:
        file.write(dependency)
    write(folder, f"tag: {OLD}\nstore: {{image: 'mongo:4.4.0'}}\n", "chart/values.yaml")
    places = [place for subject, _, place in judge("-f", chart) if subject == "StatefulSet/database"]
    assert places
    assert {(place["file"], place["template"]) for place in places} == {
        ("chart/Chart.yaml", "perfana/charts/store/templates/database.yaml")
    }


@pytest.mark.usefixtures("helm")
def test_template_that_is_linked_from_outside_is_the_matter_of_chart_yaml(folder: Path) -> None:
    chart = write_chart(folder)
    (chart / "templates/web.yaml").rename("common.yaml")
    (chart / "templates/web.yaml").symlink_to("../../common.yaml")
    places = [place["file"] for subject, _, place in judge("-f", chart) if subject == "Deployment/web"]
    assert set(places) == {"chart/Chart.yaml"}


def locations(outcome: Outcome, style: str) -> list[tuple[str, int | None]]:
    """Return file and line of all that a report for code review says."""
    if style == "sarif":
        places = [result["locations"][0]["physicalLocation"] for result in json.loads(outcome.out)["runs"][0]["results"]]
        return [(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in places]
    if style == "gitlab":
        return [(each["location"]["path"], each["location"]["lines"]["begin"]) for each in json.loads(outcome.out)]
    properties = re.findall(r"^::\w+ (.*?)::", outcome.out, re.MULTILINE)
    named = [dict(part.split("=", 1) for part in each.split(",")) for each in properties]
    return [(each["file"], int(each["line"]) if "line" in each else None) for each in named if "file" in each]


@pytest.mark.parametrize("style", ["sarif", "gitlab", "github"])
@pytest.mark.usefixtures("helm", "kubectl")
def test_reports_for_code_review_point_at_files_that_are_there(folder: Path, style: str) -> None:
    chart, overlay = write_chart(folder), write_kustomization(folder)
    for given, files in (
        (chart, {f"chart/{file}" for file in TEMPLATES.values()}),
        (overlay, {"overlay/kustomization.yaml"}),
    ):
        found = locations(start("check", "-f", f"./{given}", *AT, "-o", style), style)
        assert {file for file, _ in found} - {f"{given}/Chart.yaml"} == files
        assert all(Path(file).is_file() for file, _ in found)
        assert {line for _, line in found} == {None if style == "github" else 1}


@pytest.mark.usefixtures("helm")
def test_verdict_that_no_finding_explains_points_at_the_chart(folder: Path) -> None:
    write(folder, "apiVersion: v2\nname: perfana\nversion: 1.0.0\n", "chart/Chart.yaml")
    write(folder, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "chart/templates/a.yaml")
    outcome = start("check", "-f", "chart", *AT, "-o", "gitlab")
    assert outcome.code == 5
    assert locations(outcome, "gitlab") == [("chart/Chart.yaml", 1)]


@pytest.mark.parametrize("given", ["-", "rendered.yaml"])
def test_place_in_what_helm_rendered_elsewhere_is_exact_and_names_the_template(folder: Path, helm: Path, given: str) -> None:
    rendered = output(helm, "template", "perfana", write_chart(folder))
    write(folder, rendered, "rendered.yaml")
    lines = rendered.splitlines()
    found = list(judge("-f", given, stdin=rendered.encode() if given == "-" else b""))
    for subject, image, place in found:
        assert (place["file"], place["template"]) == (given, f"perfana/{TEMPLATES[subject]}")
        assert lines[place["line"] - 1][place["column"] - 1 :].lstrip("\"'").startswith(image)
        assert "renderedLine" not in place
    assert {subject for subject, *_ in found} == TEMPLATES.keys()


def test_fingerprints_are_the_same_however_the_chart_is_read(folder: Path, helm: Path) -> None:
    def prints(*arguments: str, stdin: str = "") -> set[str]:
        log = json.loads(start("check", *arguments, *AT, "-o", "sarif", stdin=stdin.encode()).out)
        return {json.dumps(result["partialFingerprints"], sort_keys=True) for result in log["runs"][0]["results"]}

    chart = write_chart(folder)
    rendered = output(helm, "template", "perfana", chart)
    before = prints("-f", "chart")
    assert len(before) > len(TEMPLATES)
    assert prints("-f", "-", stdin=rendered) == before
    web = chart / "templates/web.yaml"
    web.write_text(web.read_text().replace("metadata:\n", "metadata:\n  labels: {a: b}\n"))
    write(folder, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "chart/templates/a.yaml")
    assert output(helm, "template", "perfana", chart) != rendered
    assert prints("-f", "chart") == before
