"""`make kind` as far as it goes without Docker: the real kind reads the configuration, and asks a stand-in for the nodes.

What CI runs in place of it are the same tests, `tests/e2e`, on the node of `tests/node`.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.e2e.kind_place import CONFIGURATION, NAME, KindError, KindPlace, find_kind, kind

if TYPE_CHECKING:
    from pathlib import Path

STAND_IN = """\
#!/bin/sh
echo "$@" >> {log}
case "$1 $2" in
  "info --format") echo '{{"SecurityOptions": ["name=seccomp"], "CgroupDriver": "cgroupfs", "CgroupVersion": "2"}}' ;;
  "network ls") echo kind ;;
  run*) echo "there is no engine here" >&2; exit 7 ;;
esac
"""


@pytest.fixture(autouse=True)
def _find_kind() -> None:
    """Find or build kind while there are a home and a PATH."""
    find_kind()


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a docker on the PATH that knows all about itself and runs nothing; return where it notes what it was asked."""
    log = tmp_path / "asked"
    (tmp_path / "bin").mkdir()
    docker = tmp_path / "bin/docker"
    docker.write_text(STAND_IN.format(log=shlex.quote(str(log))), encoding="utf-8")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(docker.parent), "/usr/bin", "/bin"]))
    monkeypatch.setenv("HOME", str(tmp_path))
    return log


def test_kind_takes_the_configuration_and_asks_for_its_nodes(asked: Path, tmp_path: Path) -> None:
    with pytest.raises(KindError, match="there is no engine here"):
        KindPlace(tmp_path)
    runs = [line for line in asked.read_text(encoding="utf-8").splitlines() if line.startswith("run ")]
    assert sorted(run.split()[2] for run in runs) == [f"{NAME}-control-plane", f"{NAME}-worker"]
    assert all("kindest/node:v" in run and "@sha256:" in run for run in runs), "the node image is pinned by kind"


def test_kind_refuses_what_it_does_not_know_in_the_configuration(asked: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "kind.yaml"
    wrong.write_text(CONFIGURATION.read_text(encoding="utf-8") + "nodePorts: []\n", encoding="utf-8")
    with pytest.raises(KindError, match="field nodePorts not found"):
        kind("create", "cluster", "--config", str(wrong), "--kubeconfig", str(tmp_path / "kubeconfig"))
    assert not asked.exists() or "run" not in asked.read_text(encoding="utf-8").split()


def test_without_docker_it_is_said_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(KindError, match='exec: "docker": executable file not found'):
        KindPlace(tmp_path)
