"""GitLab's template: its jobs' lines in one bash, and what GitLab makes of their exit codes."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.integration.pipelines import Publication, Ran, run_gitlab_job
from tests.snippets import ROOT, snippet

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/gates/pipelines.md"
TEMPLATE = ROOT / "pipelines/gitlab/perfana-support.gitlab-ci.yml"


def job(pipeline: dict[str, Any], name: str) -> dict[str, Any]:
    """A job with what it extends, as GitLab merges it: maps key by key, all else is replaced."""
    jobs = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8")) | pipeline
    own = dict(jobs[name])
    above = job(pipeline, own.pop("extends")) if "extends" in own else {}
    variables = {**above.get("variables", {}), **own.get("variables", {})}
    return {**above, **own, "variables": variables}


def run(publication: Publication, workspace: Path, job: dict[str, Any], **variables: str) -> Ran:
    more = {**publication.pip, "PERFANA_GATE_PACKAGE": str(publication.wheel), **variables}
    return run_gitlab_job(job, workspace, workspace.parent / "home", more)


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"PERFANA_SUPPORT_FILENAME": "deploy/,old.yaml"}, 3),
        ({"PERFANA_SUPPORT_FILENAME": "deploy/", "PERFANA_SUPPORT_FAIL_ON": "at-risk"}, 4),
        ({"PERFANA_SUPPORT_FILENAME": "unknown.yaml"}, 5),
        ({"PERFANA_SUPPORT_FILENAME": "values.yaml"}, 2),
        ({"PERFANA_SUPPORT_FILENAME": "$(touch hacked)"}, 2),
        ({"PERFANA_SUPPORT_OUTPUT": "json", "PERFANA_GATE_PACKAGE": "perfana-support==9999"}, 1),
    ],
)
def test_the_job_ends_as_the_program_does(
    publication: Publication, workspace: Path, variables: dict[str, str], code: int
) -> None:
    ran = run(publication, workspace, job({}, ".perfana-support"), **variables)
    assert ran.code == code, ran.log
    assert not (workspace / "hacked").exists()


def test_the_pipeline_of_the_page_passes_what_is_supported_and_keeps_reports_of_what_is_not(
    publication: Publication, workspace: Path
) -> None:
    pipeline = yaml.safe_load(snippet(PAGE, "gitlab"))
    (include,) = pipeline["include"]
    assert ROOT / include["file"].lstrip("/") == TEMPLATE
    support = job(pipeline, "support")
    ran = run(publication, workspace, support)
    assert ran.code == 0, ran.log
    (workspace / "deploy/old.yaml").write_bytes((workspace / "old.yaml").read_bytes())
    assert run(publication, workspace, support).code == 3
    reports = support["artifacts"]["reports"]
    assert support["artifacts"]["when"] == "always"
    assert "EndOfLife" in (workspace / reports["codequality"]).read_text(encoding="utf-8")
    assert "<failure" in (workspace / reports["junit"]).read_text(encoding="utf-8")
    assert run(publication, workspace, support, PERFANA_GATE_PACKAGE="./missing.whl").code == 1
    assert [name for name in reports.values() if (workspace / name).exists()] == []


def test_only_what_is_undetermined_may_warn() -> None:
    assert "allow_failure" not in job({}, ".perfana-support")
    assert job({}, ".perfana-support-unknown-warns")["allow_failure"] == {"exit_codes": [5]}


def test_template_and_pipeline_are_what_gitlabs_schema_wants(gates: Path, tmp_path: Path) -> None:
    (tmp_path / "pipeline.yml").write_text(snippet(PAGE, "gitlab"))
    done = subprocess.run(
        [gates / "check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", TEMPLATE, tmp_path / "pipeline.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
