"""What readers of the documentation find: a checkout, and checks that nobody has judged yet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.integration.support_objects import API_VERSION, CHECK, check
from tests.snippets import ROOT

if TYPE_CHECKING:
    from tests.cluster.server import Cluster

DAY = "2026-11-24"
"""The day that the pages were written for: what they show of the command line does not change by the calendar."""


def forget_verdicts(cluster: Cluster) -> None:
    """Make the checks of the documentation's cluster anew: the next operator is the first to judge them, and says so."""
    api = cluster.client()
    for namespace in ("legacy", "perfana"):
        spec = api.get(API_VERSION, CHECK, "perfana", namespace)["spec"]
        api.delete(API_VERSION, CHECK, "perfana", namespace)
        api.create(check("perfana", **spec), namespace)


def check_out(folder: Path) -> None:
    """Make a folder look like a checkout in which `make setup` was run, without anything being written into ours."""
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)


def table(text: str) -> list[list[str]]:
    """Return the cells of what `kubectl get` prints, row by row; no cell of ours has a blank in it."""
    return [line.split() for line in text.splitlines()]
