"""Charts and kustomizations: which file a document is from, and faults that no real tool makes.

With the real tools: tests/integration/test_rendering.py.
"""

import os
from pathlib import Path

import pytest

from perfana_support.sources import rendering
from perfana_support.sources.rendering import is_rendered, root_file, source_file
from tests.unit.sources.manifests import faults, names, text, workloads, write


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that alone is on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def tool(folder: Path, name: str, script: str, interpreter: str = "/bin/sh") -> None:
    (folder / name).write_text(f"#!{interpreter}\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def chart(tmp_path: Path) -> str:
    """Return a chart with a chart in it, and files around it that are none of its own."""
    for name in ("chart/Chart.yaml", "chart/templates/web.yaml", "chart/charts/db/templates/db.yaml", "outside.yaml"):
        write(tmp_path, "a: b\n", name)
    write(tmp_path, "a: b\n", "chart-2/templates/web.yaml")
    (tmp_path / "chart/templates/link.yaml").symlink_to(tmp_path / "outside.yaml")
    (tmp_path / "chart/charts/linked").symlink_to(tmp_path / "chart-2")
    (tmp_path / "chart/templates/own-link.yaml").symlink_to("web.yaml")
    return str(tmp_path / "chart")


def kustomization(folder: Path) -> str:
    write(folder, "resources: [web.yaml]\n", "base/kustomization.yaml")
    write(folder, text("unrendered"), "base/web.yaml")
    return str(folder / "base")


@pytest.mark.parametrize(
    ("template", "file"),
    [
        ("perfana/templates/web.yaml", "templates/web.yaml"),
        ("any-name/templates/web.yaml", "templates/web.yaml"),
        ("perfana/charts/db/templates/db.yaml", "charts/db/templates/db.yaml"),
        ("perfana//templates/web.yaml", "templates/web.yaml"),
        ("perfana/templates/own-link.yaml", "templates/own-link.yaml"),
    ],
)
def test_template_is_found_below_its_chart(chart: str, template: str, file: str) -> None:
    assert source_file(chart, template) == os.path.join(chart, file)


@pytest.mark.parametrize(
    "template",
    [
        "",
        "perfana",
        "perfana/",
        "perfana/templates",
        "perfana/templates/gone.yaml",
        "perfana/charts/packed/templates/x.yaml",
        "perfana/../outside.yaml",
        "perfana/templates/../../outside.yaml",
        "perfana/../chart-2/templates/web.yaml",
        "perfana/templates/../templates/web.yaml",
        "perfana/templates/link.yaml",
        "perfana/charts/linked/templates/web.yaml",
        "perfana//etc/passwd",
        "/etc/passwd",
        "perfana/templates/web.yaml\0",
        "perfana/" + "a" * 5000,
    ],
)
def test_template_that_is_no_file_of_the_chart_is_the_charts_own_matter(chart: str, template: str) -> None:
    assert source_file(chart, template) == os.path.join(chart, "Chart.yaml")


def test_chart_may_be_named_by_a_link_or_with_a_slash(chart: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chart)
    os.symlink(chart, "../alias")
    assert source_file("../alias", "perfana/templates/web.yaml") == "../alias/templates/web.yaml"
    assert source_file(".", "perfana/templates/web.yaml") == "./templates/web.yaml"
    assert source_file("../chart/", "perfana/templates/web.yaml") == "../chart/templates/web.yaml"


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_document_of_a_kustomization_is_the_kustomizations(tmp_path: Path, name: str) -> None:
    root = write(tmp_path, "resources: [templates/web.yaml]\n", f"base/{name}")
    write(tmp_path, text(), "base/templates/web.yaml")
    folder = str(tmp_path / "base")
    assert (is_rendered(folder), root_file(folder)) == (True, root)
    assert source_file(folder, "") == source_file(folder, "perfana/templates/web.yaml") == root


def test_folder_of_manifests_is_not_rendered(tmp_path: Path) -> None:
    write(tmp_path, text(), "web.yaml")
    (tmp_path / "Chart.yaml").mkdir()
    assert (is_rendered(str(tmp_path)), root_file(str(tmp_path))) == (False, "")


def test_kustomize_does_where_there_is_no_kubectl(tmp_path: Path, tools: Path) -> None:
    write(tmp_path, text("rendered"), "rendered.yaml")
    tool(tools, "kustomize", f'echo "$@" > {tmp_path}/asked; /bin/cat {tmp_path}/rendered.yaml')
    assert names(workloads(kustomization(tmp_path))) == ["Deployment/rendered"]
    assert (tmp_path / "asked").read_text() == f"build {tmp_path}/base\n"


def test_tool_that_hangs_is_ended_and_told(tmp_path: Path, tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_LONGEST_SECONDS", 0.2)
    tool(tools, "kubectl", "exec /bin/sleep 600")
    (fault,) = faults(kustomization(tmp_path))
    assert f"kubectl kustomize {tmp_path}/base: " in str(fault)
    assert str(fault).endswith("timed out after 0.2 seconds")


def test_tool_that_cannot_be_started_is_told(tmp_path: Path, tools: Path) -> None:
    tool(tools, "kubectl", "", interpreter="/of/another/machine")
    (fault,) = faults(kustomization(tmp_path))
    assert "kubectl kustomize" in str(fault)
    assert "No such file or directory" in str(fault)


def test_of_a_long_complaint_the_end_is_told(tmp_path: Path, tools: Path) -> None:
    tool(tools, "kubectl", f"echo '{'x' * 5000}\nthe\tend' >&2; exit 3")
    (fault,) = faults(kustomization(tmp_path))
    assert "ended with exit code 3: xxx" in str(fault)
    assert str(fault).endswith("xxx the end")
    assert len(str(fault)) < 1000
