"""SHA256SUMS, the digest of each file of a release, for `sha256sum --check`; and the folder that a release replaces."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from tests.release.saying import ReleaseError

if TYPE_CHECKING:
    from pathlib import Path

CHECKSUMS = "SHA256SUMS"


def write_checksums(folder: Path) -> Path:
    """Write the digests of all files of a folder, and return where they are."""
    names = _files(folder) - {CHECKSUMS}
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(names)]
    written = folder / CHECKSUMS
    written.write_text("".join(lines), encoding="utf-8")
    return written


def check_place(into: Path) -> None:
    """Hold that a folder may be replaced: it is not there, or empty, or has an earlier release alone. Raises `ReleaseError`."""
    if not into.exists():
        return
    if not into.is_dir():
        raise ReleaseError(f"{into} is no folder: name another one with --into")
    sums = into / CHECKSUMS
    known = {line.partition("  ")[2] for line in sums.read_text(encoding="utf-8").splitlines()} if sums.is_file() else set()
    others = sorted(_files(into) - known - {CHECKSUMS})
    if others:
        raise ReleaseError(f"{into} has files of no earlier release, such as {others[0]}: move them away, or rm -r {into}")


def replace(into: Path, new: Path) -> None:
    """Put a finished folder in the place of an earlier one."""
    if into.exists():
        shutil.rmtree(into)
    new.rename(into)


def _files(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if not file.is_dir() or file.is_symlink()}
