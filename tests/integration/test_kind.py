"""`make kind` as far as it goes without Docker: the real kind asks a stand-in for its nodes, and brings images to them.

What CI runs in place of it are the same tests, `tests/e2e`, on the node of `tests/node`; that containerd takes such an archive
of images is what tests/integration/test_node.py shows.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from perfana_support import __version__
from tests.e2e.conftest import VENDORS
from tests.e2e.docker_images import make_archive, need_docker, vendors_dockerfile
from tests.e2e.kind_place import CONFIGURATION, NAME, KindError, KindPlace, kind
from tests.e2e.programs import PROBES, ProgramError, find_program
from tests.image.__main__ import build_options
from tests.image.built import WHOLE_NAME, arguments_of_build
from tests.integration.docker_archives import SAVERS, read_saved
from tests.release.saying import ReleaseError
from tests.snippets import ROOT

if TYPE_CHECKING:
    from pathlib import Path

NODES = ("control-plane", "worker")
STAND_IN = """\
#!/bin/sh
echo "$@" >> {log}
case "$1 $2" in
  "info --format") echo '{{"SecurityOptions": ["name=seccomp"], "CgroupDriver": "cgroupfs", "CgroupVersion": "2"}}' ;;
  "network ls") echo kind ;;
  "buildx build") case "$*" in *" -") cat >> {log}-read ;; esac ;;
  "save --output") cp {log}-saved "$3" ;;
  ps*) if [ -e {log}-nodes ]; then cat {log}-nodes; fi ;;
  inspect*) echo worker ;;
  "exec --privileged")
    case "$*" in
      *" containerd config dump") printf 'version = 3\n[plugins."io.containerd.cri.v1.images"]\nsnapshotter = "overlayfs"\n' ;;
      *" images import "*) cat > {log}-"$4" ;;
    esac ;;
  run*) echo "there is no engine here" >&2; exit 7 ;;
esac
"""


@pytest.fixture(autouse=True)
def _find_kind() -> None:
    """Find or build kind while there are a home and a PATH."""
    find_program("kind")


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


@pytest.fixture
def place(asked: Path) -> KindPlace:
    """Return a cluster of which docker says that it is there."""
    asked.with_name("asked-nodes").write_text("".join(f"{NAME}-{each}\n" for each in NODES), encoding="utf-8")
    return object.__new__(KindPlace)


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


@pytest.mark.parametrize("version", SAVERS)
def test_images_are_built_as_make_image_does_and_saved_under_the_names_of_nodes(
    asked: Path, tmp_path: Path, version: str
) -> None:
    names = [f"perfana-support-kind/{name}:latest" for name in ("operator", "vendor-0", "vendor-1")]
    saved = SAVERS[version](asked.with_name("asked-saved"), names)
    made = read_saved(make_archive(tmp_path, VENDORS))
    assert made == dict(zip((WHOLE_NAME, *VENDORS), read_saved(saved).values(), strict=True))
    builds = [line.split() for line in asked.read_text(encoding="utf-8").splitlines() if line.startswith("buildx build")]
    given = build_options(("docker", "buildx", "build"), names[0], arguments_of_build(), None)
    (*own, context), *others = builds
    assert own == ["buildx", "build", *given]
    assert context != str(ROOT), "a copy of what the image is made of"
    assert others == [["buildx", "build", f"--tag={name}", "--load", "-"] for name in names[1:]]
    assert "--load" in given
    assert f"--build-arg=VERSION={__version__}" in given
    assert not any("BASE" in each for each in given), "the bases are those that the Dockerfile names"
    read = asked.with_name("asked-read").read_text(encoding="utf-8")
    assert read == "".join(vendors_dockerfile(name) for name in VENDORS)
    assert f"image rm {' '.join(names)}" in asked.read_text(encoding="utf-8").splitlines(), "Docker keeps no image of ours"


def test_what_stands_for_perfana_waits_and_ends_when_it_is_told_to() -> None:
    text = vendors_dockerfile("docker.io/perfana/x:1")
    assert text.startswith("FROM gcr.io/distroless/python3")
    _, *words = json.loads(text.rpartition("ENTRYPOINT ")[2])
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stdout.readline() == b"ready\n"
        running.terminate()
        assert running.wait(60) == 0


def test_kind_brings_the_images_to_every_node(asked: Path, place: KindPlace, tmp_path: Path) -> None:
    archive = tmp_path / "images.tar"
    archive.write_bytes(b"images")
    place.load(archive)
    for node in NODES:
        assert asked.with_name(f"asked-{NAME}-{node}").read_bytes() == b"images"


def test_nodes_that_fail_are_containers_that_are_started_again_at_once(asked: Path, place: KindPlace) -> None:
    place.restart_nodes()
    assert f"restart -t 0 {NAME}-control-plane {NAME}-worker" in asked.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("others", [(), ("buildah",)], ids=["none", "buildah"])
def test_another_builder_in_dockers_place_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: tuple[str, ...]
) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in others:
        (tmp_path / "bin" / name).symlink_to("/bin/true")
    with pytest.raises(ReleaseError, match="a running Docker with buildx is needed"):
        need_docker()


@pytest.mark.usefixtures("asked")
def test_docker_with_buildx_is_all_that_is_needed() -> None:
    need_docker()


@pytest.mark.parametrize("name", PROBES)
def test_a_program_on_the_path_is_taken_if_it_runs_for_anybody(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / name
    program.write_text(f'#!/bin/sh\n[ "$*" = "{" ".join(PROBES[name])}" ]\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    find_program.cache_clear()
    assert find_program(name) == program
    program.write_text('#!/bin/sh\n[ "$PATH" != /usr/bin:/bin ]\n', encoding="utf-8")
    find_program.cache_clear()
    built = find_program(name)
    assert built != program
    assert built.name == name
    find_program.cache_clear()
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(ProgramError, match=f"{name} is needed on the PATH"):
        find_program(name)
    find_program.cache_clear()
