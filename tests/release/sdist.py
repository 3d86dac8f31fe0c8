"""The source archive: what the wheel is built from and nothing else, so that a build of it gives the wheel of the release."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from tests.release.archive import tarred
from tests.release.wheel import PACKAGE, ROOT, SOURCES

if TYPE_CHECKING:
    from pathlib import Path

_FILE_MODE = 0o644


def write_sdist(into: Path, wheel: Path, date: int) -> Path:
    """Write it, with the metadata of the wheel, and return where it is."""
    name = "-".join(wheel.name.split("-")[:2])
    with zipfile.ZipFile(wheel) as archive:
        files = {"PKG-INFO": archive.read(f"{name}.dist-info/METADATA")}
        modules = [each for each in archive.namelist() if each.startswith(f"{PACKAGE.name}/")]
    files |= {each: (ROOT / each).read_bytes() for each in SOURCES}
    files |= {f"{PACKAGE.parent}/{each}": (ROOT / PACKAGE.parent / each).read_bytes() for each in modules}
    written = into / f"{name}.tar.gz"
    written.write_bytes(tarred({f"{name}/{each}": (content, _FILE_MODE) for each, content in files.items()}, date))
    return written
