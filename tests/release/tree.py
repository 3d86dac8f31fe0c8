"""The state of the checkout: what is published is what a tag names, so that anybody can make it anew."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.release.saying import ReleaseError

if TYPE_CHECKING:
    from pathlib import Path

ALLOW_VARIABLE = "ALLOW_DIRTY"
"""Set to 1 to try a release of what stands here, whatever it is."""

_SHOWN = 5


def check_tree(root: Path, version: str) -> None:
    """Hold that everything is committed, and that the commit has the version's tag. Raises `ReleaseError`."""
    trial = f"or, for a trial that is not published: make release {ALLOW_VARIABLE}=1"
    changed = [line[3:] for line in _git(root, "status", "--porcelain", "--untracked-files=all").splitlines()]
    if changed:
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        raise ReleaseError(f"not committed: {', '.join(changed[:_SHOWN])}{more}; commit or remove them, {trial}")
    tags = _git(root, "tag", "--points-at", "HEAD").split()
    if f"v{version}" not in tags:
        commit = _git(root, "rev-parse", "--short", "HEAD").strip()
        raise ReleaseError(f"commit {commit} has no tag v{version}: git tag --annotate v{version}, {trial}")


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ReleaseError(f"git {words[0]} failed in {root}: {done.stderr.strip()}")
    return done.stdout
