"""Start the program that a single file holds, from the folder that an earlier start unpacked it into.

What runs on every start stands here and is kept short; `unpack` is imported when there is something to unpack.
"""

import os
import stat
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

PROGRAM = "program"
CLUSTER = "cluster"
# What the program imports first of the part that reads clusters.
_CLUSTER_MODULES = ("aiohttp", "kubernetes")
_INTERRUPTED = 130
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def start(parts: dict[str, str]) -> None:
    """Run the program and exit with its code. `parts` names what the file holds, each with a digest of its content."""
    # Without the packages of this machine: with another PyYAML or client it would be a program that nobody tested.
    packages = [entry for entry in sys.path if not entry.rstrip(os.sep).endswith("-packages")]
    try:
        sys.path[:] = [folder_of(PROGRAM, parts[PROGRAM]), *packages]
        if CLUSTER in parts:
            sys.meta_path.insert(0, _ClusterFinder(parts[CLUSTER]))
        from perfana_support.cli.main import main  # noqa: PLC0415 - found from here on

        code = main()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    sys.exit(code)


def folder_of(part: str, digest: str) -> str:
    """The folder in which a part lies unpacked, for this kind of Python; unpacked now if it is not there."""
    folder = os.path.join(_cache(), f"{part}-{digest}-{sys.implementation.cache_tag}")
    if is_ours(folder):
        return folder
    from .unpack import unpack  # noqa: PLC0415 - the first start alone

    return unpack(part, folder)


def _cache() -> str:
    """Where programs keep what can be made anew; the rule for desktops, which holds for servers as well."""
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    base = chosen if os.path.isabs(chosen) else os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "perfana-support")


def is_ours(folder: str) -> bool:
    """Whether a folder is there and nobody but this user and root could have put anything into it: its code is run."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid in (0, os.geteuid()) and not found.st_mode & _WRITABLE_BY_OTHERS


class _ClusterFinder:
    """Brings the part that reads clusters in when its first module is imported: checks of manifests never unpack it."""

    def __init__(self, digest: str) -> None:
        self._digest = digest

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """What Python asks of every finder, for every module."""
        if name not in _CLUSTER_MODULES:
            return None
        sys.meta_path.remove(self)
        sys.path.insert(1, folder_of(CLUSTER, self._digest))
        return PathFinder.find_spec(name, path, target)
