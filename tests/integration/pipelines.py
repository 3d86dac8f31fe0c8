"""What runs a gate in a pipeline, as far as a runner's semantics can be had without it.

GitHub's runner evaluates the expressions of an action and of a workflow, hands files over that a step writes to, and starts
`bash --noprofile --norc -eo pipefail`; GitLab's joins the lines of `before_script` and `script` for one bash; Tekton writes
values in place of its variables and starts the script by its first line.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from perfana_support import __version__
from tests.release.archive import source_date
from tests.release.platforms import this_platform
from tests.release.single_file import REQUIREMENTS
from tests.release.starter.start import PROGRAM
from tests.release.wheel import ROOT, build_wheel
from tests.release.wheelhouse import wheels
from tests.unit.cli.program import CHARTS

if TYPE_CHECKING:
    from collections.abc import Mapping

GATES = ROOT / "requirements" / "gates.txt"
AS_OF = "2026-11-24"
WITHIN_SECONDS = 300
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_TEKTON = re.compile(r"\$\(([^()]+)\)")
_ACTION_FILES = ("action.yml", ".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE")
_SHELLS = {"bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}


class Ran(NamedTuple):
    """What a step came to: its exit code, what it printed, the outputs or results it wrote, the summary."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str = ""


class Publication(NamedTuple):
    """The project as others fetch it: a repository with the version's tag, its wheel, pip's settings for no index."""

    repository: Path
    wheel: Path
    pip: dict[str, str]


def publish(below: Path) -> Publication:
    """Make one of the files as they are here."""
    repository = below / "perfana-support"
    shutil.copytree(ROOT / "operator/perfana_support", repository / "operator/perfana_support", ignore=_caches)
    shutil.copytree(ROOT / "requirements", repository / "requirements")
    for name in _ACTION_FILES:
        shutil.copy(ROOT / name, repository)
    git(repository, "init", "--quiet")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message=Release")
    git(repository, "tag", f"v{__version__}")
    folders = {wheels(each, this_platform(), _PYTHON)[0].parent for each in (GATES, REQUIREMENTS[PROGRAM])}
    wheel = build_wheel(below / "dist", source_date(ROOT))
    links = " ".join(str(each) for each in sorted({*folders, wheel.parent}))
    return Publication(repository, wheel, {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": links})


_caches = shutil.ignore_patterns("__pycache__", "*.egg-info")


def git(folder: Path, *words: str) -> str:
    """Run git with settings of its own."""
    identity = {f"GIT_{who}_{what}": "gate@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(
        ["git", "-C", str(folder), *words], env=environment, capture_output=True, text=True, check=True, timeout=WITHIN_SECONDS
    ).stdout


def write_workspace(folder: Path) -> Path:
    """Write manifests of others: what is supported, what is not, what cannot be told, what is no manifest."""
    (folder / "deploy").mkdir(parents=True)
    supported = (CHARTS / "perfana-4.0.3.yaml").read_text(encoding="utf-8")
    (folder / "deploy/perfana.yaml").write_text(supported, encoding="utf-8")
    (folder / "snapshot.yaml").write_text(supported.replace(":perfana-4.0.0", ":perfana-4.0.0-SNAPSHOT"), encoding="utf-8")
    (folder / "unknown.yaml").write_text(supported.replace(":perfana-4.0.0", "@sha256:" + "0" * 64), encoding="utf-8")
    shutil.copy(CHARTS / "perfana-3.1.2.yaml", folder / "old.yaml")
    (folder / "values.yaml").write_text("replicas: 1\n", encoding="utf-8")
    return folder


def gate_tools(into: Path) -> Path:
    """Install the tools of requirements/gates.txt and return the folder of their programs."""
    subprocess.run([sys.executable, "-m", "venv", into], check=True)
    pip: list[str | Path] = [into / "bin/pip", "--disable-pip-version-check", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, *wheels(GATES, this_platform(), _PYTHON)], check=True)
    return into / "bin"


def environment(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a runner's machine: nothing of ours, one day."""
    home.mkdir(exist_ok=True)
    python = str(Path(getattr(sys, "_base_executable", sys.executable)).parent)
    path = f"{python}:{os.defpath}"
    return {"HOME": str(home), "PATH": path, "LANG": "C.UTF-8", "PERFANA_SUPPORT_AS_OF": AS_OF, **more}


def evaluate(text: str, contexts: Mapping[str, str]) -> str:
    """Write values in place of GitHub's expressions; as in GitHub, what is not there is empty. Only names are understood."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        assert re.fullmatch(r"[a-z]+(\.[A-Za-z_-]+)+", name), f"this evaluator knows names alone, not {name}"
        assert name.split(".")[0] in {"inputs", "steps"}, name
        return contexts.get(name, "")

    return _EXPRESSION.sub(value, text)


def run_action(publication: Publication, workspace: Path, runner: Path, inputs: Mapping[str, Any], **variables: str) -> Ran:
    """Run the steps of the composite action as GitHub's runner does, and return the action's outputs."""
    action = yaml.safe_load((publication.repository / "action.yml").read_text(encoding="utf-8"))
    assert action["runs"]["using"] == "composite"
    unknown = set(inputs) - set(action["inputs"])
    assert not unknown, f"the runner would warn of {unknown}"
    runner.mkdir(exist_ok=True)
    contexts = {f"inputs.{name}": str(inputs.get(name, each.get("default", ""))) for name, each in action["inputs"].items()}
    log, code, summary = "", 0, ""
    for number, step in enumerate(action["runs"]["steps"]):
        assert set(step) <= {"id", "shell", "env", "run"}
        if code:
            break  # a step without `if` runs on success alone
        files = {
            name: runner / f"{name}-{number}" for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")
        }
        for file in files.values():
            file.write_text("")
        script = runner / f"step-{number}.sh"
        script.write_text(evaluate(step["run"], contexts))
        given = {name: evaluate(str(each), contexts) for name, each in step.get("env", {}).items()}
        own = {"GITHUB_ACTIONS": "true", "GITHUB_ACTION_PATH": str(publication.repository), "RUNNER_TEMP": str(runner)}
        own |= {"GITHUB_WORKSPACE": str(workspace), "CI": "true"} | {name: str(file) for name, file in files.items()}
        done = _run(
            [*_SHELLS[step["shell"]], script],
            workspace,
            environment(runner / "home", {**publication.pip, **own, **given, **variables}),
        )
        code, log = done.returncode, log + done.stdout
        for line in files["GITHUB_OUTPUT"].read_text().splitlines():
            name, equals, value = line.partition("=")
            assert equals, f"the runner refuses {line!r}"
            contexts[f"steps.{step['id']}.outputs.{name}"] = value
        summary += files["GITHUB_STEP_SUMMARY"].read_text()
    outputs = {name: evaluate(each["value"], contexts) for name, each in action["outputs"].items()}
    return Ran(code, log, outputs, summary)


def run_gitlab_job(job: Mapping[str, Any], project: Path, home: Path, more: Mapping[str, str]) -> Ran:
    """Run a job's lines as GitLab's runner does with bash: before_script and script are one, variables are set before."""
    lines = [*job.get("before_script", []), *job["script"]]
    script = "set -eo pipefail\nset +o noclobber\n" + "\n".join(lines) + "\n"
    given = {name: str(value) for name, value in job.get("variables", {}).items()}
    done = _run(["bash", "-c", script], project, environment(home, {"CI": "true", **given, **more}))
    return Ran(done.returncode, done.stdout, {})


def run_tekton_step(
    task: Mapping[str, Any], params: Mapping[str, str], workspace: Path, home: Path, more: Mapping[str, str]
) -> Ran:
    """Run the task's step as Tekton does, and return its results."""
    home.mkdir()
    spec = task["spec"]
    declared = {each["name"]: each.get("default") for each in spec["params"]}
    assert set(params) <= set(declared), "Tekton would refuse the run"
    values = {**{name: value for name, value in declared.items() if value is not None}, **params}
    assert set(values) == set(declared), "Tekton would refuse the run"
    results = {each["name"]: home / f"result-{each['name']}" for each in spec["results"]}
    known = {f"params.{name}": value for name, value in values.items()}
    known |= {f"results.{name}.path": str(file) for name, file in results.items()}
    known |= {f"workspaces.{each['name']}.path": str(workspace) for each in spec["workspaces"]}

    def replaced(text: str) -> str:
        return _TEKTON.sub(lambda found: known.get(found[1], found[0]), text)

    (step,) = spec["steps"]
    script = home / "script"
    script.write_text(replaced(step["script"]))
    script.chmod(0o755)
    given = {each["name"]: replaced(each["value"]) for each in step["env"]}
    done = _run([script], Path(replaced(step["workingDir"])), environment(home, {**given, **more}))
    return Ran(done.returncode, done.stdout, {name: file.read_text() for name, file in results.items() if file.exists()})


def _run(command: list[str | Path], folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False, timeout=WITHIN_SECONDS,
    )  # fmt: skip
