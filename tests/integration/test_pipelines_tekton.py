"""Tekton's task: its script with Tekton's variables replaced, and Task and TaskRun on a server with Tekton's definitions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.cluster.crds import apply_crds
from tests.cluster.golang import find_go
from tests.integration.pipelines import Publication, Ran, run_tekton_step
from tests.snippets import ROOT, snippet

if TYPE_CHECKING:
    from tests.cluster.client import ApiClient
    from tests.cluster.server import Cluster

PAGE = "docs/gates/pipelines.md"
FILE = ROOT / "pipelines/tekton/task.yaml"
# The module whose folder config/300-crds has the definitions, and its sum as the checksum database has it.
MODULE, SUM = "github.com/tektoncd/pipeline@v1.6.0", "h1:A+D+jzOVl2QNl/yiNT7csVgBUy2wpz6K6+/D4q5lfss="


@pytest.fixture
def task() -> dict[str, Any]:
    """Return the task."""
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


def run(publication: Publication, workspace: Path, task: dict[str, Any], params: dict[str, str]) -> Ran:
    home = workspace.parent / f"home-{len(list(workspace.parent.iterdir()))}"
    return run_tekton_step(task, {"package": str(publication.wheel), **params}, workspace, home, publication.pip)


@pytest.mark.parametrize(
    ("params", "code", "verdict"),
    [
        ({"files": "snapshot.yaml"}, 3, "not-supported"),
        ({"files": "deploy/", "fail-on": "at-risk"}, 4, "at-risk"),
        ({"files": "unknown.yaml"}, 5, "undetermined"),
        ({"files": "values.yaml"}, 2, "error"),
        ({"files": '"; touch hacked; $(touch hacked) `touch hacked`'}, 2, "error"),
        ({"files": "deploy/", "package": "perfana-support==9999"}, 1, "error"),
    ],
)
def test_the_step_ends_as_the_program_does_and_leaves_results(  # noqa: PLR0913 - fixtures and a table's columns
    publication: Publication, workspace: Path, task: dict[str, Any], params: dict[str, str], code: int, verdict: str
) -> None:
    ran = run(publication, workspace, task, params)
    assert (ran.code, ran.outputs) == (code, {"verdict": verdict, "exit-code": str(code)}), ran.log
    assert not (workspace / "hacked").exists()


def test_the_run_of_the_page_passes_what_is_supported(publication: Publication, workspace: Path, task: dict[str, Any]) -> None:
    spec = yaml.safe_load(snippet(PAGE, "tekton"))["spec"]
    assert spec["taskRef"]["name"] == task["metadata"]["name"]
    assert [each["name"] for each in spec["workspaces"]] == [each["name"] for each in task["spec"]["workspaces"]]
    ran = run(publication, workspace, task, {each["name"]: each["value"] for each in spec["params"]})
    assert (ran.code, ran.outputs) == (0, {"verdict": "passed", "exit-code": "0"}), ran.log


def test_the_script_has_no_variable_of_tektons_in_it(task: dict[str, Any]) -> None:
    (step,) = task["spec"]["steps"]
    assert not any(f"$({kind}." in step["script"] for kind in ("params", "results", "workspaces", "context", "inputs"))


def test_a_server_with_tektons_definitions_takes_task_and_run(
    cluster: Cluster, api: ApiClient, namespace: str, tmp_path: Path, programs: dict[str, Path]
) -> None:
    definitions = _definitions(tmp_path / "definitions")
    apply_crds(api, definitions)
    (tmp_path / "run.yaml").write_text(snippet(PAGE, "tekton"))
    command: list[str | Path] = [programs["kubectl"], f"--kubeconfig={cluster.kubeconfig}", f"--namespace={namespace}"]
    for verb, file in (("apply", FILE), ("create", tmp_path / "run.yaml")):
        words: list[str | Path] = [verb, "--filename", file]
        done = subprocess.run([*command, *words, "--validate=strict"], capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
    misspelt = FILE.read_text(encoding="utf-8").replace("    script: |", "    scrypt: |")
    (tmp_path / "misspelt.yaml").write_text(misspelt)
    done = subprocess.run(
        [*command, "apply", "--filename", tmp_path / "misspelt.yaml", "--validate=strict"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode != 0
    assert "scrypt" in done.stderr


def _definitions(into: Path) -> Path:
    """Get Tekton's definitions; without its webhook, which would turn older versions into v1."""
    into.mkdir()
    found = json.loads(
        subprocess.run(
            [find_go((1, 21)).program, "mod", "download", "-json", MODULE],
            cwd=into, capture_output=True, check=True, timeout=600,
        ).stdout
    )  # fmt: skip
    assert found["Sum"] == SUM
    for name in ("300-task.yaml", "300-taskrun.yaml"):
        definition = yaml.safe_load((Path(found["Dir"]) / "config/300-crds" / name).read_text(encoding="utf-8"))
        del definition["spec"]["conversion"]
        (into / name).write_text(yaml.safe_dump(definition))
    return into
