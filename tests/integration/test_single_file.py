"""The single files as people run them: from anywhere, the first time, several at once, where nothing can be written."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from perfana_support import __version__
from perfana_support.cli.completion import SCRIPTS
from tests.cluster import binaries
from tests.integration.packages import CLUSTER_FILE, MANIFESTS_FILE, OLD, SUPPORTED, WITHIN_SECONDS, Machine
from tests.integration.support_objects import RELEASED, SNAPSHOT, deployment
from tests.release.archive import source_date
from tests.release.platforms import PYTHONS, this_platform
from tests.release.single_file import build_single_file
from tests.release.wheel import ROOT
from tests.unit.cli.program import CHARTS, start

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.client import ApiClient
    from tests.cluster.identity import Identity

AT_ONCE = 6
BOTH = pytest.mark.parametrize("name", [MANIFESTS_FILE, CLUSTER_FILE])
# A place that even root cannot write.
NO_FOLDER = "/proc/cache"


@BOTH
def test_verdicts_are_those_of_the_installed_program(release: Path, machine: Machine, name: str) -> None:
    for words in (SUPPORTED, OLD):
        found = machine.run([release / name, *words, "-o", "json"])
        assert found == start(*words, "-o", "json")
    (unpacked,) = machine.unpacked()
    assert unpacked.startswith("program-")
    assert machine.leftovers() == []


@BOTH
def test_version_completion_and_usage(release: Path, machine: Machine, name: str) -> None:
    file = release / name
    assert machine.run([file, "--version"]) == (0, f"perfana-support {__version__}\n", "")
    assert machine.run([file, "completion", "bash"]) == (0, SCRIPTS["bash"], "")
    assert "at-risk" in machine.run([file, "__complete", "check", "--fail-on", ""]).out.splitlines()
    assert machine.run([file, "check"]).code == 2
    assert machine.run([file, "check", "-f", "absent.yaml"]).code == 2


def test_second_start_unpacks_nothing(release: Path, machine: Machine) -> None:
    machine.run([release / MANIFESTS_FILE, *SUPPORTED])
    (folder,) = (machine.home / ".cache" / "perfana-support").iterdir()
    (folder / "perfana_support" / "__init__.py").write_text('__version__ = "9.9.9"\n')
    assert machine.run([release / MANIFESTS_FILE, "--version"]).out == "perfana-support 9.9.9\n"


def test_several_first_starts_at_once_do_not_meet(release: Path, machine: Machine) -> None:
    command: list[str | Path] = [release / MANIFESTS_FILE, *SUPPORTED, "-o", "json"]
    started = [
        subprocess.Popen(command, cwd=machine.folder, env=machine.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(AT_ONCE)
    ]
    found = {(*process.communicate(timeout=WITHIN_SECONDS), process.returncode) for process in started}
    ((out, err, code),) = found
    assert (err, code) == (b"", 0)
    assert json.loads(out)["kind"] == "SupportReport"
    assert len(machine.unpacked()) == 1


@pytest.mark.parametrize("words", [SUPPORTED, OLD])
def test_home_that_cannot_be_written_costs_time_and_says_so(release: Path, machine: Machine, words: tuple[str, ...]) -> None:
    found = machine.run([release / MANIFESTS_FILE, *words, "-o", "json"], XDG_CACHE_HOME=NO_FOLDER)
    expected = start(*words, "-o", "json")
    assert (found.code, found.out) == (expected.code, expected.out)
    assert found.err.startswith(f"note: {NO_FOLDER}/perfana-support/program-")
    assert len(found.err.splitlines()) == 1
    assert machine.leftovers() == []


@pytest.mark.parametrize("chosen", ["", "relative"])
def test_folder_of_the_cache_is_never_relative(release: Path, machine: Machine, chosen: str) -> None:
    assert machine.run([release / MANIFESTS_FILE, *SUPPORTED], XDG_CACHE_HOME=chosen).code == 0
    assert len(machine.unpacked()) == 1
    assert list(machine.folder.iterdir()) == []


def test_full_disk_is_an_error_and_no_verdict(release: Path, machine: Machine) -> None:
    # No file may grow beyond a kilobyte.
    found = machine.run(["bash", "-c", 'ulimit -f 1; exec "$@"', "bash", release / MANIFESTS_FILE, *SUPPORTED])
    assert (found.code, found.out) == (1, "")
    (line,) = found.err.splitlines()
    assert line.startswith("error: no folder to unpack into: ")
    assert machine.unpacked() == machine.leftovers() == []


def test_folder_that_others_can_write_is_not_run(release: Path, machine: Machine) -> None:
    command: list[str | Path] = [release / MANIFESTS_FILE, "--version"]
    machine.run(command)
    (folder,) = (machine.home / ".cache" / "perfana-support").iterdir()
    (folder / "perfana_support" / "__init__.py").write_text('__version__ = "planted"\n')
    folder.chmod(0o777)
    found = machine.run(command)
    assert (found.code, found.out) == (0, f"perfana-support {__version__}\n")
    assert found.err.startswith(f"note: {folder} cannot be used")


def test_damaged_file_is_an_error_and_no_verdict(release: Path, machine: Machine) -> None:
    content = bytearray((release / MANIFESTS_FILE).read_bytes())
    place = content.index(b"perfana_support/cli/main.py") + 200
    content[place : place + 64] = bytes(64)
    damaged = machine.folder / MANIFESTS_FILE
    damaged.write_bytes(content)
    found = machine.run([sys.executable, damaged, *SUPPORTED])
    assert (found.code, found.out) == (1, "")
    assert found.err.startswith(f"error: {damaged} is damaged")
    assert len(found.err.splitlines()) == 1
    assert machine.unpacked() == machine.leftovers() == []


def test_python_that_is_too_old_is_named(release: Path, machine: Machine) -> None:
    file = str(release / MANIFESTS_FILE)
    old = f"import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path({file!r}, run_name='__main__')"
    found = machine.run([sys.executable, "-c", old])
    expected = f"error: perfana-support needs Python 3.11 or newer, {sys.executable} is 3.9\n"
    assert found == (2, "", expected)


def test_python_without_fast_reader_gives_the_same_answers(release: Path, machine: Machine) -> None:
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    others = dataclasses.replace(this_platform(), pythons=tuple(each for each in PYTHONS if each != ours)[:1])
    (wheel,) = release.glob("*.whl")
    file = build_single_file(machine.folder / "other.pyz", wheel, others, source_date(ROOT), reads_clusters=False)
    command: list[str | Path] = [file, "check", "-f", CHARTS, "--as-of", "2026-11-24", "-o", "json"]
    first, second = machine.run(command), machine.run(command)
    assert first.err.startswith("note: this file has no fast YAML reader for this Python")
    assert second == start(*map(str, command[1:]))
    assert (first.code, first.out) == (second.code, second.out)


def test_libraries_of_this_machine_are_none_of_the_programs(release: Path, machine: Machine) -> None:
    # The environment of the tests has all of them.
    found = machine.run([sys.executable, release / MANIFESTS_FILE, "check", "-n", "perfana"])
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith("error: reading a cluster: is not installed (aiohttp)")
    assert "perfana-support-cluster" in found.err


@BOTH
def test_operator_is_not_in_it(release: Path, machine: Machine, name: str) -> None:
    found = machine.run([release / name, "operator"])
    assert (found.code, found.out) == (2, "")
    assert "install perfana-support[operator]" in found.err
    assert len(found.err.splitlines()) == 1


def test_cluster_is_read(release: Path, machine: Machine, api: ApiClient, namespace: str, identity: Identity) -> None:
    api.create(deployment(RELEASED), namespace)
    words = ["check", "--kubeconfig", str(identity.kubeconfig), "-n", namespace, "-o", "json"]
    found = machine.run([release / CLUSTER_FILE, *words])
    assert found == start(*words)
    assert [each.partition("-")[0] for each in machine.unpacked()] == ["cluster", "program"]


def test_kubectl_runs_it_as_a_plugin(
    release: Path, machine: Machine, api: ApiClient, namespace: str, identity: Identity
) -> None:
    api.create(deployment(SNAPSHOT), namespace)
    kubectl = binaries.find().kubectl
    shutil.copy(release / CLUSTER_FILE, machine.programs / "kubectl-perfana_support")
    found = machine.run([kubectl, "perfana-support", "check", "-n", namespace], KUBECONFIG=str(identity.kubeconfig))
    assert (found.code, found.err) == (3, "")
    assert (
        SNAPSHOT
        in machine.run(
            [kubectl, "perfana-support", "check", "-n", namespace, "-o", "json"], KUBECONFIG=str(identity.kubeconfig)
        ).out
    )
    assert machine.run([kubectl, "perfana-support", *SUPPORTED]).code == 0
