"""The hook: the real pre-commit fetches it, installs it and stands before a real commit."""

from __future__ import annotations

import gzip
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.pipelines import WITHIN_SECONDS, Publication, environment, git
from tests.snippets import snippet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Commit = Callable[[], subprocess.CompletedProcess[str]]

PAGE = "docs/gates/pipelines.md"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where pre-commit keeps what it installed: once for the module."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def commit(publication: Publication, gates: Path, workspace: Path, store: Path) -> Commit:
    """Return `git commit` of all that is staged, in a repository with the page's configuration and its hook installed."""
    home = workspace.parent / "home"
    variables = environment(home, publication.pip)
    (home / ".gitconfig").write_text(  # pre-commit takes GIT_… away from the git that fetches
        f'[url "{publication.repository}"]\n\tinsteadOf = https://github.com/ORG/perfana-support\n'
        "[user]\n\tname = gate\n\temail = gate@example.com\n"
    )
    (workspace / ".pre-commit-config.yaml").write_text(snippet(PAGE, "pre-commit"))
    variables |= {"PRE_COMMIT_HOME": str(store), "PATH": f"{gates}:{variables['PATH']}"}
    # virtualenv, which pre-commit makes environments with, carries pip along.
    variables |= {"VIRTUALENV_NO_DOWNLOAD": "1", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=workspace, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            timeout=WITHIN_SECONDS,
        )  # fmt: skip

    git(workspace, "init", "--quiet")
    git(workspace, "add", ".pre-commit-config.yaml", "values.yaml")
    installed = run("pre-commit", "install")
    assert installed.returncode == 0, installed.stdout
    return lambda: run("git", "commit", "--message=Change")


def commits(workspace: Path) -> int:
    """How many commits there are."""
    done = subprocess.run(
        ["git", "rev-list", "--count", "--all"], cwd=workspace, env=os.environ, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_a_commit_of_a_snapshot_is_refused_and_that_of_a_release_is_made(commit: Commit, workspace: Path) -> None:
    manifest = workspace / "deploy/perfana.yaml"
    supported = manifest.read_bytes()
    manifest.write_bytes((workspace / "snapshot.yaml").read_bytes())
    git(workspace, "add", "deploy")
    refused = commit()
    assert (refused.returncode, commits(workspace)) == (1, 0), refused.stdout
    assert "exit code: 3" in refused.stdout
    assert "Snapshot" in refused.stdout
    manifest.write_bytes(supported)
    still = commit()  # what is staged counts, not what the file holds now
    assert (still.returncode, commits(workspace)) == (1, 0), still.stdout
    git(workspace, "add", "deploy")
    made = commit()
    assert (made.returncode, commits(workspace)) == (0, 1), made.stdout


def test_many_files_are_one_run(commit: Commit, workspace: Path) -> None:
    for number in range(300):
        text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings-{number}}}\n"
        (workspace / f"deploy/settings-{number:03}.yaml").write_text(text)
    git(workspace, "add", "deploy")
    made = commit()
    assert (made.returncode, commits(workspace)) == (0, 1), made.stdout


def test_a_change_of_a_file_with_any_name_is_judged(commit: Commit, workspace: Path) -> None:
    assert commit().returncode == 0
    packed = workspace / "deploy/other.yaml.gz"  # read as a manifest, and none by its type
    packed.write_bytes(gzip.compress((workspace / "snapshot.yaml").read_bytes()))
    git(workspace, "add", "deploy")
    refused = commit()
    assert (refused.returncode, commits(workspace)) == (1, 1), refused.stdout
    assert "Snapshot" in refused.stdout


def test_what_is_no_manifest_refuses_a_commit_where_it_was_named_and_nothing_elsewhere(commit: Commit, workspace: Path) -> None:
    assert commit().returncode == 0  # values.yaml outside of deploy/
    (workspace / "deploy/values.yaml").write_text("replicas: 1\n")
    git(workspace, "add", "deploy")
    refused = commit()
    assert (refused.returncode, commits(workspace)) == (1, 1), refused.stdout
    assert "exit code: 2" in refused.stdout
