"""All that is published of a version, made in a new folder that takes the place of dist/ when everything is in it."""

from __future__ import annotations

import dataclasses
import re
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from perfana_support import __version__
from tests.release.archive import source_date
from tests.release.checksums import check_place, replace, write_checksums
from tests.release.cluster_files import checked_image, write_chart, write_install
from tests.release.libraries import Library, libraries, third_party_licences
from tests.release.making import make_release, single_files
from tests.release.platforms import PLATFORMS
from tests.release.saying import ReleaseError, say
from tests.release.sbom import write_sbom
from tests.release.sdist import write_sdist
from tests.release.single_file import REQUIREMENTS, THIRD_PARTY, packed_wheels
from tests.release.starter.start import CLUSTER, PROGRAM
from tests.release.wheel import ROOT
from tests.release.wheelhouse import check_pins, wheels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.release.platforms import Platform

IMAGE_REQUIREMENTS = ROOT / "requirements" / "image.txt"

_IMAGE_PYTHON = re.compile(r"^ARG BUILD_BASE=\S*/python:(3\.[0-9]+)", re.MULTILINE)
_WHEEL_NOTE = "No library is in the wheel: these are the versions that it was tested with; pip installs what it resolves."
_IMAGE_NOTE = "The Python part of the image that the Dockerfile makes; what is in the base image is for its own list to say."


class Wanted(NamedTuple):
    """What a maintainer says of a publication: for whom, and where its files and its image will be got."""

    platforms: Sequence[Platform]
    release_url: str = ""
    image: str = ""


def publish(into: Path, wanted: Wanted) -> list[Path]:
    """Write everything and return the files' paths. `into` is left alone until all is there. Raises `ReleaseError`."""
    check_place(into)
    checked_image(wanted.image)
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{into.name}-", dir=into.parent) as folder:
        new = Path(folder) / into.name
        new.mkdir()
        _make(new, wanted, source_date(ROOT))
        for path in new.rglob("*"):  # whatever the user's umask is
            path.chmod(_mode(path))
        new.chmod(_FOLDER_MODE)
        replace(into, new)
    return sorted(path for path in into.rglob("*") if path.is_file())


_FOLDER_MODE, _FILE_MODE = 0o755, 0o644


def _mode(path: Path) -> int:
    return _FOLDER_MODE if path.is_dir() or path.suffix == ".pyz" else _FILE_MODE


def _make(new: Path, wanted: Wanted, date: int) -> None:
    say("chart and install.yaml")
    write_chart(new, __version__, wanted.image, date)
    write_install(new, wanted.image)
    _check_libraries(wanted.platforms)
    say("wheel, source archive, single files and krew's archives")
    wheel = make_release(new, wanted.platforms, wanted.release_url)[0]
    write_sdist(new, wheel, date)
    say("lists of what is in them, licences, checksums")
    everything = [*_list_programs(new, wanted.platforms, date), *_list_images(new, wanted.platforms, date)]
    _list_wheel(new, wheel, date)
    (new / "LICENSE").write_bytes((ROOT / "LICENSE").read_bytes())
    (new / THIRD_PARTY).write_bytes(third_party_licences({each.name: each for each in everything}.values()))
    write_checksums(new)


def _check_libraries(platforms: Sequence[Platform]) -> None:
    say("libraries, and whether they are what is pinned")
    for platform in platforms:
        for part, requirements in REQUIREMENTS.items():
            check_pins(requirements, packed_wheels(platform, part))
        if platform.os == "linux":
            check_pins(IMAGE_REQUIREMENTS, wheels(IMAGE_REQUIREMENTS, platform, _image_python()))


def _list_programs(new: Path, platforms: Sequence[Platform], date: int) -> list[Library]:
    everything: list[Library] = []
    for platform in platforms:
        for name, parts in zip(single_files(platform), ((PROGRAM,), (PROGRAM, CLUSTER)), strict=True):
            found = libraries(packed_wheels(platform, *parts))
            write_sbom(new, new / name, found, _direct("cluster"), platform, date)
            everything += found
    return everything


def _list_images(new: Path, platforms: Sequence[Platform], date: int) -> list[Library]:
    everything: list[Library] = []
    for platform in platforms:
        if platform.os == "linux":
            found, ours = _image_libraries(platform)
            name = f"image-{platform}"
            write_sbom(new, None, found, _direct("operator"), ours, date, name=name, note=_IMAGE_NOTE)
            everything += found
    return everything


def _list_wheel(new: Path, wheel: Path, date: int) -> None:
    found, ours = _image_libraries(PLATFORMS["linux-amd64"])
    tested = [library._replace(wheels=(), crates=()) for library in found]
    write_sbom(new, wheel, tested, _direct("operator"), ours, date, note=_WHEEL_NOTE)


def _image_libraries(platform: Platform) -> tuple[list[Library], Platform]:
    python = _image_python()
    return libraries(wheels(IMAGE_REQUIREMENTS, platform, python)), dataclasses.replace(platform, pythons=(python,))


def _image_python() -> str:
    found = _IMAGE_PYTHON.search((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    if found is None:
        raise ReleaseError("the Dockerfile's BUILD_BASE names no Python such as …/python:3.13-slim")
    return found[1]


def _direct(extra: str) -> list[str]:
    """Return the libraries that the program with an extra asks for itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"][extra]]
    return sorted(canonicalize_name(Requirement(each).name) for each in wanted)
