"""The control groups of a node's containers, which nobody removes when the containers are killed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.cluster.waiting import wait_for

ROOT = Path("/sys/fs/cgroup")

EMPTY_WITHIN_SECONDS = 30.0
"""A group counts its processes until the kernel has buried them: milliseconds."""


def remove_groups(name: str) -> None:
    """Remove the groups below the one of that name, in each hierarchy; nothing runs in them any more."""
    wait_for(lambda: not _remaining(name), EMPTY_WITHIN_SECONDS, f"control group {name} gone")


def remove_orphans(prefix: str) -> None:
    """Remove groups of that prefix whose folder is gone, as far as nothing runs in them."""
    for group in _groups(f"{prefix}*"):
        if not Path(tempfile.gettempdir(), group.name).exists():
            _remove(group)


def _remaining(name: str) -> list[Path]:
    return [group for group in _groups(name) if _remove(group)]


def _groups(name: str) -> list[Path]:
    return [group for place in (f"{name}", f"*/{name}") for group in ROOT.glob(place) if group.is_dir()]


def _remove(group: Path) -> bool:
    """Remove what is empty; say whether anything is left."""
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            Path(folder).rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return True
    return group.exists()
