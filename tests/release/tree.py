"""The state of the checkout: what is published is what a commit has, so that anybody can make it anew.

`git status` passes over what git ignores, by a setting of the project or of the one user, and what it was told to take for
unchanged; line ends may differ as well. So what is packed is asked of git, and its bytes are compared with the commit's.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from tests.release.saying import ReleaseError

ALLOW_VARIABLE = "ALLOW_DIRTY"
"""Set to 1 to try what stands here, whatever it is."""

CHANGED = "-dirty"
"""What the name of a commit ends with where something differs from it."""

UNKNOWN = "unknown"
"""In place of a commit where there is none, in an unpacked archive."""

_YES, _NO = ("1", "yes", "true"), ("0", "no", "false")
_MADE = "__pycache__"
_SHOWN = 5
_SHA1_DIGITS = 40


def allows_changes() -> bool:
    """Whether `$ALLOW_DIRTY` asks for a trial. Raises `ReleaseError` for what is neither yes nor no."""
    value = os.environ.get(ALLOW_VARIABLE, "")
    word = value.strip().lower()
    if word and word not in (*_YES, *_NO):
        raise ReleaseError(f"{ALLOW_VARIABLE}={value} is neither yes ({', '.join(_YES)}) nor no ({', '.join(_NO)})")
    return word in _YES


def packed_files(root: Path, *places: str | Path) -> list[Path]:
    """Return the files at and below places that are packed, from the root on: all but what git ignores. Raises `ReleaseError`.

    In a clean checkout these are the commit's. In a trial new files are among them; in an unpacked archive all that is there.
    """
    if _is_checkout(root):
        words = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *map(str, places))
        found = {Path(name) for name in _git(root, *words).split("\0") if name}
    else:
        below = (path for place in places for path in ((root / place), *(root / place).rglob("*")))
        found = {path.relative_to(root) for path in below if _MADE not in path.parts}
    return sorted(name for name in found if (root / name).is_file())


def revision(root: Path) -> str:
    """Return the commit that stands here, with `-dirty` where something differs from it. Raises `ReleaseError`."""
    if not _is_checkout(root):
        return UNKNOWN
    commit = _git(root, "rev-parse", "HEAD").strip()
    return f"{commit}{CHANGED}" if _not_committed(root) or _not_as_committed(root) else commit


def check_committed(root: Path, command: str) -> None:
    """Hold that everything is committed, for a command that makes something of it. Raises `ReleaseError`."""
    trial = _trial(command)
    if not _is_checkout(root):
        raise ReleaseError(f"this is no checkout of git, which would tell whether it is a commit: clone the project, {trial}")
    changed = _not_committed(root)
    if changed:
        raise ReleaseError(f"not committed: {_listed(changed)}; commit or remove them, {trial}")
    hidden = _not_as_committed(root)
    if hidden:
        raise ReleaseError(
            f"not as it was committed, though git status does not tell: {_listed(hidden)}; git ls-files -v marks what git "
            f"passes over by a small letter or S, core.autocrlf changes line ends: mend that, {trial}"
        )


def check_tree(root: Path, version: str, command: str = "make release") -> None:
    """Hold that everything is committed, and that the commit has the version's tag. Raises `ReleaseError`."""
    check_committed(root, command)
    tags = _git(root, "tag", "--points-at", "HEAD").split()
    if f"v{version}" not in tags:
        commit = _git(root, "rev-parse", "--short", "HEAD").strip()
        raise ReleaseError(f"commit {commit} has no tag v{version}: git tag --annotate v{version}, {_trial(command)}")


def _trial(command: str) -> str:
    return f"or, for a trial that is not published: {command} {ALLOW_VARIABLE}=1"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _is_checkout(root: Path) -> bool:
    """Whether git has to know the files here; a checkout that an archive was unpacked in is none of ours."""
    return (root / ".git").exists()


def _not_committed(root: Path) -> list[str]:
    return [line[3:] for line in _git(root, "status", "--porcelain", "--untracked-files=all").splitlines()]


def _not_as_committed(root: Path) -> list[str]:
    """Return the commit's files that have other bytes here: of them git status says only what it looked at."""
    different = []
    for entry in filter(None, _git(root, "ls-tree", "-r", "-z", "--full-tree", "HEAD").split("\0")):
        about, _, name = entry.partition("\t")
        if _object(root / name, about.split(" ")[-1]) != about.split(" ")[-1]:
            different.append(name)
    return different


def _object(path: Path, like: str) -> str:
    """Return git's name of a file's content, by the kind of digest that another name is."""
    try:
        content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
    except OSError:
        return "none"
    digest = hashlib.new("sha1" if len(like) == _SHA1_DIGITS else "sha256", usedforsecurity=False)
    digest.update(b"blob %d\0" % len(content) + content)
    return digest.hexdigest()


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ReleaseError(f"git {words[0]} failed in {root}: {done.stderr.strip()}")
    return done.stdout
