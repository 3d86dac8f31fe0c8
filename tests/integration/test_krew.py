"""krew's manifest, by krew's own validator and by krew itself, which gets the archive from a server of the test's."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cluster import binaries
from tests.cluster.server import LOOPBACK
from tests.cluster.tool import find_tool
from tests.integration.packages import OLD, SUPPORTED, Machine
from tests.release.krew import NO_RELEASE_URL, PLUGIN, write_manifest
from tests.release.platforms import PLATFORMS, this_platform
from tests.release.wheel import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.cli.program import Outcome

TOOLS = ROOT / "tests" / "release" / "go"
ARCHIVE = f"kubectl-perfana_support-{this_platform()}.tar.gz"


@pytest.fixture
def krew(machine: Machine) -> Machine:
    """Return a machine with kubectl and krew."""
    (machine.programs / "kubectl").symlink_to(binaries.find().kubectl)
    (machine.programs / "kubectl-krew").symlink_to(find_tool(TOOLS / "krew").program)
    return machine


@pytest.fixture
def server(release: Path) -> Iterator[str]:
    """Serve the files of the release; return the address."""
    handler = functools.partial(_Silent, directory=str(release))
    with http.server.ThreadingHTTPServer((LOOPBACK, 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://{LOOPBACK}:{serving.server_port}"
        serving.shutdown()


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        del format, args


def validate(machine: Machine, manifest: Path, *flags: str) -> Outcome:
    return machine.run([find_tool(TOOLS / "validate-krew-manifest").program, "-manifest", manifest, *flags])


def test_manifest_passes_the_validator_of_krews_index(release: Path, machine: Machine) -> None:
    manifest = release / "krew" / f"{PLUGIN}.yaml"
    found = validate(machine, manifest, "-skip-install")
    assert found.code == 0, found.err
    spoiled = machine.folder / manifest.name
    spoiled.write_text(manifest.read_text().replace("arch:", "architecture:"))
    assert validate(machine, spoiled, "-skip-install").code != 0


def test_manifest_of_all_platforms_passes_as_well(release: Path, machine: Machine) -> None:
    archives = dict.fromkeys(PLATFORMS.values(), release / ARCHIVE)
    manifest = write_manifest(machine.folder, "1.2.3", archives, "https://example.org/files/")
    found = validate(machine, manifest, "-skip-install")
    assert found.code == 0, found.err
    platforms = yaml.safe_load(manifest.read_text())["spec"]["platforms"]
    assert {each["uri"] for each in platforms} == {f"https://example.org/files/{ARCHIVE}"}


def test_validator_installs_it_from_the_address_of_the_release(release: Path, krew: Machine, server: str) -> None:
    manifest = write_manifest(krew.folder, "1.2.3", {this_platform(): release / ARCHIVE}, server)
    found = validate(krew, manifest)  # it wants a licence in the archive as well
    assert found.code == 0, found.err
    assert "all 1 spec.platforms installed fine" in found.err


def test_krew_installs_the_plugin_and_kubectl_runs_it(release: Path, krew: Machine) -> None:
    manifest = release / "krew" / f"{PLUGIN}.yaml"
    installed = krew.run(["kubectl", "krew", "install", f"--manifest={manifest}", f"--archive={release / ARCHIVE}"])
    assert installed.code == 0, installed.err
    assert "needs Python 3.11" in installed.err + installed.out
    path = f"{krew.home / '.krew' / 'bin'}:{krew.environment()['PATH']}"
    assert krew.run(["kubectl", PLUGIN, "--help"], PATH=path).out.startswith("usage: perfana-support")
    assert [krew.run(["kubectl", PLUGIN, *words], PATH=path).code for words in (SUPPORTED, OLD)] == [0, 3]


def test_krew_refuses_another_archive(release: Path, krew: Machine) -> None:
    other = krew.folder / ARCHIVE
    shutil.copy(release / ARCHIVE, other)
    with other.open("ab") as stream:
        stream.write(b"\0")
    manifest = release / "krew" / f"{PLUGIN}.yaml"
    refused = krew.run(["kubectl", "krew", "install", f"--manifest={manifest}", f"--archive={other}"])
    assert refused.code != 0
    assert "checksum does not match" in refused.err


def test_release_without_an_address_names_none(release: Path) -> None:
    (platform,) = yaml.safe_load((release / "krew" / f"{PLUGIN}.yaml").read_text())["spec"]["platforms"]
    assert platform["uri"] == f"{NO_RELEASE_URL}/{ARCHIVE}"
