"""The wheel without extras, installed by pip and by pipx: what it brings along, what it does, what it says of the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from perfana_support import __version__
from tests.integration.packages import OLD, SUPPORTED, Machine
from tests.release.platforms import this_platform
from tests.release.single_file import REQUIREMENTS
from tests.release.starter.start import PROGRAM
from tests.release.wheel import ROOT
from tests.release.wheelhouse import wheels

if TYPE_CHECKING:
    from pathlib import Path


PIPX = ROOT / "requirements" / "pipx.txt"
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
# What a new environment has before anything is installed.
PREINSTALLED = {"pip", "setuptools", "wheel"}


@pytest.fixture(scope="module")
def wheel(release: Path) -> Path:
    """Return the wheel."""
    (found,) = release.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def offline() -> list[str]:
    """Return pip's options to install from the pinned wheels alone."""
    libraries = wheels(REQUIREMENTS[PROGRAM], this_platform(), THIS_PYTHON)
    return ["--no-index", f"--find-links={libraries[0].parent}"]


@pytest.fixture(scope="module")
def environment(wheel: Path, offline: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs' folder of a new environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip: list[str | Path] = [folder / "bin" / "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", *offline, wheel], check=True)
    return folder / "bin"


def test_wheel_brings_two_libraries_along(environment: Path, machine: Machine) -> None:
    listed = machine.run([environment / "pip", "--disable-pip-version-check", "list", "--format=json"])
    names = {each["name"].lower() for each in json.loads(listed.out)}
    assert names - PREINSTALLED == {"perfana-support", "pyyaml", "packaging"}
    assert machine.run([environment / "pip", "--disable-pip-version-check", "check"]).code == 0


@pytest.mark.parametrize("program", ["perfana-support", "kubectl-perfana_support"])
def test_wheel_judges_manifests(environment: Path, machine: Machine, program: str) -> None:
    assert machine.run([environment / program, "--version"]) == (0, f"perfana-support {__version__}\n", "")
    assert [machine.run([environment / program, *words]).code for words in (SUPPORTED, OLD)] == [0, 3]


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (("check", "-n", "perfana"), "cluster"),
        (("check", "-A"), "cluster"),
        (("status",), "cluster"),
        (("operator",), "operator"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_wheel_names_the_extra_that_is_missing(environment: Path, machine: Machine, words: tuple[str, ...], extra: str) -> None:
    found = machine.run([environment / "perfana-support", *words])
    assert (found.code, found.out) == (2, "")
    (line,) = found.err.splitlines()
    assert line.startswith("error: ")
    assert f"install perfana-support[{extra}]" in line


@pytest.fixture
def pipx(machine: Machine) -> Path:
    """Return the pinned pipx."""
    folder = machine.folder / "pipx"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip: list[str | Path] = [
        folder / "bin" / "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
    ]
    subprocess.run([*pip, *wheels(PIPX, this_platform(), THIS_PYTHON)], check=True)
    return folder / "bin" / "pipx"


def test_pipx_installs_it(wheel: Path, offline: list[str], machine: Machine, pipx: Path) -> None:
    folders = {"PIPX_HOME": str(machine.home / "pipx"), "PIPX_BIN_DIR": str(machine.programs)}
    # pipx keeps a pip of its own up to date.
    offline = [*offline, f"--find-links={wheels(PIPX, this_platform(), THIS_PYTHON)[0].parent}"]
    installed = machine.run([pipx, "install", "--pip-args", " ".join(offline), wheel], **folders)
    assert installed.code == 0, installed.err
    assert [machine.run(["perfana-support", *words]).code for words in (SUPPORTED, OLD)] == [0, 3]
    environment = machine.home / "pipx" / "venvs" / "perfana-support" / "lib"
    found = {path.name.partition("-")[0].lower() for path in environment.glob("python*/site-packages/*.dist-info")}
    assert found - PREINSTALLED == {"perfana_support", "pyyaml", "packaging"}
    assert machine.run([pipx, "uninstall", "perfana-support"], **folders).code == 0
    assert [entry.name for entry in machine.programs.iterdir()] == ["python3"]
