"""The wheel of the program, built from a copy of what git knows of it, so that nothing else that lies about gets in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.release.archive import EPOCH_VARIABLE
from tests.release.saying import ReleaseError
from tests.release.tree import packed_files

ROOT = Path(__file__).parents[2]
SOURCES = ("pyproject.toml", "README.md", "LICENSE")
PACKAGE = Path("operator", "perfana_support")
_FILE_MODE, _FOLDER_MODE, _UMASK = 0o644, 0o755, 0o022
_LAST_LINES = 20


def build_wheel(into: Path, date: int) -> Path:
    """Build the wheel and return where it is. Raises `ReleaseError`."""
    with tempfile.TemporaryDirectory(prefix="perfana-wheel-") as folder:
        copy = Path(folder) / "source"
        copy_packed(copy, PACKAGE, *SOURCES)
        for path in copy.rglob("*"):  # a wheel keeps modes, which differ from checkout to checkout
            path.chmod(_FOLDER_MODE if path.is_dir() else _FILE_MODE)
        built = Path(folder) / "built"
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--no-build-isolation", "--no-cache-dir", "--wheel-dir", str(built), str(copy)]
        environment = {**os.environ, EPOCH_VARIABLE: str(date)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, umask=_UMASK)
        if done.returncode != 0:
            tail = "\n".join(done.stderr.splitlines()[-_LAST_LINES:])
            raise ReleaseError(f"the wheel could not be built:\n{tail}")
        (wheel,) = built.glob("*.whl")
        into.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(wheel, into))


def copy_packed(into: Path, *places: str | Path) -> None:
    """Copy the files at and below places of the checkout that are packed, to the same names below `into`."""
    for name in packed_files(ROOT, *places):
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, into / name)
