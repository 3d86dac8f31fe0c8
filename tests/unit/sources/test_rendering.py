"""Charts and kustomizations: rendered by the tool that the user has."""

import os
from pathlib import Path

import pytest

from perfana_support.sources.manifest import read_manifests
from tests.unit.sources.manifests import faults, names, text, workloads, write


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that alone is on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def tool(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def chart(folder: Path) -> str:
    write(folder, "name: perfana\n", "chart/Chart.yaml")
    write(folder, "a: {{ .Values.x }}\n", "chart/templates/web.yaml")
    return str(folder / "chart")


def kustomization(folder: Path) -> str:
    write(folder, "resources: [web.yaml]\n", "base/kustomization.yaml")
    write(folder, text("unrendered"), "base/web.yaml")
    return str(folder / "base")


def test_chart_is_rendered_by_helm(tmp_path: Path, tools: Path) -> None:
    write(tmp_path, "# Source: perfana/templates/web.yaml\n" + text("web"), "rendered.yaml")
    tool(tools, "helm", f'echo "$@" > {tmp_path}/asked; /bin/cat {tmp_path}/rendered.yaml')
    found = workloads(chart(tmp_path))
    assert names(found) == ["Deployment/web"]
    location = found[0].containers[0].location
    assert location is not None
    assert (location.file, location.template) == (str(tmp_path / "chart"), "perfana/templates/web.yaml")
    assert (tmp_path / "asked").read_text() == f"template perfana {tmp_path}/chart\n"


@pytest.mark.parametrize(("name", "asked"), [("kubectl", "kustomize"), ("kustomize", "build")])
def test_kustomization_is_rendered_by_what_there_is(tmp_path: Path, tools: Path, name: str, asked: str) -> None:
    write(tmp_path, text("rendered"), "rendered.yaml")
    tool(tools, name, f'echo "$@" > {tmp_path}/asked; /bin/cat {tmp_path}/rendered.yaml')
    assert names(workloads(kustomization(tmp_path))) == ["Deployment/rendered"]
    assert (tmp_path / "asked").read_text() == f"{asked} {tmp_path}/base\n"


def test_folder_of_the_current_one_is_no_option(tmp_path: Path, tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tool(tools, "kubectl", f'echo "$@" > {tmp_path}/asked; echo "kind: Service"')
    os.rename(kustomization(tmp_path), "--help")
    assert not read_manifests(["--help"]).faults
    assert (tmp_path / "asked").read_text() == "kustomize ./--help\n"


def test_missing_tool_is_a_fault_that_says_what_to_do(tmp_path: Path, tools: Path) -> None:
    assert tools
    (fault,) = faults(kustomization(tmp_path))
    assert "kubectl or kustomize is not on the PATH: install it, or give what it renders" in str(fault)


def test_what_the_tool_says_is_told(tmp_path: Path, tools: Path) -> None:
    tool(tools, "helm", "echo 'Error: values do not meet\nthe schema' >&2; exit 3")
    (fault,) = faults(chart(tmp_path))
    assert str(fault).endswith("ended with exit code 3: Error: values do not meet the schema")


def test_chart_that_renders_nothing_is_a_fault(tmp_path: Path, tools: Path) -> None:
    tool(tools, "helm", "true")
    (fault,) = faults(chart(tmp_path))
    assert "holds no document" in str(fault)
