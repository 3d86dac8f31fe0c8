"""The action: its script as GitHub's runner starts it, over every exit code of the program."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from perfana_support import __version__
from tests.integration.pipelines import Publication, Ran, run_action
from tests.snippets import ROOT, snippet

if TYPE_CHECKING:
    from collections.abc import Callable

    Action = Callable[..., Ran]

PAGE = "docs/gates/pipelines.md"


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder for temporary files of one job, with what its first step installed."""
    return tmp_path_factory.mktemp("runner")


@pytest.fixture
def action(publication: Publication, workspace: Path, runner: Path) -> Action:
    """Return a step of a job whose steps use the action."""

    def run(**inputs: Any) -> Ran:  # noqa: ANN401 - inputs are what YAML has
        named = {name.replace("_", "-"): value for name, value in inputs.items()}
        return run_action(publication, workspace, runner, {"wheel": str(publication.wheel), **named})

    return run


@pytest.mark.parametrize(
    ("inputs", "code", "verdict"),
    [
        ({"files": "deploy/perfana.yaml"}, 0, "passed"),
        ({"files": "old.yaml"}, 3, "not-supported"),
        ({"files": "deploy/\nold.yaml\n"}, 3, "not-supported"),
        ({"files": "snapshot.yaml"}, 3, "not-supported"),
        ({"files": "deploy/", "fail_on": "at-risk"}, 4, "at-risk"),
        ({"files": "unknown.yaml"}, 5, "undetermined"),
        ({"files": "unknown.yaml", "on_unknown": "pass"}, 0, "passed"),
        ({"files": "values.yaml"}, 2, "error"),
        ({"files": "missing.yaml"}, 2, "error"),
        ({}, 2, "error"),
        ({"files": "deploy/", "policy": "values.yaml"}, 2, "error"),
        ({"files": "deploy/", "target": "none"}, 2, "error"),
        ({"files": "deploy/", "args": "--output=html=/dev/full"}, 1, "error"),
        ({"files": "deploy/", "args": "--help"}, 1, "error"),
        ({"files": "deploy/", "wheel": "missing.whl"}, 1, "error"),
        ({"files": "deploy/", "wheel": "", "version": "1.2.3 --pre"}, 1, "error"),
        ({"files": "deploy/", "wheel": "", "version": "9999"}, 1, "error"),
    ],
)
def test_the_step_fails_when_the_program_does_and_says_how(
    action: Action, inputs: dict[str, str], code: int, verdict: str
) -> None:
    ran = action(**inputs)
    assert (ran.code, ran.outputs["verdict"], ran.outputs["exit-code"]) == (code, verdict, str(code)), ran.log


def test_a_failing_step_leaves_annotations_a_summary_and_a_report(action: Action) -> None:
    ran = action(files="old.yaml")
    assert "\n::error title=EndOfLife (Deployment/perfana-check),file=old.yaml,line=26" in f"\n{ran.log}"
    assert "EndOfLife" in ran.summary
    sarif = json.loads(Path(ran.outputs["sarif"]).read_text(encoding="utf-8"))
    assert sarif["version"] == "2.1.0"
    assert {each["ruleId"] for each in sarif["runs"][0]["results"]} >= {"EndOfLife"}


def test_a_report_of_an_earlier_step_is_none_of_a_step_that_crashed(action: Action) -> None:
    assert action(files="old.yaml").outputs["sarif"]
    crashed = action(files="old.yaml", args="--no-such-option")
    assert crashed.outputs == {"verdict": "error", "exit-code": "2", "sarif": ""}
    assert "error (exit code 2)" in crashed.summary


@pytest.mark.parametrize("name", ["files", "policy", "target", "kubernetes_version", "fail_on", "on_unknown", "args"])
def test_an_input_is_never_a_command(action: Action, workspace: Path, name: str) -> None:
    for evil in ('"; touch hacked; "', "$(touch hacked)", "`touch hacked`", "'\ntouch hacked\n'", "*", "--help"):
        assert action(**{"files": "deploy/", name: evil}).code != 0
    assert not (workspace / "hacked").exists()


def test_no_script_of_the_action_has_an_expression_in_it() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert [step for step in action["runs"]["steps"] if "${{" in step["run"]] == []


def test_the_workflow_of_the_page_runs_the_program_of_the_commit_that_it_names(
    publication: Publication, workspace: Path, tmp_path: Path
) -> None:
    workflow = yaml.safe_load(snippet(PAGE, "github"))
    checkout, gate, upload = workflow["jobs"]["support"]["steps"]
    assert checkout["uses"].startswith("actions/checkout@")
    assert gate["uses"] == f"ORG/perfana-support@v{__version__}"
    ran = run_action(publication, workspace, tmp_path / "runner", gate["with"])
    assert (ran.code, ran.outputs["verdict"]) == (0, "passed"), ran.log
    assert upload["with"]["sarif_file"] == "${{ steps.support.outputs.sarif }}"
    (workspace / "deploy/old.yaml").write_bytes((workspace / "old.yaml").read_bytes())
    ran = run_action(publication, workspace, tmp_path / "runner", gate["with"])
    assert (ran.code, ran.outputs["verdict"]) == (3, "not-supported"), ran.log


def test_action_and_workflow_are_what_the_published_schemas_want(gates: Path, tmp_path: Path) -> None:
    (tmp_path / "workflow.yml").write_text(snippet(PAGE, "github"))
    for schema, file in (
        ("vendor.github-actions", ROOT / "action.yml"),
        ("vendor.github-workflows", tmp_path / "workflow.yml"),
    ):
        done = subprocess.run(
            [gates / "check-jsonschema", "--builtin-schema", schema, file], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
