"""What wheels say of themselves: name, version, licence, what they need, and what was compiled into them."""

from __future__ import annotations

import email
import json
import zipfile
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.release.saying import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from email.message import Message
    from pathlib import Path

    from tests.release.platforms import Platform

_TEXTS = ("LICEN", "COPYING", "NOTICE", "AUTHORS")
# What wheels wrote in their own words before there was a field for SPDX's.
_LICENCES = {"Apache 2.0": "Apache-2.0"}
_CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
}
_LONGEST = 40
_CRATE = "pkg:cargo/"
_RULE = "=" * 80


class Crate(NamedTuple):
    """A library in Rust that was compiled into a wheel, by the list that the wheel brings along (PEP 770)."""

    name: str
    version: str
    purl: str
    licence: str


class Library(NamedTuple):
    """One release of a project, with its wheels for all kinds of Python that are packed together."""

    name: str
    version: str
    licence: str
    needs: tuple[Requirement, ...]
    texts: tuple[tuple[str, str], ...]
    crates: tuple[Crate, ...]
    wheels: tuple[Path, ...]


def libraries(wheels: Iterable[Path]) -> list[Library]:
    """Return the libraries that these wheels are of, by their names. Raises `ReleaseError`."""
    found: dict[str, list[Library]] = {}
    for wheel in {each.name: each for each in wheels}.values():
        library = _read(wheel)
        found.setdefault(library.name, []).append(library)
    return [_joined(found[name]) for name in sorted(found)]


def third_party_licences(found: Iterable[Library]) -> bytes:
    """Return the licences' texts as the wheels bring them, one after the other. Raises `ReleaseError`."""
    lines = ["What comes with perfana-support and was written by others, each under a licence of its own."]
    for library in found:
        if not library.texts:
            raise ReleaseError(f"{library.wheels[0].name} brings no text of its licence along, which a release must hand on")
        lines += ["", _RULE, f"{library.name} {library.version}: {library.licence}", _RULE]
        for name, text in library.texts:
            lines += ["", f"--- {name}", "", text.strip("\n")]
    return ("\n".join(lines) + "\n").encode()


def needed(library: Library, by: str, platform: Platform) -> bool:
    """Whether a requirement of this library's brings the project of that name along, for one of the Pythons of a platform."""
    return any(_holds(need, platform) for need in library.needs if canonicalize_name(need.name) == by)


def _holds(need: Requirement, platform: Platform) -> bool:
    system = {"sys_platform": platform.os, "platform_system": platform.os.capitalize(), "extra": ""}
    pythons = ({"python_version": python, "python_full_version": f"{python}.0"} for python in platform.pythons)
    return need.marker is None or any(need.marker.evaluate({**system, **python}) for python in pythons)


@cache
def _read(wheel: Path) -> Library:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" in name and not name.endswith("/")]
        metadata = email.message_from_bytes(archive.read(next(name for name in names if name.endswith(".dist-info/METADATA"))))
        texts = sorted(
            (name.partition(".dist-info/")[2], archive.read(name).decode("utf-8", "replace"))
            for name in names
            if PurePosixPath(name).name.upper().startswith(_TEXTS)
        )
        lists = [json.loads(archive.read(name)) for name in names if name.endswith(".cyclonedx.json")]
    return Library(
        str(canonicalize_name(metadata["Name"])),
        metadata["Version"],
        _licence(metadata, wheel),
        tuple(Requirement(each) for each in metadata.get_all("Requires-Dist", [])),
        tuple(texts),
        tuple(crate for each in lists for crate in _crates(each)),
        (wheel,),
    )


def _joined(same: list[Library]) -> Library:
    first = same[0]
    if {(each.version, each.licence, each.texts) for each in same} != {(first.version, first.licence, first.texts)}:
        raise ReleaseError(f"wheels of {first.name} differ in version or licence: {', '.join(e.wheels[0].name for e in same)}")
    wheels = sorted((wheel for each in same for wheel in each.wheels), key=lambda wheel: wheel.name)
    return first._replace(wheels=tuple(wheels), crates=tuple(sorted({crate for each in same for crate in each.crates})))


def _licence(metadata: Message, wheel: Path) -> str:
    """Return SPDX's name of a licence: the field that is made for it, else what older wheels say. Raises `ReleaseError`."""
    said = metadata["License-Expression"] or metadata["License"] or ""
    classified = [_CLASSIFIERS[each] for each in metadata.get_all("Classifier", []) if each in _CLASSIFIERS]
    found = _LICENCES.get(said, said) if 0 < len(said) < _LONGEST else next(iter(classified), "")
    if not found:
        raise ReleaseError(f"{wheel.name} says no licence that is known: look at it, and name it in {__name__}")
    return found


def _crates(document: dict[str, object]) -> Iterable[Crate]:
    components = document.get("components")
    for each in components if isinstance(components, list) else []:
        purl = str(each.get("purl", ""))
        if purl.startswith(_CRATE) and "?" not in purl:
            licence = next((one.get("expression", "") for one in each.get("licenses", [])), "")
            yield Crate(each["name"], each["version"], purl, licence)
