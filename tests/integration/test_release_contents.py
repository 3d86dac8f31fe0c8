"""What a release says of its contents: the lists (CycloneDX) against what is in the files, and the licences."""

from __future__ import annotations

import hashlib
import json
import tarfile
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement

from tests.integration.publishing import DAY, IMAGE_LIST, KREW_ARCHIVE, LISTS, SMALL, VERSION, WHEEL, WHOLE, Checkout
from tests.release.libraries import libraries
from tests.release.platforms import this_platform
from tests.release.single_file import THIRD_PARTY, packed_wheels
from tests.release.starter.start import CLUSTER, PROGRAM
from tests.release.wheel import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PARTS = {SMALL: (PROGRAM,), WHOLE: (PROGRAM, CLUSTER)}
BOTH = pytest.mark.parametrize("name", [SMALL, WHOLE])


@pytest.fixture
def dist(published: Checkout) -> Path:
    """Return the folder with the files of the release."""
    return published.dist


def list_of(dist: Path, name: str) -> dict[str, Any]:
    """Return the list of what is in a file."""
    found: dict[str, Any] = json.loads((dist / name).read_bytes())
    return found


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def distributions(component: dict[str, Any]) -> dict[str, str]:
    """Return the files that a component comes from, with their digests."""
    return {each["url"]: each["hashes"][0]["content"] for each in component.get("externalReferences", [])}


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_valid_cyclonedx_of_the_day_and_the_version(dist: Path, name: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str((dist / name).read_text()) is None
    found = list_of(dist, name)
    assert found["serialNumber"].startswith("urn:uuid:")
    assert found["metadata"]["timestamp"] == DAY.replace("Z", "+00:00")
    about = found["metadata"]["component"]
    assert (about["name"], about["version"]) == ("perfana-support", VERSION)
    file = dist / name.removesuffix(".cdx.json")
    if name == IMAGE_LIST:
        assert (about["type"], distributions(about)) == ("container", {})
    else:
        assert (about["type"], distributions(about)) == ("application", {file.name: sha256(file.read_bytes())})


def test_lists_have_numbers_of_their_own(dist: Path) -> None:
    assert len({list_of(dist, name)["serialNumber"] for name in LISTS}) == len(LISTS)


def test_a_spoiled_list_is_not_valid(dist: Path) -> None:
    found = list_of(dist, LISTS[1])
    found["components"][0]["licences"] = "MIT"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(found)) is not None


@pytest.mark.parametrize("name", LISTS)
def test_every_library_has_a_licence_by_its_spdx_name_and_an_address(dist: Path, name: str) -> None:
    components = list_of(dist, name)["components"]
    for each in components:
        assert each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"
        (licence,) = each["licenses"]
        assert licence.get("expression") or licence["license"]["id"]
    assert components


@BOTH
def test_wheels_of_a_single_file_are_all_in_its_list_and_no_others(dist: Path, name: str) -> None:
    wheels = {wheel.name: wheel for wheel in packed_wheels(this_platform(), *PARTS[name])}
    listed = {
        url: digest for each in list_of(dist, f"{name}.cdx.json")["components"] for url, digest in distributions(each).items()
    }
    assert listed == {wheel.name: sha256(wheel.read_bytes()) for wheel in wheels.values()}
    packed: dict[str, str] = {}
    with zipfile.ZipFile(dist / name) as outer:
        for part in PARTS[name]:
            with zipfile.ZipFile(BytesIO(outer.read(f"{part}.zip"))) as archive:
                packed |= {entry: sha256(archive.read(entry)) for entry in archive.namelist()}
    brought = {wheel: contents(path) for wheel, path in wheels.items()}
    assert [wheel for wheel, files in brought.items() if not files.items() & packed.items()] == []
    everything = {item for files in brought.values() for item in files.items()}
    left = {entry for entry, digest in packed.items() if (entry, digest) not in everything}
    assert {entry.partition("/")[0].partition("-")[0] for entry in left} == {"perfana_support"}


def contents(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: sha256(archive.read(name)) for name in archive.namelist() if not name.endswith("/")}


def test_crates_within_a_wheel_are_listed_below_it(dist: Path) -> None:
    components = {each["name"]: each for each in list_of(dist, f"{WHOLE}.cdx.json")["components"]}
    known = {library.name: library for library in libraries(packed_wheels(this_platform(), CLUSTER)) if library.crates}
    assert {name for name, each in components.items() if "components" in each} == set(known) != set()
    for name, library in known.items():
        assert {each["purl"] for each in components[name]["components"]} == {
            PackageURL.from_string(crate.purl).to_string() for crate in library.crates
        }


@pytest.mark.parametrize(
    ("name", "extras"),
    [(LISTS[0], ("", "operator")), (LISTS[1], ("",)), (LISTS[2], ("", "cluster")), (LISTS[3], ("", "operator"))],
)
def test_the_program_depends_on_what_the_wheel_asks_for(dist: Path, name: str, extras: tuple[str, ...]) -> None:
    found = list_of(dist, name)
    graph = {each["ref"]: each.get("dependsOn", []) for each in found["dependencies"]}
    with zipfile.ZipFile(dist / WHEEL) as archive:
        metadata = archive.read(f"perfana_support-{VERSION}.dist-info/METADATA").decode()
    lines = (line.removeprefix("Requires-Dist: ") for line in metadata.splitlines() if line.startswith("Requires-Dist: "))
    wanted = [
        need for need in map(Requirement, lines) if any(not need.marker or need.marker.evaluate({"extra": e}) for e in extras)
    ]
    assert {ref.partition("@")[0] for ref in graph["perfana-support"]} == {f"pkg:pypi/{need.name.lower()}" for need in wanted}
    reached, new = set(), {"perfana-support"}
    while new:
        reached |= new
        new = {below for each in new for below in graph.get(each, [])} - reached
    assert {each["bom-ref"] for each in found["components"]} <= reached, "a library that nobody asks for"
    versions = {each["name"]: each["version"] for each in found["components"]}
    for need in wanted:
        assert need.specifier.contains(versions[need.name.lower()])


@BOTH
def test_licences_are_in_the_single_files_and_in_krews_archive(dist: Path, name: str) -> None:
    with zipfile.ZipFile(dist / name) as archive:
        assert archive.read("LICENSE") == (ROOT / "LICENSE").read_bytes()
        text = archive.read(THIRD_PARTY).decode()
    for each in list_of(dist, f"{name}.cdx.json")["components"]:
        assert f"\n{each['name']} {each['version']}: " in text
    if name == WHOLE:
        with tarfile.open(dist / KREW_ARCHIVE) as archive:
            assert sorted(archive.getnames()) == ["LICENSE", THIRD_PARTY, "perfana-support"]
            packed = archive.extractfile(THIRD_PARTY)
            assert packed is not None
            assert packed.read().decode() == text


def test_licences_of_everything_lie_beside_it(dist: Path) -> None:
    text = (dist / THIRD_PARTY).read_text()
    for name in LISTS:
        for each in list_of(dist, name)["components"]:
            assert f"\n{each['name']} {each['version']}: " in text
    assert (dist / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    with zipfile.ZipFile(dist / WHEEL) as archive:
        assert archive.read(f"perfana_support-{VERSION}.dist-info/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
