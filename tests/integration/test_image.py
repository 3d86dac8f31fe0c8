"""The image of the operator: what it says of itself, what is in it, and that it runs where nothing can be written."""

from __future__ import annotations

import shlex
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from perfana_support import __version__
from tests.image.archive import ImageArchive, read_archive
from tests.image.buildah import Buildah
from tests.image.built import REQUIREMENTS, WHOLE_NAME, build_image, built_image
from tests.image.container import Container
from tests.image.debian import BUILD, PYTHON, root_archive
from tests.node.image import this_architecture
from tests.release.archive import source_date
from tests.release.platforms import PLATFORMS
from tests.release.saying import ReleaseError
from tests.release.tree import packed_files, revision
from tests.release.wheel import ROOT
from tests.release.wheelhouse import wheels
from tests.shell import user
from tests.snippets import changed, snippet
from tests.unit.cli.program import CHARTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ARCHITECTURES = ("amd64", "arm64")
# Of <elf.h>: what a program is for.
MACHINES = {"amd64": 62, "arm64": 183}
ELF, MACHINE_AT = b"\x7fELF", 18
OURS = ("app/", "licenses/", "usr/local/bin/perfana-support", "usr/lib/python3.13/")
PROGRAMS = {"usr/bin/python3", "usr/bin/python3.13", "usr/local/bin/perfana-support"}
LABEL = "org.opencontainers.image."
FILE = "perfana-4.0.3.yaml"
DAY = ("--as-of", "2026-11-24")
IMPORTED = """
import os, sys
sys.path.append("/app")
import perfana_support.cli.main, perfana_support.controller.run, perfana_support.controller.office
for module in list(sys.modules.values()):
    spec = getattr(module, "__spec__", None)
    if spec and spec.cached and not os.path.exists(spec.cached):
        print(spec.name)
print(len(sys.modules), file=sys.stderr)
"""


@pytest.fixture(scope="module", params=ARCHITECTURES)
def image(request: pytest.FixtureRequest) -> ImageArchive:
    """Return the image of each architecture."""
    return read_archive(built_image(request.param))


@pytest.fixture(scope="module")
def container() -> Iterator[Container]:
    """Return the image of this machine, to be run."""
    with Container(built_image()) as made:
        yield made


def test_its_labels_say_what_it_is(image: ImageArchive) -> None:
    labels = {name.removeprefix(LABEL): value for name, value in image.config["config"]["Labels"].items()}
    assert labels.pop("description")
    assert {name: value for name, value in labels.items() if not name.startswith("io.buildah")} == {
        "title": "perfana-support",
        "version": __version__,
        "revision": revision(ROOT),
        "licenses": "Apache-2.0",
        "source": "",
    }


def test_it_runs_the_program_as_a_user_who_owns_nothing(image: ImageArchive) -> None:
    settings = image.config["config"]
    assert (settings["User"], settings["WorkingDir"]) == ("65532:65532", "/")
    assert (settings["Entrypoint"], settings["Cmd"]) == (["perfana-support"], ["--help"])
    assert "Volumes" not in settings
    assert {(entry.uid, entry.gid) for entry, _ in image.entries()} == {(0, 0)}


def test_it_bears_the_name_that_manifests_ask_for(image: ImageArchive) -> None:
    assert image.name == WHOLE_NAME
    assert f"docker.io/library/perfana-support:{__version__}" == WHOLE_NAME


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_all_that_is_compiled_is_for_its_architecture(architecture: str) -> None:
    image = read_archive(built_image(architecture))
    assert image.config["architecture"] == architecture
    programs = {entry.name: content for entry, content in image.entries() if content.startswith(ELF)}
    assert {int.from_bytes(content[MACHINE_AT : MACHINE_AT + 2], "little") for content in programs.values()} == {
        MACHINES[architecture]
    }
    assert len([name for name in programs if name.startswith("app/")]) > 10


def test_nothing_of_ours_gives_rights(image: ImageArchive) -> None:
    for entry, _ in image.entries(first=1):
        writable = stat.S_IWOTH if not entry.issym() else 0
        assert not entry.mode & (stat.S_ISUID | stat.S_ISGID | writable), entry.name
        assert entry.isfile() or entry.isdir(), entry.name


def test_nothing_is_added_but_the_program_its_libraries_and_what_was_compiled(image: ImageArchive) -> None:
    added = [entry.name for entry, _ in image.entries(first=1) if not entry.isdir()]
    assert [name for name in added if not name.startswith(OURS)] == []
    assert [name for name in added if name.startswith("usr/lib/") and not name.endswith(".cpython-313.pyc")] == []
    assert [name for name in added if name.startswith(("app/pip", "app/setuptools", "app/bin/", "app/tests/"))] == []
    assert {"licenses/perfana-support/LICENSE", "usr/local/bin/perfana-support"} <= set(added)


def test_the_program_is_whole(image: ImageArchive) -> None:
    package = ROOT / "operator"
    ours = {f"app/{(ROOT / file).relative_to(package)}" for file in packed_files(ROOT, "operator/perfana_support")}
    files = [entry.name for entry, _ in image.entries(first=1) if entry.isfile()]
    assert {name for name in files if name.startswith("app/perfana_support/") and not name.endswith(".pyc")} == ours


def test_everything_has_the_date_of_the_commit(image: ImageArchive) -> None:
    assert {entry.mtime for entry, _ in image.entries(first=1)} == {source_date(ROOT)}


def test_it_has_no_shell_and_nothing_else_that_starts(image: ImageArchive) -> None:
    folders = ("bin/", "sbin/", "usr/bin/", "usr/sbin/", "usr/local/bin/", "usr/local/sbin/")
    names = {entry.name.removeprefix("./") for entry, _ in image.entries() if not entry.isdir()}
    assert {name for name in names if name.startswith(folders)} == PROGRAMS


def test_two_builds_have_the_same_digest(tmp_path: Path) -> None:
    again = build_image(tmp_path / "again.tar")
    assert read_archive(again).digest == read_archive(built_image()).digest


def test_its_version_is_the_packages(container: Container) -> None:
    assert container.run("--version") == (0, f"perfana-support {__version__}\n", "")


def test_the_operator_is_there(container: Container) -> None:
    code, out, err = container.run("operator", "--help")
    assert (code, err) == (0, "")
    assert "--no-leader-election" in out


@pytest.mark.parametrize("user", ["", "1000660000:0"], ids=["its user", "a user that a platform gives"])
@pytest.mark.parametrize(("chart", "code"), [("perfana-4.0.3.yaml", 0), ("perfana-3.1.2.yaml", 3)])
def test_it_judges_manifests_where_nothing_can_be_written(container: Container, chart: str, code: int, user: str) -> None:
    outcome = container.run("check", "-f", "-", *DAY, stdin=(CHARTS / chart).read_bytes(), user=user)
    assert (outcome.code, outcome.err) == (code, "")


def test_the_block_of_its_page_judges_by_the_image(container: Container, tmp_path: Path) -> None:
    """Docker's part, to put what follows the image's name behind its entrypoint, is played by a line of shell."""
    run = shlex.join(container.command(*container.image.config["config"]["Entrypoint"]))
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\nuntil [ "$1" = perfana-support:{__version__} ]; do shift; done\nshift\nexec {run} "$@"\n')
    docker.chmod(0o755)
    (tmp_path / "manifests.yaml").write_bytes((CHARTS / "perfana-4.0.3.yaml").read_bytes())
    assert "Supported" in user(folder=tmp_path).finding(tmp_path).must(snippet("docs/image.md", "run"))


def test_an_operator_that_finds_no_cluster_says_so(container: Container) -> None:
    code, out, err = container.run("operator")
    assert (code, out) == (2, "")
    assert "Traceback" not in err


def test_nothing_is_compiled_when_it_starts(container: Container) -> None:
    outcome = container.start("/usr/bin/python3.13", "-IS", "-c", IMPORTED)
    assert (outcome.code, outcome.out) == (0, ""), outcome.err
    assert int(outcome.err) > 500


def test_whoever_runs_it_cannot_bring_modules_along(container: Container) -> None:
    command = container.command(
        "perfana-support", "--version", PYTHONPATH="/proc", PYTHONSTARTUP="/etc/passwd", PYTHONHOME="/nowhere"
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"perfana-support {__version__}\n"), done.stderr


def test_bases_of_different_pythons_are_refused() -> None:
    with Buildah() as buildah:
        buildah.load_root("localhost/build", root_archive(BUILD, this_architecture()), this_architecture())
        with pytest.raises(ReleaseError, match=r"RUN_BASE has no python3\.13, but BUILD_BASE does"):
            buildah.build("localhost/none", ROOT, "--build-arg=BUILD_BASE=localhost/build", "--build-arg=RUN_BASE=scratch")


def test_the_wheels_of_an_offline_build_are_fetched_as_the_page_says(tmp_path: Path) -> None:
    block = changed(snippet("docs/image.md", "wheels"), ("requirements/image.txt", str(REQUIREMENTS)))
    user(folder=tmp_path).must(block)
    fetched = {file.name for file in (tmp_path / "wheels").iterdir()}
    assert fetched == {file.name for file in wheels(REQUIREMENTS, PLATFORMS["linux-amd64"], PYTHON)}
