"""The folder of built programs, outside the checkout: other checkouts and fresh clones find them too."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


CACHE_VARIABLE = "PERFANA_TEST_CACHE"
"""Folder to keep the built programs in, for a machine whose home is small or short-lived."""


def cache_folder() -> Path:
    """Return the cache folder; it exists.

    `$PERFANA_TEST_CACHE`, else `$XDG_CACHE_HOME/perfana-support/testcluster`, else the same under `~/.cache`.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        folder = Path(chosen).resolve()
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(base) / "perfana-support" / "testcluster"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def locked(entry: Path) -> Iterator[None]:
    """Hold the lock of a cache entry, which another process may be making.

    The kernel drops it if we are killed, so there are no stale ones.
    """
    with entry.with_name(f"{entry.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"test cluster: waiting for another process that makes {entry}", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
