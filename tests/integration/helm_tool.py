"""Helm, as users have it: the two major versions that are in use, built from pinned modules."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.tool import find_tool

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).with_name("go")
MAJORS = (4, 3)
"""In the order in which they are built: the second is made of what the first compiled."""


def find_helm(major: int) -> Path:
    """Return the program, found in the cache or built: a minute or two, once."""
    return find_tool(FOLDER / f"helm-{major}").program


def helm_environment(of_cluster: Mapping[str, str], helm: Path, home: Path) -> dict[str, str]:
    """Return the environment of a user with this Helm, who has nothing of Helm's in the home folder."""
    return {**of_cluster, "PATH": os.pathsep.join([str(helm.parent), of_cluster["PATH"]]), "HOME": str(home)}
