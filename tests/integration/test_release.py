"""A release, made as docs/releasing.md says: what is in it, that it says so, that it is the same twice, and who signed it."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cluster.cache import CACHE_VARIABLE, cache_folder
from tests.cluster.tool import find_tool
from tests.integration.helm_tool import MAJORS, find_helm
from tests.integration.publishing import IMAGE, KREW_ARCHIVE, LISTS, SMALL, SOURCES, URL, VERSION, WHEEL, WHOLE, Checkout, ours
from tests.integration.test_attestation import COSIGN
from tests.release.checksums import CHECKSUMS
from tests.release.cluster_files import CHART
from tests.release.single_file import THIRD_PARTY
from tests.release.tree import packed_files
from tests.release.wheel import ROOT
from tests.snippets import snippet

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.packages import Machine

PAGE = "docs/releasing.md"
PACKED_CHART = f"perfana-support-{VERSION}.tgz"


@pytest.fixture
def dist(published: Checkout) -> Path:
    """Return the folder with the files of the release."""
    return published.dist


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def files_of(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def test_everything_is_there(dist: Path) -> None:
    programs = [SMALL, WHOLE, WHEEL, SOURCES, KREW_ARCHIVE, "krew/perfana-support.yaml"]
    others = [PACKED_CHART, "install.yaml", "LICENSE", THIRD_PARTY, CHECKSUMS]
    assert files_of(dist) == sorted([*programs, *others, *LISTS])


def test_checksums_are_of_every_file_and_sha256sum_finds_a_change(published: Checkout, tmp_path: Path) -> None:
    published.must(ours(snippet(PAGE, "check")))
    sums = [line.partition("  ")[2] for line in (published.dist / CHECKSUMS).read_text().splitlines()]
    assert sums == [name for name in files_of(published.dist) if name != CHECKSUMS]
    (tmp_path / CHECKSUMS).write_bytes((published.dist / CHECKSUMS).read_bytes())
    (tmp_path / "install.yaml").write_bytes((published.dist / "install.yaml").read_bytes() + b"\n")
    command = ["sha256sum", "--check", "--ignore-missing", CHECKSUMS]
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 1


def test_made_again_elsewhere_by_another_user_it_is_the_same_to_the_byte(published: Checkout) -> None:
    published.must(ours(snippet(PAGE, "checkout")))
    again = Checkout(published.folder.parent / "again")
    again.prepare()
    different = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "1", "HOME": str(published.folder.parent)}
    different[CACHE_VARIABLE] = str(cache_folder())  # of wheels
    published.must("umask 077\n" + ours(snippet(PAGE, "again")), **different, PYTHONPATH=str(again.folder / "operator"))
    assert files_of(again.dist) == files_of(published.dist)
    for name in files_of(again.dist):
        assert (again.dist / name).read_bytes() == (published.dist / name).read_bytes(), name
        assert (again.dist / name).stat().st_mode == (published.dist / name).stat().st_mode, name


def test_what_git_ignores_changes_no_byte(published: Checkout) -> None:
    sums = (published.dist / CHECKSUMS).read_bytes()
    strays = {
        "charts/perfana-support/templates/lease.yaml.orig": "{apiVersion: v1, kind: Secret, metadata: {name: stray}}\n",
        "operator/perfana_support/build/__init__.py": '"""Nobody committed this: the project ignores build/."""\n',
        "operator/perfana_support/sources/builtin/stray.orig": "stray",
        "tests/release/starter/build/stray.py": "stray = True\n",
    }
    for name, content in strays.items():
        (published.folder / name).parent.mkdir(exist_ok=True)
        (published.folder / name).write_text(content)
    exclude = published.folder / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("*.orig\n")
    published.must(ours(snippet(PAGE, "release")))
    for name in strays:
        (published.folder / name).unlink()
    exclude.unlink()
    assert (published.dist / CHECKSUMS).read_bytes() == sums


def test_the_sources_build_the_wheel_of_the_release(dist: Path, tmp_path: Path) -> None:
    epoch = str(int.from_bytes((dist / SOURCES).read_bytes()[4:8], "little"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-cache-dir"]
    subprocess.run(
        [*command, "--wheel-dir", tmp_path, dist / SOURCES],
        check=True,
        env=Checkout(tmp_path).environment(SOURCE_DATE_EPOCH=epoch),
    )
    assert (tmp_path / WHEEL).read_bytes() == (dist / WHEEL).read_bytes()


def test_single_file_says_the_version(dist: Path, machine: Machine) -> None:
    assert machine.run([dist / SMALL, "--version"]) == (0, f"perfana-support {VERSION}\n", "")


def test_install_yaml_has_the_image_and_the_version_and_nothing_else_changed(published: Checkout) -> None:
    text = (published.dist / "install.yaml").read_text()
    assert text.replace(IMAGE, "perfana-support") == (published.folder / "manifests/install.yaml").read_text()
    images = [
        container["image"]
        for each in yaml.safe_load_all(text)
        if each["kind"] == "Deployment"
        for container in each["spec"]["template"]["spec"]["containers"]
    ]
    assert images == [f"{IMAGE}:{VERSION}"]


@pytest.mark.parametrize("major", MAJORS)
def test_helm_renders_the_packed_chart_as_it_renders_the_folder(
    dist: Path, published: Checkout, machine: Machine, major: int
) -> None:
    helm = find_helm(major)
    for chart in (dist / PACKED_CHART, published.folder / "charts/perfana-support"):
        assert machine.run([helm, "lint", "--strict", chart]).code == 0
    render: list[str | Path] = [helm, "template", "perfana-support", "--kube-version", "1.37.0"]
    packed = machine.run([*render, dist / PACKED_CHART])
    folder = published.folder / "charts/perfana-support"
    as_folder = machine.run([*render, folder, "--set", f"image.repository={IMAGE}"])
    assert packed.code == 0, packed.err
    assert packed == as_folder
    assert f"{IMAGE}:{VERSION}" in packed.out
    shown = yaml.safe_load(machine.run([helm, "show", "chart", dist / PACKED_CHART]).out)
    assert (shown["version"], shown["appVersion"]) == (VERSION, VERSION)


def test_chart_has_the_files_of_its_folder_and_the_licence(dist: Path) -> None:
    with tarfile.open(fileobj=gzip.open(dist / PACKED_CHART)) as archive:
        names = archive.getnames()
    known = [str(name.relative_to("charts")) for name in packed_files(ROOT, CHART.relative_to(ROOT))]
    assert names == sorted([*known, f"{CHART.name}/LICENSE"])


def test_krews_manifest_names_the_address_and_the_digest_of_the_checksums(dist: Path) -> None:
    (platform,) = yaml.safe_load((dist / "krew/perfana-support.yaml").read_text())["spec"]["platforms"]
    assert platform["uri"] == f"{URL}/{KREW_ARCHIVE}"
    assert f"{platform['sha256']}  {KREW_ARCHIVE}\n" in (dist / CHECKSUMS).read_text()


def test_a_signature_of_the_digests_verifies_until_one_of_them_changes(
    published: Checkout, machine: Machine, tmp_path: Path
) -> None:
    (machine.programs / "cosign").symlink_to(find_tool(COSIGN).program)
    (machine.folder / "dist").symlink_to(published.dist)
    block = snippet("docs/attestation.md", "keys") + ours(snippet(PAGE, "sign"))
    shell = machine.shell(COSIGN_PASSWORD="of the test")  # noqa: S106 - of a key that ends with the test
    shell.must(block)
    signature = published.dist / f"{CHECKSUMS}.sigstore.json"
    download = tmp_path / "download"
    download.mkdir()
    signature.rename(download / signature.name)
    (download / "cosign.pub").write_bytes((machine.folder / "cosign.pub").read_bytes())
    for name in (CHECKSUMS, SMALL):
        (download / name).write_bytes((published.dist / name).read_bytes())

    def verify() -> subprocess.CompletedProcess[str]:
        return shell.at(download).run(ours(snippet(PAGE, "verify")))

    done = verify()
    assert done.returncode == 0, done.stderr
    assert "Verified OK" in done.stderr
    assert done.stdout == f"{SMALL}: OK\n"
    with (download / SMALL).open("ab") as stream:
        stream.write(b"\0")
    assert verify().returncode != 0
    line = f"{sha256((download / SMALL).read_bytes())}  {SMALL}\n"
    (download / CHECKSUMS).write_text(line)
    forged = verify()
    assert forged.returncode != 0
    assert "OK" not in forged.stdout + forged.stderr
