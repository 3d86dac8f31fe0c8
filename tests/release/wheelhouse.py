"""Wheels of pinned libraries for any platform and Python, from the package index that pip is set to, kept in the cache."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.cache import cache_folder, locked
from tests.release.saying import ReleaseError, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.release.platforms import Platform

_LAST_LINES = 10


def wheels(requirements: Path, platform: Platform, python: str) -> list[Path]:
    """Return the wheels of a hashed list of requirements, in the order of their names. Raises `ReleaseError`."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = cache_folder() / f"wheels-{requirements.stem}-{platform}-{python}-{digest}"
    with locked(folder):
        if not folder.exists():
            say(f"getting the wheels of {requirements.name} for {platform} and Python {python}")
            with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as new:
                kept = Path(new) / "wheels"
                _download(requirements, platform.tags, python, kept)
                kept.rename(folder)
    return sorted(folder.glob("*.whl"))


def _download(requirements: Path, tags: Sequence[str], python: str, into: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "--implementation=cp", f"--python-version={python}"]
    command += [*(f"--platform={tag}" for tag in tags), "--dest", str(into), "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join(done.stderr.splitlines()[-_LAST_LINES:])
        raise ReleaseError(f"pip could not get the wheels of {requirements.name} for Python {python}:\n{tail}")
