"""Wheels of pinned libraries for any platform and Python, from the package index that pip is set to, kept in the cache."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.cache import cache_folder, locked
from tests.release.saying import ReleaseError, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.release.platforms import Platform

_LAST_LINES = 10
_PIN = re.compile(r"--hash=sha256:([0-9a-f]{64})\b")


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


def check_pins(requirements: Path, kept: Iterable[Path]) -> None:
    """Hold that wheels are still those that the list pins: pip looked when it got them, which may be long ago.

    Raises `ReleaseError`.
    """
    pinned = set(_PIN.findall(requirements.read_text(encoding="utf-8")))
    for wheel in kept:
        if hashlib.sha256(wheel.read_bytes()).hexdigest() not in pinned:
            raise ReleaseError(
                f"{wheel} is not what {requirements.name} pins, who changed it? To get it anew: rm -r {wheel.parent}"
            )


def _download(requirements: Path, tags: Sequence[str], python: str, into: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "--implementation=cp", f"--python-version={python}"]
    command += [*(f"--platform={tag}" for tag in tags), "--dest", str(into), "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join(done.stderr.splitlines()[-_LAST_LINES:])
        raise ReleaseError(f"pip could not get the wheels of {requirements.name} for Python {python}:\n{tail}")
