"""Charts and kustomizations, rendered by the real Helm, of both versions that people have, and the real kubectl."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.charts import OLD, write_chart, write_kustomization
from tests.integration.helm_tool import FOLDER, MAJORS
from tests.integration.judging import AT, judge, output, refused, report
from tests.unit.cli.program import start
from tests.unit.sources.manifests import write

if TYPE_CHECKING:
    from collections.abc import Callable


def test_both_versions_of_helm_are_built_of_the_same_libraries() -> None:
    """Of others the second would be minutes, not seconds."""
    pinned = [(FOLDER / f"helm-{major}/go.mod").read_text(encoding="utf-8") for major in MAJORS]
    newer, older = (dict(re.findall(r"^\t(\S+) (v\S+) // indirect$", text, re.MULTILINE)) for text in pinned)
    shared = older.keys() & newer.keys()
    assert len(shared) > 100
    assert {module: older[module] for module in shared} == {module: newer[module] for module in shared}


# Charts.


@pytest.mark.usefixtures("helm")
def test_everything_of_a_chart_is_judged_with_its_own_values(folder: Path) -> None:
    chart = write_chart(folder)
    found = report("-f", chart)
    assert found["source"] == {"kind": "Manifests", "files": ["chart/Chart.yaml"], "documents": 4, "namespace": ""}
    images = {(subject, image) for subject, image, _ in judge("-f", chart)}
    assert images == {
        ("Deployment/web", f"perfana/perfana-fe:{OLD}"),
        ("Job/migration", f"perfana/perfana-check:{OLD}"),
        ("Pod/smoke", f"perfana/perfana-ds:{OLD}"),
        ("StatefulSet/database", "mongo:4.4.0"),
    }


@pytest.mark.parametrize("name", [".", "./chart/", "../here/chart", "--help", "-", "a b,c"])
@pytest.mark.usefixtures("helm")
def test_chart_may_have_any_name(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = {".": "chart", "./chart/": "chart", "../here/chart": "chart"}.get(name, name)
    chart = write_chart(folder, written)
    if name == ".":
        monkeypatch.chdir(chart)
    given = "./-" if name == "-" else name  # a dash alone is standard input
    files = [place["file"] for *_, place in judge(f"--filename={given}")]
    assert files
    assert all(Path(file).is_file() for file in files)


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ('x: {{ fail "no host is given" }}', "no host is given"),
        ("x: {{ .Values.no.such.value }}", "nil pointer evaluating"),
        ('x: {{ required "a licence is needed" .Values.licence }}', "a licence is needed"),
        ("x: {{ .Values.tag", "unclosed action"),
        ("a: b: c", "mapping values are not allowed"),
    ],
)
@pytest.mark.usefixtures("helm")
def test_template_that_fails_is_told_with_chart_and_template(folder: Path, template: str, told: str) -> None:
    chart = write_chart(folder)
    write(folder, template, "chart/templates/broken.yaml")
    said = refused("-f", chart)
    assert said.startswith("error: chart: helm template perfana ./chart ended with exit code 1: ")
    assert "templates/broken.yaml" in said
    assert told in said


@pytest.mark.usefixtures("helm")
def test_chart_whose_dependencies_are_not_there_is_told(folder: Path) -> None:
    chart = write_chart(folder)
    with (chart / "Chart.yaml").open("a") as file:
        file.write("dependencies: [{name: redis, version: 1.0.0, repository: 'https://charts.example.com'}]\n")
    assert "missing in charts/ directory: redis" in refused("-f", chart)


@pytest.mark.usefixtures("helm")
def test_values_that_break_the_charts_schema_are_told(folder: Path) -> None:
    chart = write_chart(folder)
    write(folder, json.dumps({"properties": {"tag": {"type": "integer"}}}), "chart/values.schema.json")
    assert "values don't meet the specifications of the schema" in refused("-f", chart)


@pytest.mark.usefixtures("helm")
def test_chart_that_renders_nothing_is_refused(folder: Path) -> None:
    write(folder, "apiVersion: v2\nname: perfana\nversion: 1.0.0\n", "chart/Chart.yaml")
    assert "chart: holds no document" in refused("-f", "chart")


@pytest.mark.usefixtures("helm")
def test_rendered_document_that_cannot_be_read_is_told_by_rendered_line_and_template(folder: Path, helm: Path) -> None:
    chart = write_chart(folder)
    web = chart / "templates/web.yaml"
    web.write_text(web.read_text().replace('"perfana/perfana-fe:{{ .Values.tag }}"', "{{ 40 }}"))
    outcome = start("check", "-f", str(chart), *AT)
    lines = output(helm, "template", "perfana", chart).splitlines()
    line = lines.index("# Source: perfana/templates/web.yaml") + 2  # where the object begins
    assert outcome.code == 2
    assert re.fullmatch(
        rf"error: chart \(rendered\), document \d, line {line}: containers\[0\].image: must be a text, is 40; .*"
        r" \(template perfana/templates/web.yaml\)\n",
        outcome.err,
    )


# Values.


@pytest.mark.usefixtures("helm")
def test_values_go_over_those_of_the_chart_and_the_last_wins(folder: Path) -> None:
    chart = write_chart(folder)
    write(folder, "tag: 1.0.0\ndatabase: {image: 'mongo:7.0.14'}\n", "first.yaml")
    write(folder, "tag: perfana-2.4.4\n", 'second, of "acme".yaml')
    given = ("--values", "first.yaml", "--values", 'second, of "acme".yaml')
    found = report("-f", chart, *given)
    assert found["source"]["values"] == ["first.yaml", 'second, of "acme".yaml']
    tags = {image for subject, image, _ in judge("-f", chart, *given) if subject != "StatefulSet/database"}
    assert {tag.rpartition(":")[2] for tag in tags} == {"perfana-2.4.4"}
    assert {image for subject, image, _ in judge("-f", chart, *given) if subject == "StatefulSet/database"} <= {"mongo:7.0.14"}


@pytest.mark.parametrize("source", ["file", "variable"])
@pytest.mark.usefixtures("helm")
def test_values_of_a_file_or_a_variable_hold(folder: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chart = write_chart(folder)
    write(folder, "tag: perfana-2.4.4\n", "ours.yaml")
    if source == "file":
        write(folder, "values: [ours.yaml]\n", "options.yaml")
    else:
        monkeypatch.setenv("PERFANA_SUPPORT_VALUES", "ours.yaml")
    options = ["--config", "options.yaml"] if source == "file" else []
    assert "perfana/perfana-fe:perfana-2.4.4" in {image for _, image, _ in judge("-f", chart, *options)}


@pytest.mark.parametrize("values", ["gone.yaml", "-", "https://values.example.com/ours.yaml", "chart"])
@pytest.mark.usefixtures("helm")
def test_values_that_are_no_file_are_refused(folder: Path, values: str) -> None:
    said = refused("-f", write_chart(folder), "--values", values)
    assert said == f"error: chart: needs values from {values}, which is no file that is there\n"


@pytest.mark.usefixtures("helm")
def test_values_that_are_no_yaml_are_told(folder: Path) -> None:
    write(folder, "a: [", "broken.yaml")
    assert "broken.yaml" in refused("-f", write_chart(folder), "--values", "broken.yaml")


@pytest.mark.usefixtures("kubectl")
def test_values_that_nothing_takes_are_refused(folder: Path) -> None:
    write(folder, "tag: 1.0.0\n", "ours.yaml")
    outcome = start("check", "-f", str(write_kustomization(folder)), "--values", "ours.yaml", *AT)
    assert outcome.code == 2
    assert "error: values: are given, and nothing that is read takes them" in outcome.err


# Kustomizations.


def test_kustomization_is_judged_as_its_overlay_leaves_it(folder: Path, kubectl: Path) -> None:
    overlay = write_kustomization(folder)
    lines = output(kubectl, "kustomize", overlay).splitlines()
    found = list(judge("-f", overlay))
    assert {(subject, image) for subject, image, _ in found} == {
        ("Deployment/acme-web", "perfana/perfana-fe:2.46.1-SNAPSHOT"),
    }
    for _, image, place in found:
        assert place.keys() == {"file", "renderedLine"}
        assert place["file"] == "overlay/kustomization.yaml"
        assert image in lines[place["renderedLine"] - 1]


@pytest.mark.usefixtures("kubectl")
def test_folder_that_looks_like_an_option_is_rendered(folder: Path) -> None:
    write_kustomization(folder).rename("--help")
    assert {place["file"] for *_, place in judge("--filename=--help")} == {"--help/kustomization.yaml"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("resources: [gone.yaml]\n", "gone.yaml"),
        ("resources: [../base\n", "did not find expected ',' or ']'"),
        ("resorces: [../base]\n", 'unknown field "resorces"'),
        ("resources: [../overlay]\n", "cycle"),
    ],
)
@pytest.mark.usefixtures("kubectl")
def test_broken_kustomization_is_told(folder: Path, content: str, told: str) -> None:
    overlay = write_kustomization(folder)
    write(folder, content, "overlay/kustomization.yaml")
    said = refused("-f", overlay)
    assert said.startswith("error: overlay: kubectl kustomize ./overlay ended with exit code 1: ")
    assert told in said


# Both.


@pytest.mark.parametrize(
    ("write_folder", "tools", "by_hand"),
    [
        (write_chart, "helm", "helm template perfana ./chart"),
        (write_kustomization, "kubectl or kustomize", "kubectl kustomize ./overlay"),
    ],
)
def test_without_a_tool_it_is_said_what_to_do(
    folder: Path, write_folder: Callable[[Path], Path], tools: str, by_hand: str
) -> None:
    given = write_folder(folder)
    said = refused("-f", given)
    assert said.startswith(f"error: {given}: is a ")
    assert f"that must be rendered, and {tools} is not on the PATH: install it, or render it elsewhere" in said
    assert said.endswith(f"give the result ({by_hand} | perfana-support check -f -)\n")


@pytest.mark.usefixtures("helm", "kubectl")
def test_one_folder_that_fails_leaves_the_others_judged(folder: Path) -> None:
    write(folder, "x: {{ oops", f"{write_chart(folder)}/templates/broken.yaml")
    outcome = start("check", "-f", "chart", "-f", str(write_kustomization(folder)), *AT, "-o", "json")
    assert outcome.code == 2
    assert outcome.err.startswith("error: chart: helm template")
    assert {each["code"] for each in json.loads(outcome.out)["findings"]} >= {"SnapshotBuild"}


@pytest.mark.usefixtures("helm")
def test_example_of_the_help_works_with_the_real_helm(folder: Path) -> None:
    write_chart(folder)
    write(folder, "tag: perfana-2.4.4\n", "production.yaml")
    outcome = start("check", "-f", "chart/", "--values", "production.yaml")
    assert (outcome.code, outcome.err) == (3, "")
    assert "perfana/perfana-fe:perfana-2.4.4" in outcome.out
