"""Charts and kustomizations, rendered by the real Helm, of both versions that people have, and the real kubectl."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster import binaries
from tests.integration.charts import OLD, write_chart, write_kustomization
from tests.integration.helm_tool import FOLDER, MAJORS, find_helm
from tests.unit.cli.program import Outcome, start
from tests.unit.sources.manifests import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AT = ("--as-of", "2026-11-24")
TEMPLATES = {
    "Deployment/web": "templates/web.yaml",
    "Job/migration": "templates/migration.yaml",
    "Pod/smoke": "templates/tests/smoke.yaml",
    "StatefulSet/database": "charts/database/templates/database.yaml",
}


@pytest.fixture(scope="session")
def programs(request: pytest.FixtureRequest) -> dict[str, Path]:
    """Return the real tools: kubectl, helm-4, helm-3."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # the first build takes minutes: let its progress be seen
        return {"kubectl": binaries.find().kubectl} | {f"helm-{major}": find_helm(major) for major in MAJORS}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder of our own, with nothing on the PATH and no file of the user's."""
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "bin").mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "HELM_NAMESPACE", "HELM_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    return work


@pytest.fixture(params=[f"helm-{major}" for major in MAJORS])
def helm(request: pytest.FixtureRequest, programs: dict[str, Path], folder: Path) -> Path:
    """Put a Helm on the PATH."""
    (folder.parent / "bin/helm").symlink_to(programs[request.param])
    return programs[request.param]


@pytest.fixture
def kubectl(programs: dict[str, Path], folder: Path) -> Path:
    """Put kubectl on the PATH."""
    (folder.parent / "bin/kubectl").symlink_to(programs["kubectl"])
    return programs["kubectl"]


def output(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True, timeout=60).stdout


def report(*arguments: str | Path, stdin: bytes = b"") -> dict[str, Any]:
    """Judge what holds an old release, and return the report."""
    outcome = start("check", *map(str, arguments), *AT, "-o", "json", stdin=stdin)
    assert (outcome.code, outcome.err) == (3, "")
    document: dict[str, Any] = json.loads(outcome.out)
    return document


def judge(*arguments: str | Path, stdin: bytes = b"") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield subject, image and place of what is found about containers."""
    for finding in report(*arguments, stdin=stdin)["findings"]:
        subject = finding["subject"]
        if "container" in subject:
            yield f"{subject['kind']}/{subject['name']}", subject["image"], finding["location"]


def refused(*arguments: str | Path) -> str:
    """Judge what cannot be read, and return what is said about it."""
    outcome = start("check", *map(str, arguments), *AT)
    assert (outcome.code, outcome.out) == (2, "")
    return outcome.err


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
    (chart / "templates/web.yaml").rename("shared.yaml")
    (chart / "templates/web.yaml").symlink_to("../../shared.yaml")
    places = [place["file"] for subject, _, place in judge("-f", chart) if subject == "Deployment/web"]
    assert set(places) == {"chart/Chart.yaml"}


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


@pytest.mark.usefixtures("helm")
def test_example_of_the_help_works_with_the_real_helm(folder: Path) -> None:
    write_chart(folder)
    write(folder, "tag: perfana-2.4.4\n", "production.yaml")
    outcome = start("check", "-f", "chart/", "--values", "production.yaml")
    assert (outcome.code, outcome.err) == (3, "")
    assert "perfana/perfana-fe:perfana-2.4.4" in outcome.out
