"""Finding and building the programs of the test cluster."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster import binaries, golang, pins
from tests.cluster.binaries import BinariesError
from tests.cluster.cache import CACHE_VARIABLE, cache_folder, locked
from tests.cluster.waiting import wait_for

if TYPE_CHECKING:
    from tests.cluster.server import Cluster

REPOSITORY = Path(__file__).parents[2]

BUILDER_ENDS_WITHIN_SECONDS = 120.0
"""A second with the fake Go; this is for a busy machine."""


def test_default_is_the_newest_pinned_version() -> None:
    newest = list(pins.kubernetes_pins().values())[-1]
    assert pins.choose(None) == newest
    assert [*map(int, newest.version.split("."))] >= [1, 37, 2]


@pytest.mark.parametrize("minor", pins.kubernetes_pins())
def test_version_may_be_named_with_or_without_its_patch(minor: str) -> None:
    pin = pins.choose(minor)
    assert pin.version.startswith(f"{minor}.")
    assert pins.choose(pin.version) == pin
    assert pins.choose(f"v{pin.version}") == pin
    assert pins.choose(f"{minor}-eks-1a2b3c").version == f"{pin.version}-eks-1a2b3c"


@pytest.mark.parametrize("asked", ["1.2", "1.37.99", "newest", "1.37.2 "])
def test_version_that_is_not_pinned_is_refused_with_those_that_are(asked: str) -> None:
    with pytest.raises(ValueError, match=r"pinned are .*1\.35\.\d+, .*1\.37\.\d+"):
        pins.choose(asked)


def test_every_pin_has_all_its_staging_modules_at_its_own_version() -> None:
    for pin in pins.kubernetes_pins().values():
        go_mod = (pin.folder / "go.mod").read_text(encoding="utf-8")
        replacements = [line.split() for line in go_mod.splitlines() if "=>" in line]
        assert {each[0] for each in replacements} >= {"k8s.io/api", "k8s.io/apiserver", "k8s.io/kubectl"}
        assert {each[3] for each in replacements} == {f"v0.{pin.version.partition('.')[2]}"}
        assert " v0.0.0 " not in go_mod


def test_cache_is_where_the_user_keeps_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    assert cache_folder() == tmp_path / ".cache/perfana-support/testcluster"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg/perfana-support/testcluster"
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "chosen"))
    assert cache_folder() == tmp_path / "chosen"


FAKE_GO = """\
#!/bin/sh
# Stands for Go: says that it is new, and builds by writing the programs' names to its log.
if [ "$1" = env ]; then echo go9.9.9; exit; fi
echo build >> {log}
echo compiling >&2
{act}
for last in "$@"; do case "$previous" in -o) out=$last;; esac; previous=$last; done
for program in etcd kube-apiserver kubectl; do echo built > "$out$program"; done
"""


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a Go on PATH that does what a test writes into it, with an empty cache."""
    program = tmp_path / "bin" / "go"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(binaries.ASSETS_VARIABLE, raising=False)
    return program


def write_fake_go(program: Path, act: str = "") -> Path:
    """Write the fake Go and return the log of its builds."""
    log = program.with_name("builds.log")
    program.write_text(FAKE_GO.format(log=log, act=act), encoding="utf-8")
    program.chmod(0o755)
    return log


@pytest.fixture
def assets(tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name a folder of ready programs as envtest users do."""
    folder = tmp_path / "assets"
    folder.mkdir()
    for program in (cluster.binaries.etcd, cluster.binaries.kube_apiserver, cluster.binaries.kubectl):
        (folder / program.name).symlink_to(program)
    monkeypatch.setenv(binaries.ASSETS_VARIABLE, str(folder))
    return folder


def test_assets_come_before_the_cache(assets: Path, cluster: Cluster) -> None:
    found = binaries.find(cluster.binaries.kubernetes)
    assert {found.etcd.parent, found.kube_apiserver.parent, found.kubectl.parent} == {assets}
    assert found.kubernetes == cluster.binaries.kubernetes


def test_incomplete_assets_are_refused_by_name(assets: Path) -> None:
    (assets / "kubectl").unlink()
    with pytest.raises(BinariesError, match="has no kubectl: complete it, or unset it"):
        binaries.find()


def test_assets_of_another_version_are_passed_over(
    fake_go: Path, assets: Path, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fake_go(fake_go)
    minor = next(each for each in pins.kubernetes_pins() if not cluster.binaries.kubernetes.startswith(each))
    assert binaries.find(minor).kubectl.parent != assets
    assert f"has Kubernetes {cluster.binaries.kubernetes}, not {minor}: not used" in capsys.readouterr().err


def test_programs_are_built_once_and_found_ever_after(fake_go: Path) -> None:
    log = write_fake_go(fake_go)
    first = binaries.find("1.35")
    assert first.kubernetes.startswith("1.35.")
    assert {first.etcd.read_text(), first.kubectl.read_text(), first.kube_apiserver.read_text()} == {"built\n"}
    assert binaries.find("1.35") == first
    assert log.read_text() == "build\n" * 2  # one for etcd, one for the others


def test_versions_lie_beside_each_other_in_the_cache(fake_go: Path) -> None:
    write_fake_go(fake_go)
    old, new = binaries.find("1.35"), binaries.find("1.37")
    assert old.kubectl != new.kubectl
    assert old.etcd == new.etcd


def test_failed_build_shows_what_go_said_and_leaves_nothing(fake_go: Path) -> None:
    write_fake_go(fake_go, act="echo no space left >&2; exit 3")
    with pytest.raises(BinariesError, match=r"failed \(exit code 3\):\ncompiling\nno space left\nIt needs"):
        binaries.find()
    assert not [path for path in cache_folder().iterdir() if path.suffix != ".lock"]


def test_build_says_that_it_lives(fake_go: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(fake_go.with_name("gate"))
    write_fake_go(fake_go, act=f"read line < {fake_go.with_name('gate')}")
    monkeypatch.setattr(binaries, "PROGRESS_SECONDS", 0.05)
    builder = threading.Thread(target=binaries.find, args=("1.35",))
    builder.start()
    said = ""

    def is_told(progress: str) -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return progress in said

    for program in (binaries.kubernetes_build(pins.choose("1.35")), binaries.etcd_build()):
        wait_for(partial(is_told, f"building {program}: 0 s"), 30, f"progress of {program}")
        fake_go.with_name("gate").write_text("go on\n", encoding="utf-8")
    builder.join()


def test_second_builder_waits_for_the_first(fake_go: Path) -> None:
    log = write_fake_go(fake_go)
    entry = binaries.etcd_build().entry
    with locked(entry):
        other = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster", "build"],
            cwd=REPOSITORY,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert other.stderr is not None
        assert any("waiting for another process" in line for line in other.stderr)
        entry.mkdir()
    assert other.wait(BUILDER_ENDS_WITHIN_SECONDS) == 0
    other.stderr.close()
    assert log.read_text() == "build\n"  # only what was not there when its turn came


@pytest.mark.parametrize("on_path", ["nothing", "an old one"])
def test_go_of_pypi_stands_in(on_path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real thing: some 60 MB at first, cached like the programs that it builds."""
    monkeypatch.setenv(CACHE_VARIABLE, str(cache_folder()))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("GOROOT", str(tmp_path))
    if on_path == "an old one":
        (tmp_path / "go").write_text("#!/bin/sh\necho go1.19.8\n", encoding="utf-8")
        (tmp_path / "go").chmod(0o755)
    found = golang.find_go((1, 26))
    assert found.program.is_relative_to(cache_folder())
    assert found.version == "go1.27.3"
    compiled = subprocess.run(
        [str(found.program), "list", "fmt"],
        env=found.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert compiled.stdout == "fmt\n"


@pytest.mark.parametrize(
    ("version", "is_enough"), [("go1.26.5", False), ("go1.26.6", True), ("go1.26", False), ("go1.27", True)]
)
def test_a_patch_of_go_counts(version: str, *, is_enough: bool) -> None:
    assert golang.Go(Path("go"), version).is_at_least((1, 26, 6)) == is_enough


def test_go_on_path_is_taken_if_new_enough(fake_go: Path) -> None:
    write_fake_go(fake_go)
    assert golang.find_go((9, 9)) == golang.Go(fake_go, "go9.9.9")
    assert shutil.which("go") == str(fake_go)
