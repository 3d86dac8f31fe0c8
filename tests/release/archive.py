"""Archives that depend on nothing but what is in them: two runs on two days give the same bytes."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import tarfile
import time
import zipfile
from typing import TYPE_CHECKING

from tests.release.saying import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EPOCH_VARIABLE = "SOURCE_DATE_EPOCH"
"""The date of everything in a release, in seconds since 1970 (https://reproducible-builds.org/specs/source-date-epoch/)."""

_LEVEL = 9
_FILE_MODE = 0o644
_UNIX = 3
_HIGH_HALF = 16


def source_date(root: Path) -> int:
    """Return the date of a release: `$SOURCE_DATE_EPOCH`, else that of the last commit. Raises `ReleaseError`."""
    chosen = os.environ.get(EPOCH_VARIABLE)
    if chosen:
        return int(chosen)
    asked = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=root, capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise ReleaseError(f"this is no checkout of git, which would say the date of a release: set {EPOCH_VARIABLE}")
    return int(asked.stdout)


def zipped(files: Mapping[str, bytes], date: int, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive of files by their names."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method, compresslevel=_LEVEL) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, time.gmtime(date)[:6])
            entry.create_system, entry.external_attr, entry.compress_type = _UNIX, _FILE_MODE << _HIGH_HALF, method
            archive.writestr(entry, files[name])
    return packed.getvalue()


def tarred(files: Mapping[str, tuple[bytes, int]], date: int) -> bytes:
    """Return a gzipped tar archive of files by their names, each with its mode."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile("", "wb", _LEVEL, packed, mtime=date) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name in sorted(files):
            content, mode = files[name]
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(content), mode, date
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
