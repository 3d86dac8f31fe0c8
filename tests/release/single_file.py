"""Single files: the program and its libraries in one file that a Python of the machine runs.

A file is a zip archive with a first line for the shell. In it are the starter (`starter/`) and one archive for each part:
Python looks through the outer archive on every start, so it has few entries; parts are unpacked once, into the user's cache.
A part holds the extension modules of several kinds of Python, whose names differ, beside modules that are the same for all.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from tests.release.archive import zipped
from tests.release.libraries import libraries, third_party_licences
from tests.release.saying import ReleaseError
from tests.release.starter.start import CLUSTER, PROGRAM
from tests.release.tree import packed_files
from tests.release.wheel import ROOT
from tests.release.wheelhouse import wheels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.release.platforms import Platform

STARTER = Path(__file__).with_name("starter")
REQUIREMENTS = {
    PROGRAM: ROOT / "requirements" / "single-file.txt",
    CLUSTER: ROOT / "requirements" / "single-file-cluster.txt",
}

THIRD_PARTY = "THIRD-PARTY-LICENSES"
"""The file with the licences of what others wrote, within single files and archives, and beside them."""

_FIRST_LINE = b"#!/usr/bin/env python3\n"
# Any Python 3 can read this one module, so that one which is too old says so.
_MAIN = """\
import sys

if sys.version_info < (3, 11):
    version = ".".join(str(number) for number in sys.version_info[:2])
    sys.stderr.write("error: perfana-support needs Python 3.11 or newer, %s is %s\\n" % (sys.executable, version))
    sys.exit(2)

from starter.start import start

start({parts})
"""
# Sources of extension modules, and what only pip reads: it differs between the wheels of one release.
_LEFT_OUT = re.compile(r"\.(c|h|pxd|pyi|pyx)$|\.dist-info/(RECORD$|WHEEL$|INSTALLER$|sboms/)")
# PyYAML's part in C, by libyaml: `yaml/_yaml.cpython-311-x86_64-linux-gnu.so`.
_READER = "yaml/_yaml.cpython-"
_MOVED = ".data/"
_EXECUTABLE = 0o755


def build_single_file(file: Path, wheel: Path, platform: Platform, date: int, *, reads_clusters: bool) -> Path:
    """Write a single file with the wheel and its libraries, and return it. Raises `ReleaseError`.

    With `reads_clusters` it has what `check -n`, `-A` and `status` need: eight times the size, and no slower start.
    """
    contents = {PROGRAM: _libraries(PROGRAM, platform) | dict(_entries(wheel))}
    readers = [name for name in contents[PROGRAM] if name.startswith(_READER)]
    if len(readers) != len(platform.pythons):
        raise ReleaseError(f"{file.name} would have the fast YAML reader for some kinds of Python alone: {sorted(readers)}")
    if reads_clusters:
        clusters = _libraries(CLUSTER, platform)
        contents[CLUSTER] = {name: content for name, content in clusters.items() if name not in contents[PROGRAM]}
    packed = {part: zipped(files, date) for part, files in contents.items()}
    parts = {part: hashlib.sha256(content).hexdigest()[:16] for part, content in packed.items()}
    outer = {"__main__.py": _MAIN.replace("{parts}", repr(parts)).encode()}
    starter = packed_files(ROOT, STARTER.relative_to(ROOT))
    outer |= {f"{STARTER.name}/{module.name}": (ROOT / module).read_bytes() for module in starter}
    outer |= {
        "LICENSE": (ROOT / "LICENSE").read_bytes(),
        THIRD_PARTY: third_party_licences(libraries(packed_wheels(platform, *contents))),
    }
    outer |= {f"{part}.zip": content for part, content in packed.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_FIRST_LINE + zipped(outer, date, zipfile.ZIP_STORED))
    file.chmod(_EXECUTABLE)
    return file


def packed_wheels(platform: Platform, *parts: str) -> list[Path]:
    """Return the libraries' wheels that go into parts of a single file, for all kinds of Python. Raises `ReleaseError`."""
    return [wheel for part in parts for python in platform.pythons for wheel in wheels(REQUIREMENTS[part], platform, python)]


def _libraries(part: str, platform: Platform) -> dict[str, bytes]:
    """Return the files of a part's libraries, for all kinds of Python together."""
    files: dict[str, bytes] = {}
    for wheel in packed_wheels(platform, part):
        for name, content in _entries(wheel):
            if files.setdefault(name, content) != content:
                raise ReleaseError(f"{wheel.name}: {name} differs from that of another Python: one file cannot hold both")
    return files


def _entries(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if _MOVED in name and not PurePosixPath(name).parts[1] == "scripts":
                raise ReleaseError(f"{wheel.name}: {name} would have to be moved")
            if not name.endswith("/") and _MOVED not in name and not _LEFT_OUT.search(name):
                yield name, archive.read(name)
